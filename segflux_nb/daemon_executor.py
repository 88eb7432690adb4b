"""An executor whose threads are daemons.

Python joins the threads of its own executors before it runs anything that was registered with `atexit`, and from then
on they take no work. What must be written at the interpreter's end (the outcome of a submit on the wire) would be
lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonExecutor(ThreadPoolExecutor):
    """Runs calls on a few daemon threads, in the order in which they come.

    It has only the type of `ThreadPoolExecutor`, without which asyncio does not take it as its default executor.

    Parameters
    ----------
    threads:
        Number of threads.
    name:
        Name of each thread.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._is_over = False
        self._daemons = [threading.Thread(target=self._work, name=name, daemon=True) for _ in range(threads)]
        for thread in self._daemons:
            thread.start()

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Queue a call; parameters are those of `concurrent.futures.Executor.submit`."""
        if self._is_over:  # or who waits for it would wait for ever
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[T] = Future()
        self._calls.put((future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads once the queue is empty; parameters are those of `concurrent.futures.Executor.shutdown`.

        Queued calls are never cancelled: what they write must not be lost.
        """
        self._is_over = True
        for _ in self._daemons:
            self._calls.put(None)
        if wait:
            for thread in self._daemons:
                thread.join()

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:  # noqa: BLE001 - the caller of the future gets it
                    future.set_exception(error)
            del item, future, call  # or the last result would live until the next call
