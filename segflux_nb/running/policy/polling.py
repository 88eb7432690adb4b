"""When to ask whether a job is done: learned from how long jobs took, and from the job's own answers. Pure."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...model import MODEL, Value
from .service_times import ServiceTimeDistribution

REMEMBERED = 150
ENOUGH = 5
"""So many measurements of one sampler and number of steps stand for themselves; fewer are pooled with the others."""

POLLS_PER_MEAN = 49.0
"""Questions that are worth the mean service time: at 22 s, 2.2 questions a second of lag."""

SHORTEST, LONGEST = 0.011, 0.36
"""Between questions, in mean service times: 0.25 s and 8 s where the mean is 22 s."""

OUTSIDE, IN_A_ROW = 0.002, 2
"""So many jobs in a row that took longer, or less long, than all but this share: the service has changed, and what
was measured before tells nothing any more."""

EARLY_PROBE_EVERY, EARLY_PROBE_AT = 20, 0.55
"""Every so many jobs one is asked early, at this share of the mean: it tells when the service has become faster."""

COLD_FIRST, COLD_GROWTH, COLD_LONGEST = 0.25, 1.3, 8.0
"""Without any idea of the time: the first question after so many seconds, then each later by this factor."""

URGENT_SECONDS = 45 * 60.0
"""A job that old is asked before all others: its record lives an hour."""

_Kind = tuple[Value, Value]


class ServiceTimes:
    """What is known of service times.

    Parameters
    ----------
    seconds:
        Seconds of one evaluation where nothing was measured yet; None where nobody knows.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._totals, self._renders = _Measured(), _Measured()

    def learn(self, parameters: Mapping[str, Value], queue: float, render: float, accepted: float = math.inf) -> bool:
        """Learn from a job that is done: seconds in the queue, and of inference, and when it was accepted.

        Returns whether the service turns out to have changed, so that what was planned should be planned anew.
        """
        before = self.total(parameters)
        self._renders.add(parameters, render, accepted)
        return self._totals.add(parameters, queue + render, accepted, before)

    def total(self, parameters: Mapping[str, Value]) -> ServiceTimeDistribution | None:
        """The law from acceptance to completion; None where nobody knows anything."""
        return self._totals.law(parameters, self._seconds)

    def render(self, parameters: Mapping[str, Value]) -> ServiceTimeDistribution | None:
        """The law of inference alone."""
        return self._renders.law(parameters, self._seconds)


