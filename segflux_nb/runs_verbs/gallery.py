"""``runs.gallery()``: the interactive gallery."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import RunError
from ..frames import one_model
from ..model import Value
from ..runlog.columns import LOG_COLUMNS
from ..selection import Selection
from ..sweep.request import RUN_DIGITS
from ..values import as_number, shown
from .mark import checked_note, checked_pick, checked_stars
from .vote import rater_named

if TYPE_CHECKING:
    import pandas as pd

    from ..widgets.gallery import Gallery
    from ..widgets.gallery_marks import GivenMark


def gallery(
    runs: Selection,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | None = None,
    title: str = "",
    rater: str | None = None,
    max_cost: float | None = None,
) -> Gallery:
    """The runs as an interactive gallery. Marks that you set in it are on disk at once.

    With ``e`` a picture's parameters can be changed there and run again: the button names the price.

    Parameters
    ----------
    cols:
        The axis of the columns at first; it can be changed in the gallery.
    rows:
        The axis of the rows at first.
    by:
        The outer axis at first.
    title:
        The title of the gallery; left out, that of the runs.
    rater:
        The name under which marks are kept; your user name on this machine if left out. It can be changed there.
    max_cost:
        US dollars that all runs started in this gallery may cost together. Without it, each start has the limit of
        `Workspace.run`; 0 starts nothing that costs anything.

    Raises
    ------
    RunError
        If the name is no text, or the limit no number.

    Example
    -------
    ``runs.gallery(cols="lora_strength", rows="seed")``
    """
    from ..widgets.gallery import Gallery, LogColumns
    from ..widgets.picture_runner import PictureRunner

    known = _Shown(runs)
    return Gallery(
        runs._frame_to_show,
        cols=cols,
        rows=rows,
        by=by,
        title=title or runs.title,
        rater=rater_named(rater),
        keeper=known,
        log=LogColumns([column.name for column in LOG_COLUMNS], lambda: known.runs.log),
        runner=PictureRunner(runs.source.launcher, known, max_cost=_dollars(max_cost)),
    )


def _dollars(value: Any) -> float | None:
    if value is None:
        return None
    try:
        dollars = as_number(value)
    except ValueError:
        dollars = -1.0
    if not dollars >= 0:
        raise RunError(f"max_cost={shown(value)} is not an amount of US dollars", remedy="Write max_cost=1.50")
    return dollars


@dataclass
class _Shown:
    """The runs that a gallery shows; those that are started there join them.

    Attributes
    ----------
    runs:
        The runs.
    """

    runs: Selection

    def request(self, run: str) -> tuple[Mapping[str, Value], Mapping[str, Value]]:
        """The parameters of a run, by its short name, and its labels."""
        digest = self.runs._digest_of(run)
        labels = next(labels for one, labels in self.runs.cells if one == digest)
        return self.runs.source.log.runs.read([digest])[digest].parameters, labels

    @property
    def slug(self) -> str:
        """The slug of the model of these runs; that of our own where they are of several."""
        return one_model(self.runs.source.log, [digest for digest, _ in self.runs.cells])

    @property
    def parameters(self) -> list[str]:
        """The names of their parameters."""
        return self.runs._parameter_names

    def add(self, runs: Selection) -> pd.DataFrame:
        """Show these runs too, and give the frame of all."""
        self.runs = self.runs + runs
        return self.runs._frame_to_show

    def read(self) -> list[GivenMark]:
        """The marks of all raters, the rater who marked last at the end."""
        from ..widgets.gallery_marks import GivenMark

        digests = {digest for digest, _ in self.runs.cells}
        found = []
        for one in sorted(self.runs.source.log.records.marks(), key=lambda one: (one.rater != "", one.marked_at)):
            if one.digest not in digests:
                continue
            pick = None if one.pick is None else bool(one.pick)
            mark: Any = {"stars": one.stars, "pick": pick, "note": one.note or None}
            given: Any = {name: value for name, value in mark.items() if value is not None}
            found.append(GivenMark(one.digest[:RUN_DIGITS], one.rater, given))
        return found

    def change(self, rater: str, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep marks, all or none.

        Parameters
        ----------
        rater:
            Who marks.
        changes:
            Marks by the short name of the run. What is None is taken away; what is left out stays.

        Raises
        ------
        RunError
            If one is not a mark.
        """
        checks: dict[str, Any] = {"stars": checked_stars, "pick": checked_pick, "note": checked_note}
        digests = {digest[:RUN_DIGITS]: digest for digest, _ in self.runs.cells}
        marks = {
            digests[run]: {name: checks[name](value) for name, value in mark.items()} for run, mark in changes.items()
        }
        self.runs.source.log.marks.change(rater, marks)
