"""Cells along up to three axes: what each shows, which ones have the same picture, and what each is compared with."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import LayoutError
from ..lifecycle import reason_of
from ..markup import plain
from ..model import DECIMALS
from ..values import as_python
from .frame_view import FrameColumn, FrameView
from .layout import SAME, Cell, Group, picture_identity

Position = tuple[Any, Any, Any]
"""A cell's values on the outer axis, the rows and the columns; None for an axis that there is not."""

MOST_IN_A_ROW = 10
"""A single axis with more values is wrapped into rows, with a caption under each cell."""

FILE_GONE = "missing"
"""The status of a run that was completed, and whose picture file is not there any more."""

MOST_STARS = 5
"""The best rating."""

_OF_CELLS = ("status", "error_kind", "error", "width", "height", "run", "stars", "pick", "note")
"""Columns of a frame of runs that a cell shows, where the frame has them."""


@dataclass(frozen=True)
class Grid:
    """Cells by their position.

    Attributes
    ----------
    axes:
        The columns of the frame that are the outer axis, the rows and the columns of the grid; None for none.
    cells:
        A cell for each position.
    """

    axes: tuple[FrameColumn | None, FrameColumn | None, FrameColumn | None]
    cells: Mapping[Position, Cell]

    @property
    def is_wrapped(self) -> bool:
        """Whether the columns' axis continues over several rows."""
        _, rows, columns = self.axes
        return rows is None and columns is not None and len(columns.distinct) > MOST_IN_A_ROW

    @property
    def groups(self) -> tuple[Group, ...]:
        """The grids of a layout: one for each value of the outer axis."""
        outer, rows, columns = (_values(axis) for axis in self.axes)
        groups = []
        for value in outer:
            cells = [tuple(self.cells[value, row, column] for column in columns) for row in rows]
            if self.is_wrapped:
                cells = _wrap(cells[0], labels_of(self.axes[2]))
            groups.append(Group(self.axes[0].label_of[value] if self.axes[0] else "", tuple(cells)))
        return tuple(groups)


def grid_of(
    view: FrameView,
    axes: Sequence[str | None],
    *,
    captions: Sequence[str],
    number: str | None,
    shares: Mapping[Any, float],
) -> Grid:
    """The grid of a frame.

    Parameters
    ----------
    view:
        The frame. Where several rows have one position, the last of them is shown.
    axes:
        The names of the outer axis, the rows and the columns; None for none.
    captions:
        Columns whose labels are written under the pictures.
    number:
        A column of numbers that is shown as colours, or None.
    shares:
        The position of each of its values on the scale, from 0 to 1.
    """
    outer, rows, columns = (view.column(name) if name else None for name in axes)
    along = (outer, rows, columns)
    captioned = [view.column(name) for name in captions]
    wanted = [name for name in (view.image, number, *_OF_CELLS) if name is not None and name in view]
    known = {name: view.column(name).values for name in wanted}
    names = [str(name) for name in view.frame.index]
    positions = zip(*(axis.values if axis else (None,) * len(view) for axis in along), strict=True)
    cells: dict[Position, Cell] = {}
    for at, position in enumerate(positions):
        row = {name: values[at] for name, values in known.items() if values[at] is not None}
        cells[position] = replace(
            _cell(row, view.image, names[at]),
            caption=" · ".join(f"{column.name} {column.labels[at]}" for column in captioned),
            value=view.column(number).labels[at] if number else "",
            share=shares.get(row[number]) if number is not None and number in row else None,
        )
    return _labelled(Grid(along, cells))


def compared(grid: Grid, relative_to: Mapping[str, Any]) -> tuple[Grid, str]:
    """The grid with a reference in each cell, and a sentence that says which cells the references are.

    Parameters
    ----------
    grid:
        The grid.
    relative_to:
        Values by the names of axes. A cell is compared with the cell that has these values, and its own values on the
        other axes.

    Raises
    ------
    LayoutError
        Where the grid has no such axis, or the axis no such value.
    """
    by_name = {axis.name: axis for axis in grid.axes if axis}
    texts = []
    wanted: dict[str, Any] = {}
    for name, value in relative_to.items():
        if name not in by_name:
            raise LayoutError(
                f"relative_to names {name!r}, which is not an axis of this sheet",
                remedy=f"Its axes are {', '.join(map(str, reversed(by_name)))}" if by_name else "It has no axis",
            )
        labels = by_name[name].label_of
        found = _known(value, labels)
        if found is None:
            raise LayoutError(
                f"relative_to says {name}={value!r}, which this sheet does not have",
                remedy=f"It has {', '.join(labels.values())}",
            )
        wanted[name] = found
        texts.append(f"{name} {labels[found]}")
    cells = dict(grid.cells)
    for position in _positions(grid.axes):
        outer, row, column = (
            wanted.get(axis.name, value) if axis else value for axis, value in zip(grid.axes, position, strict=True)
        )
        reference = (outer, row, column)
        if reference != position and cells[position].picture is not None:
            cells[position] = replace(cells[position], reference=cells[reference].picture)
    reference_text = " · ".join(texts)
    note = f"Below each picture: its difference from {reference_text}. Brighter is more, ΔE is the mean difference."
    return replace(grid, cells=cells), note


