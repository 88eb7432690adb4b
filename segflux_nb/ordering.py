"""Orders: sweeps that are submitted for workers. Who submits agrees to what may be paid; who works only keeps to it.

A submit chooses the runs that fit under the limit, once and for all workers together, and enters them in the log with
their estimates. A worker pays for these runs and for no others, and for each of them once, as every process does. So
the limit holds however many workers there are and however often they are killed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from .caps import price_of
from .connection import ServiceConnection
from .errors import SweepError
from .launcher import Launcher, title_of
from .lifecycle import HELD_KINDS, Disposition, State, disposition, is_asked_again
from .live import LiveRun
from .markup import count
from .model import SIMULATOR, model_of
from .runlog.orders import Order
from .runlog.rows import LoggedRun, RunState
from .running.policy.budget import Budget
from .running.policy.order import readable_first
from .runs import Runs, as_sweep
from .source import Cell
from .sweep.request import Request
from .sweep.sweep import Sweep

_PAID = frozenset(State) - {State.PLANNED, State.FAILED, State.REFUSED}
"""In these states a run is paid for, or may be."""


@dataclass(frozen=True)
class SubmittedSweep:
    """A sweep that was submitted for workers. `print` shows it in a sentence.

    Attributes
    ----------
    name:
        What the log calls it.
    digests:
        The runs that workers make, in the order in which they begin with them. They are without a picture yet.
    cost:
        US dollars for these runs by the estimate; 0 on the simulator, None if unknown.
    added:
        How many of them were not submitted before.
    logged:
        How many pictures of the sweep are in the log already.
    beyond:
        How many cells do not fit under the limit, and are made by nobody.
    held:
        How many cells failed in a way that would only repeat: `Runs.retry_failed` tries them again.
    max_cost:
        US dollars that workers may spend on the sweep in all; None for no limit.
    """

    name: str
    digests: tuple[str, ...]
    cost: float | None
    added: int
    logged: int = 0
    beyond: int = 0
    held: int = 0
    max_cost: float | None = None

    def __repr__(self) -> str:
        return f"SubmittedSweep({self.name!r})"

    def __str__(self) -> str:
        price = ", price unknown" if self.cost is None else f", about ${self.cost:,.2f}" if self.cost else ""
        new = "" if self.added == len(self.digests) else f" ({self.added:,} new)"
        lines = [f"{self.name}: {count(len(self.digests), 'run')} for workers{new}{price}; {self.logged:,} logged"]
        if self.beyond:
            lines.append(
                f"{count(self.beyond, 'more run')} would cost more than max_cost={self.max_cost:.2f} in all, and"
                " nobody makes them. To add them, submit the sweep again with a higher max_cost"
            )
        if self.held:
            lines.append(f"{count(self.held, 'run')} failed before and would only fail again: runs.retry_failed()")
        return "\n".join(lines)


@dataclass(frozen=True)
class OpenOrder:
    """An order that has runs to make.

    Attributes
    ----------
    order:
        The order.
    runs:
        Its runs that are not complete yet.
    number:
        How many runs the order has in all.
    budget:
        What may still be spent on it; None for no limit.
    """

    order: Order
    runs: tuple[LoggedRun, ...]
    number: int
    budget: float | None


class Ordering:
    """Submits sweeps for workers, and starts what was submitted.

    Parameters
    ----------
    launcher:
        Plans and starts sweeps.
    connection:
        The service.
    """

    def __init__(self, launcher: Launcher, connection: ServiceConnection) -> None:
        self._launcher = launcher
        self._connection = connection

    def submit(
        self, given: Sweep | Runs, *, name: str | None, max_cost: float | None, price: float | None
    ) -> SubmittedSweep:
        """Enter a sweep in the log, for workers. Nothing is sent.

        Parameters
        ----------
        given:
            The sweep, or runs, which stand for the sweep of their cells.
        name:
            The title of the sweep in the log.
        max_cost:
            US dollars that workers may spend on it in all; see `Workspace.submit`.
        price:
            US dollars for one picture, as the user says.

        Raises
        ------
        SweepError
            If it is not possible, or no price is known for what a limit is set.
        """
        launcher = self._launcher
        if not launcher.submits:
            raise SweepError(
                "A bundle is replayed here, and nothing is sent in a replay",
                remedy="Open the workspace whose workers are to run the sweep",
            )
        sweep = launcher.checked(as_sweep(given))
        cap, said = launcher.cap(max_cost), price_of(price)
        title = title_of(name)
        self._connection.confirm_name()
        earlier = self._earlier(sweep)
        if earlier is not None:  # what is left out stays as it was agreed
            cap = earlier.max_cost if max_cost is None else cap
            said = earlier.price if said is None else said
        cells = list(sweep)
        budget = launcher.budget(cap, cells, said)
        check = partial(self._check, budget=budget)
        number, logged, _ = launcher.planner.enter(sweep, title, cells, cells, check)
        orders = launcher.source.log.orders
        before = orders.costs(number)
        unique = {cell.digest: cell for cell in cells}
        ordered = readable_first(list(unique.values()))
        done = {digest for digest, run in logged.items() if run.state is State.COMPLETED}
        held = {digest for digest in unique if _is_held(logged.get(digest))}
        # What was agreed to before keeps its price, and counts for good: a further submit of the same adds nothing.
        costs = {digest: cost for digest, cost in before.items() if digest in done or digest not in unique}
        left, beyond, total = [], 0, sum(cost or 0.0 for cost in costs.values())
        for cell in ordered:
            if cell.digest in done or cell.digest in held:
                continue
            cost = before[cell.digest] if cell.digest in before else _estimate(cell, budget)
            total += cost or 0.0
            if cap is not None and total > cap + 1e-9:
                beyond += 1
                continue
            costs[cell.digest] = cost
            left.append(cell.digest)
        orders.enter(number, cap, said, costs)
        prices = [costs[digest] for digest in left]
        is_free = self._connection.service == SIMULATOR and said is None
        return SubmittedSweep(
            title or sweep.name,
            tuple(left),
            0.0 if is_free else None if None in prices else sum(price or 0.0 for price in prices),
            sum(digest not in before for digest in left),
            len(done & unique.keys()),
            beyond,
            len(held),
            cap,
        )

    def _earlier(self, sweep: Sweep) -> Order | None:
        """The order of a sweep; None where it was not submitted."""
        log = self._launcher.source.log
        found = log.sweeps.find(identity=sweep.identity)
        return None if found is None else next((one for one in log.orders.all() if one.sweep == found.number), None)

    def _check(self, requests: Sequence[Request], budget: Budget) -> None:
        """Refuse what the service would not take, and a limit for what has no known price.

        Parameters
        ----------
        requests:
            What would be paid for.
        budget:
            The limit, and the prices.
        """
        self._launcher.check(requests, by_others=True)
        unknown = sum(_estimate(request, budget) is None for request in requests)
        if budget.cap is not None and unknown:
            raise SweepError(
                f"The price of {count(unknown, 'run')} is unknown, and workers may spend ${budget.cap:,.2f}",
                money="nothing was billed",
                remedy="Say what one picture costs, in US dollars: ws.submit(sweep, price=0.05)",
            )

    def stands(self, order: Order) -> bool:
        """Whether an order is still as it was."""
        return order in self._launcher.source.log.orders.all()

    def open(self, *, now: float) -> list[OpenOrder]:
        """The orders that have runs to make or to collect, the first one first.

        Parameters
        ----------
        now:
            The time, in seconds since 1970 UTC.
        """
        log = self._launcher.source.log
        found = []
        unfinished = log.orders.unfinished()
        for order in log.orders.all():
            if order.sweep in unfinished:
                costs = log.orders.costs(order.sweep)
                logged = log.runs.read(costs)
                runs = tuple(run for run in logged.values() if _is_to_do(run, now))
                if runs:
                    found.append(OpenOrder(order, runs, len(costs), _left(order, logged, costs)))
        return found

    def start(self, found: OpenOrder) -> LiveRun:
        """Start the runs of an order.

        Parameters
        ----------
        found:
            The order, as `open` found it.

        Raises
        ------
        MissingKey, SweepError
            Before anything is sent.
        """
        launcher, order = self._launcher, found.order
        self._connection.confirm_name()
        requests = [run.request for run in found.runs]
        launcher.check(requests)
        costs = launcher.source.log.orders.costs(order.sweep)
        known = launcher.budget(found.budget, requests, order.price)
        budget = Budget(known.cap, price=known.price, costs=known.costs, agreed=costs, is_free=known.is_free)
        cells: list[Cell] = [(run.digest, {}) for run in found.runs]
        return launcher.follow(requests, Runs(launcher.source, cells, {}, name=order.name), budget)


def _is_held(run: RunState | LoggedRun | None) -> bool:
    """Whether a run failed in a way that would only repeat."""
    return run is not None and run.state in (State.FAILED, State.REFUSED) and run.error_kind in HELD_KINDS


def _is_to_do(run: LoggedRun, now: float) -> bool:
    """Whether a worker submits, collects or looks up a run.

    Parameters
    ----------
    run:
        The run.
    now:
        The time, in seconds since 1970 UTC.
    """
    asked_again = is_asked_again(run.submitted_at, now)
    return run.state is State.UNKNOWN or (
        disposition(run.state, run.error_kind, asked_again=asked_again) in (Disposition.SUBMIT, Disposition.IN_FLIGHT)
    )


def _estimate(request: Request, budget: Budget) -> float | None:
    """What a run costs, in US dollars; None where that is unknown.

    Parameters
    ----------
    request:
        What is asked for.
    budget:
        What is known of prices.
    """
    evaluations = model_of(request.model).evaluations(request.parameters)
    return budget.estimate(request.digest, budget.costs.get(request.model), evaluations)


def _left(order: Order, logged: Mapping[str, LoggedRun], costs: Mapping[str, float | None]) -> float | None:
    """What may still be spent on an order, in US dollars; None for no limit.

    Parameters
    ----------
    order:
        The order.
    logged:
        Its runs.
    costs:
        Their estimates.
    """
    if order.max_cost is None:
        return None
    paid = (
        costs.get(run.digest) or 0.0 if run.cost_usd is None else run.cost_usd
        for run in logged.values()
        if run.state in _PAID
    )
    return max(0.0, order.max_cost - sum(paid))
