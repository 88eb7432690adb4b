"""One private event loop on a daemon thread: where everything asynchronous of this package runs.

A notebook's kernel has a loop of its own that is busy while a cell runs; a private one makes the same calls work in
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
    """The result of `submit`, blocking so that an interrupt gets through.

    Raises
    ------
    RuntimeError
        On the private loop's own thread, where waiting would never end.
    """
    if threading.current_thread().name == _NAME:
        raise RuntimeError("waiting on the event loop's own thread would never end; await it instead")
    while True:
        try:
            # Without a time-out, a lock cannot be interrupted on Windows.
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
