"""A report of a sweep as one HTML file: its sheet or a gallery, and its table. It needs no other file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..markup import Template, count, plain, shorten
from ..sheets.frame_view import MORE, FrameView
from ..sheets.html import standalone_parts
from ..sheets.linked import LinkedView
from ..sheets.pivot import arrange
from ..version import __version__
from ..widgets.gallery_page import gallery_part
from ..widgets.gallery_state import gallery_state
from .votes import ExportedVotes

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_SHOWN = 1000
"""The most runs whose pictures are in a report: a browser opens no page of many hundred megabytes."""

REPORT_REST = "pictures/ and the contact sheets have all of them. Export a part for a report of its own."

MOST_OF_PROMPT = 100
"""The most characters of a prompt in the title."""

MOST_ROWS = 5000
"""The most rows of a table in a report. The exported tables have all."""

_TABLE = Template("""\
{% if left_out %}
<p class="note"><strong>{{ left_out }}</strong> {{ rest }}</p>
{% endif %}
<h2>{{ runs }}</h2>
<p class="note">The same in all: {{ constants or "nothing" }}.</p>
<div class="scroll"><table class="runs">
<thead><tr>{% for column in columns %}<th scope="col">{{ column.name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}
<tr>{% for label in row %}<td>{{ label }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% if missing %}
<p class="note">{{ missing }} more rows are not shown.</p>
{% endif %}
<p class="note">Made by segflux_nb {{ version }}.</p>
""")


def report(view: FrameView, *, title: str = "", votes: ExportedVotes | None = None) -> Iterator[str]:
    """The HTML of a report, in parts. Its sheet shows all axes: those after the second as grids.

    It has the pictures of at most `MOST_SHOWN` runs: those with marks first, then by their order. It says so itself.

    Parameters
    ----------
    view:
        The frame.
    title:
        The title of the document; the prompt if left out, or the axes where there are several.
    votes:
        The votes between the runs, or None where there are none.
    """
    body = _table(view) if votes is None else votes.html() + _table(view)
    left_out = len(view) - MOST_SHOWN
    if left_out > 0:
        view = view.rows(_shown(view))
    linked = LinkedView.of(view).view
    axes = linked.varying_axes
    cols, rows = (*axes, None, None)[:2]
    # The gallery finds its pictures in the sheet, so that the sheet has all of them.
    layout = arrange(linked, cols=cols, rows=rows, by=axes[2:] or None, title=title, most_beside=len(view))
    if left_out > 0:
        layout = replace(layout, left_out=layout.left_out + left_out)
    gallery = gallery_state(view, title=title)
    return standalone_parts([layout], title=title or _title(view), body=body, gallery=gallery_part(gallery, view))


def _title(view: FrameView) -> str:
    """What a report without a name is about: the prompt that all have, or the axes."""
    prompts = list(view.frame["prompt"].dropna().unique()) if "prompt" in view.frame.columns else []
    if len(prompts) == 1:
        return shorten(plain(str(prompts[0])), MOST_OF_PROMPT)
    return " × ".join(view.varying_axes) or "Pictures"


def not_in_report(view: FrameView) -> str:
    """The sentence that says which pictures a report does not have; empty where it has all."""
    if len(view) <= MOST_SHOWN:
        return ""
    first = "those with stars or a pick first, then " if "stars" in view or "pick" in view else ""
    return (
        f"report.html has the pictures of {MOST_SHOWN:,} of {len(view):,} runs, {first}in the order of the table; "
        f"{len(view) - MOST_SHOWN:,} are left out of it."
    )


def _shown(view: FrameView) -> list[int]:
    """The rows whose pictures are in the report: the best marked ones and, of all others, the first ones."""

    picks, stars = (view.column(name).values if name in view else [None] * len(view) for name in ("pick", "stars"))

    def marks(at: int) -> tuple[bool, float]:
        rating = stars[at]
        return picks[at] is True, float(rating) if isinstance(rating, int | float) and math.isfinite(rating) else 0.0

    return sorted(sorted(range(len(view)), key=marks, reverse=True)[:MOST_SHOWN])


def _table(view: FrameView) -> Markup:
    """What varies, as a table; what does not, in a line."""
    columns = [view.column(name) for name in view.names if name not in (view.image, MORE)]
    varying = [column for column in columns if len(set(column.labels)) > 1]
    same = [column for column in columns if column not in varying and column.labels[0] not in ("–", "")]
    rows = min(len(view), MOST_ROWS)
    return _TABLE.render(
        runs=count(len(view), "run"),
        constants=" · ".join(f"{plain(column.name)} {column.labels[0]}" for column in same),
        columns=varying,
        rows=[[column.labels[at] for column in varying] for at in range(rows)],
        missing=f"{len(view) - rows:,}" if rows < len(view) else "",
        left_out=not_in_report(view),
        rest=REPORT_REST,
        version=__version__,
    )
