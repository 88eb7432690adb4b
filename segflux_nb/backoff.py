"""How long to pause between attempts: exponential backoff with jitter. Pure.

The pause doubles with each failure in a row, up to a longest one. Jitter shortens it at random, by half at most, so
that clients that failed together do not come back together. (Brooker 2015, "Exponential Backoff And Jitter", calls
this equal jitter. Full jitter would allow pauses of zero, and some of these pauses wait for a record to appear.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

RandomSource = Callable[[], float]
"""Gives a random number from 0 up to 1, as `random.random` does. Tests give one that they know."""

_MOST_DOUBLINGS = 60
"""More doublings reach any longest pause, and would overflow a float one day."""


@dataclass(frozen=True)
class Backoff:
    """The pauses of one kind of attempt.

    Parameters
    ----------
    first:
        Seconds after the first failure, before jitter.
    longest:
        Seconds that no pause exceeds.

    Example
    -------
    >>> backoff = Backoff(first=0.5, longest=3.0)
    >>> [backoff.seconds(failures, lambda: 1.0) for failures in (1, 2, 3, 4)]
    [0.5, 1.0, 2.0, 3.0]
    >>> backoff.seconds(4, lambda: 0.0)
    1.5
    """

    first: float
    longest: float

    def seconds(self, failures: int, jitter: RandomSource) -> float:
        """Seconds to pause before the next attempt: between half and all of the doubled pause.

        Parameters
        ----------
        failures:
            Failures in a row, at least 1.
        jitter:
            Source of random numbers, replaced in tests.
        """
        whole = min(self.longest, self.first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS))
        return whole * (1.0 + jitter()) / 2
