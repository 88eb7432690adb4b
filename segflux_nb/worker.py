"""A worker: it runs the sweeps that were submitted to a workspace, one after the other, until it is told to stop.

::

    look for open orders -> start the first that is due -> wait for its end -> look again
    none is due          -> wait until the log changes, or a pause ends; a server tells that something was submitted

What ends a sweep early (a limit, a key that is refused, no credits, the network) is told, and the sweep is tried
again after a pause that grows while nothing is made. The worker itself goes on with the others.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from .clock import Clock
from .errors import SegfluxError, WorkspaceError
from .lifecycle import State
from .live import LiveRun
from .markup import count
from .ordering import OpenOrder, Ordering
from .runlog.orders import ORDERED, Order
from .session import Session
from .sweep.plan import duration

LOOK_SECONDS = 2.0
"""Between looks whether the log has changed."""

HEARD_SECONDS = 30.0
"""The same while a server tells what was submitted."""

FIRST_PAUSE, LONGEST_PAUSE = 60.0, 3600.0
"""Before an order is tried again that ended early; the pause doubles for as long as no picture is made."""

logger = logging.getLogger(__name__)


class News(Protocol):
    """Waits for what happens. `SimpleQueue` is used because a handler of signals may put something into it."""

    def get(self, block: bool = True, timeout: float | None = None) -> str:
        """What has happened, or `Empty`.

        Parameters
        ----------
        block:
            Whether to wait.
        timeout:
            Seconds to wait at most.
        """
        ...

    def put(self, item: str) -> None:
        """Tell what has happened."""


STOP, ENDED, SUBMITTED = "stop", "ended", "submitted"
"""What may happen: somebody asks the worker to stop; the sweep that it runs has ended; orders may have changed."""


@dataclass
class _Tried:
    """What is known of an order that was tried.

    Attributes
    ----------
    order:
        The order as it was then.
    at:
        When it may be tried again, by the monotonic clock.
    pause:
        The pause before that.
    made:
        The pictures that were made.
    reason:
        Why it ended early, as it was told.
    """

    order: Order
    at: float
    pause: float
    made: int
    reason: str


class Worker:
    """Runs what is submitted to one workspace.

    Parameters
    ----------
    ws:
        The workspace.
    clock:
        Source of the current time, replaced in tests.
    tell:
        Is given each line about what happens.
    news:
        Where signals are put; tests give their own.
    until_idle:
        Whether it ends once nothing is left to do, or nothing gets on.
    """

    def __init__(
        self,
        ws: Session,
        clock: Clock,
        tell: Callable[[str], None],
        *,
        news: News | None = None,
        until_idle: bool = False,
    ) -> None:
        self._ws = ws
        self._orders = Ordering(ws._launcher, ws._connection)
        self._clock = clock
        self._tell = tell
        self._news: News = SimpleQueue() if news is None else news
        self._until_idle = until_idle
        self._tried: dict[int, _Tried] = {}
        self._stops = 0
        self._hears = False
        self._told = ""

    def stop(self) -> None:
        """Ask it to end: what is in flight is collected first. A second time: at once."""
        self._news.put(STOP)

    def run(self) -> bool:
        """Work until it is asked to stop, or until nothing is left. Whether nothing was left undone in the end.

        Raises
        ------
        MissingKey
            If the service needs a key and none is configured: no sweep could be run.
        """
        self._ws._launcher.check_key()
        stop_listening = self._ws._launcher.source.log.listen(self._heard)
        try:
            return self._run()
        finally:
            if stop_listening is not None:
                stop_listening()

    def _run(self) -> bool:
        seen: object = None
        while not self._stops:
            changed, found = self._look(seen)
            if found is not None:
                seen = changed
                due = next((one for one in found if self._is_due(one)), None)
                if due is not None:
                    self._work(due)
                    seen = None
                    continue
                if self._until_idle and not any(map(self._gets_on, found)):
                    return not found
                if not found:
                    self._tell_once("Waiting for sweeps")
            self._wait(self._look_seconds())
            if any(tried.at <= self._clock.monotonic() for tried in self._tried.values()):
                seen = None
        return True

    # ------------------------------------------------------------------ looking

    def _look(self, seen: object) -> tuple[object, list[OpenOrder] | None]:
        """A mark of the log's state, and the open orders; None where the log is as it was, or cannot be read.

        Parameters
        ----------
        seen:
            The mark of the last look; None to look in any case.
        """
        try:
            version = self._ws._launcher.source.log.version()
            if version == seen:
                return version, None
            found = self._orders.open(now=self._clock.now())
        except WorkspaceError as error:
            self._tell_once(f"The log cannot be read, and is tried again: {error}")
            return None, None
        there = {one.order.sweep for one in found}
        self._tried = {sweep: tried for sweep, tried in self._tried.items() if sweep in there}
        return version, found

    def _is_due(self, found: OpenOrder) -> bool:
        """Whether an order may be tried: it is new or has changed, or its pause is over."""
        tried = self._tried.get(found.order.sweep)
        return tried is None or tried.order != found.order or tried.at <= self._clock.monotonic()

    def _gets_on(self, found: OpenOrder) -> bool:
        """Whether the last try of an order made pictures, so that the next one may make more."""
        return self._tried[found.order.sweep].made > 0

    # ------------------------------------------------------------------ working

    def _work(self, found: OpenOrder) -> None:
        """Run an order as far as it goes now."""
        name, digests = found.order.name, [run.digest for run in found.runs]
        before = self._tried.get(found.order.sweep)
        if before is None or before.order != found.order:
            before = None
            self._tell(f"{name}: {count(len(digests), 'run')} to make, of {found.number:,}")
            self._told = ""
        left, reason = len(digests), ""
        try:
            live = self._orders.start(found)
            self._follow(live, found.order)
            runs = self._ws._launcher.source.log.runs.read(digests).values()
            not_made = [run for run in runs if run.state is not State.COMPLETED]
            left = len(not_made)
            reason = live.ended_early() or next(filter(None, (run.error for run in not_made)), "")
        except (SegfluxError, OSError) as error:
            reason = str(error)
        except Exception as error:  # a mistake of ours in one sweep must not end the others
            logger.exception("The sweep %s ended with an error", name)
            reason = f"{type(error).__name__}: {error}"
        made = len(digests) - left
        if self._stops:
            self._tell(f"{name}: {count(made, 'picture')} made, {left:,} left. Stopped; a worker continues")
        elif not left:
            self._tried.pop(found.order.sweep, None)
            self._tell(f"{name}: {count(made, 'picture')} made. Done")
        elif self._orders_stand(found.order):
            self._pause(found.order, made, left, reason, before)

    def _pause(self, order: Order, made: int, left: int, reason: str, before: _Tried | None) -> None:
        """Let an order wait that ended early. What was told before is not told again.

        Parameters
        ----------
        order:
            The order.
        made:
            How many pictures were made.
        left:
            How many runs are left.
        reason:
            Why it ended, or why a run failed; empty where nobody knows.
        before:
            What is known of its last try; None where this was the first one.
        """
        pause = FIRST_PAUSE if made or before is None else min(2 * before.pause, LONGEST_PAUSE)
        self._tried[order.sweep] = _Tried(order, self._clock.monotonic() + pause, pause, made, reason)
        if made or before is None or before.reason != reason:
            why = f": {reason.rstrip('.')}" if reason else ""
            self._tell(
                f"{order.name}: {count(made, 'picture')} made, {left:,} left{why}."
                f" The worker tries again in {duration(pause)}, and less often while nothing changes"
            )

    def _follow(self, live: LiveRun, order: Order) -> None:
        """Wait for the end of a sweep. It is stopped if the worker is, or if its order has changed.

        Parameters
        ----------
        live:
            The sweep.
        order:
            Its order.
        """
        live.when_done(lambda: self._news.put(ENDED))
        while not live.done:
            before = self._stops
            self._wait(self._look_seconds())
            if self._stops > before:
                live.stop() if self._stops == 1 else live.interrupt()
            elif not self._stops and not self._orders_stand(order):
                live.stop()

    def _orders_stand(self, order: Order) -> bool:
        """Whether an order is as it was; True where the log cannot be read just now."""
        try:
            return self._orders.stands(order)
        except WorkspaceError:
            return True

    def _heard(self, told: str, hears: bool) -> None:
        """A server has told something, on a thread of its own.

        Parameters
        ----------
        told:
            `ORDERED`, or a run; empty where anything may have been missed.
        hears:
            Whether it is heard from now on.
        """
        self._hears = hears
        if told in ("", ORDERED):
            self._news.put(SUBMITTED)

    def _look_seconds(self) -> float:
        """How long to wait for news before the next look."""
        if not self._hears:
            return LOOK_SECONDS
        now = self._clock.monotonic()
        return min([HEARD_SECONDS, *(max(LOOK_SECONDS, tried.at - now) for tried in self._tried.values())])

    def _wait(self, seconds: float) -> None:
        """Wait for news, for some seconds at most."""
        try:
            if self._news.get(timeout=max(0.0, seconds)) == STOP:
                self._stops += 1
        except Empty:
            return

    def _tell_once(self, line: str) -> None:
        """Tell something that may hold for long."""
        if line != self._told:
            self._told = line
            self._tell(line)

    @property
    def was_interrupted(self) -> bool:
        """Whether it was asked twice to stop."""
        return self._stops > 1
