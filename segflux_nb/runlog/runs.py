"""The runs of a service in the log: each change of state is one durable transaction that appends an event."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from ..clock import Clock
from ..lifecycle import State, check_transition
from ..model import Value
from ..sweep.request import Request
from .columns import read_columns, read_rows
from .database import Database
from .rows import LoggedRun, Measurement, RunState

_UNPLANNED = ""
"""No hardware of any run: the request is not in the log."""

_COLUMNS = "digest, " + ", ".join(name for name in LoggedRun._fields if name != "digest")
_CHANGEABLE = frozenset(LoggedRun._fields) - {"service", "digest", "first_digest", "take", "parameters", "state"}
_STATES = {state.value: state for state in State}


class RunLog:
    """The runs of a service: their current rows, the jobs they had, and what happened to them.

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

    def plan(self, requests: Iterable[Request]) -> None:
        """Enter the requests that the log does not know yet, as planned.

        What does not decide the picture (``hardware``) is taken anew where nothing is submitted or done.
        """
        requests = list(requests)
        settled = self._planned_already(requests)
        rows = [
            (
                self._service,
                request.digest,
                request.again(0).digest if request.take else request.digest,
                request.take,
                json.dumps(request.body),
            )
            for request in requests
            if settled.get(request.digest, _UNPLANNED) not in (None, request.parameters["hardware"])
        ]
        if not rows:
            return
        with self._database.writing() as cursor:
            cursor.executemany(
                "INSERT INTO runs (service, digest, first_digest, take, parameters, state)"
                " VALUES (?, ?, ?, ?, ?, 'planned') ON CONFLICT DO UPDATE SET parameters = excluded.parameters"
                " WHERE state IN ('planned', 'failed', 'refused') AND parameters <> excluded.parameters",
                rows,
            )

    def _planned_already(self, requests: Sequence[Request]) -> dict[str, Value | None]:
        """The requests that the log knows, by digest: None where something is submitted or done, else the hardware.

        A sweep is planned at each run of it, and most of its cells are as they were.
        """
        hardware = "iif(state IN ('planned', 'failed', 'refused'), json_extract(parameters, '$.hardware'), NULL)"
        with self._database.reading() as cursor:
            digests = [request.digest for request in requests]
            return {row[0]: row[1] for row in read_rows(cursor, self._service, digests, f"digest, {hardware}")}

    def move(self, run: LoggedRun, to: State, **changes: Any) -> LoggedRun | None:
        """Change a run's state and columns, if it still stands where `run` says.

        Returns the row as it is now, or None where another process has moved it meanwhile.

        Raises
        ------
        ValueError
            For an arrow that the lifecycle does not have.
        """
        check_transition(run.state, to)
        if not set(changes) <= _CHANGEABLE:
            raise ValueError(f"not columns of a run: {sorted(set(changes) - _CHANGEABLE)}")
        assignments = "".join(f", {name} = ?" for name in changes)
        data = {name: value for name, value in changes.items() if value is not None}
        with self._database.writing() as cursor:
            # The names are columns, as was checked above; the values are bound.
            cursor.execute(
                f"UPDATE runs SET state = ?{assignments} WHERE service = ? AND digest = ? AND state = ?",  # noqa: S608
                (to, *changes.values(), run.service, run.digest, run.state),
            )
            if not cursor.rowcount:
                return None
            cursor.execute(
                "INSERT INTO events (at, service, digest, from_state, to_state, data) VALUES (?, ?, ?, ?, ?, ?)",
                (self._clock.now(), run.service, run.digest, run.state, to, orjson.dumps(data).decode()),
            )
            if data.get("request_id"):
                cursor.execute(
                    "INSERT OR IGNORE INTO jobs VALUES (?, ?, ?)", (run.service, data["request_id"], run.digest)
                )
        return run._replace(**changes, state=to)

    def read(self, digests: Iterable[str]) -> dict[str, LoggedRun]:
        """The rows of these digests, by digest; those that the log does not know are missing."""
        with self._database.reading() as cursor:
            rows = read_rows(cursor, self._service, list(digests), _COLUMNS)
            return {run.digest: run for run in map(_logged, rows)}

    def table(self, digests: Sequence[str], columns: Sequence[str]) -> dict[str, Sequence[Any]]:
        """Columns of the rows of these digests, each row once and in the log's own order; parameters are mappings.

        Digests that the log does not know are missing.
        """
        with self._database.reading() as cursor:
            return read_columns(cursor, self._service, digests, tuple(dict.fromkeys(("digest", *columns))))

    def states(self, digests: Iterable[str]) -> dict[str, RunState]:
        """Where these runs stand, by digest; those that the log does not know are missing."""
        with self._database.reading() as cursor:
            rows = read_rows(cursor, self._service, list(digests), "digest, state, error_kind")
            return {digest: RunState(digest, _STATES[state], kind) for digest, state, kind in rows}

    def all(self) -> dict[str, LoggedRun]:
        """All rows of the service, in the order in which they were first planned to be sent."""
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM runs WHERE service = ? ORDER BY submitted_at, digest",  # noqa: S608 - names of the schema
                (self._service,),
            )
            return {run.digest: run for run in map(_logged, cursor)}

    def next_take(self, first_digest: str) -> int:
        """The number of the next take of a request."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT coalesce(max(take), -1) + 1 FROM runs WHERE service = ? AND first_digest = ?",
                (self._service, first_digest),
            )
            return int(cursor.fetchone()[0])

    def knows_request(self, request_id: str) -> bool:
        """Whether a run of the log has, or had, the job with this id."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT 1 FROM jobs WHERE service = ? AND request_id = ?", (self._service, request_id))
            return cursor.fetchone() is not None

    def events(self, digest: str) -> list[tuple[float, str, str, dict[str, Any]]]:
        """What happened to a run: time, state before, state after, and what the change brought."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT at, from_state, to_state, data FROM events WHERE service = ? AND digest = ? ORDER BY number",
                (self._service, digest),
            )
            return [(row[0], row[1], row[2], json.loads(row[3])) for row in cursor]

    def measured(self, most: int = 150) -> list[Measurement]:
        """What the service measured of the latest completed runs, the newest first."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT parameters, coalesce(queue_seconds, 0), render_seconds, cost_usd,"
                " coalesce(accepted_at, submitted_at, completed_at) FROM runs WHERE service = ?"
                " AND state = 'completed' AND render_seconds IS NOT NULL ORDER BY completed_at DESC LIMIT ?",
                (self._service, most),
            )
            return [Measurement(json.loads(row[0]), *tuple(row)[1:]) for row in cursor]


def _logged(row: Sequence[Any]) -> LoggedRun:
    digest, service, first_digest, take, parameters, state, *others = row
    return LoggedRun(service, digest, first_digest, take, orjson.loads(parameters), _STATES[state], *others)
