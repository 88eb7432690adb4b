"""``runs.best(axis)``: the value to take, with its evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..analysis.usual_axis import usual_axis
from ..errors import RunError
from ..markup import begun_small
from ..model import Value
from ..run import known_values
from ..selection import Selection
from .curve import STRENGTH, curve
from .vote import axes_named, comparison_of

if TYPE_CHECKING:
    from ..analysis.choice import Choice

SEED, TAKE, FINETUNE = "seed", "take", "finetune_id"


def best(runs: Selection, axis: str | Sequence[str] | None = None) -> Choice:
    """The value of an axis to take, with its evidence: votes and, for ``lora_strength``, the curve.

    Several axes that were judged together have one best place. Votes come first. Without any, a strength is chosen in
    the middle between where the subject is there and where burning begins. A sentence says where curve and votes
    disagree.

    Parameters
    ----------
    axis:
        The axis, or a list of several. Left out, the one that `tuner` takes.

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

    names = [usual_axis(runs.axes)] if axis is None else axes_named(axis)
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
    line, why, instead = None, "", ""
    if first == STRENGTH and len(runs.axes.get(FINETUNE, ())) < 2:
        try:
            (line,) = curve(runs, first).lines
        except RunError as error:
            why, instead = f", and {begun_small(error.what)}", f". Or: {begun_small(error.remedy)}"
    tried = list(runs.axes.get(first, ()))
    chosen = choose(first, tried, line, votes, {})
    if chosen is None or (votes is None and len(names) > 1):
        judged = " and ".join(names)
        raise RunError(
            f"Nothing says which {judged} is best: there are no votes on it{why}",
            remedy=f"Vote between pairs: runs.tuner({json.dumps(names[0] if len(names) == 1 else names)}){instead}",
        )
    values = {**said.values, first: chosen.value}
    values = {name: _that_can_be_sent(runs, name, values[name]) for name in names}
    return replace(
        chosen,
        value=values[first],
        constants=_constants(runs, values),
        model=runs.sweep.model.slug,
        names=tuple(runs._parameter_names),
        further={name: values[name] for name in names if name != first},
    )


def _that_can_be_sent(runs: Selection, axis: str, value: Value) -> Value:
    """The value of an axis; of a placeholder of numbers the nearest one that was tried, for which there is a prompt.

    Parameters
    ----------
    runs:
        The selection.
    axis:
        The axis.
    value:
        Its best value.
    """
    tried = [one for one in runs.axes.get(axis, ()) if isinstance(one, int | float)]
    if axis in runs._parameter_names or not isinstance(value, int | float) or not tried:
        return value
    return min(tried, key=lambda one: abs(one - value))


def _constants(runs: Selection, chosen: Mapping[str, Value]) -> dict[str, Value]:
    """The parameters that all runs have in common which are nearest to the chosen values.

    So the prompt of a chosen placeholder is one of them, and what is linked to the chosen value.

    Parameters
    ----------
    runs:
        The selection.
    chosen:
        The chosen value of each axis.
    """
    near = [(known_values(run), run.parameters) for run in runs]
    for axis, value in chosen.items():
        having = [one for one in near if axis in one[0]]
        if isinstance(value, int | float):
            least = min(abs(known[axis] - value) for known, _ in having)
            near = [one for one in having if abs(one[0][axis] - value) == least]
        else:
            near = [one for one in having if one[0][axis] == value]
    seen = [parameters for _, parameters in near]
    return {
        name: seen[0][name]
        for name in seen[0]
        if name not in (*chosen, SEED) and len({parameters.get(name) for parameters in seen}) == 1
    }
