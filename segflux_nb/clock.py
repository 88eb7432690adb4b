"""Time, so that tests can replace it.

Everything that waits or stamps takes a `Clock`; nothing else in the package reads the system's.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What a clock must offer."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC; for records, since it may be stepped."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed point; for intervals."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let the current task wait."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some fixed point."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let the current task wait."""
        await asyncio.sleep(seconds)


def utc(seconds: float) -> datetime:
    """The moment as an aware datetime in UTC.

    >>> utc(0).isoformat()
    '1970-01-01T00:00:00+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC)
