"""Writes in one round trip: one alone as a statement that commits itself, several as a pipeline."""

from __future__ import annotations

from typing import Any

import psycopg

from ..seam import AtOnce, Outcome
from .connections import Connection
from .cursors import execute


class Later:
    """Stands for the result of a write that is sent with its group.

    Parameters
    ----------
    place:
        Its place in the group.
    """

    def __init__(self, place: int) -> None:
        self.place = place


class Group:
    """Writes that are collected, and then sent together.

    Attributes
    ----------
    writes:
        The writes.
    rows:
        What the server gave for each of them, once they were sent.
    """

    def __init__(self) -> None:
        self.writes: list[AtOnce] = []
        self.rows: list[Any] = []

    def later(self, write: AtOnce) -> Later:
        """Collect a write."""
        self.writes.append(write)
        return Later(len(self.writes) - 1)

    def resolved(self, outcome: Outcome) -> Outcome:
        """The outcome of a call, once the group was sent.

        Parameters
        ----------
        outcome:
            The outcome when it was collected.
        """
        found, error = outcome
        if not isinstance(found, Later):
            return outcome
        return self.writes[found.place].result(self.rows[found.place]), error


def send(connection: Connection, writes: list[AtOnce], slot: int) -> list[Any]:
    """Make writes, in one round trip: all of them, or none. Returns what the server gave for each.

    Parameters
    ----------
    connection:
        The connection.
    writes:
        The writes.
    slot:
        The row in which this process counts its writes.
    """
    counts = counts_as_one(writes)
    if len(writes) == 1 and len(writes[0].statements) == 1:
        (statement,) = writes[0].statements
        cursor = connection.cursor(binary=True)
        execute(cursor, _counted(statement.sql, slot) if counts else statement.sql, statement.values)
        return [cursor.fetchone() if cursor.description else None]
    last: list[psycopg.Cursor[Any]] = []
    failed: psycopg.Error | None = None
    try:
        with connection.pipeline():
            try:
                connection.execute(b"BEGIN")
                for write in writes:
                    for statement in write.statements:
                        cursor = connection.cursor(binary=True)
                        execute(cursor, statement.sql, statement.values)
                    last.append(cursor)
                if counts:
                    connection.execute(_count(slot).encode())
                connection.execute(b"COMMIT")
            except psycopg.Error as error:  # psycopg logs a warning where an error leaves the pipeline
                failed = error
    except psycopg.Error as error:
        failed = failed or error
    if failed is not None:
        raise failed
    return [cursor.fetchone() if cursor.description else None for cursor in last]


def counts_as_one(writes: list[AtOnce]) -> bool:
    """Whether frames that were read before these writes are old then."""
    return any(write.changes_frames for write in writes)


def _count(slot: int) -> str:
    return f"UPDATE versions SET number = number + 1 WHERE slot = {slot}"  # noqa: S608 - a number


def _counted(sql: str, slot: int) -> str:
    """A statement that counts itself.

    Parameters
    ----------
    sql:
        The statement.
    slot:
        The row in which this process counts its writes.
    """
    count = f"WITH counted AS ({_count(slot)})"
    return f"{count}, {sql.removeprefix('WITH ')}" if sql.startswith("WITH ") else f"{count} {sql}"
