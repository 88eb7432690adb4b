"""A sweep that is running: it can be waited for, stopped or interrupted."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import NoReturn

from . import loopthread
from .console import say
from .errors import SegfluxError, SweepInterrupted, WorkspaceError
from .interrupts import Uninterrupted
from .markup import count
from .running.context import StopToken
from .runs import Runs
from .widgets.progress import Progress

STOPPED = "Stopped as you asked"
INTERRUPTED = "Interrupted as you asked"


class LiveRun:
    """A sweep that is running on the private event loop.

    Parameters
    ----------
    runs:
        The sweep's runs.
    future:
        Is done when the sweep has ended.
    stop:
        Asks the engine to submit nothing more, and says afterwards why it ended early.
    progress:
        Shows how far the sweep is; it is closed at the end.
    on_done:
        Called with the runs when the sweep has ended, on a thread of its own; None for nothing.

    Attributes
    ----------
    runs:
        The sweep's runs, as far as they are done.
    """

    def __init__(
        self,
        runs: Runs,
        future: Future[None],
        stop: StopToken,
        progress: Progress,
        on_done: Callable[[Runs], object] | None = None,
    ) -> None:
        self.runs = runs
        self._future = future
        self._stop = stop
        self._progress = progress
        self._lock = threading.Lock()
        self._ending = threading.Lock()
        self._is_closed = False
        self._process = os.getpid()
        self._teller: threading.Thread | None = None
        self._told = threading.Event()
        if on_done is not None:  # a thread of its own, because it may take long, and use the workspace
            self._teller = threading.Thread(target=self._tell, args=(on_done,), name="segflux-on-done")
        future.add_done_callback(lambda _: self._end())

    def __repr__(self) -> str:
        return f"LiveRun({count(len(self.runs), 'run')})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "A running sweep cannot be pickled, copied or sent to another process. "
            "Wait for its end, and send list(live.wait())."
        )

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        self._check_process()
        return self._future.done()

    def when_done(self, action: Callable[[], None]) -> None:
        """Call something when the sweep has ended; at once if it has ended already.

        Parameters
        ----------
        action:
            What is called, without arguments, on the event loop's thread. It must not block.
        """
        self._check_process()
        self._future.add_done_callback(lambda _: action())

    def stop(self) -> None:
        """Submit nothing more, and collect what is in flight."""
        self._check_process()
        self._stop.set(STOPPED)

    def interrupt(self) -> None:
        """End at once. A submit on the wire is finished in the background; the next run of the sweep continues."""
        self._check_process()
        with Uninterrupted(), self._ending:  # the end is told with its reason, also at a second Ctrl-C
            if self._future.cancel() and not self._stop:
                self._stop.set(INTERRUPTED)
        self._close_progress()

    def wait(self) -> Runs:
        """Wait for the end, and return the runs. An interrupt ends the waiting, not the sweep.

        If the sweep ended early, it prints why, once; `Runs.stopped` says it too.
        """
        self._wait()
        return self._outcome()

    def wait_or_interrupt(self) -> Runs:
        """Wait for the end, and return the runs. An interrupt ends the sweep.

        Raises
        ------
        SweepInterrupted
            On an interrupt; it carries the runs.
        """
        try:
            self._wait()
        except KeyboardInterrupt:
            self.interrupt()
            kept = self.runs.counts.get("completed", 0)
            message = f"{kept:,} of {len(self.runs):,} kept; ws.run(sweep) continues, ws.runs(sweep) has what is kept"
            raise SweepInterrupted(message, self.runs) from None
        return self._outcome()

    async def result(self) -> Runs:
        """Wait for the end in asynchronous code, and return the runs. Cancelling ends the sweep."""
        self._check_process()
        try:
            await asyncio.wrap_future(self._future)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling() or not self._future.cancelled():
                self.interrupt()
                raise
            # The sweep was interrupted, not this task.
        return self._outcome()

    def ended_early(self) -> str:
        """Why it has ended early, or the error that has ended it; empty for neither. It does not wait for the end."""
        error = None if not self._future.done() or self._future.cancelled() else self._future.exception()
        if error is None:
            return self._stop.reason
        return str(error) if isinstance(error, SegfluxError) else f"{type(error).__name__}: {error}"

    def _end(self) -> None:
        """The sweep has ended: show it, and tell who wanted to know."""
        try:
            self._close_progress()
        finally:
            if self._teller is not None:
                try:
                    self._teller.start()
                except RuntimeError:  # no thread is left, or the interpreter ends
                    self._told.set()
                    raise

    def _tell(self, on_done: Callable[[Runs], object]) -> None:
        """Call what wanted to know the end. An error in it is printed, as that of any thread, and ends nothing."""
        try:
            with self._ending:
                runs = self._outcome()
            on_done(runs)
        finally:
            self._told.set()

    def _wait(self) -> None:
        """Wait for the end. That of a sweep that was interrupted elsewhere is an end like others."""
        self._check_process()
        try:
            loopthread.wait(self._future)
        except CancelledError:
            if not self._future.cancelled():
                raise
        if self._teller not in (None, threading.current_thread()):
            self._told.wait()

    def _check_process(self) -> None:
        """Refuse a forked child: the sweep runs in its parent, and a wait for it would never end."""
        if self._process != os.getpid():
            raise WorkspaceError(
                "This sweep was started before the process was forked",
                remedy="Wait for it in the parent. To run it in the child, open the workspace there: Workspace(path)",
            )

    def _outcome(self) -> Runs:
        """The runs, with the reason if the sweep ended early. The first call prints the reason."""
        self._close_progress()
        with self._lock:
            if self._stop and self.runs.stopped is None:
                self.runs = replace(self.runs, stopped=self._reason)
                say(self._reason)
            return self.runs

    @property
    def _reason(self) -> str:
        """Why it ended early and how to go on; empty if it did not."""
        reason = self._stop.reason.rstrip(".")
        return f"{reason}. ws.run(sweep) continues" if reason and "ws.run(sweep)" not in reason else reason

    def _close_progress(self) -> None:
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
        self._progress.close("stopped" if self._stop or self._future.cancelled() else "", self._reason)
