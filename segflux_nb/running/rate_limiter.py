"""Who may send next: one turn-giver for all requests of a key and service.

Without a limit every turn is granted at once. Under one, turns go to results before look-ups before submits before
polls, and among polls to the job whose finished picture is likeliest to lie unseen. A 429 closes the gate for all
until the moment that the service names; then one request goes first, and the others follow its answer.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice

from ..clock import Clock
from ..errors import TransportError
from ..service.transport import HttpRequest, HttpResponse, Purpose, Transport
from ..service.wire import retry_after
from .policy.rate_control import ConcurrencyLimit, RateController, RetryQuota

BY_RANK: tuple[Purpose, ...] = ("download", "result", "history", "account", "submit", "status")
"""Purposes of requests, those that go first at the beginning."""

UNNAMED_PAUSE = 1.0
"""A 429 that names no moment of reset closes the gate so long, doubled while it repeats itself."""

LATE = 0.05
"""So much later than the moment of reset the gate opens: clocks differ."""

SHORTEST_PAUSE = 1e-3
"""Seconds that are not worth waiting for."""

LITTLE = 1.4
"""Jobs in flight relative to what the budget of requests can collect (Little's law): enough to use all of it."""

SPARE = 2
"""And some more, so that a request is always spent on a job that is likely to be done."""

REQUESTS_PER_RUN = 3


COMPARED = 16
"""So many of those who have waited longest are compared; to compare all would take longer than it saves."""


@dataclass(eq=False)
class _Waiting:
    urgency: Callable[[], float]
    granted: asyncio.Future[None]


class RateLimiter:
    """Grants turns.

    Parameters
    ----------
    clock:
        What time it is.
    max_in_flight:
        The user's cap on jobs at the service.
    window:
        Takes a turn of the user's limit of requests per minute, which processes share: 0 where it was taken, else
        the seconds to wait. None for no such limit.
    max_rpm:
        That limit.
    on_limit:
        Told what changes a limit: which one, its new value, and why.
    cautious:
        Whether the log knows of 429s lately.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_in_flight: int,
        window: Callable[[], Awaitable[float]] | None = None,
        max_rpm: float | None = None,
        on_limit: Callable[[str, float, str], None] = lambda what, value, why: None,
        cautious: bool = False,
    ) -> None:
        self._clock = clock
        self._window = window
        self._max_rpm = max_rpm
        self._on_limit = on_limit
        self._rate = RateController.cautious(clock.monotonic()) if cautious else RateController()
        # The user's limit is spent evenly: bursts would leave nothing for results, and jobs lying unseen.
        self._even = RateController(max_rpm / 60, growth=1.0) if max_rpm is not None else RateController()
        self._all_counted = False
        self.room = ConcurrencyLimit(max_in_flight)
        self._quota = RetryQuota()
        self._service_seconds: float | None = None
        self._flying: set[str] = set()
        self._pending = 0
        self._gate = 0.0
        self._probing = False
        self._must_probe = False
        self._unnamed = 0
        self._waiting: dict[Purpose, deque[_Waiting]] = {purpose: deque() for purpose in BY_RANK}
        self._changed = asyncio.Event()
        self._giving: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ turns

    async def turn(self, purpose: Purpose, urgency: Callable[[], float] = lambda: 0.0) -> None:
        """Wait until a request of this purpose may be sent; then send it and say what came of it (`answered`)."""
        now = self._clock.monotonic()
        if self._is_free and self._may_go(purpose, now) and not self._pause(purpose, now):
            self._go(purpose)
            return
        waiting = _Waiting(urgency, asyncio.get_running_loop().create_future())
        self._waiting[purpose].append(waiting)
        if self._giving is None or self._giving.done():
            self._giving = asyncio.create_task(self._give())
        if len(self._waiting[purpose]) == 1:  # else somebody waits for just this already
            self._changed.set()
        try:
            await waiting.granted
        except asyncio.CancelledError:
            if waiting in self._waiting[purpose]:
                self._waiting[purpose].remove(waiting)
            elif not waiting.granted.cancelled():
                self.returned(purpose)
            raise

    def returned(self, purpose: Purpose) -> None:
        """A turn that was granted is not used."""
        if purpose == "submit":
            self._pending -= 1
        if self._probing:
            self._probing, self._must_probe = False, True
        self._changed.set()

    async def _give(self) -> None:
        """Give turns until nobody waits. An error, of the log say, goes to all who wait: they would wait for ever."""
        try:
            await self._give_turns()
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            for waiting in self._waiting.values():
                while waiting:
                    granted = waiting.popleft().granted
                    if not granted.done():
                        granted.set_exception(error)

    async def _give_turns(self) -> None:
        while any(self._waiting.values()):
            self._changed.clear()
            now = self._clock.monotonic()
            possible = [purpose for purpose in BY_RANK if self._waiting[purpose] and self._may_go(purpose, now)]
            pauses = {purpose: self._pause(purpose, now) for purpose in possible}
            ready = [purpose for purpose in possible if not pauses[purpose]]
            if not ready:
                await self._change(min(pauses.values(), default=None))
            elif ready[0] != "download" and self._window is not None and (pause := await self._window()):
                await self._change(pause)
            elif self._waiting[ready[0]]:
                self._grant(ready[0])

    def _grant(self, purpose: Purpose) -> None:
        """Give the turn to whom it matters most now, of this purpose."""
        waiting = self._waiting[purpose]
        if self._is_free or len(waiting) == 1:
            first = waiting.popleft()
        else:
            first = max(islice(waiting, COMPARED), key=lambda one: one.urgency())
            waiting.remove(first)
        if not first.granted.done():  # nobody cancelled it meanwhile
            self._go(purpose)
            first.granted.set_result(None)

    @property
    def _is_free(self) -> bool:
        """Whether nothing but the room for jobs holds anybody back, so that the order does not matter."""
        return self._window is None and self._rate.pace is None and not self._must_probe

    async def _change(self, seconds: float | None) -> None:
        """Wait for something to change, at most so long."""
        if seconds is None:
            await self._changed.wait()
            return
        timer = asyncio.get_running_loop().call_later(seconds, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()

    def _may_go(self, purpose: Purpose, now: float) -> bool:
        if self._probing:
            return False
        return purpose != "submit" or len(self._flying) + self._pending < self._most_flying(now)

    def _most_flying(self, now: float) -> int:
        """Jobs at the service: under a limit of requests, more than can be collected would only wait, and expire."""
        paces = [self._max_rpm / 60] if self._max_rpm is not None else []
        if self._all_counted and (pace := self._rate.now(now)) is not None:
            paces.append(pace)
        if not paces or self._service_seconds is None:
            return self.room.limit
        useful = LITTLE * min(paces) * self._service_seconds / REQUESTS_PER_RUN
        return min(self.room.limit, math.ceil(useful) + SPARE)

    def _pause(self, purpose: Purpose, now: float) -> float:
        paced = self._rate.wait(now) if self._is_counted(purpose) else 0.0
        even = self._even.wait(now) if purpose != "download" else 0.0
        pause = max(self._gate - now, paced, even)
        return pause if pause > SHORTEST_PAUSE else 0.0

    def _go(self, purpose: Purpose) -> None:
        if purpose == "submit":
            self._pending += 1
        if self._must_probe:
            self._must_probe, self._probing = False, True
        now = self._clock.monotonic()
        if self._is_counted(purpose):
            self._rate.sent(now)
        if purpose != "download":
            self._even.sent(now)

    def _is_counted(self, purpose: Purpose) -> bool:
        return purpose == "submit" or (self._all_counted and purpose != "download")

    # ------------------------------------------------------------------ what comes back

    def answered(self, purpose: Purpose, response: HttpResponse | None) -> None:
        """What a request came to; None where no answer came."""
        now = self._clock.monotonic()
        if self._probing or purpose == "submit":  # of others no answer lets anybody go sooner
            self._changed.set()
        self._probing = False
        if purpose == "submit":
            self._pending -= 1
        if response is not None and response.status == 429:
            self._limited(purpose, retry_after(response.headers, self._clock.now()), now)
            return
        # Whatever else was wrong with it, no limit stood in its way.
        if self._is_counted(purpose):
            self._rate.accepted(now)
        if response is None or response.status >= 500:
            self._close_gate(self._quota.failed())
        else:
            self._quota.answered()
            self._unnamed = 0

    def accepted(self, digest: str) -> None:
        """A run's job is at the service."""
        self._flying.add(digest)
        if self.room.accepted(len(self._flying)):
            self._on_limit("jobs in flight", self.room.limit, "a probe was accepted")

    def done(self, digest: str) -> None:
        """A run's job is known to be done, or is not watched any more."""
        if digest in self._flying:
            self._flying.discard(digest)
            if self.room.completed():
                self._on_limit("jobs in flight", self.room.limit, "a probe for more room")
            self._changed.set()

    def expect(self, service_seconds: float) -> None:
        """Jobs take so long."""
        self._service_seconds = service_seconds
        self._changed.set()

    def pause(self, seconds: float) -> None:
        """Nobody sends for a while; then one request goes first."""
        self._close_gate(seconds)

    def _limited(self, purpose: Purpose, reset: float | None, now: float) -> None:
        if reset is None and purpose == "submit" and self._flying:
            # No moment of reset: the service is full, and a job that ends makes room.
            if self.room.full(len(self._flying)):
                self._on_limit("jobs in flight", self.room.limit, "429 without a moment of reset")
            return
        if purpose != "submit":
            self._all_counted = True
        self._unnamed += 1
        closed = min(60.0, UNNAMED_PAUSE * 2.0 ** (self._unnamed - 1)) if reset is None else reset + LATE
        if self._rate.limited(now, closed):
            self._on_limit("calls a minute", round(60 * (self._rate.pace or 0.0), 1), "429")
        self._close_gate(closed)

    def _close_gate(self, seconds: float) -> None:
        if seconds > 0:
            self._gate = max(self._gate, self._clock.monotonic() + seconds)
            self._must_probe = True


FEWEST_IN_THE_AIR, MOST_IN_THE_AIR = 4, 32
CALLS_A_SECOND = 120.0
"""So many calls a second should be possible whatever the way to the service takes: enough for 500 jobs in flight."""


class RateLimitedTransport:
    """A transport that takes turns, and keeps few requests in the air: as many as the way to the service needs.

    Submits take their turn before their intent is written, so they are only noted here.
    """

    def __init__(self, transport: Transport, pacer: RateLimiter, clock: Clock) -> None:
        self._transport = transport
        self._pacer = pacer
        self._clock = clock
        self._round_trip: float | None = None
        self._air = 0
        self._landing: deque[asyncio.Future[None]] = deque()

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request, once it may be sent."""
        if request.purpose == "submit":
            return await self._send(request)
        await self._pacer.turn(request.purpose, request.urgency)
        try:
            while self._air >= self._most:
                landed = asyncio.get_running_loop().create_future()
                self._landing.append(landed)
                await landed
        except BaseException:
            self._pacer.returned(request.purpose)
            raise
        self._air += 1
        try:
            return await self._send(request)
        finally:
            self._air -= 1
            while self._landing and self._air < self._most:
                landed = self._landing.popleft()
                if not landed.done():
                    landed.set_result(None)
                    break

    async def close(self) -> None:
        """Close connections."""
        await self._transport.close()

    @property
    def _most(self) -> int:
        if self._round_trip is None:
            return FEWEST_IN_THE_AIR
        needed = math.ceil(CALLS_A_SECOND * self._round_trip)
        return min(MOST_IN_THE_AIR, max(FEWEST_IN_THE_AIR, needed))

    async def _send(self, request: HttpRequest) -> HttpResponse:
        started = self._clock.monotonic()
        try:
            response = await self._transport.send(request)
        except TransportError:
            self._pacer.answered(request.purpose, None)
            raise
        except BaseException:
            self._pacer.returned(request.purpose)
            raise
        if request.purpose != "download":
            seconds = self._clock.monotonic() - started
            # The quickest tells the way's length; what lasts longer waited at the service.
            slow = self._round_trip is None or seconds < self._round_trip
            self._round_trip = seconds if slow else 0.99 * (self._round_trip or 0) + 0.01 * seconds
        self._pacer.answered(request.purpose, response)
        return response
