"""Heartbeats in the log: those of this process, and how long other processes have been silent.

The silence of another process is measured by the monotonic clock of this one, from the last time that a new heartbeat
was seen. Its own clock may be wrong, and this one may be set: what a heartbeat says about the time of day is only a
first guess. A machine that sleeps counts no silence meanwhile: the others on it could not send either.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from dataclasses import dataclass

from ..clock import Clock
from ..errors import LogLocked, WorkspaceError
from .async_journal import AsyncJournal

HEARTBEAT_SECONDS = 5.0
"""Between heartbeats."""

FRESH_SECONDS = 2 * HEARTBEAT_SECONDS
"""No submit is begun while this process's own heartbeat is older."""

WATCH_SECONDS = 3 * HEARTBEAT_SECONDS
"""How long a process is watched, at least, before its silence counts: its clock may be another than ours."""

LOOK_SECONDS = 1.0
"""Between looks for a process in a log that is far away: many runs may be its own."""

BLIND_SECONDS = WATCH_SECONDS
"""After this long without a look, others are watched again: the log may have been out of reach for all."""

logger = logging.getLogger(__name__)


@dataclass
class _Peer:
    """Another process.

    Attributes
    ----------
    seen_at:
        The time that its last heartbeat names; None where it never wrote one.
    first_look:
        When this process first looked for it, by the monotonic clock.
    silent_since:
        When its last heartbeat came, by the same clock.
    looked_at:
        When this process looked for it last.
    """

    seen_at: float | None
    first_look: float
    silent_since: float
    looked_at: float


class Heartbeats:
    """Writes this process's heartbeats, and watches those of others.

    Parameters
    ----------
    journal:
        The log.
    clock:
        Source of the current time, replaced in tests.
    """

    def __init__(self, journal: AsyncJournal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._sent = float("-inf")
        self._peers: dict[str, _Peer] = {}

    async def send(self) -> None:
        """Write a heartbeat.

        Raises
        ------
        WorkspaceError
            If the log cannot be written.
        """
        now = self._clock.monotonic()
        await self._journal.heartbeat()
        self._sent = now

    async def begin(self) -> None:
        """Write the first heartbeat of a sweep, before it holds any run. What is all logged runs on a full disk too.

        Raises
        ------
        LogLocked
            If another program has the log locked for long.
        """
        try:
            await self.send()
        except LogLocked:
            raise
        except WorkspaceError as error:
            logger.info("No heartbeat can be written: %s", error)  # a submit ends the sweep, with an error

    async def be_fresh(self) -> None:
        """Write a heartbeat if the last one is old: before a submit, other processes must see this one alive."""
        if self._clock.monotonic() - self._sent > FRESH_SECONDS:
            await self.send()

    async def keep_sending(self) -> None:
        """Write heartbeats for ever."""
        while True:
            try:
                with suppress(WorkspaceError):  # a full disk ends the sweep by itself, with an error
                    await self.send()
            except Exception:  # others would take over what this process still works on
                logger.exception("A heartbeat could not be written")
            await self._clock.sleep(HEARTBEAT_SECONDS)

    def come_from(self, owner: str, within: float) -> bool:
        """Whether another process has sent a heartbeat lately.

        Parameters
        ----------
        owner:
            The name of the process in the log.
        within:
            How many seconds ago, at most. It counts as sent while the process has not been watched for long enough.
        """
        self._see(owner, self._journal.last_heartbeat(owner))
        return self.came_from(owner, within)

    async def look_for(self, owner: str) -> None:
        """Look for the heartbeat of another process in a log that is far away; once in a while.

        A process that could not look for long, as when the server of the log was away, begins again: the others could
        not write either.

        Parameters
        ----------
        owner:
            The name of the process in the log.
        """
        peer, now = self._peers.get(owner), self._clock.monotonic()
        last = now if peer is None else peer.looked_at
        if peer is None or now - last >= LOOK_SECONDS:
            self._see(owner, await self._journal.heartbeat_of(owner))
            if peer is not None and now - last > BLIND_SECONDS:
                peer.first_look = self._clock.monotonic()

    def _see(self, owner: str, seen_at: float | None) -> None:
        """Note the last heartbeat of another process.

        Parameters
        ----------
        owner:
            The name of the process in the log.
        seen_at:
            When it was written; None for never.
        """
        now, peer = self._clock.monotonic(), self._peers.get(owner)
        if peer is None:
            age = float("inf") if seen_at is None else max(0.0, self._clock.now() - seen_at)
            self._peers[owner] = _Peer(seen_at, now, now - age, now)
            return
        if seen_at is not None and seen_at != peer.seen_at:
            peer.seen_at, peer.silent_since = seen_at, now
        peer.looked_at = now

    def came_from(self, owner: str, within: float) -> bool:
        """Whether another process has sent a heartbeat lately, by the last look for it.

        Parameters
        ----------
        owner:
            The name of the process in the log.
        within:
            How many seconds ago, at most; as for `come_from`.
        """
        peer, now = self._peers[owner], self._clock.monotonic()
        return now - peer.silent_since < within or now - peer.first_look < WATCH_SECONDS
