"""A cursor of PostgreSQL that takes the statements of the log as they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Self

import psycopg

from .connections import Connection
from .statements import has_nul, translated, without_nul


class TranslatingCursor:
    """Executes statements whose values are ``?``.

    Parameters
    ----------
    connection:
        The connection.
    again:
        Gives the connection on which the first statement is tried again after an error, or raises; None within a
        transaction.

    Attributes
    ----------
    changed:
        How many rows its statements have changed.
    """

    def __init__(self, connection: Connection, again: Callable[[psycopg.Error], Connection] | None = None) -> None:
        self._cursor = connection.cursor(binary=True)
        self._again = again
        self.changed = 0

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed, or gave."""
        return self._cursor.rowcount

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Self:
        """Execute a statement."""
        while True:
            try:
                execute(self._cursor, sql, parameters)
                break
            except psycopg.Error as error:
                if self._again is None:
                    raise
                self._cursor = self._again(error).cursor(binary=True)
        self._again = None
        self._count()
        return self

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Self:
        """Execute a statement for each of these values; they are sent together."""
        rows = [without_nul(row) if has_nul(row) else row for row in parameters]
        if rows:
            self._cursor.executemany(translated(sql).encode(), rows)
            self._count()
        return self

    def fetchone(self) -> Any:
        """The next row; None if there is none."""
        return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return self._cursor.fetchall()

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor)

    def _count(self) -> None:
        if (self._cursor.statusmessage or "")[:1] in "IUD":
            self.changed += max(0, self._cursor.rowcount)


def execute(cursor: psycopg.Cursor[Any], sql: str, values: Sequence[Any]) -> None:
    """Execute a statement; a text that PostgreSQL cannot keep is changed.

    Parameters
    ----------
    cursor:
        Executes it.
    sql:
        The statement.
    values:
        Its values.
    """
    text = translated(sql).encode()
    try:
        cursor.execute(text, values)
    except psycopg.DataError:  # before anything was sent
        if not has_nul(values):
            raise
        cursor.execute(text, without_nul(values))
