"""What several processes share through the log: who owns a run, who is alive, and how many requests a minute."""

from __future__ import annotations

from ..clock import Clock
from .rows import LoggedRun
from .seam import AtOnce, Cursor, LogDatabase, Statement, Ways

WINDOW_SECONDS = 60.5
"""A minute, and what requests may be late or early on their way: the service counts them when they arrive."""

FORGOTTEN_SECONDS = 30 * 86_400.0
"""The heartbeat of a process that was silent for this long is deleted: far longer than clocks are wrong."""


class Sharing:
    """Ownership of runs, heartbeats of processes, requests of the last minute, and learned limits.

    Parameters
    ----------
    database:
        The log.
    clock:
        Source of the current time.
    service:
        The service that the processes use.
    """

    def __init__(self, database: LogDatabase, clock: Clock, service: str) -> None:
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
        update = (
            "UPDATE runs SET owner = ? WHERE service = ? AND digest = ? AND state = ? AND coalesce(owner, '') = ?",
            (owner, run.service, run.digest, run.state, run.owner or ""),
        )

        def in_steps(cursor: Cursor) -> LoggedRun | None:
            cursor.execute(*update)
            return run._replace(owner=owner) if cursor.rowcount else None

        once = Statement(f"WITH moved AS ({update[0]} RETURNING digest) SELECT 1 FROM moved", update[1])  # noqa: S608
        return self._database.write(
            Ways(in_steps, lambda _: AtOnce([once], lambda row: run._replace(owner=owner) if row else None))
        )

    def heartbeat(self, owner: str) -> None:
        """Note that a process is alive, and delete the heartbeats of those that were silent for a month."""
        enter = (
            "INSERT INTO processes (owner, seen_at) VALUES (?, {})"
            " ON CONFLICT (owner) DO UPDATE SET seen_at = excluded.seen_at"
        )
        forget = "DELETE FROM processes WHERE seen_at < {} - ?"

        def in_steps(cursor: Cursor) -> None:
            now = self._clock.now()
            cursor.execute(enter.format("?"), (owner, now))
            cursor.execute(forget.format("?"), (now, FORGOTTEN_SECONDS))

        def at_once(now: str) -> AtOnce:
            text = f"WITH forgotten AS ({forget.format(now)}) {enter.format(now)}"
            return AtOnce([Statement(text, (FORGOTTEN_SECONDS, owner))], lambda row: None, changes_frames=False)

        self._database.write(Ways(in_steps, at_once))

    def last_heartbeat(self, owner: str) -> float | None:
        """When a process wrote its last heartbeat, by its own clock or the server's; None if there is none."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT seen_at FROM processes WHERE owner = ?", (owner,))
            row = cursor.fetchone()
        return None if row is None else float(row[0])

    def owners(self) -> list[str]:
        """The processes that have sent a heartbeat within a month."""
        with self._database.reading() as cursor:
            cursor.execute("SELECT owner FROM processes")
            return [owner for (owner,) in cursor.fetchall()]

    def server_ahead(self) -> float:
        """Seconds that the clock of the server is ahead of this one's; 0 where there is no server."""
        with self._database.reading() as cursor:
            cursor.execute(f"SELECT {self._database.now_in_sql(self._clock)}")
            return float(cursor.fetchone()[0]) - self._clock.now()

    def silence(self, owner: str) -> float | None:
        """Seconds since the last heartbeat of a process; None if there is none.

        They are measured by the clock of the server, or by the wall clocks of both where there is none.
        """
        with self._database.reading() as cursor:
            cursor.execute(
                f"SELECT abs({self._database.now_in_sql(self._clock)} - seen_at) FROM processes"  # noqa: S608 - our own
                " WHERE owner = ?",
                (owner,),
            )
            row = cursor.fetchone()
        return None if row is None else float(row[0])

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

        def in_steps(cursor: Cursor) -> float:
            now = self._clock.now()
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

        def at_once(now: str) -> AtOnce:
            return AtOnce(
                [
                    Statement("SELECT pg_advisory_xact_lock(hashtextextended(?, 1))", (self._service,)),
                    Statement(
                        f"WITH clock AS MATERIALIZED (SELECT {now} AS now),"  # noqa: S608 - our own
                        " gone AS (DELETE FROM turns USING clock WHERE service = ?"
                        " AND (at <= now - ? OR at > now)),"
                        " taken AS (SELECT count(*) AS number, min(at) AS oldest FROM turns, clock"
                        " WHERE service = ? AND at > now - ? AND at <= now),"
                        " entered AS (INSERT INTO turns (service, at) SELECT ?, now FROM clock, taken"
                        " WHERE number < ?)"
                        " SELECT CASE WHEN number < ? THEN 0.0 ELSE greatest(0.001, oldest + ? - now) END::float8"
                        " FROM clock, taken",
                        (
                            *(self._service, WINDOW_SECONDS, self._service, WINDOW_SECONDS),
                            *(self._service, most, most, WINDOW_SECONDS),
                        ),
                    ),
                ],
                lambda row: float(row[0]),
                changes_frames=False,
            )

        return self._database.write(Ways(in_steps, at_once))

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
