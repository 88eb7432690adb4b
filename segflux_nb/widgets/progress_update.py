"""What a display of progress is told at each refresh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..launching import RunSnapshot

ENDED = ("completed", "failed", "refused", "lost", "unknown", "missing", "discarded")
"""The statuses of runs with which the sweep does nothing more, for now."""


@dataclass(frozen=True)
class Times:
    """What is known about the time of a running sweep, in seconds.

    Attributes
    ----------
    elapsed:
        Since its start.
    left:
        Until its end, as it is expected; None where that is unknown.
    first:
        From the start until its first picture, as it is expected; None where it is unknown or there.
    """

    elapsed: float
    left: float | None = None
    first: float | None = None

    @property
    def words(self) -> str:
        """The times in words.

        >>> Times(3, 20, 22).words, Times(30, 20, 22).words, Times(75, 130).words
        ('3 s, first picture after about 22 s', '30 s, longer than the usual 22 s', '1 min 15 s · about 2 min left')
        """
        elapsed = span(self.elapsed)
        if self.first is not None:
            is_late = self.elapsed > max(1.0, 1.2 * self.first)
            usual = rough(self.first)
            return (
                f"{elapsed}, longer than the usual {usual}"
                if is_late
                else f"{elapsed}, first picture after {about(usual)}"
            )
        return elapsed if not self.left else f"{elapsed} · {about(rough(self.left))} left"


def about(words: str) -> str:
    """A time that is not exact: what is below a second is exact enough."""
    return words if words.startswith("less") else f"about {words}"


def span(seconds: float) -> str:
    """A time that has passed.

    >>> span(3.4), span(65), span(3700)
    ('3 s', '1 min 5 s', '1 h 1 min')
    """
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def rough(seconds: float) -> str:
    """A time that is expected.

    >>> rough(0.4), rough(22.2), rough(150), rough(9000)
    ('less than 1 s', '22 s', '2 min', '2.5 h')
    """
    if seconds < 1:
        return "less than 1 s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class ProgressUpdate:
    """The state of a running sweep, and what changed since the last refresh.

    Attributes
    ----------
    line:
        The state in words, without its times.
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
    times:
        How long it runs, and how long it is expected to take.
    """

    line: str
    counts: Mapping[str, int]
    statuses: Mapping[str, str]
    ended: Mapping[str, RunSnapshot]
    waits: str = ""
    is_over: bool = False
    times: Times = Times(0.0)

    @property
    def whole_line(self) -> str:
        """The state in words, with its times while it runs."""
        return self.line if self.is_over else f"{self.line} · {self.times.words}"
