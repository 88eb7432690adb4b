"""Which process holds a run.

A run that is being submitted or is in flight has an owner, and other processes leave it alone: one process pays and
polls, the others wait for the outcome. When the owner is gone, another process takes the run over. Every process
writes heartbeats to the log while it works. An owner is gone when they have ended for the time of its lease; at once
where the process table, which both share, does not have it any more. So a process that is stopped (SIGSTOP, a machine
that sleeps) loses its runs too, and one in another container or on another machine keeps them while it lives.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from ..lifecycle import State
from ..runlog.rows import LoggedRun
from . import process_table

LEASE_SECONDS = 30.0
"""A process that sent no heartbeat for this long has lost the runs that it polls."""

SUBMIT_LEASE_SECONDS = 600.0
"""After this time without a heartbeat, it has lost the runs that it was submitting too.

It is longer, because a process that wakes up may still send what it had begun: see `segflux_nb.running.fence`.
"""

SendsHeartbeats = Callable[[str, float], bool]
"""Whether a process has sent a heartbeat within this number of seconds."""


class RunId(NamedTuple):
    """A run, told apart from runs of other logs and services."""

    log: str
    service: str
    digest: str


_held: Counter[tuple[str, RunId]] = Counter()
"""The runs that this process holds now, by its name, including submits that outlive an interrupted sweep.

What a parent holds is not held by its forked child: their names differ.
"""


def this_process() -> str:
    """The name of this process in the log: process table, number and start."""
    return process_table.name_of(os.getpid(), process_table.pid_namespace())


def is_of_another(run: LoggedRun) -> bool:
    """Whether the owner of a run is another process than this one."""
    return run.owner is not None and run.owner != this_process()


@contextmanager
def holding(run_id: RunId) -> Iterator[None]:
    """Hold a run in this process."""
    held = this_process(), run_id
    _held[held] += 1
    try:
        yield
    finally:
        _held[held] -= 1
        if not _held[held]:
            del _held[held]


def is_held(run_id: RunId, owner: str | None, state: State, sends_heartbeats: SendsHeartbeats) -> bool:
    """Whether another process, or another sweep of this process, holds a run.

    Parameters
    ----------
    run_id:
        The run.
    owner:
        The owner that the log names; None where it names none.
    state:
        The state of the run, which decides how long the lease is.
    sends_heartbeats:
        Whether a process has sent a heartbeat within this number of seconds.
    """
    process = this_process()
    if owner is None or owner == process:
        return (process, run_id) in _held
    return is_alive(owner, sends_heartbeats, SUBMIT_LEASE_SECONDS if state is State.SUBMITTING else LEASE_SECONDS)


def is_alive(owner: str, sends_heartbeats: SendsHeartbeats, lease_seconds: float) -> bool:
    """Whether a process still works.

    Parameters
    ----------
    owner:
        The name of the process in the log.
    sends_heartbeats:
        Whether a process has sent a heartbeat within this number of seconds.
    lease_seconds:
        How many seconds its last heartbeat holds.
    """
    table, number, started = owner.rsplit(":", 2)
    if table == this_process().rsplit(":", 2)[0] and process_table.is_there(int(number), started) is False:
        return False
    return sends_heartbeats(owner, lease_seconds)
