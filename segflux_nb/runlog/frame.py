"""The log as DataFrames: columns declared as data."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..model import MODEL, Value
from .journal import LoggedRun, LoggedSweep

RUN_DIGITS = 12
"""So many characters of the digest name a run."""


@dataclass(frozen=True)
class Entry:
    """A run with what the sweep and the user say of it, and where its picture is reached."""

    run: LoggedRun
    labels: Mapping[str, Value]
    mark: Mapping[str, Any]
    image: str | None


@dataclass(frozen=True)
class Column:
    """One column of `Runs.df` or `Runs.log`.

    Attributes
    ----------
    name, dtype, meaning:
        What it is called, its pandas dtype, and what it says.
    value:
        From an entry to the column's value.
    stable:
        Whether request and picture alone decide it (marks aside), so that it is the same on every machine.
    """

    name: str
    dtype: str
    meaning: str
    value: Callable[[Entry], Any]
    stable: bool = True


_MOMENT = "datetime64[us, UTC]"
_DTYPES = {"text": "string", "choice": "string", "integer": "Int64", "number": "Float64"}


def _parameter(name: str) -> Callable[[Entry], Any]:
    return lambda entry: entry.run.parameters[name]


def _logged(name: str) -> Callable[[Entry], Any]:
    return lambda entry: getattr(entry.run, name)


def _marked(name: str) -> Callable[[Entry], Any]:
    return lambda entry: entry.mark.get(name)


_IDENTITY = (
    Column("run", "string", "The run: the first 12 characters of its digest.", lambda e: e.run.digest[:RUN_DIGITS]),
    Column("service", "string", "The service that made it: segmind, simulator, or an origin.", _logged("service")),
    Column("status", "string", "Where it stands; see `STATUSES`.", lambda e: e.run.state.status),
    Column("take", "Int64", "0, or the number of a repetition that was paid for on purpose.", _logged("take")),
)
_PARAMETERS = tuple(
    Column(name, _DTYPES[field.kind], field.meaning, _parameter(name)) for name, field in MODEL.parameters.items()
)
_OUTCOME = (
    Column("image", "string", "The picture's file, as reached from the current folder.", lambda e: e.image),
    Column("width", "Int64", "Pixels.", _logged("width")),
    Column("height", "Int64", "Pixels.", _logged("height")),
    Column("stars", "Int64", "Your rating, 0 to 5.", _marked("stars")),
    Column(
        "pick", "boolean", "Whether you picked it.", lambda e: None if (p := e.mark.get("pick")) is None else bool(p)
    ),
    Column("note", "string", "Your note.", _marked("note")),
    Column("error_kind", "string", "What kind of failure, or empty.", _logged("error_kind")),
    Column("error", "string", "What went wrong, in words, or empty.", _logged("error")),
)
_HISTORY = (
    Column("digest", "string", "The request's identity.", _logged("digest"), stable=True),
    Column("sha256", "string", "The digest of the picture's bytes.", _logged("sha256"), stable=True),
    Column("bytes", "Int64", "The picture's size.", _logged("bytes"), stable=True),
    Column("request_id", "string", "The service's id of the job.", _logged("request_id"), stable=False),
    Column(
        "attempts",
        "Int64",
        "Submits made for it, most of which were not accepted.",
        _logged("attempts"),
        stable=False,
    ),
    Column("polls", "Int64", "Times it was asked for.", _logged("polls"), stable=False),
    Column("cost_usd", "Float64", "What the service says it cost.", _logged("cost_usd"), stable=False),
    Column("queue_seconds", "Float64", "Seconds in the service's queue.", _logged("queue_seconds"), stable=False),
    Column("render_seconds", "Float64", "Seconds of inference.", _logged("render_seconds"), stable=False),
    *(
        Column(name, _MOMENT, meaning, _logged(name), stable=False)
        for name, meaning in (
            ("submitted_at", "When the intent to submit was written."),
            ("accepted_at", "When the service accepted it."),
            ("detected_at", "When its completion was seen."),
            ("completed_at", "When its picture was on disk."),
        )
    ),
)

DF_COLUMNS = (*_IDENTITY, *_PARAMETERS, *_OUTCOME)
"""The columns of `Runs.df`; the sweep's placeholders and labels stand between parameters and outcome."""

LOG_COLUMNS = (*DF_COLUMNS, *_HISTORY)
"""The columns of `Runs.log`."""


def build(entries: Sequence[Entry], columns: Sequence[Column]) -> pd.DataFrame:
    """A frame of these columns, a row a run, in the order of the entries."""
    series: dict[str, pd.Series[Any]] = {}
    for column in columns:
        if column is _OUTCOME[0]:
            series.update(_label_columns(entries))
        values = [column.value(entry) for entry in entries]
        series[column.name] = _moments(values) if column.dtype == _MOMENT else pd.Series(values, dtype=column.dtype)
    return pd.DataFrame(series)


def _moments(seconds: Sequence[float | None]) -> pd.Series[Any]:
    """Seconds since 1970 as moments in UTC."""
    moments = pd.to_datetime(pd.array(list(seconds), dtype="Float64"), unit="s", utc=True)
    return pd.Series(moments.as_unit("us"))


def _label_columns(entries: Sequence[Entry]) -> dict[str, pd.Series[Any]]:
    names = dict.fromkeys(name for entry in entries for name in entry.labels)
    columns: dict[str, pd.Series[Any]] = {}
    for name in names:
        values = [entry.labels.get(name) for entry in entries]
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


def reached_from_here(path: Path) -> str:
    """A file's path relative to the current folder, with forward slashes; absolute where there is no such path."""
    try:
        return Path(os.path.relpath(path)).as_posix()
    except ValueError:  # another drive
        return path.as_posix()
