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
    """

    seen_at: float | None
    first_look: float
    silent_since: float


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
            with suppress(WorkspaceError):  # a full disk ends the sweep by itself, with an error
                await self.send()
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
        seen_at, now = self._journal.last_heartbeat(owner), self._clock.monotonic()
        peer = self._peers.get(owner)
        if peer is None:
            age = float("inf") if seen_at is None else max(0.0, self._clock.now() - seen_at)
            peer = self._peers[owner] = _Peer(seen_at, now, now - age)
        elif seen_at is not None and seen_at != peer.seen_at:
            peer.seen_at, peer.silent_since = seen_at, now
        return now - peer.silent_since < within or now - peer.first_look < WATCH_SECONDS
