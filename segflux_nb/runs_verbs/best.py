"""``runs.best(axis)``: the value to take, with its evidence."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..errors import RunError
from ..model import MODEL
from ..selection import Selection
from .curve import STRENGTH, curve
from .vote import axes_named, comparison_of

if TYPE_CHECKING:
    from ..analysis.choice import Choice

SEED, TAKE, FINETUNE = "seed", "take", "finetune_id"


def best(runs: Selection, axis: str | Sequence[str] = "lora_strength") -> Choice:
    """The value of an axis to take, with its evidence: votes and, for ``lora_strength``, the curve.

    Several axes that were judged together have one best place. Votes come first. Without any, a strength is chosen in
    the middle between where the subject is there and where burning begins. A sentence says where curve and votes
    disagree.

    Parameters
    ----------
    axis:
        The axis, or a list of several.

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
    first = STRENGTH if STRENGTH in names else names[0]
    if FINETUNE not in names and len(runs.axes.get(FINETUNE, ())) > 1:
        raise RunError(
            "These runs have several fine-tunes, each of which has a best value of its own",
            remedy='Choose one: runs.where(finetune_id="…").best(). Or judge them together with the strength: '
            'runs.tuner(["lora_strength", "finetune_id"])',
        )
    said = comparison_of(runs, names).ranking()
    votes = None
    if said.values:
        low, high = said.interval(first)
        votes = Votes(said.values[first], low, high, str(said))
    line, why = None, ""
    if first == STRENGTH and len(runs.axes.get(FINETUNE, ())) < 2:
        try:
            (line,) = curve(runs, first).lines
        except RunError as error:
            if votes is None:
                raise
            why = error.what
    chosen = choose(first, list(runs.axes[first]), line, votes, _constants(runs, names))
    if chosen is None or (votes is None and len(names) > 1):
        judged = " and ".join(names)
        raise RunError(
            f"Nothing says which {judged} is best: there are no votes on it" + (f", and {why}" if why else ""),
            remedy=f"Vote between pairs: runs.tuner({json.dumps(names[0] if len(names) == 1 else names)})",
        )
    return replace(chosen, further={name: value for name, value in said.values.items() if name != first})


def _constants(runs: Selection, axes: Sequence[str]) -> dict[str, int | float | str]:
    """The parameters that all runs have in common."""
    seen = [run.parameters for run in runs]
    return {
        name: seen[0][name]
        for name in MODEL.parameters
        if name not in (*axes, SEED) and len({parameters[name] for parameters in seen}) == 1
    }
