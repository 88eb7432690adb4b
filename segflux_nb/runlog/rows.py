"""Rows of the log, as they are read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..lifecycle import State
from ..model import MODEL, Value
from ..sweep.request import Request


class RunState(NamedTuple):
    """The state of a run: all that a sweep needs to decide what to do with it. A sweep may have many runs."""

    digest: str
    state: State
    error_kind: str
    account: str | None


def is_of_another_key(run: RunState | LoggedRun, account: str | None) -> bool:
    """Whether a run was submitted with a key that is not the present one.

    Parameters
    ----------
    run:
        The run.
    account:
        The account of the present key, as the log names it; None without a key.
    """
    return None not in (account, run.account) and run.account != account


class AcceptedJob(NamedTuple):
    """A job that the service accepted for a run: it is paid for.

    Attributes
    ----------
    service:
        The service's name.
    digest:
        The digest of the run.
    request_id:
        The service's id of the job.
    status_url:
        Where to poll it; None where only its id is known.
    response_url:
        Where its result will be; None where only its id is known.
    accepted_at:
        When it was accepted, in seconds since 1970 UTC.
    account:
        The account that pays for it, as `RunLog` names it; None where that is unknown.
    owner:
        The process that polls it now; None for none.
    """

    service: str
    digest: str
    request_id: str
    status_url: str | None
    response_url: str | None
    accepted_at: float
    account: str | None
    owner: str | None = None


class LoggedRun(NamedTuple):
    """A run as the log has it, with its first picture. `segflux_nb.runlog.columns` explains each field."""

    service: str
    digest: str
    first_digest: str
    take: int
    parameters: Mapping[str, Value]
    state: State
    owner: str | None = None
    account: str | None = None
    attempts: int = 0
    request_id: str | None = None
    status_url: str | None = None
    response_url: str | None = None
    picture_url: str | None = None
    picture: str | None = None
    sha256: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    simulator_version: int | None = None
    cost_usd: float | None = None
    queue_seconds: float | None = None
    render_seconds: float | None = None
    submitted_at: float | None = None
    accepted_at: float | None = None
    detected_at: float | None = None
    completed_at: float | None = None
    polls: int | None = None
    error_kind: str = ""
    error: str = ""
    model: str = MODEL.slug

    @property
    def request(self) -> Request:
        """What was asked for."""
        return Request(self.parameters, self.take, model=self.model)


class MorePicture(NamedTuple):
    """A picture of a run beside its first one. Without a path, it is not on disk.

    Attributes
    ----------
    number:
        Its place in the output, from 1; the first picture has 0.
    url:
        Where the service has it.
    path:
        Its file, relative to the workspace.
    width, height:
        Pixels.
    sha256:
        The digest of its bytes.
    size:
        Bytes.
    """

    number: int
    url: str
    path: str | None = None
    width: int | None = None
    height: int | None = None
    sha256: str | None = None
    size: int | None = None

    @property
    def is_absent(self) -> bool:
        """Whether it was never on disk. One that was discarded was there, and is not asked for again."""
        return self.path is None and self.sha256 is None


@dataclass(frozen=True)
class Measurement:
    """What the service measured of a completed run.

    Attributes
    ----------
    parameters:
        What was asked for.
    queue:
        Seconds in the service's queue.
    render:
        Seconds of inference.
    cost:
        US dollars; None if the service did not say.
    accepted:
        When it was accepted, in seconds since 1970 UTC.
    model:
        The slug of the model.
    """

    parameters: Mapping[str, Value]
    queue: float
    render: float
    cost: float | None
    accepted: float
    model: str = MODEL.slug


class LoggedVote(NamedTuple):
    """A vote between two runs that differ in one axis, or in several.

    Attributes
    ----------
    rater:
        Who voted.
    axis:
        The axis in which the two runs differ; several in order of the alphabet, with commas between them.
    left:
        The digest of the run on the left.
    right:
        The digest of the other run.
    outcome:
        ``left``, ``right``, ``tie`` or ``skip``.
    """

    rater: str
    axis: str
    left: str
    right: str
    outcome: str


class FoundSweep(NamedTuple):
    """A sweep that was looked up.

    Attributes
    ----------
    number:
        Its number in the log.
    name:
        Its name, made of its axes.
    title:
        What the user calls it, or empty.
    axes:
        Values by axis, in order.
    """

    number: int
    name: str
    title: str
    axes: dict[str, list[Value]]


@dataclass(frozen=True)
class LoggedSweep:
    """A sweep of the log.

    Attributes
    ----------
    number:
        Its number in the log.
    service:
        The service that it was run on.
    name:
        Its name, made of its axes.
    title:
        What the user calls it, or empty.
    axes:
        Values by axis, in order.
    created_at:
        When it was entered, in seconds since 1970 UTC.
    cells:
        How many cells it has.
    done:
        How many of them are completed.
    paid:
        US dollars, as far as the service said what runs cost.
    """

    number: int
    service: str
    name: str
    title: str
    axes: dict[str, list[Value]]
    created_at: float
    cells: int
    done: int
    paid: float
