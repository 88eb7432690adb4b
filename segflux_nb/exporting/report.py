"""A report of a sweep as one HTML file: its sheet, its table, what failed; it needs nothing beside it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from ..markup import count, escape, plain
from ..version import __version__
from ..viewing.arranging import arrange
from ..viewing.page import standalone
from ..viewing.values import distinct, value_labels

MOST_ROWS = 5000
"""A table in a page is no longer; the files beside it hold the rest."""


def report(frame: pd.DataFrame, axes: Sequence[str], *, image: str, title: str = "") -> str:
    """The page. Every axis is on it: those after the second as grids of their own."""
    known = [name for name in axes if name in frame.columns and len(distinct(frame, name)) > 1]
    layout = arrange(
        frame,
        cols=known[0] if known else None,
        rows=known[1] if len(known) > 1 else None,
        by=known[2:] or None,
        axes=axes,
        image=image,
        title=title,
    )
    return standalone([layout], title=title or "Sweep", body=_table(frame, image))


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
