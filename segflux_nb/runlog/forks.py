"""Forks happen between transactions: what a log's file is in the middle of belongs to the parent."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol

from ..errors import WorkspaceError


class Holdable(Protocol):
    """A file whose transactions can be held back."""

    def hold(self) -> None:
        """Wait until no transaction runs, and let none begin."""

    def release(self) -> None:
        """Let transactions run again."""


_open: weakref.WeakSet[Holdable] = weakref.WeakSet()
_own = threading.local()
"""What the fork of a thread holds: several threads may fork at a time."""


def hold_at_fork(database: Holdable) -> None:
    """Let no fork of this process happen within a transaction of a file."""
    _open.add(database)


def check_process(opened_by: int) -> None:
    """Refuse a forked child: locks and connections belong to the parent, and the engine's threads are not here.

    Parameters
    ----------
    opened_by:
        The process that opened the log.

    Raises
    ------
    WorkspaceError
        In a forked child.
    """
    if opened_by != os.getpid():
        raise WorkspaceError(
            "This workspace was opened before the process was forked",
            remedy="Open it again in the child: Workspace(path)",
        )


def _before_fork() -> None:
    """Fork between transactions: SQLite keeps the locks of a process in memory, and a child would believe in them."""
    held: list[Holdable] = []
    _own.held = held
    for database in sorted(_open, key=id):  # one order, or two forks would wait for each other
        database.hold()
        held.append(database)


def _after_fork() -> None:
    held = getattr(_own, "held", [])
    while held:
        held.pop().release()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
