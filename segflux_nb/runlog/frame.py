"""The log as DataFrames. Their columns are declared in `segflux_nb.runlog.columns`."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..input_pictures import short
from ..model import Value
from ..sweep.names import LABEL, column_of_parameter
from ..sweep.request import RUN_DIGITS
from .columns import Column

if TYPE_CHECKING:
    pass

_DTYPES = {
    "text": "string",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "moment": "datetime64[us, UTC]",
}
_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "run": lambda digest: digest[:RUN_DIGITS],
    "pick": bool,
}
"""How a column's value is made from the value of its source. Other columns take it as it is."""


def dtype_of(column: Column) -> str:
    """The pandas dtype of a column."""
    return _DTYPES[column.type]


def sources(columns: Sequence[Column]) -> list[str]:
    """The columns of the log that these are made of; marks are read apart."""
    return list(dict.fromkeys(column.source or column.name for column in columns if column.table != "marks"))


def build(
    table: Mapping[str, Sequence[Any]],
    order: Sequence[int],
    labels: Sequence[Mapping[str, Value]],
    marks: Mapping[str, Mapping[str, Any]],
    more: Mapping[str, Sequence[str | None]],
    base: str,
    columns: Sequence[Column],
    own: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    measured: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> pd.DataFrame:
    """A frame of these columns, with a row for each cell.

    Parameters
    ----------
    table:
        The columns of the log (see `sources`), all of the same length.
    order:
        The position of each cell's run in the table.
    labels:
        The labels and placeholders of each cell.
    marks:
        Stars, picks and notes, by digest.
    more:
        The files of further pictures, by digest; None for one that is not on disk.
    base:
        The path from the current folder to the workspace, with a slash at its end.
    columns:
        Which columns.
    own:
        The values of the user's own columns, by digest; they are the last columns.
    measured:
        Numbers about the pictures, by digest; their columns stand before the user's own.
    """
    series: dict[str, pd.Series[Any]] = {}
    parameters = table.get("parameters", ())
    of_model = {column.name for column in columns if column.source == "parameters"}
    unlike = [row for row in parameters if row.keys() != of_model]
    others = dict.fromkeys(name for row in unlike for name in row if name not in of_model)
    absent = of_model - set().union(*parameters) if unlike else set()
    of_parameters = _parameter_columns(parameters, tuple(of_model), all_alike=not unlike)
    for column in columns:
        if column.name in absent:
            continue
        values = of_parameters.get(column.name) if column.source == "parameters" else None
        values = converted(column, _values(column, table, marks, more, base) if values is None else values)
        series[column.name] = moments(values) if column.type == "moment" else _series(values, dtype_of(column))
    more_series: dict[str, pd.Series[Any]] = {}
    labelled = {name for entry in labels for name in entry}
    for name in others:
        values = [row.get(name) for row in parameters]
        more_series[column_of_parameter(name)] = _of_values(values)
        if f"{name}{LABEL}" not in labelled and (shorter := _in_short(values)):
            more_series[f"{column_of_parameter(name)}{LABEL}"] = pd.Series(shorter, dtype="string")
    if others:  # parameters stand before the picture
        names = list(series)
        at = names.index("image") if "image" in names else len(names)
        before = {name: series.pop(name) for name in names[:at]}
        series = {**before, **more_series, **series}
    # Columns are made in the order of the table, whose rows are side by side in memory. At the end, the rows are put
    # in the order of the cells.
    frame = pd.DataFrame(series).take(order)
    frame.index = pd.RangeIndex(len(frame))
    for name, label in _label_columns(labels).items():
        frame.insert(list(frame.columns).index("image"), name, label)
    digests = [table["digest"][at] for at in order]
    for name, numbers in _own_columns(measured, digests).items():
        if name not in frame.columns:  # a log from somebody else may say anything
            frame[name] = numbers.astype("Float64")
    for name, series_of_own in _own_columns(own, digests).items():
        frame[name if name not in frame.columns else f"{name} (own)"] = series_of_own
    return frame


def _in_short(values: Sequence[Any]) -> list[str | None]:
    """The values of a parameter with its pictures in short; empty if it has none."""
    shorter = {value: short(value) for value in set(values) if isinstance(value, str)}
    if all(value == text for value, text in shorter.items()):
        return []
    return [shorter.get(value) if isinstance(value, str) else None for value in values]


def _of_values(values: Sequence[Any]) -> pd.Series[Any]:
    """A column of the values of a parameter of another model.

    Parameters
    ----------
    values:
        The values; None where a run does not have the parameter.
    """
    dtype = _own_dtype({type(value) for value in values if value is not None})
    try:
        series: pd.Series[Any] = pd.Series(values, dtype=dtype)
    except (OverflowError, ValueError, TypeError):  # an integer of more than 64 bits
        series = pd.Series(values, dtype=object)
    return series


def with_marks(
    frame: pd.DataFrame,
    digests: Sequence[str],
    changed: Container[str],
    marks: Mapping[str, Mapping[str, Any]],
    columns: Sequence[Column],
) -> pd.DataFrame:
    """A frame whose marks of some runs are as the log has them now; its other values are not read again.

    Parameters
    ----------
    frame:
        The frame, by `build`.
    digests:
        The run of each row.
    changed:
        The runs whose marks are new.
    marks:
        Their stars, picks and notes, by digest.
    columns:
        The columns of the frame.
    """
    rows = [row for row, digest in enumerate(digests) if digest in changed]
    if not rows:
        return frame
    frame = frame.copy()
    of_marks = [column for column in columns if column.table == "marks"]
    for column in of_marks:
        values = converted(column, [marks.get(digests[row], {}).get(column.name) for row in rows])
        series = frame[column.name].copy()
        series.iloc[rows] = pd.Series(values, dtype=dtype_of(column)).array
        frame[column.name] = series
    return frame


def converted(column: Column, values: Sequence[Any]) -> Sequence[Any]:
    """The values of a column, made from those of its source."""
    convert = _CONVERTED.get(column.name)
    return values if convert is None else [None if value is None else convert(value) for value in values]


def _values(
    column: Column,
    table: Mapping[str, Sequence[Any]],
    marks: Mapping[str, Mapping[str, Any]],
    more: Mapping[str, Sequence[str | None]],
    base: str,
) -> Sequence[Any]:
    """The values of a column in the order of the table, as the log has them."""
    if column.name == "picture_count":
        counts = [int(path is not None) for path in table["picture"]]
        return [
            1 + len(more[digest]) if digest in more else n for digest, n in zip(table["digest"], counts, strict=True)
        ]
    if column.name == "more_images":
        texts = {digest: "\n".join(base + path for path in paths if path) or None for digest, paths in more.items()}
        return list(map(texts.get, table["digest"]))
    if column.table == "marks":
        if not marks:
            return [None] * len(table["digest"])
        said = {digest: mark.get(column.name) for digest, mark in marks.items()}
        return list(map(said.get, table["digest"]))
    if column.source == "picture":
        return [base + path if path else None for path in table["picture"]]
    return table[column.source or column.name]


def _parameter_columns(
    parameters: Sequence[Mapping[str, Any]], names: tuple[str, ...], *, all_alike: bool
) -> dict[str, Sequence[Any]]:
    """The values of parameters by name, in the order of the table.

    Parameters
    ----------
    parameters:
        The parameters of each run.
    names:
        Which parameters.
    all_alike:
        Whether each run has these and no others. Then they are taken at once, which is several times faster.
    """
    if all_alike and len(names) > 1 and parameters:
        return dict(zip(names, zip(*map(itemgetter(*names), parameters), strict=True), strict=True))
    return {name: [row.get(name) for row in parameters] for name in names}


def _series(values: Sequence[Any], dtype: str) -> pd.Series[Any]:
    """A column. If all values are the same it is made of that one value, which is many times faster."""
    if values and values[0] == values[-1] and values.count(values[0]) == len(values):
        return pd.Series(values[0], index=range(len(values)), dtype=dtype)
    return pd.Series(values, dtype=dtype)


def moments(seconds: Sequence[float | None]) -> pd.Series[Any]:
    """Seconds since 1970, as moments in UTC."""
    moments = pd.to_datetime(pd.array(list(seconds), dtype="Float64"), unit="s", utc=True)
    return pd.Series(moments.as_unit("us"))


def _label_columns(labels: Sequence[Mapping[str, Value]]) -> dict[str, pd.Series[Any]]:
    names = dict.fromkeys(name for entry in labels if entry for name in entry)
    columns: dict[str, pd.Series[Any]] = {}
    for name in names:
        values = [entry.get(name) for entry in labels]
        if name.endswith(LABEL):
            # In the order of the axis, so that tables which are made of the frame keep it.
            known = [str(value) for value in dict.fromkeys(values) if value is not None]
            kind = pd.CategoricalDtype(pd.Index(known, dtype=object), ordered=True)
            column = f"{column_of_parameter(name.removesuffix(LABEL))}{LABEL}"
            columns[column] = pd.Series([None if value is None else str(value) for value in values], dtype=kind)
            continue
        numeric = all(isinstance(value, int | float) for value in values)
        columns[name] = pd.Series(values) if numeric else pd.Series(values, dtype="string")
    return columns


def _own_columns(own: Mapping[str, Mapping[str, Any]], digests: Sequence[str]) -> dict[str, pd.Series[Any]]:
    """The user's own columns of these runs; those that none of them has are left out.

    Parameters
    ----------
    own:
        Values by digest and by the name of the column.
    digests:
        The runs, in the order of the frame.
    """
    if not own:
        return {}
    none: Mapping[str, Any] = {}
    names = dict.fromkeys(name for digest in dict.fromkeys(digests) for name in own.get(digest, none))
    columns: dict[str, pd.Series[Any]] = {}
    for name in sorted(names):
        values = [own.get(digest, none).get(name) for digest in digests]
        dtype = _own_dtype({type(value) for value in values if value is not None})
        try:
            columns[name] = pd.Series(values, dtype=dtype)
        except (OverflowError, ValueError, TypeError):  # an integer of more than 64 bits
            columns[name] = pd.Series(values, dtype=object)
    return columns


def _own_dtype(kinds: set[type]) -> Any:
    """The dtype of values of these types."""
    if kinds == {bool}:
        return "boolean"
    if kinds == {int}:
        return "Int64"
    if kinds <= {int, float}:
        return "Float64"
    return "string" if kinds == {str} else object


def reached_from_here(path: Path) -> str:
    """A path relative to the current folder, with forward slashes; absolute if there is no relative one.

    A relative one that begins with ``~`` would mean a home folder.
    """
    try:
        relative = Path(os.path.relpath(path)).as_posix()
    except (ValueError, OSError):  # another drive; or the current folder was deleted
        return path.as_posix()
    return path.as_posix() if relative.startswith("~") else relative
