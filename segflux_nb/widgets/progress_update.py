"""What a display of progress is told at each refresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..launching import RunSnapshot


@dataclass(frozen=True)
class ProgressUpdate:
    """The state of a running sweep, and what changed since the last refresh.

    Attributes
    ----------
    line:
        The state in words.
    counts:
        The number of runs of each status.
    statuses:
        The statuses that changed, by the short name of the run.
    ended:
        What the log says of the runs that ended since the last refresh, by their short names.
    waits:
        What the sweep waits for and until when; at its end, why it ended early. Empty for nothing.
    is_over:
        Whether the sweep has ended.
    """

    line: str
    counts: Mapping[str, int]
    statuses: Mapping[str, str]
    ended: Mapping[str, RunSnapshot]
    waits: str = ""
    is_over: bool = False
