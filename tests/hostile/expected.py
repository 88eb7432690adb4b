"""What a misbehaviour of the service is, and what must be seen afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from .server import Script

CELLS = 4
KEY = "SG_0123456789abcdef"
OTHER_KEY = "SG_fedcba9876543210"

SOON = 300.0
"""Seconds that a call may take after one bad answer: a job takes 20."""

TEN_MINUTES = 900.0
"""Seconds that a call may take while something goes on being bad: ten minutes of asking, and some more."""

MAX_WAIT = 1900.0
"""Seconds that a call may take where the service says "wait": 900 of it, and ten minutes of asking."""

AN_HOUR = 3600.0 + TEN_MINUTES
"""Seconds that a call may take while a job is not done: its record lives for an hour."""

OPEN = ("submitted", "processing")
"""Statuses of a run that a later call collects."""


@dataclass(frozen=True)
class RunCall:
    """One call of run.

    Attributes
    ----------
    after:
        Seconds between the call before and this one.
    key:
        The key of this call.
    interrupted:
        Seconds after which the user interrupts it; None for never.
    cells:
        How many cells of the sweep are asked for.
    skew:
        Seconds by which the client's clock is wrong, beyond those of the row.
    options:
        Options of the call.
    """

    after: float = 0.0
    key: str = KEY
    interrupted: float | None = None
    cells: int = CELLS
    skew: float = 0.0
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Expected:
    """What must be seen after all calls, unless another moment is named.

    Attributes
    ----------
    paid:
        Jobs in the service's ledger that are paid for.
    kept:
        Cells whose own picture is on disk, at least.
    paid_twice:
        Jobs that were paid for beyond the first one of a cell.
    bad:
        Statuses that the bad cell may have.
    first:
        Statuses that the bad cell may have after the first call; empty for any.
    others_after:
        The number of calls after which all other cells are completed.
    others_within:
        Seconds, in virtual time, after which they are; None where all must wait.
    within:
        Seconds, in virtual time, that each call may take.
    closed_within:
        Seconds, in virtual time, that it may take to close the workspace.
    planned_within:
        Seconds, in virtual time, that the question for the balance may take.
    not_before:
        Seconds from the beginning of the first call before which the bad cell is not completed.
    more_missing:
        Pictures of outputs, beside the first ones, that are not on disk.
    stopped:
        A pattern in the first call's reason to stop; None where it does not matter.
    error:
        A pattern in the bad cell's error, which must not be empty where this is not.
    MiB:
        The most memory that may be used.
    """

    paid: int = CELLS
    kept: int = CELLS
    paid_twice: int = 0
    bad: tuple[str, ...] = ("completed",)
    first: tuple[str, ...] = ()
    others_after: int = 1
    others_within: float | None = 120.0
    within: float = SOON
    closed_within: float = 60.0
    planned_within: float = 30.0
    not_before: float = 0.0
    more_missing: int = 0
    stopped: str | None = None
    error: str = ""
    MiB: int | None = None


@dataclass(frozen=True)
class Misbehaviour:
    """A row of the table.

    Attributes
    ----------
    kind:
        The kind of fault.
    name:
        What the service does.
    script:
        Does it.
    expected:
        What must be seen.
    calls:
        The calls of run that are made.
    service:
        Settings of the scripted service.
    on_the_wire:
        Whether it needs sockets.
    environment:
        What else is unusual while it is played.
    skew:
        Seconds by which the client's clock is wrong.
    """

    kind: str
    name: str
    script: Script | None
    expected: Expected = field(default_factory=Expected)
    calls: tuple[RunCall, ...] = (RunCall(),)
    service: Mapping[str, Any] = field(default_factory=dict)
    on_the_wire: bool = False
    environment: Callable[[], AbstractContextManager[Any]] = nullcontext
    skew: float = 0.0

    @property
    def id(self) -> str:
        """Names the row in tests."""
        return f"{self.kind}/{self.name}"


WELL = Expected()
"""The call ends soon, and all is completed."""


def rows_of(kind: str, expected: Expected = WELL, **common: Any) -> Callable[..., Misbehaviour]:
    """A way to write the rows of a kind shortly.

    Parameters
    ----------
    kind:
        The kind.
    expected:
        What must be seen where a row says nothing else.
    common:
        Other fields of all rows.
    """

    def row(name: str, script: Script | None, expected: Expected = expected, **more: Any) -> Misbehaviour:
        return Misbehaviour(kind, name, script, expected, **{**common, **more})

    return row


def again(number: int = 2, after: float = 5.0, **options: Any) -> tuple[RunCall, ...]:
    """This number of calls. The options are those of the later ones."""
    return (RunCall(), *(RunCall(after=after, options=options) for _ in range(number - 1)))
