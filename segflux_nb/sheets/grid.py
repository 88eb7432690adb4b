"""Cells along up to three axes: what each shows, which ones have the same picture, and what each is compared with."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..errors import LayoutError
from ..lifecycle import reason_of
from ..markup import plain
from ..model import DECIMALS
from ..values import as_python, is_same, shown
from .frame_column import FrameColumn, text_of
from .frame_view import FrameView
from .layout import GONE, SAME, Cell, Group, picture_identity
from .numbers import Numbers

Position = tuple[Any, Any, Any]
"""A cell's values on the outer axis, the rows and the columns; None for an axis that there is not."""

MOST_IN_A_ROW = 10
"""A single axis with more values is wrapped into rows, with a caption under each cell."""

FILE_GONE = "missing"
"""The status of a run that was completed, and whose picture file is not there any more."""

MOST_STARS = 5
"""The best rating."""

MARKS = ("stars", "pick", "note")
"""Columns of what people think of pictures."""

_DIGEST = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{24,}")

_OF_CELLS = ("status", "error_kind", "error", "width", "height", "stars", "pick", "note")
"""Columns of a frame of runs that a cell shows, where the frame has them."""


class RowsThemselves(FrameColumn):
    """The axis of a frame in which no column tells the rows apart: each row is a value of it."""


@dataclass(frozen=True)
class Grid:
    """Cells by their position.

    Attributes
    ----------
    axes:
        The columns of the frame that are the outer axis, the rows and the columns of the grid; None for none.
    cells:
        A cell for each position; its further rows are in `Cell.others`.
    left_out:
        The number of rows for which their cell has no room.
    """

    axes: tuple[FrameColumn | None, FrameColumn | None, FrameColumn | None]
    cells: Mapping[Position, Cell]
    left_out: int = 0

    @property
    def is_flow(self) -> bool:
        """Whether the rows of the frame stand one after the other, because no column tells them apart."""
        return isinstance(self.axes[2], RowsThemselves)

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
                labels = ("",) * len(cells[0]) if self.is_flow else labels_of(self.axes[2])
                cells = wrapped(cells[0], labels)
            groups.append(Group(self.axes[0].label_of[value] if self.axes[0] else "", tuple(cells)))
        return tuple(groups)


def grid_of(
    view: FrameView,
    axes: Sequence[FrameColumn | None],
    *,
    captions: Sequence[FrameColumn],
    numbers: Numbers | None,
    most_beside: int,
) -> Grid:
    """The grid of a frame.

    Parameters
    ----------
    view:
        The frame.
    axes:
        The outer axis, the rows and the columns; None for none.
    captions:
        Columns whose labels are written under the pictures.
    numbers:
        The numbers of the cells that are shown as colours, or None.
    most_beside:
        The most pictures that stand beside each other in one place.
    """
    outer, rows, columns = axes
    wanted = [name for name in _OF_CELLS if name in view]
    known = {name: view.column(name).values for name in wanted}
    found: dict[Position, list[int]] = {}
    for at, position in enumerate(positions_of(axes, len(view))):
        found.setdefault(position, []).append(at)
    left_out = 0
    cells: dict[Position, Cell] = {}
    for position, rows_here in found.items():
        number = numbers.cells.get(position) if numbers is not None else None
        is_value = number is not None and numbers is not None and numbers.scale.is_heat
        shown = rows_here[: 1 if is_value else most_beside]
        left_out += 0 if is_value else len(rows_here) - len(shown)
        made = []
        for nth, at in enumerate(shown):
            row = {name: values[at] for name, values in known.items() if values[at] is not None}
            under = [_under(column, rows_here if is_value else [at]) for column in captions]
            if number is not None and numbers is not None:
                if not numbers.scale.is_heat and numbers.name not in (column.name for column in captions):
                    under.append((_averaged(number.label, number.rows), numbers.name))
                elif not numbers.scale.is_heat and number.rows > 1:
                    under.append((number.label, f"mean of {number.rows}"))
            cell = replace(
                _cell(row, view, at),
                captions=tuple(under),
                value=number.label if number is not None else "",
                mean_of=number.rows if number is not None else 1,
                share=number.share if number is not None else None,
                more=view.more[at],
            )
            if nth == len(shown) - 1 and len(shown) < len(rows_here) and not is_value:
                cell = replace(cell, tags=(*cell.tags, f"{len(shown)}/{len(rows_here)}"))
            made.append(cell)
        cells[position] = replace(made[0], others=tuple(made[1:]))
    return _labelled(Grid((outer, rows, columns), cells, left_out))


