"""What a sweep took, beside the least it could have taken. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from ...markup import Template, count
from ...runlog.rows import LoggedRun

REQUESTS = 3
"""Requests that a picture needs besides its polls: submit, result, picture."""

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


def summarise(runs: Sequence[LoggedRun]) -> Summary:
    """The figures of these runs, each with a bound that no client can pass.

    Seconds: the work of the service, shared by as many jobs at a time as there were, and no less than the longest
    job. Polls and lag: one poll for each picture, at the moment when it is done. Money: the price of the pictures
    that are there.
    """
    done = [run for run in runs if run.picture is not None]
    figures = [Figure("pictures", len(done), len(runs), "{:,.0f}")]
    timed = [run for run in done if _is_timed(run)]
    if timed:
        figures += _times(timed)
    paid = [run.cost_usd for run in runs if run.cost_usd is not None]
    if paid:
        kept = sum(run.cost_usd or 0.0 for run in done)
        figures.append(Figure("US dollars", sum(paid), kept, "{:,.2f}"))
    return Summary(len(runs), figures)


def _is_timed(run: LoggedRun) -> bool:
    times: list[Any] = [run.accepted_at, run.submitted_at, run.detected_at, run.completed_at, run.render_seconds]
    return None not in times and (run.render_seconds or 0) > 0


def _times(runs: Sequence[LoggedRun]) -> list[Figure]:
    submitted = [run.submitted_at or 0.0 for run in runs]
    ended = [run.completed_at or 0.0 for run in runs]
    seen = [run.detected_at or 0.0 for run in runs]
    accepted = [run.accepted_at or 0.0 for run in runs]
    service = [(run.queue_seconds or 0.0) + (run.render_seconds or 0.0) for run in runs]
    lags = [max(0.0, at - began - took) for at, began, took in zip(seen, accepted, service, strict=True)]
    wall = max(ended) - min(submitted)
    # A job ran no longer than from its submit to its picture, whatever the service says.
    within = [(began, max(began, end)) for began, end in zip(submitted, ended, strict=True)]
    took = [min(said, end - began) for said, (began, end) in zip(service, within, strict=True)]
    least = min(wall, max(*took, sum(took) / _most_at_once(within)))
    polls = [run.polls or 0 for run in runs]
    needed = sum(min(1, number) for number in polls) / len(runs)
    requests = sum(run.attempts + number for run, number in zip(runs, polls, strict=True)) / len(runs) + REQUESTS - 1
    return [
        Figure("seconds", wall, least, "{:,.1f}"),
        Figure("requests a picture", requests, min(requests, REQUESTS + needed)),
        Figure("polls a picture", sum(polls) / len(runs), needed),
        Figure("mean lag, seconds", sum(lags) / len(lags), 0.0, "{:,.3f}"),
    ]


def _most_at_once(intervals: Sequence[tuple[float, float]]) -> int:
    """How many intervals overlap at most, at least one."""
    changes = sorted([(began, 1) for began, _ in intervals] + [(ended, -1) for _, ended in intervals])
    return max(1, *accumulate(change for _, change in changes))
