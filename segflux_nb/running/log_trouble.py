"""What keeps the log from being written or read, while a sweep waits for it."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import WorkspaceError

NOTEWORTHY = 3.0
"""Seconds after which people are told that a log is waited for: another process holds it for less as a rule."""


@dataclass(frozen=True)
class _Wait:
    """A wait for the log.

    Attributes
    ----------
    why:
        What keeps it, in words.
    since:
        When it began, in seconds on the monotonic clock.
    until:
        When the first of the calls that wait gives up, on the same clock.
    """

    why: str
    since: float
    until: float


class LogTrouble:
    """Remembers what the calls that wait for the log have met. It is gone with the first call that succeeds."""

    def __init__(self) -> None:
        self._wait: _Wait | None = None

    def met(self, error: WorkspaceError, now: float, until: float) -> None:
        """A call has failed, and is tried again.

        Parameters
        ----------
        error:
            Its error.
        now:
            The time, in seconds on the monotonic clock.
        until:
            When the call gives up.
        """
        before = self._wait
        self._wait = _Wait(error.what, before.since if before else now, before.until if before else until)

    def ended(self) -> None:
        """A call has succeeded."""
        self._wait = None

    def waiting(self, now: float) -> tuple[str, float] | None:
        """What keeps the log, in words, and until when it is waited for; None while nothing does for long.

        Parameters
        ----------
        now:
            The time, in seconds on the monotonic clock.
        """
        wait = self._wait
        if wait is None or now - wait.since < NOTEWORTHY:
            return None
        return wait.why, wait.until
