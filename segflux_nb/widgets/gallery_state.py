"""The state of a gallery: what its JavaScript knows of runs and columns, and how they are laid out at first.

The gallery shows the mean difference of two pictures. Python computes it: for a page without a kernel that of all
pairs, if they are few; with a kernel that of each pair that somebody looks at. Only for other pairs does the browser
compute it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..analysis.differences import pairwise_differences
from ..lifecycle import reason_of
from ..markup import more_text, plain
from ..sheets.frame_column import text_of
from ..sheets.frame_view import FrameView
from ..sheets.grid import MOST_STARS
from ..sheets.layout import Layout
from ..sheets.pivot import arrange
from ..sheets.reading import Reader
from .assets import absolute

MOST_COMPARED = 64
"""A page holds the differences of all pairs of at most this many pictures: 2,016 numbers."""


@dataclass(frozen=True)
class GalleryState:
    """What a gallery starts with.

    Attributes
    ----------
    pictures:
        Paths, bytes or Pillow images, one for each run; None for a run without a picture.
    more:
        The further pictures of outputs that have several, of all runs one after the other.
    layout:
        The layout at first.
    traits:
        What its JavaScript knows: ``items``, ``columns``, ``view``, ``marks``, ``note``.
    """

    pictures: list[Any]
    more: list[Any]
    layout: Layout
    traits: dict[str, Any]


def gallery_state(
    view: FrameView,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | None = None,
    title: str = "",
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

    Raises
    ------
    LayoutError
        If the frame does not have these columns, or nothing to show.
    """
    layout = arrange(view, cols=cols, rows=rows, by=by, title=title)
    items, columns = _items(view)
    pictures = absolute(view.pictures)
    more: list[Any] = []
    for item, further in zip(items, view.more, strict=True):
        there = [one for one in further if one is not None]
        if further:
            item["more"] = [len(pictures) + len(more) + at for at in range(len(there))]
            item["plus"] = more_text(len(further), len(further) - len(there))
        more += there
    marks: dict[str, dict[str, Any]] = {}
    for item, mark in zip(items, _marks(view), strict=True):
        if mark:
            marks[item["run"]] = mark
    traits = {
        "items": items,
        "columns": columns,
        "view": {
            "cols": layout.columns if layout.column_labels else "",
            "rows": layout.rows,
            "by": _outer(view, layout),
        },
        "marks": marks,
        "note": view.simulated_note,
    }
    return GalleryState(pictures, absolute(more), layout, traits)


def differences_of(pictures: Sequence[Any]) -> dict[str, float]:
    """The mean differences of all pairs of pictures, by `pair_name`; of more pictures than `MOST_COMPARED`, none."""
    if len(pictures) > MOST_COMPARED:
        return {}
    reader = Reader()
    rows = pairwise_differences([reader.lab(picture) for picture in pictures])
    return {
        pair_name(one, other): round(difference, 4)
        for one, row in enumerate(rows)
        for other, difference in enumerate(row)
        if difference is not None
    }


def pair_name(one: int, other: int) -> str:
    """The name of a pair of items in the trait ``differences``, whichever of them comes first.

    Parameters
    ----------
    one, other:
        The numbers of the items.
    """
    return f"{min(one, other)}-{max(one, other)}"


def _outer(view: FrameView, layout: Layout) -> str:
    """The outer axis, where it is a column of the frame: the gallery does not show combinations of several."""
    return layout.outer if layout.outer in view else ""


def _items(view: FrameView) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the browser knows of each run, and of each column by which runs can be laid out."""
    described = [view.column(name) for name in view.describing if name != "prompt_template"]
    columns: list[dict[str, Any]] = [
        {
            "name": str(column.name),
            "values": list(dict.fromkeys(column.distinct_labels)),
            "axis": column.name in view.axes or not view.axes,
        }
        for column in described
        if column.varies and column.is_plain
    ]
    known = {name: view.column(name).values for name in ("error_kind", "error", "width") if name in view}
    by_name = {str(column.name): column for column in described}
    code_names = [name for name in (view.axes or [column["name"] for column in columns]) if name in by_name]
    items = []
    for at in range(len(view)):
        status = view.statuses[at]
        is_gone = view.pictures[at] is None and status == "completed"
        values = {name: column.values[at] for name, column in by_name.items()}
        items.append(
            {
                "run": view.row_names[at],
                "width": _pixels(known["width"][at]) if "width" in known else None,
                "status": "missing" if is_gone else status,
                "reason": plain(view.reason(at) or _why(known, at) if view.is_of_runs else view.reason(at)),
                "labels": {name: column.labels[at] for name, column in by_name.items()},
                "parameters": {name: _scalar(value) for name, value in values.items() if value is not None},
                "code": _code(view, at, {name: values[name] for name in code_names}),
            }
        )
    return items, columns


def _why(known: dict[str, tuple[Any, ...]], at: int) -> str:
    return reason_of(*(str(known[name][at] or "") if name in known else "" for name in ("error_kind", "error")))


def _code(view: FrameView, at: int, values: dict[str, Any]) -> str:
    """Python that gives the row: a run of ours by its parameters, any other by its place in the frame."""
    if view.is_of_runs:
        return f"runs.one({', '.join(f'{name}={_scalar(value)!r}' for name, value in values.items())})"
    index = view.frame.index
    label = index[at]
    if not index.is_unique or not isinstance(label, int | str):
        return f"frame.iloc[{at}]"
    return f"frame.loc[{label!r}]"


def _pixels(width: Any) -> float | None:
    """A width as a number; None for another value, such as a text."""
    is_number = isinstance(width, int | float) and not isinstance(width, bool) and 0 < width < math.inf
    return width if is_number else None


def _scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has no infinity
    return value if isinstance(value, str | int | float | bool) else text_of(value)


def _stars(value: Any) -> int:
    """A rating; 0 for what is not one, such as a text."""
    return int(value) if isinstance(value, int | float) and 0 <= value <= MOST_STARS else 0


def _marks(view: FrameView) -> list[dict[str, Any]]:
    columns = {name: view.column(name).values for name in ("stars", "pick", "note") if name in view}
    kinds: dict[str, Callable[[Any], Any]] = {"stars": _stars, "pick": bool, "note": text_of}
    return [
        {name: kinds[name](values[at]) for name, values in columns.items() if values[at] is not None}
        for at in range(len(view))
    ]
