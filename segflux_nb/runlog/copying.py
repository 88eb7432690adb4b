"""One log entered in another: all of it in one transaction, and then compared row by row.

What is known better wins. A run is known better the further it is: a completed one is never planned again, and what
may be paid for is never forgotten. Of equal ones the target's stays. Of marks and numbers the later one stays, of own
columns and trigger words the target's. Events, jobs, votes and limits of both are kept. To enter a log twice changes
nothing the second time, so a copy that was interrupted is begun once more.

Not copied is what belongs to one place: heartbeats, turns, owners of runs; and orders, because an agreement to pay
must not be in two places.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import orjson

from ..errors import SourceHasChanged
from ..lifecycle import State
from .copied_tables import (
    COPIED_PROPERTIES,
    LISTS,
    PICTURES,
    RUNS,
    SIMPLE,
    SWEEPS,
    Reading,
    Table,
    by_run,
    cells_of,
    insert_into,
    merged_pictures,
    names_of,
    parts_of,
    properties,
    replacing,
    rows_with,
)
from .seam import LogDatabase

_RANK = {
    **{State.PLANNED: 0, State.REFUSED: 1, State.FAILED: 1, State.SUBMITTING: 2, State.UNKNOWN: 2, State.LOST: 3},
    **{State.SUBMITTED: 4, State.PROCESSING: 5, State.DOWNLOADING: 6, State.COMPLETED: 7},
}
"""How much is known of a run."""

_ABANDONED = "the process that submitted it ended before its answer came"

_STATE, _OWNER, _ERROR, _COST, _JOB = (
    RUNS.columns.index(name) for name in ("state", "owner", "error", "cost_usd", "request_id")
)


class LogCopier:
    """Enters a log in another one.

    Parameters
    ----------
    source:
        The log that is read.
    target:
        The log that gets what the source has.
    """

    def __init__(self, source: LogDatabase, target: LogDatabase) -> None:
        self._source = source
        self._target = target

    def enter(self, seen: object) -> None:
        """Enter everything, or nothing.

        Parameters
        ----------
        seen:
            The version of the source that is meant: one that has changed meanwhile is not entered.

        Raises
        ------
        SourceHasChanged
            If the source is another one by now.
        """
        with self._target.writing() as cursor:
            self._take_salt(cursor)
            numbers = self._enter_sweeps(cursor)
            self._enter_cells(cursor, numbers)
            for part in parts_of(self._source.reading, RUNS):
                self._enter_runs(cursor, [handed_over(row) for row in part])
            for table in SIMPLE:
                for part in parts_of(self._source.reading, table):
                    conflict = f" ON CONFLICT ({names_of(table.key)}) {table.merging}"
                    cursor.executemany(insert_into(table) + conflict, part)
            for table in LISTS:
                self._enter_list(cursor, table)
            cursor.executemany(
                "INSERT INTO properties (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
                [pair for prefix in COPIED_PROPERTIES for pair in properties(self._source.reading, prefix).items()],
            )
            if self._source.version() != seen:
                raise SourceHasChanged

    def _take_salt(self, cursor: Any) -> None:
        """Give a log without runs the salt of the source, so that its accounts are those of the source.

        A log with runs keeps its own. Then the accounts of the source are others here, which is the safe side: what
        another key may have paid for is never paid for again on a guess.
        """
        cursor.execute("SELECT 1 FROM runs LIMIT 1")
        if cursor.fetchone() is None:
            with self._source.reading() as reading:
                reading.execute("SELECT value FROM properties WHERE name = 'salt'")
                salt = reading.fetchone()
            cursor.execute("UPDATE properties SET value = ? WHERE name = 'salt'", salt)

    def _enter_sweeps(self, cursor: Any) -> dict[int, int]:
        """Enter the sweeps. Gives the number here of each number there."""
        numbers = {}
        for part in parts_of(self._source.reading, SWEEPS):
            for number, *values in part:
                cursor.execute(
                    "INSERT INTO sweeps (service, identity, name, title, axes, created_at) VALUES (?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (service, identity) DO UPDATE SET title ="
                    " CASE WHEN sweeps.title = '' THEN excluded.title ELSE sweeps.title END RETURNING number",
                    values,
                )
                numbers[number] = int(cursor.fetchone()[0])
        return numbers

    def _enter_cells(self, cursor: Any, numbers: Mapping[int, int]) -> None:
        """Enter the cells that sweeps do not have yet, after those that they have.

        Parameters
        ----------
        cursor:
            The transaction.
        numbers:
            The number of each sweep here, by its number there.
        """
        for there, here in numbers.items():
            known = Counter(cells_of(cursor, here))
            with self._source.reading() as reading:
                cells = cells_of(reading, there)
            position = known.total()
            added: list[tuple[Any, ...]] = []
            for cell in cells:
                if known[cell]:
                    known[cell] -= 1
                else:
                    added.append((here, position + len(added), *cell))
            cursor.executemany("INSERT INTO cells (sweep, position, digest, labels) VALUES (?, ?, ?, ?)", added)

    def _enter_runs(self, cursor: Any, rows: list[list[Any]]) -> None:
        """Enter some runs with their pictures.

        Parameters
        ----------
        cursor:
            The transaction.
        rows:
            The runs of the source.
        """
        keys = [RUNS.key_of(row) for row in rows]
        there = {RUNS.key_of(row): row for row in rows_with(cursor, RUNS, RUNS.key, keys)}
        better = [row for row in rows if is_better(row, there.get(RUNS.key_of(row)))]
        for row in rows:
            own = there.get(RUNS.key_of(row))
            if own is not None and _is_paid_twice(cursor, row, own):
                cursor.execute(
                    "UPDATE runs SET cost_usd = ? WHERE service = ? AND digest = ?",
                    (row[_COST] + own[_COST], *RUNS.key_of(row)),
                )
        cursor.executemany(
            f"{insert_into(RUNS)} ON CONFLICT (service, digest) DO UPDATE SET {replacing(RUNS)}", better
        )
        self._enter_pictures(cursor, keys, {RUNS.key_of(row) for row in better})

    def _enter_pictures(self, cursor: Any, runs: list[tuple[Any, ...]], replaced: set[tuple[Any, ...]]) -> None:
        """Enter the pictures of some runs: in place of those here, or beside them where a run was made twice.

        Parameters
        ----------
        cursor:
            The transaction.
        runs:
            Service and digest of each run.
        replaced:
            Those that the source knows better.
        """
        with self._source.reading() as reading:
            theirs = by_run(rows_with(reading, PICTURES, RUNS.key, runs))
        ours = by_run(rows_with(cursor, PICTURES, RUNS.key, [run for run in runs if run in theirs]))
        entered = [
            picture
            for run, pictures in theirs.items()
            for picture in merged_pictures(pictures, ours.get(run, []), replaces=run in replaced)
        ]
        cursor.executemany(
            f"{insert_into(PICTURES)} ON CONFLICT (service, digest, number) DO UPDATE SET {replacing(PICTURES)}",
            entered,
        )

    def _enter_list(self, cursor: Any, table: Table) -> None:
        """Enter the rows of a list that the target does not have, in their order.

        Parameters
        ----------
        cursor:
            The transaction.
        table:
            The list.
        """
        known = counted(lambda: nullcontext(cursor), table)
        for part in parts_of(self._source.reading, table):
            added = []
            for _, *row in part:
                digest = digest_of(row)
                if known[digest]:
                    known[digest] -= 1
                else:
                    added.append(row)
            cursor.executemany(insert_into(table, table.columns[1:]), added)


def counted(reading: Reading, table: Table) -> Counter[bytes]:
    """How often a log has each row of a list, by the row's digest.

    Parameters
    ----------
    reading:
        Gives a cursor.
    table:
        The list.
    """
    return Counter(digest_of(row) for part in parts_of(reading, table) for _, *row in part)


def digest_of(row: Sequence[Any]) -> bytes:
    """A digest of a row's values, the same for both databases."""
    return hashlib.sha256(orjson.dumps([float(one) if isinstance(one, int) else one for one in row])).digest()


