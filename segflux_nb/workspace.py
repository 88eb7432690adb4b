"""The workspace: a folder that keeps every run and every picture, and a connection to a service."""

from __future__ import annotations

import atexit
import math
import os
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from . import loopthread
from .clock import SystemClock
from .connection import SIMULATOR, Connection
from .errors import MissingKey, SweepError, WorkspaceError
from .lifecycle import Disposition, State, disposition
from .live import STOPPED, LiveRun
from .model import MODEL, PLACEHOLDER_FINETUNE_ID, Value
from .runlog.frame import sweeps_frame
from .runlog.journal import Journal
from .running.context import StopToken
from .running.policy.budget import Budget
from .runs import Runs, Source
from .service.addresses import HOSTED
from .service.keys import WAYS, find_key
from .simulator.app import Simulator
from .sweep.plan import Plan, make_plan
from .sweep.request import Request
from .sweep.sweep import Sweep
from .widgets.progress import Progress, ProgressSource, RunSnapshot, volatile_bundle

if TYPE_CHECKING:
    import pandas as pd

    from .widgets.builder import Builder

HOSTED_CAP = 10.0
"""US dollars that one call may spend on the hosted service, unless it is told otherwise."""

TIME_SCALE = 0.02
"""How fast the workspace's own simulator runs: 22 s become 0.44 s."""


