"""``runs.ranking(...)``: what the votes say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from ..selection import Selection
from .vote import comparison_of, rater_named

if TYPE_CHECKING:
    from ..voting.joint import JointRanking
    from ..voting.ranking import Ranking


@overload
def ranking(runs: Selection, axis: str | None = None, *, rater: str | None = None) -> Ranking: ...
@overload
def ranking(runs: Selection, axis: Sequence[str], *, rater: str | None = None) -> Ranking | JointRanking: ...
def ranking(
    runs: Selection, axis: str | Sequence[str] | None = None, *, rater: str | None = None
) -> Ranking | JointRanking:
    """Which value of an axis the votes prefer, with an interval across seeds. Its text is a sentence.

    Several axes have one peak together, with a region around it. Votes between runs that differ in one of them count
    too, and axes that are no numbers (samplers, fine-tunes) are choices, each with a peak of its own.

    Parameters
    ----------
    axis:
        The axis that was judged, or a list of several. Left out, the one that `tuner` takes.
    rater:
        Count the votes of this person only; all votes if left out.

    Returns
    -------
    Ranking or JointRanking
        A `JointRanking` for several axes.

    Raises
    ------
    RunError
        If fewer than two values of an axis have pictures, or there are more than three axes of numbers.

    Example
    -------
    ``runs.ranking()`` shows, for example, ``best 0.80, 0.70 to 0.90, 5 seeds, 34 votes``
    """
    return comparison_of(runs, axis).ranking(None if rater is None else rater_named(rater))
