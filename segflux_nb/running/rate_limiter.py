"""Who may send next: one limiter for all requests of a key and a service.

A request asks for a permit (`acquire`), is sent, and reports its answer (`answered`) or that it was not sent
(`release`). Three things hold a permit back: the user's limit of requests per minute, the rate that 429s taught, and,
for submits only, the number of jobs in flight. The states of the limiter::

    free ──(the user has a limit, or a 429 cut the rate)──> paced
    free, paced ──(429 with a moment of reset, outage, or `pause`)──> paused
    paused ──(its time is over)──> probe due ──(the next permit)──> probing
    probing ──(an answer that is no 429)──> free, or paced
    probing ──(429, or a failure while the outage lasts)──> paused
    probing ──(the permit was not used)──> probe due

- *free*: every permit is granted at once.
- *paced*: permits are spaced by the rates that hold. Results and pictures go first, then look-ups, submits and polls;
  among polls goes first the job whose picture most likely waits unseen.
- *paused*: no request is sent until `_paused_until`.
- *probe due*, *probing*: one request goes alone, and all others wait for its answer.

Two 429s of submits without a moment of reset, and none accepted between them, change no state: they lower the number
of jobs in flight, until one more is tried, after a pause that grows or after some completed jobs. A task grants
permits (`_grant_permits`) while requests wait; while none waits and the limiter is free, there is no task.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from ..backoff import Backoff, RandomSource
from ..clock import Clock, minute
from ..service.moments import retry_after
from ..service.transport import HttpResponse, Purpose
from .policy.rate_control import ConcurrencyLimit, RateController, RetryQuota, useful_jobs

PRIORITY: tuple[Purpose, ...] = (
    "download",
    "result",
    "history",
    "account",
    "upload",
    "submit",
    "status",
    "catalogue",
)
"""Purposes of requests; those that go first stand first."""

UNNAMED_PAUSE = Backoff(first=1.0, longest=60.0)
"""The pause after a 429 that names no moment of reset, as long as it repeats."""

LONGEST_PAUSE = 60.0
"""Seconds for which a moment of reset holds back all requests; after that, it holds back submits alone."""

MAX_WAIT = 900.0
"""Seconds for which submits wait for a moment of reset, unless the user says otherwise."""

A_YEAR = 366 * 86_400.0
"""A moment of reset that is farther away is a mistake of the service."""

BESIDE: frozenset[Purpose] = frozenset({"history", "account", "catalogue", "upload"})
"""Requests that only wait for limits of their own: what depends on them waits, and nothing else does."""

LATE = 0.05
"""Seconds that a pause lasts longer than the service says: clocks differ."""

REPEATED = 3
"""429s in a row after which each pause is at least that of a 429 without a moment of reset."""

NOTEWORTHY = 3.0
"""Seconds of a wait that people are told of."""

SHORTEST_PAUSE = 1e-3
"""A shorter pause is not worth waiting for, in seconds."""

COMPARED = 16
"""The requests that have waited longest, among which the most urgent goes first; to compare all takes too long."""


class Held(NamedTuple):
    """Requests that are held back.

    Attributes
    ----------
    what:
        What waits, and for what, in words.
    until:
        Until when, in seconds on the monotonic clock.
    """

    what: str
    until: float


@dataclass(eq=False)
class _Waiter:
    urgency: Callable[[], float]
    granted: asyncio.Future[bool]


class RateLimiter:
    """Grants permits to send.

    Parameters
    ----------
    clock:
        Source of the current time, replaced in tests.
    max_in_flight:
        The user's cap on jobs at the service.
    shared_window:
        Takes one of the user's requests per minute, which all processes share: gives 0 where one was free, else the
        seconds to wait. None where the user has no limit.
    max_rpm:
        The user's limit of requests per minute; None for no limit.
    on_limit:
        Called when a limit changes: with its name, its new value, and why.
    cautious:
        Whether the log knows of recent 429s, so that sending starts slowly.
    max_wait:
        Seconds for which submits wait for a moment of reset. A later moment ends them.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        max_in_flight: int,
        max_wait: float = MAX_WAIT,
        shared_window: Callable[[], Awaitable[float]] | None = None,
        max_rpm: float | None = None,
        on_limit: Callable[[str, float, str], None] = lambda what, value, why: None,
        cautious: bool = False,
        jitter: RandomSource = random.random,
    ) -> None:
        self._clock = clock
        self._shared_window = shared_window
        self._max_rpm = max_rpm
        self._on_limit = on_limit
        self._jitter = jitter
        self._rate = RateController.cautious(clock.monotonic()) if cautious else RateController()
        # The user's limit is spent evenly: bursts would leave nothing for results, and pictures would wait unseen.
        self._user_rate = RateController(max_rpm / 60, growth=1.0) if max_rpm is not None else RateController()
        self._all_counted = False
        self._concurrency = ConcurrencyLimit(max_in_flight)
        self._quota = RetryQuota()
        self._service_seconds: float | None = None
        self._jobs_in_flight: set[str] = set()
        self._submits_pending = 0
        self._max_wait = max_wait
        self._paused_until = 0.0
        self._paused_by_limit = False
        self._submits_paused_until = 0.0
        self._beside_paused_until = 0.0
        self._submits_end_until = 0.0
        self._submits_end_reason = ""
        self._limited_since: float | None = None
        self._is_probing = False
        self._probe_is_due = False
        self._unnamed_429s = 0
        self._waiting: dict[Purpose, deque[_Waiter]] = {purpose: deque() for purpose in PRIORITY}
        self._changed = asyncio.Event()
        self._granting: asyncio.Task[None] | None = None

    # ------------------------------------------------------------------ permits

    async def acquire(self, purpose: Purpose, urgency: Callable[[], float] = lambda: 0.0) -> bool:
        """Wait until a request may be sent. Its sender then calls `answered`, or `release` if it is not sent.

        False for a submit that may not be sent at all for now: see `submits_end`.

        Parameters
        ----------
        purpose:
            What the request is for.
        urgency:
            Gives the urgency of the request now. Of the requests of one purpose, the most urgent goes first.
        """
        now = self._clock.monotonic()
        if self._is_free and self._may_go(purpose, now) and not self._seconds_to_wait(purpose, now):
            self._go(purpose)
            return True
        waiting = _Waiter(urgency, asyncio.get_running_loop().create_future())
        self._waiting[purpose].append(waiting)
        if self._granting is None or self._granting.done():
            self._granting = asyncio.create_task(self._grant_permits())
        if len(self._waiting[purpose]) == 1:  # else another request waits for the same thing already
            self._changed.set()
        try:
            return await waiting.granted
        except asyncio.CancelledError:
            if waiting in self._waiting[purpose]:
                self._waiting[purpose].remove(waiting)
            elif not waiting.granted.cancelled() and waiting.granted.result():
                self.release(purpose)
            raise

    def release(self, purpose: Purpose) -> None:
        """Give back a permit that is not used."""
        if purpose == "submit":
            self._submits_pending -= 1
        if self._is_probing and purpose not in BESIDE:
            self._is_probing, self._probe_is_due = False, True
        self._changed.set()

    async def _grant_permits(self) -> None:
        """Grant permits until no request waits. An error, for example of the log, goes to all that wait."""
        try:
            await self._grant_by_priority()
        except Exception as error:  # noqa: BLE001 - each waiting request gets it, or it would wait for ever
            for waiting in self._waiting.values():
                while waiting:
                    granted = waiting.popleft().granted
                    if not granted.done():
                        granted.set_exception(error)

    async def _grant_by_priority(self) -> None:
        while any(self._waiting.values()):
            self._changed.clear()
            now = self._clock.monotonic()
            probe_after = self._probe_if_due(now)
            possible = [purpose for purpose in PRIORITY if self._waiting[purpose] and self._may_go(purpose, now)]
            pauses = {purpose: self._seconds_to_wait(purpose, now) for purpose in possible}
            ready = [purpose for purpose in possible if not pauses[purpose]]
            if not ready:
                await self._wait_for_change(min([*pauses.values(), *probe_after], default=None))
            elif (
                ready[0] != "download" and self._shared_window is not None and (pause := await self._shared_window())
            ):
                await self._wait_for_change(pause)
            elif self._waiting[ready[0]]:
                self._grant(ready[0])

    def _grant(self, purpose: Purpose) -> None:
        """Grant a permit to the most urgent request of this purpose."""
        waiting = self._waiting[purpose]
        if self._is_free or len(waiting) == 1:
            first = waiting.popleft()
        else:
            first = max(islice(waiting, COMPARED), key=lambda one: one.urgency())
            waiting.remove(first)
        if not first.granted.done():  # it may have been cancelled meanwhile
            self._go(purpose)
            first.granted.set_result(True)

    @property
    def _is_free(self) -> bool:
        """Whether only the number of jobs in flight holds requests back, so that their order does not matter."""
        return self._shared_window is None and self._rate.rate is None and not self._probe_is_due

    async def _wait_for_change(self, seconds: float | None) -> None:
        """Wait until something changes, or for this long; None waits for a change alone."""
        if seconds is None:
            await self._changed.wait()
            return
        timer = asyncio.get_running_loop().call_later(seconds, self._changed.set)
        try:
            await self._changed.wait()
        finally:
            timer.cancel()

    def _may_go(self, purpose: Purpose, now: float) -> bool:
        if purpose in BESIDE:
            return True
        if self._is_probing:
            return False
        return purpose != "submit" or len(self._jobs_in_flight) + self._submits_pending < self._most_jobs(now)

    def _probe_if_due(self, now: float) -> list[float]:
        """Let one job more in flight if submits have waited for room long enough; else the seconds until then.

        Parameters
        ----------
        now:
            Seconds on the monotonic clock.
        """
        if not self._waiting["submit"] or len(self._jobs_in_flight) + self._submits_pending < self._concurrency.limit:
            return []
        if self._concurrency.waited(now):
            self._on_limit("jobs in flight", self._concurrency.limit, "a probe for a higher limit")
            return []
        return [self._concurrency.probe_at - now] if self._concurrency.probe_at < math.inf else []

    def _most_jobs(self, now: float) -> int:
        """Jobs that may be at the service now."""
        rates = [self._max_rpm / 60] if self._max_rpm is not None else []
        if self._all_counted and (rate := self._rate.rate_at(now)) is not None:
            rates.append(rate)
        if not rates or self._service_seconds is None:
            return self._concurrency.limit
        return min(self._concurrency.limit, useful_jobs(rates, self._service_seconds))

    def _seconds_to_wait(self, purpose: Purpose, now: float) -> float:
        """Seconds until a request of this purpose may go, by all that holds it back."""
        learned = self._rate.wait(now) if self._is_counted(purpose) else 0.0
        users = self._user_rate.wait(now) if purpose != "download" else 0.0
        if purpose in BESIDE:
            paused_until = self._beside_paused_until
        elif purpose == "submit":
            paused_until = max(self._paused_until, self._submits_paused_until)
        else:
            paused_until = self._paused_until
        pause = max(paused_until - now, learned, users)
        return pause if pause > SHORTEST_PAUSE else 0.0

    def _go(self, purpose: Purpose) -> None:
        if purpose == "submit":
            self._submits_pending += 1
        if self._probe_is_due and purpose not in BESIDE:
            self._probe_is_due, self._is_probing = False, True
        now = self._clock.monotonic()
        if self._is_counted(purpose):
            self._rate.sent(now)
        if purpose != "download":
            self._user_rate.sent(now)

    def _is_counted(self, purpose: Purpose) -> bool:
        """Whether the service's limit counts such requests: submits, and the others once one of them met a 429."""
        return purpose == "submit" or (self._all_counted and purpose != "download" and purpose not in BESIDE)

    # ------------------------------------------------------------------ answers

    def answered(self, purpose: Purpose, response: HttpResponse | None) -> None:
        """A request was sent.

        Parameters
        ----------
        purpose:
            What it was for.
        response:
            The answer; None where none came.
        """
        now = self._clock.monotonic()
        status = 0 if response is None else response.status
        reset = retry_after(response.headers, self._clock.now()) if response and status in (429, 503) else None
        if purpose in BESIDE:
            if status == 429:
                self._beside_paused_until = now + min(reset or UNNAMED_PAUSE.first, LONGEST_PAUSE)
            return
        if self._is_probing or purpose == "submit":  # the answer to another request lets no other go sooner
            self._changed.set()
        self._is_probing = False
        if purpose == "submit":
            self._submits_pending -= 1
        if status == 429:
            self._limited(purpose, reset, now)
            return
        if status == 503 and reset is not None:
            self._hold_back(purpose, reset, now)
        # Whatever else was wrong with it, no limit refused it.
        if self._is_counted(purpose):
            self._rate.accepted(now)
        if response is None or status >= 500:
            self.pause(self._quota.failed(self._jitter))
        else:
            self._quota.answered()
            self._unnamed_429s = 0
            if purpose == "submit":
                self._limited_since = None

    @property
    def submits_end(self) -> str:
        """Why no submit goes for now, and when to come back; empty where submits may go."""
        return self._submits_end_reason if self._clock.monotonic() < self._submits_end_until else ""

    def is_paused(self, purpose: Purpose) -> bool:
        """Whether a permit that was granted is void by now: no request of this purpose may go for a while."""
        until = max(self._paused_until, self._submits_paused_until if purpose == "submit" else 0.0)
        return until > self._clock.monotonic()

    def held_back(self) -> Held | None:
        """What waits for longer than people take for granted; None where nothing does. Any thread may ask."""
        now = self._clock.monotonic()
        waiting = [purpose for purpose in PRIORITY if self._waiting[purpose]]
        paced = [purpose for purpose in waiting if purpose not in BESIDE]
        limit = "the reset of the service's rate limit"
        if "submit" in paced and self._submits_paused_until - now > NOTEWORTHY:
            return Held(f"Submits wait for {limit}", max(self._submits_paused_until, self._paused_until))
        if paced and self._paused_until - now > NOTEWORTHY:
            cause = limit if self._paused_by_limit else "the service, which fails or cannot be reached,"
            return Held(f"All requests wait for {cause}", self._paused_until)
        seconds = min((self._seconds_to_wait(purpose, now) for purpose in paced), default=0.0)
        if seconds > NOTEWORTHY:
            users = self._user_rate.wait(now) >= seconds
            cause = f"your limit, max_rpm={self._max_rpm}," if users else "the rate that the service permits,"
            return Held(f"Requests wait for {cause}", now + seconds)
        if len(waiting) > len(paced) and self._beside_paused_until - now > NOTEWORTHY:
            return Held("Look-ups and uploads wait for the reset of their own rate limit", self._beside_paused_until)
        return None

    def job_accepted(self, digest: str) -> None:
        """The job of a run is at the service."""
        if digest in self._jobs_in_flight:
            return
        self._jobs_in_flight.add(digest)
        if self._concurrency.accepted(len(self._jobs_in_flight)):
            self._on_limit("jobs in flight", self._concurrency.limit, "more were accepted")

    def job_done(self, digest: str) -> None:
        """The job of a run is known to be done, or is not polled any more."""
        if digest in self._jobs_in_flight:
            self._jobs_in_flight.discard(digest)
            if self._concurrency.completed():
                self._on_limit("jobs in flight", self._concurrency.limit, "a probe for a higher limit")
            self._changed.set()

    def expect(self, service_seconds: float) -> None:
        """Jobs are expected to take this long, in seconds."""
        self._service_seconds = service_seconds
        self._changed.set()

    def pause(self, seconds: float) -> None:
        """Send nothing for this long; then one request goes first. 0 does not pause."""
        until = self._clock.monotonic() + seconds
        if seconds > 0:
            self._probe_is_due = True
        if seconds > 0 and until >= self._paused_until:
            self._paused_until, self._paused_by_limit = until, False

    def _limited(self, purpose: Purpose, reset: float | None, now: float) -> None:
        """A request was answered 429.

        Parameters
        ----------
        purpose:
            What it was for.
        reset:
            Seconds to the moment of reset; None where the service names none.
        now:
            Seconds on the monotonic clock.
        """
        if reset is None and purpose == "submit" and self._jobs_in_flight:
            # No moment of reset: the service is full, and a job that ends makes room.
            if self._concurrency.full(len(self._jobs_in_flight), now, self._jitter):
                self._on_limit("jobs in flight", self._concurrency.limit, "429 without a moment of reset")
            return
        if purpose != "submit":
            self._all_counted = True
        self._unnamed_429s += 1
        pause = UNNAMED_PAUSE.seconds(self._unnamed_429s, self._jitter)
        seconds = pause if reset is None else reset + LATE
        if self._unnamed_429s > REPEATED:  # moments of reset that are over when they come, again and again
            seconds = max(seconds, pause)
        if self._rate.limited(now, min(seconds, LONGEST_PAUSE)):
            self._on_limit("calls a minute", round(60 * (self._rate.rate or 0.0), 1), "429")
        self._hold_back(purpose, seconds, now)
        if purpose == "submit":
            self._limited_since = now if self._limited_since is None else self._limited_since
            if now - self._limited_since > self._max_wait:
                self._end_submits(pause, f"The service has refused each submit for {self._max_wait:.0f} s (429)", now)

    def _hold_back(self, purpose: Purpose, seconds: float, now: float) -> None:
        """Hold requests back until a moment of reset: submits for at most `max_wait`, the others for a minute.

        Parameters
        ----------
        purpose:
            What the request was for whose answer names the moment.
        seconds:
            Seconds to that moment; they may be infinite.
        now:
            Seconds on the monotonic clock.
        """
        self.pause(min(seconds, LONGEST_PAUSE))
        self._paused_by_limit = True
        if purpose != "submit":
            return
        self._submits_paused_until = max(self._submits_paused_until, now + min(seconds, self._max_wait))
        if seconds > self._max_wait:
            known = seconds < A_YEAR
            moment = minute(self._clock.now() + seconds) if known else "in over a year"
            reason = f"The service takes submits again {'at ' if known else ''}{moment}, by its rate limit"
            self._end_submits(seconds, f"{reason}; max_wait={self._max_wait:.0f} s is the longest wait", now)

    def _end_submits(self, seconds: float, reason: str, now: float) -> None:
        """Let no submit go for a while: sweeps end, and collect what is accepted.

        Parameters
        ----------
        seconds:
            Seconds that the service asked for.
        reason:
            Why, and when to come back.
        now:
            Seconds on the monotonic clock.
        """
        self._submits_end_reason, self._submits_end_until = reason, now + min(seconds, self._max_wait)
        for waiting in self._waiting["submit"]:
            if not waiting.granted.done():
                waiting.granted.set_result(False)
        self._waiting["submit"].clear()
        self._on_limit("seconds without submits", round(min(seconds, A_YEAR), 1), reason)
