"""The states of a run, the transitions between them, and the outcomes of a submit and of a poll. Pure.

::

    planned ── submitting ──┬── submitted ── processing ── downloading ── completed
       ↑          │         │        └───────────┴── failed      └── lost ── (asked for again, without paying)
       │          ├── refused                 (nothing billed)
       │          └── unknown ── submitted     (adopted from the service's history)
       └──────────────────┴── (proved absent, or resubmitted because the user asks for it)

An answer that comes late brings a run from ``planned``, ``refused`` or ``failed`` to ``submitted`` too: another
process had given its submit up, and the job is paid for. A ``completed`` run whose file was deleted, and that nothing
can serve any more, is ``lost``; with its file put back it is ``completed`` again.

Each transition is one committed transaction of the journal. ``submitting`` is written before the first byte of a
submit leaves. Found after a crash, it means that the service may have accepted the job: the run becomes ``unknown``
and is looked up, and is never sent again without proof.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Literal

from .errors import ServiceError


class State(StrEnum):
    """The state of a run in the journal."""

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
        """The state as users see it."""
        return _STATUS.get(self, self.value)


_STATUS = {
    State.SUBMITTING: "unknown",  # it cannot be told whether its submit was accepted, unless its process lives
    State.DOWNLOADING: "processing",  # "completed" means that the picture is on disk and was decoded
}

TRANSITIONS: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.SUBMITTING, State.SUBMITTED}),
    State.SUBMITTING: frozenset({State.PLANNED, State.SUBMITTED, State.REFUSED, State.UNKNOWN}),
    State.UNKNOWN: frozenset({State.PLANNED, State.SUBMITTED}),
    State.SUBMITTED: frozenset({State.PROCESSING, State.DOWNLOADING, State.FAILED, State.LOST}),
    State.PROCESSING: frozenset({State.DOWNLOADING, State.FAILED, State.LOST}),
    State.DOWNLOADING: frozenset({State.COMPLETED, State.LOST}),
    State.FAILED: frozenset({State.PLANNED, State.SUBMITTED}),
    State.REFUSED: frozenset({State.PLANNED, State.SUBMITTED}),
    State.COMPLETED: frozenset({State.LOST}),  # its file was deleted, and nothing can serve it any more
    State.LOST: frozenset({State.SUBMITTED, State.DOWNLOADING, State.COMPLETED}),
}

ErrorKind = Literal[
    "moderated", "invalid", "server", "transport", "expired", "no_picture", "bad_picture", "store", ""
]

ANSWERABLE_SECONDS = 8 * 86_400.0
"""How long after its submit a job may still be served: the service keeps pictures for seven days, and one to spare.

Until then no job is given up as lost, and each run of a sweep asks again for what an earlier version gave up.
"""

HELD_KINDS = frozenset({"moderated", "invalid"})
"""Failures that would only repeat: the run waits until the user asks for it again."""


def reason_of(error_kind: str, error: str) -> str:
    """Why a run has no picture, in one line; empty if nothing went wrong.

    Parameters
    ----------
    error_kind:
        The kind of failure, or empty.
    error:
        What went wrong, or empty.

    Example
    -------
    >>> reason_of("moderated", "the prompt was refused"), reason_of("", "")
    ('moderated: the prompt was refused', '')
    """
    return ": ".join(filter(None, (error_kind, error)))


class Disposition(StrEnum):
    """What the next call does with a run."""

    DONE = "logged"
    IN_FLIGHT = "in flight"
    SUBMIT = "to submit"
    HELD = "held"


def is_asked_again(submitted_at: float | None, now: float) -> bool:
    """Whether each call asks again for a lost run by itself, because the service may still have its picture.

    Parameters
    ----------
    submitted_at:
        When it was submitted, in seconds since 1970 UTC; None if the log does not say.
    now:
        The time.

    Example
    -------
    >>> is_asked_again(1_800_000_000.0, 1_800_000_000.0 + 7 * 86_400), is_asked_again(None, 1_800_000_000.0)
    (True, False)
    """
    return (submitted_at or 0.0) > now - ANSWERABLE_SECONDS


@cache
def disposition(state: State | None, error_kind: str = "", *, asked_again: bool = False) -> Disposition:
    """What the next call does with a run.

    Parameters
    ----------
    state:
        The state of the run; None for a run that the log does not know.
    error_kind:
        The kind of its error; empty for none.
    asked_again:
        Of a lost run: whether it `is_asked_again`.

    Example
    -------
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
    if state is State.UNKNOWN or (state is State.LOST and not asked_again):
        return Disposition.HELD
    return Disposition.IN_FLIGHT


