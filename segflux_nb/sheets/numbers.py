"""A column of numbers as colours: its mean in each cell, and the scale. Pure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import LayoutError
from ..markup import decimals
from .frame_column import MISSING_LABEL, SETTING_DECIMALS, float_labels, readable_labels
from .frame_view import FrameView
from .layout import Scale

MOST_DECIMALS = 6

_SMALL, _LARGE = 1e-3, 1e9
"""Numbers beyond these are rounded to significant digits."""


@dataclass(frozen=True)
class CellNumber:
    """The number of a cell.

    Attributes
    ----------
    mean:
        The mean of its rows.
    rows:
        How many of its rows have a value.
    label:
        The mean as text.
    share:
        Its position on the scale, from 0 to 1; None where it has none.
    """

    mean: float
    rows: int
    label: str
    share: float | None


@dataclass(frozen=True)
class Numbers:
    """The numbers of a sheet.

    Attributes
    ----------
    name:
        The column.
    scale:
        The meaning of the colours.
    cells:
        The number of each cell that has one, by the cell's position.
    without:
        How many rows have no value.
    """

    name: str
    scale: Scale
    cells: Mapping[Any, CellNumber]
    without: int

    @property
    def notes(self) -> list[str]:
        """What the reader must know of the numbers."""
        several = sorted({cell.rows for cell in self.cells.values()})
        notes = []
        if several and several[-1] > 1:
            of = f"{several[0]} to {several[-1]}" if len(several) > 1 else f"{several[0]}"
            notes.append(f"Each colour is the mean {self.name} of the rows of its cell, of {of} rows")
        if self.without:
            notes.append(f"Rows without {self.name}: {self.without:,}")
        return notes


def numbers_of(view: FrameView, name: str, positions: Iterable[Any], *, is_heat: bool) -> Numbers:
    """The mean of a column in each cell, on a scale.

    Parameters
    ----------
    view:
        The frame.
    name:
        The column of numbers.
    positions:
        The position of each row's cell.
    is_heat:
        Whether the colours are shown in place of the pictures.

    Raises
    ------
    LayoutError
        Where the column holds something else, or nothing.
    """
    column = view.column(name)
    values = [value for value in column.distinct if value is not None]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        raise LayoutError(
            f"{name} is not a column of numbers", remedy="border and heat take stars, a metric, a count"
        )
    if not values:
        raise LayoutError(f"The column {name} has no value in these rows", remedy="Choose another column")
    grouped: dict[Any, list[int | float]] = {}
    for position, value in zip(positions, column.values, strict=True):
        if value is not None:
            grouped.setdefault(position, []).append(value)
    means = {position: _mean(own) for position, own in grouped.items()}
    labels = _labels(view, name, means.values(), is_mean=any(len(own) > 1 for own in grouped.values()))
    finite = sorted(mean for mean in means.values() if math.isfinite(_as_float(mean))) or [0.0]
    low, high = finite[0], finite[-1]
    scale = Scale(name, labels.get(low, MISSING_LABEL), labels.get(high, MISSING_LABEL), is_heat)
    cells = {
        position: CellNumber(
            mean, len(grouped[position]), labels[mean], _share(_as_float(mean), float(low), float(high))
        )
        for position, mean in means.items()
        if not math.isnan(_as_float(mean))
    }
    return Numbers(name, scale, cells, len(view) - sum(map(len, grouped.values())))


def _mean(values: list[int | float]) -> float | int:
    if len(values) == 1:
        return values[0]
    try:
        return statistics.fmean(map(_as_float, values))
    except (OverflowError, ValueError):  # infinities of both signs, or a sum beyond all floats
        floats = set(map(_as_float, values))
        return math.nan if {math.inf, -math.inf} <= floats else max(map(_as_float, values), key=abs)


def _as_float(value: float | int) -> float:
    """A number as a float; infinite where it is beyond all floats."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _labels(view: FrameView, name: str, means: Iterable[float], *, is_mean: bool) -> Mapping[Any, str]:
    """A label for each mean; of single values their own.

    Parameters
    ----------
    view:
        The frame.
    name:
        The column.
    means:
        The means.
    is_mean:
        Whether some cells have several values.
    """
    column = view.column(name)
    if not is_mean:
        return column.readings
    places = max((decimals(v) for v in column.distinct if isinstance(v, float) and math.isfinite(v)), default=0)
    rounded = {mean: _rounded(mean, min(MOST_DECIMALS, places + 1)) for mean in means}
    finite = [value for value in rounded.values() if not math.isnan(value)]
    labels = float_labels(finite) | (readable_labels(finite) if places > SETTING_DECIMALS else {})
    return {mean: labels.get(value, MISSING_LABEL) for mean, value in rounded.items()}


def _rounded(mean: float, places: int) -> float:
    if not math.isfinite(mean) or mean == 0 or _SMALL <= abs(mean) < _LARGE:
        return round(float(mean), places)
    return float(f"{mean:.4g}")


def _share(mean: float, low: float, high: float) -> float | None:
    """The position of a mean between two others; the ends for infinities."""
    if math.isinf(mean):
        return 1.0 if mean > 0 else 0.0
    span = high - low
    if not math.isfinite(span):  # numbers so large that their difference has no float
        low, high, mean = low / 4, high / 4, mean / 4
        span = high - low
    return min(1.0, max(0.0, (mean - low) / span)) if span else 0.0