def handed_over(row: Sequence[Any]) -> list[Any]:
    """A run as another log may have it: nobody holds it there, and nobody is submitting it."""
    taken = list(row)
    taken[_OWNER] = None
    if taken[_STATE] == State.SUBMITTING:
        taken[_STATE], taken[_ERROR] = State.UNKNOWN.value, _ABANDONED
    return taken


def is_better(row: Sequence[Any], own: Sequence[Any] | None) -> bool:
    """Whether a run is known better than another one, or than none.

    Parameters
    ----------
    row:
        The run.
    own:
        The other one.
    """
    return own is None or _RANK[State(row[_STATE])] > _RANK[State(own[_STATE])]


def _is_paid_twice(cursor: Any, row: Sequence[Any], own: Sequence[Any]) -> bool:
    """Whether a run was completed in both places by two jobs, and the target does not know that yet.

    Parameters
    ----------
    cursor:
        The transaction.
    row:
        The run of the source.
    own:
        That of the target.
    """
    both = row[_STATE] == own[_STATE] == State.COMPLETED and None not in (row[_COST], own[_COST], row[_JOB])
    if not both or row[_JOB] == own[_JOB]:
        return False
    cursor.execute("SELECT 1 FROM jobs WHERE service = ? AND request_id = ?", (row[0], row[_JOB]))
    return cursor.fetchone() is None
