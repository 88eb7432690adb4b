"""The log as DataFrames: columns declared as data."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..lifecycle import State
from ..model import MODEL, Value
from ..sweep.request import RUN_DIGITS
from .rows import LoggedSweep, LoggedVote


@dataclass(frozen=True)
class Column:
    """One column of `Runs.df` or `Runs.log`.

    Attributes
    ----------
    name, dtype, meaning:
        What it is called, its pandas dtype, and what it says.
    source:
        Where it comes from: a column of the log, a ``parameter``, a ``mark``.
    convert:
        From what stands there to the column's value; None where it is the same.
    stable:
        Whether request and picture alone decide it (marks aside), so that it is the same on every machine.
    """

    name: str
    dtype: str
    meaning: str
    source: str
    convert: Callable[[Any], Any] | None = None
    stable: bool = True


_MOMENT = "datetime64[us, UTC]"
_DTYPES = {"text": "string", "choice": "string", "integer": "Int64", "number": "Float64"}
_STATUSES = {state.value: state.status for state in State}

_IDENTITY = (
    Column("run", "string", "The run: the first 12 characters of its digest.", "digest", lambda d: d[:RUN_DIGITS]),
    Column("service", "string", "The service that made it: segmind, simulator, or an origin.", "service"),
    Column("status", "string", "Where it stands: completed, or why there is no picture.", "state", _STATUSES.get),
    Column("take", "Int64", "0, or the number of a repetition that was paid for on purpose.", "take"),
)
_PARAMETERS = tuple(
    Column(name, _DTYPES[field.kind], field.meaning, "parameter") for name, field in MODEL.parameters.items()
)
_OUTCOME = (
    Column("image", "string", "The picture's file, as reached from the current folder.", "picture"),
    Column("width", "Int64", "Pixels.", "width"),
    Column("height", "Int64", "Pixels.", "height"),
    Column("stars", "Int64", "Your rating, 0 to 5.", "mark"),
    Column("pick", "boolean", "Whether you picked it, or rejected it.", "mark", bool),
    Column("note", "string", "Your note.", "mark"),
    Column("error_kind", "string", "What kind of failure, or empty.", "error_kind"),
    Column("error", "string", "What went wrong, in words, or empty.", "error"),
)
_HISTORY = (
    Column("digest", "string", "The request's identity.", "digest"),
    Column("sha256", "string", "The digest of the picture's bytes.", "sha256"),
    Column("bytes", "Int64", "The picture's size.", "bytes"),
    *(
        Column(name, dtype, meaning, name, stable=False)
        for name, dtype, meaning in (
            ("request_id", "string", "The service's id of the job."),
            ("attempts", "Int64", "Submits made for it, most of which were not accepted."),
            ("polls", "Int64", "Times it was asked for."),
            ("cost_usd", "Float64", "What the service says it cost, in US dollars."),
            ("queue_seconds", "Float64", "Seconds in the service's queue."),
            ("render_seconds", "Float64", "Seconds of inference."),
            ("submitted_at", _MOMENT, "When the intent to submit was written, in UTC."),
            ("accepted_at", _MOMENT, "When the service accepted it, in UTC."),
            ("detected_at", _MOMENT, "When its completion was seen, in UTC."),
            ("completed_at", _MOMENT, "When its picture was on disk, in UTC."),
        )
    ),
)

DF_COLUMNS = (*_IDENTITY, *_PARAMETERS, *_OUTCOME)
"""The columns of `Runs.df`; the sweep's placeholders and labels stand between parameters and outcome."""

LOG_COLUMNS = (*DF_COLUMNS, *_HISTORY)
"""The columns of `Runs.log`."""


def sources(columns: Sequence[Column]) -> list[str]:
    """The columns of the log that these are made of."""
    named = dict.fromkeys(column.source for column in columns if column.source not in ("parameter", "mark"))
    return [*named, *(["parameters"] if any(column.source == "parameter" for column in columns) else [])]


