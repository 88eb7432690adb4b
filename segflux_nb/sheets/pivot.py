"""From a frame to a layout: which run goes where, and what the labels say. Pure: nothing is drawn or read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..errors import LayoutError
from ..markup import plain
from ..runlog.columns import NEVER_AXES
from .frame_view import FrameView
from .grid import compared, grid_of, labels_of
from .layout import Layout, Scale

_SHARED_FIRST = ("finetune_id", "lora_strength", "steps", "seed", "sampler_name", "scheduler", "aspect_ratio")
"""Parameters that the footer names first, where all cells have the same value."""


def arrange(
    view: FrameView,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | Sequence[str] | None = None,
    title: str = "",
    captions: Sequence[str] = (),
    border: str | None = None,
    heat: str | None = None,
    relative_to: Mapping[str, Any] | None = None,
) -> Layout:
    """Lay out a frame, a run a row.

    The first axis not named becomes the columns, the second the rows, the third the outer axis. Of further axes that
    vary the first value is shown, and the layout has a note that says so. Where the frame does not know its axes,
    they are the columns that vary, in the frame's order.

    Parameters
    ----------
    view:
        The frame.
    cols:
        The column of the frame that becomes the columns of the grid.
    rows:
        The column of the frame that becomes its rows.
    by:
        The outer axis. Several names give a grid for each combination of their values.
    title:
        Text above the sheet.
    captions:
        Columns whose values are written under each picture.
    border:
        A column of numbers, shown as the colour of a border and in the caption.
    heat:
        A column of numbers, shown in place of the pictures.
    relative_to:
        Values of axes of the sheet, such as ``{"lora_strength": 0.0}``. Below each picture, the sheet
        shows its difference from the picture that has these values and the same values on the other axes.

    Raises
    ------
    LayoutError
        Where a column does not exist, or there is nothing to show.
    """
    outer = [by] if isinstance(by, str) else list(by or ())
    captions = [captions] if isinstance(captions, str) else list(captions)
    view.check([cols, rows, *outer, *captions, border, heat])
    if not len(view):
        raise LayoutError("There is no run to show: the frame has no rows", remedy="Loosen the filter")
    if border and heat:
        raise LayoutError("border and heat cannot be combined: both show a number as colour", remedy="Choose one")
    axes = _choose_axes(view, cols, rows, outer)
    view, notes = _first_values(view, axes.further)
    footer = _footer(view, [*axes.shown, *axes.further, *captions], axes.constant)
    by, view = _joined(view, axes.outer)
    number = border or heat
    scale, shares = _scale(view, number, is_heat=heat is not None) if number else (None, {})
    captions = [*captions, *([border] if border and border not in captions else [])]
    grid = grid_of(view, (by, axes.rows, axes.cols), captions=captions, number=number, shares=shares)
    if relative_to is not None:
        grid, note = compared(grid, relative_to)
        notes.append(note)
    return Layout(
        groups=grid.groups,
        columns=axes.cols or "",
        rows=axes.rows or "",
        outer=by or "",
        column_labels=() if grid.is_wrapped else labels_of(grid.axes[2]),
        row_labels=labels_of(grid.axes[1]),
        title=plain(title),
        footer=footer,
        notes=tuple(notes),
        scale=scale,
        has_differences=relative_to is not None,
    )


@dataclass(frozen=True)
class _Axes:
    """The axes of a sheet.

    Attributes
    ----------
    cols:
        The column of the frame that becomes the columns of the grid; None for none.
    rows:
        The column of the frame that becomes its rows; None for none.
    outer:
        The outer axis: none, one, or several whose combinations it shows.
    further:
        Axes for which the sheet has no direction left.
    constant:
        Axes that have one value only, which the footer names.
    """

    cols: str | None
    rows: str | None
    outer: list[str]
    further: list[str]
    constant: list[str]

    @property
    def shown(self) -> list[str]:
        return [name for name in (self.cols, self.rows, *self.outer) if name is not None]


def _choose_axes(view: FrameView, cols: str | None, rows: str | None, outer: Sequence[str]) -> _Axes:
    """The axes of a sheet: those that are named, and free ones in the directions that are left.

    Parameters
    ----------
    view:
        The frame.
    cols:
        The axis that the caller names for the columns; None where none is named.
    rows:
        The axis that the caller names for the rows; None where none is named.
    outer:
        The outer axes that the caller names.
    """
    named = [name for name in (cols, rows, *outer) if name is not None]
    if len(set(named)) != len(named):
        raise LayoutError(f"cols, rows and by name an axis twice: {', '.join(named)}", remedy="Name each axis once")
    candidates = _free_axes(view, named)
    varying = [name for name in candidates if view.column(name).varies]
    constant = [name for name in candidates if name not in varying]
    # An axis that does not vary needs no direction of its own, unless there is no other axis.
    free = varying or ([] if named else constant[:1])
    cols = cols or (free.pop(0) if free else None)
    rows = rows or (free.pop(0) if free else None)
    outer = list(outer) or ([free.pop(0)] if free else [])
    return _Axes(cols, rows, outer, free, constant)


def _free_axes(view: FrameView, named: Sequence[str]) -> list[str]:
    """Axes that are not named: those that are known, then columns that vary, as long as several runs share a cell."""
    free = [name for name in view.axes if name not in named]
    # A prompt with placeholders varies with them; of several takes the last is shown.
    derived = {"prompt", "take"} if view.axes else {"take"}
    for name in view.names:
        if name in free or name in named or name in NEVER_AXES | derived | {view.image} or view.is_label(name):
            continue
        used = [*named, *free]
        if used and not _share_cells(view, used):
            break
        if view.column(name).varies:
            free.append(name)
    return free


def _share_cells(view: FrameView, names: Sequence[str]) -> bool:
    """Whether several rows have the same values in all of these columns."""
    return len(set(zip(*(view.column(name).values for name in names), strict=True))) < len(view)


def _first_values(view: FrameView, further: Sequence[str]) -> tuple[FrameView, list[str]]:
    """The rows that have the first value of each further axis, and notes about it."""
    notes = []
    for name in further:
        column = view.column(name)
        if column.varies:
            first = column.distinct[0]
            notes.append(f"{name} {column.label_of[first]} shown, of {', '.join(column.distinct_labels)}")
            view = view.rows([at for at, value in enumerate(column.values) if value == first])
    return view, notes


def _joined(view: FrameView, outer: Sequence[str]) -> tuple[str | None, FrameView]:
    """Several outer axes as one column, in the order of their values."""
    if len(outer) < 2:
        return (outer[0] if outer else None), view
    name = " × ".join(outer)
    columns = [view.column(axis) for axis in outer]
    ranks = [{value: rank for rank, value in enumerate(column.distinct)} for column in columns]
    order = [
        tuple(rank[value] for rank, value in zip(ranks, row, strict=True))
        for row in zip(*(column.values for column in columns), strict=True)
    ]
    labels = [" · ".join(row) for row in zip(*(column.labels for column in columns), strict=True)]
    return name, view.with_column(name, labels).rows(sorted(range(len(order)), key=order.__getitem__))


def _scale(view: FrameView, name: str, *, is_heat: bool) -> tuple[Scale, dict[Any, float]]:
    """The scale of a column of numbers, and the position of each value on it.

    Parameters
    ----------
    view:
        The frame.
    name:
        The column.
    is_heat:
        Whether it is shown in place of the pictures.
    """
    dtype = view.frame[name].dtype
    if not pd.api.types.is_numeric_dtype(dtype) or dtype.kind in "bc":
        raise LayoutError(
            f"{name} is not a column of numbers", remedy="border and heat take stars, a metric, a count"
        )
    column = view.column(name)
    values = sorted(value for value in column.distinct if value is not None and math.isfinite(value))
    if not values:
        raise LayoutError(f"The column {name} has no value in these rows", remedy="Choose another column")
    low, high = float(values[0]), float(values[-1])
    span = (high - low) or 1.0
    scale = Scale(name, column.label_of[values[0]], column.label_of[values[-1]], is_heat)
    shares = {value: (float(value) - low) / span for value in column.distinct if value is not None}
    return scale, {value: min(1.0, max(0.0, share)) for value, share in shares.items()}


def _footer(view: FrameView, used: Sequence[str], constant: Sequence[str]) -> tuple[str, ...]:
    """What all cells share, so that a sheet explains itself; and that pictures are simulated, where they are.

    Parameters
    ----------
    view:
        The frame.
    used:
        Columns that the sheet shows already.
    constant:
        Axes that have one value only.
    """
    rest = [name for name in dict.fromkeys((*_SHARED_FIRST, *constant)) if name in view and name not in used]
    shared = [view.column(name) for name in rest if name != view.image]
    parts = [f"{column.name} {column.distinct_labels[0]}" for column in shared if not column.varies]
    lines = [" · ".join(parts)] if parts else []
    for name in ("prompt_template", "prompt"):
        if name in view and name not in used and not view.column(name).varies:
            lines.insert(0, f"prompt “{plain(view.column(name).distinct[0])}”")
            break
    return (*lines, *([view.simulated_note] if view.simulated_note else []))
