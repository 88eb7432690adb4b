"""When to ask whether a job is done: learned from how long jobs took. Pure.

A job's time is taken to be proportional to its network evaluations. The first question comes when the job might be
done, the next ones at a gap that follows from how much service times vary.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

REMEMBERED = 150
PRIOR_SPREAD = 0.3
"""Coefficient of variation of service times as long as none were measured."""

COLD_FIRST, COLD_GROWTH = 0.25, 1.3
"""Without any idea of the time: the first question after so many seconds, then each later by this factor."""

SHORTEST_GAP, LONGEST_GAP = 0.02, 8.0


@dataclass(frozen=True)
class Law:
    """How long one evaluation takes: the mean in seconds, and the coefficient of variation."""

    mean: float
    spread: float


class ServiceTimes:
    """What is known of service times.

    Parameters
    ----------
    prior:
        Seconds for one evaluation where nothing was measured yet; None where nobody knows.
    """

    def __init__(self, prior: float | None) -> None:
        self._prior = prior
        self._measured: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, evaluations: int | None, seconds: float) -> None:
        """Learn from a job that is done."""
        if evaluations and seconds > 0:
            self._measured.append(seconds / evaluations)

    @property
    def law(self) -> Law | None:
        """What is known now; None where nobody knows anything."""
        number = len(self._measured)
        if number < 3:
            return None if self._prior is None else Law(self._prior, PRIOR_SPREAD)
        mean = sum(self._measured) / number
        variance = sum((value - mean) ** 2 for value in self._measured) / (number - 1)
        # A few jobs that happen to agree do not prove that all do.
        spread = math.sqrt(variance) / mean + PRIOR_SPREAD / number
        return Law(mean, min(1.0, max(0.02, spread)))

    def wait(self, evaluations: int | None, elapsed: float) -> float:
        """Seconds from now until the job should be asked for, when it was accepted `elapsed` seconds ago."""
        law = self.law
        if law is None or not evaluations:
            following = COLD_FIRST
            while following <= elapsed:
                following *= COLD_GROWTH
            return _clamped(following - elapsed)
        mean = law.mean * evaluations
        first = mean * (1 - 1.1 * law.spread)
        if elapsed < first:
            return first - elapsed
        overdue = max(0.0, elapsed / mean - 1 - 2 * law.spread)
        return _clamped(mean * (0.30 * law.spread + 0.15 * overdue))


def _clamped(seconds: float) -> float:
    return min(LONGEST_GAP, max(SHORTEST_GAP, seconds))
