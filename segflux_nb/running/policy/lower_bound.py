"""The best that can be done, to be shown beside what was done. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

import numpy as np

from .service_times import ServiceTimeDistribution


def greedy_seconds(times: Iterable[float], slots: int) -> float:
    """How long jobs take that each start the moment one of so many slots is free, with nothing in between.

    >>> greedy_seconds([2.0, 2.0, 2.0], 2)
    4.0
    """
    free = [0.0] * max(1, slots)
    for seconds in times:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def best_polls(law: ServiceTimeDistribution, worth: float, points: int = 400) -> tuple[float, float]:
    """Polls and lag in seconds that a job costs on average under the best schedule there is for a known law.

    The schedule minimises polls + worth · lag; found by dynamic programming over a grid (Barlow, Hunter, Proschan
    1963, "Optimum checking procedures"), where V(t) is the cost to go of a job that was not done at t:
    V(t) = min over u > t of 1 + worth · E[(u − T)⁺ | T > t] + S(u)/S(t) · V(u).

    Parameters
    ----------
    law:
        The law of service times.
    worth:
        Polls that are worth a second of lag.
    points:
        The grid's size.
    """
    times = np.concatenate([[0.0], np.linspace(law.quantile(0.0005), law.quantile(0.9995), points - 1)])
    survival = np.array([law.survival(float(time)) for time in times])
    area = np.array([law.reach(float(time)) for time in times])
    cost = np.zeros(points)  # S(t) · V(t)
    following = np.full(points, points - 1)
    for now in range(points - 2, -1, -1):
        later = slice(now + 1, points)
        lag = (times[later] - times[now]) * survival[now] - (area[later] - area[now])
        total = survival[now] + worth * lag + cost[later]
        best = int(np.argmin(total))
        cost[now], following[now] = total[best], now + 1 + best
    polls = lag_seconds = 0.0
    now = 0
    while now < points - 1:
        then = int(following[now])
        polls += float(survival[now])
        lag_seconds += float((times[then] - times[now]) * survival[now] - (area[then] - area[now]))
        now = then
    return polls, lag_seconds
