"""``ws.probe(runs)``: how much the service differs from itself, and whether it is still the same model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..console import say
from ..errors import RunError, SweepError
from ..lifecycle import State
from ..markup import count
from ..model import SIMULATOR
from ..runs import Runs, as_sweep
from ..session import Session
from ..sweep.plan import Plan
from ..sweep.request import RUN_DIGITS, Request
from ..sweep.sweep import Sweep
from ..values import as_integer

if TYPE_CHECKING:
    from ..analysis.repeating import Probe
    from ..runlog.rows import LoggedRun

MOST = 100
"""The most takes that one call asks for."""


def probe(ws: Session, runs: Runs, n: int = 1, *, max_cost: float | None = None) -> Probe:
    """Repeat a cell as new takes, to measure how much the service differs from itself. It says the price first.

    `Runs.effects` and `Runs.cheapest` use all takes of a log as the measure of noise. Of these runs the one with the
    most takes is repeated, else the first one: months later, the text says whether it is still the same model, for
    example ``3 of 3 as in March 2026``, or by how much it has changed.

    Parameters
    ----------
    runs:
        The runs, one of which is repeated: ``runs.where(seed=7)`` chooses among them.
    n:
        The number of new takes.
    max_cost:
        US dollars that this call may spend, as for `Workspace.run`.

    Returns
    -------
    Probe
        Its text is a sentence; ``.apart`` has the difference of each new take from the first one.

    Raises
    ------
    RunError
        If none of these runs has a picture.
    SweepError
        If `n` is not a number of takes. Nothing is sent.

    Example
    -------
    ``ws.probe(runs, n=3, max_cost=0.2)``
    """
    number = _number(n)
    cell = _cell(ws, runs)
    sweep = Sweep.of_cells([Request(cell.parameters)], [])
    plan = ws._launcher.plan(sweep, again=number)
    say(f"Probe: {count(number, 'new take')} of run {cell.first_digest[:RUN_DIGITS]}, {_price(plan)}")
    before = {
        run.digest for run in ws._launcher.source.log.runs.takes([cell.first_digest]).get(cell.first_digest, [])
    }
    before.add(cell.first_digest)
    live = ws._launcher.start(sweep, name="probe", max_cost=max_cost, again=number)
    live.wait_or_interrupt()
    return _compared(ws, runs, cell, before)


def _number(n: object) -> int:
    """The number of takes that was asked for."""
    try:
        number = as_integer(n)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST:
        raise SweepError(f"n={n!r} is not a number of takes from 1 to {MOST}", remedy="Write n=3")
    return number


def _cell(ws: Session, runs: Runs) -> LoggedRun:
    """The run that is repeated: of those with a picture, the one with the most takes, else the first one."""
    as_sweep(runs)  # what is no runs is refused with words
    log = ws._launcher.source.log
    logged = log.runs.read([digest for digest, _ in runs.cells]) if isinstance(runs, Runs) else {}
    there = [logged[digest] for digest, _ in getattr(runs, "cells", ()) if digest in logged]
    there = [run for run in there if run.state is State.COMPLETED and run.picture is not None]
    if not there:
        raise RunError("None of these runs has a picture to repeat", remedy="Run the sweep first: ws.run(sweep)")
    takes = log.runs.takes({run.first_digest for run in there})
    return max(there, key=lambda run: len(takes.get(run.first_digest, ())))


def _price(plan: Plan) -> str:
    if plan.service == SIMULATOR:
        hosted = "" if plan.hosted_cost is None else f"; hosted about ${plan.hosted_cost:,.2f}"
        return f"free here, on the simulator{hosted}"
    return "price unknown" if plan.cost is None else f"about ${plan.cost:,.2f}"


def _compared(ws: Session, runs: Runs, cell: LoggedRun, before: set[str]) -> Probe:
    """What the new takes say, from the log."""
    import numpy as np

    from ..analysis.repeating import month_of, probed
    from ..runs_verbs.observing import with_vectors

    takes = ws._launcher.source.log.runs.takes([cell.first_digest]).get(cell.first_digest, [])
    seen = with_vectors(runs, takes)
    old = [(run, vector) for run, vector in seen if run.digest in before]
    new = [(run, vector) for run, vector in seen if run.digest not in before]
    files = {run.sha256 for run, _ in old}
    now = max((run.completed_at or 0.0 for run in takes), default=0.0)
    nothing = np.zeros((0, 3), dtype=np.float32)
    return probed(
        cell.first_digest[:RUN_DIGITS],
        np.stack([vector for _, vector in old]) if old else nothing,
        np.stack([vector for _, vector in new]) if new else nothing,
        [run.sha256 in files for run, _ in new],
        since=month_of(old[0][0].completed_at, now) if old else "before",
        missing=sum(run.digest not in before for run in takes) - len(new),
    )
