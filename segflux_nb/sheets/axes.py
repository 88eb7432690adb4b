"""Which columns of a frame are the axes of its sheet. Pure.

The axes of a sweep are known. In other frames they are guessed: columns that vary, in the frame's order, as long as
several rows share a cell. Never guessed are marks and results, measurements, columns that the sheet shows in another
way, columns of lists and the like, and columns that would leave half of the cells empty.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ..errors import LayoutError
from ..markup import decimals
from ..model import MODEL
from ..runlog.columns import NEVER_AXES
from .frame_column import SETTING_DECIMALS, FrameColumn
from .frame_view import FrameView

NEARLY_ALL = 0.75
"""A column of floats with this share of distinct values holds measurements, not settings."""

FEWEST_MEASURED = 3
"""Fewer values than this do not tell measurements from settings."""

LEAST_FILLED = 0.5
"""The share of cells with a picture that a guessed axis must leave more of."""


@dataclass(frozen=True)
class Axes:
    """The axes of a sheet.

    Attributes
    ----------
    cols:
        The column of the frame that becomes the columns of the grid; None for none.
    rows:
        The column of the frame that becomes its rows; None for none.
    outer:
        The outer axis: none, one, or several whose combinations it shows.
    held:
        Axes of the sweep for which the sheet has no direction left.
    constant:
        Axes that have one value only, which the footer names.
    decided:
        Axes of the sweep that move with one that is shown: they need no direction.
    """

    cols: str | None
    rows: str | None
    outer: list[str]
    held: list[str]
    constant: list[str]
    decided: list[str] = field(default_factory=list)

    @property
    def shown(self) -> list[str]:
        """The axes that the sheet has."""
        return [name for name in (self.cols, self.rows, *self.outer) if name is not None]


def choose_axes(
    view: FrameView, cols: str | None, rows: str | None, by: Sequence[str] | None, *, in_use: Collection[str]
) -> Axes:
    """The axes of a sheet: those that are named, and others in the directions that are left.

    Parameters
    ----------
    view:
        The frame.
    cols:
        The axis that the caller names for the columns; None where none is named.
    rows:
        The axis that the caller names for the rows; None where none is named.
    by:
        The outer axes that the caller names; None where none is named, and empty where there must be none.
    in_use:
        Columns that the sheet shows as captions or colours: they are not guessed to be axes.

    Raises
    ------
    LayoutError
        Where an axis is named twice.
    """
    named = [name for name in (cols, rows, *(by or ())) if name is not None]
    if len(set(named)) != len(named):
        raise LayoutError(f"cols, rows and by name an axis twice: {', '.join(named)}", remedy="Name each axis once")
    known = [name for name in view.axes if name not in named]
    varying = [name for name in known if view.column(name).varies]
    constant = [name for name in known if name not in varying]
    decided: list[str] = []
    for name in varying:
        chosen = [*named, *(one for one in varying[: varying.index(name)] if one not in decided)]
        if any(decides(view, one, name) for one in chosen):
            decided.append(name)
    varying = [name for name in varying if name not in decided]
    directions = (cols is None) + (rows is None) + (by is None)
    free = [*varying, *_guessed(view, [*named, *varying], directions - len(varying), in_use)]
    if not free and not named and len(view) == 1:
        free = constant[:1]  # one picture needs no axis; the sheet has its label all the same
    cols = cols or (free.pop(0) if free else None)
    rows = rows or (free.pop(0) if free else None)
    outer = list(by or ()) or ([free.pop(0)] if free and by is None else [])
    return Axes(cols, rows, outer, free, [name for name in constant if name != cols], decided)


def decides(view: FrameView, one: str, other: str) -> bool:
    """Whether each value of a column comes with one value of another one, as those of linked parameters do.

    Parameters
    ----------
    view:
        The frame.
    one:
        The column.
    other:
        The other one.
    """
    values = view.column(one).values
    return len(set(zip(values, view.column(other).values, strict=True))) == len(set(values))


def guessed_axes(view: FrameView) -> list[str]:
    """All columns of a frame that are taken for axes, whether a sheet has directions for them or not.

    Parameters
    ----------
    view:
        The frame.
    """
    return _guessed(view, [], len(view.names), ())


def _guessed(view: FrameView, used: Sequence[str], most: int, in_use: Collection[str]) -> list[str]:
    """Columns that are taken for axes.

    Parameters
    ----------
    view:
        The frame.
    used:
        The axes that there are already.
    most:
        How many axes the sheet has directions for.
    in_use:
        Columns that the sheet shows in another way.
    """
    # A prompt with placeholders varies with them. Takes stand beside each other.
    never = {*NEVER_AXES, *used, *in_use, view.image, "take", *(("prompt", "prompt_template") if view.axes else ())}
    found: list[str] = []
    measured: list[str] = []
    for name in view.names:
        if len(found) >= most or not shares_cells(view, [*used, *found]):
            break
        if name in never or view.is_label(name):
            continue
        column = view.column(name)
        if not column.is_plain or not column.varies:
            continue
        if is_measurement(column, view.parameters):
            measured.append(name)
        elif _is_filled(view, [*used, *found, name]):
            found.append(name)
    if not found and not used and most > 0:
        found = [name for name in measured if _is_evenly_spaced(view.column(name))][:1]
    return found


def shares_cells(view: FrameView, names: Sequence[str]) -> bool:
    """Whether several rows have the same values in all of these columns."""
    return len(_combinations(view, names)) < len(view)


def is_measurement(column: FrameColumn, parameters: Collection[str] = MODEL.parameters) -> bool:
    """Whether a column holds measurements: floats with nearly as many values as rows. A parameter never does.

    Parameters
    ----------
    column:
        The column.
    parameters:
        The names of the columns that are parameters.
    """
    if column.name in parameters:
        return False
    known = [value for value in column.values if value is not None]
    if len(known) < FEWEST_MEASURED or not all(isinstance(value, float) for value in known):
        return False
    return len(set(known)) >= NEARLY_ALL * len(known)


def is_measured(view: FrameView, name: str) -> bool:
    """Whether a column holds measurements whose digits no setting has.

    Parameters
    ----------
    view:
        The frame.
    name:
        The column.
    """
    column = view.column(name)
    floats = [value for value in column.distinct if isinstance(value, float)]
    return is_measurement(column, view.parameters) and max(map(decimals, floats), default=0) > SETTING_DECIMALS


def _is_evenly_spaced(column: FrameColumn) -> bool:
    values = sorted(value for value in column.distinct if isinstance(value, float))
    if any(decimals(value) > SETTING_DECIMALS for value in values):
        return False
    steps = {round(after - before, SETTING_DECIMALS) for before, after in pairwise(values)}
    return len(steps) == 1


def _is_filled(view: FrameView, names: Sequence[str]) -> bool:
    """Whether more than half of the cells would have a picture."""
    cells = 1
    for name in names:
        cells *= len(view.column(name).distinct)
    return len(_combinations(view, names)) > LEAST_FILLED * cells


def _combinations(view: FrameView, names: Sequence[str]) -> set[tuple[Any, ...]]:
    """The combinations of values that rows have; one, the empty one, for no column."""
    if not names:
        return {()}
    return set(zip(*(view.column(name).values for name in names), strict=True))
