"""The engine: brings requests from planned to a picture on disk, a bounded number at a time.

One coroutine a run walks the lifecycle: intent in the journal, submit, request id in the journal, polls, the
picture's address in the journal, the picture on disk, completed. Whatever kills the process, the journal says where
to go on. Nothing below this module repeats a submit, and this one only where nothing was accepted. A run that another
process has in hand is left to it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from ..clock import Clock
from ..errors import WorkspaceError
from ..lifecycle import Disposition, State, disposition
from ..pictures.store import PictureStore
from ..runlog.journal import ServiceLog
from ..runlog.rows import LoggedRun, RunState
from ..service.api import Api
from ..sweep.plan import Rates
from ..sweep.request import Request
from .async_journal import AsyncJournal
from .collector import Collector
from .context import RunContext, StopToken
from .ownership import BEAT_SECONDS, LEASE_SECONDS, SUBMIT_LEASE_SECONDS, holding, is_held, this_process
from .policy.budget import Budget
from .policy.order import readable_first
from .rate_limiter import RateLimiter
from .recovery import Recovery
from .submitter import Submitter

FOREIGN_SECONDS = 0.5
"""Between looks at the log while runs are in other hands."""

RECOVERY_ROUNDS = 3
"""How often one call looks up submits whose answers were lost on its way."""


class Engine:
    """Runs requests against one service, for one workspace.

    Parameters
    ----------
    log, api, pacer, store, clock:
        Where it writes, asks, takes turns, keeps and waits.
    max_in_flight:
        Jobs at the service at a time.
    rates:
        What an evaluation costs and takes, for the budget and the first polls.
    """

    def __init__(
        self,
        log: ServiceLog,
        api: Api,
        pacer: RateLimiter,
        store: PictureStore,
        clock: Clock,
        *,
        max_in_flight: int,
        rates: Rates,
    ) -> None:
        self._writer = AsyncJournal(log)
        self._recovery = Recovery(self._writer, api, clock, self._is_elsewhere)
        self._submitter = Submitter(self._writer, api, pacer, clock, rates)
        self._collector = Collector(self._writer, api, pacer, store, clock, rates.seconds)
        self._clock = clock
        self._max_in_flight = max_in_flight
        self._slots = asyncio.Semaphore(max_in_flight)

    async def run(
        self,
        requests: Sequence[Request],
        *,
        stop: StopToken,
        budget: Budget,
        on_change: Callable[[str, State], None],
        resubmit_unknown: bool = False,
        retry_held: bool = False,
    ) -> None:
        """Bring each request as far as it goes; `stop` tells afterwards whether and why it ended early.

        Cancelling ends it at once; a submit on the wire is finished in the background.

        Parameters
        ----------
        requests:
            What to run; equal ones run once.
        stop, budget:
            What ends it early.
        on_change:
            Told each run's digest and state as it changes.
        resubmit_unknown:
            Submit again what the history does not show, at the risk of paying twice.
        retry_held:
            Submit again what was moderated or invalid.

        Raises
        ------
        SegfluxError
            Where the disk, not a cell, is the trouble.
        """
        unique = {request.digest: request for request in requests}
        ordered = [request.digest for request in readable_first(list(unique.values()))]
        await self._writer.plan(unique.values())
        walk = RunContext(stop, budget, on_change, retry_held)
        beating = asyncio.create_task(self._beat())
        try:
            for _ in range(RECOVERY_ROUNDS):
                run_states = self._writer.run_states(ordered)
                unsure = [
                    digest
                    for digest, standing in run_states.items()
                    if standing.state in (State.UNKNOWN, State.SUBMITTING)
                ]
                await self._recovery.settle(self._writer.runs(unsure), on_change, resubmit_unknown=resubmit_unknown)
                run_states |= self._writer.run_states(unsure)
                await self._carry_all(run_states.values(), walk)
                if stop or not walk.lost_answers:
                    return
                walk.lost_answers = 0
        finally:
            beating.cancel()

    async def close(self) -> None:
        """Let submits on the wire end, and stop the threads."""
        await self._submitter.settle()
        self._writer.close()
        self._collector.close()

    # ------------------------------------------------------------------ many runs

    async def _carry_all(self, run_states: Iterable[RunState], walk: RunContext) -> None:
        to_do = [standing for standing in run_states if self._is_to_do(standing, walk)]
        # What is in flight goes first: it is paid for and may expire.
        to_do.sort(key=lambda standing: disposition(standing.state) is not Disposition.GOES_ON)
        walk.waiting.extend(standing.digest for standing in to_do)
        watching = asyncio.create_task(self._watch_others(walk))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._max_in_flight, len(to_do))):
                    group.create_task(self._work(walk))
        except BaseExceptionGroup as trouble:
            first = trouble.exceptions[0]
        else:
            return
        finally:
            watching.cancel()
        raise first

    async def _work(self, walk: RunContext) -> None:
        while (digest := await walk.next()) is not None:
            async with self._slots:  # shared with other sweeps of this workspace
                (run,) = self._writer.runs([digest])
                await self._carry(run, walk)

    async def _watch_others(self, walk: RunContext) -> None:
        """Follow in the log what is in other hands, and take over what is in nobody's any more."""
        while True:
            await walk.some_elsewhere()
            await self._clock.sleep(FOREIGN_SECONDS)
            for run in self._writer.runs(walk.others):
                if run.state is not walk.others[run.digest].state:
                    walk.others[run.digest] = run
                    walk.on_change(run.digest, run.state)
                if disposition(run.state) is not Disposition.GOES_ON or not self._is_elsewhere(run):
                    walk.is_back(run, to_do=self._is_to_do(run, walk))

    async def _beat(self) -> None:
        """Tell processes on other machines that this one is alive."""
        while True:
            with suppress(WorkspaceError):  # a full disk is the sweep's trouble, and it says so
                await self._writer.beat()
            await self._clock.sleep(BEAT_SECONDS)

    def _is_to_do(self, run: LoggedRun | RunState, walk: RunContext) -> bool:
        if run.digest in walk.finished:
            return False
        if walk.retry_held and run.state in (State.FAILED, State.REFUSED):
            return True
        return disposition(run.state, run.error_kind) in (Disposition.SUBMIT, Disposition.GOES_ON)

    def _is_elsewhere(self, run: LoggedRun) -> bool:
        """Whether a run is in the hands of another process, or of another sweep of this one."""
        patience = SUBMIT_LEASE_SECONDS if run.state is State.SUBMITTING else LEASE_SECONDS
        return is_held(self._writer.place(run), run.owner, self._writer.silence, patience)

    # ------------------------------------------------------------------ one run

    async def _carry(self, run: LoggedRun, walk: RunContext) -> None:
        """Bring one run as far as it goes in this call, unless somebody else has it in hand."""
        if self._is_elsewhere(run):
            walk.leave_to_another(run)
            return
        with holding(self._writer.place(run)):
            following: LoggedRun | None = run
            tries = 0
            while following is not None:
                run = following
                walk.on_change(run.digest, run.state)
                if run.owner is not None and run.owner != this_process() and self._is_elsewhere(run):
                    walk.leave_to_another(run)
                    return
                tries += run.state is State.PLANNED
                following = await self._step(run, walk, tries)

    async def _step(self, run: LoggedRun, walk: RunContext, tries: int) -> LoggedRun | None:
        """The next state of a run; None where it goes no further for now."""
        match run.state:
            case State.PLANNED | State.FAILED | State.REFUSED if walk.stop:
                return None
            case State.FAILED | State.REFUSED if tries:
                walk.finished.add(run.digest)
                if reason := walk.brake.failed(run.error):
                    walk.stop.set(reason)
                return None
            case State.FAILED | State.REFUSED:
                return await self._writer.settle(run, State.PLANNED, error="", error_kind="")
            case State.PLANNED:
                return await self._submitter.submit(run, walk, tries)
            case State.SUBMITTING:  # its process is gone
                return await self._recovery.abandon(run)
            case State.SUBMITTED | State.PROCESSING | State.DOWNLOADING if run.owner != this_process():
                return await self._writer.claim(run)
            case State.SUBMITTED | State.PROCESSING:
                return await self._collector.poll(run, walk)
            case State.DOWNLOADING:
                return await self._collector.collect(run)
            case State.COMPLETED:
                walk.brake.succeeded()
            case State.UNKNOWN:
                walk.lost_answers += 1
            case State.LOST:
                pass
        return None
