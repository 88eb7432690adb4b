"""How long jobs take, as a law of probability, and what follows for when to ask. Pure.

The law is a kernel estimate in log time over what was measured, with a share of a wide prior. Asking a job costs a
request; not asking costs the time that a finished picture lies unseen. The index rule (Keller 1974, "Optimum checking
schedules for systems subject to random failure", and the literature on optimal inspection after it) asks when the lag
that is expected to have piled up since the last question reaches what one question is worth.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import numpy as np

POINTS = 256
PRIOR_SHARE = 0.04
PRIOR_SPREAD = 0.6
"""The prior's standard deviation in log time, and its share once something was measured."""

PRIOR_BANDWIDTH = 0.3
"""The standard deviation in log time as long as nothing was measured; later it counts as one measurement."""

NARROWEST = 0.02
_LOGISTIC = math.sqrt(3) / math.pi
"""The scale of a logistic distribution whose standard deviation is 1."""


class ServiceTimeDistribution:
    """The law of service times.

    Parameters
    ----------
    measured:
        Service times in seconds.
    expected:
        What is expected where nothing was measured, in seconds.
    prior_share:
        The prior's share once something was measured; 0 for a law that describes and does not foresee.

    Attributes
    ----------
    mean:
        Seconds.

    Example
    -------
    >>> law = ServiceTimeDistribution([20.0, 22.0, 24.0], 22.0)
    >>> 15 < law.ask_after(0.0, allowance=0.4) < 22
    True
    """

    def __init__(self, measured: Sequence[float], expected: float, prior_share: float = PRIOR_SHARE) -> None:
        logs = np.log(np.asarray(measured, dtype=float)) if len(measured) else np.array([math.log(expected)])
        number = len(measured)
        center = float(np.median(logs))
        if number:
            spread = math.sqrt((float(np.sum((logs - logs.mean()) ** 2)) + PRIOR_BANDWIDTH**2) / number)
            quartiles = float(np.subtract(*np.percentile(logs, [75, 25]))) / 1.34
            narrow = min(spread, quartiles) if number >= 10 and quartiles > 0 else spread
            width = max(NARROWEST, 0.9 * narrow * number**-0.2)
        else:
            width = PRIOR_BANDWIDTH
        reach = max(4.0 * PRIOR_SPREAD, float(np.max(np.abs(logs - center))) + 4 * width)
        grid = np.linspace(center - reach, center + reach, POINTS)
        kernels = _logistic((grid[:, None] - logs[None, :]) / width).mean(axis=1)
        share = prior_share if number else 0.0
        below = (1 - share) * kernels + share * _logistic((grid - center) / PRIOR_SPREAD)
        times, survival = np.exp(grid), np.maximum(1 - below, 1e-9)
        steps = np.diff(times) * (survival[1:] + survival[:-1]) / 2
        # Lists, since they are read at one point at a time, where NumPy takes three times as long.
        self._times: list[float] = times.tolist()
        self._survival: list[float] = survival.tolist()
        self._measured: list[float] = (1 - kernels).tolist()
        self._area: list[float] = (times[0] + np.concatenate([[0.0], np.cumsum(steps)])).tolist()
        self.mean = float(np.exp(logs).mean())

    def survival(self, seconds: float) -> float:
        """The probability that a job takes longer."""
        return self._at(seconds, self._survival) if seconds >= self._times[0] else 1.0

    def longer(self, seconds: float) -> float:
        """The share of jobs that take longer by what was measured, without the prior: what is usual."""
        return self._at(seconds, self._measured) if seconds >= self._times[0] else 1.0

    def quantile(self, share: float) -> float:
        """The time within which this share of jobs is done."""
        return float(np.interp(share, 1 - np.array(self._survival), self._times))

    def lag(self, since: float, until: float) -> float:
        """The lag in seconds that is expected at `until`, of a job that was not done at `since`."""
        return max(0.0, until - since - (self.reach(until) - self.reach(since)) / self.survival(since))

    def ask_after(self, since: float, allowance: float) -> float:
        """When the expected lag of a job that was not done at `since` reaches the allowance (all in seconds)."""
        times, area = self._times, self._area
        reach, survival = self.reach(since), self.survival(since)

        def lag(point: int) -> float:
            return times[point] - since - (area[point] - reach) / survival

        begin = bisect_right(times, since)
        reached = bisect_left(range(POINTS), allowance, begin, key=lag)
        if reached == POINTS:
            return max(since, times[-1]) + allowance
        before, lag_before = (times[reached - 1], lag(reached - 1)) if reached > begin else (since, 0.0)
        rise = lag(reached) - lag_before
        share = (allowance - lag_before) / rise if rise > 0 else 1.0
        return before + share * (times[reached] - before)

    def reach(self, seconds: float) -> float:
        """The area under the survival curve up to a time: the mean of service times that are cut off there."""
        if seconds <= self._times[0]:
            return seconds
        beyond = max(0.0, seconds - self._times[-1])
        return self._at(seconds, self._area) + beyond * self._survival[-1]

    def _at(self, seconds: float, curve: list[float]) -> float:
        """A curve's height, by the line between the points beside it; beyond the last, its height there."""
        point = bisect_right(self._times, seconds)
        if point == POINTS:
            return curve[-1]
        before, after = self._times[point - 1], self._times[point]
        return curve[point - 1] + (curve[point] - curve[point - 1]) * (seconds - before) / (after - before)


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(np.clip(-values / _LOGISTIC, -60, 60)))
