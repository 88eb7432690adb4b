"""``ws.start(sweep)``: start a sweep and return at once."""

from __future__ import annotations

from collections.abc import Callable

from ..live import LiveRun
from ..runs import Runs
from ..session import Session
from ..sweep.sweep import Sweep


def start(
    ws: Session,
    sweep: Sweep | Runs,
    *,
    name: str | None = None,
    max_cost: float | None = None,
    price: float | None = None,
    first: int | None = None,
    again: bool = False,
    resubmit_unknown: bool = False,
    on_done: Callable[[Runs], object] | None = None,
) -> LiveRun:
    """Start a sweep and return at once. In a notebook its progress has a Stop button.

    Parameters
    ----------
    sweep:
        What to run: a sweep, or runs, which stand for the sweep of their cells.
    name:
        What the log calls it, and the title of its sheets.
    max_cost:
        US dollars that this call may spend, as in `run`.
    price:
        US dollars for one picture, by your own word: it decides what fits under the limit. Needed for a model whose
        price neither the log nor the catalogue knows.
    first:
        Pay for this many cells only, corners and middles of the axes first, and give the runs of these. A call
        without it pays for the others.
    again:
        Pay for another take of every cell, and keep both.
    resubmit_unknown:
        Submit again what may have been accepted already, at the risk of paying twice.
    on_done:
        Called with the runs when the sweep has ended, early or not, on a thread of its own: to send a message.

    Raises
    ------
    MissingKey, SweepError
        Before anything is sent.

    Example
    -------
    ``live = ws.start(sweep)``, and later ``runs = live.wait()``
    """
    return ws._launcher.start(
        sweep,
        name=name,
        max_cost=max_cost,
        price=price,
        first=first,
        again=again,
        resubmit_unknown=resubmit_unknown,
        on_done=on_done,
        has_stop_button=True,
    )
