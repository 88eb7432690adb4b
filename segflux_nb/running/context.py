"""What one call of the engine shares among its runs: when it ends, what it may spend, what is left to do."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from ..lifecycle import State
from ..runlog.rows import LoggedRun
from .policy.budget import Budget

SAME_FAILURES = 5
"""So many failures with the same text, before anything succeeded, end a sweep: the next ones would say the same."""


@dataclass
class StopToken:
    """Asks a running sweep to submit nothing more, and says why."""

    reason: str = ""

    def __bool__(self) -> bool:
        return bool(self.reason)

    def set(self, reason: str) -> None:
        """Ask; the first reason stands."""
        self.reason = self.reason or reason


@dataclass
class FailureBreaker:
    """Ends a sweep whose first runs all fail alike."""

    _text: str | None = None
    _number: int = 0
    _off: bool = False

    def succeeded(self) -> None:
        """A run succeeded: what fails from now on is a matter of the run."""
        self._off = True

    def failed(self, text: str) -> str | None:
        """A run failed: None, or a sentence that says why the sweep should end."""
        if self._text is not None and text != self._text:
            self._off = True
        self._text = text
        self._number += 1
        if self._off or self._number < SAME_FAILURES:
            return None
        return f"The first {self._number} runs all failed alike: {text}"


@dataclass
class RunContext:
    """A call of `Engine.run`.

    Attributes
    ----------
    stop, budget, brake:
        What ends it early.
    on_change:
        Told each run's digest and state as it changes.
    retry_held:
        Whether what was moderated or invalid is submitted again.
    waiting:
        Runs to be carried on, by digest.
    others:
        Runs that are in the hands of another process, or of another sweep of this one, by digest.
    finished:
        Runs that failed in this call: the next one tries them again.
    lost_answers:
        Submits of this call whose outcome is unknown.
    """

    stop: StopToken
    budget: Budget
    on_change: Callable[[str, State], None]
    retry_held: bool
    brake: FailureBreaker = field(default_factory=FailureBreaker)
    waiting: deque[str] = field(default_factory=deque)
    others: dict[str, LoggedRun] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    lost_answers: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _some_elsewhere: asyncio.Event = field(default_factory=asyncio.Event)

    async def next(self) -> str | None:
        """The next run, once there is one; None when none is left."""
        while not self.waiting:
            if not self.others:
                self._news.set()
                return None
            self._news.clear()
            await self._news.wait()
        return self.waiting.popleft()

    def leave_to_another(self, run: LoggedRun) -> None:
        """The run is in other hands: look at it again later."""
        self.others[run.digest] = run
        self._some_elsewhere.set()

    async def some_elsewhere(self) -> None:
        """Wait until a run is in other hands."""
        await self._some_elsewhere.wait()

    def is_back(self, run: LoggedRun, *, to_do: bool) -> None:
        """The run is in no other hands any more, and is to be carried on or not."""
        del self.others[run.digest]
        if not self.others:
            self._some_elsewhere.clear()
        if to_do:
            self.waiting.append(run.digest)
        self._news.set()
