"""News of runs that others work on: a server tells them; a file is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress

from ..clock import Clock
from ..runlog.journal import ServiceLog

FOLLOWED_SECONDS = 2.0
"""Between looks at a log that tells news: nobody tells that a process is gone."""

GATHERED_SECONDS = 0.05
"""News that come within this time are looked at together."""

MOST_TOLD = 10_000
"""News that are kept of runs that nobody follows yet."""


class News:
    """Waits for news of runs.

    Parameters
    ----------
    log:
        The log.
    clock:
        Source of the current time, replaced in tests.
    """

    def __init__(self, log: ServiceLog, clock: Clock) -> None:
        self._clock = clock
        self._told: set[str] = set()
        self._hears = False
        self._something = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._stop: Callable[[], None] | None = log.listen(self._heard)

    async def wait(self, digests: Collection[str], seconds: float) -> set[str]:
        """Wait until there may be news of these runs. Returns those that are to be looked at.

        Parameters
        ----------
        digests:
            The runs.
        seconds:
            Between looks while nothing is told.
        """
        if self._stop is None:
            await self._clock.sleep(seconds)
            return set(digests)
        is_due = False  # of this call alone: several sweeps wait here

        def look_at_all() -> None:
            nonlocal is_due
            is_due = True
            self._something.set()

        timer = self._loop.call_later(FOLLOWED_SECONDS if self._hears else seconds, look_at_all)
        try:
            while not is_due and self._told.isdisjoint(digests) and "" not in self._told:
                await self._something.wait()
                self._something.clear()
        finally:
            timer.cancel()
        if not is_due and "" not in self._told:
            await self._clock.sleep(GATHERED_SECONDS)
        found = set(digests) if is_due or "" in self._told else self._told.intersection(digests)
        self._told -= {*found, ""}
        if len(self._told) > MOST_TOLD:  # runs of others that nobody here follows
            self._told = {""}
        return found

    def _heard(self, digest: str, hears: bool) -> None:
        """Something was told, on a thread of its own.

        Parameters
        ----------
        digest:
            The run; empty where anything may have been missed.
        hears:
            Whether news are heard from now on.
        """

        def note() -> None:
            self._hears = hears
            self._told.add(digest)
            self._something.set()

        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(note)

    def close(self) -> None:
        """Stop listening."""
        if self._stop is not None:
            self._stop()
