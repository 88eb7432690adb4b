"""How long jobs take, as a probability distribution, and when to poll because of it. Pure.

The distribution is a kernel estimate in log time over what was measured, mixed with a small share of a wide prior.
A poll costs a request; not polling costs the time that a finished picture waits unseen (the *lag*). The index rule
(Keller 1974, "Optimum checking schedules for systems subject to random failure", and the literature on optimal
inspection after it) polls when the lag that is expected since the last poll reaches what one poll is worth.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

POINTS = 256
"""Points of the grid on which the curves are kept."""

PRIOR_SHARE = 0.04
PRIOR_SPREAD = 0.6
"""The share of the prior once something was measured, and its standard deviation in log time."""

PRIOR_BANDWIDTH = 0.3
"""The standard deviation in log time while nothing was measured; later it counts as one measurement."""

NARROWEST = 0.02
"""The least bandwidth of the kernels, in log time."""

_LOGISTIC = math.sqrt(3) / math.pi
"""The scale of a logistic distribution whose standard deviation is 1."""


class ServiceTimeDistribution:
    """The distribution of service times.

    Parameters
    ----------
    measured:
        Service times in seconds.
    expected:
        The service time that is expected while nothing was measured, in seconds.
    prior_share:
        The share of the prior once something was measured; 0 only describes the measurements.

    Attributes
    ----------
    mean:
        Seconds.

    Example
    -------
    >>> distribution = ServiceTimeDistribution([20.0, 22.0, 24.0], 22.0)
    >>> 15 < distribution.poll_at(0.0, allowance=0.4) < 22
    True
    """

    def __init__(self, measured: Sequence[float], expected: float, prior_share: float = PRIOR_SHARE) -> None:
        import numpy as np

        logs = np.log(np.asarray(measured, dtype=float)) if len(measured) else np.array([math.log(expected)])
        number = len(measured)
        center = float(np.median(logs))
        if number:
            spread = math.sqrt((float(np.sum((logs - logs.mean()) ** 2)) + PRIOR_BANDWIDTH**2) / number)
            quartiles = float(np.subtract(*np.percentile(logs, [75, 25]))) / 1.34
            # Silverman's rule of thumb; the quartiles ignore a few extreme times.
            narrow = min(spread, quartiles) if number >= 10 and quartiles > 0 else spread
            bandwidth = max(NARROWEST, 0.9 * narrow * number**-0.2)
        else:
            bandwidth = PRIOR_BANDWIDTH
        half_width = max(4.0 * PRIOR_SPREAD, float(np.max(np.abs(logs - center))) + 4 * bandwidth)
        grid = np.linspace(center - half_width, center + half_width, POINTS)
        kernels = _logistic((grid[:, None] - logs[None, :]) / bandwidth).mean(axis=1)
        share = prior_share if number else 0.0
        below = (1 - share) * kernels + share * _logistic((grid - center) / PRIOR_SPREAD)
        times, survival = np.exp(grid), np.maximum(1 - below, 1e-9)
        steps = np.diff(times) * (survival[1:] + survival[:-1]) / 2
        # Lists, because they are read at one point at a time, where NumPy takes three times as long.
        self._times: list[float] = times.tolist()
        self._survival: list[float] = survival.tolist()
        self._measured: list[float] = (1 - kernels).tolist()
        self._area: list[float] = (times[0] + np.concatenate([[0.0], np.cumsum(steps)])).tolist()
        self.mean = float(np.exp(logs).mean())

    def survival(self, seconds: float) -> float:
        """The probability that a job takes longer than this."""
        return self._at(seconds, self._survival) if seconds >= self._times[0] else 1.0

    def survival_without_prior(self, seconds: float) -> float:
        """The probability that a job takes longer than this, by the measurements alone: what is usual."""
        return self._at(seconds, self._measured) if seconds >= self._times[0] else 1.0

    def quantile(self, share: float) -> float:
        """The time within which this share of jobs is done, in seconds."""
        import numpy as np

        return float(np.interp(share, 1 - np.array(self._survival), self._times))

    def expected_lag(self, since: float, until: float) -> float:
        """The lag in seconds that is expected at `until` for a job that was not done at `since`.

        Parameters
        ----------
        since:
            Seconds after the job began, when it was not done.
        until:
            Seconds after the job began.
        """
        area = self.restricted_mean(until) - self.restricted_mean(since)
        return max(0.0, until - since - area / self.survival(since))

    def poll_at(self, since: float, allowance: float) -> float:
        """The time when the expected lag of a job that was not done at `since` reaches the allowance.

        Parameters
        ----------
        since:
            Seconds after the job began, when it was not done.
        allowance:
            The lag in seconds that one poll is worth.
        """
        times, area = self._times, self._area
        area_before, survival = self.restricted_mean(since), self.survival(since)

        def lag(point: int) -> float:
            return times[point] - since - (area[point] - area_before) / survival

        begin = bisect_right(times, since)
        reached = bisect_left(range(POINTS), allowance, begin, key=lag)
        if reached == POINTS:
            return max(since, times[-1]) + allowance
        before, lag_before = (times[reached - 1], lag(reached - 1)) if reached > begin else (since, 0.0)
        rise = lag(reached) - lag_before
        share = (allowance - lag_before) / rise if rise > 0 else 1.0
        return before + share * (times[reached] - before)

    def restricted_mean(self, seconds: float) -> float:
        """The mean of service times that are cut off at this time: the area under the survival curve up to it."""
        if seconds <= self._times[0]:
            return seconds
        beyond = max(0.0, seconds - self._times[-1])
        return self._at(seconds, self._area) + beyond * self._survival[-1]

    def _at(self, seconds: float, curve: list[float]) -> float:
        """The height of a curve, interpolated between two points; beyond the last point, its height there."""
        point = bisect_right(self._times, seconds)
        if point == POINTS:
            return curve[-1]
        before, after = self._times[point - 1], self._times[point]
        return curve[point - 1] + (curve[point] - curve[point - 1]) * (seconds - before) / (after - before)


def _logistic(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return 1.0 / (1.0 + np.exp(np.clip(-values / _LOGISTIC, -60, 60)))
