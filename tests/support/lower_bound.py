"""The best that is possible, to be shown beside what was done. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterable

from segflux_nb.running.policy.service_times import ServiceTimeDistribution


def greedy_seconds(times: Iterable[float], slots: int) -> float:
    """How long a list of jobs takes when each starts the moment a slot is free.

    Parameters
    ----------
    times:
        Seconds that each job takes, in the order of their start.
    slots:
        Jobs that run at a time.

    Example
    -------
    >>> greedy_seconds([2.0, 2.0, 2.0], 2)
    4.0
    """
    free_at = [0.0] * max(1, slots)
    for seconds in times:
        heapq.heapreplace(free_at, free_at[0] + seconds)
    return max(free_at)


def best_polls(
    distribution: ServiceTimeDistribution, polls_per_second: float, points: int = 400
) -> tuple[float, float]:
    """Mean polls and mean lag in seconds of a job under the best schedule for a known distribution.

    The schedule minimises polls + w · lag, where w is `polls_per_second`. Dynamic programming over a grid finds it
    (Barlow, Hunter, Proschan 1963, "Optimum checking procedures"). V(t) is the cost to go of a job that was not done
    at t: V(t) = min over u > t of 1 + w · E[(u − T)⁺ | T > t] + S(u)/S(t) · V(u).

    Parameters
    ----------
    distribution:
        The distribution of service times.
    polls_per_second:
        How many polls one second of lag is worth.
    points:
        Points of the grid.
    """
    import numpy as np

    earliest, latest = distribution.quantile(0.0005), distribution.quantile(0.9995)
    times = np.concatenate([[0.0], np.linspace(earliest, latest, points - 1)])
    survival = np.array([distribution.survival(float(time)) for time in times])
    area = np.array([distribution.restricted_mean(float(time)) for time in times])
    cost = np.zeros(points)  # S(t) · V(t)
    following = np.full(points, points - 1)
    for now in range(points - 2, -1, -1):
        later = slice(now + 1, points)
        lag = (times[later] - times[now]) * survival[now] - (area[later] - area[now])
        total = survival[now] + polls_per_second * lag + cost[later]
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
