"""From a frame to a layout: which run goes where, and what the labels say. Pure: nothing is drawn or read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from ..errors import LayoutError
from ..markup import count, plain
from ..runlog.columns import NEVER_AXES
from ..values import several, shown
from .axes import choose_axes
from .frame_column import FrameColumn
from .frame_view import FrameView, in_order
from .grid import Grid, Position, RowsThemselves, compared, grid_of, labels_of, positions_of
from .layout import Cell, Layout
from .numbers import Numbers, numbers_of

MOST_BESIDE = 9
"""A cell has room for this many pictures at least."""

MOST_LISTED = 12
"""The most values of an axis that a note lists."""

SCREEN = 1.4
"""Width over height of a screen: pictures that share a cell are placed so that the sheet is near to it."""

MORE_NOTE = "+n: the output has n more pictures. runs.gallery() shows them, run.paths names their files."

_SHARED_FIRST = ("finetune_id", "lora_strength", "steps", "seed", "sampler_name", "scheduler", "aspect_ratio")
"""Parameters that the footer names first, where all cells have the same value."""

_PROMPTS = ("prompt_template", "prompt")
"""Of these, the footer has the first that all cells share on a line of its own."""


def arrange(
    view: FrameView,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | Sequence[str] | None = None,
    title: str = "",
    captions: str | Sequence[str] = (),
    border: str | None = None,
    heat: str | None = None,
    relative_to: Mapping[str, Any] | None = None,
    most_beside: int | None = None,
) -> Layout:
    """Lay out a frame, a run a row.

    The first axis not named becomes the columns, the second the rows, the third the outer axis. Of further axes of a
    sweep the first value is shown, and the layout has a note that says how many rows are not. Where the frame does
    not know its axes, they are guessed (see `axes`). Rows that share a cell stand beside each other.

    Parameters
    ----------
    view:
        The frame.
    cols:
        The column of the frame that becomes the columns of the grid.
    rows:
        The column of the frame that becomes its rows.
    by:
        The outer axis. Several names give a grid for each combination of their values; an empty list means none.
    title:
        Text above the sheet.
    captions:
        Columns whose values are written under each picture.
    border:
        A column of numbers, shown as the colour of a border and in the caption; its mean where rows share a cell.
    heat:
        A column of numbers, shown in place of the pictures; its mean where rows share a cell.
    relative_to:
        Values of axes of the sheet, such as ``{"lora_strength": 0.0}``. Below each picture, the sheet
        shows its difference from the picture that has these values and the same values on the other axes.
    most_beside:
        The most pictures of one cell that are shown; left out, as many as there is room for.

    Raises
    ------
    LayoutError
        Where a column does not exist, or there is nothing to show.
    """
    names = None if by is None else [view.setting(name) for name in names_of(by)]
    cols, rows, border, heat = (None if name is None else view.setting(name) for name in (cols, rows, border, heat))
    captions = [view.setting(name) for name in names_of(captions)]
    if relative_to is not None and not isinstance(relative_to, Mapping):
        raise LayoutError(
            f"relative_to={shown(relative_to)} does not name an axis and its value",
            remedy='Write relative_to={"lora_strength": 0.0}',
        )
    if not len(view):
        raise LayoutError(
            "There is nothing to show: the frame has no rows",
            remedy="Loosen the filter, or check the folder that you read",
        )
    if border and heat:
        raise LayoutError("border and heat cannot be combined: both show a number as colour", remedy="Choose one")
    number = border or heat
    axes = choose_axes(view, cols, rows, names, in_use=[*captions, *([number] if number else [])])
    outer, view = _joined(view, axes.outer)
    columns = [view.column(name) if name else None for name in (outer, axes.rows, axes.cols)]
    numbers = (
        numbers_of(view, number, _positions(view, columns), is_heat=heat is not None) if number is not None else None
    )
    notes = numbers.notes if numbers is not None else []
    footer = _footer(view, [*axes.shown, *axes.held, *captions], axes.constant)
    whole = len(view)
    if heat is None:
        view, held = _first_values(view, axes.held)
        notes += held
    columns = [view.column(name) if name else None for name in (outer, axes.rows, axes.cols)]
    if not any(columns) and len(view) > 1:
        columns[2] = RowsThemselves("row", tuple(range(len(view))), dict(enumerate(view.row_names)))
        numbers = None if number is None else _of_rows(view, number, columns, is_heat=heat is not None)
        notes = [note for note in notes if numbers is None] + (numbers.notes if numbers is not None else [])
    most = most_beside or _most_beside(view, columns)
    under = [view.column(name) for name in captions]
    if not under and heat is None:
        under = _telling(view, columns, axes.shown) or [view.column(name) for name in axes.decided]
    grid = grid_of(view, columns, captions=under, numbers=numbers, most_beside=most)
    if relative_to is not None:
        grid, note = compared(grid, {view.asked.get(name, name): value for name, value in relative_to.items()})
        notes.append(note)
    if any(cell.more for place in grid.cells.values() for cell in place.beside):
        notes.append(MORE_NOTE)
    if grid.left_out:
        notes.append(f"{count(grid.left_out, 'row')} of {whole:,} not shown: a cell has room for {most} pictures")
    unheld = whole - len(view)
    return Layout(
        groups=grid.groups,
        columns="" if grid.is_flow else axes.cols or "",
        rows=axes.rows or "",
        outer=outer or "",
        column_labels=() if grid.is_wrapped or grid.is_flow else labels_of(grid.axes[2]),
        row_labels=labels_of(grid.axes[1]),
        title=plain(title),
        footer=footer,
        notes=tuple(notes),
        scale=numbers.scale if numbers is not None else None,
        has_differences=relative_to is not None,
        beside=_beside(grid, is_heat=heat is not None),
        left_out=grid.left_out + unheld,
    )


def names_of(given: Any) -> list[Any]:
    """The names of columns that a user gave: one, or several."""
    names = several(given)
    return [given] if names is None else names


def _positions(view: FrameView, columns: Sequence[FrameColumn | None]) -> Iterable[Position]:
    return positions_of(columns, len(view))


def _of_rows(view: FrameView, number: str, columns: Sequence[FrameColumn | None], *, is_heat: bool) -> Numbers:
    return numbers_of(view, number, _positions(view, columns), is_heat=is_heat)


def _most_beside(view: FrameView, columns: Sequence[FrameColumn | None]) -> int:
    """The most pictures that stand beside each other in a place: enough for places that are filled about alike."""
    counts = Counter(_positions(view, columns))
    return max(MOST_BESIDE, 2 * math.ceil(len(view) / len(counts)))


def _beside(grid: Grid, *, is_heat: bool) -> tuple[int, int]:
    """How many pictures of one place stand side by side, and how many below each other.

    Parameters
    ----------
    grid:
        The grid.
    is_heat:
        Whether places with a value show no picture.
    """
    most = max(
        1 if is_heat and cell.share is not None else len(cell.beside) for cell in (*grid.cells.values(), Cell())
    )
    across = len(grid.groups[0].cells[0])
    down = len(grid.groups[0].cells)

    def distance(side_by_side: int) -> float:
        below = math.ceil(most / side_by_side)
        shape = across * side_by_side / (down * below)
        return abs(math.log(shape / SCREEN)) + (side_by_side * below - most) / most

    side_by_side = min(range(1, most + 1), key=distance)
    return side_by_side, math.ceil(most / side_by_side)


def _telling(view: FrameView, columns: Sequence[FrameColumn | None], shown: Sequence[str]) -> list[FrameColumn]:
    """The column that best tells apart the pictures of one place; none where each place has one picture.

    Parameters
    ----------
    view:
        The frame.
    columns:
        The outer axis, the rows and the columns of the grid.
    shown:
        The columns of the frame that are axes.
    """
    is_flow = isinstance(columns[2], RowsThemselves)
    places = [()] * len(view) if is_flow else list(_positions(view, columns))
    if len(set(places)) == len(places):
        return []
    found: list[tuple[int, FrameColumn]] = []
    for name in view.names:
        column = view.column(name)
        if name in shown or name == view.image or name in NEVER_AXES - {"take"} or view.is_label(name):
            continue
        if column.is_plain and column.varies:
            found.append((len(set(zip(places, column.values, strict=True))), column))
    best = max(found, key=lambda one: one[0], default=None)
    if best is not None and best[0] > len(set(places)):
        return [best[1]]
    names = [PurePath(one).name if isinstance(one, str | PurePath) else "" for one in view.pictures]
    return [FrameColumn("", tuple(names), {"": " "})] if is_flow and any(names) else []


def _first_values(view: FrameView, further: Sequence[str]) -> tuple[FrameView, list[str]]:
    """The rows that have the first value of each further axis, and notes about it."""
    notes = []
    for name in further:
        column = view.column(name)
        if column.varies:
            first, whole = column.distinct[0], len(view)
            view = view.rows([at for at, value in enumerate(column.values) if value == first])
            listed = ", ".join(column.distinct_labels[:MOST_LISTED])
            listed += ", …" if len(column.distinct) > MOST_LISTED else ""
            notes.append(
                f"{name} {column.label_of[first]} shown, of {listed}:"
                f" {whole - len(view):,} of {count(whole, 'row')} not shown"
            )
    return view, notes


def _joined(view: FrameView, outer: Sequence[str]) -> tuple[str | None, FrameView]:
    """Several outer axes as one column, in the order of their values."""
    if len(outer) < 2:
        return (outer[0] if outer else None), view
    name = " × ".join(outer)
    columns = [view.column(axis) for axis in outer]
    labels = [" · ".join(row) for row in zip(*(column.labels for column in columns), strict=True)]
    return name, in_order(view.with_column(name, labels), outer)


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
    said = {*used, *_PROMPTS, view.image}
    rest = [name for name in dict.fromkeys((*_SHARED_FIRST, *constant)) if name in view and name not in said]
    shared = [view.column(name) for name in rest]
    parts = [f"{column.name} {column.distinct_labels[0]}" for column in shared if not column.varies]
    lines = [" · ".join(parts)] if parts else []
    for name in _PROMPTS:
        if name in view and name not in used and not view.column(name).varies:
            lines.insert(0, f"prompt “{plain(view.column(name).distinct[0])}”")
            break
    return (*lines, *([view.simulated_note] if view.simulated_note else []))
