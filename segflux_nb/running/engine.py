"""The engine: brings runs from planned to a picture on disk, a bounded number at a time.

One coroutine for each run follows its lifecycle: intent in the journal, submit, request id in the journal, polls, the
picture's address in the journal, the picture on disk, completed. Whenever the process is killed, the journal says
where to go on. Nothing below this module repeats a submit, and the engine repeats one only if nothing was accepted. A
run that another process holds is left to that process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from ..backoff import RandomSource
from ..clock import Clock
from ..errors import LogLocked, WorkspaceError
from ..lifecycle import Disposition, State, disposition, is_asked_again
from ..pictures.store import PictureStore
from ..pictures.tier import Tier
from ..runlog.picture_files import PictureFile
from ..runlog.rows import LoggedRun, RunState
from ..service.api import Api
from ..sweep.plan import Rates
from ..sweep.request import Request
from .async_journal import AsyncJournal
from .collector import Collector
from .context import RunContext, StopToken
from .heartbeats import Heartbeats
from .isolation import Isolation
from .more_pictures import TRIES
from .ownership import holding, is_held, is_of_another, this_process
from .policy.asking_again import AskingAgain
from .policy.budget import Budget
from .policy.order import readable_first
from .rate_limiter import RateLimiter
from .recovery import Recovery
from .refetching import Refetched, Refetcher, not_fetched
from .slots import SPARE_WORKERS, Slots
from .submitter import Submitter
from .uploads import Uploads
from .waits import Waits, tell_left

ELSEWHERE_SECONDS = 0.5
"""Between looks at the log while runs are held elsewhere."""

POSTPONED_SECONDS = 0.25
"""Between looks at the clock while runs are to be asked for again."""

RECOVERY_ROUNDS = 3
"""How often one call looks up submits whose answers it lost, when all else is done."""

FIRST_LOOK_UP_SECONDS = 120.0
"""How long they are looked up before that, while others are in flight."""

UNSURE = (State.UNKNOWN, State.SUBMITTING)

T = TypeVar("T")


class Engine:
    """Runs requests against one service, for one workspace.

    Parameters
    ----------
    journal:
        The service's runs in the log. The engine closes its thread.
    api:
        The service. The engine closes its connections.
    limiter:
        Grants the permits of submits, and is told what is in flight.
    store:
        Keeps the pictures.
    tier:
        The object store with the copies in the folder; None where the folder keeps the pictures.
    clock:
        Source of the current time, replaced in tests.
    max_in_flight:
        Jobs at the service at a time.
    rates:
        What an evaluation costs and takes, for the budget and the first polls.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    """

    def __init__(
        self,
        journal: AsyncJournal,
        api: Api,
        limiter: RateLimiter,
        store: PictureStore,
        tier: Tier | None,
        clock: Clock,
        *,
        max_in_flight: int,
        rates: Rates,
        jitter: RandomSource,
    ) -> None:
        self.api = api
        self._journal = journal
        self._heartbeats = Heartbeats(journal, clock)
        self._isolation = Isolation(journal, api)
        self._recovery = Recovery(journal, api, clock, self._is_elsewhere, jitter)
        self._submitter = Submitter(journal, api, limiter, self._heartbeats, clock, rates, jitter, max_in_flight)
        self._uploads = Uploads(tier, clock, jitter)
        self._collector = Collector(journal, api, limiter, store, self._uploads, clock, rates.seconds, jitter)
        self._refetcher = Refetcher(journal, api, self._collector.fetcher, clock)
        self.limiter = limiter
        self._clock = clock
        self._jitter = jitter
        self._max_in_flight = max_in_flight
        self._slots = Slots(max_in_flight)
        self._calls: set[asyncio.Task[Any]] = set()

    async def run(
        self,
        requests: Sequence[Request],
        *,
        stop: StopToken,
        budget: Budget,
        on_change: Callable[[str, State], None],
        on_elsewhere: Callable[[str, bool], None] = lambda digest, is_other_process: None,
        resubmit_unknown: bool = False,
        retry_held: bool = False,
        only_collect: bool = False,
        missing: Collection[PictureFile] = (),
        shown: Mapping[str, State] | None = None,
        waits: Waits | None = None,
    ) -> None:
        """Bring each request as far as it goes; `stop` tells afterwards whether and why it ended early.

        Cancelling ends it at once; a submit on the wire ends in the background.

        Parameters
        ----------
        requests:
            What to run. The log holds each of them already; equal ones run once.
        stop:
            Asks it to submit nothing more, and says why it did.
        budget:
            What it may spend.
        on_change:
            Called with a run's digest and state whenever the state changes.
        on_elsewhere:
            Called with the digest of a run that is held elsewhere, and whether by another process than this one;
            `on_change` is called when that has ended.
        resubmit_unknown:
            Submit again what the history does not show, at the risk of paying twice.
        retry_held:
            Submit again what was moderated or invalid.
        only_collect:
            Submit nothing, and ask again for what is lost, of whatever age.
        missing:
            Pictures of completed runs whose files are gone: they are fetched again, meanwhile and without paying.
        shown:
            The states that the caller shows, by digest: `on_change` is called for runs that have ended since.
        waits:
            Tells from now on what this call waits for; None where nobody asks.

        Raises
        ------
        SegfluxError
            Where the disk fails, which concerns more than one run.
        """
        # A task of its own, so that `close` can end it: it must submit nothing more once the journal is closed.
        asking = AskingAgain(self._clock.monotonic(), self._jitter)
        context = RunContext(
            stop, budget, on_change, on_elsewhere, retry_held, asking, only_collect, shown=shown or {}
        )
        if waits is not None:
            waits.bind(context, self.limiter, self._journal.trouble, self._clock)
        await self._until_closed(self._run_and_refetch(requests, context, resubmit_unknown, missing))

    async def refetch(self, missing: Collection[PictureFile]) -> list[Refetched]:
        """Fetch again pictures whose files are gone. Nothing is submitted."""
        return await self._until_closed(self._refetcher.fetch(missing))

    async def _until_closed(self, work: Coroutine[Any, Any, T]) -> T:
        call = asyncio.create_task(work)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        return await call

    async def close(self) -> None:
        """End the calls of `run`, wait until submits on the wire have ended, stop the threads, close connections."""
        for call in self._calls:
            call.cancel()
        if self._calls:
            await asyncio.wait(self._calls)
        await self._submitter.drain()
        await self._journal.close()
        self._collector.close()
        await self.api.close()

    # ------------------------------------------------------------------ many runs

    def held_elsewhere(self, digests: Iterable[str]) -> dict[str, bool]:
        """The runs among these that are held elsewhere, and whether by another process. It may come on any thread."""
        runs = self._journal.runs_now(digests)
        return {run.digest: is_of_another(run) for run in runs if run.owner is not None and self._is_held(run)}

    async def _run_and_refetch(
        self,
        requests: Sequence[Request],
        context: RunContext,
        resubmit_unknown: bool,
        missing: Collection[PictureFile],
    ) -> None:
        """One call of `run`, and the pictures that are fetched again beside it.

        Parameters
        ----------
        requests:
            What to run.
        context:
            The call.
        resubmit_unknown:
            Whether to submit again what the history does not show.
        missing:
            Pictures whose files are gone.
        """
        refetching = asyncio.create_task(self._refetcher.fetch(missing))
        try:
            await self._run(requests, context, resubmit_unknown)
            outcomes = await refetching
        finally:
            refetching.cancel()
        for found in outcomes:
            if found.outcome == "fetched":
                context.on_change(found.picture.digest, State.COMPLETED)
        if left := not_fetched(outcomes):
            context.stop.add(left)

    async def _run(self, requests: Sequence[Request], context: RunContext, resubmit_unknown: bool) -> None:
        """One call of `run`.

        Parameters
        ----------
        requests:
            What to run.
        context:
            The call.
        resubmit_unknown:
            Whether to submit again what the history does not show.
        """
        unique = {request.digest: request for request in requests}
        ordered = list(unique)
        if any(context.shown.get(digest) is not State.COMPLETED for digest in ordered):
            ordered = [request.digest for request in readable_first(list(unique.values()))]
        heartbeats = asyncio.create_task(self._heartbeats.keep_sending())
        try:
            await self._journal.enter_accepted()
            await self._uploads.begin()
            await self._heartbeats.begin()
            for rounds_left in reversed(range(RECOVERY_ROUNDS)):
                context.is_last_round, context.unknown_submits = not rounds_left, 0
                run_states = await self._journal.run_states(ordered)
                context.tell_ended(run_states.values())
                unsure = [digest for digest, found in run_states.items() if found.state in UNSURE]
                unknown = await self._recovery.unknown(await self._journal.runs(unsure))
                run_states |= await self._journal.run_states(unsure)
                self._submitter.begin(unique, run_states.values(), context)
                await self._ask_for_lost(run_states, context)
                await self._run_all(run_states.values(), unknown, context, resubmit_unknown)
                if context.stop or not context.unknown_submits:
                    break
            if left := context.left_in_words():
                context.stop.set(left)
        except LogLocked as error:  # the disk is well: what is done is given back, and the next call goes on
            context.stop.set(str(error))
        finally:
            heartbeats.cancel()
            context.end_inputs()
            if context.asking.left:
                tell_left(context, await self._journal.runs(context.asking.left), self._clock)

    async def _ask_for_lost(self, run_states: Mapping[str, RunState], context: RunContext) -> None:
        """Choose the runs that are asked for again: the service may still have the pictures that they miss."""
        now = self._clock.now()

        def in_state(state: State) -> list[str]:
            return [digest for digest, run_state in run_states.items() if run_state.state is state]

        def is_asked(run: LoggedRun) -> bool:
            return context.only_collects or is_asked_again(run.submitted_at, now)

        for run in await self._journal.runs(in_state(State.LOST)):
            if run.digest not in context.asked_for_lost and is_asked(run):
                context.lost.add(run.digest)
        for run in await self._journal.incomplete(in_state(State.COMPLETED)):
            if is_asked(run):
                context.incomplete.setdefault(run.digest, TRIES)

    async def _run_all(
        self, run_states: Iterable[RunState], unknown: list[LoggedRun], context: RunContext, resubmit_unknown: bool
    ) -> None:
        """Bring runs as far as they go, and look up unknown ones meanwhile: a slow history delays no other run.

        Parameters
        ----------
        run_states:
            The states of the runs.
        unknown:
            Those among them that are looked up.
        context:
            The call.
        resubmit_unknown:
            Whether to submit again what the history does not show.
        """
        to_do = [run_state for run_state in run_states if self._is_to_do(run_state, context)]
        # What is in flight goes first: it is paid for and may expire.
        to_do.sort(key=lambda run_state: disposition(run_state.state) is not Disposition.IN_FLIGHT)
        context.queue.extend(run_state.digest for run_state in to_do)
        context.recovering = bool(unknown)
        number = min(self._max_in_flight + SPARE_WORKERS, len(to_do) + len(unknown))
        try:
            async with asyncio.TaskGroup() as group:
                # Workers wait for what the followers tell them, and would wait for ever for one that has failed.
                following = [group.create_task(self._recover(unknown, context, resubmit_unknown))]
                following += [group.create_task(f(context)) for f in (self._follow_elsewhere, self._follow_postponed)]
                workers = [group.create_task(self._work(context)) for _ in range(number)]
                await asyncio.gather(*workers, return_exceptions=True)
                for task in following:
                    task.cancel()
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _recover(self, unknown: list[LoggedRun], context: RunContext, resubmit_unknown: bool) -> None:
        """Look up unknown runs in the history, and hand over those that can go on.

        Parameters
        ----------
        unknown:
            The runs.
        context:
            The call.
        resubmit_unknown:
            Whether to submit again what the history does not show.
        """
        try:
            await self._recovery.reconcile(unknown, context, resubmit_unknown=resubmit_unknown)
        except Exception as error:  # noqa: BLE001 - they stay unknown, and the others go on
            for run in unknown:
                await self._isolation.leave(run.digest, error, context)
        finally:
            states = await self._journal.run_states(run.digest for run in unknown)
            context.recovered(digest for digest, run_state in states.items() if self._is_to_do(run_state, context))

    async def _work(self, context: RunContext) -> None:
        """One worker: takes the next run, until none is left. Without one, it looks up submits without an answer."""
        while True:
            if unknown := context.take_unknown():
                runs = await self._recovery.unknown(await self._journal.runs(unknown))
                with suppress(TimeoutError):
                    async with asyncio.timeout(FIRST_LOOK_UP_SECONDS):
                        await self._recover(runs, context, resubmit_unknown=False)
                continue
            if (digest := await context.next()) is None:
                return
            async with self._slots.taken():  # shared with other sweeps of this workspace
                context.asking.begin(digest)
                try:
                    await self._run_one(await self._journal.run(digest), context)
                except WorkspaceError:
                    raise
                except Exception as error:  # noqa: BLE001 - one run ends, and the others go on
                    await self._isolation.leave(digest, error, context)
                finally:
                    context.asking.end(digest, self._clock.monotonic())
                    context.resume()

    async def _follow_elsewhere(self, context: RunContext) -> None:
        """Follow in the log the runs that are held elsewhere, and take over those that are not any more."""
        while True:
            await context.wait_for_elsewhere()
            news = await self._journal.wait_for_news(context.elsewhere, ELSEWHERE_SECONDS)
            for run in await self._journal.runs(news):
                if disposition(run.state) is not Disposition.IN_FLIGHT or not await self._is_elsewhere(run):
                    context.on_change(run.digest, run.state)
                    context.take_over(run, to_do=self._is_to_do(run, context))

    async def _follow_postponed(self, context: RunContext) -> None:
        """Ask again for runs that are paid for and not served yet when it is time, and leave them in the end."""
        while True:
            await context.wait_for_postponed()
            await self._clock.sleep(POSTPONED_SECONDS)
            now = self._clock.monotonic()
            if not context.elsewhere and not context.recovering:
                if context.unknown_submits and not context.is_last_round:
                    # Unknown submits are looked up before anything is waited for.
                    context.asking.pass_on(context.queue)
                elif context.asking.is_over(now, context.queue):
                    context.asking.leave_all()
            context.resume(context.asking.take_due(now))
            look = context.asking.next_look()
            await context.wait_for_news(None if look is None else look - now)

    def _is_to_do(self, run: LoggedRun | RunState, context: RunContext) -> bool:
        if run.digest in context.failed or run.digest in context.asking.left:
            return False
        if run.state is State.UNKNOWN:
            return run.digest in context.resubmit
        if run.state is State.LOST:
            return run.digest in context.lost
        if run.state is State.COMPLETED:
            return run.digest in context.incomplete
        if context.retry_held and run.state in (State.FAILED, State.REFUSED):
            return True
        return disposition(run.state, run.error_kind) in (Disposition.SUBMIT, Disposition.IN_FLIGHT)

    async def _is_elsewhere(self, run: LoggedRun) -> bool:
        """Whether another process, or another sweep of this one, holds a run."""
        if not is_of_another(run):  # this process knows it, without the log
            return self._is_held(run)
        if not self._journal.is_far:
            return await self._journal.read(self._is_held, run)
        await self._heartbeats.look_for(str(run.owner))
        return is_held(self._journal.run_id(run), run.owner, run.state, self._heartbeats.came_from)

    def _is_held(self, run: LoggedRun) -> bool:
        return is_held(self._journal.run_id(run), run.owner, run.state, self._heartbeats.come_from)

    def _leave_elsewhere(self, run: LoggedRun, context: RunContext) -> None:
        """Leave a run to the one that holds it."""
        context.leave(run)
        context.on_elsewhere(run.digest, is_of_another(run))

    # ------------------------------------------------------------------ one run

    async def _run_one(self, run: LoggedRun, context: RunContext) -> None:
        """Bring one run as far as it goes in this call, unless it is held elsewhere."""
        if await self._is_elsewhere(run):
            self._leave_elsewhere(run, context)
            return
        with holding(self._journal.run_id(run)):
            following: LoggedRun | None = run
            tries = 0
            while following is not None:
                run = following
                if is_of_another(run) and await self._is_elsewhere(run):
                    self._leave_elsewhere(run, context)
                    return
                context.on_change(run.digest, run.state)
                tries += run.state is State.PLANNED
                if run.state is State.DOWNLOADING:
                    self._slots.release()
                following = await self._step(run, context, tries)

    async def _step(self, run: LoggedRun, context: RunContext, tries: int) -> LoggedRun | None:
        """One step of a run: the run as it is then, or None where it goes no further for now.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        tries:
            How often this call has found it planned.
        """
        match run.state:
            case State.PLANNED | State.FAILED | State.REFUSED if context.stop or context.only_collects:
                return None
            case State.FAILED | State.REFUSED if tries:
                context.failed.add(run.digest)
                if reason := context.breaker.failed(run.error):
                    context.stop.set(reason)
                return None
            case State.FAILED | State.REFUSED:
                return await self._journal.move_or_reload(run, State.PLANNED, error="", error_kind="")
            case State.PLANNED:
                return await self._submitter.submit(run, context, tries)
            case State.SUBMITTING:  # its process is gone
                return await self._recovery.abandon(run)
            case State.SUBMITTED | State.PROCESSING | State.DOWNLOADING if run.owner != this_process():
                return await self._journal.claim(run)
            case State.SUBMITTED | State.PROCESSING:
                return await self._collector.poll(run, context)
            case State.DOWNLOADING:
                return await self._collector.collect(run, context)
            case State.COMPLETED:
                context.breaker.succeeded()
                return await self._collector.more.collect(run, context)
            case State.UNKNOWN if run.digest in context.resubmit:
                context.resubmit.discard(run.digest)
                return await self._recovery.resubmit(run, context)
            case State.UNKNOWN:
                context.submit_is_unknown(run.digest)
            case State.LOST if run.digest in context.lost:
                context.lost.discard(run.digest)
                context.asked_for_lost.add(run.digest)
                to = State.DOWNLOADING if run.picture_url else State.SUBMITTED
                return await self._journal.move_or_reload(run, to, owner=this_process())
            case State.LOST:
                pass
        return None
