"""What the log asks of a database. `Database` (SQLite) and `PostgresDatabase` are the two that there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

from ..clock import Clock

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Outcome = tuple[Any, BaseException | None]
"""The result of a write, and its error."""


def outcome_of(write: Callable[[], Any]) -> Outcome:
    """The result of a write, and its error."""
    try:
        return write(), None
    except Exception as error:  # noqa: BLE001 - its caller gets it
        return None, error


class Cursor(Protocol):
    """Executes statements, with ``?`` in place of each value."""

    @property
    def rowcount(self) -> int:
        """How many rows the last statement changed."""
        ...

    def execute(self, sql: str, parameters: Sequence[Any] = ..., /) -> Self:
        """Execute a statement."""
        ...

    def executemany(self, sql: str, parameters: Iterable[Sequence[Any]], /) -> Self:
        """Execute a statement for each of these values."""
        ...

    def fetchone(self) -> Any:
        """The next row; None if there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        ...

    def __iter__(self) -> Iterator[Any]: ...


class Statement(NamedTuple):
    """A statement with its values."""

    sql: str
    values: Sequence[Any] = ()


class AtOnce(NamedTuple):
    """A write that takes one round trip to the server: statements of which none needs the answer to another.

    Attributes
    ----------
    statements:
        The statements; they are one transaction.
    result:
        Makes the result of the first row of the last statement, which is None where it gave none.
    identity:
        What tells this write apart from all others; None for one that may be made twice.
    made:
        Gives a row where the log has this write. A write whose outcome was lost with its connection is looked for
        so when it is made again, and the log does not take it a second time.
    changes_frames:
        Whether frames that were read before it are old then: not where it only says who is alive.
    """

    statements: Sequence[Statement]
    result: Callable[[Any], Any]
    identity: tuple[Any, ...] | None = None
    made: Statement | None = None
    changes_frames: bool = True


class Write(Protocol[T_co]):
    """A change of the log, in the two ways in which databases make it."""

    def in_steps(self, cursor: Cursor) -> T_co:
        """Make it by several statements, in a transaction that is open.

        Parameters
        ----------
        cursor:
            The transaction.
        """
        ...

    def at_once(self, server_time: str) -> AtOnce:
        """Make it in one round trip.

        Parameters
        ----------
        server_time:
            An expression for the time of the server, in seconds since 1970 UTC.
        """
        ...


@dataclass(frozen=True)
class Ways(Generic[T]):
    """A change of the log, as two functions; see `Write`."""

    in_steps: Callable[[Cursor], T]
    at_once: Callable[[str], AtOnce]


class Counts(Protocol):
    """Counts changes of one kind; see `segflux_nb.runlog.marks.Changes`."""

    number: int


class Dialect(NamedTuple):
    """How a database is asked for many rows at once: each column as one JSON text, for speed.

    Attributes
    ----------
    array:
        An aggregate that makes one text of a column; ``{}`` stands for the column, and for a filter after it.
    joined:
        An aggregate that joins texts which are JSON already.
    parameter:
        A parameter of a run, by its name.
    parameter_as_text:
        The same, as a value that rows can be grouped by.
    exact:
        Whether numbers with a fraction keep all digits as JSON.
    too_long:
        The error where a text is longer than the database can make it.
    """

    array: str
    joined: str
    parameter: str
    parameter_as_text: str
    exact: bool
    too_long: tuple[type[Exception], ...]

    def array_of(self, column: str, condition: str = "") -> str:
        """One text of the values of a column.

        Parameters
        ----------
        column:
            The column, in SQL.
        condition:
            Which rows; empty for all.
        """
        return self.array.format(column, f" FILTER (WHERE {condition})" if condition else "")


SQLITE_DIALECT = Dialect(
    array="json_group_array({}){}",
    joined="'[' || coalesce(group_concat({}), '') || ']'",
    parameter="json_extract(runs.parameters, '$.{}')",
    parameter_as_text="json_extract(runs.parameters, '$.{}')",
    exact=False,
    too_long=(sqlite3.DataError,),
)


class LogDatabase(Protocol):
    """A database that holds a log."""

    path: Path
    dialect: Dialect
    is_far: bool

    def close(self) -> None:
        """Close it."""

    def check_process(self) -> None:
        """Refuse a forked child."""

    def writing(self) -> AbstractContextManager[Cursor]:
        """One transaction that writes: all of it is committed at the end, or nothing."""
        ...

    def reading(self) -> AbstractContextManager[Cursor]:
        """A cursor for reading."""
        ...

    def write(self, write: Write[T]) -> T:
        """Make a change that is a transaction of its own, or a part of `together`."""
        ...

    def write_group(self, writes: Sequence[Callable[[], Any]]) -> list[Outcome]:
        """Make the changes of several calls in one transaction."""
        ...

    def together(self) -> AbstractContextManager[None]:
        """One transaction for all that this thread writes in the block."""
        ...

    def listen(self, heard: Callable[[str, bool], None]) -> Callable[[], None] | None:
        """Listen for runs that are not in flight any more; see `ServiceLog.listen`.

        Parameters
        ----------
        heard:
            Called with each.
        """
        ...

    def waiting_at_most(self, seconds: float) -> AbstractContextManager[None]:
        """In this thread, let no write wait longer than this."""
        ...

    def version(self) -> tuple[int, int]:
        """Two numbers that change when the log does: the first by others, the second by this object."""
        ...

    def now_in_sql(self, clock: Clock) -> str:
        """An expression for the present time, in seconds since 1970 UTC: that of the server, if there is one.

        Parameters
        ----------
        clock:
            The clock of this process.
        """
        ...

    def is_newer(self) -> bool:
        """Whether a newer version of this program wrote the log."""
        ...

    def journal_mode(self) -> str:
        """How changes are made durable, in a word."""
        ...

    @property
    def refusal(self) -> str:
        """Why the log cannot be written; empty where it can be."""
        ...

    @property
    def changes(self) -> int:
        """How many rows were changed by this object; in a transaction, those of this thread count at once."""
        ...

    def count(self, counter: Counts, number: int) -> None:
        """Count changes of one kind, as soon as `changes` counts them.

        Parameters
        ----------
        counter:
            Counts them.
        number:
            How many.
        """
