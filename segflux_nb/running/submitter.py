"""Submits: the intent in the journal, one request, its outcome in the journal. Never interrupted, never repeated.

Before the intent, a connection is made ready: what is on the way while there is an intent is one request and its
answer. So few submits are on the wire at a time, also where the service is far: that many a crash can leave unknown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from ..backoff import Backoff, RandomSource
from ..clock import Clock
from ..errors import (
    AuthenticationError,
    InsufficientCredits,
    ModelRetired,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServerError,
)
from ..lifecycle import (
    Accepted,
    Disposition,
    NotSent,
    Refused,
    State,
    SubmitOutcome,
    Unknown,
    advance,
    disposition,
)
from ..model import MODEL, model_of
from ..pictures.inputs import inputs_of
from ..runlog.rows import AcceptedJob, LoggedRun, RunState
from ..service.api import Api
from ..sweep.plan import Rates
from ..sweep.request import Request, canonical_json
from .async_journal import AsyncJournal
from .bodies import body_of
from .context import RunContext
from .fence import Fence
from .heartbeats import Heartbeats
from .input_uploads import InputUploads
from .ownership import holding, this_process
from .policy.budget import Budget
from .policy.rate_control import FEWEST_SUBMITS, SUBMITS_A_SECOND, RequestWindow, most_submits
from .rate_limiter import RateLimiter
from .turns import Turns

REACH_TRIES = 5
"""How often one run's submit finds the service out of reach before the sweep stops."""

SERVER_TRIES = 3
"""How often the service itself fails to answer one run's submit before the run is given up for now."""

LIMITED_TRIES = 20
"""How often the service refuses one run's submit with 429 before the run is left for the next call."""

DRAIN_SECONDS = 20.0
"""How long submits on the wire are waited for when the workspace is closed."""

NOT_SENT_PAUSE = Backoff(first=1.0, longest=8.0)
"""Between submits of one run that were not accepted."""

LIMITED_PAUSE = Backoff(first=1.0, longest=1.0)
"""After a 429 without a moment of reset: other submits show meanwhile whether the service is full."""


_NOT_OF_ITS_VALUES = (ServerError, AuthenticationError, InsufficientCredits, PermissionDenied, NotFound, ModelRetired)
"""Refusals that are no fault of what was asked for: the next call of run tries again."""

logger = logging.getLogger(__name__)