class WorkspacePlan(Plan):
    """A plan that shows itself in a notebook."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return volatile_bundle(repr(self), self.html())


class Workspace:
    """A folder that keeps every run and every picture, and a connection to a service.

    The folder is the truth: open it again, in this kernel or another, and everything is there. Opening it and
    reading the log needs neither key nor network.

    Parameters
    ----------
    path:
        The folder; made if need be.
    service:
        None for the hosted service (or what ``SEGFLUX_SERVICE`` says), ``"simulator"`` for one that keeps itself in
        the folder, a `Simulator`, or a base URL.
    api_key:
        The key of the hosted service; else the environment variable ``SEGMIND_API_KEY``, the file that
        ``segflux login`` writes, or Colab's secret of that name.
    max_in_flight:
        Jobs at the service at a time.
    max_rpm:
        Requests per minute, of all kinds and of all processes that use this workspace; None for no limit of your own.

    Raises
    ------
    WorkspaceError
        Where the folder cannot be used or the service is none.

    Example
    -------
    ::

        with Workspace("study", service="simulator") as ws:
            runs = ws.run(Sweep(prompt="TOK at dawn", finetune_id="my-id", seed=seeds(4)))
    """

    def __init__(
        self,
        path: str | Path = "segflux-runs",
        *,
        service: str | Simulator | None = None,
        api_key: str | None = None,
        max_in_flight: int = 32,
        max_rpm: int | None = None,
    ) -> None:
        _check_count("max_in_flight", max_in_flight)
        if max_rpm is not None:
            _check_count("max_rpm", max_rpm)
        self.path = Path(path).resolve()
        self._shown = str(path)
        self._max_in_flight = max_in_flight
        self._clock = SystemClock()
        self._secret = find_key(api_key)
        self._live: list[LiveRun] = []
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise WorkspaceError(
                f"The workspace {path} cannot be made: {error.strerror}", remedy="Give a folder that can be written"
            ) from None
        self._journal = Journal(self.path / "log.sqlite", self._clock)
        self._connection = self._connect(service, max_in_flight, max_rpm)
        _open_workspaces.add(self)

    def __repr__(self) -> str:
        return f"Workspace({self._shown!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # ------------------------------------------------------------------ what to do

    def plan(self, sweep: Sweep) -> Plan:
        """What running a sweep would do, cost and take now; nothing is submitted, and nothing is paid.

        The hosted service is asked for the balance of the account where there is a key; it need not answer.

        Example
        -------
        ``print(ws.plan(sweep))``
        """
        return WorkspacePlan(**vars(self._plan(list(sweep), self._connection.balance())))

    def run(
        self,
        sweep: Sweep,
        *,
        name: str | None = None,
        max_cost: float | None = None,
        again: bool = False,
        resubmit_unknown: bool = False,
    ) -> Runs:
        """Run a sweep and wait for it, with live progress.

        What is logged is not paid for again, what was cut off is resumed, equal cells run once, and a cell that fails
        does not stop the others. Out of credits, over the cap or out of reach, it returns what is done, and
        `Runs.stopped` says why and how to go on.

        Parameters
        ----------
        sweep:
            What to run.
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
            On an interrupt: what is done is kept, and the next call goes on.
        MissingKey, SweepError
            Before anything is sent.
        """
        live = self._begin(sweep, name, max_cost, again=again, resubmit_unknown=resubmit_unknown)
        return live.wait_or_interrupt()

    async def arun(
        self,
        sweep: Sweep,
        *,
        name: str | None = None,
        max_cost: float | None = None,
        again: bool = False,
        resubmit_unknown: bool = False,
    ) -> Runs:
        """`run`, for asynchronous code; cancelling it interrupts the sweep."""
        live = self._begin(sweep, name, max_cost, again=again, resubmit_unknown=resubmit_unknown)
        return await live.result()

    def start(
        self,
        sweep: Sweep,
        *,
        name: str | None = None,
        max_cost: float | None = None,
        again: bool = False,
        resubmit_unknown: bool = False,
    ) -> LiveRun:
        """Start a sweep and return at once; parameters and errors are those of `run`.

        In a notebook its progress has a Stop button, which submits nothing more and collects what is in flight.
        """
        return self._begin(
            sweep, name, max_cost, again=again, resubmit_unknown=resubmit_unknown, has_stop_button=True
        )

    def builder(self, sweep: Sweep | None = None) -> Builder:
        """A form for a sweep, in a notebook: ranges, the number of runs, money and time, Run, and the gallery.

        Parameters
        ----------
        sweep:
            What to begin with.

        Example
        -------
        ``builder = ws.builder()``, and later ``ws.runs(builder.sweep)``
        """
        from .widgets.builder import Builder

        def start(sweep: Sweep, place: Callable[[Any], None], on_end: Callable[[], None]) -> None:
            live = self._begin(
                sweep, None, None, again=False, resubmit_unknown=False, has_stop_button=True, place=place
            )
            live.when_done(on_end)

        return Builder(
            plan=lambda sweep: self._plan(list(sweep), None),
            start=start,
            gallery=lambda sweep: self.runs(sweep).gallery(),
            sweep=sweep,
        )

    # ------------------------------------------------------------------ what the log holds

    @property
    def service(self) -> str:
        """The service's name: ``segmind``, ``simulator``, or a custom origin without its port."""
        return self._connection.service

    @property
    def sweeps(self) -> pd.DataFrame:
        """The sweeps that were run here: name, date, axes, cells, done, paid."""
        return sweeps_frame(self._journal.sweeps(self.service))

    def runs(self, sweep: Sweep | str | None = None) -> Runs:
        """Runs of the log, without the network.

        Parameters
        ----------
        sweep:
            A sweep, the name of one (the newest of that name), or None for all runs.

        Raises
        ------
        WorkspaceError
            For a name that the log does not know.
        """
        if isinstance(sweep, str):
            logged = self._journal.find_sweep(self.service, name=sweep)
            if logged is None:
                known = ", ".join(
                    dict.fromkeys(entry.title or entry.name for entry in self._journal.sweeps(self.service))
                )
                raise WorkspaceError(f"The log has no sweep {sweep!r}", remedy=f"It has {known or 'none yet'}")
            return self._selection(self._journal.cells(logged.number), logged.axes, logged.name, logged.title)
        if sweep is None:
            every = self._journal.all_runs(self.service)
            values = {
                name: dict.fromkeys(run.parameters[name] for run in every.values()) for name in MODEL.parameters
            }
            axes = {name: list(seen) for name, seen in values.items() if len(seen) > 1}
            return self._selection([(digest, {}) for digest in every], axes)
        logged = self._journal.find_sweep(self.service, identity=sweep.identity)
        if logged is None:
            return self._selection([(cell.digest, cell.labels) for cell in sweep], sweep.axes, sweep.name)
        return self._selection(self._journal.cells(logged.number), sweep.axes, logged.name, logged.title)

    def report(self) -> list[str]:
        """What the log holds, a line for each sweep of each service that it knows."""
        lines = []
        for service in self._journal.services():
            for sweep in self._journal.sweeps(service):
                digests = [digest for digest, _ in self._journal.cells(sweep.number)]
                states = Counter(run.state.status for run in self._journal.runs(service, digests).values())
                counts = ", ".join(f"{number:,} {status}" for status, number in sorted(states.items()))
                paid = f", ${sweep.paid:.2f} paid" if service != "simulator" else ""
                lines.append(f"{service}: {sweep.title or sweep.name}: {counts}{paid}")
        return lines

    def close(self) -> None:
        """Interrupt what runs, and close connections and files. What is on disk stays."""
        for live in list(self._live):
            live.interrupt()
        self._connection.close()
        self._journal.close()
        _open_workspaces.discard(self)

    # ------------------------------------------------------------------ running

    def _begin(
        self,
        sweep: Sweep,
        name: str | None,
        max_cost: float | None,
        *,
        again: bool,
        resubmit_unknown: bool,
        has_stop_button: bool = False,
        place: Callable[[Any], None] | None = None,
    ) -> LiveRun:
        budget = Budget(self._cap(max_cost))
        requests = self._takes(sweep) if again else list(sweep)
        self._check(self._unsettled(requests))
        self._journal.plan(self.service, requests)
        self._journal.enter_sweep(
            self.service,
            sweep.identity,
            sweep.name,
            name or "",
            sweep.axes,
            [*sweep, *requests] if again else requests,
        )
        return self._start(
            requests,
            self.runs(sweep),
            budget,
            resubmit_unknown=resubmit_unknown,
            has_stop_button=has_stop_button,
            place=place,
        )

    def _start(
        self,
        requests: Sequence[Request],
        runs: Runs,
        budget: Budget,
        *,
        resubmit_unknown: bool = False,
        retry_held: bool = False,
        has_stop_button: bool = False,
        place: Callable[[Any], None] | None = None,
    ) -> LiveRun:
        engine = self._connection.engine()
        stop = StopToken()
        unique = {request.digest: request for request in requests}
        logged = self._journal.run_states(self.service, unique)
        states = {digest: logged[digest].state.status for digest in unique}
        plan = self._plan(list(unique.values()), None)
        progress = Progress(
            ProgressSource(
                states=states,
                frame=lambda: runs.df,
                look=self._look,
                planned=plan.hosted_cost if self.service == SIMULATOR else plan.cost,
                is_free=self.service == SIMULATOR,
                on_stop=(lambda: stop.set(STOPPED)) if has_stop_button else None,
                place=place,
            )
        )

        async def work() -> None:
            await engine.run(
                list(unique.values()),
                stop=stop,
                budget=budget,
                on_change=lambda digest, state: progress.update(digest, state.status),
                resubmit_unknown=resubmit_unknown,
                retry_held=retry_held,
            )

        live = LiveRun(runs, loopthread.submit(work()), stop, progress)
        self._live = [other for other in self._live if not other.done]
        self._live.append(live)
        return live

    def _plan(self, requests: Sequence[Request], balance: float | None) -> Plan:
        logged = self._journal.run_states(self.service, [request.digest for request in requests])
        return make_plan(
            requests,
            {digest: (run.state, run.error_kind) for digest, run in logged.items()},
            balance=balance,
            service=self.service,
            rates=self._connection.rates(),
            max_in_flight=self._max_in_flight,
        )

    def _look(self, digests: Collection[str]) -> dict[str, RunSnapshot]:
        """What the log says of runs that ended, for those who watch."""
        return {
            digest: RunSnapshot(
                run.state.status,
                str(self.path / run.picture) if run.picture else None,
                f"{run.error_kind}: {run.error}" if run.error else "",
                run.cost_usd or 0.0,
            )
            for digest, run in self._journal.runs(self.service, digests).items()
        }

    def _retry(self, runs: Runs) -> Runs:
        logged = self._journal.runs(self.service, [digest for digest, _ in runs.cells])
        failed = [
            Request(run.parameters, run.take) for run in logged.values() if run.state in (State.FAILED, State.REFUSED)
        ]
        if not failed:
            return runs
        self._check(failed)
        return self._start(failed, runs, Budget(self._cap(None)), retry_held=True).wait_or_interrupt()

    def _unsettled(self, requests: Sequence[Request]) -> list[Request]:
        """The requests for which the service will be asked: to submit, to collect, or to look up."""
        logged = self._journal.run_states(self.service, [request.digest for request in requests])

        def is_settled(request: Request) -> bool:
            run = logged.get(request.digest)
            if run is None or run.state is State.UNKNOWN:
                return False
            return disposition(run.state, run.error_kind) in (Disposition.DONE, Disposition.HELD)

        return [request for request in requests if not is_settled(request)]

    def _check(self, requests: Sequence[Request]) -> None:
        """Refuse, before anything is sent, what the hosted service would not take."""
        if self.service != HOSTED.name or not requests:
            return
        if self._secret is None:
            raise MissingKey(
                "The hosted service needs an API key, and none is configured",
                money="nothing was billed",
                remedy=WAYS,
            )
        if any(request.parameters["finetune_id"] == PLACEHOLDER_FINETUNE_ID for request in requests):
            raise SweepError(
                f"finetune_id={PLACEHOLDER_FINETUNE_ID!r} is the service page's placeholder, nobody's fine-tune",
                money="nothing was billed",
                remedy="Give the id of your own fine-tune",
            )

    def _takes(self, sweep: Sweep) -> list[Request]:
        return [request.again(self._journal.next_take(self.service, request.again(0).digest)) for request in sweep]

    def _cap(self, max_cost: float | None) -> float | None:
        if max_cost is None:
            if self.service != HOSTED.name:
                return None
            max_cost = float(os.environ.get("SEGFLUX_MAX_COST") or HOSTED_CAP)
        if isinstance(max_cost, bool) or not isinstance(max_cost, int | float) or not max_cost > 0:
            raise SweepError(f"max_cost={max_cost!r} is not an amount of US dollars", remedy="Write max_cost=5")
        return None if math.isinf(max_cost) else float(max_cost)

    def _connect(self, service: str | Simulator | None, max_in_flight: int, max_rpm: int | None) -> Connection:
        asked = service if service is not None else os.environ.get("SEGFLUX_SERVICE") or HOSTED.name
        start: Callable[[], Simulator] | None = None
        if isinstance(asked, Simulator):
            start, scale = (lambda: asked), asked.settings.time_scale
        elif asked == SIMULATOR:
            start, scale = partial(Simulator, folder=self.path / "simulator", time_scale=TIME_SCALE), TIME_SCALE
        return Connection(
            SIMULATOR if start is not None else str(asked),
            start,
            closes=asked == SIMULATOR,
            time_scale=scale if start is not None else None,
            folder=self.path,
            journal=self._journal,
            clock=self._clock,
            secret=self._secret,
            max_in_flight=max_in_flight,
            max_rpm=max_rpm,
        )

    def _selection(
        self,
        cells: Sequence[tuple[str, Mapping[str, Value]]],
        axes: Mapping[str, Sequence[Value]],
        name: str = "",
        title: str = "",
    ) -> Runs:
        source = Source(self._journal, self.service, self.path, self._retry, self.plan)
        return Runs(source, cells, axes, name=title or name, title=title)


def _check_count(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise WorkspaceError(f"{name}={value!r} is not an integer from 1")


_open_workspaces: weakref.WeakSet[Workspace] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """At the interpreter's end, let submits on the wire finish and close what is open."""
    for workspace in list(_open_workspaces):
        workspace.close()
