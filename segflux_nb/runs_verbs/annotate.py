"""``runs.annotate(...)``: own columns, such as scores and tags, joined to runs and kept in the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from ..selection import Selection

if TYPE_CHECKING:
    import pandas as pd

SelectionT = TypeVar("SelectionT", bound=Selection)


def annotate(
    runs: SelectionT, table: pd.DataFrame, *, by: str | Sequence[str] | None = None, skip_unknown: bool = False
) -> SelectionT:
    """Join own columns to the runs, such as the scores of a CSV file or tags. They are kept in the log.

    The columns are in `df` from now on, behind ours. A row of the table is about all runs that have its values: give
    a ``run`` column, or parameters. What the table says again of our own columns must be what the log says. A missing
    value leaves what there was. Nothing is kept if something is wrong.

    Parameters
    ----------
    table:
        A pandas frame. What tells the runs may be in its index.
    by:
        The columns that tell which runs a row is about: ``run``, or parameters, placeholders and labels. Left out,
        ``run`` if there is one, else all parameters and placeholders that are columns of the table.
    skip_unknown:
        Whether to leave out rows that are about none of these runs. Otherwise they are an error.

    Raises
    ------
    RunError
        If the table has no column to join by or no column of its own, a row is about no run, two rows are about the
        same runs, or a value is of a kind that the log cannot keep.

    Example
    -------
    ``runs.annotate(pandas.read_csv("scores.csv"))``, and then ``runs.sheet(border="clip_score")``
    """
    from .annotating import joined

    runs.source.log.annotations.set(joined(runs, table, by, skip_unknown=skip_unknown))
    return runs
