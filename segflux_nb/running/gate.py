"""A gate: lets a number of tasks through at a time. The number may change while they wait."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Gate:
    """Lets tasks through, the one that has waited longest first.

    Parameters
    ----------
    limit:
        Gives how many may be through now.
    """

    def __init__(self, limit: Callable[[], int]) -> None:
        self._limit = limit
        self._through = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait until the task may go through; `leave` says that it has."""
        if not self._waiting and self._through < self._limit():
            self._through += 1
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
        """Let the next tasks through."""
        self._through -= 1
        while self._waiting and self._through < self._limit():
            turn = self._waiting.popleft()
            if not turn.done():
                self._through += 1
                turn.set_result(None)

    @asynccontextmanager
    async def passed(self) -> AsyncIterator[None]:
        """Be through the gate in the block."""
        await self.enter()
        try:
            yield
        finally:
            self.leave()
