"""A job that the service accepted is entered in the log, whatever other processes did to its run meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from ..lifecycle import TRANSITIONS, State
from .changes import Change, append_event
from .reading import from_runs, in_sql, read_rows
from .rows import AcceptedJob, LoggedRun
from .seam import AtOnce, Cursor, Dialect, Statement

WITHOUT_JOB = (State.PLANNED, State.SUBMITTING, State.UNKNOWN)
"""In these states a run has no job, or that of an earlier take of it that failed."""

_TAKES_A_JOB = tuple(state for state in State if State.SUBMITTED in TRANSITIONS[state])


class Acceptance:
    """Gives a run a job. A run that has another job by now keeps that one; the event says that there are two.

    Parameters
    ----------
    job:
        The job.
    now:
        The time, in seconds since 1970 UTC.
    dialect:
        That of the database.
    columns:
        The columns that `logged` takes.
    logged:
        Makes runs of rows, by digest.
    """

    def __init__(
        self,
        job: AcceptedJob,
        now: float,
        dialect: Dialect,
        columns: tuple[str, ...],
        logged: Callable[[Iterable[Sequence[Any]]], dict[str, LoggedRun]],
    ) -> None:
        self._job = job
        self._now = now
        self._dialect = dialect
        self._columns = columns
        self._logged = logged
        self._gained: dict[str, Any] = {
            "request_id": job.request_id,
            "status_url": job.status_url,
            "response_url": job.response_url,
            "accepted_at": job.accepted_at,
            "account": job.account,
            "owner": job.owner,
            "error": "",
            "error_kind": "",
        }
        self._second = {"request_id": job.request_id, "also_accepted": job.accepted_at}

    def in_steps(self, cursor: Cursor) -> LoggedRun | None:
        """Enter it: the run as it is then, or None if the id is that of another run's job.

        Parameters
        ----------
        cursor:
            The transaction.
        """
        job = self._job
        cursor.execute(
            "SELECT 1 FROM jobs WHERE service = ? AND request_id = ? AND digest <> ?",
            (job.service, job.request_id, job.digest),
        )
        if cursor.fetchone() is not None:
            return None
        run = self._logged(read_rows(cursor, self._dialect, job.service, [job.digest], self._columns))[job.digest]
        if run.request_id == job.request_id and run.state not in WITHOUT_JOB:
            return run  # it was entered before
        if run.state in _TAKES_A_JOB:
            return Change(run, State.SUBMITTED, self._gained, self._now).in_steps(cursor)
        append_event(cursor, run, run.state, self._second, self._now)
        return run

    def at_once(self, server_time: str) -> AtOnce:
        """The same in one round trip. Of two processes with one id, the second sees what the first has entered.

        Parameters
        ----------
        server_time:
            It needs no time of the server.
        """
        job, gained = self._job, self._gained
        event = {name: value for name, value in gained.items() if value is not None}
        alone = (job.service, job.request_id, job.digest)
        selected = ", ".join(in_sql(name, self._dialect) for name in self._columns)
        nobody_elses = "NOT EXISTS (SELECT 1 FROM jobs WHERE service = ? AND request_id = ? AND digest <> ?)"
        return AtOnce(
            [
                Statement(
                    "SELECT pg_advisory_xact_lock(hashtextextended(?, 0))", (f"{job.service} {job.request_id}",)
                ),
                Statement(
                    "SELECT 1 FROM runs WHERE service = ? AND digest = ? FOR UPDATE", (job.service, job.digest)
                ),
                Statement(
                    "WITH fresh AS (SELECT service, digest, state FROM runs WHERE service = ? AND digest = ?"  # noqa: S608
                    f" AND {nobody_elses}"
                    f" AND NOT (coalesce(request_id = ?, false) AND state NOT IN ({_listed(WITHOUT_JOB)}))),"
                    f" moved AS (UPDATE runs SET state = 'submitted', {', '.join(f'{name} = ?' for name in gained)}"
                    " FROM fresh WHERE runs.service = fresh.service AND runs.digest = fresh.digest"
                    f" AND fresh.state IN ({_listed(_TAKES_A_JOB)}) RETURNING runs.digest),"
                    " event AS (INSERT INTO events (at, service, digest, from_state, to_state, data)"
                    " SELECT ?, service, digest, state,"
                    " CASE WHEN EXISTS (SELECT 1 FROM moved) THEN 'submitted' ELSE state END,"
                    " CASE WHEN EXISTS (SELECT 1 FROM moved) THEN ? ELSE ? END FROM fresh)"
                    " INSERT INTO jobs (service, request_id, digest) SELECT service, ?, digest FROM fresh"
                    " ON CONFLICT DO NOTHING",
                    (
                        *(job.service, job.digest, *alone, job.request_id, *gained.values(), self._now),
                        *(orjson.dumps(data).decode() for data in (event, self._second)),
                        job.request_id,
                    ),
                ),
                Statement(
                    f"SELECT {selected} {from_runs(self._columns)} WHERE runs.service = ? AND runs.digest = ?"
                    f" AND {nobody_elses}",
                    (job.service, job.digest, *alone),
                ),
            ],
            lambda row: None if row is None else self._logged([row])[job.digest],
        )


def _listed(states: Iterable[State]) -> str:
    return ", ".join(f"'{state.value}'" for state in states)
