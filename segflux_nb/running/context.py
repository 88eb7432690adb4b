"""What the runs of one `Engine.run` share: when it ends, what it may spend, what is left to do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from ..lifecycle import Disposition, State, disposition
from ..markup import count
from ..runlog.rows import LoggedRun, RunState
from .policy.asking_again import AskingAgain
from .policy.budget import Budget
from .policy.failure_breaker import FailureBreaker


@dataclass
class StopToken:
    """Asks a running sweep to submit nothing more, and says why.

    Attributes
    ----------
    reason:
        Why it was asked to stop; empty while it was not.
    """

    reason: str = ""
    _listeners: list[Callable[[], None]] = field(default_factory=list, repr=False, compare=False)

    def __bool__(self) -> bool:
        return bool(self.reason)

    def set(self, reason: str) -> None:
        """Ask the sweep to stop; the first reason is kept. It may come on any thread."""
        self.reason = self.reason or reason
        for listener in self._listeners:
            listener()

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this as soon as the sweep is asked to stop. It comes on the thread of `set`."""
        self._listeners.append(listener)
        if self:
            listener()

    def add(self, reason: str) -> None:
        """Say what is left to do, beside a reason to stop if there is one."""
        self.reason = f"{self.reason.rstrip('.')}. {reason}" if self.reason else reason


