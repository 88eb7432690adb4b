"""Turns: a number of tasks go at a time. The number may change while they wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Turns:
    """Gives turns to tasks, the one that has waited longest first.

    Parameters
    ----------
    limit:
        Gives how many may have a turn now.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._going = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a turn; `leave` ends it."""
        if not self._waiting and self._going < self._limit():
            self._going += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it was its turn just then
                self.leave()
            raise

    def leave(self) -> None:
        """End a turn: the next tasks go."""
        self._going -= 1
        while self._waiting and self._going < self._limit():
            turn = self._waiting.popleft()
            if not turn.done():
                self._going += 1
                turn.set_result(None)

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Have a turn in the block."""
        await self.enter()
        try:
            yield
        finally:
            self.leave()
