"""Ctrl-C that waits until something short is done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any


class Uninterrupted:
    """Holds back an interrupt of the main thread until the end of a ``with`` block, and lets it go then.

    A ``KeyboardInterrupt`` may come between any two steps of the interpreter: for example, after a transaction was
    begun and before the block that would end it. The transaction, and the locks around it, would stay for ever.
    Other threads are never interrupted.

    Parameters
    ----------
    break_off:
        Called at an interrupt, to let what may take long end with an error; None for what is short in any case.
    """

    def __init__(self, break_off: Callable[[], None] | None = None) -> None:
        self.interrupted = False
        self._break_off = break_off
        self._handler: Any = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            handler = signal.getsignal(signal.SIGINT)
            if handler is not None:  # None: it was installed by another language, and is not ours to replace
                try:
                    signal.signal(signal.SIGINT, self._note)
                except ValueError:  # the main thread of an interpreter within another one
                    return
                self._handler = handler

    def __exit__(self, *error: object) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
            if self.interrupted:
                signal.raise_signal(signal.SIGINT)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.interrupted = True
        if self._break_off is not None:
            self._break_off()
