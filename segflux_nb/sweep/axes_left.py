"""The values that axes have where cells are taken away, or put together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..model import MODEL, Value
from .names import TEMPLATE

Axes = Mapping[str, Sequence[Value]]
"""Values by axis, in order."""


def left_axes(axes: Axes, cells: Sequence[Mapping[str, Value]]) -> dict[str, list[Value]]:
    """The axes with the values that cells still have; an axis without any is left out.

    Parameters
    ----------
    axes:
        The axes before.
    cells:
        The parameters, labels and placeholders of each cell that is left.

    >>> left_axes({"seed": [1, 2, 3], "steps": [5]}, [{"seed": 3}, {"seed": 1}])
    {'seed': [1, 3]}
    """
    left: dict[str, list[Value]] = {}
    for name, known in axes.items():
        seen = {own[name] for own in cells if name in own}
        left[name] = [value for value in known if value in seen]
    return {name: values for name, values in left.items() if values}


def merged_axes(
    several: Sequence[Axes], cells: Sequence[Mapping[str, Value]], parameters: Iterable[str] = MODEL.parameters
) -> dict[str, list[Value]]:
    """The axes of several grids, with the values of all of them, and parameters that differ between them.

    Parameters
    ----------
    several:
        The axes of each.
    cells:
        The parameters, labels and placeholders of all cells.
    parameters:
        The names of the parameters.

    >>> merged_axes([{"seed": [3, 1]}, {}], [{"seed": 1, "steps": 5}, {"seed": 2, "steps": 6}])
    {'seed': [1, 2, 3], 'steps': [5, 6]}
    """
    declared = dict.fromkeys(name for own in several for name in own)
    has_template = any(TEMPLATE in own for own in cells)
    differing = [
        name
        for name in parameters
        if name not in declared
        and not (name == "prompt" and has_template)
        and len({own.get(name) for own in cells}) > 1
    ]
    merged: dict[str, list[Value]] = {}
    for name in (*declared, *differing):
        known = dict.fromkeys([value for own in several for value in own.get(name, ())])
        known.update(dict.fromkeys(own[name] for own in cells if name in own))
        merged[name] = list(known)
        if all(isinstance(value, int | float) for value in known):
            merged[name].sort()
    return merged