def _under(column: FrameColumn, rows: Sequence[int]) -> tuple[str, str]:
    """What a column says under a picture, or under the mean of several rows.

    Parameters
    ----------
    column:
        The column.
    rows:
        The rows.
    """
    if column.name in MARKS and all(column.values[at] is None for at in rows):
        return "", ""  # nobody has judged it, which is no value
    labels = list(dict.fromkeys(column.readings[column.values[at]] for at in rows))
    return labels[0] if len(labels) == 1 else f"{len(labels)} values", column.name


def _averaged(value: str, rows: int) -> str:
    return value if rows == 1 else f"{value} (mean of {rows})"


def positions_of(axes: Sequence[FrameColumn | None], rows: int) -> Iterable[Position]:
    """The position of each row's cell.

    Parameters
    ----------
    axes:
        The outer axis, the rows and the columns; None for none.
    rows:
        The number of rows of the frame.
    """
    return zip(*(axis.values if axis else (None,) * rows for axis in axes), strict=True)


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
        if not isinstance(name, str) or name not in by_name:
            raise LayoutError(
                f"relative_to names {shown(name)}, which is not an axis of this sheet",
                remedy=f"Its axes are {', '.join(map(str, reversed(by_name)))}" if by_name else "It has no axis",
            )
        labels = by_name[name].label_of
        found = known_value(value, labels)
        if found is None:
            has = f"It has {', '.join(labels.values())}"
            is_baseline = name == "lora_strength" and isinstance(value, int | float) and value == 0
            raise LayoutError(
                f"relative_to says {name}={shown(value)}, which this sheet does not have",
                remedy=f"{has}. ws.run(sweep.with_baseline()) adds strength 0" if is_baseline else has,
            )
        wanted[name] = found
        texts.append(f"{name} {labels[found]}")
    cells = dict(grid.cells)
    for position in _positions(grid.axes):
        outer, row, column = (
            wanted.get(axis.name, value) if axis else value for axis, value in zip(grid.axes, position, strict=True)
        )
        reference = (outer, row, column)
        if reference != position:
            cells[position] = _with_references(cells[position], cells[reference].beside)
    return replace(grid, cells=cells), difference_note(" · ".join(texts))


def difference_note(reference: str) -> str:
    """The sentence that says what the differences below pictures are.

    Parameters
    ----------
    reference:
        What the pictures are compared with.
    """
    return f"Below each picture: its difference from {reference}. Brighter is more, ΔE is the mean difference."


def _with_references(cell: Cell, references: Sequence[Cell]) -> Cell:
    """A cell whose pictures have a reference each: the one in the same place beside others, else the first.

    Parameters
    ----------
    cell:
        The cell.
    references:
        The cells of the place with which it is compared.
    """
    compared = [
        one if one.picture is None else replace(one, reference=references[nth % len(references)].picture)
        for nth, one in enumerate(cell.beside)
    ]
    return replace(compared[0], others=tuple(compared[1:]))


