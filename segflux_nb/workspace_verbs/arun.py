"""``await ws.arun(sweep)``: run a sweep in asynchronous code."""

from __future__ import annotations

from ..runs import Runs
from ..session import Session
from ..sweep.sweep import Sweep


async def arun(
    ws: Session,
    sweep: Sweep | Runs,
    *,
    name: str | None = None,
    max_cost: float | None = None,
    again: bool = False,
    resubmit_unknown: bool = False,
) -> Runs:
    """`run` for asynchronous code. Cancelling it interrupts the sweep.

    Parameters
    ----------
    sweep:
        What to run: a sweep, or runs, which stand for the sweep of their cells.
    name:
        What the log calls it, and the title of its sheets.
    max_cost:
        US dollars that this call may spend, as in `run`.
    again:
        Pay for another take of every cell, and keep both.
    resubmit_unknown:
        Submit again what may have been accepted already, at the risk of paying twice.

    Example
    -------
    ``runs = await ws.arun(sweep)``
    """
    live = ws._launcher.start(sweep, name=name, max_cost=max_cost, again=again, resubmit_unknown=resubmit_unknown)
    return await live.result()
