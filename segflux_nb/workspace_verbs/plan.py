"""``ws.plan(sweep)``: what running it would do."""

from __future__ import annotations

from ..runs import Runs
from ..session import Session
from ..sweep.plan import Plan
from ..sweep.sweep import Sweep


def plan(ws: Session, sweep: Sweep | Runs) -> Plan:
    """What running a sweep would do, cost and take now; nothing is submitted, and nothing is paid.

    The hosted service is asked for the balance of the account, if there is a key. It need not answer.

    Parameters
    ----------
    sweep:
        What would be run: a sweep, or runs, which stand for the sweep of their cells.

    Example
    -------
    ``print(ws.plan(sweep))``
    """
    return ws._launcher.plan(sweep, ask_balance=True)
