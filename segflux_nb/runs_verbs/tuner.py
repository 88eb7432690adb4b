"""``runs.tuner(...)``: finding the best value of an axis, or of several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ..errors import SegfluxError
from ..model import Value
from ..run import known_values
from ..selection import Selection
from ..sweep.refine import refine_axes
from .vote import comparison_of, rater_named

if TYPE_CHECKING:
    from ..voting.joint import JointRanking
    from ..voting.pairwise import PairwiseComparison
    from ..voting.ranking import Ranking
    from ..widgets.tuner import Proposal, Tuner


def tuner(runs: Selection, axis: str | Sequence[str] | None = None, *, rater: str | None = None) -> Tuner:
    """Find the best value of an axis by looking: a slider through its values, and blind votes between pairs.

    Pairs are chosen to tell most. With several axes the two pictures of a pair may differ in any of them.

    Parameters
    ----------
    axis:
        What is tuned: an axis, or a list of several. Up to three of them may be axes of numbers. Left out, it is
        ``lora_strength``, or, where that does not vary, another strength, a guidance, numbers, or a choice.
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
    frame = runs.df.drop_duplicates("run")
    return Tuner(
        frame[frame["run"].isin([one.run for one in comparison.runs])],
        comparison.judged,
        comparison,
        rater=rater_named(rater),
        propose=lambda: _proposal(runs, comparison),
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
    bounds = {axis: ends for axis, ends in ranking.bounds.items() if axis in runs._parameter_names}
    if not bounds:
        (axis, (low, high)), *_ = ranking.bounds.items()
        raise SegfluxError(
            f"{axis} is a placeholder: only you can write finer prompts",
            remedy=f"Write the next sweep: sf.Sweep(prompt=…, {axis}=[…]), with values from {low:g} to {high:g}",
        )
    before = runs.sweep
    model = runs.source.launcher.model_of(before.model.slug)
    sweep = refine_axes(_worth_going_on(runs, comparison, ranking), bounds, before.labels, model)
    plan = runs.source.launcher.plan(sweep, ask_balance=True)
    if not plan.to_submit:
        return Proposal(sweep, plan, "All of these pictures are in the log: go on to vote between them")
    cells = [cell.parameters for cell in sweep]
    return Proposal(sweep, plan, comparison.outlook(ranking, cells))


def _worth_going_on(
    runs: Selection, comparison: PairwiseComparison, ranking: Ranking | JointRanking
) -> list[Mapping[str, Value]]:
    """The parameters of the runs whose choices and placeholders may be the best; of all runs if there are none.

    Parameters
    ----------
    runs:
        The selection.
    comparison:
        What was compared.
    ranking:
        What the votes say.
    """
    kept: dict[str, Sequence[Value]] = {**ranking.likely}
    parameters = runs._parameter_names
    for axis, (low, high) in ranking.bounds.items():
        if axis not in parameters:  # nobody can write finer prompts, so the nearest of those that there are
            tried = [value for value in comparison.values[axis] if isinstance(value, int | float)]
            nearest = min(tried, key=lambda value: abs(value - (low + high) / 2))
            kept[axis] = [value for value in tried if low <= value <= high or value == nearest]
    every = [(known_values(run), run.parameters) for run in runs]
    wanted = [
        parameters for known, parameters in every if all(known.get(axis) in values for axis, values in kept.items())
    ]
    return wanted or [parameters for _, parameters in every]
