"""``ws.plan(sweep)``: what running it would do."""

from __future__ import annotations

from ..errors import SweepError
from ..runs import Runs
from ..session import Session
from ..sweep.plan import Plan
from ..sweep.sweep import Sweep


def plan(ws: Session, sweep: Sweep | Runs, *, first: int | None = None, again: bool = False) -> Plan:
    """What running a sweep would do, cost and take now; nothing is submitted, and nothing is paid.

    The service is asked for the balance of the account, if there is a key or it is the simulator. It need not answer.

    Parameters
    ----------
    sweep:
        What would be run: a sweep, or runs, which stand for the sweep of their cells.
    first:
        Plan for this many cells only, as in `run`.
    again:
        Plan for another take of every cell, as in `run`.

    Raises
    ------
    SweepError
        If it is no sweep, or so large that the memory does not suffice.

    Example
    -------
    ``print(ws.plan(sweep))``
    """
    try:
        return ws._launcher.plan(sweep, ask_balance=True, first=first, again=again)
    except MemoryError:
        raise SweepError(
            f"There is not enough memory to plan {len(sweep):,} cells",
            remedy="Give fewer values, or make several sweeps",
        ) from None