class Submitter:
    """Submits runs to one service.

    Parameters
    ----------
    journal:
        The service's runs in the log.
    api:
        The service.
    limiter:
        Grants the permit of each submit.
    heartbeats:
        Those of this process: there must be one before a submit.
    clock:
        Source of the current time, replaced in tests.
    rates:
        What an evaluation costs, for the budget.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    max_in_flight:
        Jobs at the service at a time: it bounds how many submits are on the wire.
    """

    def __init__(
        self,
        journal: AsyncJournal,
        api: Api,
        limiter: RateLimiter,
        heartbeats: Heartbeats,
        clock: Clock,
        rates: Rates,
        jitter: RandomSource,
        max_in_flight: int,
    ) -> None:
        self._uploads = InputUploads(journal, api, clock, jitter)
        self._journal = journal
        self._api = api
        self._limiter = limiter
        self._heartbeats = heartbeats
        self._clock = clock
        self._rates = rates
        self._jitter = jitter
        self._window = RequestWindow(FEWEST_SUBMITS, most_submits(max_in_flight), SUBMITS_A_SECOND)
        self._handshakes = RequestWindow(0, 2 * most_submits(max_in_flight), SUBMITS_A_SECOND)
        self._on_the_wire = Turns(lambda: self._window.limit)
        # Those beyond have a permit, and get a connection or wait for their turn.
        self._begun = Turns(lambda: self._window.limit + self._handshakes.limit)
        self._background: set[asyncio.Task[Any]] = set()

    def begin(self, requests: Mapping[str, Request], run_states: Iterable[RunState], context: RunContext) -> None:
        """Store the input pictures that a call needs at the service. Nothing is submitted before all are there.

        Parameters
        ----------
        requests:
            The requests of the call by digest.
        run_states:
            The states of their runs: those that will be submitted need their pictures.
        context:
            The call of the engine.
        """
        if context.only_collects or not any(map(inputs_of, requests.values())):
            return
        new = [
            requests[run.digest]
            for run in run_states
            if run.state in (State.PLANNED, State.FAILED, State.REFUSED) and run.digest not in context.failed
            if context.retry_held or disposition(run.state, run.error_kind) is Disposition.SUBMIT
        ]
        if context.inputs is None or context.inputs.done():
            context.inputs = asyncio.create_task(self._uploads.store(new, context))

    async def submit(self, run: LoggedRun, context: RunContext, tries: int) -> LoggedRun | None:
        """Submit a planned run: the run as it is then, or None where the sweep stops.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        tries:
            How often this call submits the run, this time included.
        """
        if context.inputs is not None and not await asyncio.shield(context.inputs):
            return None
        cost = self._estimate(run, context.budget)
        async with self._begun.taken():
            # It may ask the service, which needs a permit: a submit that has one might be the only one who may go.
            addresses = await self._uploads.addresses(run.request) if inputs_of(run.request) else {}
            if not await self._enter_the_wire(context):
                return None
            if (refusal := context.budget.reserve(cost)) is not None:
                context.stop.set(f"{refusal}. max_cost=... sets a higher cap")
                self._leave_the_wire()
                return None
            # A task of its own, shielded: an interrupt of the sweep does not cut a submit in two.
            task = asyncio.create_task(self._submit(run, addresses, last=tries >= SERVER_TRIES))
            task.add_done_callback(self._submitted)
            self._background.add(task)
            try:
                following, outcome = await asyncio.shield(task)
            except BaseException:  # nobody here polls its job
                task.add_done_callback(lambda _: self._limiter.job_done(run.digest))
                raise
        if not isinstance(outcome, Accepted | Unknown):
            context.budget.release(cost)
        match outcome:
            case Refused(error=error, stops=True):
                context.stop.set(self._api.error_text(error))
            case NotSent(reason=reason, error=None) if tries >= REACH_TRIES:
                context.stop.set(f"{self._api.redact(reason).rstrip('.')}. Nothing was billed")
            case NotSent(error=None):  # the service is out of reach, for all requests
                self._limiter.pause(NOT_SENT_PAUSE.seconds(tries, self._jitter))
            case NotSent(error=RateLimited()) if tries >= LIMITED_TRIES:
                context.leave_for_next_call(run.digest, f"the service refused its submit {tries} times (429)")
                return None
            case NotSent(error=RateLimited(retry_after=None)):
                await self._clock.sleep(LIMITED_PAUSE.seconds(1, self._jitter))
            case NotSent(error=RateLimited()):
                pass  # the limiter knows
            case NotSent():
                await self._clock.sleep(NOT_SENT_PAUSE.seconds(tries, self._jitter))
        return following

    async def _enter_the_wire(self, context: RunContext) -> bool:
        """Wait for a permit, a connection and a turn; False where the sweep stops first, or submits end for now."""
        while await self._has_permit(context):
            try:
                began = self._clock.monotonic()
                await self._api.prepare_submit()
                self._handshakes.measured(self._clock.monotonic() - began)
                await self._on_the_wire.enter()
            except BaseException:
                self._limiter.release("submit")
                raise
            if not context.stop and not self._limiter.is_paused("submit"):
                return True
            self._leave_the_wire()
        return False

    def _leave_the_wire(self) -> None:
        """Give back turn and permit of a submit that is not sent."""
        self._on_the_wire.leave()
        self._limiter.release("submit")

    async def _has_permit(self, context: RunContext) -> bool:
        """Take the permit of a submit; False where the sweep stops first, or submits end for now."""
        if reason := self._limiter.submits_end:
            context.stop.set(reason)
        if context.stop:
            return False
        asked = asyncio.ensure_future(self._limiter.acquire("submit"))
        stopped = asyncio.ensure_future(context.wait_for_stop())
        try:
            await asyncio.wait({asked, stopped}, return_when=asyncio.FIRST_COMPLETED)
        except BaseException:
            self._give_back(asked)
            raise
        finally:
            stopped.cancel()
        if reason := self._limiter.submits_end:
            context.stop.set(reason)
        if context.stop:
            self._give_back(asked)
            return False
        return asked.result()

    def _give_back(self, asked: asyncio.Future[bool]) -> None:
        """Do not use a permit that was asked for: it was granted, or is still waited for."""
        if not asked.done():
            asked.cancel()
        elif not asked.cancelled() and asked.exception() is None and asked.result():
            self._limiter.release("submit")

    async def drain(self) -> None:
        """Wait until the submits on the wire have ended; those that take too long end without an answer."""
        await self._uploads.close()
        if self._background:
            _, late = await asyncio.wait(self._background, timeout=DRAIN_SECONDS)
            for task in late:
                task.cancel()  # the intent is in the log: the next call looks the run up
            if late:
                await asyncio.wait(late)

    def _submitted(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        self._on_the_wire.leave()
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.info("A submit ended with an error", exc_info=error)  # its sweep reports it, unless it has ended

    async def _submit(
        self, run: LoggedRun, addresses: Mapping[str, str], *, last: bool
    ) -> tuple[LoggedRun | None, SubmitOutcome | None]:
        """Intent, submit, outcome; no outcome where another process was faster.

        Parameters
        ----------
        run:
            The run.
        addresses:
            Where the service has its input pictures.
        last:
            Whether a failure of the service refuses the run for now.
        """
        with holding(self._journal.run_id(run)):
            intent = None
            try:
                body = run.request.body
                if inputs_of(run.request):  # their files are read on the journal's thread
                    body = await self._journal.in_thread(partial(body_of, run, self._journal.folder, addresses))
                content = canonical_json(body).encode()
                await self._heartbeats.be_fresh()
                fence = Fence(self._journal, self._clock)
                await self._journal.reserve_side_file(self._window.most)
                intent = await self._journal.move(
                    run,
                    State.SUBMITTING,
                    owner=this_process(),
                    account=self._journal.account,
                    attempts=run.attempts + 1,
                    submitted_at=self._clock.now(),
                )
            finally:
                if intent is None:
                    self._limiter.release("submit")
            if intent is None:
                return await self._journal.reload(run), None
            sent = self._clock.monotonic()
            try:
                outcome = await self._api.submit(content, fence.before(intent), run.model, fence.between(intent))
            except Exception as unforeseen:
                # It may have arrived. The engine reports the error.
                await self._journal.move(intent, State.UNKNOWN, owner=None, error=type(unforeseen).__name__)
                raise
            if isinstance(outcome, Accepted):
                self._window.measured(self._clock.monotonic() - sent)
            if last and isinstance(outcome, NotSent) and isinstance(outcome.error, ServerError):
                outcome = Refused(outcome.error)
            if isinstance(outcome, Accepted):
                self._limiter.job_accepted(run.digest)
                if (entered := await self._journal.accept(self._job(run, outcome))) is not None:
                    return entered, outcome
                self._limiter.job_done(run.digest)
                outcome = Unknown("the service answered with the id of another run's job")
            changes: dict[str, Any] = {"owner": None}
            match outcome:
                case Unknown(reason=reason) | NotSent(reason=reason):
                    changes["error"] = self._api.redact(reason)
                case Refused(error=error):
                    kind = "server" if isinstance(error, _NOT_OF_ITS_VALUES) else "invalid"
                    changes |= {"error": self._api.error_text(error), "error_kind": "" if outcome.stops else kind}
            return await self._journal.move_or_reload(intent, advance(intent.state, outcome), **changes), outcome

    def _job(self, run: LoggedRun, accepted: Accepted) -> AcceptedJob:
        """The job of a run, as the log keeps it.

        Parameters
        ----------
        run:
            The run.
        accepted:
            The service's answer.
        """
        relative = self._api.service.relative
        return AcceptedJob(
            service=run.service,
            digest=run.digest,
            request_id=accepted.request_id,
            status_url=relative(accepted.status_url),
            response_url=relative(accepted.response_url),
            accepted_at=self._clock.now(),
            account=self._journal.account,
            owner=this_process(),  # so that it need not be claimed before it is polled
        )

    def _estimate(self, run: LoggedRun, budget: Budget) -> float | None:
        """What a submit of this run costs, in US dollars; None where that is unknown.

        Parameters
        ----------
        run:
            The run.
        budget:
            What is known of prices.
        """
        cost = budget.costs.get(run.model, self._rates.cost if run.model == MODEL.slug else None)
        return budget.estimate(run.digest, cost, model_of(run.model).evaluations(run.parameters))
