"""``ws.submit(sweep)``: hand a sweep over to workers."""

from __future__ import annotations

from ..ordering import Ordering, SubmittedSweep
from ..runs import Runs
from ..session import Session
from ..sweep.sweep import Sweep


def submit(
    ws: Session,
    sweep: Sweep | Runs,
    *,
    name: str | None = None,
    max_cost: float | None = None,
    price: float | None = None,
) -> SubmittedSweep:
    """Submit a sweep for workers, and return at once. Nothing is sent from here, and no key is needed.

    The sweep is entered in the log, and each ``segflux worker`` on this workspace runs it. Your agreement to pay is
    given here: `max_cost` holds for all workers together, for as long as the sweep takes. To submit the same again
    adds nothing. With a higher `max_cost` further cells are added, with a lower one cells that are not paid for yet
    are taken back.

    Parameters
    ----------
    sweep:
        What to run: a sweep, or runs, which stand for the sweep of their cells.
    name:
        What the log calls it, and the title of its sheets.
    max_cost:
        US dollars that workers may spend on this sweep in all. Left out, it stays as it was at the last submit; at
        the first one it is 10 on the hosted service (or ``SEGFLUX_MAX_COST``). ``math.inf`` lifts it.
    price:
        US dollars for one picture, by your own word: it decides what fits under the limit. Needed for a model whose
        price neither the log nor the catalogue knows.

    Raises
    ------
    SweepError
        If the sweep is not possible, or it has a limit and no known price.

    Example
    -------
    ``print(ws.submit(sweep, max_cost=5))``, and ``segflux worker --workspace study`` in a shell
    """
    return Ordering(ws._launcher, ws._connection).submit(sweep, name=name, max_cost=max_cost, price=price)
