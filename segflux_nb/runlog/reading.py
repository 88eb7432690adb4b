"""Reads many rows of runs at once. Of thousands of rows SQLite writes each column as one text, for speed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from itertools import compress
from typing import Any

import orjson

from .columns import COLUMNS

LOOKED_UP = 5000
"""Up to this number of rows each is looked up by its digest; for more, reading all rows is faster."""

_KEPT = {column.name: column for column in COLUMNS if column.table in ("runs", "pictures")}

_INEXACT_AS_JSON = frozenset(column.name for column in _KEPT.values() if column.type in ("number", "moment"))
"""Columns of numbers with a fraction, of which SQLite's JSON keeps 15 digits only."""


@cache
def from_runs(names: tuple[str, ...]) -> str:
    """The FROM of a query that reads these columns: runs, with their first picture if a column needs it."""
    if all(_KEPT[name].table == "runs" for name in names):
        return "FROM runs"
    return (
        "FROM runs LEFT JOIN pictures ON pictures.service = runs.service AND pictures.digest = runs.digest"
        " AND pictures.number = 0"
    )


def in_sql(name: str) -> str:
    """A column, with its table, as a query names it."""
    return f"{_KEPT[name].table}.{_KEPT[name].sql_name}"


@cache
def _query(names: tuple[str, ...]) -> str:
    selected = ", ".join(map(in_sql, names))
    return f"SELECT {selected} {from_runs(names)} WHERE runs.service = ?"


def read_rows(
    cursor: sqlite3.Cursor, service: str, digests: Sequence[str], names: tuple[str, ...]
) -> Iterator[Sequence[Any]]:
    """Columns of the rows of these digests, each row once and in the log's own order.

    Parameters
    ----------
    cursor:
        Reads the log.
    service:
        The service whose rows are meant.
    digests:
        Which rows. Those that the log does not have are left out.
    names:
        Which columns; ``digest`` is the first.
    """
    if len(digests) > LOOKED_UP:
        wanted = set(digests)
        cursor.execute(_query(names), (service,))
        return (row for row in cursor if row[0] in wanted)
    places = ", ".join("?" * len(digests))
    cursor.execute(f"{_query(names)} AND runs.digest IN ({places})", (service, *digests))
    return cursor


def read_columns(
    cursor: sqlite3.Cursor, service: str, digests: Sequence[str], names: tuple[str, ...]
) -> dict[str, Sequence[Any]]:
    """The columns of the rows of these digests: their values by name. Parameters are mappings.

    Parameters
    ----------
    cursor:
        Reads the log.
    service:
        The service whose rows are meant.
    digests:
        Which rows. Those that the log does not have are left out.
    names:
        Which columns; ``digest`` is the first.
    """
    if len(digests) > LOOKED_UP:
        found = _all_columns(cursor, service, names)
        wanted = set(digests)
        if wanted.issuperset(found["digest"]):
            return found
        kept = [digest in wanted for digest in found["digest"]]
        return {name: list(compress(column, kept)) for name, column in found.items()}
    return _by_column(names, read_rows(cursor, service, digests, names))


def _all_columns(cursor: sqlite3.Cursor, service: str, names: tuple[str, ...]) -> dict[str, Sequence[Any]]:
    """Columns of all rows of a service; SQLite writes each as one JSON text where that loses nothing, for speed."""
    if not _INEXACT_AS_JSON & set(names):
        as_text = {"parameters": "'[' || coalesce(group_concat(parameters), '') || ']'"}  # they are JSON already
        written = ", ".join(as_text.get(name, f"json_group_array({in_sql(name)})") for name in names)
        with suppress(sqlite3.DataError):  # longer than SQLite's longest text
            cursor.execute(f"SELECT {written} {from_runs(names)} WHERE runs.service = ?", (service,))
            return {name: orjson.loads(text) for name, text in zip(names, cursor.fetchone(), strict=True)}
    cursor.execute(_query(names), (service,))
    return _by_column(names, cursor)


def _by_column(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, Sequence[Any]]:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(names)
    found = dict(zip(names, columns, strict=True))
    if "parameters" in found:
        # One text parsed at once is several times faster than a text for each row.
        found["parameters"] = orjson.loads(f"[{','.join(found['parameters'])}]")
    return found
