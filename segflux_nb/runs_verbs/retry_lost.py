"""``runs.retry_lost()``: ask again for what was paid for and never served."""

from __future__ import annotations

from typing import TypeVar, cast

from ..selection import Selection

SelectionT = TypeVar("SelectionT", bound=Selection)


def retry_lost(runs: SelectionT) -> SelectionT:
    """Ask the service again for lost runs of any age. Nothing is submitted and nothing is billed. It blocks.

    For eight days after its submit, `Workspace.run` asks for a lost run by itself. Later it does not, because the
    service keeps a picture for seven days.

    Raises
    ------
    SweepInterrupted
        On an interrupt. What is done is kept.

    Example
    -------
    ``runs = runs.retry_lost()``
    """
    return cast("SelectionT", runs.source.launcher.retry_lost(runs))
