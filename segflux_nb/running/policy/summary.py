"""What a sweep took, beside the least it could have taken. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, compress
from typing import Any

from ...markup import Template, count

REQUESTS = 3
"""Requests that a picture needs besides its polls: submit, result, picture."""

_TIMES = ("accepted_at", "submitted_at", "detected_at", "completed_at", "render_seconds")

_TABLE = Template("""\
<table>
{% if note %}
<caption style='caption-side:bottom; text-align:left'>{{ note }}</caption>
{% endif %}
<tr><th></th><th scope='col'>was</th><th scope='col'>optimum</th></tr>
{% for name, value, optimum in rows %}
<tr>
<th scope='row' style='text-align:left'>{{ name }}</th>
<td style='text-align:right'>{{ value }}</td>
<td style='text-align:right'>{{ optimum }}</td>
</tr>
{% endfor %}
</table>""")


@dataclass(frozen=True)
class Figure:
    """One figure of a summary.

    Attributes
    ----------
    name:
        What it measures, with its unit.
    value:
        What it was.
    optimum:
        A bound: no less, or no more, was possible. None where there is none.
    form:
        The format of value and optimum.
    """

    name: str
    value: float
    optimum: float | None = None
    form: str = "{:,.2f}"

    @property
    def texts(self) -> tuple[str, str, str]:
        """Name, value and optimum as text."""
        return self.name, self.form.format(self.value), "" if self.optimum is None else self.form.format(self.optimum)


@dataclass(frozen=True)
class Summary:
    """Figures of runs, each beside its optimum; `print` it to read it.

    Its representation is the same on every execution, because time and money change.

    Attributes
    ----------
    runs:
        How many runs there are.
    figures:
        The figures: pictures, seconds, requests and polls a picture, mean lag, US dollars.
    note:
        What to know of the figures, in a sentence; empty where there is nothing.
    """

    runs: int
    figures: Sequence[Figure] = field(default=(), repr=False)
    note: str = field(default="", repr=False)

    def __repr__(self) -> str:
        return f"Summary({count(self.runs, 'run')})"

    def __str__(self) -> str:
        rows = [("", "was", "optimum"), *(figure.texts for figure in self.figures)]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        lines = (
            f"{name:<{widths[0]}}  {value:>{widths[1]}}  {optimum:>{widths[2]}}".rstrip()
            for name, value, optimum in rows
        )
        return "\n".join([*lines, *([self.note] if self.note else [])])

    def html(self) -> str:
        """The figures as an HTML table."""
        return str(_TABLE.render(rows=[figure.texts for figure in self.figures], note=self.note))


COLUMNS = ("picture", "cost_usd", *_TIMES, "queue_seconds", "attempts", "polls")
"""The columns of the log that a summary is made of."""


def summarise(runs: Mapping[str, Sequence[Any]]) -> Summary:
    """The figures of runs, each with a bound that no client can pass.

    Seconds: the work of the service, shared by as many jobs at a time as there were, and no less than the longest
    job. Polls and lag: one poll for each picture, at the moment when it is done. Money: the price of the pictures
    that are there.

    Parameters
    ----------
    runs:
        `COLUMNS` of the runs, by name.
    """
    is_done = [picture is not None for picture in runs["picture"]]
    figures = [Figure("pictures", sum(is_done), len(is_done), "{:,.0f}")]
    is_timed = [
        done and None not in times and times[-1] > 0
        for done, times in zip(is_done, zip(*(runs[name] for name in _TIMES), strict=True), strict=True)
    ]
    if any(is_timed):
        figures += _times({name: list(compress(runs[name], is_timed)) for name in COLUMNS})
    paid = [cost for cost in runs["cost_usd"] if cost is not None]
    if paid:
        kept = sum(cost or 0.0 for cost in compress(runs["cost_usd"], is_done))
        figures.append(Figure("US dollars", sum(paid), kept, "{:,.2f}"))
    return Summary(len(is_done), figures)


def _times(runs: Mapping[str, Sequence[Any]]) -> list[Figure]:
    submitted, ended = runs["submitted_at"], runs["completed_at"]
    service = [
        (queue or 0.0) + render for queue, render in zip(runs["queue_seconds"], runs["render_seconds"], strict=True)
    ]
    lags = [
        max(0.0, seen - began - took)
        for seen, began, took in zip(runs["detected_at"], runs["accepted_at"], service, strict=True)
    ]
    wall = max(ended) - min(submitted)
    # A job ran no longer than from its submit to its picture, whatever the service says.
    within = [(began, max(began, end)) for began, end in zip(submitted, ended, strict=True)]
    took = [min(said, end - began) for said, (began, end) in zip(service, within, strict=True)]
    least = min(wall, max(*took, sum(took) / _most_at_once(within)))
    polls = [number or 0 for number in runs["polls"]]
    needed = sum(min(1, number) for number in polls) / len(polls)
    requests = (sum(runs["attempts"]) + sum(polls)) / len(polls) + REQUESTS - 1
    return [
        Figure("seconds", wall, least, "{:,.1f}"),
        Figure("requests a picture", requests, min(requests, REQUESTS + needed)),
        Figure("polls a picture", sum(polls) / len(polls), needed),
        Figure("mean lag, seconds", sum(lags) / len(lags), 0.0, "{:,.3f}"),
    ]


def _most_at_once(intervals: Sequence[tuple[float, float]]) -> int:
    """How many intervals overlap at most, at least one."""
    changes = sorted([(began, 1) for began, _ in intervals] + [(ended, -1) for _, ended in intervals])
    return max(1, *accumulate(change for _, change in changes))
