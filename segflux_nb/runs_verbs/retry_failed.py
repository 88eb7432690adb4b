"""``runs.retry_failed()``: submit again what failed."""

from __future__ import annotations

from typing import TypeVar, cast

from ..selection import Selection

SelectionT = TypeVar("SelectionT", bound=Selection)


def retry_failed(runs: SelectionT) -> SelectionT:
    """Run again what failed or was refused, moderated and invalid cells included. It blocks, as `Workspace.run` does.

    Runs that are unknown or lost are not submitted again: they may have been paid for.

    Raises
    ------
    SweepInterrupted
        On an interrupt. What is done is kept.

    Example
    -------
    ``runs = runs.retry_failed()``
    """
    return cast("SelectionT", runs.source.launcher.retry(runs))
