"""The log by columns, as frames want it. Of thousands of rows each column comes as one text, for speed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import compress
from typing import Any

import orjson

LOOKED_UP = 5000
"""Rows are looked up one by one up to so many; beyond it, reading all is faster."""

_INEXACT_AS_JSON = frozenset(
    ("cost_usd", "queue_seconds", "render_seconds", "submitted_at", "accepted_at", "detected_at", "completed_at")
)
"""Columns of numbers with a fraction: SQLite's JSON has 15 digits of them."""


def read_rows(cursor: sqlite3.Cursor, service: str, digests: Sequence[str], names: str) -> Iterator[Sequence[Any]]:
    """These columns, ``digest`` the first, of the rows of these digests: each row once, in the log's own order."""
    cursor.row_factory = None
    if len(digests) > LOOKED_UP:
        wanted = set(digests)
        cursor.execute(f"SELECT {names} FROM runs WHERE service = ?", (service,))  # noqa: S608 - names of the schema
        return (row for row in cursor if row[0] in wanted)
    places = ", ".join("?" * len(digests))
    cursor.execute(
        f"SELECT {names} FROM runs WHERE service = ? AND digest IN ({places})",  # noqa: S608 - as above
        (service, *digests),
    )
    return cursor


def read_columns(
    cursor: sqlite3.Cursor, service: str, digests: Sequence[str], names: Sequence[str]
) -> dict[str, Sequence[Any]]:
    """As `read_rows`, by columns."""
    cursor.row_factory = None
    if len(digests) > LOOKED_UP:
        found = _all_columns(cursor, service, names)
        wanted = set(digests)
        if wanted.issuperset(found["digest"]):
            return found
        kept = [digest in wanted for digest in found["digest"]]
        return {name: list(compress(column, kept)) for name, column in found.items()}
    return _by_column(names, read_rows(cursor, service, digests, ", ".join(names)))


def _all_columns(cursor: sqlite3.Cursor, service: str, names: Sequence[str]) -> dict[str, Sequence[Any]]:
    """Columns of all rows of a service; SQLite writes each as one JSON text where that loses nothing, for speed."""
    where = "FROM runs WHERE service = ?"
    if not _INEXACT_AS_JSON & set(names):
        as_text = {"parameters": "'[' || coalesce(group_concat(parameters), '') || ']'"}  # they are JSON already
        written = ", ".join(as_text.get(name, f"json_group_array({name})") for name in names)
        with suppress(sqlite3.DataError):  # longer than SQLite's longest text
            cursor.execute(f"SELECT {written} {where}", (service,))
            return {name: orjson.loads(text) for name, text in zip(names, cursor.fetchone(), strict=True)}
    cursor.execute(f"SELECT {', '.join(names)} {where}", (service,))
    return _by_column(names, cursor)


def _by_column(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, Sequence[Any]]:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(names)
    found = dict(zip(names, columns, strict=True))
    if "parameters" in found:
        # One text parsed at once is several times faster than a text a row.
        found["parameters"] = orjson.loads(f"[{','.join(found['parameters'])}]")
    return found