# ---------------------------------------------------------------------- outcomes of a submit


@dataclass(frozen=True)
class NotSent:
    """Nothing was accepted and nothing billed; the same submit may be sent again after a pause.

    Attributes
    ----------
    reason:
        Why, in words.
    error:
        The service's answer (a rate limit, or a failure of its own); None where it could not be reached.
    """

    reason: str
    error: ServiceError | None = None


@dataclass(frozen=True)
class Refused:
    """The service did not accept the job; nothing is billed.

    Attributes
    ----------
    error:
        The service's answer.
    stops:
        Whether the reason holds for every submit (no credits, a bad key). The sweep ends and the run stays planned.
    """

    error: ServiceError
    stops: bool = False


@dataclass(frozen=True)
class Accepted:
    """The service accepted the job, which is paid for from now on.

    Attributes
    ----------
    request_id:
        The service's id of the job.
    status_url:
        Where to poll it.
    response_url:
        Where its result will be.
    """

    request_id: str
    status_url: str
    response_url: str


@dataclass(frozen=True)
class Unknown:
    """The answer was lost: the service may have accepted the job, or not.

    Attributes
    ----------
    reason:
        How it was lost, in words.
    """

    reason: str


SubmitOutcome = NotSent | Refused | Accepted | Unknown


# ---------------------------------------------------------------------- outcomes of a poll


@dataclass(frozen=True)
class Waiting:
    """The job is queued or being processed.

    Attributes
    ----------
    processing:
        Whether inference has begun.
    word:
        The service's word for it, where the contract does not have that word.
    """

    processing: bool
    word: str = ""


@dataclass(frozen=True)
class Finished:
    """The job is completed: its result can be fetched."""


@dataclass(frozen=True)
class Rendered:
    """The result of a job.

    Attributes
    ----------
    picture_urls:
        Where the pictures are: at least one address. The first is the picture of the run.
    metrics:
        What the service measured, as it says it.
    seed:
        The seed of the picture; None if the service does not say.
    """

    picture_urls: tuple[str, ...]
    metrics: dict[str, Any] = field(default_factory=dict)
    seed: float | None = None


@dataclass(frozen=True)
class NoPicture:
    """The job is completed and billed, but its result names no picture, or not yet.

    Attributes
    ----------
    reason:
        What the result says instead.
    metrics:
        What the service measured, as it says it.
    """

    reason: str
    metrics: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Broken:
    """The job failed at the service; nothing is billed.

    Attributes
    ----------
    reason:
        Why, in the service's words.
    kind:
        The kind of the failure.
    """

    reason: str
    kind: ErrorKind


@dataclass(frozen=True)
class Gone:
    """The service has no record of the job, or not any more.

    Attributes
    ----------
    reason:
        Its answer, in words.
    """

    reason: str


@dataclass(frozen=True)
class Unclear:
    """An answer that tells nothing, or none: ask again after a pause.

    Attributes
    ----------
    reason:
        What came instead, in words.
    retry_after:
        Seconds to wait, where the service names them.
    """

    reason: str
    retry_after: float | None = None


PollOutcome = Waiting | Finished | Rendered | Broken | Gone | Unclear
ResultOutcome = Rendered | NoPicture | Waiting | Broken | Gone | Unclear


def advance(state: State, outcome: SubmitOutcome | PollOutcome | ResultOutcome) -> State:
    """The state after an outcome; the same one where the outcome changes nothing.

    `Gone` and `NoPicture` change nothing here: a paid picture is given up only when nothing can serve it any more.

    Parameters
    ----------
    state:
        The state before.
    outcome:
        The outcome of a submit, of a poll, or of the question for the result.

    Raises
    ------
    ValueError
        Where the outcome cannot follow the state.

    Example
    -------
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
        case Broken():
            after = State.FAILED
        case Finished() | Gone() | Unclear() | NoPicture():
            after = state
    check_transition(state, after)
    return after


def check_transition(before: State, after: State) -> None:
    """Refuse a change of state that the diagram does not have.

    Parameters
    ----------
    before:
        The state of the run.
    after:
        Its new state; the same one is always legal.

    Raises
    ------
    ValueError
        Naming both states.
    """
    if after is not before and after not in TRANSITIONS[before]:
        raise ValueError(f"a run cannot go from {before} to {after}")
