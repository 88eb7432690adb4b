"""When to poll a job: learned from how long jobs took, and from the job's own answers. Pure.

`ServiceTimes` keeps what was measured and makes distributions of it; a `PollSchedule` for each job says when to poll
it next (by the index rule of `service_times`).

A distribution is worth something only while the service stays as it was. So `ServiceTimes` looks for a change: jobs
that take longer, or less long, than nearly all jobs before them. The states, for the total time of jobs::

    empty ──(first measurement)──> usual
      the time at which the first measured job ended is kept (`known_since`)

    usual ──(an unusual job)──> suspicious
      a job outside all but `UNUSUAL_SHARE` of the distribution, on its slow or its quick side

    suspicious ──(a usual job, or one that is unusual on the other side)──> usual, or suspicious from that job on
    suspicious ──(`UNUSUAL_IN_A_ROW` in a row on the same side)──> changed

    changed ──(at once)──> usual, with nothing but the jobs in a row
      the old distribution is kept as `past`; jobs in flight are planned again

Two kinds of jobs must not count, because they say nothing of the service as it is now:

- Jobs that were accepted before the first measured job ended. The quick ones of a first wave end first, so the slow
  ones look unusual though nothing has changed.
- After a change, jobs that were accepted before it and took a time that was usual then.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...model import MODEL, Model, Value
from .service_times import ServiceTimeDistribution

REMEMBERED = 150
"""Measurements that are kept, of each kind."""

ENOUGH = 5
"""Measurements of one sampler and number of steps that stand for themselves; fewer are pooled with the others."""

POLLS_PER_MEAN = 49.0
"""Polls that are worth the mean service time: at 22 s, 2.2 polls for a second of lag."""

SHORTEST, LONGEST = 0.011, 0.36
"""Between polls, in mean service times: 0.25 s and 8 s where the mean is 22 s."""

UNUSUAL_SHARE, UNUSUAL_IN_A_ROW = 0.002, 2
"""A change of the service: this many jobs in a row that took longer, or less long, than all but this share."""

EARLY_PROBE_EVERY, EARLY_PROBE_AT = 20, 0.55
"""One job in this many is polled early, at this share of the mean: it shows when the service has become faster."""

COLD_FIRST, COLD_GROWTH, COLD_LONGEST = 0.25, 1.3, 8.0
"""While no time is known: seconds until the first poll, the factor to each later one, and the most between two."""

MEASURING_JOBS, MEASURING_FIRST = 2, 0.03
"""While only a published time is known, this many jobs are polled from this share of it on, with the factor above.

