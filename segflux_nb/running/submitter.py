"""Submits: the intent in the journal, one request, its outcome in the journal; never torn apart, never repeated."""

from __future__ import annotations

import asyncio
from typing import Any

from ..clock import Clock
from ..errors import RateLimited, ServerError
from ..lifecycle import Accepted, NotSent, Refused, State, SubmitOutcome, Unknown, advance
from ..model import MODEL
from ..runlog.rows import LoggedRun
from ..service.api import Api
from ..sweep.plan import Rates
from ..sweep.request import canonical_json
from .async_journal import AsyncJournal
from .context import RunContext
from .ownership import holding, this_process
from .rate_limiter import RateLimiter

SUBMITS_AT_A_TIME = 4
"""Submits on the wire at a time: the bound on what a crash can leave unknown."""

REACH_TRIES = 5
"""How often one run's submit finds the service out of reach before the sweep stops."""

SERVER_TRIES = 3
"""How often one run's submit is answered by a failure of the service's own before the run is given up for now."""


class Submitter:
    """Submits runs of one service.

    Parameters
    ----------
    writer, api, pacer, clock:
        Where it writes, sends, takes turns and waits.
    rates:
        What an evaluation costs, for the budget.
    """

    def __init__(self, writer: AsyncJournal, api: Api, pacer: RateLimiter, clock: Clock, rates: Rates) -> None:
        self._writer = writer
        self._api = api
        self._pacer = pacer
        self._clock = clock
        self._rates = rates
        self._slots = asyncio.Semaphore(SUBMITS_AT_A_TIME)
        self._background: set[asyncio.Task[Any]] = set()

    async def submit(self, run: LoggedRun, walk: RunContext, tries: int) -> LoggedRun | None:
        """Submit a planned run; None where the sweep is asked to stop."""
        cost = self._estimate(run)
        await self._slots.acquire()
        try:
            await self._pacer.turn("submit")
            refusal = None if walk.stop else walk.budget.reserve(cost)
            if refusal is not None:
                walk.stop.set(f"{refusal}; ws.run(sweep, max_cost=...) goes on with a higher cap")
            if walk.stop:
                self._pacer.returned("submit")
                self._slots.release()
                return None
        except BaseException:
            self._slots.release()
            raise
        # A task of its own, shielded: whoever interrupts the sweep does not tear a submit in two.
        task = asyncio.create_task(self._submit(run, last=tries >= SERVER_TRIES))
        task.add_done_callback(self._submitted)
        self._background.add(task)
        following, outcome = await asyncio.shield(task)
        if not isinstance(outcome, Accepted | Unknown):
            walk.budget.release(cost)
        match outcome:
            case Refused(error=error, stops=True):
                walk.stop.set(self._api.says(error))
            case NotSent(reason=reason, error=None) if tries >= REACH_TRIES:
                walk.stop.set(f"{self._api.redact(reason).rstrip('.')}. Nothing was billed")
            case NotSent(error=None):
                self._pacer.pause(0.5 * 2.0**tries)
            case NotSent(error=RateLimited()):
                pass  # the pacer knows
            case NotSent():
                await self._clock.sleep(0.5 * 2.0**tries)
        return following

    async def settle(self) -> None:
        """Let submits on the wire end."""
        if self._background:
            await asyncio.wait(self._background)

    def _submitted(self, task: asyncio.Task[Any]) -> None:
        self._background.discard(task)
        self._slots.release()

    async def _submit(self, run: LoggedRun, *, last: bool) -> tuple[LoggedRun | None, SubmitOutcome | None]:
        """Intent, submit, outcome. Without an outcome another process was faster."""
        with holding(self._writer.place(run)):
            intent = None
            try:
                intent = await self._writer.move(
                    run,
                    State.SUBMITTING,
                    owner=this_process(),
                    attempts=run.attempts + 1,
                    submitted_at=self._clock.now(),
                )
            finally:
                if intent is None:
                    self._pacer.returned("submit")
            if intent is None:
                return self._writer.reread(run), None
            outcome = await self._api.submit(canonical_json(run.parameters).encode())
            if last and isinstance(outcome, NotSent) and isinstance(outcome.error, ServerError):
                outcome = Refused(outcome.error)
            changes: dict[str, Any] = {"owner": None}
            match outcome:
                case Accepted(request_id=request_id, status_url=status_url, response_url=response_url):
                    self._pacer.accepted(run.digest)
                    relative = self._api.service.relative
                    changes = {"request_id": request_id, "accepted_at": self._clock.now(), "error": ""}
                    changes |= {"status_url": relative(status_url), "response_url": relative(response_url)}
                case Unknown(reason=reason) | NotSent(reason=reason):
                    changes["error"] = self._api.redact(reason)
                case Refused(error=error):
                    kind = "server" if isinstance(error, ServerError) else "invalid"
                    changes |= {"error": self._api.says(error), "error_kind": "" if outcome.stops else kind}
            return await self._writer.move(intent, advance(intent.state, outcome), **changes), outcome

    def _estimate(self, run: LoggedRun) -> float | None:
        evaluations = MODEL.evaluations(run.parameters)
        return None if evaluations is None or self._rates.cost is None else evaluations * self._rates.cost
