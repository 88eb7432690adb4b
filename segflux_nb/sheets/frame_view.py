"""A frame of runs, looked at once: the values of each column, their order and the labels that stand for them.

A sheet, a gallery or an export makes one view of its frame and asks it for columns. A column is worked out once, when
it is first asked for. Pure: nothing is drawn or read.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any

import pandas as pd

from ..errors import LayoutError
from ..markup import decimals, plain
from ..model import SIMULATOR
from ..runlog.columns import NEVER_AXES

AXES_ATTRIBUTE = "segflux_axes"
"""The key of ``frame.attrs`` under which a frame of runs has the names of the sweep's axes."""

SIMULATED_NOTE = "Simulated by segflux_nb's own flow model: these are not pictures by Flux."

IMAGE_COLUMNS = ("image", "picture", "path", "file", "file_name", "image_path", "filename")
"""The usual names of columns of pictures, in the order in which they are looked for."""

_LABEL = "_label"
"""A column ``x_label`` has the sweep's labels for the values of the column ``x``."""

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


@dataclass(frozen=True)
class FrameColumn:
    """A column of a frame.

    Attributes
    ----------
    name:
        Its name.
    values:
        The value in each row. Each kind of missing value is None, so that they are equal to each other.
    given_labels:
        The sweep's own labels, by value; empty where it has none.
    """

    name: str
    values: tuple[Any, ...]
    given_labels: Mapping[Any, Any]

    @cached_property
    def distinct(self) -> tuple[Any, ...]:
        """Each value once, in the order of the rows. Floats ascend instead, unless they descend in the rows."""
        values = list(dict.fromkeys(self.values))
        if all(isinstance(value, float) for value in values) and values != sorted(values, reverse=True):
            values.sort()
        return tuple(values)

    @cached_property
    def label_of(self) -> dict[Any, str]:
        """The label of each distinct value: the sweep's own, or the value. Floats have equally many decimals."""
        most_decimals = max((decimals(value) for value in self.distinct if isinstance(value, float)), default=0)
        labels = {}
        for value in self.distinct:
            label = self.given_labels.get(value)
            if isinstance(label, str):
                labels[value] = plain(label)
            elif isinstance(value, float):
                labels[value] = f"{value:.{max(1, most_decimals)}f}"
            else:
                labels[value] = "–" if value is None else plain(value)
        return labels

    @property
    def distinct_labels(self) -> tuple[str, ...]:
        """The labels of the distinct values, in their order."""
        return tuple(self.label_of.values())

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The label of the value in each row."""
        return tuple(self.label_of[value] for value in self.values)

    @property
    def varies(self) -> bool:
        """Whether rows have different values."""
        return len(self.distinct) > 1


@dataclass(frozen=True)
class FrameView:
    """A frame of runs, a run a row.

    Attributes
    ----------
    frame:
        The frame; `of` makes a view of one.
    image:
        The name of its column of pictures.
    axes:
        The names of the sweep's axes, in their order; empty where they are not known.
    """

    frame: pd.DataFrame
    image: str
    axes: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, *, image: str | None = None, axes: Sequence[str] | None = None) -> FrameView:
        """The view of a frame.

        Parameters
        ----------
        frame:
            `Runs.df`, or any frame with a column of pictures.
        image:
            The column of pictures. It is found by its name, or by what it holds, if left out.
        axes:
            The names of the axes, in their order. Left out, they are what ``frame.attrs`` says; names that are not
            columns of the frame are ignored.

        Raises
        ------
        LayoutError
            Where the frame has no such column, or no column of pictures.
        """
        _check_names(frame)
        known = frame.attrs.get(AXES_ATTRIBUTE, ()) if axes is None else axes
        names = tuple(str(name) for name in known if name in frame.columns)
        return cls(frame, _picture_column(frame, image), names)

    def __len__(self) -> int:
        return len(self.frame)

    def __contains__(self, name: object) -> bool:
        return name in self.frame.columns

    @cached_property
    def _columns(self) -> dict[str, FrameColumn]:
        return {}

    def column(self, name: str) -> FrameColumn:
        """A column.

        Raises
        ------
        LayoutError
            Where the frame has no column of this name.
        """
        if name not in self._columns:
            self.check([name])
            given: Mapping[Any, Any] = {}
            values = _values(self.frame[name])
            if name != self.image:
                values = tuple(map(_hashable, values))
            if f"{name}{_LABEL}" in self:
                given = dict(zip(values, _values(self.frame[f"{name}{_LABEL}"]), strict=True))
            self._columns[name] = FrameColumn(name, values, given)
        return self._columns[name]

    def check(self, names: Iterable[str | None]) -> None:
        """Raise `LayoutError` for a name that is not a column of the frame; None is passed over."""
        _check(self.frame, names)

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return list(self.frame.columns)

    @property
    def describing(self) -> list[str]:
        """The columns that say how pictures were made: without pictures, marks, results, labels of other columns."""
        return [
            name
            for name in self.frame.columns
            if (name in self.axes or name not in NEVER_AXES) and name != self.image and not self.is_label(name)
        ]

    @property
    def varying_axes(self) -> list[str]:
        """The sweep's axes of which the frame has several values."""
        return [name for name in self.axes if self.column(name).varies]

    @property
    def simulated_note(self) -> str:
        """The note below simulated pictures; empty where there are none."""
        return SIMULATED_NOTE if "service" in self and SIMULATOR in self.column("service").values else ""

    def is_label(self, name: str) -> bool:
        """Whether a column has the labels of another one."""
        return str(name).endswith(_LABEL) and str(name)[: -len(_LABEL)] in self

    def rows(self, positions: Sequence[int]) -> FrameView:
        """A view of some of the rows.

        Parameters
        ----------
        positions:
            Their positions, in the order of the new view.
        """
        return FrameView(self.frame.iloc[list(positions)], self.image, self.axes)

    def with_column(self, name: str, values: Sequence[Any]) -> FrameView:
        """A view with a column more.

        Parameters
        ----------
        name:
            The column's name.
        values:
            Its value in each row.
        """
        return FrameView(self.frame.assign(**{name: list(values)}), self.image, self.axes)


