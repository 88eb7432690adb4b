"""``await ws.arun(sweep)``: run a sweep in asynchronous code."""

from __future__ import annotations

from collections.abc import Callable

from ..runs import Runs
from ..session import Session
from ..sweep.sweep import Sweep


async def arun(
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

    Example
    -------
    ``runs = await ws.arun(sweep)``
    """
    live = ws._launcher.start(
        sweep,
        name=name,
        max_cost=max_cost,
        price=price,
        first=first,
        again=again,
        resubmit_unknown=resubmit_unknown,
        on_done=on_done,
    )
    return await live.result()
