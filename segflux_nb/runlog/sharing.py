"""What several processes share through the log: who owns a run, who is alive, and how many requests a minute."""

from __future__ import annotations

from ..clock import Clock
from .database import Database
from .rows import LoggedRun

WINDOW_SECONDS = 60.5
"""A minute, and what requests may be late or early on their way: the service counts them when they arrive."""


class Sharing:
    """Ownership of runs, heartbeats of processes, requests of the last minute, and learned limits.

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

    def claim(self, run: LoggedRun, owner: str) -> LoggedRun | None:
        """Take over a run that is in nobody's hands; None where another process was faster."""
        with self._database.writing() as cursor:
            cursor.execute(
                "UPDATE runs SET owner = ? WHERE service = ? AND digest = ? AND state = ? AND owner IS ?",
                (owner, run.service, run.digest, run.state, run.owner),
            )
            return run._replace(owner=owner) if cursor.rowcount else None

    def beat(self, owner: str) -> None:
        """Note that a process is alive, and forget those that have not been for a day."""
        now = self._clock.now()
        with self._database.writing() as cursor:
            cursor.execute("INSERT OR REPLACE INTO processes VALUES (?, ?)", (owner, now))
            cursor.execute("DELETE FROM processes WHERE seen_at < ?", (now - 86_400,))

    def silence(self, owner: str) -> float | None:
        """Seconds since a process was last seen alive; None where it never was."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT seen_at FROM processes WHERE owner = ?", (owner,))
            row = cursor.fetchone()
        return None if row is None else self._clock.now() - row[0]

    def take_turn(self, most: int) -> float:
        """Take one of so many requests a minute, for all processes; 0, or the seconds to wait for one."""
        now = self._clock.now()
        with self._database.writing() as cursor:
            # A clock that was set back must not lock everybody out.
            cursor.execute(
                "DELETE FROM turns WHERE service = ? AND (at <= ? OR at > ?)",
                (self._service, now - WINDOW_SECONDS, now),
            )
            cursor.execute("SELECT count(*), min(at) FROM turns WHERE service = ?", (self._service,))
            taken, oldest = cursor.fetchone()
            if taken >= most:
                return max(1e-3, float(oldest) + WINDOW_SECONDS - now)
            cursor.execute("INSERT INTO turns (service, at) VALUES (?, ?)", (self._service, now))
        return 0.0

    def note_limit(self, what: str, value: float, why: str) -> None:
        """Note a change of what the service is taken to allow."""
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO limits (service, at, what, value, why) VALUES (?, ?, ?, ?, ?)",
                (self._service, self._clock.now(), what, value, why),
            )

    def limits(self) -> list[tuple[float, str, float, str]]:
        """The changes of what the service is taken to allow: when, what, the new value, why."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT at, what, value, why FROM limits WHERE service = ? ORDER BY number", (self._service,)
            )
            return [tuple(row) for row in cursor]
