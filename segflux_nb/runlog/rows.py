"""Rows of the log, as they are read from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from ..lifecycle import State
from ..model import Value


class RunState(NamedTuple):
    """Where a run stands: as little as decides what is to be done with it, since a sweep may have many."""

    digest: str
    state: State
    error_kind: str


class LoggedRun(NamedTuple):
    """A row of the log; the columns of ``runs`` in `segflux_nb.runlog.schema`, where they are explained."""

    service: str
    digest: str
    first_digest: str
    take: int
    parameters: Mapping[str, Value]
    state: State
    owner: str | None = None
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


@dataclass(frozen=True)
class Measurement:
    """What the service measured of a completed run: seconds in its queue and of inference, and US dollars.

    And when it was accepted, in seconds since 1970 UTC.
    """

    parameters: Mapping[str, Value]
    queue: float
    render: float
    cost: float | None
    accepted: float


class LoggedVote(NamedTuple):
    """A judgement between two runs, given by their digests, that differ in an axis."""

    rater: str
    axis: str
    left: str
    right: str
    outcome: str


class FoundSweep(NamedTuple):
    """Which sweep it is: its number, its name by its axes, what the user calls it, its axes."""

    number: int
    name: str
    title: str
    axes: dict[str, list[Value]]


@dataclass(frozen=True)
class LoggedSweep:
    """A sweep of the log: its axes in order, and how many of its cells are done."""

    number: int
    service: str
    name: str
    title: str
    axes: dict[str, list[Value]]
    created_at: float
    cells: int
    done: int
    paid: float
