"""The sweeps of a service in the log, and their cells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ..clock import Clock
from ..model import Value
from ..sweep.request import Request
from .database import Database
from .rows import FoundSweep, LoggedSweep


class SweepLog:
    """The sweeps of a service.

    Parameters
    ----------
    database:
        The log's file.
    clock:
        Source of the current time.
    service:
        The service whose rows are meant.
    """

    def __init__(self, database: Database, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service

    def enter(
        self,
        identity: str,
        name: str,
        title: str,
        axes: Mapping[str, Sequence[Value]],
        cells: Sequence[Request],
    ) -> int:
        """Enter a sweep, or find it, and give its number.

        Cells it did not have yet (new takes) are added; an empty title leaves the one it has.
        """
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO sweeps (service, identity, name, title, axes, created_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (service, identity)"
                " DO UPDATE SET title = iif(excluded.title = '', title, excluded.title) RETURNING number",
                (self._service, identity, name, title, json.dumps(axes), self._clock.now()),
            )
            number = int(cursor.fetchone()[0])
            cursor.execute("SELECT digest, labels FROM cells WHERE sweep = ?", (number,))
            known = {(row[0], row[1]) for row in cursor.fetchall()}
            entries = [(cell.digest, json.dumps(dict(cell.labels))) for cell in cells]
            added = [entry for entry in entries if entry not in known]
            cursor.executemany(
                "INSERT INTO cells (sweep, position, digest, labels) VALUES (?, ?, ?, ?)",
                [(number, len(known) + index, *entry) for index, entry in enumerate(added)],
            )
            return number

    def all(self) -> list[LoggedSweep]:
        """The sweeps of the service, the oldest first."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT sweeps.*, count(*) AS cells, sum(runs.state = 'completed') AS done,"
                " total(runs.cost_usd) AS paid FROM sweeps JOIN cells ON cells.sweep = sweeps.number"
                " JOIN runs ON runs.digest = cells.digest AND runs.service = sweeps.service"
                " WHERE sweeps.service = ? GROUP BY sweeps.number ORDER BY sweeps.number",
                (self._service,),
            )
            return [
                LoggedSweep(
                    row["number"],
                    row["service"],
                    row["name"],
                    row["title"],
                    json.loads(row["axes"]),
                    row["created_at"],
                    row["cells"],
                    row["done"],
                    row["paid"],
                )
                for row in cursor
            ]

    def find(self, *, identity: str | None = None, name: str | None = None) -> FoundSweep | None:
        """The sweep with this identity, or the newest with this name or title."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT number, name, title, axes FROM sweeps"
                " WHERE service = ? AND (identity = ? OR name = ? OR title = ?) ORDER BY number DESC LIMIT 1",
                (self._service, identity, name, name),
            )
            found = cursor.fetchone()
        return None if found is None else FoundSweep(found[0], found[1], found[2], json.loads(found[3]))

    def cells(self, sweep: int) -> list[tuple[str, dict[str, Value]]]:
        """A sweep's cells in order: digest and labels."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT digest, labels FROM cells WHERE sweep = ? ORDER BY position", (sweep,))
            known: dict[str, dict[str, Value]] = {}
            return [(row[0], known.get(row[1]) or known.setdefault(row[1], json.loads(row[1]))) for row in cursor]
