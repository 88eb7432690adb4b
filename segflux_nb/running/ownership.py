"""In whose hands a run is: a process, told apart from an earlier one with the same number.

A run that is being submitted or is in flight has an owner, and the others leave it alone: one process pays and polls,
the others wait for what comes of it. What a dead owner left is taken over. On this machine a look at the process
table tells; a process elsewhere writes its heartbeat to the log.
"""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path

import psutil

BEAT_SECONDS = 5.0
"""Between heartbeats."""

LEASE_SECONDS = 30.0
"""Without a heartbeat for so long, a process on another machine has lost what it polls."""

SUBMIT_LEASE_SECONDS = 600.0
"""And what it was submitting: longer, since a machine that wakes up may still send what it had begun."""

RunId = tuple[str, str, str]
"""A run: the log's file, the service, the digest."""

_held: Counter[RunId] = Counter()
"""What this process has in hand now, submits that outlive an interrupted sweep included."""


def this_process() -> str:
    """This process, as the log names it."""
    return _name(os.getpid())


@contextmanager
def holding(place: RunId) -> Iterator[None]:
    """While a sweep of this process has a run in hand."""
    _held[place] += 1
    try:
        yield
    finally:
        _held[place] -= 1
        if not _held[place]:
            del _held[place]


def is_held(
    place: RunId, owner: str | None, silence: Callable[[str], float | None], patience: float = LEASE_SECONDS
) -> bool:
    """Whether a run is in the hands of another process, or of another sweep of this one.

    Parameters
    ----------
    place:
        The run.
    owner:
        Whom the log names as its owner.
    silence:
        Tells how many seconds ago a process last wrote a heartbeat; None where it never did.
    patience:
        How long an owner elsewhere may be silent.
    """
    if owner is None or owner == this_process():
        return place in _held
    return is_alive(owner, silence, patience)


def is_alive(owner: str, silence: Callable[[str], float | None], patience: float) -> bool:
    """Whether a process still runs."""
    machine, pid, created = owner.rsplit(":", 2)
    if machine != _machine():
        seconds = silence(owner)
        return seconds is not None and seconds < patience
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(created)) < 0.05
    except psutil.NoSuchProcess:
        return False


@lru_cache(maxsize=2)
def _name(pid: int) -> str:
    return f"{_machine()}:{pid}:{psutil.Process(pid).create_time():.2f}"


@cache
def _machine() -> str:
    """This machine, since it was started: names of machines are not unique, and process numbers begin anew."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    started = boot.read_text().strip()[:8] if boot.exists() else f"{psutil.boot_time():.0f}"
    return f"{platform.node()}/{started}"
