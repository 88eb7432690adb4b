"""Writes of the log that wait at the same time are committed together: they wait for the disk once."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from ..errors import LogLocked
from ..runlog.seam import Outcome, outcome_of

T = TypeVar("T")

MOST = 64
"""Writes that are committed together at most."""

logger = logging.getLogger(__name__)


class GroupCommit:
    """Runs writes on one thread. While the disk is written, others come and wait; they go together next.

    A write is told its outcome once it is durable. One that fails undoes no other. Its caller does nothing but write
    to the log: what it does besides would happen before the commit. The thread is woken once for a group, and so is
    the event loop: between the two, a hand-over costs more than most writes.

    Parameters
    ----------
    thread:
        The thread, which runs other calls too, one at a time.
    together:
        Makes several writes in one transaction: the result and the error of each.
    """

    def __init__(self, thread: Executor, together: Callable[[Sequence[Callable[[], Any]]], list[Outcome]]) -> None:
        self._thread = thread
        self._together = together
        self._waiting: deque[tuple[asyncio.Future[Any], Callable[[], Any]]] = deque()
        self._writing: asyncio.Task[None] | None = None

    async def write(self, write: Callable[[], T]) -> T:
        """The result of a write, once it is durable; raises what it raises.

        A write whose caller is cancelled before the thread has it is not made.
        """
        told: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((told, write))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_waiting())
        return await told

    async def flush(self) -> None:
        """Wait until nothing waits to be written."""
        if self._writing is not None and not self._writing.done():
            await asyncio.wait({self._writing})

    async def _write_waiting(self) -> None:
        """Write all that waits, and what comes meanwhile."""
        loop = asyncio.get_running_loop()
        while self._waiting:
            group: list[tuple[asyncio.Future[Any], Callable[[], Any]]] = []
            while self._waiting and len(group) < MOST:
                told, write = self._waiting.popleft()
                if not told.done():  # else its caller was cancelled
                    group.append((told, write))
            try:
                outcomes = await loop.run_in_executor(self._thread, self._write_group, [write for _, write in group])
            except asyncio.CancelledError:  # the loop ends
                raise
            except BaseException as error:  # noqa: BLE001 - all that waits for it gets it
                outcomes = [(None, error)] * len(group)
            for (told, _), outcome in zip(group, outcomes, strict=True):
                _tell(told, *outcome)

    def _write_group(self, group: Sequence[Callable[[], Any]]) -> list[Outcome]:
        """Write in one transaction; one by one where that fails as a whole, and nothing was written."""
        if len(group) > 1:
            try:
                return self._together(group)
            except LogLocked as error:  # another program holds it: nobody need wait for it once more
                return [(None, error)] * len(group)
            except Exception as error:
                logger.info("Writes of the log are made one by one: together they failed", exc_info=error)
        return [outcome_of(write) for write in group]


def _tell(told: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    """Tell a write its outcome, unless its caller was cancelled.

    Parameters
    ----------
    told:
        What its caller waits for.
    result:
        Its result.
    error:
        Its error; None where it succeeded.
    """
    if told.done():
        return
    if error is not None:
        told.set_exception(error)
    else:
        told.set_result(result)
