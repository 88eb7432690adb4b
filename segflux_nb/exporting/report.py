"""A report of a sweep as one HTML file: its sheet or a gallery, and its table. It needs no other file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..markup import Template, count, plain
from ..sheets.frame_view import MORE, FrameView
from ..sheets.html import standalone
from ..sheets.pivot import arrange
from ..version import __version__
from ..widgets.gallery_page import gallery_part
from ..widgets.gallery_state import gallery_state

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_ROWS = 5000
"""The most rows of a table in a report. The exported tables have all."""

_TABLE = Template("""\
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


def report(view: FrameView, *, title: str = "") -> str:
    """The HTML of a report. Its sheet shows all axes: those after the second as grids.

    Parameters
    ----------
    view:
        The frame.
    title:
        The title of the document; "Sweep" if left out.
    """
    table = _table(view)
    axes = view.varying_axes
    cols, rows = (*axes, None, None)[:2]
    # The gallery finds its pictures in the sheet, so that the sheet has all of them.
    layout = arrange(view, cols=cols, rows=rows, by=axes[2:] or None, title=title, most_beside=len(view))
    gallery = gallery_state(view, cols=cols, rows=rows, by=axes[2] if len(axes) > 2 else None, title=title)
    return standalone([layout], title=title or "Sweep", body=table, gallery=gallery_part(gallery, view))


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
        version=__version__,
    )
