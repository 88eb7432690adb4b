"""Frames as merges, pivots and groupings make them, with one plain name for each column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from .frame_column import text_of


def with_plain_names(frame: pd.DataFrame) -> tuple[pd.DataFrame, Mapping[Any, str]]:
    """The frame with texts for names, each one once, and settings that are in its index as columns.

    Names of several levels are joined: ``("parameter", "seed")`` becomes ``parameter seed``. Of two columns of one
    name that hold the same values one is kept; others get a number: ``seed (2)``. Levels of the index become the
    first columns, if they have a name, or are texts of an index of several levels. An index without a name stays
    what names the rows.

    Parameters
    ----------
    frame:
        Any frame.

    Returns
    -------
    tuple
        The frame, and the new name of each column by its old one.
    """
    kept: list[int] = []
    names: list[str] = []
    asked: dict[Any, str] = {}
    for place, label in enumerate(frame.columns):
        text = _text(label, place)
        asked.setdefault(label, text)
        if text in names:
            if _same(frame.iloc[:, place], frame.iloc[:, kept[names.index(text)]]):
                continue
            text = _free(text, names)
            if label in asked and asked[label] in names and not frame.columns.tolist().count(label) > 1:
                asked[label] = text
        kept.append(place)
        names.append(text)
    plain = frame if len(kept) == frame.shape[1] else frame.iloc[:, kept]
    if list(plain.columns) != names or plain.columns.nlevels > 1:
        plain = plain.set_axis(pd.Index(names, dtype=object), axis="columns")
    return _with_index(plain, asked), asked


def _text(label: Any, place: int) -> str:
    parts = label if isinstance(label, tuple) else (label,)
    texts = [text_of(part) for part in parts if not (isinstance(part, str) and not part)]
    return " ".join(texts).strip() or f"column {place}"


def _free(text: str, taken: list[str]) -> str:
    return next(name for n in range(2, len(taken) + 3) if (name := f"{text} ({n})") not in taken)


def _same(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    try:
        return bool(one.reset_index(drop=True).equals(other.reset_index(drop=True)))
    except Exception:  # noqa: BLE001 - comparing objects runs code of their own, which may raise anything
        return False


def _with_index(frame: pd.DataFrame, asked: dict[Any, str]) -> pd.DataFrame:
    """The frame with the settings of its index as its first columns."""
    index = frame.index
    added: dict[str, Any] = {}
    for level, label in enumerate(index.names):
        values = index.get_level_values(level)
        if label is None and (index.nlevels == 1 or pd.api.types.is_integer_dtype(values.dtype)):
            continue
        name = f"level {level}" if label is None else _text(label, level)
        series = pd.Series(values, index=index)
        if name in frame.columns:
            if _same(series, frame[name]):
                continue
            name = _free(name, [*frame.columns, *added])
        if label is not None:
            asked.setdefault(label, name)
        added[name] = values
    if not added:
        return frame
    first = pd.DataFrame({name: pd.Series(values, index=index) for name, values in added.items()}, index=index)
    joined = pd.concat([first.reset_index(drop=True), frame.reset_index(drop=True)], axis="columns")
    joined.index = index
    joined.attrs.update(frame.attrs)
    return joined