def build(
    table: Mapping[str, Sequence[Any]],
    order: Sequence[int],
    labels: Sequence[Mapping[str, Value]],
    marks: Mapping[str, Mapping[str, Any]],
    base: str,
    columns: Sequence[Column],
) -> pd.DataFrame:
    """A frame of these columns, a row a cell.

    Parameters
    ----------
    table:
        The columns of the log (see `sources`), all of the same length.
    order:
        Where each cell's run stands in the table.
    labels:
        What the sweep says of each cell.
    marks:
        What the user says, by digest.
    base:
        What leads from the current folder to the workspace's.
    columns:
        Which.
    """
    series: dict[str, pd.Series[Any]] = {}
    for column in columns:
        if column.source == "picture":
            values: Sequence[Any] = [base + path if path else None for path in table["picture"]]
        elif column.source == "parameter":
            values = [row[column.name] for row in table["parameters"]]
        elif column.source == "mark":
            digests = table["digest"] if marks else ()
            values = [marks[digest][column.name] if digest in marks else None for digest in digests]
            values = values or [None] * len(table["digest"])
        else:
            values = table[column.source]
        if column.convert is not None:
            values = [None if value is None else column.convert(value) for value in values]
        series[column.name] = _moments(values) if column.dtype == _MOMENT else _series(values, column.dtype)
    # Columns are made in the table's order, in which its rows lie beside each other in memory, and ordered at last.
    frame = pd.DataFrame(series).take(order)
    frame.index = pd.RangeIndex(len(frame))
    for name, label in _label_columns(labels).items():
        frame.insert(list(frame.columns).index("image"), name, label)
    return frame


def _series(values: Sequence[Any], dtype: str) -> pd.Series[Any]:
    """A column; one in which all is the same is made of that one value, which is many times faster."""
    if values and len(set(values)) == 1:
        return pd.Series(values[0], index=range(len(values)), dtype=dtype)
    return pd.Series(values, dtype=dtype)


def _moments(seconds: Sequence[float | None]) -> pd.Series[Any]:
    """Seconds since 1970 as moments in UTC."""
    moments = pd.to_datetime(pd.array(list(seconds), dtype="Float64"), unit="s", utc=True)
    return pd.Series(moments.as_unit("us"))


def _label_columns(labels: Sequence[Mapping[str, Value]]) -> dict[str, pd.Series[Any]]:
    names = dict.fromkeys(name for entry in labels if entry for name in entry)
    columns: dict[str, pd.Series[Any]] = {}
    for name in names:
        values = [entry.get(name) for entry in labels]
        numeric = all(isinstance(value, int | float) for value in values)
        columns[name] = pd.Series(values) if numeric else pd.Series(values, dtype="string")
    return columns


def sweeps_frame(sweeps: Sequence[LoggedSweep]) -> pd.DataFrame:
    """The sweeps of a log: name, date, axes, cells, done, paid."""
    return pd.DataFrame(
        {
            "name": pd.Series([s.title or s.name for s in sweeps], dtype="string"),
            "created_at": _moments([s.created_at for s in sweeps]),
            "axes": pd.Series(
                [" × ".join(f"{len(v)} {n}" for n, v in s.axes.items()) for s in sweeps], dtype="string"
            ),
            "cells": pd.Series([s.cells for s in sweeps], dtype="Int64"),
            "done": pd.Series([s.done for s in sweeps], dtype="Int64"),
            "paid_usd": pd.Series([s.paid for s in sweeps], dtype="Float64"),
        }
    )


def limits_frame(limits: Sequence[tuple[float, str, float, str]]) -> pd.DataFrame:
    """Changes of what a service is taken to allow: when, what, the new value, why."""
    at, what, value, why = zip(*limits, strict=True) if limits else ((), (), (), ())
    return pd.DataFrame(
        {
            "at": _moments(at),
            "what": pd.Series(what, dtype="string"),
            "value": pd.Series(value, dtype="Float64"),
            "why": pd.Series(why, dtype="string"),
        }
    )


def votes_frame(votes: Sequence[tuple[float, LoggedVote]], digests: Container[str]) -> pd.DataFrame:
    """Votes between runs: when, by whom, along which axis, the two runs, the outcome."""
    kept = [(at, vote) for at, vote in votes if vote.left in digests and vote.right in digests]
    columns: dict[str, pd.Series[Any]] = {"at": _moments([at for at, _ in kept])}
    for name in LoggedVote._fields:
        values = [getattr(vote, name) for _, vote in kept]
        columns[name] = pd.Series(
            [value[:RUN_DIGITS] for value in values] if name in ("left", "right") else values, dtype="string"
        )
    return pd.DataFrame(columns)


def reached_from_here(path: Path) -> str:
    """A file's path relative to the current folder, with forward slashes; absolute where there is no such path."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()
