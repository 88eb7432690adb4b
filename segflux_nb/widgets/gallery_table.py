"""The rows of a gallery by columns, as its JavaScript reads them: what is the same in all rows is said once."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..sheets.frame_column import FrameColumn, text_of
from ..sheets.frame_view import FrameView
from .gallery_messages import Coded

BYTES_EACH = 30
"""The most bytes of columns that come with a gallery, for each row. Axes come always, others when asked for."""

NOT_SHOWN = ("image", "more_images", "stars", "pick", "note", "prompt_template")
"""Columns of a frame that the gallery shows in another way."""


@dataclass
class Encoder:
    """Writes columns one after the other.

    Attributes
    ----------
    columns:
        The columns that were written.
    """

    columns: list[Coded] = field(default_factory=list)
    _parts: list[bytes] = field(default_factory=list)
    _size: int = 0

    @property
    def codes(self) -> bytes:
        """The places of all columns."""
        return b"".join(self._parts)

    def add(self, column: FrameColumn, *, axis: bool = False, lays_out: bool = False) -> Coded:
        """Write a column, and give it.

        Parameters
        ----------
        column:
            The column.
        axis:
            Whether it is one of the axes.
        lays_out:
            Whether rows can be laid out by it.
        """
        values = list(column.label_of)
        places = {value: place for place, value in enumerate(values)}
        labels = list(column.distinct_labels)
        kind, raw = _kind(values, labels)
        data, width = _packed([places[value] for value in column.values], len(values))
        coded: Coded = {
            "name": str(column.name),
            "values": labels,
            "missing": places.get(None, -1),
            "kind": kind,
            "axis": axis,
            "lays_out": lays_out,
            "at": self._size,
            "bytes": width,
        }
        if raw is not None:
            coded["raw"] = raw
        self.columns.append(coded)
        self._parts.append(data)
        self._size += len(data)
        return coded


def _kind(values: Sequence[Any], labels: Sequence[str]) -> tuple[Any, list[Any] | None]:
    """The kind of a column's values, and the values themselves where the labels do not give them."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, bool) for value in known):
        return "truth", None
    if known and all(isinstance(value, int | float) and not isinstance(value, bool) for value in known):
        same = all(value is None or _number(label) == value for value, label in zip(values, labels, strict=True))
        return "number", None if same else [scalar(value) for value in values]
    texts = [None if value is None else text_of(value) for value in values]
    same = all(text is None or text == label for text, label in zip(texts, labels, strict=True))
    return "text", None if same else texts


def _number(label: str) -> float | None:
    try:
        number = float(label)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def scalar(value: Any) -> Any:
    """A value as JSON has it; a text for a number that is not finite, and for what JSON does not know."""
    if value is None or (isinstance(value, float) and math.isfinite(value)):
        return value
    return value if isinstance(value, str | int) else text_of(value)


def _packed(places: Sequence[int], number: int) -> tuple[bytes, int]:
    """The places as bytes, and how many bytes each has; see `Coded`."""
    if number <= 1:
        return b"", 0
    if number == len(places) and places == list(range(number)):
        return b"", -1
    width = 1 if number <= 1 << 8 else 2 if number <= 1 << 16 else 4
    return np.asarray(places, dtype=f"<u{width}").tobytes(), width


def coded_size(column: FrameColumn) -> int:
    """How many bytes the values of a column take in a message."""
    values, labels = list(column.label_of), list(column.distinct_labels)
    places = range(len(column.values)) if len(values) == len(column.values) else [0] * len(column.values)
    return len(json.dumps([labels, _kind(values, labels)[1]])) + len(_packed(list(places), len(values))[0])


def described(view: FrameView) -> tuple[list[str], list[str]]:
    """The columns that come with a gallery, and those that are sent when they are asked for.

    The first are the axes, and of the columns that say how pictures were made as many as are small.
    """
    makers = [name for name in view.describing if name not in NOT_SHOWN]
    left = BYTES_EACH * len(view)
    first = []
    for name in sorted(makers, key=lambda name: name not in view.axes):
        size = coded_size(view.column(name))
        if name in view.axes or size <= max(left, 4000):
            first.append(name)
            left -= size
    # In the order of the frame.
    makers = [name for name in makers if name in first]
    return makers, [name for name in others(view) if name not in first]


def others(view: FrameView) -> list[str]:
    """All columns of a view that can be searched, sorted or filtered by."""
    return [name for name in view.names if name not in NOT_SHOWN and name != view.image and not view.is_label(name)]


def joined(frame: pd.DataFrame, log: pd.DataFrame) -> pd.DataFrame:
    """A frame of runs with the columns that only its log has.

    Parameters
    ----------
    frame:
        The frame, with a column ``run``.
    log:
        The log of these runs.
    """
    more = [name for name in log.columns if name not in frame.columns]
    rows = log.drop_duplicates("run").set_index("run")[more].reindex(frame["run"])
    rows.index = frame.index
    both = pd.concat([frame, rows], axis="columns")
    both.attrs.update(frame.attrs)
    return both


def widths_column(values: Iterable[Any]) -> FrameColumn:
    """Widths of pictures as a column; None for what is no width, such as a text."""

    def pixels(width: Any) -> float | None:
        is_number = isinstance(width, int | float) and not isinstance(width, bool) and 0 < width < math.inf
        return width if is_number else None

    return FrameColumn("width", tuple(map(pixels, values)), {})
