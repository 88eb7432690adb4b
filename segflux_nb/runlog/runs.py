"""The runs of a service in the log. Each change of a run's state is one durable transaction that appends an event.

The SQL here, and in `sweeps`, `marks` and `sharing`, is the part that SQLite and PostgreSQL have in common
(``docs/architecture.md``, "One journal, two databases").
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import orjson

from ..clock import Clock
from ..lifecycle import State, check_transition
from ..model import Value
from ..sweep.request import Request, integral
from .accepting import Acceptance
from .changes import Change
from .reading import from_runs, in_sql, read_columns, read_rows, without_collection
from .rows import AcceptedJob, LoggedRun, Measurement, RunState
from .seam import LogDatabase

REPLANNED = (State.PLANNED, State.FAILED, State.REFUSED)
"""In these states nothing is submitted or done: a new plan may change what does not decide the picture."""

_NO_HARDWARE = "-"
"""For models without that parameter."""

_COLUMNS = ("digest", *(name for name in LoggedRun._fields if name not in ("digest", "service")))
_STATES = {state.value: state for state in State}


class RunLog:
    """The runs of a service: their current rows, the jobs they had, and what happened to them.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    service:
        The service whose runs are meant.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
        self._database = database
        self._dialect = database.dialect
        self._clock = clock
        self._service = service

    def plan(self, requests: Iterable[Request]) -> None:
        """Enter the requests that the log does not have yet, as planned.

        What does not decide the picture (``hardware``) replaces the earlier value where nothing is submitted or done.
        """
        requests = list(requests)
        logged_hardware = self._hardware([request.digest for request in requests])
        rows = [
            (
                self._service,
                request.digest,
                request.again(0).digest if request.take else request.digest,
                request.take,
                request.model,
                json.dumps(integral(request.parameters)),
            )
            for request in requests
            if logged_hardware.get(request.digest, "") not in (None, request.parameters.get("hardware", _NO_HARDWARE))
        ]
        if not rows:
            return
        with self._database.writing() as cursor:
            cursor.executemany(
                "INSERT INTO runs (service, digest, first_digest, take, model, parameters, state)"
                " VALUES (?, ?, ?, ?, ?, ?, 'planned')"
                " ON CONFLICT (service, digest) DO UPDATE SET parameters = excluded.parameters"
                " WHERE runs.state IN ('planned', 'failed', 'refused') AND runs.parameters <> excluded.parameters",
                rows,
            )

    def _hardware(self, digests: Sequence[str]) -> dict[str, Value | None]:
        """The hardware of the runs that the log has, by digest; None where something is submitted or done.

        A sweep is planned each time it is run, and then most of its cells are as they were.
        """
        with self._database.reading() as cursor:
            return {
                digest: json.loads(parameters).get("hardware", _NO_HARDWARE) if state in REPLANNED else None
                for digest, state, parameters in read_rows(
                    cursor, self._dialect, self._service, digests, ("digest", "state", "parameters")
                )
            }

    def move(
        self, run: LoggedRun, to: State, *, traceback: str = "", more_urls: Sequence[str] = (), **changes: Any
    ) -> LoggedRun | None:
        """Change a run's state and columns, if its state is still that of `run`, and of the same submit.

        A process that was stopped for long may come back when another has submitted the run again.

        Parameters
        ----------
        run:
            The run as it was read.
        to:
            Its new state.
        traceback:
            Where an error that nothing foresees came from; it is kept with the event. Empty for none.
        more_urls:
            Where the service has more pictures of the same output, beside the first.
        changes:
            New values of other columns. Those of its picture go to the table of pictures.

        Returns
        -------
        The run as it is now, or None if another process has changed its state.

        Raises
        ------
        ValueError
            If the lifecycle does not allow the change, or a column cannot be changed.
        """
        change = Change(run, to, changes, self._clock.now(), traceback, more_urls)
        check_transition(run.state, to)
        return self._database.write(change)

    def accept(self, job: AcceptedJob) -> LoggedRun | None:
        """Give a run the job that the service accepted for it, whatever other processes did to the run meanwhile.

        A run that has another job by now keeps that one; the event says that there are two.

        Parameters
        ----------
        job:
            The job.

        Returns
        -------
        The run as it is now, or None if the id is that of another run's job: nothing is changed then.
        """
        return self._database.write(Acceptance(job, self._clock.now(), self._dialect, _COLUMNS, self._logged))

    def read(self, digests: Iterable[str]) -> dict[str, LoggedRun]:
        """The runs with these digests, by digest; those that the log does not have are missing."""
        with self._database.reading() as cursor:
            rows = read_rows(cursor, self._dialect, self._service, list(digests), _COLUMNS)
            return self._logged(rows)

    def table(self, digests: Collection[str] | None, columns: Sequence[str]) -> dict[str, Sequence[Any]]:
        """Columns of the runs with these digests, each run once and in the log's own order.

        Parameters
        ----------
        digests:
            Which runs; those that the log does not have are missing. None for all of the service.
        columns:
            Which columns, or names of parameters; ``digest`` is always among them. ``parameters`` are mappings.
        """
        with self._database.reading() as cursor:
            read = tuple(name for name in dict.fromkeys(("digest", *columns)) if name != "service")
            found = read_columns(cursor, self._dialect, self._service, digests, read)
        # The service is the same in all rows, so it is not read.
        return found | {"service": [self._service] * len(found["digest"])}

    def states(self, digests: Iterable[str]) -> dict[str, RunState]:
        """The states of these runs, by digest; those that the log does not have are missing."""
        with without_collection():
            table = self.table(list(digests), ("state", "error_kind", "account"))
            states = map(_STATES.__getitem__, table["state"])
            rows = zip(table["digest"], states, table["error_kind"], table["account"], strict=True)
            return {row[0]: RunState(*row) for row in rows}

    def salt(self) -> str:
        """The log's own salt, for digests of API keys."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT value FROM properties WHERE name = 'salt'")
            return str(cursor.fetchone()[0])

    def all(self) -> dict[str, LoggedRun]:
        """All runs of the service, by digest, in the order in which they were submitted."""
        selected = ", ".join(in_sql(name, self._dialect) for name in _COLUMNS)
        with self._database.reading() as cursor:
            # Names of the table of columns; runs that were not submitted come first.
            cursor.execute(
                f"SELECT {selected} {from_runs(_COLUMNS)} WHERE runs.service = ?"
                " ORDER BY coalesce(runs.submitted_at, 0), runs.digest",
                (self._service,),
            )
            return self._logged(cursor)

    def next_take(self, first_digest: str) -> int:
        """The number of the next take of a request."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT coalesce(max(take), -1) + 1 FROM runs WHERE service = ? AND first_digest = ?",
                (self._service, first_digest),
            )
            return int(cursor.fetchone()[0])

    def takes(self, first_digests: Iterable[str] | None = None) -> dict[str, list[LoggedRun]]:
        """All takes of requests of which the log has several, in their order, by the digest of take 0.

        Parameters
        ----------
        first_digests:
            The digests of take 0 of the requests; None for all of the service.
        """
        wanted = None if first_digests is None else set(first_digests)
        with self._database.reading() as cursor:
            cursor.execute("SELECT first_digest, digest FROM runs WHERE service = ? AND take > 0", (self._service,))
            again = [(first, digest) for first, digest in cursor if wanted is None or first in wanted]
        found = self.read({digest for pair in again for digest in pair})
        by_request: dict[str, list[LoggedRun]] = {}
        for run in sorted(found.values(), key=lambda run: run.take):
            by_request.setdefault(run.first_digest, []).append(run)
        return by_request

    def knows_request(self, request_id: str) -> bool:
        """Whether a run of the log has, or had, the job with this id."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT 1 FROM jobs WHERE service = ? AND request_id = ?", (self._service, request_id))
            return cursor.fetchone() is not None

    def events(self, digest: str) -> list[tuple[float, str, str, dict[str, Any]]]:
        """What happened to a run: time, state before, state after, and the columns that changed."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT at, from_state, to_state, data FROM events WHERE service = ? AND digest = ? ORDER BY number",
                (self._service, digest),
            )
            return [(at, before, after, json.loads(data)) for at, before, after, data in cursor]

    def measured(self, most: int = 150, model: str | None = None) -> list[Measurement]:
        """What the service measured of the latest completed runs, the newest first.

        Parameters
        ----------
        most:
            How many runs at most.
        model:
            The slug of the model; None for all of them.
        """
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT parameters, coalesce(queue_seconds, 0), render_seconds, cost_usd,"
                " coalesce(accepted_at, submitted_at, completed_at), model FROM runs"
                " WHERE service = ? AND coalesce(?, model) = model AND state = 'completed'"
                " AND render_seconds IS NOT NULL ORDER BY completed_at DESC LIMIT ?",
                (self._service, model, most),
            )
            return [Measurement(json.loads(parameters), *others) for parameters, *others in cursor]

    def models(self, digests: Collection[str] | None = None) -> set[str]:
        """The slugs of the models of these runs; of all runs of the service, where none are given."""
        if digests is not None:
            return set(self.table(digests, ["model"])["model"])
        with self._database.reading() as cursor:
            cursor.execute("SELECT DISTINCT model FROM runs WHERE service = ?", (self._service,))
            return {slug for (slug,) in cursor}

    def finetunes(self, most: int = 20) -> list[str]:
        """The ids of the fine-tunes that there are runs of, the one that was submitted last first."""
        finetune = self._dialect.parameter_as_text.format("finetune_id")
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {finetune} AS finetune FROM runs"  # noqa: S608 - our own
                f" WHERE service = ? AND {finetune} IS NOT NULL"  # other models have none
                " GROUP BY finetune ORDER BY max(coalesce(submitted_at, 0)) DESC, finetune LIMIT ?",
                (self._service, most),
            )
            return [str(finetune) for (finetune,) in cursor]

    def _logged(self, rows: Iterable[Sequence[Any]]) -> dict[str, LoggedRun]:
        """Runs by digest, from rows of `_COLUMNS`."""
        rows = list(rows)
        # One text parsed at once is several times faster than a text for each row.
        parsed = orjson.loads(f"[{','.join([row[3] for row in rows])}]")
        service = self._service
        return {
            digest: LoggedRun(service, digest, first_digest, take, parameters, _STATES[state], *others)
            for (digest, first_digest, take, _, state, *others), parameters in zip(rows, parsed, strict=True)
        }
