"""One private event loop on a daemon thread, where everything asynchronous of this package runs.

The kernel of a notebook has its own loop, which is busy while a cell runs. With a private loop the same calls work in
a cell, a callback, a thread and a script.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_owner = 0


def submit(work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
    """Start a coroutine on the private loop, from any thread."""
    return asyncio.run_coroutine_threadsafe(work, _running_loop())


def wait(future: concurrent.futures.Future[T]) -> T:
    """Wait for the result of `submit`. An interrupt ends the waiting.

    Raises
    ------
    RuntimeError
        On the private loop's own thread, where the wait would never end.
    """
    if threading.current_thread().name == _NAME:
        raise RuntimeError("A wait on the event loop's own thread would never end. Await the result instead")
    while True:
        try:
            # On Windows a lock is interrupted only if the wait has a time-out.
            return future.result(timeout=0.2)
        except concurrent.futures.TimeoutError:
            if future.done():
                raise


_NAME = "segflux-loop"


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _owner
    with _lock:
        if _loop is None or _owner != os.getpid():  # a forked child has the variable but not the thread
            _loop, _owner = asyncio.new_event_loop(), os.getpid()
            threading.Thread(target=_run, args=(_loop,), name=_NAME, daemon=True).start()
        return _loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()
