"""How long jobs take, as a law of probability, and what follows for when to ask. Pure.

The law is a kernel estimate in log time over what was measured, with a share of a wide prior. Asking a job costs a
request; not asking costs the time that a finished picture lies unseen. The index rule (Keller 1974, "Optimum checking
schedules for systems subject to random failure", and the literature on optimal inspection after it) asks when the lag
that is expected to have piled up since the last question reaches what one question is worth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

POINTS = 256
PRIOR_SHARE = 0.04
PRIOR_SPREAD = 0.6
"""The prior's standard deviation in log time, and its share once something was measured."""

LONELY_SPREAD = 0.3
"""The standard deviation in log time as long as nothing was measured; later it counts as one measurement."""

NARROWEST = 0.02
_LOGISTIC = math.sqrt(3) / math.pi
"""The scale of a logistic distribution whose standard deviation is 1."""


class Law:
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
    >>> law = Law([20.0, 22.0, 24.0], 22.0)
    >>> 15 < law.ask_after(0.0, allowance=0.4) < 22
    True
    """

    def __init__(self, measured: Sequence[float], expected: float, prior_share: float = PRIOR_SHARE) -> None:
        logs = np.log(np.asarray(measured, dtype=float)) if len(measured) else np.array([math.log(expected)])
        number = len(measured)
        center = float(np.median(logs))
        if number:
            spread = math.sqrt((float(np.sum((logs - logs.mean()) ** 2)) + LONELY_SPREAD**2) / number)
            quartiles = float(np.subtract(*np.percentile(logs, [75, 25]))) / 1.34
            narrow = min(spread, quartiles) if number >= 10 and quartiles > 0 else spread
            width = max(NARROWEST, 0.9 * narrow * number**-0.2)
        else:
            width = LONELY_SPREAD
        reach = max(4.0 * PRIOR_SPREAD, float(np.max(np.abs(logs - center))) + 4 * width)
        grid = np.linspace(center - reach, center + reach, POINTS)
        kernels = _logistic((grid[:, None] - logs[None, :]) / width).mean(axis=1)
        share = prior_share if number else 0.0
        below = (1 - share) * kernels + share * _logistic((grid - center) / PRIOR_SPREAD)
        self._times = np.exp(grid)
        self._survival = np.maximum(1 - below, 1e-9)
        self._measured = 1 - kernels
        steps = np.diff(self._times) * (self._survival[1:] + self._survival[:-1]) / 2
        self._area = self._times[0] + np.concatenate([[0.0], np.cumsum(steps)])
        self.mean = float(np.exp(logs).mean())

    def survival(self, seconds: float) -> float:
        """The probability that a job takes longer."""
        return float(np.interp(seconds, self._times, self._survival, left=1.0))

    def longer(self, seconds: float) -> float:
        """The share of jobs that take longer by what was measured, without the prior: what is usual."""
        return float(np.interp(seconds, self._times, self._measured, left=1.0))

    def quantile(self, share: float) -> float:
        """The time within which this share of jobs is done."""
        return float(np.interp(share, 1 - self._survival, self._times))

    def lag(self, since: float, until: float) -> float:
        """The lag in seconds that is expected at `until`, of a job that was not done at `since`."""
        return max(0.0, until - since - (self.reach(until) - self.reach(since)) / self.survival(since))

    def ask_after(self, since: float, allowance: float) -> float:
        """When the expected lag of a job that was not done at `since` reaches the allowance (all in seconds)."""
        begin = int(np.searchsorted(self._times, since, side="right"))
        times = self._times[begin:]
        lags = times - since - (self._area[begin:] - self.reach(since)) / self.survival(since)
        reached = int(np.searchsorted(lags, allowance))
        if reached == len(times):
            return max(since, float(self._times[-1])) + allowance
        before, lag_before = (times[reached - 1], lags[reached - 1]) if reached else (since, 0.0)
        rise = lags[reached] - lag_before
        share = (allowance - lag_before) / rise if rise > 0 else 1.0
        return float(before + share * (times[reached] - before))

    def reach(self, seconds: float) -> float:
        """The area under the survival curve up to a time: the mean of service times that are cut off there."""
        first, last = self._times[0], self._times[-1]
        if seconds <= first:
            return seconds
        if seconds >= last:
            return float(self._area[-1] + (seconds - last) * self._survival[-1])
        return float(np.interp(seconds, self._times, self._area))


def _logistic(values: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(np.clip(-values / _LOGISTIC, -60, 60)))
