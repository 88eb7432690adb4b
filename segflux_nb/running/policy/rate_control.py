"""How fast to send and how much to have in flight, learned from what the service answers. Pure.

Four controllers, each for one kind of limit:

- `RateController` answers a limit of calls per time. Before the first 429 it does not hold back. Each episode of 429s
  cuts the rate once, to just below what was accepted lately, and from there the rate grows slowly.
- `ConcurrencyLimit` answers a limit of unfinished jobs. Two 429s without a moment of reset, and no accepted submit
  between them, say that the service is full, so the jobs in flight now are all it takes, until a probe (one more job,
  after a pause or some completed ones) is accepted. A single one may have had another reason.
- `RetryQuota` answers failures of the service: many are met at full rate, and when they are used up, only probes go.
- `RequestWindow` keeps as few requests in flight as the round-trip time allows: one for submits, one for the others.

A job takes long and the answer to a submit comes at once, so the first two learn from submits and not from jobs.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...backoff import Backoff, RandomSource

LOOK_BACK = 15.0
"""Seconds of accepted calls from which the rate is taken."""

CUT = 0.95
"""The rate after an episode of 429s, relative to the rate of accepted calls before it."""

CREEP, CREEP_PER_CALL = 0.03, 0.01
"""After that the rate grows slowly: by this share in a second, and by at most this share in a call."""

SLOWEST = 0.05
"""Calls a second. The rate is never cut below this."""

START, RAMP = 5.0, 1.36
"""Where the log knows of 429s: calls a second at the start, and its growth factor in a second until the next 429."""

EPISODE = 2.0
"""429s within this many seconds are one episode: they answer requests that were already on their way."""


@dataclass
class RateController:
    """The rate of calls, cut by 429s (additive increase, multiplicative decrease).

    Attributes
    ----------
    rate:
        Calls a second at `since`, or None for no limit.
    growth:
        The factor by which the rate grows in a second.
    since:
        Seconds on the monotonic clock at which `rate` held.
    """

    rate: float | None = None
    growth: float = 1 + CREEP
    since: float = 0.0
    _accepted: deque[float] = field(default_factory=deque)
    _episode_ends: float = float("-inf")
    _free_at: float = float("-inf")

    @classmethod
    def cautious(cls, now: float) -> RateController:
        """A controller for a service whose 429s the log remembers."""
        return cls(START, RAMP, now)

    def rate_at(self, now: float) -> float | None:
        """Calls a second now, or None for no limit."""
        return None if self.rate is None else self.rate * self.growth ** (now - self.since)

    def wait(self, now: float) -> float:
        """Seconds until the next call may go."""
        return max(0.0, self._free_at - now) if self.rate is not None else 0.0

    def sent(self, now: float) -> None:
        """A call goes out."""
        rate = self.rate_at(now)
        if rate is not None:
            # A call that comes late does not let the next ones come early.
            self._free_at = max(now, self._free_at) + 1 / rate

    def accepted(self, now: float) -> None:
        """A call was answered, and not by a 429."""
        self._accepted.append(now)
        while self._accepted[0] < now - LOOK_BACK:
            self._accepted.popleft()

    def limited(self, now: float, paused_for: float) -> bool:
        """A call was answered 429: whether this cuts the rate.

        Parameters
        ----------
        now:
            Seconds on the monotonic clock.
        paused_for:
            Seconds for which nothing is sent because of it.
        """
        if now < self._episode_ends:
            return False
        self._episode_ends = now + max(EPISODE, paused_for)
        recent = [at for at in self._accepted if at >= now - LOOK_BACK]
        rate = self.rate_at(now)
        if recent:
            measured = len(recent) / max(1.0, min(LOOK_BACK, now - recent[0]))
            rate = CUT * (measured if rate is None else min(measured, rate))
        # If nothing was accepted since the pause ended, nothing is known of what would be: the rate stands.
        self.rate, self.since = START if rate is None else max(rate, SLOWEST), now + paused_for
        self.growth = 1 + min(CREEP, CREEP_PER_CALL * self.rate)
        self._free_at = self.since
        self._accepted.clear()
        return True


PROBE_EVERY = 12
"""Completed jobs between probes for a higher limit, as long as probes fail."""

PROBE_PAUSE = Backoff(first=1.0, longest=60.0)
"""The time after which a probe goes even if no job was completed."""


@dataclass
class ConcurrencyLimit:
    """How many jobs may be in flight.

    Attributes
    ----------
    most:
        The user's cap.
    limit:
        What the service takes, as far as it is known: at most `most`.
    probe_at:
        When a probe goes even if no job was completed, in seconds on the monotonic clock.
    """

    most: int
    limit: int = 0
    probe_at: float = math.inf
    _is_doubted: bool = False
    _refused: int = 0
    _until_probe: int = 0
    _step: int = 1
    _is_probing: bool = False

    def __post_init__(self) -> None:
        self.limit = self.most

    def full(self, jobs_in_flight: int, now: float, jitter: RandomSource) -> bool:
        """A submit was answered 429 without a moment of reset: whether the limit changes.

        Parameters
        ----------
        jobs_in_flight:
            Jobs at the service.
        now:
            Seconds on the monotonic clock.
        jitter:
            Source of random numbers for the pause until the next probe.
        """
        if not self._is_probing and not self._is_doubted:
            self._is_doubted = True
            return False
        self._refused = self._refused + 1 if self._is_probing else max(1, self._refused)
        self._is_probing, self._step, self._until_probe = False, 1, PROBE_EVERY
        limit = max(1, min(self.limit, jobs_in_flight))
        changed, self.limit = limit != self.limit, limit
        self.probe_at = now + PROBE_PAUSE.seconds(self._refused, jitter) if limit < self.most else math.inf
        return changed

    def accepted(self, jobs_in_flight: int) -> bool:
        """A submit was accepted and is among the jobs in flight: whether the limit changes."""
        self._is_doubted = False
        is_probe = self._is_probing and jobs_in_flight >= self.limit
        is_higher = jobs_in_flight > self.limit  # it was on its way when another one was refused
        self.limit = max(self.limit, min(self.most, jobs_in_flight))
        if not is_probe:
            return is_higher
        # The probe was accepted: the next one follows at once, and is larger.
        self._step = min(2 * self._step, max(1, self.limit // 4))
        self.limit = min(self.most, self.limit + self._step)
        self._is_probing, self._refused = self.limit < self.most, max(0, self._refused - 1)
        return True

    def completed(self) -> bool:
        """A job was seen to be done: whether the limit changes, for a probe."""
        if self.limit >= self.most or self._is_probing:
            return False
        self._until_probe -= 1
        if self._until_probe > 0:
            return False
        self._probe()
        return True

    def waited(self, now: float) -> bool:
        """Submits wait for room: whether the limit changes, for a probe that is due by the time.

        Parameters
        ----------
        now:
            Seconds on the monotonic clock.
        """
        if now < self.probe_at or self.limit >= self.most or self._is_probing:
            return False
        self._probe()
        return True

    def _probe(self) -> None:
        self._is_probing, self.probe_at = True, math.inf
        self.limit += 1


LITTLE = 1.4
"""Jobs in flight relative to what the rate of requests can collect (Little's law): enough to use all of it."""

SPARE = 2
"""Jobs in flight besides these, so that a request is always spent on a job that is likely to be done."""

REQUESTS_PER_RUN = 3
"""Submit, result, and one poll."""


def useful_jobs(rates: Sequence[float], service_seconds: float) -> int:
    """Jobs in flight that a limited rate of requests can collect; more of them would only wait, and expire.

    Parameters
    ----------
    rates:
        The limits that hold, in requests a second.
    service_seconds:
        Seconds that a job takes.
    """
    return math.ceil(LITTLE * min(rates) * service_seconds / REQUESTS_PER_RUN) + SPARE


QUOTA, RETRY_COST = 500.0, 14.0
"""As in botocore: a failure of the service costs 14 of 500 tokens, an answer gives one back."""

OUTAGE = Backoff(first=2.0, longest=60.0)
"""Between probes of a service that fails."""


@dataclass
class RetryQuota:
    """Failures of the service that are met at full rate; when they are used up, only probes go."""

    tokens: float = QUOTA
    _failures: int = 0

    def answered(self) -> None:
        """The service answered."""
        self.tokens = min(QUOTA, self.tokens + 1)
        self._failures = 0

    def failed(self, jitter: RandomSource) -> float:
        """The service failed (5xx, or no answer): seconds for which only a probe may go, or 0."""
        self.tokens = max(0.0, self.tokens - RETRY_COST)
        if self.tokens >= RETRY_COST:
            return 0.0
        self._failures += 1
        return OUTAGE.seconds(self._failures, jitter)


FEWEST_REQUESTS, MOST_REQUESTS = 4, 32
"""Bounds of the requests in flight, submits apart."""

CALLS_A_SECOND = 120.0
"""Calls that should be possible in a second, however long the round trip: enough for 500 jobs in flight."""

FEWEST_SUBMITS, SHARE_OF_JOBS = 4, 8
"""Submits on the wire at a time: at least this many may be, and at most this part of the jobs in flight."""

SUBMITS_A_SECOND = 60.0
"""Submits that should be possible in a second, however long the round trip."""


def most_submits(max_in_flight: int) -> int:
    """Submits that are ever on the wire at a time: the bound on what a crash can leave unknown.

    Parameters
    ----------
    max_in_flight:
        The user's cap on jobs at the service.
    """
    return max(FEWEST_SUBMITS, max_in_flight // SHARE_OF_JOBS)


@dataclass
class RequestWindow:
    """How many requests may be in flight: as many as the round trip needs for a number of them in a second.

    Attributes
    ----------
    fewest, most:
        Bounds of the number.
    a_second:
        Requests that should be possible in a second.
    """

    fewest: int = FEWEST_REQUESTS
    most: int = MOST_REQUESTS
    a_second: float = CALLS_A_SECOND
    _round_trip: float | None = None

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        if self._round_trip is None:
            return self.fewest
        return min(self.most, max(self.fewest, math.ceil(self.a_second * self._round_trip)))

    def measured(self, seconds: float) -> None:
        """A request was answered after this time.

        The quickest answer shows the round trip; a slower one waited at the service, and counts for little.
        """
        if self._round_trip is None or seconds < self._round_trip:
            self._round_trip = seconds
        else:
            self._round_trip = 0.99 * self._round_trip + 0.01 * seconds
