"""The state of a gallery: what its JavaScript knows of rows and columns, and how they are laid out at first.

The gallery shows the mean difference of two pictures. Python computes it: for a page without a kernel that of all
pairs, if they are few; with a kernel that of each pair that somebody looks at. Only for other pairs does the browser
compute it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..analysis.differences import pairwise_differences
from ..lifecycle import reason_of
from ..markup import more_text, plain
from ..model import MODEL
from ..pictures.mounted import fetch_ahead
from ..sheets.axes import is_measurement
from ..sheets.frame_view import PARAMETERS_ATTRIBUTE, FrameView
from ..sheets.layout import Layout
from ..sheets.pivot import arrange
from ..sheets.reading import Reader
from .assets import absolute
from .gallery_marks import GivenMark, MarkBook, marks_of
from .gallery_messages import Coded, Selected, Table, View
from .gallery_table import NOT_SHOWN, Encoder, described, scalar, widths_column

MOST_COMPARED = 64
"""A page holds the differences of all pairs of at most this many pictures: 2,016 numbers."""

SOMEBODY = "you"
"""The rater of marks of which nobody says who made them."""


@dataclass(frozen=True)
class GalleryState:
    """What a gallery starts with.

    Attributes
    ----------
    pictures:
        Paths, bytes or Pillow images, one for each row; None for a row without a picture.
    more:
        The further pictures of outputs that have several, of all rows one after the other.
    layout:
        The layout at first.
    book:
        The marks.
    traits:
        What its JavaScript knows: ``table``, ``codes``, ``view``, ``marks``, ``rater``, ``note``.
    """

    pictures: list[Any]
    more: list[Any]
    layout: Layout
    book: MarkBook
    traits: dict[str, Any]


def gallery_state(
    view: FrameView,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | None = None,
    title: str = "",
    rater: str = SOMEBODY,
    given: Iterable[GivenMark] | None = None,
    log_columns: Iterable[str] = (),
) -> GalleryState:
    """The state of a gallery of a frame.

    Parameters
    ----------
    view:
        The runs, one in each row.
    cols:
        The column of the frame that the columns show at first.
    rows:
        The column of the frame that the rows show at first.
    by:
        The outer axis at first.
    title:
        The title of the static sheet.
    rater:
        Who rates.
    given:
        All marks; those in the frame's columns if left out.
    log_columns:
        The names of further columns of the log.

    Raises
    ------
    LayoutError
        If the frame does not have these columns, or nothing to show.
    """
    layout = arrange(view, cols=cols, rows=rows, by=by, title=title)
    table, codes, more = _table(view)
    # What these runs' models do not have is no column of theirs.
    lacking = set(MODEL.parameters) - set(view.frame.attrs.get(PARAMETERS_ATTRIBUTE, MODEL.parameters))
    table["later"] += [name for name in log_columns if name not in view and name not in {*NOT_SHOWN, *lacking}]
    book = MarkBook.of(view.row_names, marks_of(view, rater) if given is None else given)
    shown: View = {
        "cols": layout.columns if layout.column_labels else "",
        "rows": layout.rows,
        "by": _outer(view, layout),
    }
    traits = {
        "table": table,
        "codes": codes,
        "view": shown,
        "marks": book.marks,
        "rater": rater,
        "note": view.simulated_note,
    }
    return GalleryState(absolute(view.pictures), absolute(more), layout, book, traits)


def differences_of(pictures: Sequence[Any]) -> dict[str, float]:
    """The mean differences of all pairs of pictures, by `pair_name`; of more pictures than `MOST_COMPARED`, none."""
    if len(pictures) > MOST_COMPARED:
        return {}
    fetch_ahead(pictures, small=False)
    reader = Reader()
    rows = pairwise_differences([reader.lab(picture) for picture in pictures])
    return {
        pair_name(one, other): round(difference, 4)
        for one, row in enumerate(rows)
        for other, difference in enumerate(row)
        if difference is not None
    }


def pair_name(one: int, other: int) -> str:
    """The name of a pair of rows in the trait ``differences``, whichever of them comes first.

    Parameters
    ----------
    one, other:
        The numbers of the rows.
    """
    return f"{min(one, other)}-{max(one, other)}"


def later_columns(view: FrameView, names: Iterable[str]) -> Encoder:
    """Columns of a gallery that did not come with it."""
    encoder = Encoder()
    for name in names:
        encoder.add(view.column(name))
    return encoder


def _outer(view: FrameView, layout: Layout) -> str:
    """The outer axis, where it is a column of the frame: the gallery does not show combinations of several."""
    return layout.outer if layout.outer in view else ""


def _table(view: FrameView) -> tuple[Table, bytes, list[Any]]:
    """The rows by columns, the places of their values, and the further pictures of all outputs."""
    first, later = described(view)
    encoder = Encoder()
    for name in first:
        column = view.column(name)
        lays_out = column.varies and column.is_plain
        axis = name in view.axes or not (view.axes or is_measurement(column))
        encoder.add(column, axis=axis and lays_out, lays_out=lays_out)
    columns = list(encoder.columns)
    widths = view.column("width").values if "width" in view else (None,) * len(view)
    coded_widths = encoder.add(widths_column(widths))
    more: list[Any] = []
    numbers: dict[str, list[int]] = {}
    plus: dict[str, str] = {}
    for at, further in enumerate(view.more):
        there = [one for one in further if one is not None]
        if further:
            numbers[str(at)] = [len(view) + len(more) + place for place in range(len(there))]
            plus[str(at)] = more_text(len(further), len(further) - len(there))
        more += there
    table: Table = {
        "number": len(view),
        "names": _joined(list(view.row_names)),
        "columns": columns,
        "widths": coded_widths,
        "troubles": _troubles(view),
        "more": numbers,
        "plus": plus,
        "select": _select(view, columns),
        "parameters": [name for name in first if name in view.parameters] if view.is_of_runs else [],
        "later": later,
    }
    return table, encoder.codes, more


def _joined(names: list[str]) -> list[str] | str:
    """The names of the rows as a message has them; see `Table`."""
    if names == [str(at) for at in range(len(names))]:
        return ""
    return names if any(set(name) & {" ", '"', "\\"} or not name for name in names) else " ".join(names)


def _troubles(view: FrameView) -> dict[str, list[str]]:
    """Status and reason of each row that is not completed."""
    known = {name: view.column(name).values for name in ("error_kind", "error") if name in view}
    found = {}
    for at, status in enumerate(view.statuses):
        is_gone = view.pictures[at] is None and status == "completed"
        if status != "completed" or is_gone or view.reason(at):
            why = view.reason(at) or (_why(known, at) if view.is_of_runs else "")
            found[str(at)] = ["missing" if is_gone else status, plain(why)]
    return found


def _why(known: dict[str, tuple[Any, ...]], at: int) -> str:
    return reason_of(*(str(known[name][at] or "") if name in known else "" for name in ("error_kind", "error")))


def _select(view: FrameView, columns: Sequence[Coded]) -> Selected:
    """How Python selects a row: a run of ours by its parameters, any other by its place in the frame."""
    if view.is_of_runs:
        known = [column["name"] for column in columns]
        varying = [column["name"] for column in columns if column["lays_out"]]
        return {"by": "one", "names": [name for name in (view.axes or varying) if name in known], "labels": []}
    labels = view.frame.index.tolist()
    if not view.frame.index.is_unique or not all(type(label) in (int, str) for label in labels):
        return {"by": "iloc", "names": [], "labels": []}
    is_counted = labels == list(range(len(labels)))
    return {"by": "loc", "names": [], "labels": [] if is_counted else [scalar(label) for label in labels]}
