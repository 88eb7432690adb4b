"""The journal: each change of a run's state is one durable transaction that updates its row and appends an event."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from ..clock import Clock
from ..errors import WorkspaceError
from ..lifecycle import State, check_arrow
from ..model import Value
from ..sweep.request import Request
from .columns import read_columns, read_rows
from .rows import FoundSweep, LoggedRun, LoggedSweep, LoggedVote, Measurement, RunState
from .schema import VOTES_SINCE, open_database

WINDOW_SECONDS = 60.5
"""A minute, and what requests may be late or early on their way: the service counts them when they arrive."""

_UNPLANNED = ""
"""No hardware of any run: the request is not in the log."""

_COLUMNS = "digest, " + ", ".join(name for name in LoggedRun._fields if name != "digest")
_CHANGEABLE = frozenset(LoggedRun._fields) - {"service", "digest", "first_digest", "take", "parameters", "state"}
_STATES = {state.value: state for state in State}


class Journal:
    """The log's file. Every method is one transaction and may be called from any thread.

    Parameters
    ----------
    path:
        The file.
    clock:
        Stamps the events.
    durable:
        False is for tests that play many thousand runs in virtual time: the file survives no kill.

    Raises
    ------
    WorkspaceError
        From any method, where the disk does not do what it must.

    Attributes
    ----------
    path:
        The file.
    read_only:
        Whether the folder cannot be written, so that the log can only be read.
    """

    def __init__(self, path: Path, clock: Clock, *, durable: bool = True) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        opened = open_database(path, durable=durable)
        self._database, self.read_only = opened.database, opened.read_only
        # Whoever forgets to close it gets no warning; but not at the interpreter's end, when a thread may be writing.
        weakref.finalize(self, self._database.close).atexit = False

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    # ------------------------------------------------------------------ runs

    def plan(self, service: str, requests: Iterable[Request]) -> None:
        """Enter the requests that the log does not know yet, as planned.

        What does not decide the picture (``hardware``) is taken anew where nothing is submitted or done.
        """
        requests = list(requests)
        settled = self._planned_already(service, requests)
        rows = [
            (
                service,
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
        with self._writing() as cursor:
            cursor.executemany(
                "INSERT INTO runs (service, digest, first_digest, take, parameters, state)"
                " VALUES (?, ?, ?, ?, ?, 'planned') ON CONFLICT DO UPDATE SET parameters = excluded.parameters"
                " WHERE state IN ('planned', 'failed', 'refused') AND parameters <> excluded.parameters",
                rows,
            )

    def _planned_already(self, service: str, requests: Sequence[Request]) -> dict[str, Value | None]:
        """The requests that the log knows, by digest: None where something is submitted or done, else the hardware.

        A sweep is planned at each run of it, and most of its cells are as they were.
        """
        hardware = "iif(state IN ('planned', 'failed', 'refused'), json_extract(parameters, '$.hardware'), NULL)"
        with self._reading() as cursor:
            digests = [request.digest for request in requests]
            return {row[0]: row[1] for row in read_rows(cursor, service, digests, f"digest, {hardware}")}

    def move(self, run: LoggedRun, to: State, **changes: Any) -> LoggedRun | None:
        """Change a run's state and columns, if it still stands where `run` says.

        Returns the row as it is now, or None where another process has moved it meanwhile.

        Raises
        ------
        ValueError
            For an arrow that the lifecycle does not have.
        """
        check_arrow(run.state, to)
        if not set(changes) <= _CHANGEABLE:
            raise ValueError(f"not columns of a run: {sorted(set(changes) - _CHANGEABLE)}")
        assignments = "".join(f", {name} = ?" for name in changes)
        data = {name: value for name, value in changes.items() if value is not None}
        with self._writing() as cursor:
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

    def runs(self, service: str, digests: Iterable[str]) -> dict[str, LoggedRun]:
        """The rows of these digests, by digest; those that the log does not know are missing."""
        with self._reading() as cursor:
            rows = read_rows(cursor, service, list(digests), _COLUMNS)
            return {run.digest: run for run in map(_logged, rows)}

    def table(self, service: str, digests: Sequence[str], columns: Sequence[str]) -> dict[str, Sequence[Any]]:
        """Columns of the rows of these digests, each row once and in the log's own order; parameters are mappings.

        Digests that the log does not know are missing.
        """
        with self._reading() as cursor:
            return read_columns(cursor, service, digests, tuple(dict.fromkeys(("digest", *columns))))

    def version(self) -> tuple[int, int]:
        """Changes whenever the log does, whoever changes it."""
        with self._reading() as cursor:
            return int(cursor.execute("PRAGMA data_version").fetchone()[0]), self._database.total_changes

    def run_states(self, service: str, digests: Iterable[str]) -> dict[str, RunState]:
        """Where these runs stand, by digest; those that the log does not know are missing."""
        with self._reading() as cursor:
            rows = read_rows(cursor, service, list(digests), "digest, state, error_kind")
            return {digest: RunState(digest, _STATES[state], kind) for digest, state, kind in rows}

    def all_runs(self, service: str) -> dict[str, LoggedRun]:
        """All rows of a service, in the order in which they were first planned to be sent."""
        with self._reading() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM runs WHERE service = ? ORDER BY submitted_at, digest",  # noqa: S608 - names of the schema
                (service,),
            )
            return {run.digest: run for run in map(_logged, cursor)}

    def services(self) -> list[str]:
        """The services that the log knows."""
        with self._reading() as cursor:
            cursor.execute("SELECT DISTINCT service FROM runs ORDER BY service")
            return [row[0] for row in cursor]

    def next_take(self, service: str, first_digest: str) -> int:
        """The number of the next take of a request."""
        with self._reading() as cursor:
            cursor.execute(
                "SELECT coalesce(max(take), -1) + 1 FROM runs WHERE service = ? AND first_digest = ?",
                (service, first_digest),
            )
            return int(cursor.fetchone()[0])

    def knows_request(self, service: str, request_id: str) -> bool:
        """Whether a run of the log has, or had, the job with this id."""
        with self._reading() as cursor:
            cursor.execute("SELECT 1 FROM jobs WHERE service = ? AND request_id = ?", (service, request_id))
            return cursor.fetchone() is not None

    def events(self, service: str, digest: str) -> list[tuple[float, str, str, dict[str, Any]]]:
        """What happened to a run: time, state before, state after, and what the change brought."""
        with self._reading() as cursor:
            cursor.execute(
                "SELECT at, from_state, to_state, data FROM events WHERE service = ? AND digest = ? ORDER BY number",
                (service, digest),
            )
            return [(row[0], row[1], row[2], json.loads(row[3])) for row in cursor]

    def measured(self, service: str, most: int = 150) -> list[Measurement]:
        """What the service measured of the latest completed runs, the newest first."""
        with self._reading() as cursor:
            cursor.execute(
                "SELECT parameters, coalesce(queue_seconds, 0), render_seconds, cost_usd,"
                " coalesce(accepted_at, submitted_at, completed_at) FROM runs WHERE service = ?"
                " AND state = 'completed' AND render_seconds IS NOT NULL ORDER BY completed_at DESC LIMIT ?",
                (service, most),
            )
            return [Measurement(json.loads(row[0]), *tuple(row)[1:]) for row in cursor]

    # ------------------------------------------------------------------ sharing

    def claim(self, run: LoggedRun, owner: str) -> LoggedRun | None:
        """Take over a run that is in nobody's hands; None where another process was faster."""
        with self._writing() as cursor:
            cursor.execute(
                "UPDATE runs SET owner = ? WHERE service = ? AND digest = ? AND state = ? AND owner IS ?",
                (owner, run.service, run.digest, run.state, run.owner),
            )
            return run._replace(owner=owner) if cursor.rowcount else None

    def beat(self, owner: str) -> None:
        """Note that a process is alive, and forget those that have not been for a day."""
        now = self._clock.now()
        with self._writing() as cursor:
            cursor.execute("INSERT OR REPLACE INTO processes VALUES (?, ?)", (owner, now))
            cursor.execute("DELETE FROM processes WHERE seen_at < ?", (now - 86_400,))

    def silence(self, owner: str) -> float | None:
        """Seconds since a process was last seen alive; None where it never was."""
        with self._reading() as cursor:
            cursor.execute("SELECT seen_at FROM processes WHERE owner = ?", (owner,))
            row = cursor.fetchone()
        return None if row is None else self._clock.now() - row[0]

    def take_turn(self, service: str, most: int) -> float:
        """Take one of so many requests a minute, for all processes; 0, or the seconds to wait for one."""
        now = self._clock.now()
        with self._writing() as cursor:
            # A clock that was set back must not lock everybody out.
            cursor.execute(
                "DELETE FROM turns WHERE service = ? AND (at <= ? OR at > ?)", (service, now - WINDOW_SECONDS, now)
            )
            cursor.execute("SELECT count(*), min(at) FROM turns WHERE service = ?", (service,))
            taken, oldest = cursor.fetchone()
            if taken >= most:
                return max(1e-3, float(oldest) + WINDOW_SECONDS - now)
            cursor.execute("INSERT INTO turns (service, at) VALUES (?, ?)", (service, now))
        return 0.0

    def note_limit(self, service: str, what: str, value: float, why: str) -> None:
        """Note a change of what the service is taken to allow."""
        with self._writing() as cursor:
            cursor.execute(
                "INSERT INTO limits (service, at, what, value, why) VALUES (?, ?, ?, ?, ?)",
                (service, self._clock.now(), what, value, why),
            )

    def limits(self, service: str) -> list[tuple[float, str, float, str]]:
        """The changes of what the service is taken to allow: when, what, the new value, why."""
        with self._reading() as cursor:
            cursor.execute("SELECT at, what, value, why FROM limits WHERE service = ? ORDER BY number", (service,))
            return [tuple(row) for row in cursor]

    # ------------------------------------------------------------------ sweeps

    def enter_sweep(
        self,
        service: str,
        identity: str,
        name: str,
        title: str,
        axes: Mapping[str, Sequence[Value]],
        cells: Sequence[Request],
    ) -> int:
        """Enter a sweep, or find it, and give its number.

        Cells it did not have yet (new takes) are added; an empty title leaves the one it has.
        """
        with self._writing() as cursor:
            cursor.execute(
                "INSERT INTO sweeps (service, identity, name, title, axes, created_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (service, identity)"
                " DO UPDATE SET title = iif(excluded.title = '', title, excluded.title) RETURNING number",
                (service, identity, name, title, json.dumps(axes), self._clock.now()),
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

    def sweeps(self, service: str) -> list[LoggedSweep]:
        """The sweeps of a service, the oldest first."""
        with self._reading() as cursor:
            cursor.execute(
                "SELECT sweeps.*, count(*) AS cells, sum(runs.state = 'completed') AS done,"
                " total(runs.cost_usd) AS paid FROM sweeps JOIN cells ON cells.sweep = sweeps.number"
                " JOIN runs ON runs.digest = cells.digest AND runs.service = sweeps.service"
                " WHERE sweeps.service = ? GROUP BY sweeps.number ORDER BY sweeps.number",
                (service,),
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

    def find_sweep(self, service: str, *, identity: str | None = None, name: str | None = None) -> FoundSweep | None:
        """The sweep with this identity, or the newest with this name or title."""
        with self._reading() as cursor:
            cursor.execute(
                "SELECT number, name, title, axes FROM sweeps"
                " WHERE service = ? AND (identity = ? OR name = ? OR title = ?) ORDER BY number DESC LIMIT 1",
                (service, identity, name, name),
            )
            found = cursor.fetchone()
        return None if found is None else FoundSweep(found[0], found[1], found[2], json.loads(found[3]))

    def cells(self, sweep: int) -> list[tuple[str, dict[str, Value]]]:
        """A sweep's cells in order: digest and labels."""
        with self._reading() as cursor:
            cursor.execute("SELECT digest, labels FROM cells WHERE sweep = ? ORDER BY position", (sweep,))
            known: dict[str, dict[str, Value]] = {}
            return [(row[0], known.get(row[1]) or known.setdefault(row[1], json.loads(row[1]))) for row in cursor]

    # ------------------------------------------------------------------ marks

    def mark(self, service: str, digest: str, *, stars: int | None, pick: bool | None, note: str | None) -> None:
        """Change what the user says of a run; None leaves a mark as it is."""
        with self._writing() as cursor:
            cursor.execute(
                "INSERT INTO marks (service, digest, stars, pick, note, marked_at) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (service, digest) DO UPDATE SET stars = coalesce(excluded.stars, stars),"
                " pick = coalesce(excluded.pick, pick), note = coalesce(excluded.note, note),"
                " marked_at = excluded.marked_at",
                (service, digest, stars, pick, note, self._clock.now()),
            )

    def marks(self, service: str) -> dict[str, dict[str, Any]]:
        """Stars, pick and note, by digest."""
        with self._reading() as cursor:
            cursor.execute("SELECT digest, stars, pick, note FROM marks WHERE service = ?", (service,))
            return {row["digest"]: dict(row) for row in cursor}

    def vote(self, service: str, vote: LoggedVote) -> None:
        """Enter a judgement between two runs."""
        with self._writing() as cursor:
            cursor.execute(
                "INSERT INTO votes (at, service, rater, axis, left, right, outcome) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (self._clock.now(), service, vote.rater, vote.axis, vote.left, vote.right, vote.outcome),
            )

    def undo(self, service: str, axis: str, rater: str, digests: Iterable[str]) -> bool:
        """Forget a rater's latest judgement between these runs; whether there was one."""
        with self._writing() as cursor:
            cursor.execute(
                "DELETE FROM votes WHERE number = (SELECT max(number) FROM votes WHERE service = ? AND axis = ?"
                " AND rater = ? AND left IN (SELECT value FROM json_each(?)))",
                (service, axis, rater, json.dumps(list(digests))),
            )
            return bool(cursor.rowcount)

    def votes(self, service: str) -> list[tuple[float, LoggedVote]]:
        """All judgements in order, each with its time."""
        with self._reading() as cursor:
            if cursor.execute("PRAGMA user_version").fetchone()[0] < VOTES_SINCE:
                return []  # an old log that can only be read
            cursor.execute(
                "SELECT at, rater, axis, left, right, outcome FROM votes WHERE service = ? ORDER BY number",
                (service,),
            )
            return [(row[0], LoggedVote(*tuple(row)[1:])) for row in cursor]

    # ------------------------------------------------------------------ transactions

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Cursor]:
        if self.read_only:
            raise WorkspaceError(
                f"The run log {self.path} can only be read: its folder cannot be written",
                remedy="Copy the workspace to a folder of your own, and open the copy",
            )
        with self._reading() as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:
                    cursor.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Cursor]:
        with self._lock:
            try:
                cursor = self._database.cursor()
                yield cursor
            except sqlite3.ProgrammingError as error:
                if "closed" not in str(error):
                    raise
                raise WorkspaceError("The workspace is closed", remedy="Open it again: Workspace(path)") from None
            except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
                if isinstance(error, sqlite3.IntegrityError):
                    raise
                raise WorkspaceError(
                    f"The run log {self.path} cannot be used: {error}",
                    remedy="Check the disk; what was logged before stays, and a run goes on where it stopped",
                ) from None


def _logged(row: Sequence[Any]) -> LoggedRun:
    digest, service, first_digest, take, parameters, state, *others = row
    return LoggedRun(service, digest, first_digest, take, orjson.loads(parameters), _STATES[state], *others)
