"""The sweeps of a service in the log, and their cells."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..clock import Clock
from ..console import say
from ..model import Value
from ..sweep.names import renamed
from ..sweep.request import Request
from .reading import read_cells, without_collection
from .rows import FoundSweep, LoggedSweep
from .seam import LogDatabase


class SweepLog:
    """The sweeps of a service.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    service:
        The service whose sweeps are meant.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service
        self._told: set[str] = set()

    def enter(
        self,
        identity: str,
        name: str,
        title: str,
        axes: Mapping[str, Sequence[Value]],
        cells: Sequence[Request],
    ) -> int:
        """Enter a sweep, or find it. Returns its number.

        Parameters
        ----------
        identity:
            Tells sweeps apart.
        name:
            Its name, made of its axes.
        title:
            What the user calls it. An empty title keeps the one that the log has.
        axes:
            Values by axis, in order.
        cells:
            Its cells in order. Those that it does not have yet, such as new takes, are added.
        """
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO sweeps (service, identity, name, title, axes, created_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (service, identity) DO UPDATE SET title ="
                " CASE WHEN excluded.title = '' THEN sweeps.title ELSE excluded.title END RETURNING number",
                (self._service, identity, name, title, json.dumps(axes), self._clock.now()),
            )
            number = int(cursor.fetchone()[0])
            entries = [(cell.digest, json.dumps(dict(cell.labels)) if cell.labels else "{}") for cell in cells]
            logged = list(zip(*read_cells(cursor, self._database.dialect, number), strict=True))
            if logged[: len(entries)] == entries:  # a sweep that is run once more
                return number
            known = set(logged)
            added = [entry for entry in entries if entry not in known]
            cursor.executemany(
                "INSERT INTO cells (sweep, position, digest, labels) VALUES (?, ?, ?, ?)",
                [(number, len(logged) + index, *entry) for index, entry in enumerate(added)],
            )
            return number

    def all(self) -> list[LoggedSweep]:
        """The sweeps of the service, the oldest first."""
        with self._database.reading() as cursor:
            # Cells are counted by the number of their sweep alone, so that nothing long is sorted with each of them,
            # and in the order of digests, in which the table of runs is kept.
            cursor.execute(
                "WITH entered AS MATERIALIZED (SELECT cells.sweep, cells.digest FROM sweeps JOIN cells"
                " ON cells.sweep = sweeps.number WHERE sweeps.service = ? ORDER BY cells.digest),"
                " counted AS MATERIALIZED (SELECT entered.sweep, count(*) AS cells,"
                " sum(CASE WHEN runs.state = 'completed' THEN 1 ELSE 0 END) AS done,"
                " coalesce(sum(runs.cost_usd), 0.0) AS paid"
                " FROM entered CROSS JOIN runs WHERE runs.service = ? AND runs.digest = entered.digest"
                " GROUP BY entered.sweep)"
                " SELECT number, name, title, axes, created_at, cells, done, paid"
                " FROM counted JOIN sweeps ON sweeps.number = counted.sweep ORDER BY number",
                (self._service, self._service),
            )
            return [
                LoggedSweep(number, self._service, name, title, self._names_apart(json.loads(axes), number), *others)
                for number, name, title, axes, *others in cursor
            ]

    def find(self, *, identity: str | None = None, name: str | None = None) -> FoundSweep | None:
        """The sweep with this identity, or the newest with this name or title; None if there is none.

        Parameters
        ----------
        identity:
            The identity of a sweep.
        name:
            A name or title.
        """
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT number, name, title, axes FROM sweeps"
                " WHERE service = ? AND (identity = ? OR name = ? OR title = ?) ORDER BY number DESC LIMIT 1",
                (self._service, identity, name, name),
            )
            found = cursor.fetchone()
        if found is None:
            return None
        number, own_name, title, axes = found
        return FoundSweep(number, own_name, title, self._names_apart(json.loads(axes), number))

    def digests(self) -> list[tuple[int, str, set[str]]]:
        """The sweeps of the service, the oldest first: number, title or name, and the digests of their cells."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT number, title, name FROM sweeps WHERE service = ? ORDER BY number", (self._service,)
            )
            found: dict[int, tuple[int, str, set[str]]] = {
                number: (number, title or name, set()) for number, title, name in cursor
            }
            cursor.execute(
                "SELECT cells.sweep, cells.digest FROM sweeps JOIN cells ON cells.sweep = sweeps.number"
                " WHERE sweeps.service = ?",
                (self._service,),
            )
            for number, digest in cursor:
                if number in found:  # else another process entered it just now
                    found[number][2].add(digest)
            return list(found.values())

    def in_order(self) -> tuple[list[str], dict[str, list[Value]]]:
        """The digests of the cells of all sweeps, and their values by axis, each where it came first."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT number, axes FROM sweeps WHERE service = ? ORDER BY number", (self._service,))
            sweeps = cursor.fetchall()
            cursor.execute(
                "SELECT cells.digest FROM sweeps JOIN cells ON cells.sweep = sweeps.number"
                " WHERE sweeps.service = ? ORDER BY sweeps.number, cells.position",
                (self._service,),
            )
            digests = list(dict.fromkeys(digest for (digest,) in cursor))
        axes: dict[str, dict[Value, None]] = {}
        for number, text in sweeps:
            for name, values in self._names_apart(json.loads(text), number).items():
                # A log from somebody else may say anything.
                axes.setdefault(name, {}).update(dict.fromkeys(value for value in values if isinstance(value, Value)))
        return digests, {name: list(values) for name, values in axes.items()}

    def cells(self, sweep: int) -> list[tuple[str, dict[str, Value]]]:
        """The cells of a sweep in order: digest and labels."""
        with self._database.reading() as cursor:
            digests, texts = read_cells(cursor, self._database.dialect, sweep)
        known = {text: self._names_apart(json.loads(text)) for text in dict.fromkeys(texts)}
        with without_collection():
            return [(digest, known[text]) for digest, text in zip(digests, texts, strict=True)]

    def _is_placeholder(self, name: str, sweep: int) -> bool:
        """Whether an axis of a sweep is a placeholder or label; otherwise it is a parameter of another model."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT labels FROM cells WHERE sweep = ? LIMIT 1", (sweep,))
            first = cursor.fetchone()
        return first is not None and name in json.loads(first[0])

    def _names_apart(self, entries: dict[str, Any], sweep: int | None = None) -> dict[str, Any]:
        """Entries by the names of axes, labels and placeholders, without names that columns of the frames have.

        Earlier versions of the program allowed such placeholders. It is said once how they are called now.

        Parameters
        ----------
        entries:
            Entries by name.
        sweep:
            The number of the sweep whose axes these are; None for labels.
        """
        names = renamed(entries)
        if sweep is not None:
            renaming = [name for name, now in names.items() if name != now]
            names |= {name: name for name in renaming if not self._is_placeholder(name, sweep)}
        for name, now in names.items():
            if name != now and name not in self._told:
                self._told.add(name)
                say(
                    f"A sweep of this log has the placeholder {{{name}}}, which is the name of a column of runs.df. "
                    f"It is shown as {now}."
                )
        return {names[name]: value for name, value in entries.items()}
