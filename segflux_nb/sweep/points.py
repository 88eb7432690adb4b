"""The points of an axis. Those of equal values are one point, and people are told."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import SweepError
from ..model import Value
from ..values import shown
from .names import LABEL

Point = Mapping[str, Value]
"""Name to value, and ``<name>_label`` to the label if the value has one."""

MOST_CELLS = 1_000_000
"""The most cells of a sweep. Each is held in memory: a million takes seconds, and with its plan a gigabyte."""


def different(names: Sequence[str], points: Sequence[Point]) -> tuple[tuple[Point, ...], tuple[str, ...]]:
    """The points, each once where it came first, and what to know of those that were left out, a sentence each.

    Parameters
    ----------
    names:
        The parameters or placeholders of the axis.
    points:
        The points, as they were given.

    >>> different(["seed"], [{"seed": 2}, {"seed": 1}, {"seed": 2}])[0]
    ({'seed': 2}, {'seed': 1})
    """
    found: dict[tuple[Any, ...], list[Point]] = {}
    for point in points:
        found.setdefault(tuple((isinstance(point[name], bool), point[name]) for name in names), []).append(point)
    if len(found) == len(points):
        return tuple(points), ()
    notes = []
    for same in found.values():
        for name in names:
            labels = dict.fromkeys(shown(point[key]) for point in same if (key := f"{name}{LABEL}") in point)
            if len(labels) > 1:
                *first, last = labels
                value = shown(same[0][name], 40)
                notes.append(
                    f"{name}: {', '.join(first)} and {last} are labels of one value, {value}, and share its runs"
                )
    if not notes:
        notes.append(
            f"{' + '.join(names)}: {len(points):,} points were given, {len(found):,} of them different;"
            " equal ones count once"
        )
    return tuple(with_labels_of(same) for same in found.values()), tuple(notes)


def with_labels_of(same: Sequence[Point]) -> Point:
    """The first of some points or labels that stand for one, with the labels of all: ``late = end``.

    Parameters
    ----------
    same:
        Them.
    """
    first = dict(same[0])
    for name in first:
        if name.endswith(LABEL):
            parts = [part for one in same if name in one for part in labels_in(one[name])]
            if len(different_parts := list(dict.fromkeys(parts))) > 1:
                first[name] = _EQUALS.join(different_parts)
    return first


_EQUALS = " = "


def labels_in(label: Value) -> list[str]:
    """The labels of a value that has several of them, as `with_labels_of` writes them.

    >>> labels_in("late = end"), labels_in("early")
    (['late', 'end'], ['early'])
    """
    return str(label).split(_EQUALS)


def check_size(lengths: Mapping[str, int]) -> None:
    """Raise `SweepError` for a product of axes with more cells than a sweep can have.

    Parameters
    ----------
    lengths:
        The number of points of each axis, by its name.
    """
    cells = math.prod(lengths.values())
    if cells > MOST_CELLS:
        product = " × ".join(f"{length:,} {name}" for name, length in lengths.items())
        raise too_large(cells, f": {product}")


def too_large(cells: int, why: str = "") -> SweepError:
    """The error of a sweep with more cells than one can have.

    Parameters
    ----------
    cells:
        How many it has.
    why:
        Where they come from, in words that follow.
    """
    return SweepError(
        f"The sweep has {cells:,} cells{why}. A sweep has at most {MOST_CELLS:,}",
        remedy="Give fewer values, or make several sweeps",
    )
