"""Which process holds a run.

A run that is being submitted or is in flight has an owner, and other processes leave it alone: one process pays and
polls, the others wait for the outcome. When the owner is gone, another process takes the run over. On this machine
the process table shows whether an owner lives; a process on another machine writes heartbeats to the log.
"""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import psutil

HEARTBEAT_SECONDS = 5.0
"""Between heartbeats."""

LEASE_SECONDS = 30.0
"""A process on another machine that sent no heartbeat for this long has lost the runs that it polls."""

SUBMIT_LEASE_SECONDS = 600.0
"""After this time without a heartbeat, it has lost the runs that it was submitting too.

It is longer, because a machine that wakes up may still send what it had begun.
"""


class RunId(NamedTuple):
    """A run, told apart from runs of other logs and services."""

    log: str
    service: str
    digest: str


_held: Counter[RunId] = Counter()
"""The runs that this process holds now, including submits that outlive an interrupted sweep."""


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_held.clear)  # what the parent holds is not held by its child


def this_process() -> str:
    """The name of this process in the log: machine, number and time of start."""
    return _name(os.getpid())


@contextmanager
def holding(run_id: RunId) -> Iterator[None]:
    """Hold a run in this process."""
    _held[run_id] += 1
    try:
        yield
    finally:
        _held[run_id] -= 1
        if not _held[run_id]:
            del _held[run_id]


def is_held(
    run_id: RunId,
    owner: str | None,
    heartbeat_age: Callable[[str], float | None],
    lease_seconds: float = LEASE_SECONDS,
) -> bool:
    """Whether another process, or another sweep of this process, holds a run.

    Parameters
    ----------
    run_id:
        The run.
    owner:
        The owner that the log names; None where it names none.
    heartbeat_age:
        Gives the seconds since the last heartbeat of a process; None where it never wrote one.
    lease_seconds:
        How old the heartbeat of an owner on another machine may be.
    """
    if owner is None or owner == this_process():
        return run_id in _held
    return is_alive(owner, heartbeat_age, lease_seconds)


def is_alive(owner: str, heartbeat_age: Callable[[str], float | None], lease_seconds: float) -> bool:
    """Whether a process still runs.

    Parameters
    ----------
    owner:
        The name of the process in the log.
    heartbeat_age:
        Gives the seconds since the last heartbeat of a process; None where it never wrote one.
    lease_seconds:
        How old the heartbeat of a process on another machine may be.
    """
    machine, pid, created = owner.rsplit(":", 2)
    if machine != _machine():
        seconds = heartbeat_age(owner)
        return seconds is not None and seconds < lease_seconds
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(created)) < 0.05
    except psutil.NoSuchProcess:
        return False


@lru_cache(maxsize=2)
def _name(pid: int) -> str:
    return f"{_machine()}:{pid}:{psutil.Process(pid).create_time():.2f}"


@cache
def _machine() -> str:
    """This machine since its last start: names of machines are not unique, and process numbers start again."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    started = boot.read_text().strip()[:8] if boot.exists() else f"{psutil.boot_time():.0f}"
    return f"{platform.node()}/{started}"
