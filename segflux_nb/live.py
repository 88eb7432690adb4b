"""A sweep that is running: to be waited for, stopped or interrupted."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

from . import loopthread
from .errors import SweepInterrupted
from .markup import count
from .running.context import StopToken
from .runs import Runs
from .widgets.progress import Progress

STOPPED = "Stopped as you asked"


class LiveRun:
    """A sweep that is running on the private event loop.

    Attributes
    ----------
    runs:
        Its runs, as far as they are.
    """

    def __init__(self, runs: Runs, future: Future[None], stop: StopToken, progress: Progress) -> None:
        self.runs = runs
        self._future = future
        self._stop = stop
        self._progress = progress
        self._lock = threading.Lock()
        self._ended = False
        future.add_done_callback(lambda _: self._end())

    def __repr__(self) -> str:
        return f"LiveRun({count(len(self.runs), 'run')})"

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._future.done()

    def when_done(self, action: Callable[[], None]) -> None:
        """Call this when it has ended, on the event loop's thread; at once if it has."""
        self._future.add_done_callback(lambda _: action())

    def stop(self) -> None:
        """Submit nothing more, and collect what is in flight."""
        self._stop.set(STOPPED)

    def interrupt(self) -> None:
        """End at once. A submit on the wire is finished in the background; the next run of the sweep goes on."""
        self._future.cancel()
        self._end()

    def wait(self) -> Runs:
        """Wait for the end, and give the runs. An interrupt ends the waiting, not the sweep."""
        loopthread.wait(self._future)
        return self._outcome()

    def wait_or_interrupt(self) -> Runs:
        """Wait for the end, and give the runs; an interrupt ends the sweep.

        Raises
        ------
        SweepInterrupted
            On an interrupt; it carries the runs.
        """
        try:
            loopthread.wait(self._future)
        except KeyboardInterrupt:
            self.interrupt()
            kept = self.runs.counts.get("completed", 0)
            message = f"{kept:,} of {len(self.runs):,} kept; ws.run(sweep) continues"
            print(message)
            raise SweepInterrupted(message, self.runs) from None
        return self._outcome()

    async def result(self) -> Runs:
        """Wait for the end in asynchronous code; cancelling ends the sweep."""
        try:
            await asyncio.wrap_future(self._future)
        except asyncio.CancelledError:
            self.interrupt()
            raise
        return self._outcome()

    def _outcome(self) -> Runs:
        self._end()
        if not self._stop:
            return self.runs
        stopped = f"{self._stop.reason.rstrip('.')}. ws.run(sweep) continues"
        print(stopped)
        self.runs = replace(self.runs, stopped=stopped)
        return self.runs

    def _end(self) -> None:
        with self._lock:
            if self._ended:
                return
            self._ended = True
        self._progress.close("stopped" if self._stop or self._future.cancelled() else "")
