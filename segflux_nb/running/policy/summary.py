"""What a sweep took, beside the least it could have taken. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, compress
from typing import Any

from ...markup import Template, count
from .lower_bound import best_polls, greedy_seconds
from .polling import POLLS_PER_MEAN
from .service_times import ServiceTimeDistribution

REQUESTS = 3
"""Requests that a picture needs besides its polls: submit, result, picture."""

_TIMES = ("accepted_at", "submitted_at", "detected_at", "completed_at", "render_seconds")

_TABLE = Template("""\
<table>
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
        The least or most that was possible; None where there is none.
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
    """

    runs: int
    figures: Sequence[Figure] = field(default=(), repr=False)

    def __repr__(self) -> str:
        return f"Summary({count(self.runs, 'run')})"

    def __str__(self) -> str:
        rows = [("", "was", "optimum"), *(figure.texts for figure in self.figures)]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(
            f"{name:<{widths[0]}}  {value:>{widths[1]}}  {optimum:>{widths[2]}}".rstrip()
            for name, value, optimum in rows
        )

    def html(self) -> str:
        """The figures as an HTML table."""
        return str(_TABLE.render(rows=[figure.texts for figure in self.figures]))


COLUMNS = ("picture", "cost_usd", *_TIMES, "queue_seconds", "attempts", "polls")
"""The columns of the log that a summary is made of."""


def summarise(runs: Mapping[str, Sequence[Any]]) -> Summary:
    """The figures of runs.

    Each optimum is the best that was possible for these runs. Seconds: the greedy schedule of the measured times,
    with as many jobs at a time as there were. Polls and lag: the best schedule for the distribution of these times.
    Money: the price of the pictures that are there.

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
    accepted, detected = runs["accepted_at"], runs["detected_at"]
    service = [
        (queue or 0.0) + render for queue, render in zip(runs["queue_seconds"], runs["render_seconds"], strict=True)
    ]
    in_order = [seconds for _, seconds in sorted(zip(accepted, service, strict=True))]
    lags = [max(0.0, seen - began - took) for seen, began, took in zip(detected, accepted, service, strict=True)]
    distribution = ServiceTimeDistribution(service, 1.0, prior_share=0.0)
    best, least_lag = best_polls(distribution, POLLS_PER_MEAN / distribution.mean)
    polls = sum(number or 0 for number in runs["polls"])
    requests = (sum(runs["attempts"]) + polls) / len(service) + REQUESTS - 1
    wall = max(runs["completed_at"]) - min(runs["submitted_at"])
    return [
        Figure("seconds", wall, greedy_seconds(in_order, _most_at_once(accepted, detected)), "{:,.1f}"),
        Figure("requests a picture", requests, REQUESTS + best),
        Figure("polls a picture", polls / len(service), best),
        Figure("mean lag, seconds", sum(lags) / len(lags), least_lag, "{:,.3f}"),
    ]


def _most_at_once(began: Sequence[float], ended: Sequence[float]) -> int:
    """How many intervals overlap at most."""
    changes = sorted([(time, 1) for time in began] + [(time, -1) for time in ended])
    return max(accumulate(change for _, change in changes))