They show how long jobs take here, and the others wait for them.
"""

MUCH_FASTER = 0.6
"""The first measurements plan the polls again if their mean is below this share of the published time. Later than
that, no job is polled because of it."""

URGENT_SECONDS = 45 * 60.0
"""A job of this age is polled before all others: the service keeps its record for an hour."""

_Kind = tuple[Value, Value]


class ServiceTimes:
    """What is known of service times.

    Parameters
    ----------
    seconds_per_evaluation:
        What an evaluation takes while nothing was measured, in seconds; None where it is unknown.
    model:
        The model whose jobs these are.
    """

    def __init__(self, seconds_per_evaluation: float | None, model: Model = MODEL) -> None:
        self._seconds_per_evaluation = seconds_per_evaluation
        self._totals, self._renders = _Measured(model), _Measured(model)
        self._scheduled = 0

    def schedule(self, parameters: Mapping[str, Value], elapsed: float) -> PollSchedule:
        """When to poll one more job. Some of the jobs find out whether the service is faster than what is known.

        Parameters
        ----------
        parameters:
            The parameters of the job.
        elapsed:
            The age of the job now, in seconds.
        """
        self._scheduled += 1
        early_probe, measures = self._scheduled % EARLY_PROBE_EVERY == 0, self._scheduled <= MEASURING_JOBS
        return PollSchedule(self, parameters, elapsed, early_probe=early_probe, measures=measures)

    def is_measured(self, parameters: Mapping[str, Value]) -> bool:
        """Whether jobs like this one were measured, so that the published time does not count any more."""
        return self._totals.is_measured(parameters)

    def learn(self, parameters: Mapping[str, Value], queue: float, render: float, accepted: float = math.inf) -> bool:
        """Learn from a job that is done: whether the service has changed, so that polls must be planned again.

        Parameters
        ----------
        parameters:
            The parameters of the job.
        queue:
            Seconds that it waited at the service.
        render:
            Seconds of its inference.
        accepted:
            When it was accepted, in seconds since 1970 UTC.
        """
        before, was_measured = self.total(parameters), self.is_measured(parameters)
        self._renders.add(parameters, render, accepted)
        changed = self._totals.add(parameters, queue + render, accepted, before)
        if before is not None and not was_measured and self.is_measured(parameters):
            now = self.total(parameters)
            changed = changed or (now is not None and now.mean < MUCH_FASTER * before.mean)
        return changed

    def total(self, parameters: Mapping[str, Value]) -> ServiceTimeDistribution | None:
        """The distribution from acceptance to completion; None while nothing is known."""
        return self._totals.distribution(parameters, self._seconds_per_evaluation)

    def render(self, parameters: Mapping[str, Value]) -> ServiceTimeDistribution | None:
        """The distribution of the inference alone; None while nothing is known."""
        return self._renders.distribution(parameters, self._seconds_per_evaluation)


@dataclass
class _Measured:
    """Measurements of one quantity, by sampler and steps, and pooled per evaluation."""

    model: Model
    by_kind: dict[_Kind, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=REMEMBERED)))
    pooled: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    distributions: dict[_Kind, tuple[int, ServiceTimeDistribution]] = field(default_factory=dict)
    number: int = 0
    unusual: int = 0
    """Unusual jobs in a row: above 0 the slow ones, below 0 the quick ones."""
    unusual_since: float = math.inf
    """When the first of them was accepted."""
    changed_at: float = -math.inf
    """When the first job was accepted that shows the service as it is now."""
    known_since: float = math.inf
    """When the first measured job ended. A job that was accepted earlier cannot show a change."""
    past: ServiceTimeDistribution | None = None
    """The distribution before the last change."""

    def add(
        self,
        parameters: Mapping[str, Value],
        seconds: float,
        accepted: float,
        expected: ServiceTimeDistribution | None = None,
    ) -> bool:
        """Add a measurement: whether it shows that the service has changed.

        Parameters
        ----------
        parameters:
            The parameters of the job.
        seconds:
            What was measured.
        accepted:
            When the job was accepted.
        expected:
            The distribution before this measurement; None does not look for a change.
        """
        if seconds <= 0 or self._is_of_the_past(seconds, accepted):
            return False
        changed = expected is not None and self._is_change(seconds, accepted, expected)
        if changed:
            self.changed_at, self.past = self.unusual_since, expected
            self._forget()
        self.known_since = min(self.known_since, accepted + seconds if accepted < math.inf else -math.inf)
        self.number += 1
        self.by_kind[_kind(parameters)].append(seconds)
        evaluations = self.model.evaluations(parameters)
        if evaluations:
            self.pooled.append(seconds / evaluations)
        return changed

    def _is_of_the_past(self, seconds: float, accepted: float) -> bool:
        return accepted < self.changed_at and self.past is not None and not _unusual_side(seconds, self.past)

    def _is_change(self, seconds: float, accepted: float, expected: ServiceTimeDistribution) -> bool:
        """Whether a measurement completes a row of unusual jobs; parameters are those of `add`."""
        if accepted <= self.known_since:
            return False
        side = _unusual_side(seconds, expected)
        goes_on = side * self.unusual > 0
        self.unusual = self.unusual + side if goes_on else side
        self.unusual_since = min(self.unusual_since, accepted) if goes_on else accepted
        return abs(self.unusual) >= UNUSUAL_IN_A_ROW

    def _forget(self) -> None:
        """Keep the unusual jobs in a row, and forget what came before."""
        kept = UNUSUAL_IN_A_ROW - 1
        for values in (*self.by_kind.values(), self.pooled):
            recent = list(values)[-kept:]
            values.clear()
            values.extend(recent)
        self.distributions.clear()
        self.unusual, self.number, self.known_since = 0, 0, math.inf

    def is_measured(self, parameters: Mapping[str, Value]) -> bool:
        """Whether the distribution for jobs like this one comes from measurements; parameters are the job's."""
        evaluations = self.model.evaluations(parameters)
        if evaluations and len(self.pooled) >= UNUSUAL_IN_A_ROW:
            return True
        own = self.by_kind.get(_kind(parameters), ())
        return len(own) >= ENOUGH or bool(own and not evaluations)

    def distribution(
        self, parameters: Mapping[str, Value], seconds_per_evaluation: float | None
    ) -> ServiceTimeDistribution | None:
        """The distribution for jobs like this one; None while nothing is known.

        Parameters
        ----------
        parameters:
            The parameters of the job.
        seconds_per_evaluation:
            What an evaluation takes while nothing was measured; None where it is unknown.
        """
        kind = _kind(parameters)
        holds_until, distribution = self.distributions.get(kind, (-1, None))
        if self.number <= holds_until:
            return distribution
        distribution = self._build(kind, self.model.evaluations(parameters), seconds_per_evaluation)
        if distribution is not None:
            # A tenth more of measurements would hardly change it.
            self.distributions[kind] = (self.number + min(self.number, REMEMBERED) // 10, distribution)
        return distribution

    def _build(
        self, kind: _Kind, evaluations: int | None, seconds_per_evaluation: float | None
    ) -> ServiceTimeDistribution | None:
        """A new distribution: of the kind's own measurements if there are enough, else of all, pooled by evaluation.

        Parameters
        ----------
        kind:
            Sampler and number of steps.
        evaluations:
            Evaluations of such a job; None where it is unknown.
        seconds_per_evaluation:
            What an evaluation takes while nothing was measured; None where it is unknown.
        """
        own = self.by_kind.get(kind, ())
        if len(own) >= ENOUGH or (own and not evaluations):
            return ServiceTimeDistribution(list(own), 1.0)
        if not evaluations:
            return None
        if len(self.pooled) >= UNUSUAL_IN_A_ROW:
            return ServiceTimeDistribution([value * evaluations for value in self.pooled], 1.0)
        return ServiceTimeDistribution([], seconds_per_evaluation * evaluations) if seconds_per_evaluation else None


def _unusual_side(seconds: float, distribution: ServiceTimeDistribution) -> int:
    """1 for slower than nearly all, -1 for quicker than nearly all, 0 for a usual time."""
    longer = distribution.survival_without_prior(seconds)
    return 1 if longer < UNUSUAL_SHARE else -1 if longer > 1 - UNUSUAL_SHARE else 0


def _kind(parameters: Mapping[str, Value]) -> _Kind:
    return parameters.get("sampler_name", ""), parameters.get("steps", 0)


class PollSchedule:
    """When to poll one job, from what its answers told. All times are seconds since its acceptance.

    Parameters
    ----------
    times:
        What is known of service times.
    parameters:
        The parameters of the job.
    elapsed:
        The age of the job now.
    early_probe:
        Whether to poll it once early, to find out whether the service has become faster.
    measures:
        Whether to poll it early and often while nothing was measured, to find out how long jobs take.
    """

    def __init__(
        self,
        times: ServiceTimes,
        parameters: Mapping[str, Value],
        elapsed: float,
        *,
        early_probe: bool = False,
        measures: bool = False,
    ) -> None:
        self._times = times
        self._parameters = parameters
        self._early_probe = early_probe
        self._measures = measures
        self._polled_at = 0.0
        self._resumed_at = elapsed
        self._started_at: float | None = None
        self._is_queued = False

    def not_done(self, elapsed: float, *, processing: bool) -> None:
        """The service answered that the job is not done.

        Parameters
        ----------
        elapsed:
            The age of the job then.
        processing:
            Whether inference has begun.
        """
        if processing and self._started_at is None and self._is_queued:
            self._started_at = (self._polled_at + elapsed) / 2
        self._is_queued = not processing
        self._polled_at = elapsed
        self._early_probe = False

    def next_poll(self) -> float:
        """When to poll next, by what is known now."""
        distribution, began = self._distribution()
        if distribution is None:
            return min(self._growing(COLD_FIRST), self._polled_at + COLD_LONGEST)
        if self._early_probe and self._resumed_at < EARLY_PROBE_AT * distribution.mean:
            return EARLY_PROBE_AT * distribution.mean
        due = began + distribution.poll_at(self._polled_at - began, distribution.mean / POLLS_PER_MEAN)
        if self._polled_at - began > distribution.mean / 2:
            due = min(due, self._polled_at + LONGEST * distribution.mean)
        if self._measures and not self._times.is_measured(self._parameters):
            early = self._growing(MEASURING_FIRST * distribution.mean)
            due = early if early < MUCH_FASTER * distribution.mean else due
        return max(due, self._polled_at + SHORTEST * distribution.mean if self._polled_at else 0.0)

    def _growing(self, first: float) -> float:
        """The next of moments that lie apart by a constant factor; `first` is the first of them."""
        following = first
        while following <= max(self._polled_at, self._resumed_at):
            following *= COLD_GROWTH
        return following

    def urgency(self, elapsed: float) -> float:
        """The lag that is expected at this age, relative to what a poll is worth: the most urgent job goes first."""
        if elapsed > URGENT_SECONDS:
            return float("inf")
        distribution, began = self._distribution()
        if distribution is None:
            return elapsed - self._polled_at
        lag = distribution.expected_lag(self._polled_at - began, max(self._polled_at, elapsed) - began)
        return lag * POLLS_PER_MEAN / distribution.mean

    def _distribution(self) -> tuple[ServiceTimeDistribution | None, float]:
        """The distribution that holds for the job, and the moment from which it counts."""
        if self._started_at is not None:
            return self._times.render(self._parameters), self._started_at
        if self._is_queued and self._polled_at:
            return self._times.render(self._parameters), self._polled_at
        return self._times.total(self._parameters), 0.0
