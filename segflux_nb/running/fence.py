"""No submit leaves late.

A process may be stopped at any moment, for any time: SIGSTOP, a laptop that sleeps, a virtual machine that pauses.
When it sent no heartbeat for `ownership.SUBMIT_LEASE_SECONDS`, others look its submit up, and may pay for the run
themselves. So a process that wakes up between its intent and the first byte must not go on. The transport asks for
that when the connection is there, right before it writes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from ..clock import Clock
from ..errors import WorkspaceError
from ..runlog.rows import LoggedRun
from .async_journal import AsyncJournal

FENCE_SECONDS = 240.0
"""The oldest intent that is still sent: far below the lease of a submit, above what log and connection may take."""


class Fence:
    """Lets a submit pass while its run is certainly held by this process.

    Parameters
    ----------
    journal:
        The service's runs in the log.
    clock:
        Source of the current time, replaced in tests.
    """

    def __init__(self, journal: AsyncJournal, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._times = self._read_clocks()

    def before(self, intent: LoggedRun) -> Callable[[], str]:
        """What the transport asks before it sends: why the submit must not leave any more; empty if it may.

        Parameters
        ----------
        intent:
            The run, as its intent was written. The fence was made before that.
        """
        return self._stopped if self._journal.is_far else lambda: self._reason(intent)

    def between(self, intent: LoggedRun) -> Callable[[], Awaitable[str]] | None:
        """What the transport asks between head and body where the log is far away; None where `before` asks it.

        Parameters
        ----------
        intent:
            The run, as its intent was written.
        """
        return partial(self._reason_from_afar, intent) if self._journal.is_far else None

    def _reason(self, intent: LoggedRun) -> str:
        try:
            found = self._journal.look(intent)
        except WorkspaceError as error:
            return _unreadable(error)
        # The clocks come last, because the log may take a while.
        return _taken_over(found, intent) or self._stopped()

    async def _reason_from_afar(self, intent: LoggedRun) -> str:
        try:
            found = await self._journal.look_soon(intent)
        except WorkspaceError as error:
            return _unreadable(error)
        return _taken_over(found, intent) or self._stopped()

    def _stopped(self) -> str:
        # The wall clock may be set, and the others may not count while the machine sleeps: the longest time counts.
        waited = max(now - then for now, then in zip(self._read_clocks(), self._times, strict=True))
        if waited > FENCE_SECONDS:
            return f"This process, or its machine, was stopped for {waited:.0f} s before its submit left"
        return ""

    def _read_clocks(self) -> tuple[float, float, float]:
        return self._clock.now(), self._clock.monotonic(), self._clock.uptime()


def _unreadable(error: WorkspaceError) -> str:
    return f"The log could not be read before its submit left: {error.what}"


def _taken_over(found: LoggedRun, intent: LoggedRun) -> str:
    """Why a submit must not leave: another process has its run; empty if none has.

    Parameters
    ----------
    found:
        The run as the log has it now.
    intent:
        The run as its intent was written.
    """
    if (found.state, found.owner, found.attempts) != (intent.state, intent.owner, intent.attempts):
        return "Another process has taken the run over before its submit left"
    return ""
