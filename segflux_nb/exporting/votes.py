"""What votes say, in a report: a sentence and a table for each axis, or several axes, that were judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd

from ..markup import Template, count
from ..values import is_missing

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_PLACES = 200
"""The most rows of a ranking in a report."""

_VOTES = Template("""\
<h2>What the votes say</h2>
{% for one in rankings %}
<h3>{{ one.axes }}</h3>
<p>{{ one.sentence }}</p>
{% if one.rows %}
<div class="scroll"><table class="runs">
<thead><tr>{% for name in one.columns %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in one.rows %}
<tr>{% for label in row %}<td>{{ label }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
{% endif %}
{% if one.missing %}
<p class="note">{{ one.missing }} more rows are not shown.</p>
{% endif %}
{% endfor %}
<p class="note">{{ votes }} by {{ raters }}, all in votes.csv. Scores are log odds against the mean of all.</p>
""")


@dataclass(frozen=True)
class RankedVotes:
    """What votes say about an axis, or about several together.

    Attributes
    ----------
    axes:
        The names of the axes.
    sentence:
        What the votes say, or why nothing can be said.
    scores:
        A row for each value or place, the best first; empty where nothing can be said.
    """

    axes: str
    sentence: str
    scores: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True)
class ExportedVotes:
    """The votes of an export.

    Attributes
    ----------
    frame:
        All votes, as `Runs.votes`.
    rankings:
        What they say.
    """

    frame: pd.DataFrame
    rankings: Sequence[RankedVotes]

    def html(self) -> Markup:
        """The part of a report."""
        return _VOTES.render(
            rankings=[_shown(one) for one in self.rankings],
            votes=count(len(self.frame), "vote"),
            raters=count(self.frame["rater"].nunique(), "rater"),
        )


def _shown(ranked: RankedVotes) -> dict[str, Any]:
    rows = ranked.scores.head(MOST_PLACES)
    missing = len(ranked.scores) - len(rows)
    return {
        "axes": ranked.axes,
        "sentence": ranked.sentence,
        "columns": list(ranked.scores.columns),
        "rows": [[_label(name, value) for name, value in row.items()] for row in rows.to_dict("records")],
        "missing": f"{missing:,}" if missing else "",
    }


def _label(name: Any, value: Any) -> str:
    if is_missing(value):
        return "–"
    if name == "won":
        return f"{100 * value:.0f} %"
    return f"{value:.2f}" if name in ("score", "low", "high") else str(value)