def _check_names(frame: pd.DataFrame) -> None:
    """Raise `LayoutError` where a name does not stand for one column."""
    if frame.columns.nlevels > 1:
        raise LayoutError(
            f"The columns of the frame have {frame.columns.nlevels} levels",
            remedy='Join them first: frame.columns = frame.columns.map("_".join)',
        )
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise LayoutError(f"The frame has several columns {twice[0]!r}", remedy="Give each column a name of its own")


def _check(frame: pd.DataFrame, names: Iterable[str | None]) -> None:
    for name in names:
        if name is not None and name not in frame.columns:
            raise LayoutError(
                f"The frame has no column {name!r}", remedy=f"It has {', '.join(map(str, frame.columns))}"
            )


def _picture_column(frame: pd.DataFrame, image: str | None) -> str:
    """The column that is named, else one with a usual name, else the first that holds pictures."""
    _check(frame, [image])
    if image is not None:
        _check_pictures(frame[image])
        return image
    usual = [name for name in IMAGE_COLUMNS if name in frame.columns]
    holding = (name for name in frame.columns if _holds_pictures(frame[name]))
    found = usual[0] if usual else next(holding, None)
    if found is None:
        raise LayoutError(
            "The frame has no column of pictures", remedy=f"Name one with image=..., or call it {IMAGE_COLUMNS[0]!r}"
        )
    _check_pictures(frame[found])
    return str(found)


def _check_pictures(column: pd.Series[Any]) -> None:
    """Raise `LayoutError` where a value in the column of pictures is of a kind that no picture is."""
    for value in column[column.notna()]:
        if not (isinstance(value, str | bytes | PurePath) or hasattr(value, "convert")):
            raise LayoutError(
                f"The column {str(column.name)!r} holds {value!r}, which is not a picture",
                remedy="Name another column with image=..., or give paths, the bytes of files or Pillow images",
            )


def _holds_pictures(column: pd.Series[Any]) -> bool:
    """Whether the first value that is not missing is a picture, or the name of a picture's file."""
    for value in column:
        if isinstance(value, bytes) or hasattr(value, "convert"):
            return True
        if isinstance(value, str | PurePath):
            return os.fspath(value).lower().endswith(_ENDINGS)
        if not pd.api.types.is_scalar(value) or not pd.isna(value):
            return False
    return False


def _hashable(value: Any) -> Any:
    """The value, or its text if it has no hash, as a list: columns are sorted and grouped by their values."""
    try:
        hash(value)
    except TypeError:
        return str(value)
    return value


def _values(column: pd.Series[Any]) -> tuple[Any, ...]:
    missing = column.isna()
    return tuple(None if gone else value for value, gone in zip(column.tolist(), missing, strict=True))
