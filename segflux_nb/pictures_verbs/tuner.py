"""``df.pictures.tuner(...)``: blind votes between the pictures of any frame."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis.usual_axis import usual_axis
from ..clock import SystemClock
from ..errors import PictureError, RunError, SegfluxError
from ..runs_verbs.vote import axes_named, rater_named
from ..saving import path_of
from ..sheets.frame_view import AXES_ATTRIBUTE, FrameView
from ..sweep.request import RUN_DIGITS
from ..voting.kept import KeptVotes
from ..voting.pairwise import Candidate, PairwiseComparison
from .study import Study, digest_of

if TYPE_CHECKING:
    import pandas as pd

    from ..widgets.tuner import Proposal, Tuner

RUN = "run"


def tuner(
    frame: pd.DataFrame,
    axis: str | Sequence[str] | None,
    *,
    rater: str | None = None,
    votes: str | Path | None = None,
    image: Any = None,
) -> Tuner:
    """Blind votes between the pictures of a frame, and what they say.

    Parameters
    ----------
    frame:
        The frame.
    axis:
        What is tuned: a column, or several; None for the usual one.
    rater:
        The name under which votes are kept.
    votes:
        The file in which votes are kept.
    image:
        The column of pictures; None to find it.

    Raises
    ------
    RunError
        If fewer than two values of a column have pictures.
    SegfluxError
        If the file of votes cannot be used.
    """
    from ..widgets.tuner import Tuner

    judged = [_usual(frame, image)] if axis is None else axes_named(axis)
    study = Study.of(frame, image, judged)
    for name in judged:
        study.check_axis(name)
    candidates, rows = _candidates(study, judged)
    if not candidates:
        raise RunError(
            "No row has a picture that can be read; there is nothing to compare", remedy="Choose more rows"
        )
    kept = KeptVotes(None if votes is None else path_of(votes, "votes"), SystemClock())
    comparison = PairwiseComparison.of(kept, candidates, judged, study.axes)
    shown = study.view.frame.iloc[rows].assign(**{RUN: [one.run for one in candidates]})
    shown = shown[[study.view.image, *(name for name in shown.columns if name != study.view.image)]]
    shown.attrs[AXES_ATTRIBUTE] = list(study.axes)

    def propose() -> Proposal:
        best = comparison.ranking().values
        named = ", ".join(f"{name}={value!r}" for name, value in best.items())
        raise SegfluxError(
            "These pictures are not runs, so there is nothing that could make more of them",
            remedy=f"Make pictures around {named} with the tool that made these, and read the folder again"
            if named
            else "Vote first; then make pictures around the best value with the tool that made these",
        )

    return Tuner(shown, comparison.judged, comparison, rater=rater_named(rater), propose=propose)


def _usual(frame: pd.DataFrame, image: Any) -> str:
    """The column that is tuned where none is named.

    Parameters
    ----------
    frame:
        The frame.
    image:
        The column of pictures; None to find it.
    """
    view = FrameView.of(frame, image=image)
    return usual_axis({name: view.column(name).distinct for name in view.axes or view.describing})


def _candidates(study: Study, judged: Sequence[str]) -> tuple[list[Candidate], list[int]]:
    """What can be compared, and the rows. Of rows with equal files the first one counts.

    Parameters
    ----------
    study:
        The frame.
    judged:
        The columns in which the two of a pair may differ.
    """
    candidates: dict[str, Candidate] = {}
    rows: list[int] = []
    takes: dict[tuple[Any, ...], int] = {}
    for at in study.rows:
        values = dict(zip(study.axes, study.values(at, study.axes), strict=True))
        if any(values[name] is None for name in judged):
            continue
        try:
            digest = digest_of(study.view.pictures[at])
        except PictureError:
            continue
        if digest[:RUN_DIGITS] in candidates:
            continue
        place = tuple(values.values())
        takes[place] = takes.get(place, -1) + 1
        candidates[digest[:RUN_DIGITS]] = Candidate(digest, {**values, "take": takes[place]})
        rows.append(at)
    return list(candidates.values()), rows
