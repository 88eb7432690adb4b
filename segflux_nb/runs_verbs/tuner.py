"""``runs.tuner(...)``: finding the best value of an axis, or of several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import SegfluxError
from ..selection import Selection
from ..sweep.refine import refine_axes
from ..voting.pairwise import PairwiseComparison
from .vote import comparison_of, rater_named

if TYPE_CHECKING:
    from ..widgets.tuner import Proposal, Tuner


def tuner(runs: Selection, axis: str | Sequence[str] = "lora_strength", *, rater: str | None = None) -> Tuner:
    """Find the best value of an axis by looking: a slider through its values, and blind votes between pairs.

    Pairs are chosen to tell most. With several axes the two pictures of a pair may differ in any of them.

    Parameters
    ----------
    axis:
        What is tuned: an axis, or a list of several. Up to three of them may be axes of numbers.
    rater:
        The name under which votes are kept; your user name on this machine if left out.

    Raises
    ------
    RunError
        If fewer than two values of an axis have pictures, or there are more than three axes of numbers.

    Example
    -------
    ``tuner = runs.tuner(["lora_strength", "steps"])``, and when you have voted ``tuner.ranking`` and
    ``tuner.next_sweep()``
    """
    from ..widgets.tuner import Tuner

    comparison = comparison_of(runs, axis)
    return Tuner(
        runs.df, comparison.judged, comparison, rater=rater_named(rater), propose=lambda: _proposal(runs, comparison)
    )


def _proposal(runs: Selection, comparison: PairwiseComparison) -> Proposal:
    """The next cells over all judged axes, what they cost, and what they are expected to tell.

    Raises
    ------
    SegfluxError
        If there are no votes yet, or no axis has finer values.
    """
    from ..widgets.tuner import Proposal

    ranking = comparison.ranking()
    if not ranking.votes:
        raise SegfluxError(f"There are no votes on {comparison.axis} yet", remedy="Vote first, in the tuner")
    if not ranking.bounds:
        named = ", ".join(f"{name}={value!r}" for name, value in ranking.values.items())
        raise SegfluxError(
            f"{comparison.axis} is not an axis of numbers: it has no finer values", remedy=f"Use {named}"
        )
    sweep = refine_axes([run.parameters for run in runs], ranking.bounds, ranking.likely)
    plan = runs.source.launcher.plan(sweep, ask_balance=True)
    if not plan.to_submit:
        return Proposal(sweep, plan, "All of these pictures are in the log: go on to vote between them")
    cells = [cell.parameters for cell in sweep]
    return Proposal(sweep, plan, comparison.outlook(ranking, cells))
