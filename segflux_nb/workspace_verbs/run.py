"""``ws.run(sweep)``: run a sweep and wait for it."""

from __future__ import annotations

from ..runs import Runs
from ..session import Session
from ..sweep.sweep import Sweep


def run(
    ws: Session,
    sweep: Sweep | Runs,
    *,
    name: str | None = None,
    max_cost: float | None = None,
    again: bool = False,
    resubmit_unknown: bool = False,
) -> Runs:
    """Run a sweep and wait for it, with live progress.

    What is logged is not paid for again, what was cut off is resumed, equal cells run once, and a cell that fails
    does not stop the others. Without credits, over the cap or without a connection, it returns what is done, and
    `Runs.stopped` says why and how to continue.

    Parameters
    ----------
    sweep:
        What to run: a sweep, or runs, which stand for the sweep of their cells.
    name:
        What the log calls it, and the title of its sheets.
    max_cost:
        US dollars that this call may spend. On the hosted service 10 (or ``SEGFLUX_MAX_COST``) unless given;
        ``math.inf`` lifts it.
    again:
        Pay for another take of every cell, and keep both.
    resubmit_unknown:
        Submit again what may have been accepted already, at the risk of paying twice.

    Raises
    ------
    SweepInterrupted
        On an interrupt. What is done is kept, and the next call continues.
    MissingKey, SweepError
        Before anything is sent.

    Example
    -------
    ``runs = ws.run(sweep, name="first look", max_cost=2)``
    """
    live = ws._launcher.start(sweep, name=name, max_cost=max_cost, again=again, resubmit_unknown=resubmit_unknown)
    return live.wait_or_interrupt()