@dataclass
class _Measured:
    """Measurements of one quantity, by sampler and steps, and pooled per evaluation."""

    by_kind: dict[_Kind, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=REMEMBERED)))
    pooled: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    laws: dict[_Kind, tuple[int, ServiceTimeDistribution]] = field(default_factory=dict)
    number: int = 0
    strange: int = 0
    """Jobs in a row that were slower (above 0) or quicker (below 0) than nearly all before."""
    strange_since: float = math.inf
    """When the first of them was accepted."""
    holds_since: float = -math.inf
    """When the first job was accepted that shows the service as it is now."""
    known_since: float = math.inf
    """When the first of what is measured ended. Of jobs that were accepted before, the slow ones come last: to be
    slower than those that came first tells nothing of the service."""
    past: ServiceTimeDistribution | None = None
    """How it was before: a job that was accepted in those days, and took as long as one did then, teaches nothing."""

    def add(
        self,
        parameters: Mapping[str, Value],
        seconds: float,
        accepted: float,
        expected: ServiceTimeDistribution | None = None,
    ) -> bool:
        if seconds <= 0 or (accepted < self.holds_since and self.past is not None and not _side(seconds, self.past)):
            return False
        changed = expected is not None and self._is_change(seconds, accepted, expected)
        if changed:
            self.holds_since, self.past = self.strange_since, expected
            self._forget()
        self.known_since = min(self.known_since, accepted + seconds if accepted < math.inf else -math.inf)
        self.number += 1
        self.by_kind[_kind(parameters)].append(seconds)
        evaluations = MODEL.evaluations(parameters)
        if evaluations:
            self.pooled.append(seconds / evaluations)
        return changed

    def _is_change(self, seconds: float, accepted: float, expected: ServiceTimeDistribution) -> bool:
        if accepted <= self.known_since:
            return False
        side = _side(seconds, expected)
        goes_on = side * self.strange > 0
        self.strange = self.strange + side if goes_on else side
        self.strange_since = min(self.strange_since, accepted) if goes_on else accepted
        return abs(self.strange) >= IN_A_ROW

    def _forget(self) -> None:
        """Keep what came in a row, and forget what came before."""
        kept = IN_A_ROW - 1
        for values in (*self.by_kind.values(), self.pooled):
            recent = list(values)[-kept:]
            values.clear()
            values.extend(recent)
        self.laws.clear()
        self.strange, self.number, self.known_since = 0, 0, math.inf

    def law(self, parameters: Mapping[str, Value], seconds: float | None) -> ServiceTimeDistribution | None:
        kind = _kind(parameters)
        holds_until, law = self.laws.get(kind, (-1, None))
        if self.number <= holds_until:
            return law
        law = self._build(kind, MODEL.evaluations(parameters), seconds)
        if law is not None:
            # A tenth more of measurements would hardly move it.
            self.laws[kind] = (self.number + min(self.number, REMEMBERED) // 10, law)
        return law

    def _build(self, kind: _Kind, evaluations: int | None, seconds: float | None) -> ServiceTimeDistribution | None:
        own = self.by_kind.get(kind, ())
        if len(own) >= ENOUGH or (own and not evaluations):
            return ServiceTimeDistribution(list(own), 1.0)
        if not evaluations:
            return None
        if len(self.pooled) >= IN_A_ROW:
            return ServiceTimeDistribution([value * evaluations for value in self.pooled], 1.0)
        return ServiceTimeDistribution([], seconds * evaluations) if seconds else None


def _side(seconds: float, law: ServiceTimeDistribution) -> int:
    """1 for slower, -1 for quicker than nearly all by this law, 0 for neither."""
    longer = law.longer(seconds)
    return 1 if longer < OUTSIDE else -1 if longer > 1 - OUTSIDE else 0


def _kind(parameters: Mapping[str, Value]) -> _Kind:
    return parameters["sampler_name"], parameters["steps"]


class PollSchedule:
    """One job between acceptance and completion: what its answers told, and when to ask next.

    All times are seconds since its acceptance.

    Parameters
    ----------
    times:
        What is known of service times.
    parameters:
        The job's.
    elapsed:
        How old it is already.
    early_probe:
        Whether it is asked once early.
    """

    def __init__(
        self, times: ServiceTimes, parameters: Mapping[str, Value], elapsed: float, *, early_probe: bool = False
    ) -> None:
        self._times = times
        self._parameters = parameters
        self._early_probe = early_probe and elapsed == 0
        self._asked = 0.0
        self._resumed = elapsed
        self._started: float | None = None
        self._queued = False

    def tell(self, elapsed: float, *, processing: bool) -> None:
        """The service said at `elapsed` that the job is not done, and whether it has begun."""
        if processing and self._started is None and self._queued:
            self._started = (self._asked + elapsed) / 2
        self._queued = not processing
        self._asked = elapsed
        self._early_probe = False

    def ask_at(self) -> float:
        """When to ask next, by what is known now."""
        law, began = self._law()
        if law is None:
            following = COLD_FIRST
            while following <= max(self._asked, self._resumed):
                following *= COLD_GROWTH
            return min(following, self._asked + COLD_LONGEST)
        if self._early_probe:
            return EARLY_PROBE_AT * law.mean
        due = began + law.ask_after(self._asked - began, law.mean / POLLS_PER_MEAN)
        if self._asked - began > law.mean / 2:
            due = min(due, self._asked + LONGEST * law.mean)
        return max(due, self._asked + SHORTEST * law.mean if self._asked else 0.0)

    def urgency(self, elapsed: float) -> float:
        """The lag that is expected by now, relative to what a question is worth: the highest is asked first."""
        if elapsed > URGENT_SECONDS:
            return float("inf")
        law, began = self._law()
        if law is None:
            return elapsed - self._asked
        return law.lag(self._asked - began, max(self._asked, elapsed) - began) * POLLS_PER_MEAN / law.mean

    def _law(self) -> tuple[ServiceTimeDistribution | None, float]:
        """The law that holds for it, and from when it counts."""
        if self._started is not None:
            return self._times.render(self._parameters), self._started
        if self._queued and self._asked:
            return self._times.render(self._parameters), self._asked
        return self._times.total(self._parameters), 0.0
