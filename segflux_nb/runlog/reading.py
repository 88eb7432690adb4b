"""Reads many rows of runs at once. Of thousands of rows the database writes each column as one text, for speed."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import compress
from typing import Any

import orjson

from .columns import COLUMNS
from .seam import Cursor, Dialect

LOOKED_UP = 5000
"""Up to this number of rows each is looked up by its digest; for more, reading all rows is faster."""

FEW = 500
"""Of up to this number of runs, what people and programs said of each is looked up; of more, all is read."""


@contextmanager
def without_collection() -> Iterator[None]:
    """Let Python look for garbage afterwards: while many objects are made that stay, it would look often, in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Few:
    """A condition that a column is one of some texts. Of many, or None, it is no condition: all rows are read.

    Parameters
    ----------
    column:
        The name of a column, which the caller's own text gives.
    digests:
        The values that are meant.
    most:
        Of up to this number each is looked up; `FEW` if left out.

    Attributes
    ----------
    condition:
        A part of a WHERE, after others.
    values:
        Its values.
    """

    def __init__(self, column: str, digests: Collection[str] | None, most: int | None = None) -> None:
        self.condition, self.values = "", tuple[str, ...]()
        if digests is not None and len(digests) <= (FEW if most is None else most):
            self.values = tuple(dict.fromkeys(digests))
            places = ", ".join("?" * len(self.values)) or "NULL"  # PostgreSQL has no empty list
            self.condition = f" AND {column} IN ({places})"


_KEPT = {column.name: column for column in COLUMNS if column.table in ("runs", "pictures")}

_INEXACT_AS_JSON = frozenset(column.name for column in _KEPT.values() if column.type in ("number", "moment"))
"""Columns of numbers with a fraction, of which SQLite's JSON keeps 15 digits only. Parameters have no more."""

_PARAMETERS = frozenset(column.name for column in COLUMNS if column.source == "parameters")


def _is_of_pictures(name: str) -> bool:
    return name not in _PARAMETERS and _KEPT[name].table == "pictures"


@cache
def from_runs(names: tuple[str, ...]) -> str:
    """The FROM of a query that reads these columns: runs, with their first picture if a column needs it."""
    if not any(map(_is_of_pictures, names)):
        return "FROM runs"
    return (
        "FROM runs LEFT JOIN pictures ON pictures.service = runs.service AND pictures.digest = runs.digest"
        " AND pictures.number = 0"
    )


def in_sql(name: str, dialect: Dialect) -> str:
    """A column, with its table, as a query names it; or a parameter, which is a part of one.

    Parameters
    ----------
    name:
        The column or the parameter.
    dialect:
        That of the database.
    """
    if name in _PARAMETERS:
        return dialect.parameter.format(name)
    return f"{_KEPT[name].table}.{_KEPT[name].sql_name}"


@cache
def _query(names: tuple[str, ...], dialect: Dialect) -> str:
    selected = ", ".join(in_sql(name, dialect) for name in names)
    return f"SELECT {selected} {from_runs(names)} WHERE runs.service = ?"


def read_rows(
    cursor: Cursor, dialect: Dialect, service: str, digests: Collection[str], names: tuple[str, ...]
) -> Iterator[Sequence[Any]]:
    """Columns of the rows of these digests, each row once and in the log's own order.

    Parameters
    ----------
    cursor:
        Reads the log.
    dialect:
        That of the database.
    service:
        The service whose rows are meant.
    digests:
        Which rows. Those that the log does not have are left out.
    names:
        Which columns; ``digest`` is the first.
    """
    if len(digests) > LOOKED_UP:
        wanted = set(digests)
        cursor.execute(_query(names, dialect), (service,))
        return (row for row in cursor if row[0] in wanted)
    if not digests:
        return iter(())
    places = ", ".join("?" * len(digests))
    cursor.execute(f"{_query(names, dialect)} AND runs.digest IN ({places})", (service, *digests))
    return iter(cursor)


