"""Who is submitting a run: a process, told apart from an earlier one with the same number."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

import psutil

Place = tuple[str, str, str]
"""A run: the log's file, the service, the digest."""

_on_the_wire: set[Place] = set()
"""Submits that this process makes now: they end even if their sweep is interrupted."""


def this_process() -> str:
    """This process, as the log names it."""
    return _name(os.getpid())


@contextmanager
def submitting(place: Place) -> Iterator[None]:
    """While this process submits a run."""
    _on_the_wire.add(place)
    try:
        yield
    finally:
        _on_the_wire.discard(place)


def is_being_submitted(place: Place, owner: str | None) -> bool:
    """Whether the process that the log names as the run's owner is at it still."""
    return place in _on_the_wire if owner == this_process() else is_alive(owner)


def is_alive(owner: str | None) -> bool:
    """Whether a process still runs. One on another machine is taken to, since nothing here can tell."""
    if not owner:
        return False
    node, pid, created = owner.rsplit(":", 2)
    if node != platform.node():
        return True
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(created)) < 0.05
    except psutil.NoSuchProcess:
        return False


@lru_cache(maxsize=2)
def _name(pid: int) -> str:
    return f"{platform.node()}:{pid}:{psutil.Process(pid).create_time():.2f}"
