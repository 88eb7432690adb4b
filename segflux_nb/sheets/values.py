"""What stands in a frame's columns: values in order, words for them, which column holds the pictures. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from ..errors import LayoutError
from ..markup import plain

IMAGE_COLUMNS = ("image", "picture", "path", "file", "file_name", "image_path", "filename")
"""Where a frame's pictures are looked for first."""

_ENDINGS = (".jpg", ".jpeg", ".png", ".webp")


def check_columns(frame: pd.DataFrame, names: Sequence[str | None]) -> None:
    """Raise `LayoutError` where a frame lacks one of these columns."""
    for name in names:
        if name is not None and name not in frame.columns:
            raise LayoutError(
                f"The frame has no column {name!r}", remedy=f"It has {', '.join(map(str, frame.columns))}"
            )


def picture_column(frame: pd.DataFrame, image: str | None = None) -> str:
    """The column of pictures: the one named, else one of the usual names, else the first that holds pictures.

    Raises
    ------
    LayoutError
        Where there is none.
    """
    check_columns(frame, [image])
    names = [image, *(name for name in IMAGE_COLUMNS if name in frame.columns)]
    names += [name for name in frame.columns if _holds_pictures(frame[name])]
    found = next((name for name in names if name is not None), None)
    if found is None:
        raise LayoutError(
            "The frame has no column of pictures", remedy=f"Name one with image=..., or call it {IMAGE_COLUMNS[0]!r}"
        )
    return found


def _holds_pictures(column: pd.Series[Any]) -> bool:
    for value in column:
        if isinstance(value, bytes) or hasattr(value, "convert"):
            return True
        if isinstance(value, str | PurePath):
            return os.fspath(value).lower().endswith(_ENDINGS)
        if not pd.api.types.is_scalar(value) or not pd.isna(value):
            return False
    return False


def keys(column: pd.Series[Any]) -> list[Any]:
    """A column's values, every kind of missing one as None, so that they are equal to each other."""
    return [None if missing else value for value, missing in zip(column.tolist(), column.isna(), strict=True)]


def distinct(frame: pd.DataFrame, name: str) -> list[Any]:
    """A column's values in the frame's order; but floats, whose order says nothing unless it falls, ascend."""
    values = list(dict.fromkeys(keys(frame[name])))
    if all(isinstance(value, float) for value in values) and values != sorted(values, reverse=True):
        return sorted(values)
    return values


def labels_of(frame: pd.DataFrame, name: str, values: Sequence[Any]) -> list[str]:
    """What stands for the values: the sweep's labels, or the values, numbers aligned to the same decimals."""
    given: Mapping[Any, Any] = {}
    if f"{name}_label" in frame.columns:
        given = dict(zip(keys(frame[name]), frame[f"{name}_label"], strict=True))
    floats = [value for value in values if isinstance(value, float)]
    decimals = max((_decimals(value) for value in floats), default=0)
    labels = []
    for value in values:
        label = given.get(value)
        if isinstance(label, str):
            labels.append(plain(label))
        else:
            number = f"{value:.{max(1, decimals)}f}" if isinstance(value, float) else None
            labels.append(number or ("–" if value is None else plain(value)))
    return labels


def value_labels(frame: pd.DataFrame, name: str) -> list[str]:
    """For each row, the words for its value of a column, as a sheet would show them."""
    values = distinct(frame, name)
    labels = dict(zip(values, labels_of(frame, name, values), strict=True))
    return [labels[value] for value in keys(frame[name])]


def _decimals(value: float) -> int:
    return len(f"{value:.6f}".rstrip("0").split(".")[1])