def _known(value: Any, labels: Mapping[Any, str]) -> Any:
    """The value of an axis that a user means; None if there is none. Floats are compared as sweeps round them.

    Parameters
    ----------
    value:
        What the user gave.
    labels:
        The labels of the axis by value.
    """
    plain = as_python(value)
    for known in labels:
        both_floats = isinstance(known, float) and isinstance(plain, float)
        if (round(known, DECIMALS) == round(plain, DECIMALS)) if both_floats else known == plain:
            return known
    return None


def labels_of(axis: FrameColumn | None) -> tuple[str, ...]:
    """The labels of an axis, one for each of its values; none where there is no axis."""
    return axis.distinct_labels if axis else ()


def _values(axis: FrameColumn | None) -> tuple[Any, ...]:
    return axis.distinct if axis else (None,)


def _positions(axes: Sequence[FrameColumn | None]) -> list[Position]:
    """All positions, in reading order."""
    outer, rows, columns = (_values(axis) for axis in axes)
    return [(value, row, column) for value in outer for row in rows for column in columns]


def _labelled(grid: Grid) -> Grid:
    """The grid with a cell at each position, each with its label and the earlier cell that has the same picture."""
    first: dict[Any, Position] = {}
    cells: dict[Position, Cell] = {}
    for position in _positions(grid.axes):
        cell = grid.cells.get(position, Cell())
        named = [(axis, value) for axis, value in zip(grid.axes, position, strict=True) if axis]
        label = " · ".join(f"{axis.name} {axis.label_of[value]}" for axis, value in reversed(named))
        same = first.setdefault(picture_identity(cell.picture), position) if cell.picture is not None else position
        tags = cell.tags
        if same != position:
            differing = [
                axis.label_of[value]
                for axis, value, own in zip(grid.axes, same, position, strict=True)
                if axis and value != own
            ]
            tags = (*tags, f"{SAME}{', '.join(reversed(differing))}")
        cells[position] = replace(cell, label=label, tags=tags)
    return replace(grid, cells=cells)


def _wrap(cells: Sequence[Cell], labels: Sequence[str]) -> list[tuple[Cell, ...]]:
    """One long row as several, with the axis's labels in the captions."""
    width = math.ceil(math.sqrt(len(cells) * 1.6))
    captioned = [
        replace(cell, caption=f"{label} · {cell.caption}" if cell.caption else label)
        for cell, label in zip(cells, labels, strict=True)
    ]
    captioned += [Cell(status="")] * (-len(cells) % width)
    return [tuple(captioned[start : start + width]) for start in range(0, len(captioned), width)]


def _cell(row: Mapping[str, Any], image: str, name: str) -> Cell:
    """The cell of one row.

    Parameters
    ----------
    row:
        The row's values that are not missing, by column.
    image:
        The column of pictures.
    name:
        The row's name in the frame; the cell's where the frame has no runs.
    """
    picture = row.get(image)
    reason = reason_of(*(str(row.get(name, "")) for name in ("error_kind", "error")))
    return Cell(
        picture=picture,
        status=_status(row.get("status"), has_picture=picture is not None),
        reason=plain(reason) if picture is None or row.get("status") == FILE_GONE else "",
        run=str(row.get("run", name)),
        tags=_marks(row),
        note=plain(row.get("note", "")),
        aspect=_aspect(row.get("width"), row.get("height")),
    )


def _status(status: Any, *, has_picture: bool) -> str:
    """The status of a cell. A run whose file is missing is not a place without a run."""
    if status is None:
        return "completed" if has_picture else "missing"
    return "file missing" if status == FILE_GONE else str(status)


def _aspect(width: Any, height: Any) -> float | None:
    """Width by height; None if one of them is not a positive number."""
    if not all(isinstance(side, int | float) and 0 < side < math.inf for side in (width, height)):
        return None
    return float(width) / float(height)


def _marks(row: Mapping[str, Any]) -> tuple[str, ...]:
    marks = []
    if "stars" in row:
        stars = row["stars"]
        is_rating = isinstance(stars, int | float) and 0 <= stars <= MOST_STARS
        marks.append(("★" * int(stars) or "☆") if is_rating else f"stars {plain(stars)}")
    if "pick" in row:
        marks.append("✔ picked" if row["pick"] else "✘ rejected")
    return tuple(marks)
