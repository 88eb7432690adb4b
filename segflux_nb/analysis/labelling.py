"""Names beside the points of a plot, none of which covers another one, a point or a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, bottom, right, top, in pixels."""

DISTANCES = (6, 14, 24, 36, 50)
"""How far from its point a name may stand, in pixels; the nearest place that is free is taken."""

DIRECTIONS = ((1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1))
"""To which side, in order of preference."""

NEAR = 14
"""A name that stands farther from its point than this has a line to it."""

SIZE = 8
"""Of the letters, in points."""


def add_labels(
    axes: Any,
    labels: Sequence[tuple[Point, str]],
    *,
    points: Sequence[Point],
    lines: Sequence[Sequence[Point]],
    colours: tuple[str, str],
) -> None:
    """Write names beside points. A name for which no place is free is left out.

    Parameters
    ----------
    axes:
        The panel of matplotlib. Its limits are fixed from now on.
    labels:
        Points with their names, the most important first.
    points:
        All points, which no name may cover.
    lines:
        The corners of lines, which no name may cover.
    colours:
        Of the names, and of the lines to their points.
    """
    figure = axes.get_figure()
    axes.set_xlim(axes.get_xlim())
    axes.set_ylim(axes.get_ylim())
    figure.draw_without_rendering()  # from now on it is known where everything stands
    frame = axes.get_window_extent()
    taken = [_around(x, y, 5) for x, y in axes.transData.transform(list(points))]
    for line in lines:
        taken += _along(axes.transData.transform(list(line)))
    scale = figure.dpi / 72
    for point, name in labels:
        text = axes.annotate(name, point, (0, 0), textcoords="offset points", color=colours[0], fontsize=SIZE)
        text.set_in_layout(False)
        size = text.get_window_extent()
        x, y = axes.transData.transform(point)
        free = (box for box in _places(x, y, size.width, size.height) if _is_free(box, frame.extents, taken))
        box = next(free, None)
        if box is None:
            text.remove()
            continue
        text.set_position(((box[0] - x) / scale, (box[1] - y) / scale))
        taken.append(box)
        corner = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
        if np.hypot(corner[0] - x, corner[1] - y) > NEAR:
            ends = axes.transData.inverted().transform([(x, y), corner])
            (leader,) = axes.plot(*ends.T, color=colours[1], linewidth=0.7, zorder=1)
            leader.set_in_layout(False)


def _places(x: float, y: float, width: float, height: float) -> Iterator[Box]:
    """Where a name may stand beside its point."""
    for distance in DISTANCES:
        for across, up in DIRECTIONS:
            left = x + {1: distance, -1: -distance - width, 0: -width / 2}[across]
            apart = distance if across == 0 or distance > NEAR else distance / 2
            bottom = y + (apart if up > 0 else -apart - height)
            yield left, bottom, left + width, bottom + height


def _is_free(box: Box, frame: Box, taken: Sequence[Box]) -> bool:
    """Whether a box is within the frame and covers no other."""
    inside = frame[0] <= box[0] and box[2] <= frame[2] and frame[1] <= box[1] and box[3] <= frame[3]
    return inside and not any(_overlap(box, other) for other in taken)


def _around(x: float, y: float, half: float) -> Box:
    return x - half, y - half, x + half, y + half


def _along(corners: Any) -> list[Box]:
    """Small boxes along a line."""
    boxes = []
    for start, end in pairwise(corners):
        number = max(2, int(np.hypot(*(end - start)) / 4))
        boxes += [_around(x, y, 1) for x, y in np.linspace(start, end, number)]
    return boxes


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
