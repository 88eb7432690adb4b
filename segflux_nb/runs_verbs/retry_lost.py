"""``runs.retry_lost()``: ask again for what was paid for and never served."""

from __future__ import annotations

from typing import TypeVar, cast

from ..selection import Selection

SelectionT = TypeVar("SelectionT", bound=Selection)


def retry_lost(runs: SelectionT) -> SelectionT:
    """Ask the service again for lost runs, and for pictures that completed runs miss, of any age. It blocks.

    Nothing is submitted and nothing is billed. For eight days after a submit, `Workspace.run` asks by itself.
    Later it does not, because the service keeps a picture for seven days.

    Raises
    ------
    SweepInterrupted
        On an interrupt. What is done is kept.

    Example
    -------
    ``runs = runs.retry_lost()``
    """
    return cast("SelectionT", runs.source.launcher.retry_lost(runs))
