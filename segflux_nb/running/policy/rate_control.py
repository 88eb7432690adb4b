"""How fast to send, and how much to have in flight, when the service says "too many". Pure.

Two loops. The *rate* loop answers a limit of calls per time: before the first 429 it does not hold back; each
episode of 429s cuts the pace once, to just below what was accepted lately, and from there the pace creeps up. The
*room* loop answers a limit of unfinished jobs: a 429 without a moment of reset says that the service is full, so what
is in flight now is all there is room for, until probes, one for so many completed jobs, find more. A job takes long
and the verdict on a submit comes at once, so both learn from submits, not from jobs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

LOOK_BACK = 15.0
"""Seconds of accepted calls from which the pace is taken."""

CUT = 0.95
CREEP, CREEP_PER_CALL = 0.03, 0.01
"""The pace after an episode of 429s relative to what was accepted; its growth in a second, and at most in a call."""

SLOWEST = 0.05
"""Calls a second: the pace is never cut below."""

START, RAMP = 5.0, 1.36
"""Calls a second at the start where the log knows of 429s, and the growth in a second until the first one."""

EPISODE = 2.0
"""429s within so many seconds are one episode: they answer what was already on its way."""


@dataclass
class RateController:
    """The pace of calls.

    Attributes
    ----------
    pace:
        Calls a second at `since`, or None for no limit.
    growth:
        How it grows in a second.
    """

    pace: float | None = None
    growth: float = 1 + CREEP
    since: float = 0.0
    _accepted: deque[float] = field(default_factory=deque)
    _episode: float = float("-inf")
    _free_at: float = float("-inf")

    @classmethod
    def cautious(cls, now: float) -> RateController:
        """The pace where the log knows of 429s."""
        return cls(START, RAMP, now)

    def now(self, now: float) -> float | None:
        """Calls a second now, or None for no limit."""
        return None if self.pace is None else self.pace * self.growth ** (now - self.since)

    def wait(self, now: float) -> float:
        """Seconds until the next call may go."""
        return max(0.0, self._free_at - now) if self.pace is not None else 0.0

    def sent(self, now: float) -> None:
        """A call goes out."""
        pace = self.now(now)
        if pace is not None:
            # A call that comes late does not let the next ones come early.
            self._free_at = max(now, self._free_at) + 1 / pace

    def accepted(self, now: float) -> None:
        """A call was answered, and not by 429."""
        self._accepted.append(now)
        while self._accepted[0] < now - LOOK_BACK:
            self._accepted.popleft()

    def limited(self, now: float, closed_for: float) -> bool:
        """A call was answered 429, and nothing can go for a while; whether this cuts the pace."""
        if now < self._episode:
            return False
        self._episode = now + max(EPISODE, closed_for)
        recent = [at for at in self._accepted if at >= now - LOOK_BACK]
        pace = self.now(now)
        if recent:
            measured = len(recent) / max(1.0, min(LOOK_BACK, now - recent[0]))
            pace = CUT * (measured if pace is None else min(measured, pace))
        # Where nothing was accepted since the gate opened, nothing is known of what would be.
        self.pace, self.since = START if pace is None else max(pace, SLOWEST), now + closed_for
        self.growth = 1 + min(CREEP, CREEP_PER_CALL * self.pace)
        self._free_at = self.since
        self._accepted.clear()
        return True


PROBE_EVERY = 12
"""Completed jobs between probes for more room, as long as probes fail."""


@dataclass
class ConcurrencyLimit:
    """How many jobs may be in flight.

    Attributes
    ----------
    most:
        The user's cap.
    limit:
        What the service has room for, as far as it is known: at most `most`.
    """

    most: int
    limit: int = 0
    _until_probe: int = 0
    _step: int = 1
    _probing: bool = False

    def __post_init__(self) -> None:
        self.limit = self.most

    def full(self, in_flight: int) -> bool:
        """A submit was answered 429 for want of room, with so many in flight; whether the limit changes."""
        self._probing, self._step, self._until_probe = False, 1, PROBE_EVERY
        after = max(1, min(self.limit, in_flight))
        changed, self.limit = after != self.limit, after
        return changed

    def accepted(self, in_flight: int) -> bool:
        """A submit was accepted, with so many in flight now; whether the limit changes."""
        if not self._probing or in_flight < self.limit:
            return False
        # The probe went through: the next one follows at once, and is larger.
        self._step = min(2 * self._step, max(1, self.limit // 4))
        self.limit = min(self.most, self.limit + self._step)
        self._probing = self.limit < self.most
        return True

    def completed(self) -> bool:
        """A job was seen to be done; whether the limit changes, for a probe."""
        if self.limit >= self.most or self._probing:
            return False
        self._until_probe -= 1
        if self._until_probe > 0:
            return False
        self._probing = True
        self.limit += 1
        return True


QUOTA, RETRY_COST = 500.0, 14.0
"""As in botocore: a failure of the service costs 14 of 500 tokens, an answer gives one back."""

OUTAGE_LONGEST = 60.0


@dataclass
class RetryQuota:
    """Failures of the service that are met at full pace; when they are used up, only probes go."""

    tokens: float = QUOTA
    _row: int = 0

    def answered(self) -> None:
        """The service answered."""
        self.tokens = min(QUOTA, self.tokens + 1)
        self._row = 0

    def failed(self) -> float:
        """The service failed (5xx, or no answer): seconds for which nothing but a probe should go, or 0."""
        self.tokens = max(0.0, self.tokens - RETRY_COST)
        if self.tokens >= RETRY_COST:
            return 0.0
        self._row += 1
        return float(min(OUTAGE_LONGEST, 2.0 ** min(self._row, 6)))
