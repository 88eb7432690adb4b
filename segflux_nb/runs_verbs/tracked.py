"""What trackers are told about runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import RunError
from ..runlog.columns import LOG_COLUMNS
from ..selection import Selection
from ..values import is_missing
from .texts import text_of
from .vote import comparison_of

if TYPE_CHECKING:
    from ..exporting.tracking import Study
    from ..sheets.frame_view import FrameView


@dataclass(frozen=True)
class Tracked:
    """Runs as a tracker gets them.

    Attributes
    ----------
    view:
        Their frame.
    study:
        Its groups.
    votes:
        What the votes say of each group, by its label: score, interval, how often it was judged and won.
    identity:
        A digest of which cells are exported, and how they are grouped.
    """

    view: FrameView
    study: Study
    votes: Mapping[str, Mapping[str, float]]
    identity: str


def tracked(runs: Selection, by: str | None, step: str | None) -> Tracked:
    """The runs as a tracker gets them.

    Parameters
    ----------
    runs:
        The selection.
    by:
        The axis that makes groups, as the user named it.
    step:
        The axis of the slider, as the user named it.

    Raises
    ------
    LayoutError
        If one of them is no axis, or there is no run.
    SegfluxError
        If a text holds what looks like an API key.
    """
    from ..exporting.folder import refuse_keys
    from ..exporting.tables import to_jsonl
    from ..exporting.tracking import digest_of, study_of
    from ..sheets.frame_view import FrameView

    _ = runs._frame_to_show  # raises where there is nothing to show
    view = FrameView.of(runs._frame(LOG_COLUMNS, measured=True), image="image", axes=list(runs.axes))
    refuse_keys(to_jsonl(view.frame))
    study = study_of(view, runs.axes, runs._values(), by, step)
    cells = sorted((digest, sorted(labels.items())) for digest, labels in runs.cells)
    identity = digest_of(runs.source.log.service, cells, study.by, study.step)
    return Tracked(view, study, _votes(runs, study), identity)


def _votes(runs: Selection, study: Study) -> dict[str, dict[str, float]]:
    """What the votes say of each group, by its label; nothing where the axis was not judged.

    Parameters
    ----------
    runs:
        The selection.
    study:
        The groups.
    """
    if not study.by or not len(runs.votes):
        return {}
    try:
        scores = comparison_of(runs, study.by).ranking().scores
    except RunError:  # nothing can be said of this axis: only one of its values has pictures
        return {}
    found = {}
    for row in scores.to_dict("records"):
        label = next((group.label for group in study.groups if group.value == row["value"]), None)
        if label is not None and row["judged"]:
            numbers = {f"vote_{name}": row[name] for name in ("score", "low", "high", "judged", "won")}
            found[label] = {name: float(value) for name, value in numbers.items() if not is_missing(value)}
    return found


def name_of(runs: Selection, argument: str, given: object) -> str:
    """The name that a tracker knows the study by.

    Parameters
    ----------
    runs:
        The selection.
    argument:
        The argument.
    given:
        What the user gave; None for the name of the runs.

    Raises
    ------
    RunError
        If it is no text.
    """
    text = runs.title or runs.name or runs.source.folder.name if given is None else text_of(argument, given)
    if not text.strip():
        raise RunError(f"{argument} is empty", remedy="Give a name")
    return text.strip()