def read_columns(
    cursor: Cursor, dialect: Dialect, service: str, digests: Collection[str] | None, names: tuple[str, ...]
) -> dict[str, Sequence[Any]]:
    """The columns of the rows of these digests: their values by name. Parameters are mappings.

    Parameters
    ----------
    cursor:
        Reads the log.
    dialect:
        That of the database.
    service:
        The service whose rows are meant.
    digests:
        Which rows. Those that the log does not have are left out. None for all of the service.
    names:
        Which columns; ``digest`` is the first.
    """
    if digests is None or len(digests) > LOOKED_UP:
        with without_collection():
            found = _all_columns(cursor, dialect, service, names)
        if digests is None:
            return found
        wanted = set(digests)
        if wanted.issuperset(found["digest"]):
            return found
        kept = [digest in wanted for digest in found["digest"]]
        return {name: list(compress(column, kept)) for name, column in found.items()}
    return _by_column(names, read_rows(cursor, dialect, service, digests, names))


def read_cells(cursor: Cursor, dialect: Dialect, sweep: int) -> tuple[list[str], list[str]]:
    """The digests of the cells of a sweep in order, and their labels as the log has them.

    Parameters
    ----------
    cursor:
        Reads the log.
    dialect:
        That of the database.
    sweep:
        The number of the sweep.
    """
    with suppress(*dialect.too_long):  # longer than the longest text: labels hold the templates of prompts
        cursor.execute(
            f"SELECT {dialect.array_of('digest')}, {dialect.array_of('labels')}"  # noqa: S608 - our own
            " FROM (SELECT digest, labels FROM cells WHERE sweep = ? ORDER BY position) AS ordered",
            (sweep,),
        )
        digests, texts = cursor.fetchone()
        return orjson.loads(digests), orjson.loads(texts)
    rows = cursor.execute("SELECT digest, labels FROM cells WHERE sweep = ? ORDER BY position", (sweep,)).fetchall()
    return [digest for digest, _ in rows], [text for _, text in rows]


def _all_columns(cursor: Cursor, dialect: Dialect, service: str, names: tuple[str, ...]) -> dict[str, Sequence[Any]]:
    """Columns of all rows of a service; each is written as one JSON text where that loses nothing, for speed."""
    if dialect.exact or not _INEXACT_AS_JSON & set(names):
        with suppress(*dialect.too_long):  # longer than the longest text
            cursor.execute(*_as_texts(dialect, service, names))
            texts = cursor.fetchone()
            found = {name: orjson.loads(text) for name, text in zip(names, texts, strict=False)}
            return found if len(texts) == len(names) else _aligned(found, orjson.loads(texts[-1]))
    cursor.execute(_query(names, dialect), (service,))
    return _by_column(names, cursor)


def _as_texts(dialect: Dialect, service: str, names: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """A query that gives each column of all rows of a service as one text, and its values.

    A join would find the picture of each run apart. Both tables are read from their beginning to their end instead;
    if there is a column of pictures, the digests of their rows are the last text.
    """
    as_text = {"parameters": dialect.joined.format("parameters")}  # they are JSON already
    of_pictures = [name for name in names if _is_of_pictures(name)]
    written = [f"{as_text.get(name) or dialect.array_of(in_sql(name, dialect))} AS {name}" for name in names]
    of_runs = [text for name, text in zip(names, written, strict=True) if name not in of_pictures]
    query = f"SELECT {', '.join(of_runs)} FROM runs WHERE runs.service = ?"  # noqa: S608 - names of columns
    if not of_pictures:
        return query, (service,)
    both = [text for name, text in zip(names, written, strict=True) if name in of_pictures]
    both.append(f"{dialect.array_of('pictures.digest')} AS digests_of_pictures")
    pictures = f"SELECT {', '.join(both)} FROM pictures WHERE service = ? AND number = 0"  # noqa: S608 - as above
    selected = ", ".join((*names, "digests_of_pictures"))
    return f"SELECT {selected} FROM ({query}) AS runs, ({pictures}) AS pictures", (service, service)  # noqa: S608 - as above


def _aligned(found: dict[str, Sequence[Any]], digests_of_pictures: list[str]) -> dict[str, Sequence[Any]]:
    """Columns of runs and of their pictures, as columns of runs: None where a run has no picture."""
    if found["digest"] == digests_of_pictures:
        return found
    places = {digest: place for place, digest in enumerate(digests_of_pictures)}
    order = [places.get(digest) for digest in found["digest"]]
    return {
        name: [None if at is None else column[at] for at in order] if _is_of_pictures(name) else column
        for name, column in found.items()
    }


def _by_column(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, Sequence[Any]]:
    rows = list(rows)
    found: dict[str, Sequence[Any]] = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    if "parameters" in found:
        # One text parsed at once is several times faster than a text for each row.
        found["parameters"] = orjson.loads(f"[{','.join(found['parameters'])}]")
    return found
