"""``runs.gallery()``: the interactive gallery."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..selection import Selection
from .mark import mark

if TYPE_CHECKING:
    from ..widgets.gallery import Gallery


def gallery(runs: Selection, *, cols: str | None = None, rows: str | None = None, by: str | None = None) -> Gallery:
    """The runs as an interactive gallery. Marks that you set in it are on disk at once.

    Parameters
    ----------
    cols:
        The axis of the columns at first; it can be changed in the gallery.
    rows:
        The axis of the rows at first.
    by:
        The outer axis at first.

    Example
    -------
    ``runs.gallery(cols="lora_strength", rows="seed")``
    """
    from ..widgets.gallery import Gallery

    return Gallery(runs._frame_to_show, cols=cols, rows=rows, by=by, title=runs.title, on_mark=partial(mark, runs))