@dataclass
class RunContext:
    """One call of `Engine.run`.

    Attributes
    ----------
    stop:
        Asks it to submit nothing more.
    budget:
        What it may spend.
    on_change:
        Called with a run's digest and state whenever the state changes.
    on_elsewhere:
        Called with the digest of a run that is held elsewhere, and whether by another process.
    retry_held:
        Whether runs that were moderated or invalid are submitted again.
    asking:
        The jobs that are paid for and not served yet.
    only_collects:
        Whether it submits nothing at all, and only asks for what is paid for.
    shown:
        The states that the caller shows, by digest.
    breaker:
        Ends it when the first runs all fail alike.
    queue:
        Digests of the runs that a worker should take next.
    elsewhere:
        Digests of runs that another process, or another sweep of this one, holds.
    failed:
        Digests of runs that failed in this call: the next call tries them again.
    lost:
        Digests of lost runs that are to be asked for again.
    asked_for_lost:
        Digests of lost runs that this call has asked for again.
    incomplete:
        Completed runs whose outputs have more pictures that are not on disk, and how often this call asks for those:
        None for as long as it asks for anything.
    unknown_submits:
        Submits of this call whose outcome is unknown.
    unknown:
        Digests of the runs of these submits, and whether a worker has looked them up already.
    is_last_round:
        Whether no further round of this call looks up unknown submits.
    recovering:
        Whether runs are being looked up in the history: some of them may become work.
    resubmit:
        Digests of unknown runs that the history did not show, which are submitted again after a last look.
    left:
        Why runs were left for the next call, each reason with the digests of its runs.
    inputs:
        Stores the input pictures that runs of this call need at the service; None if they need none.
    """

    stop: StopToken
    budget: Budget
    on_change: Callable[[str, State], None]
    on_elsewhere: Callable[[str, bool], None]
    retry_held: bool
    asking: AskingAgain
    only_collects: bool = False
    shown: Mapping[str, State] = field(default_factory=dict)
    breaker: FailureBreaker = field(default_factory=FailureBreaker)
    queue: deque[str] = field(default_factory=deque)
    elsewhere: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    asked_for_lost: set[str] = field(default_factory=set)
    incomplete: dict[str, int | None] = field(default_factory=dict)
    unknown_submits: int = 0
    unknown: dict[str, bool] = field(default_factory=dict)
    is_last_round: bool = False
    recovering: bool = False
    resubmit: set[str] = field(default_factory=set)
    left: dict[str, set[str]] = field(default_factory=dict)
    inputs: asyncio.Task[bool] | None = None
    _idle: deque[asyncio.Future[None]] = field(default_factory=deque)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _has_elsewhere: asyncio.Event = field(default_factory=asyncio.Event)
    _has_postponed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()

        def stopped() -> None:
            with suppress(RuntimeError):  # the loop is closed: the call has ended
                loop.call_soon_threadsafe(self._stopped.set)

        self.stop.listen(stopped)

    def tell_ended(self, run_states: Iterable[RunState]) -> None:
        """Tell the caller which runs have ended since it looked: another process may have worked on them."""
        for digest, state, *_ in run_states:
            if self.shown.get(digest, state) is not state and disposition(state) is not Disposition.IN_FLIGHT:
                self.on_change(digest, state)
        self.shown = {}

    def end_inputs(self) -> None:
        """Store no more input pictures."""
        if self.inputs is not None:
            self.inputs.cancel()

    async def wait_for_stop(self) -> None:
        """Wait until the call is asked to stop."""
        await self._stopped.wait()

    async def next(self) -> str | None:
        """The digest of the next run, once there is one; None when none is left."""
        while not self.queue:
            if not self._may_come:
                self._wake()
                return None
            waiting = asyncio.get_running_loop().create_future()
            self._idle.append(waiting)
            try:
                await waiting
            except asyncio.CancelledError:
                self._wake()  # this worker may have been woken for a run that another one must take
                raise
        return self.queue.popleft()

    @property
    def _may_come(self) -> bool:
        """Whether a run may still be added to the queue."""
        return bool(self.elsewhere) or self.recovering or self.asking.is_open

    def _wake(self) -> None:
        """Wake one idle worker for each run in the queue; all of them, to end, when no further run can come."""
        self._news.set()
        number = len(self.queue) if self._may_come else len(self._idle)
        while self._idle and number > 0:
            waiting = self._idle.popleft()
            if not waiting.done():
                waiting.set_result(None)
                number -= 1

    def leave_for_next_call(self, digest: str, reason: str) -> None:
        """Do no more with a run in this call.

        Parameters
        ----------
        digest:
            The run.
        reason:
            Why, as a sentence about "it". It is part of the reason to stop, at the end of the call.
        """
        self.failed.add(digest)
        self.note(digest, reason)

    def note(self, digest: str, reason: str) -> None:
        """Name a reason for the next call at the end of this one, and go on with the run where that is possible.

        Parameters
        ----------
        digest:
            The run.
        reason:
            The reason.
        """
        self.left.setdefault(reason, set()).add(digest)

    def left_in_words(self) -> str:
        """Which runs were left for the next call, and why; empty for none."""
        return ". ".join(f"{count(len(digests), 'run')} left: {reason}" for reason, digests in self.left.items())

    def submit_is_unknown(self, digest: str) -> None:
        """The answer to a submit of this call was lost: a further round looks the run up, and a worker before it."""
        self.unknown_submits += 1
        self.unknown.setdefault(digest, False)

    def take_unknown(self) -> list[str]:
        """The runs that a worker looks up now, because none waits to be submitted: each one once in this call.

        Until `recovered` is called, no worker ends.
        """
        if self.queue or self.recovering or self.stop:
            return []
        unknown = [digest for digest, is_looked_up in self.unknown.items() if not is_looked_up]
        self.unknown.update(dict.fromkeys(unknown, True))
        self.recovering = bool(unknown)
        return unknown

    def recovered(self, digests: Iterable[str]) -> None:
        """The look-up of unknown runs has ended.

        Parameters
        ----------
        digests:
            The runs that a worker should take now.
        """
        self.recovering = False
        self.queue.extend(digests)
        self._wake()

    def leave(self, run: LoggedRun) -> None:
        """Another process, or another sweep of this one, holds the run: look at it again later."""
        self.elsewhere.add(run.digest)
        self._has_elsewhere.set()

    def postpone(
        self,
        digest: str,
        now: float,
        *,
        pictures: int = 0,
        retry_after: float | None = None,
        is_here: bool = False,
    ) -> None:
        """Ask for a run again later; see `AskingAgain.postpone`.

        Parameters
        ----------
        digest:
            The digest of the run.
        now:
            The time, by a monotonic clock.
        pictures:
            How many of its pictures are not served, where the service said that the job is completed; else 0.
        retry_after:
            Seconds to wait, where the service names them.
        is_here:
            Whether its pictures wait on this machine to be uploaded.
        """
        self.asking.postpone(digest, now, pictures=pictures, retry_after=retry_after, is_here=is_here)
        self._has_postponed.set()
        self._news.set()

    async def wait_for_postponed(self) -> None:
        """Wait until a run is to be asked for again."""
        while not self.asking.is_open:
            self._has_postponed.clear()
            await self._has_postponed.wait()

    async def wait_for_news(self, seconds: float | None) -> None:
        """Wait until a run ends, comes or is postponed, or for this long; None waits for news alone."""
        self._news.clear()
        timer = asyncio.get_running_loop().call_later(seconds, self._news.set) if seconds is not None else None
        try:
            await self._news.wait()
        finally:
            if timer is not None:
                timer.cancel()

    def resume(self, digests: Iterable[str] = ()) -> None:
        """Let workers take these runs before all others; without any, workers look whether something is left.

        Parameters
        ----------
        digests:
            Digests of runs that were postponed.
        """
        self.queue.extendleft(digests)
        self._wake()

    async def wait_for_elsewhere(self) -> None:
        """Wait until a run is held elsewhere."""
        await self._has_elsewhere.wait()

    def take_over(self, run: LoggedRun, *, to_do: bool) -> None:
        """The run is not held elsewhere any more.

        Parameters
        ----------
        run:
            The run as the log has it now.
        to_do:
            Whether a worker should take it.
        """
        self.elsewhere.discard(run.digest)
        if not self.elsewhere:
            self._has_elsewhere.clear()
        if to_do:
            self.queue.append(run.digest)
        self._wake()
