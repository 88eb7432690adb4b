"""Time, so that tests can replace it.

Everything that pauses, measures an interval or writes a time down takes a `Clock`. A timer may wake code up, but what
time it is then is asked of the clock. No other module reads the system's clock.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Clock(Protocol):
    """What a clock must offer."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC. For records; intervals use `monotonic`, because this one may be set back."""
        ...

    def monotonic(self) -> float:
        """Seconds since a fixed point, for intervals."""
        ...

    def uptime(self) -> float:
        """Seconds since a fixed point; the time counts in which the machine sleeps, where the system can tell."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let the current task wait for this long."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since a fixed point, for intervals."""
        return time.monotonic()

    def uptime(self) -> float:
        """Seconds since a fixed point; the time counts in which the machine sleeps, where the system can tell."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let the current task wait for this long."""
        await asyncio.sleep(seconds)


def utc(seconds: float) -> datetime:
    """The moment as an aware datetime in UTC.

    Example
    -------
    >>> utc(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC)


def day(seconds: float) -> str:
    """The day of a moment in UTC, in English whatever the locale.

    Example
    -------
    >>> day(1_800_691_200)
    '23 Jan'
    """
    moment = utc(seconds)
    return f"{moment.day} {_MONTHS[moment.month - 1]}"


def second(seconds: float) -> str:
    """The second of a moment of these hours in UTC.

    Example
    -------
    >>> second(1_800_691_230)
    '08:00:30 UTC'
    """
    return f"{utc(seconds):%H:%M:%S} UTC"


def minute(seconds: float) -> str:
    """The minute of a moment in UTC, in English whatever the locale.

    Example
    -------
    >>> minute(1_800_691_200)
    '23 Jan 2027 08:00 UTC'
    """
    moment = utc(seconds)
    return f"{day(seconds)} {moment.year} {moment:%H:%M} UTC"
