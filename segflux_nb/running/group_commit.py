"""Writes of the log that wait at the same time are committed together: they wait for the disk once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, TypeVar

from ..errors import LogLocked

T = TypeVar("T")

MOST = 64
"""Writes that are committed together at most."""

_Write = tuple[Future[Any], Callable[[], Any]]


class GroupCommit(Executor):
    """Runs writes on one thread. While the disk is written, others come and wait; they go together next.

    A write is told its outcome once it is durable. One that fails undoes no other. Its caller does nothing but write
    to the log: what it does besides would happen before the commit.

    Parameters
    ----------
    thread:
        The thread, which runs other calls too, one at a time.
    together:
        Makes one transaction of what the thread writes in the block.
    """

    def __init__(self, thread: Executor, together: Callable[[], AbstractContextManager[None]]) -> None:
        self._thread = thread
        self._together = together
        self._waiting: deque[_Write] = deque()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Queue a write; parameters are those of `concurrent.futures.Executor.submit`."""
        future: Future[T] = Future()
        self._waiting.append((future, partial(fn, *args, **kwargs)))
        self._thread.submit(self._write_waiting)
        return future

    def _write_waiting(self) -> None:
        """Write all that waits. Each write has queued this call, so most of these calls find nothing left."""
        group: list[_Write] = []
        while self._waiting and len(group) < MOST:
            future, write = self._waiting.popleft()
            if future.set_running_or_notify_cancel():
                group.append((future, write))
        if len(group) < 2 or not self._are_written_together(group):
            for future, write in group:
                _tell(future, *_outcome(write))

    def _are_written_together(self, group: list[_Write]) -> bool:
        """Write in one transaction; False if it failed as a whole, nothing was written, and nobody was told."""
        try:
            with self._together():
                outcomes: list[tuple[Any, BaseException | None]] = [_outcome(write) for _, write in group]
        except LogLocked as error:  # another program holds it: nobody need wait for it once more
            outcomes = [(None, error)] * len(group)
        except Exception:  # noqa: BLE001 - each is written alone then, and told its own error
            return False
        for (future, _), outcome in zip(group, outcomes, strict=True):
            _tell(future, *outcome)
        return True


def _outcome(write: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """The result of a write, and its error."""
    try:
        return write(), None
    except BaseException as error:  # noqa: BLE001 - its caller gets it
        return None, error


def _tell(future: Future[Any], result: Any, error: BaseException | None) -> None:
    """Tell a write its outcome.

    Parameters
    ----------
    future:
        The write's.
    result:
        Its result.
    error:
        Its error; None where it succeeded.
    """
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)
