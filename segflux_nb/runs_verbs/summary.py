"""``runs.summary()``: what the runs took."""

from __future__ import annotations

from typing import Any

from ..model import SIMULATOR
from ..notebook import MimeBundle, volatile_bundle
from ..running.policy.summary import COLUMNS, Summary, summarise
from ..selection import Selection

OF_THE_SIMULATOR = (
    "The simulator paints on this machine: that time is in the seconds and the lag, and not in their optimum."
)
"""A run of the hosted service has no such time."""


class RunsSummary(Summary):
    """A summary that shows itself in a notebook."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> MimeBundle:
        return volatile_bundle(repr(self), self.html())

    def _mime_(self) -> tuple[str, str]:
        """How marimo shows it."""
        return "text/html", self.html()


def summary(runs: Selection) -> Summary:
    """Pictures, seconds, requests, delays and money, each next to a bound that no client can pass; `print` it.

    Example
    -------
    ``print(runs.summary())``
    """
    note = OF_THE_SIMULATOR if runs.source.log.service == SIMULATOR else ""
    return RunsSummary(**{**vars(summarise(runs._table(*COLUMNS))), "note": note})
