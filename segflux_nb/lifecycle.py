"""The states of a run, the arrows between them, and what a submit or a poll can come to. Pure.

::

    planned ── submitting ──┬── submitted ── processing ── downloading ── completed
       ↑          │         │        └───────────┴── failed      └── lost
       │          ├── refused                 (nothing billed)
       │          └── unknown ── submitted     (adopted from the service's history)
       └──────────────────┴── (proved absent, or resubmitted by the user's word)

Each arrow is one committed transaction of the journal. ``submitting`` is written before the first byte of a submit
leaves: found after a crash it means that the service may have taken the job, so it becomes ``unknown`` and is
looked up, never sent again blindly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from .errors import ServiceError


class State(StrEnum):
    """Where a run stands in the journal."""

    PLANNED = "planned"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    PROCESSING = "processing"
    DOWNLOADING = "downloading"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    LOST = "lost"

    @property
    def status(self) -> str:
        """The state in the words that users see."""
        return _STATUS.get(self, self.value)


_STATUS = {
    State.SUBMITTING: "unknown",  # a row found in it cannot tell whether its submit was accepted
    State.DOWNLOADING: "processing",  # "completed" is said only of a picture that is on disk and was decoded
}

STATUSES = ("planned", "submitted", "processing", "completed", "failed", "refused", "unknown", "lost")

ARROWS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.SUBMITTING}),
    State.SUBMITTING: frozenset({State.PLANNED, State.SUBMITTED, State.REFUSED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.PLANNED, State.SUBMITTED}),
    State.SUBMITTED: frozenset({State.PROCESSING, State.DOWNLOADING, State.FAILED, State.LOST}),
    State.PROCESSING: frozenset({State.DOWNLOADING, State.FAILED, State.LOST}),
    State.DOWNLOADING: frozenset({State.COMPLETED, State.LOST}),
    State.FAILED: frozenset({State.PLANNED}),
    State.REFUSED: frozenset({State.PLANNED}),
    State.COMPLETED: frozenset(),
    State.LOST: frozenset(),
}

ErrorKind = Literal["moderated", "invalid", "server", "transport", "expired", "no_picture", "bad_picture", ""]

HELD_KINDS = frozenset({"moderated", "invalid"})
"""Failures that would only repeat themselves: they wait for the user's word."""


class Disposition(StrEnum):
    """What the next run does with a cell."""

    DONE = "logged"
    GOES_ON = "in flight"
    SUBMIT = "to submit"
    HELD = "held"


def disposition(state: State | None, error_kind: str = "") -> Disposition:
    """What the next run does with a run in this state; None is a run that the log does not know.

    >>> disposition(State.FAILED, "moderated").value
    'held'
    >>> disposition(State.FAILED, "server").value
    'to submit'
    """
    if state is None or state is State.PLANNED:
        return Disposition.SUBMIT
    if state is State.COMPLETED:
        return Disposition.DONE
    if state in (State.FAILED, State.REFUSED):
        return Disposition.HELD if error_kind in HELD_KINDS else Disposition.SUBMIT
    if state in (State.UNKNOWN, State.LOST):
        return Disposition.HELD
    return Disposition.GOES_ON


# ---------------------------------------------------------------------- what a submit can come to


@dataclass(frozen=True)
class NotSent:
    """Nothing was accepted and nothing billed; the same submit may be sent again, after a while.

    `error` is the service's answer (a rate limit, a failure of its own), or None where it could not be reached.
    """

    reason: str
    error: ServiceError | None = None


@dataclass(frozen=True)
class Refused:
    """The service did not take the job; nothing is billed.

    `stops` says that the reason holds for every submit (no credits, a bad key): the sweep ends and the run stays
    planned.
    """

    error: ServiceError
    stops: bool = False


@dataclass(frozen=True)
class Accepted:
    """The service took the job: from here on it is paid for."""

    request_id: str
    status_url: str
    response_url: str


@dataclass(frozen=True)
class Unknown:
    """It cannot be told whether the service took the job."""

    reason: str


SubmitOutcome = NotSent | Refused | Accepted | Unknown


# ---------------------------------------------------------------------- what a poll can come to


@dataclass(frozen=True)
class Waiting:
    """Queued or being processed."""

    processing: bool


@dataclass(frozen=True)
class Finished:
    """Completed: the result can be fetched."""


@dataclass(frozen=True)
class Rendered:
    """The result: where the picture is, and what the service measured."""

    picture_url: str
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NoPicture:
    """Completed and billed, but the result names no picture."""

    reason: str
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Broken:
    """The job failed at the service; nothing is billed."""

    reason: str
    kind: ErrorKind


@dataclass(frozen=True)
class Gone:
    """The service has no record of the job (any more)."""

    reason: str


@dataclass(frozen=True)
class Unclear:
    """No answer that tells anything: ask again, after a while."""

    reason: str
    retry_after: float | None = None


PollOutcome = Waiting | Finished | Broken | Gone | Unclear
ResultOutcome = Rendered | NoPicture | Waiting | Broken | Gone | Unclear


def advance(state: State, outcome: SubmitOutcome | PollOutcome | ResultOutcome) -> State:
    """The state that follows; the same one where the outcome changes nothing.

    `Gone` changes nothing here: the history is asked before a paid picture is given up.

    Raises
    ------
    ValueError
        Where the outcome cannot follow the state.

    >>> advance(State.SUBMITTED, Finished()), advance(State.SUBMITTING, Unknown("the answer was lost"))
    (<State.SUBMITTED: 'submitted'>, <State.UNKNOWN: 'unknown'>)
    """
    match outcome:
        case NotSent():
            after = State.PLANNED
        case Refused(stops=stops):
            after = State.PLANNED if stops else State.REFUSED
        case Accepted():
            after = State.SUBMITTED
        case Unknown():
            after = State.UNKNOWN
        case Waiting(processing=processing):
            after = State.PROCESSING if processing else state
        case Rendered():
            after = State.DOWNLOADING
        case NoPicture():
            after = State.LOST
        case Broken():
            after = State.FAILED
        case Finished() | Gone() | Unclear():
            after = state
    check_arrow(state, after)
    return after


def check_arrow(before: State, after: State) -> None:
    """Refuse a change of state that the diagram does not have.

    Raises
    ------
    ValueError
        Naming both states.
    """
    if after is not before and after not in ARROWS[before]:
        raise ValueError(f"a run cannot go from {before} to {after}")
