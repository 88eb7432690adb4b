"""What the log keeps of runs, sweeps and judgements, whole: to be written elsewhere, and entered as it was.

Bundles and other workspaces that are read as a cache go through here. Nothing that belongs to one machine or account
is in these records: no owner, account, request id or address.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from ..clock import Clock
from ..lifecycle import State
from ..model import Value
from .changes import append_event
from .columns import columns_of
from .picture_files import PictureLog
from .reading import LOOKED_UP
from .rows import LoggedRun, MorePicture
from .runs import REPLANNED, RunLog
from .seam import LogDatabase

_OF_A_MACHINE = frozenset({"owner", "account", "request_id", "status_url", "response_url", "picture_url"})
"""Columns that name a process, an account or a place at the service."""

_RUN_COLUMNS = tuple(column for column in columns_of("runs") if column.name not in _OF_A_MACHINE)
_PICTURE_COLUMNS = tuple(column for column in columns_of("pictures") if column.name not in _OF_A_MACHINE)
_MARKS = tuple(column.name for column in columns_of("marks"))


class RunRecord(NamedTuple):
    """A run, with all pictures of its output.

    Attributes
    ----------
    run:
        Its row, without what belongs to a machine or an account.
    more:
        The pictures beside its first one.
    """

    run: LoggedRun
    more: Sequence[MorePicture] = ()


class MarkRecord(NamedTuple):
    """What one rater says about a run."""

    digest: str
    rater: str
    stars: int | None
    pick: int | None
    note: str | None
    marked_at: float


@dataclass(frozen=True)
class SweepRecord:
    """A sweep with its cells.

    Attributes
    ----------
    identity:
        Tells sweeps apart.
    name:
        Its name, made of its axes.
    title:
        What the user calls it, or empty.
    axes:
        Values by axis, in order.
    created_at:
        When it was entered, in seconds since 1970 UTC.
    cells:
        The digest and the labels of each cell, in order.
    """

    identity: str
    name: str
    title: str
    axes: Mapping[str, Sequence[Value]]
    created_at: float
    cells: Sequence[tuple[str, Mapping[str, Value]]]


class RecordLog:
    """Reads and enters the records of a service.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    service:
        The service that is meant.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._runs = RunLog(database, clock, service)
        self._pictures = PictureLog(database, clock, service)

    def runs(self, digests: Iterable[str]) -> Iterator[RunRecord]:
        """The runs with these digests, in their order; those that the log does not have are left out.

        They are read some thousands at a time, so that memory does not grow with their number.
        """
        nothing: dict[str, Any] = dict.fromkeys(_OF_A_MACHINE)
        with_more = set(self._pictures.paths()) | self._with_discarded()
        rest = iter(digests)
        while part := list(islice(rest, LOOKED_UP)):
            logged = self._runs.read(part)
            for digest in part:
                if digest in logged:
                    more = self._pictures.more(digest) if digest in with_more else []
                    yield RunRecord(logged[digest]._replace(**nothing), [one._replace(url="") for one in more])

    def request_ids(self, digests: Collection[str]) -> set[str]:
        """The service's ids of all jobs that these runs ever had."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT digest, request_id FROM jobs WHERE service = ? UNION"
                " SELECT digest, request_id FROM runs WHERE service = ? AND request_id IS NOT NULL",
                (self._service, self._service),
            )
            return {request_id for digest, request_id in cursor if digest in digests}

    def enter_runs(self, records: Iterable[RunRecord], came_from: str) -> int:
        """Enter runs as they are. A run that the log has stays, unless nothing is submitted or done for it.

        Parameters
        ----------
        records:
            The runs.
        came_from:
            What their events say of where they are from.

        Returns
        -------
        How many were entered.
        """
        names = [column.sql_name for column in _RUN_COLUMNS]
        replaced = ", ".join(f"{name} = excluded.{name}" for name in names if name not in ("service", "digest"))
        states = ", ".join(f"'{state.value}'" for state in REPLANNED)
        # The names are those of the table of columns; the values are bound.
        insert = (
            f"INSERT INTO runs ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 - see above
            f" ON CONFLICT (service, digest) DO UPDATE SET {replaced} WHERE runs.state IN ({states})"
        )
        entered = 0
        with self._database.writing() as cursor:
            for record in records:
                row = record.run._replace(service=self._service)._asdict()
                row["parameters"] = json.dumps(dict(row["parameters"]))
                cursor.execute(insert, [row[column.name] for column in _RUN_COLUMNS])
                if cursor.rowcount:
                    entered += 1
                    self._enter_pictures(cursor, record)
                    before = record.run._replace(service=self._service, state=State.PLANNED)
                    append_event(cursor, before, record.run.state, {"came_from": came_from}, self._clock.now())
        return entered

    def _enter_pictures(self, cursor: Any, record: RunRecord) -> None:
        """Enter the pictures of a run, the first one from its row.

        Parameters
        ----------
        cursor:
            The transaction.
        record:
            The run.
        """
        row = record.run._asdict()
        names = [column.sql_name for column in _PICTURE_COLUMNS]
        first = [row[column.name] for column in _PICTURE_COLUMNS]
        others = [
            {"picture": one.path, "bytes": one.size, **{n: getattr(one, n) for n in ("width", "height", "sha256")}}
            for one in record.more
        ]
        pictures = [(0, first)] if row["picture"] or row["sha256"] else []
        pictures += [
            (one.number, [values[column.name] for column in _PICTURE_COLUMNS])
            for one, values in zip(record.more, others, strict=True)
        ]
        cursor.executemany(
            f"INSERT INTO pictures (service, digest, number, {', '.join(names)})"  # noqa: S608 - names of columns
            f" VALUES (?, ?, ?, {', '.join('?' * len(names))})"
            " ON CONFLICT (service, digest, number) DO UPDATE SET "
            + ", ".join(f"{name} = excluded.{name}" for name in names),
            [(self._service, record.run.digest, number, *values) for number, values in pictures],
        )

    def _with_discarded(self) -> set[str]:
        """The runs that have, or had, pictures beside the first one."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT DISTINCT digest FROM pictures WHERE service = ? AND number > 0", (self._service,))
            return {digest for (digest,) in cursor}

    def explain_planned(self, digests: Iterable[str], why: str) -> None:
        """Say of planned runs why they stay so.

        Parameters
        ----------
        digests:
            The runs; those that are not planned stay as they are.
        why:
            The reason.
        """
        with self._database.writing() as cursor:
            cursor.executemany(
                "UPDATE runs SET error = ? WHERE service = ? AND digest = ? AND state = 'planned'",
                [(why, self._service, digest) for digest in digests],
            )

    # ------------------------------------------------------------------ judgements

    def marks(self) -> list[MarkRecord]:
        """What every rater says about every run."""
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT digest, rater, {', '.join(_MARKS)}, marked_at FROM marks"  # noqa: S608 - names of columns
                " WHERE service = ? ORDER BY digest, rater",
                (self._service,),
            )
            return [MarkRecord(*row) for row in cursor]

    def enter_marks(self, marks: Iterable[MarkRecord]) -> None:
        """Enter marks with their raters and times."""
        with self._database.writing() as cursor:
            cursor.executemany(
                f"INSERT INTO marks (service, digest, rater, {', '.join(_MARKS)}, marked_at)"  # noqa: S608 - see marks
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (service, digest, rater) DO NOTHING",
                [(self._service, *mark) for mark in marks],
            )

    # ------------------------------------------------------------------ sweeps

    def sweeps(self) -> list[SweepRecord]:
        """The sweeps of the service with their cells, the oldest first."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT number, identity, name, title, axes, created_at FROM sweeps WHERE service = ?"
                " ORDER BY number",
                (self._service,),
            )
            rows = cursor.fetchall()
            found = []
            for number, identity, name, title, axes, created_at in rows:
                cursor.execute("SELECT digest, labels FROM cells WHERE sweep = ? ORDER BY position", (number,))
                cells = [(digest, json.loads(labels)) for digest, labels in cursor]
                found.append(SweepRecord(identity, name, title, json.loads(axes), created_at, cells))
        return found

    def enter_sweep(self, sweep: SweepRecord) -> None:
        """Enter a sweep that the log does not have, with the time at which it was entered first."""
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO sweeps (service, identity, name, title, axes, created_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (service, identity) DO NOTHING RETURNING number",
                (
                    *(self._service, sweep.identity, sweep.name, sweep.title),
                    *(json.dumps(dict(sweep.axes)), sweep.created_at),
                ),
            )
            row = cursor.fetchone()
            if row is not None:
                cursor.executemany(
                    "INSERT INTO cells (sweep, position, digest, labels) VALUES (?, ?, ?, ?)",
                    [
                        (row[0], position, digest, json.dumps(dict(labels)))
                        for position, (digest, labels) in enumerate(sweep.cells)
                    ],
                )
