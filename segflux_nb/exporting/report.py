"""A report of a sweep as one HTML file: its sheet, its table, what failed; it needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..markup import count, escape, plain
from ..sheets.html import standalone
from ..sheets.pivot import arrange
from ..sheets.values import distinct, value_labels
from ..version import __version__
from ..widgets.gallery_state import gallery_part, gallery_state

MOST_ROWS = 5000
"""A table in a page is no longer; the files beside it hold the rest."""


def report(frame: pd.DataFrame, axes: Sequence[str], *, image: str, title: str = "") -> str:
    """The page: every axis is on its sheet, those after the second as grids; a gallery where scripts run."""
    known = [name for name in axes if name in frame.columns and len(distinct(frame, name)) > 1]
    cols, rows, by = [*known[:3], None, None, None][:3]
    shown = frame if "run" in frame.columns else frame.assign(run=[str(at) for at in range(len(frame))])
    shown = shown.copy(deep=False)
    shown.attrs["segflux_axes"] = list(axes)
    layout = arrange(shown, cols=cols, rows=rows, by=known[2:] or None, axes=axes, image=image, title=title)
    gallery = gallery_part(gallery_state(shown, cols=cols, rows=rows, by=by, image=image, title=title))
    return standalone([layout], title=title or "Sweep", body=_table(frame, image), gallery=gallery)


def _table(frame: pd.DataFrame, image: str) -> str:
    """What varies, as a table; what does not, in a line."""
    names = [name for name in frame.columns if name != image]
    words = {name: value_labels(frame, name) for name in names}
    varying = [name for name in names if len(set(words[name])) > 1]
    same = [name for name in names if name not in varying and words[name][0] not in ("–", "")]
    shown = min(len(frame), MOST_ROWS)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in varying)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(words[name][at])}</td>" for name in varying) + "</tr>" for at in range(shown)
    )
    constants = " · ".join(f"{plain(name)} {words[name][0]}" for name in same)
    more = f"<p class='note'>{len(frame) - shown:,} more rows are not shown.</p>" if shown < len(frame) else ""
    return (
        f"<h2>{count(len(frame), 'run')}</h2>\n"
        f'<p class="note">The same in all: {escape(constants) or "nothing"}.</p>\n'
        f'<div class="scroll"><table class="runs"><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{rows}\n</tbody></table></div>\n"
        f'{more}<p class="note">Made by segflux_nb {escape(__version__)}.</p>'
    )
