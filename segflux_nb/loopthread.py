"""One private event loop on a daemon thread, where everything asynchronous of this package runs.

The kernel of a notebook has its own loop, which is busy while a cell runs. With a private loop the same calls work in
a cell, a callback, a thread and a script.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from .daemon_executor import DaemonExecutor
from .interrupts import Uninterrupted

T = TypeVar("T")

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


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
            if future.done():  # just now; or the work ended with a time-out of its own, which is raised here
                return future.result()


_NAME = "segflux-loop"

_RESOLVERS = 4
"""Threads that resolve names of hosts."""


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop
    with Uninterrupted(), _lock:  # an interrupt would leave a loop that nobody runs
        if _loop is None:
            loop = asyncio.new_event_loop()
            # Names of hosts are resolved there. Python's own executor takes no work once the interpreter ends, when
            # submits on the wire still need it.
            loop.set_default_executor(DaemonExecutor(_RESOLVERS, "segflux-names"))
            threading.Thread(target=_run, args=(loop,), name=_NAME, daemon=True).start()
            _loop = loop
        return _loop


def _forget() -> None:
    """Start afresh in a forked child, which has the variables but not the thread. The lock may be held for ever."""
    global _lock, _loop
    _lock, _loop = threading.Lock(), None


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    while True:
        try:
            loop.run_forever()
        except (SystemExit, KeyboardInterrupt):
            # asyncio ends a loop for these two: one callback would stop every sweep of this process, for ever.
            logger.warning("A callback on the event loop's thread asked for the end of the program", exc_info=True)
