"""What the log says of a run whose submit is on the wire, for those who only look: frames, plans, reports.

Such a run is ``submitted`` while the process lives that sends it. Once that is gone, it cannot be told whether the
submit was accepted: then the run is ``unknown``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import compress
from typing import Any, TypeVar

from ..lifecycle import State
from ..runlog.journal import ServiceLog
from ..runlog.rows import LoggedRun, RunState
from .ownership import LEASE_SECONDS, RunId, SendsHeartbeats, is_alive, is_held

Row = TypeVar("Row", LoggedRun, RunState)


def as_seen(log: ServiceLog, runs: Mapping[str, Row]) -> dict[str, Row]:
    """Runs by digest; those that are being submitted are submitted, or unknown if nobody is there to submit them.

    Parameters
    ----------
    log:
        The log of their service.
    runs:
        The runs as the log has them.
    """
    on_the_wire = [digest for digest, run in runs.items() if run.state is State.SUBMITTING]
    if not on_the_wire:
        return dict(runs)
    states = _seen_states(log, on_the_wire)
    return {digest: run._replace(state=states.get(digest, run.state)) for digest, run in runs.items()}


def with_states_as_seen(log: ServiceLog, table: Mapping[str, Sequence[Any]]) -> tuple[dict[str, Sequence[Any]], bool]:
    """A table of runs whose states are as `as_seen` has them; and whether that may change without the log.

    Parameters
    ----------
    log:
        The log of their service.
    table:
        Values by column, among them ``digest`` and ``state``.
    """
    submitting = State.SUBMITTING.value
    if submitting not in table["state"]:
        return dict(table), False
    on_the_wire = [*compress(table["digest"], (state == submitting for state in table["state"]))]
    shown = _seen_states(log, on_the_wire)
    states = [
        shown[digest].value if digest in shown else state
        for digest, state in zip(table["digest"], table["state"], strict=True)
    ]
    return {**table, "state": states}, True


def is_worked_on(log: ServiceLog) -> bool:
    """Whether a process works on the runs of a log: one that sends heartbeats, which each does while a sweep runs.

    Parameters
    ----------
    log:
        The log.
    """
    return any(is_alive(owner, _sends_heartbeats(log), LEASE_SECONDS) for owner in log.sharing.owners())


def has_submits_in_hands(log: ServiceLog) -> bool:
    """Whether a process that lives is submitting a run of a log, or may have been cut off while it did.

    Parameters
    ----------
    log:
        The log.
    """
    table = log.runs.table(None, ["state"])
    on_the_wire = compress(table["digest"], (state == State.SUBMITTING.value for state in table["state"]))
    return State.SUBMITTED in _seen_states(log, list(on_the_wire)).values()


def _sends_heartbeats(log: ServiceLog) -> SendsHeartbeats:
    """Whether a process has sent a heartbeat to a log within some seconds."""

    def sends(owner: str, seconds: float) -> bool:
        silence = log.sharing.silence(owner)
        return silence is not None and silence < seconds

    return sends


def _seen_states(log: ServiceLog, on_the_wire: Iterable[str]) -> dict[str, State]:
    """The states of runs that are being submitted: unknown where no process that lives has the submit in its hands.

    Parameters
    ----------
    log:
        The log of their service.
    on_the_wire:
        The runs.
    """

    sends_heartbeats = _sends_heartbeats(log)
    sent = {
        digest
        for digest, run in log.runs.read(on_the_wire).items()
        if run.state is not State.SUBMITTING  # it was answered meanwhile, and the next look says how
        or is_held(RunId(str(log.path), run.service, digest), run.owner, run.state, sends_heartbeats)
    }
    return {digest: State.SUBMITTED if digest in sent else State.UNKNOWN for digest in on_the_wire}
