"""Slots for jobs at the service, which all sweeps of a workspace share. A job that is done needs none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

SPARE_WORKERS = 8
"""Workers beyond the slots: they fetch and keep pictures while new jobs have the slots."""


class Slots:
    """A number of slots; each is held by a task.

    Parameters
    ----------
    number:
        How many there are.
    """

    def __init__(self, number: int) -> None:
        self._free = asyncio.Semaphore(number)
        self._holders: set[asyncio.Task[Any] | None] = set()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Hold a slot in the block, or until `release`."""
        await self._free.acquire()
        self._holders.add(asyncio.current_task())
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Give back the slot of the current task, if it still holds one."""
        task = asyncio.current_task()
        if task in self._holders:
            self._holders.discard(task)
            self._free.release()
