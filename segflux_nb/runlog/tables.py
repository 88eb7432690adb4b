"""Small frames of the log: sweeps, learned limits, marks of all raters, votes."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..markup import axes_text
from ..sweep.request import RUN_DIGITS
from .columns import columns_of
from .frame import converted, dtype_of, moments
from .rows import LoggedSweep, LoggedVote

if TYPE_CHECKING:
    from .records import MarkRecord


def sweeps_frame(sweeps: Sequence[LoggedSweep]) -> pd.DataFrame:
    """The sweeps of a log: name, date, axes, cells, done, paid."""
    return pd.DataFrame(
        {
            "name": pd.Series([s.title or s.name for s in sweeps], dtype="string"),
            "created_at": moments([s.created_at for s in sweeps]),
            "axes": pd.Series([axes_text(s.axes, s.cells) for s in sweeps], dtype="string"),
            "cells": pd.Series([s.cells for s in sweeps], dtype="Int64"),
            "done": pd.Series([s.done for s in sweeps], dtype="Int64"),
            "paid_usd": pd.Series([s.paid for s in sweeps], dtype="Float64"),
        }
    )


def limits_frame(limits: Sequence[tuple[float, str, float, str]]) -> pd.DataFrame:
    """The limits of a service as they were learned: when, which limit, its new value, why."""
    at, what, value, why = zip(*limits, strict=True) if limits else ((), (), (), ())
    return pd.DataFrame(
        {
            "at": moments(at),
            "what": pd.Series(what, dtype="string"),
            "value": pd.Series(value, dtype="Float64"),
            "why": pd.Series(why, dtype="string"),
        }
    )


def marks_frame(marks: Iterable[MarkRecord], digests: Iterable[str]) -> pd.DataFrame:
    """What raters say about runs, a row for each run and rater.

    Parameters
    ----------
    marks:
        All marks.
    digests:
        The runs, in order; marks of other runs are left out.
    """
    place = {digest: at for at, digest in enumerate(dict.fromkeys(digests))}
    kept = sorted((one for one in marks if one.digest in place), key=lambda one: (place[one.digest], one.marked_at))
    columns: dict[str, pd.Series[Any]] = {
        "run": pd.Series([one.digest[:RUN_DIGITS] for one in kept], dtype="string"),
        "rater": pd.Series([one.rater for one in kept], dtype="string"),
    }
    for column in columns_of("marks"):
        values = converted(column, [getattr(one, column.name) for one in kept])
        columns[column.name] = pd.Series(values, dtype=dtype_of(column))
    return pd.DataFrame({**columns, "marked_at": moments([one.marked_at for one in kept])})


def votes_frame(votes: Sequence[tuple[float, LoggedVote]], digests: Container[str]) -> pd.DataFrame:
    """Votes between runs: when, by which rater, along which axis, the two runs, the outcome.

    Parameters
    ----------
    votes:
        All votes, each with its time.
    digests:
        The runs; votes on other runs are left out.
    """
    kept = [(at, vote) for at, vote in votes if vote.left in digests and vote.right in digests]
    columns: dict[str, pd.Series[Any]] = {"at": moments([at for at, _ in kept])}
    for name in LoggedVote._fields:
        values = [getattr(vote, name) for _, vote in kept]
        columns[name] = pd.Series(
            [value[:RUN_DIGITS] for value in values] if name in ("left", "right") else values, dtype="string"
        )
    return pd.DataFrame(columns)
