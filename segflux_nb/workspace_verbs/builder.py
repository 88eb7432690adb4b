"""``ws.builder()``: a form for a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runs import Runs, as_sweep
from ..session import Session
from ..sweep.sweep import Sweep

if TYPE_CHECKING:
    from ..widgets.builder import Builder


def builder(ws: Session, sweep: Sweep | Runs | None = None) -> Builder:
    """A form for a sweep, in a notebook: ranges, the number of runs, money and time, a Run button, and the gallery.

    Parameters
    ----------
    sweep:
        What the form holds at first: a sweep, or runs, which stand for the sweep of their cells; left out, the
        defaults.

    Example
    -------
    ``builder = ws.builder()``, and later ``ws.runs(builder.sweep)``
    """
    from ..widgets.builder import Builder

    return Builder(ws._launcher, None if sweep is None else as_sweep(sweep))
