"""All runs of a sweep in one table, however many axes it has: several axes share the columns, others the rows."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..markup import plain
from ..sheets.frame_column import FrameColumn
from ..sheets.frame_view import FrameView
from ..sheets.pivot import arrange

WIDE = 1.6
"""Columns for each row of a table that is easy to overlook."""

Joined = tuple[str, tuple[Any, ...], tuple[str, ...]]
"""An axis: its name, the value of each row of the frame, and the labels of its values in order."""


def overview(view: FrameView) -> dict[str, Any]:
    """The table as a view draws it: its axes, outer ones first, and its cells.

    A cell is the position of a run in the frame (-1: none), and its words. Of several takes the last one stands
    there. Axes that move together are one.

    Parameters
    ----------
    view:
        The runs.
    """
    axes = [_axis(view.column(name)) for name in view.varying_axes]
    if not axes:
        layout = arrange(view)
        names = [name for name in (layout.outer, layout.rows, layout.columns) if name]
        axes = [_axis(view.column(name)) for name in names if name in view]
    if not axes:
        axes = [("", tuple(range(len(view))), tuple(view.row_names))]
    axes = _merged(axes)
    across, down = _split(axes)
    cells: dict[tuple[Any, ...], int] = {}
    for at in range(len(view)):
        cells[tuple(values[at] for _, values, _ in (*down, *across))] = at
    rows = [[_cell(cells, (*row, *column), (*down, *across)) for column in _points(across)] for row in _points(down)]
    return {"columns": _shown(across), "rows": _shown(down), "cells": rows}


def _axis(column: FrameColumn) -> Joined:
    labels = {value: plain(label) for value, label in column.label_of.items()}
    order = list(labels)
    places = {value: at for at, value in enumerate(order)}
    return column.name, tuple(places.get(value, -1) for value in column.values), tuple(labels.values())


def _merged(axes: Sequence[Joined]) -> list[Joined]:
    """The axes, where those that move together are one."""
    merged: list[Joined] = []
    for name, values, labels in axes:
        for at, (other, others, before) in enumerate(merged):
            pairs = set(zip(others, values, strict=True))
            if len(pairs) == len(before) == len(labels) > 1:
                partner = dict(pairs)
                both = tuple(f"{label} · {labels[partner[place]]}" for place, label in enumerate(before))
                merged[at] = (f"{other} · {name}", others, both)
                break
        else:
            merged.append((name, values, labels))
    return merged


def _split(axes: Sequence[Joined]) -> tuple[list[Joined], list[Joined]]:
    """Which axes are the columns and which the rows: the first two of one or two, else so that all is in sight."""
    if len(axes) < 3:
        return list(axes[:1]), list(axes[1:])
    sizes = [len(labels) for _, _, labels in axes]

    def distance(chosen: tuple[int, ...]) -> float:
        across = math.prod(sizes[at] for at in chosen)
        return abs(math.log(across * across / math.prod(sizes) / WIDE))

    choices = [
        chosen for number in range(1, len(axes)) for chosen in itertools.combinations(range(len(axes)), number)
    ]
    best = min(choices, key=distance)
    return [axes[at] for at in best], [axis for at, axis in enumerate(axes) if at not in best]


def _points(axes: Sequence[Joined]) -> list[tuple[int, ...]]:
    return list(itertools.product(*(range(len(labels)) for _, _, labels in axes)))


def _cell(cells: Mapping[tuple[Any, ...], int], point: tuple[int, ...], axes: Iterable[Joined]) -> tuple[int, str]:
    words = ", ".join(f"{name} {labels[place]}".strip() for place, (name, _, labels) in zip(point, axes, strict=True))
    return cells.get(point, -1), words


def _shown(axes: Sequence[Joined]) -> list[dict[str, Any]]:
    return [{"name": name, "labels": list(labels)} for name, _, labels in axes]
