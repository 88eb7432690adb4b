"""A finer sweep around the best values found so far."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise, product
from types import MappingProxyType
from typing import Any

from ..errors import SweepError
from ..model import MODEL, Kind, Model, Parameter, Value
from .names import LABEL
from .request import Request
from .sweep import Sweep
from .template import Verbatim

MOST_POINTS = {1: 7, 2: 5, 3: 4}
"""About how many values a finer axis has at most, by the number of finer axes."""


def refine(cells: Sequence[Mapping[str, Value]], axis: str, low: float, high: float) -> Sweep:
    """A sweep of the same cells with a finer axis: from about `low` to about `high`, in round steps.

    Parameters
    ----------
    cells:
        The parameters of the runs so far.
    axis:
        The parameter to refine. It must be a number.
    low:
        The lower end of the interval to search.
    high:
        Its upper end. If it is `low`, the interval is one step of the runs so far to either side.

    Raises
    ------
    SweepError
        If the axis is not a number or has one value only.

    Example
    -------
    >>> sweep = Sweep(prompt="TOK", finetune_id="a", lora_strength=[0.4, 0.8], seed=[1, 2])
    >>> refine([cell.parameters for cell in sweep], "lora_strength", 0.55, 0.78).axes
    {'lora_strength': [0.55, 0.6, 0.65, 0.7, 0.75, 0.8], 'seed': [1, 2]}
    """
    return refine_axes(cells, {axis: (low, high)})


def refine_axes(
    cells: Sequence[Mapping[str, Value]],
    bounds: Mapping[str, tuple[float, float]],
    labels: Mapping[str, Mapping[Value, str]] = MappingProxyType({}),
    model: Model = MODEL,
) -> Sweep:
    """A sweep of the same cells with finer axes, each from about its lower to about its upper end.

    All combinations of the finer values are in it, with each combination that the other parameters have.

    Parameters
    ----------
    cells:
        The parameters of the runs so far.
    bounds:
        The interval to search, by the parameter to refine. Where its ends are equal, it is one step of the runs
        so far to either side.
    labels:
        The labels of values, by parameter, as `Sweep.labels`. Those of the finer axes have no use any more.
    model:
        The model.

    Raises
    ------
    SweepError
        If an axis is not a number or has one value only.

    Example
    -------
    >>> sweep = Sweep(prompt="TOK", finetune_id="a", lora_strength=[0.4, 0.8], steps=[10, 20, 30])
    >>> refine_axes([cell.parameters for cell in sweep], {"lora_strength": (0.5, 0.7), "steps": (12, 24)}).axes
    {'lora_strength': [0.5, 0.55, 0.6, 0.65, 0.7], 'steps': [10, 15, 20, 25]}
    """
    fine = {axis: _values_of(cells, axis, *ends, MOST_POINTS[len(bounds)], model) for axis, ends in bounds.items()}
    names = [name for name in cells[0] if name not in fine]
    combinations = list(dict.fromkeys(tuple((n, cell[n]) for n in names if n in cell) for cell in cells))
    held_cells: list[dict[str, Value]] = [dict(combination) for combination in combinations]
    distinct = {name: list(dict.fromkeys(held[name] for held in held_cells if name in held)) for name in names}
    varying = {name: seen for name, seen in distinct.items() if len(seen) > 1}
    is_grid = all(len(held) == len(names) for held in held_cells)
    if is_grid and math.prod(map(len, varying.values())) == len(combinations):
        if "prompt" in distinct:  # the cells' prompts are final
            distinct["prompt"] = [Verbatim(str(prompt)) for prompt in distinct["prompt"]]
        constants = [name for name in distinct if name not in varying]
        given = {name: _as_given(distinct[name], labels.get(name, {})) for name in (*constants, *varying)}
        own = {name: given[name] for name in constants} | fine | {name: given[name] for name in varying}
        return Sweep(model=model, **own)
    # The runs so far are no full grid: keep exactly their combinations.
    requests = [
        Request({**held, **dict(zip(fine, point, strict=True))}, labels=_labels_of(held, labels), model=model.slug)
        for held in held_cells
        for point in product(*fine.values())
    ]
    return Sweep.of_cells(requests, {**varying, **fine})


def _labels_of(cell: Mapping[str, Value], labels: Mapping[str, Mapping[Value, str]]) -> dict[str, Value]:
    """The labels of a cell's values.

    Parameters
    ----------
    cell:
        The values, by parameter.
    labels:
        The labels of values, by parameter.
    """
    known = [(name, labels.get(name, {}), value) for name, value in cell.items()]
    return {f"{name}{LABEL}": of_values[value] for name, of_values, value in known if value in of_values}


def _as_given(values: Sequence[Value], labels: Mapping[Value, str]) -> Any:
    """Values as `Sweep` takes them: with labels where each has one of its own.

    Parameters
    ----------
    values:
        The values.
    labels:
        The labels of some of them.
    """
    named = {labels[value]: value for value in values if value in labels}
    if len(named) == len(values):
        return named
    return list(values) if len(values) > 1 else values[0]


def _values_of(
    cells: Sequence[Mapping[str, Value]], axis: str, low: float, high: float, most: int, model: Model
) -> list[Value]:
    """The values of a finer axis.

    Parameters
    ----------
    cells:
        The parameters of the runs so far.
    axis:
        The parameter.
    low, high:
        The interval to search.
    most:
        About how many values there are at most.
    model:
        The model.
    """
    parameter = _number_of(model, axis, cells)
    if parameter is None:
        raise SweepError(f"{axis} is not a number, so it has no finer steps", remedy="Choose an axis of numbers")
    tried = sorted({float(cell[axis]) for cell in cells})
    step = min((b - a for a, b in pairwise(tried)), default=0.0)
    if not step:
        raise SweepError(f"{axis} has one value only", remedy="Run a sweep with several values first")
    if high <= low:
        low, high = low - step, high + step
    fine = _round_step((high - low) / (most - 1))
    if fine >= step:  # the interval has many of the values that were tried
        within = [value for value in tried if low - step < value < high + step]
        closer = _round_step(step / 2.5)
        if (high - low) / float(closer) <= most + 1:
            fine = closer
        elif max(b - a for a, b in pairwise([low, *within, high])) <= fine:
            return [value if parameter.kind == "number" else int(value) for value in within]
    if parameter.kind == "integer":
        fine = max(Decimal(1), fine)
    first, last = math.floor(Decimal(repr(low)) / fine), math.ceil(Decimal(repr(high)) / fine)
    points = [float(fine * place) for place in range(first, last + 1)]
    kept = []
    for value in points:
        with suppress(ValueError):  # outside the range
            kept.append(parameter.normalise(value))
    return kept


def _number_of(model: Model, axis: str, cells: Sequence[Mapping[str, Value]]) -> Parameter | None:
    """The parameter of an axis of numbers; None if it is another one.

    Parameters
    ----------
    model:
        The model. Where nothing is known of it, the values that were tried say what the axis is.
    axis:
        The parameter.
    cells:
        The parameters of the runs so far.
    """
    parameter = model.parameter(axis)
    if parameter is not None and parameter.kind == "any":
        tried = [cell.get(axis) for cell in cells]
        if all(isinstance(value, int | float) and not isinstance(value, bool) for value in tried):
            kind: Kind = "integer" if all(isinstance(value, int) for value in tried) else "number"
            return replace(parameter, kind=kind)
    return parameter if parameter is not None and parameter.kind in ("number", "integer") else None


def _round_step(least: float) -> Decimal:
    """The smallest step of 1, 2 or 5 times a power of ten that is at least `least`."""
    power = Decimal(10) ** math.floor(math.log10(least) + 1e-9)
    for factor in (1, 2, 5):
        if float(factor * power) >= least * (1 - 1e-9):
            return factor * power
    return 10 * power
