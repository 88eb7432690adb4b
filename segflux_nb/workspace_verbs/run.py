"""``ws.run(sweep)``: run a sweep and wait for it."""

from __future__ import annotations

from collections.abc import Callable

from ..runs import Runs
from ..session import Session
from ..sweep.sweep import Sweep


def run(
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
        ``math.inf`` lifts it. On the simulator nothing is paid; a limit that is given ends the rehearsal where it
        would end the sweep on the hosted service.
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
    SweepInterrupted
        On an interrupt. What is done is kept, and the next call continues.
    MissingKey, SweepError
        Before anything is sent.

    Example
    -------
    ::

        look = ws.run(sweep, first=8)    # eight cells: a coarse sheet
        runs = ws.run(sweep, max_cost=2) # the others
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
    return live.wait_or_interrupt()
