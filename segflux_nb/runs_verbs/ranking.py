"""``runs.ranking(...)``: what the votes say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..selection import Selection
from .vote import comparison_of

if TYPE_CHECKING:
    from ..voting.ranking import Ranking


def ranking(runs: Selection, axis: str = "lora_strength", *, rater: str | None = None) -> Ranking:
    """Which value of an axis the votes prefer, with an interval across seeds. Its text is a sentence.

    Parameters
    ----------
    axis:
        The axis that was judged.
    rater:
        Count the votes of this person only; all votes if left out.

    Raises
    ------
    RunError
        If fewer than two values of the axis have pictures.

    Example
    -------
    ``runs.ranking()`` shows, for example, ``best 0.80, 0.70 to 0.90, 5 seeds, 34 votes``
    """
    return comparison_of(runs, axis).ranking(rater)
