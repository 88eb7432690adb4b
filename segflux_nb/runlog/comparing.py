"""Whether a log has all that another one has, row by row; with digests of both, whatever the order of rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import WorkspaceError
from .copied_tables import (
    COPIED_PROPERTIES,
    LISTS,
    PICTURES,
    RUNS,
    SIMPLE,
    SWEEPS,
    Table,
    cells_of,
    parts_of,
    properties,
    rows_with,
)
from .copying import counted, digest_of, handed_over, is_better
from .seam import LogDatabase

_SPACE = 1 << 256
_OF_SWEEPS = ("service", "identity")
_SHA256 = PICTURES.columns.index("sha256")


@dataclass
class ComparedTable:
    """A table in both logs.

    Attributes
    ----------
    name:
        The table.
    rows:
        How many rows the source has.
    kept:
        How many of them are otherwise in the target, which knows more, or the later.
    source:
        A digest of the rows of the source.
    target:
        The same of these rows in the target.
    """

    name: str
    rows: int = 0
    kept: int = 0
    source: int = 0
    target: int = 0

    def add(self, row: Sequence[Any], found: Sequence[Any]) -> None:
        """Add a row.

        Parameters
        ----------
        row:
            The row of the source.
        found:
            That of the target.
        """
        here, there = digest_of(row), digest_of(found)
        self.rows += 1
        self.kept += here != there
        self.source = (self.source + int.from_bytes(here)) % _SPACE
        self.target = (self.target + int.from_bytes(there)) % _SPACE


def compared(source: LogDatabase, target: LogDatabase) -> Iterator[ComparedTable]:
    """Compare every table that is copied.

    Parameters
    ----------
    source:
        The log that was copied.
    target:
        The log that has got what the source has.

    Raises
    ------
    WorkspaceError
        If the target lacks something.
    """
    for table in (RUNS, PICTURES, *SIMPLE):
        yield _compared(source, target, table)
    for table in LISTS:
        found, known = ComparedTable(table.name), counted(target.reading, table)
        for part in parts_of(source.reading, table):
            for number, *row in part:
                digest = digest_of(row)
                if not known[digest]:
                    _refuse(table.name, number)
                known[digest] -= 1
                found.add(row, row)
        yield found
    yield from _compared_sweeps(source, target)
    for prefix, shown in COPIED_PROPERTIES.items():
        own, found = properties(target.reading, prefix), ComparedTable(shown)
        for name, value in properties(source.reading, prefix).items():
            if name not in own:
                _refuse(shown, name)
            found.add((name, value), (name, own[name]))
        yield found


def _compared(source: LogDatabase, target: LogDatabase, table: Table) -> ComparedTable:
    """Compare a table row by row.

    Parameters
    ----------
    source:
        The log that was copied.
    target:
        The other one.
    table:
        The table.
    """
    found = ComparedTable(table.name)
    for part in parts_of(source.reading, table):
        rows = [handed_over(row) for row in part] if table is RUNS else part
        with target.reading() as cursor:
            theirs = rows_with(cursor, table, table.key, [table.key_of(row) for row in rows])
            pictures = set[Any]()
            if table is PICTURES:
                runs = list({RUNS.key_of(row) for row in rows})
                pictures = {(*row[:2], row[_SHA256]) for row in rows_with(cursor, table, RUNS.key, runs)}
        own = {table.key_of(row): handed_over(row) if table is RUNS else row for row in theirs}
        for row in rows:
            there = own.get(table.key_of(row))
            is_less = table is RUNS and is_better(row, there)
            is_lost = table is PICTURES and row[_SHA256] and (*row[:2], row[_SHA256]) not in pictures
            if there is None or is_less or is_lost:
                _refuse(table.name, table.key_of(row))
            found.add(row, there)
    return found


def _compared_sweeps(source: LogDatabase, target: LogDatabase) -> Iterator[ComparedTable]:
    """Compare sweeps and their cells.

    Parameters
    ----------
    source:
        The log that was copied.
    target:
        The other one.
    """
    sweeps, cells = ComparedTable("sweeps"), ComparedTable("cells")
    for part in parts_of(source.reading, SWEEPS):
        for number, *row in part:
            with source.reading() as reading, target.reading() as cursor:
                own = cells_of(reading, number)
                theirs = rows_with(cursor, SWEEPS, _OF_SWEEPS, [tuple(row[:2])])
                known = Counter(cells_of(cursor, theirs[0][0]) if theirs else ())
            if not theirs:
                _refuse("sweeps", row[2])
            sweeps.add(row, theirs[0][1:])
            for cell in own:
                if not known[cell]:
                    _refuse("cells", cell[0])
                known[cell] -= 1
                cells.add(cell, cell)
    yield from (sweeps, cells)


def _refuse(table: str, what: object) -> NoReturn:
    """Say what is not there."""
    raise WorkspaceError(
        f"The copy is not whole: {table} lacks {what}",
        money="nothing was billed",
        remedy="Run segflux copy with the same arguments again",
    )
