"""The tables of a log as a copy sees them: what tells rows apart, and which one stays where two logs have it.

The statements are for both databases (``docs/architecture.md``, "One journal, two databases").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from .columns import Table as ColumnTable
from .columns import columns_of
from .inputs import PREFIX as INPUT_ADDRESS
from .trigger_words import PREFIX as TRIGGER_WORD

Reading = Callable[[], AbstractContextManager[Any]]
"""Gives a cursor of a log."""

PART = 500
"""Rows that are read at a time."""

COPIED_PROPERTIES = {TRIGGER_WORD: "trigger words", INPUT_ADDRESS: "uploaded inputs"}
"""The beginnings of the names of properties that are copied, and what people call them."""

LEFT = frozenset({"processes", "turns", "orders", "ordered_runs"})
"""Tables that are not copied."""


class Table(NamedTuple):
    """A table of the log.

    Attributes
    ----------
    name:
        Its name.
    key:
        The columns that tell its rows apart.
    columns:
        All columns that are copied, those of the key first.
    merging:
        What becomes of a row that the target has too, in SQL; empty where rows are merged otherwise.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    merging: str = ""

    def key_of(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """The key of a row."""
        return tuple(row[: len(self.key)])


def _kept(name: ColumnTable, *key: str) -> tuple[str, ...]:
    """The columns of a table of `segflux_nb.runlog.columns`, those of its key first.

    Parameters
    ----------
    name:
        The table.
    key:
        Its key.
    """
    columns = [column.sql_name for column in columns_of(name)]
    return (*key, *(column for column in columns if column not in key))


def _later(table: str, column: str, *others: str) -> str:
    """The later one of two rows stays, in SQL.

    Parameters
    ----------
    table:
        The table.
    column:
        Says when.
    others:
        The other columns outside the key.
    """
    replaced = ", ".join(f"{name} = excluded.{name}" for name in (*others, column))
    return f"DO UPDATE SET {replaced} WHERE excluded.{column} > {table}.{column}"


_DEVIATIONS = (
    "DO UPDATE SET answers = CASE WHEN excluded.answers > deviations.answers THEN excluded.answers"
    " ELSE deviations.answers END, first_at = CASE WHEN excluded.first_at < deviations.first_at"
    " THEN excluded.first_at ELSE deviations.first_at END, last_at = CASE WHEN excluded.last_at >"
    " deviations.last_at THEN excluded.last_at ELSE deviations.last_at END"
)
_RUN, _PICTURE = ("service", "digest"), ("service", "digest", "number")
RUNS = Table("runs", _RUN, _kept("runs", *_RUN))
PICTURES = Table("pictures", _PICTURE, _kept("pictures", *_PICTURE))
_NUMBER, _SHA256 = (PICTURES.columns.index(name) for name in ("number", "sha256"))
_MARK = (*_RUN, "rater")
_METRIC = ("sha256", "name", "version", "against", "field")
_DEVIATION = ("service", "answer", "kind", "field", "expected", "found")
SIMPLE = (
    Table("jobs", ("service", "request_id", "digest"), ("service", "request_id", "digest"), "DO NOTHING"),
    Table(
        "marks", _MARK, (*_kept("marks", *_MARK), "marked_at"), _later("marks", "marked_at", "stars", "pick", "note")
    ),
    Table("annotations", (*_RUN, "name"), (*_RUN, "name", "value"), "DO NOTHING"),
    Table("metrics", _METRIC, (*_METRIC, "value", "measured_at"), _later("metrics", "measured_at", "value")),
    Table("deviations", _DEVIATION, (*_DEVIATION, "answers", "first_at", "last_at"), _DEVIATIONS),
)
"""Tables whose rows are merged one by one."""

LISTS = (
    Table("events", ("number",), ("number", "at", "service", "digest", "from_state", "to_state", "data")),
    Table("votes", ("number",), ("number", "at", "service", "rater", "axis", "left", "right", "outcome")),
    Table("limits", ("number",), ("number", "service", "at", "what", "value", "why")),
)
"""Tables whose rows have a number of their own in each log, and are kept in their order."""

SWEEPS = Table("sweeps", ("number",), ("number", "service", "identity", "name", "title", "axes", "created_at"))


def parts_of(reading: Reading, table: Table) -> Iterator[list[list[Any]]]:
    """All rows of a table in the order of its key, some at a time, so that memory does not grow with their number.

    Parameters
    ----------
    reading:
        Gives a cursor.
    table:
        The table.
    """
    key = names_of(table.key)
    after: tuple[Any, ...] = ()
    while True:
        following = f" WHERE ({key}) > ({', '.join('?' * len(table.key))})" if after else ""
        with reading() as cursor:
            cursor.execute(
                f"SELECT {names_of(table.columns)} FROM {table.name}{following} ORDER BY {key} LIMIT {PART}",  # noqa: S608 - our own names
                after,
            )
            part = [list(row) for row in cursor.fetchall()]
        if part:
            yield part
            after = table.key_of(part[-1])
        if len(part) < PART:
            return


def rows_with(cursor: Any, table: Table, key: Sequence[str], values: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """The rows of a table that have certain values in some columns, in the order of its key.

    Parameters
    ----------
    cursor:
        Reads them.
    table:
        The table.
    key:
        The columns.
    values:
        Their values.
    """
    if not values:
        return []
    places = ", ".join([f"({', '.join('?' * len(key))})"] * len(values))
    cursor.execute(
        f"SELECT {names_of(table.columns)} FROM {table.name}"  # noqa: S608 - our own names
        f" WHERE ({names_of(key)}) IN (VALUES {places}) ORDER BY {names_of(table.key)}",
        [value for row in values for value in row],
    )
    return [list(row) for row in cursor.fetchall()]


def properties(reading: Reading, prefix: str) -> dict[str, str]:
    """The properties of a log that have such names, and their values.

    Parameters
    ----------
    reading:
        Gives a cursor of the log.
    prefix:
        One of `COPIED_PROPERTIES`.
    """
    with reading() as cursor:
        cursor.execute("SELECT name, value FROM properties")
        return {name: value for name, value in cursor.fetchall() if name.startswith(f"{prefix}/")}


def insert_into(table: Table, columns: Sequence[str] = ()) -> str:
    """The statement that inserts a row.

    Parameters
    ----------
    table:
        The table.
    columns:
        The columns that it gives; all of them if left out.
    """
    columns = columns or table.columns
    return f"INSERT INTO {table.name} ({names_of(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names


def replacing(table: Table) -> str:
    """What replaces a row of the same key, in SQL."""
    return ", ".join(f'"{name}" = excluded."{name}"' for name in table.columns[len(table.key) :])


def names_of(columns: Iterable[str]) -> str:
    """Columns in SQL. Some of their names are words of SQL."""
    return ", ".join(f'"{column}"' for column in columns)


def cells_of(cursor: Any, sweep: int) -> list[tuple[str, str]]:
    """The cells of a sweep in order: digest and labels.

    Parameters
    ----------
    cursor:
        Reads them.
    sweep:
        The number of the sweep.
    """
    cursor.execute("SELECT digest, labels FROM cells WHERE sweep = ? ORDER BY position", (sweep,))
    return [(digest, labels) for digest, labels in cursor.fetchall()]


def by_run(rows: list[list[Any]]) -> dict[tuple[Any, ...], list[list[Any]]]:
    """Pictures by their runs."""
    found: dict[tuple[Any, ...], list[list[Any]]] = {}
    for row in rows:
        found.setdefault(RUNS.key_of(row), []).append(row)
    return found


def merged_pictures(theirs: list[list[Any]], ours: list[list[Any]], *, replaces: bool) -> Iterator[list[Any]]:
    """The pictures of a run that are entered. No picture is lost: what gives way to another gets a place behind them.

    Parameters
    ----------
    theirs:
        The pictures of the source.
    ours:
        Those of the target.
    replaces:
        Whether the source knows the run better.
    """
    own = {row[_NUMBER]: row for row in ours}
    following = 1 + max(row[_NUMBER] for row in (*theirs, *ours))
    known = {row[_SHA256] for row in (ours if not replaces else theirs)}
    moved: list[list[Any]] = []
    for row in theirs:
        here = own.get(row[_NUMBER])
        if here is None or here[_SHA256] is None or (replaces and row[_SHA256] is not None):
            yield row
            moved += [here] if here is not None and here[_SHA256] not in (None, *known) else []
        elif row[_SHA256] is not None and row[_SHA256] not in known:
            moved.append(row)
    for number, row in enumerate(moved, following):
        yield [*RUNS.key_of(row), number, *row[_NUMBER + 1 :]]