def known_value(value: Any, labels: Mapping[Any, str]) -> Any:
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
        if (round(known, DECIMALS) == round(plain, DECIMALS)) if both_floats else is_same(known, plain):
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
    first: dict[Any, tuple[Position, int]] = {}
    cells: dict[Position, Cell] = {}
    for position in _positions(grid.axes):
        place = grid.cells.get(position, Cell())
        named = [(axis, value) for axis, value in zip(grid.axes, position, strict=True) if axis]
        label = " · ".join(_label(axis, value) for axis, value in reversed(named))
        made = []
        for nth, cell in enumerate(place.beside):
            own = (position, nth)
            same = first.setdefault(picture_identity(cell.picture), own) if cell.picture is not None else own
            tags = cell.tags if same == own else (*cell.tags, f"{SAME}{_place(grid.axes, same, own)}")
            which = f"{nth + 1}/{len(place.beside)}" if place.others else ""
            made.append(replace(cell, label=" · ".join(filter(None, (label, which))), tags=tags))
        cells[position] = replace(made[0], others=tuple(made[1:]))
    return replace(grid, cells=cells)


def _label(axis: FrameColumn, value: Any) -> str:
    return f"{axis.name} {axis.label_of[value]}"


def _place(axes: Sequence[FrameColumn | None], one: tuple[Position, int], own: tuple[Position, int]) -> str:
    """Where a picture is, as seen from another place: by the values that differ, or its number in the same place."""
    (there, nth), (here, _) = one, own
    differing = [
        axis.label_of[value] for axis, value, other in zip(axes, there, here, strict=True) if axis and value != other
    ]
    return ", ".join(reversed(differing)) or f"picture {nth + 1}"


def wrapped(cells: Sequence[Cell], labels: Sequence[str]) -> list[tuple[Cell, ...]]:
    """One long row as several, with the axis's labels in the captions."""
    width = math.ceil(math.sqrt(len(cells) * 1.6))
    captioned = [_captioned(cell, label) for cell, label in zip(cells, labels, strict=True)]
    captioned += [Cell(status="")] * (-len(cells) % width)
    return [tuple(captioned[start : start + width]) for start in range(0, len(captioned), width)]


def _captioned(cell: Cell, label: str) -> Cell:
    """A cell with a label above its captions, and those of the pictures beside it; without one where it is empty."""
    if not label:
        return cell
    others = tuple(replace(one, captions=((label, ""), *one.captions)) for one in cell.others)
    return replace(cell, captions=((label, ""), *cell.captions), others=others)


def _cell(row: Mapping[str, Any], view: FrameView, at: int) -> Cell:
    """The cell of one row.

    Parameters
    ----------
    row:
        The row's values that are not missing, by column.
    view:
        The frame.
    at:
        The row's position in it.
    """
    picture = view.pictures[at]
    reason = view.reason(at)
    if view.is_of_runs and not reason:
        reason = reason_of(*(str(row.get(name, "")) for name in ("error_kind", "error")))
    # A run whose file is missing is not a place without a run.
    is_gone = view.is_of_runs and (
        row.get("status") == FILE_GONE or (picture is None and view.statuses[at] == "completed")
    )
    return Cell(
        picture=picture,
        status=GONE if is_gone else view.statuses[at],
        reason=_with_short_names(plain(reason)) if picture is None or is_gone else "",
        run=view.row_names[at],
        tags=_marks(row),
        note=text_of(row.get("note", "")),
        aspect=_aspect(row.get("width"), row.get("height")),
    )


def _with_short_names(text: str) -> str:
    """The text with the beginnings of digests, which fill the lines of a cell; frames have them whole.

    >>> _with_short_names("gone: pictures/65/650f8ba8b497e9808f0eeb947c025326025e977dba1601dfde545753f817f2f0.jpg")
    'gone: pictures/65/650f8ba8….jpg'
    """
    return _DIGEST.sub(r"\1…", text)


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
        marks.append(("★" * int(stars) or "☆") if is_rating else f"stars {text_of(stars)}")
    if "pick" in row:
        pick = row["pick"]
        is_choice = isinstance(pick, bool | int | float) and pick in (0, 1)
        marks.append(("✔ picked" if pick else "✘ rejected") if is_choice else f"pick {text_of(pick)}")
    return tuple(marks)
