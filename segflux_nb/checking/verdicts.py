"""What the comparison of two pictures can come to. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WORST_LIMITS = {64: 4.0, 32: 2.6, 16: 1.6}
"""The most CIE76 difference in one pixel of Lab thumbnails that look the same, by the side of the thumbnails.

Each is above what JPEG at quality 75 and better does to a picture, and below what a block of 32 × 32 pixels of
1024 × 1024 does that is changed by 40 levels (with 16 × 16, only where it lies well). docs/reproducibility.md has the
measured numbers.
"""

MEAN_LIMIT = 1.2
"""The most mean difference: two levels of brightness pass, four do not."""


class Verdict(StrEnum):
    """How a new picture is to the saved one."""

    SAME_BYTES = "same bytes"
    SAME_TO_THE_EYE = "same to the eye"
    CHANGED = "changed"


@dataclass(frozen=True)
class Finding:
    """The comparison of one picture, or of one run's picture on a sheet.

    Attributes
    ----------
    verdict:
        What it came to.
    what:
        Which picture of the cell it is: its number, or its run and values.
    why:
        The distance, and what else there is to say.
    saved:
        The saved picture, as the bytes of a file; empty where there is none.
    new:
        The new picture, as the bytes of a file; empty where there is none.
    """

    verdict: Verdict
    what: str
    why: str = ""
    saved: bytes = b""
    new: bytes = b""

    @property
    def line(self) -> str:
        """The finding in one line."""
        return f"{self.what}: {self.verdict}{': ' + self.why if self.why else ''}"


def judged(worst: float, mean: float, side: int) -> Verdict:
    """The verdict on two pictures whose pixels differ, or may.

    Parameters
    ----------
    worst:
        The greatest difference of a pixel of their thumbnails.
    mean:
        The mean difference of all pixels.
    side:
        The side of the thumbnails.
    """
    is_same = worst <= WORST_LIMITS[side] and mean <= MEAN_LIMIT
    return Verdict.SAME_TO_THE_EYE if is_same else Verdict.CHANGED


def distance_text(worst: float, mean: float, side: int = 64) -> str:
    """The distance of two pictures in words, with the limits where it is beyond them.

    Parameters
    ----------
    worst:
        The greatest difference of a pixel of their thumbnails.
    mean:
        The mean difference of all pixels.
    side:
        The side of the thumbnails.

    >>> distance_text(14.03, 0.3)
    'ΔE 14.0 in the worst place (at most 4.0), 0.3 on average'
    """
    at_worst = f" (at most {WORST_LIMITS[side]})" if worst > WORST_LIMITS[side] else ""
    at_mean = f" (at most {MEAN_LIMIT})" if mean > MEAN_LIMIT else ""
    return f"ΔE {worst:.1f} in the worst place{at_worst}, {mean:.1f} on average{at_mean}"
