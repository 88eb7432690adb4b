"""What several processes share through the log: who owns a run, who is alive, and how many requests a minute."""

from __future__ import annotations

from ..clock import Clock
from .database import Database
from .rows import LoggedRun

WINDOW_SECONDS = 60.5
"""A minute, and what requests may be late or early on their way: the service counts them when they arrive."""

FORGOTTEN_SECONDS = 30 * 86_400.0
"""The heartbeat of a process that was silent for this long is deleted: far longer than clocks are wrong."""


class Sharing:
    """Ownership of runs, heartbeats of processes, requests of the last minute, and learned limits.

    Parameters
    ----------
    database:
        The log's file.
    clock:
        Source of the current time.
    service:
        The service that the processes use.
    """

    def __init__(self, database: Database, clock: Clock, service: str) -> None:
        self._database = database
        self._clock = clock
        self._service = service

    def claim(self, run: LoggedRun, owner: str) -> LoggedRun | None:
        """Make a process the owner of a run, if state and owner are still those of `run`.

        Parameters
        ----------
        run:
            The run as it was read.
        owner:
            The process.

        Returns
        -------
        The run as it is now, or None if another process was faster.
        """
        with self._database.writing() as cursor:
            cursor.execute(
                "UPDATE runs SET owner = ?"
                " WHERE service = ? AND digest = ? AND state = ? AND coalesce(owner, '') = ?",
                (owner, run.service, run.digest, run.state, run.owner or ""),
            )
            return run._replace(owner=owner) if cursor.rowcount else None

    def heartbeat(self, owner: str) -> None:
        """Note that a process is alive, and delete the heartbeats of those that were silent for a month."""
        now = self._clock.now()
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO processes (owner, seen_at) VALUES (?, ?)"
                " ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at",
                (owner, now),
            )
            cursor.execute("DELETE FROM processes WHERE seen_at < ?", (now - FORGOTTEN_SECONDS,))

    def last_heartbeat(self, owner: str) -> float | None:
        """When a process wrote its last heartbeat, by its own clock; None if there is none."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT seen_at FROM processes WHERE owner = ?", (owner,))
            row = cursor.fetchone()
        return None if row is None else float(row[0])

    def owners(self) -> list[str]:
        """The processes that have sent a heartbeat within a month."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT owner FROM processes")
            return [owner for (owner,) in cursor.fetchall()]

    def silence(self, owner: str) -> float | None:
        """Seconds since the last heartbeat of a process, by the wall clocks of both; None if there is none."""
        seen_at = self.last_heartbeat(owner)
        return None if seen_at is None else abs(self._clock.now() - seen_at)

    def take_turn(self, most: int) -> float:
        """Take one of the requests that all processes together may send in a minute.

        Parameters
        ----------
        most:
            Requests in a minute.

        Returns
        -------
        0, or the seconds to wait before the next try.
        """
        now = self._clock.now()
        with self._database.writing() as cursor:
            # Turns in the future are deleted: a clock that was set back must not stop all requests.
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
        """Note a limit of the service that was learned.

        Parameters
        ----------
        what:
            Which limit.
        value:
            Its new value.
        why:
            What it was learned from.
        """
        with self._database.writing() as cursor:
            cursor.execute(
                "INSERT INTO limits (service, at, what, value, why) VALUES (?, ?, ?, ?, ?)",
                (self._service, self._clock.now(), what, value, why),
            )

    def limits(self) -> list[tuple[float, str, float, str]]:
        """The limits of the service as they were learned: when, which limit, its new value, why."""
        with self._database.reading() as cursor:
            cursor.execute(
                "SELECT at, what, value, why FROM limits WHERE service = ? ORDER BY number", (self._service,)
            )
            return cursor.fetchall()
