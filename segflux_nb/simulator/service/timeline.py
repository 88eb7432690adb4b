"""When a job starts, ends and is forgotten: functions of its row and the time. Pure."""

from __future__ import annotations

import hashlib
import math
from statistics import NormalDist

RECORD_SECONDS = 3600.0
"""Status and result of a job are kept this long after its submit. Then they answer 404."""

FILE_SECONDS = 7 * 86400.0
"""A picture's file is kept this long after its job is done."""


def uniform(*names: object) -> float:
    """A number in (0, 1) that depends on the names alone."""
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") + 0.5) / 2**64


def service_seconds(mean: float, spread: float, *names: object) -> float:
    """A service time from a log-normal distribution. It depends on the arguments alone.

    Parameters
    ----------
    mean:
        Mean of the distribution, in seconds.
    spread:
        Its coefficient of variation: standard deviation divided by mean.
    names:
        What the draw depends on, such as the id of a job.
    """
    sigma = math.sqrt(math.log(1 + spread**2))
    return mean * math.exp(sigma * NormalDist().inv_cdf(uniform("seconds", *names)) - sigma**2 / 2)


def phase(now: float, started_at: float, finished_at: float) -> str:
    """QUEUED, PROCESSING or DONE.

    Parameters
    ----------
    now:
        The time in question, in seconds since 1970 UTC, as the other two.
    started_at:
        When a worker takes the job.
    finished_at:
        When the job is done.
    """
    if now < started_at:
        return "QUEUED"
    return "PROCESSING" if now < finished_at else "DONE"
