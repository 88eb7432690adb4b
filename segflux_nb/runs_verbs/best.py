"""``runs.best(axis)``: the value to take, with its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import RunError
from ..model import MODEL
from ..selection import Selection
from .curve import STRENGTH, curve
from .ranking import ranking
from .vote import axes_named

if TYPE_CHECKING:
    from ..analysis.choice import Choice

SEED, TAKE, FINETUNE = "seed", "take", "finetune_id"


def best(runs: Selection, axis: str = "lora_strength") -> Choice:
    """The value of an axis to take, with its evidence: votes and, for ``lora_strength``, the curve.

    Votes come first. Without any, a strength is chosen in the middle between where the subject is there and where
    burning begins. A sentence says where curve and votes disagree.

    Parameters
    ----------
    axis:
        The axis.

    Returns
    -------
    Choice
        ``.value``; ``.to_toml()`` and ``.to_json()`` give all parameters, to paste into a program.

    Raises
    ------
    RunError
        If there are several fine-tunes, or neither votes nor a curve say a value.

    Example
    -------
    ``print(runs.best("lora_strength").to_toml())``
    """
    from ..analysis.choice import Votes, choose

    names = axes_named(axis)
    if len(names) > 1:
        raise RunError(
            f"best takes one axis, and got {', '.join(names)}",
            remedy="runs.ranking([...]).values has the best values of several axes",
        )
    (axis,) = names
    if axis != FINETUNE and len(runs.axes.get(FINETUNE, ())) > 1:
        raise RunError(
            "These runs have several fine-tunes, each of which has a best value of its own",
            remedy='Choose one: runs.where(finetune_id="…").best()',
        )
    said = ranking(runs, axis)
    votes = None if said.best is None else Votes(said.best, said.low, said.high, str(said))
    line, why = None, ""
    if axis == STRENGTH:
        try:
            (line,) = curve(runs, axis).lines
        except RunError as error:
            if votes is None:
                raise
            why = error.what
    chosen = choose(axis, list(runs.axes[axis]), line, votes, _constants(runs, axis))
    if chosen is None:
        raise RunError(
            f"Nothing says which {axis} is best: there are no votes on it" + (f", and {why}" if why else ""),
            remedy=f'Vote between pairs: runs.tuner("{axis}")',
        )
    return chosen


def _constants(runs: Selection, axis: str) -> dict[str, int | float | str]:
    """The parameters that all runs have in common."""
    seen = [run.parameters for run in runs]
    return {
        name: seen[0][name]
        for name in MODEL.parameters
        if name not in (axis, SEED) and len({parameters[name] for parameters in seen}) == 1
    }
