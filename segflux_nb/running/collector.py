"""From an accepted job to a picture on disk: polls, the result, the download. Nothing paid is given up early."""

from __future__ import annotations

import asyncio
from typing import Any

from ..backoff import Backoff, RandomSource
from ..clock import Clock
from ..errors import (
    AuthenticationError,
    PermissionDenied,
    PictureError,
    ServiceError,
    TransportError,
)
from ..lifecycle import (
    Broken,
    Finished,
    Gone,
    NoPicture,
    PollOutcome,
    Rendered,
    ResultOutcome,
    State,
    Unclear,
    Waiting,
    advance,
)
from ..model import MODEL
from ..pictures.store import PictureStore
from ..runlog.rows import LoggedRun, Measurement
from ..service.api import Api
from .async_journal import AsyncJournal
from .context import RunContext
from .daemon_executor import DaemonExecutor
from .policy.polling import EARLY_PROBE_EVERY, PollSchedule, ServiceTimes
from .rate_limiter import RateLimiter

PICTURE_TRIES = 5
"""How often a picture is fetched before its run is given up."""

GONE_TRIES = 3
"""How often a record must be missing before that is believed."""

PICTURE_PAUSE = Backoff(first=0.5, longest=4.0)
"""Between tries for a picture."""

GONE_PAUSE = Backoff(first=1.0, longest=2.0)
"""Between questions for a record that is missing."""

UNCLEAR_PAUSE = Backoff(first=0.5, longest=30.0)
"""Between polls whose answers tell nothing."""

SOON = 1e-3
"""A shorter time is not worth waiting for, in seconds."""

RECORD_SECONDS = 3600.0
"""How long after its submit the service keeps status and result of a request."""


class Collector:
    """Collects the pictures of jobs that one service accepted.

    Parameters
    ----------
    journal:
        The service's runs in the log.
    api:
        The service.
    limiter:
        Told which jobs are in flight, and how long they take.
    store:
        Keeps the pictures.
    clock:
        Source of the current time, replaced in tests.
    seconds_per_evaluation:
        What an evaluation takes while nothing was measured, in seconds; None where it is unknown.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    """

    def __init__(
        self,
        journal: AsyncJournal,
        api: Api,
        limiter: RateLimiter,
        store: PictureStore,
        clock: Clock,
        seconds_per_evaluation: float | None,
        jitter: RandomSource,
    ) -> None:
        self._journal = journal
        self._api = api
        self._limiter = limiter
        self._store = store
        self._clock = clock
        self._jitter = jitter
        self._times = ServiceTimes(seconds_per_evaluation)
        self._sleeping: set[asyncio.Future[None]] = set()
        if seconds_per_evaluation is not None:
            limiter.expect(seconds_per_evaluation * MODEL.price_evaluations)
        for measurement in reversed(journal.measured()):
            self._learn(measurement)
        self._polled_jobs = 0
        self._decoders = DaemonExecutor(2, "segflux-decode")

    def close(self) -> None:
        """Stop the threads."""
        self._decoders.shutdown(wait=False)

    # ------------------------------------------------------------------ polls

    async def poll(self, run: LoggedRun, context: RunContext) -> LoggedRun | None:
        """Poll an accepted job until it is done: the run as it is then, or None where polls are of no use for now.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        """
        accepted_ago = max(0.0, self._clock.now() - (run.accepted_at or self._clock.now()))
        if accepted_ago > RECORD_SECONDS:
            return await self._look_up(run, "its record is older than an hour", run.polls or 0)
        self._limiter.job_accepted(run.digest)
        try:
            return await self._poll_until_done(run, context, accepted_ago)
        finally:
            self._limiter.job_done(run.digest)

    async def _poll_until_done(self, run: LoggedRun, context: RunContext, age: float) -> LoggedRun | None:
        """Poll a job until it is done, as `poll` does.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        age:
            Seconds since the job was accepted.
        """
        accepted = self._clock.monotonic() - age

        def elapsed() -> float:
            return self._clock.monotonic() - accepted

        self._polled_jobs += 1
        early_probe = self._polled_jobs % EARLY_PROBE_EVERY == 0
        schedule = PollSchedule(self._times, run.parameters, age, early_probe=early_probe)
        polls, gone, unclear, pause = run.polls or 0, 0, 0, 0.0
        while True:
            if pause:
                await self._clock.sleep(pause)
            while (seconds := schedule.next_poll() - elapsed()) > SOON:
                await self._sleep(seconds)
            polls += 1
            asked = elapsed()
            try:
                outcome: PollOutcome | ResultOutcome = await self._api.status(
                    run.request_id or "", run.status_url, lambda: schedule.urgency(elapsed())
                )
                if isinstance(outcome, Finished):
                    outcome = await self._api.result(run.request_id or "", run.response_url)
            except (AuthenticationError, PermissionDenied) as error:
                context.stop.set(self._api.error_text(error))
                return None
            unclear, pause = (unclear + 1 if isinstance(outcome, Unclear) else 0), 0.0
            match outcome:
                case Gone(reason=reason):
                    gone += 1
                    if gone >= GONE_TRIES:
                        return await self._look_up(run, reason, polls)
                    pause = GONE_PAUSE.seconds(gone, self._jitter)
                case Unclear(retry_after=retry_after):
                    pause = max(retry_after or 0.0, UNCLEAR_PAUSE.seconds(unclear, self._jitter))
                case Waiting(processing=processing):
                    schedule.not_done(max(asked, elapsed()), processing=processing)
                    if processing and run.state is State.SUBMITTED:
                        run = await self._journal.move_or_reload(run, State.PROCESSING)
                        if run.state is not State.PROCESSING:
                            return run
                        context.on_change(run.digest, run.state)
                case Rendered() | NoPicture() | Broken():
                    return await self._record_outcome(run, outcome, polls)

    async def _sleep(self, seconds: float) -> None:
        """Wait for this long, or until the service turns out to have changed."""
        loop = asyncio.get_running_loop()
        woken: asyncio.Future[None] = loop.create_future()
        self._sleeping.add(woken)
        timer = loop.call_later(seconds, _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()
            self._sleeping.discard(woken)

    async def _record_outcome(
        self, run: LoggedRun, outcome: Rendered | NoPicture | Broken, polls: int
    ) -> LoggedRun | None:
        """Enter in the log what the service says of a job.

        Parameters
        ----------
        run:
            The run.
        outcome:
            What the service says.
        polls:
            Polls of the job so far.
        """
        changes: dict[str, Any] = {"polls": polls, "detected_at": self._clock.now()}
        match outcome:
            case Broken(reason=reason, kind=kind):
                changes |= {"error": self._api.redact(reason), "error_kind": kind, "owner": None}
            case Rendered(metrics=metrics) | NoPicture(metrics=metrics):
                queue, render = _number(metrics.get("queue_time")) or 0.0, _number(metrics.get("inference_time"))
                cost = _number(metrics.get("cost"))
                changes |= {"cost_usd": cost, "queue_seconds": queue, "render_seconds": render}
                if render is not None:
                    accepted = run.accepted_at or self._clock.now()
                    self._learn(Measurement(run.parameters, queue, render, cost, accepted))
        match outcome:
            case Rendered(picture_urls=urls):
                changes["picture_url"] = self._api.service.relative(urls[0])
            case NoPicture(reason=reason):
                changes |= {"error": reason, "error_kind": "no_picture", "owner": None}
        return await self._journal.move_or_reload(run, advance(run.state, outcome), **changes)

    def _learn(self, measurement: Measurement) -> None:
        if self._times.learn(measurement.parameters, measurement.queue, measurement.render, measurement.accepted):
            for woken in self._sleeping:  # the service has changed: plan the polls again
                _wake(woken)
        distribution = self._times.total(measurement.parameters)
        if distribution is not None:
            self._limiter.expect(distribution.mean)

    async def _look_up(self, run: LoggedRun, reason: str, polls: int) -> LoggedRun | None:
        """Ask the history for a job whose record is gone: it knows requests of any age.

        Parameters
        ----------
        run:
            The run.
        reason:
            Why the record is taken to be gone.
        polls:
            Polls of the job so far.
        """
        try:
            row = await self._api.record(run.request_id or "")
        except (ServiceError, TransportError):
            return None  # the next run asks again
        if row is not None and row.picture_urls:
            return await self._record_outcome(run, Rendered(row.picture_urls, {"cost": row.cost}), polls)
        if row is not None and row.error:
            return await self._record_outcome(run, Broken(row.error, "server"), polls)
        if row is not None and row.status == "PENDING":
            return None
        return await self._journal.move_or_reload(
            run, State.LOST, polls=polls, error=self._api.redact(reason), error_kind="expired", owner=None
        )

    # ------------------------------------------------------------------ the picture

    async def collect(self, run: LoggedRun) -> LoggedRun | None:
        """Fetch the picture and keep it; None where it exists and cannot be fetched for now."""
        loop = asyncio.get_running_loop()
        reason, kind, data = "", "no_picture", b""
        for attempt in range(PICTURE_TRIES):
            if attempt:
                await self._clock.sleep(PICTURE_PAUSE.seconds(attempt, self._jitter))
            try:
                data = await self._api.picture(run.picture_url or "")
                stored = await loop.run_in_executor(self._decoders, self._store.put, data)
            except TransportError as error:
                reason, kind = error.what, "transport"
            except ServiceError as error:
                reason, kind = str(error), "transport" if error.status >= 500 or error.status == 429 else "no_picture"
            except PictureError as error:
                reason, kind = error.what, "bad_picture"
            else:
                return await self._journal.move_or_reload(
                    run,
                    State.COMPLETED,
                    picture=stored.path,
                    sha256=stored.sha256,
                    width=stored.width,
                    height=stored.height,
                    bytes=len(data),
                    completed_at=self._clock.now(),
                    error="",
                    error_kind="",
                    owner=None,
                )
        reason = self._api.redact(reason)
        if kind == "transport":  # it is still there: the next run fetches it
            await self._journal.move(run, State.DOWNLOADING, error=reason, error_kind=kind)
            return None
        if kind == "bad_picture" and data:
            await loop.run_in_executor(self._decoders, self._store.set_aside, data, run.digest[:12])
        return await self._journal.move_or_reload(run, State.LOST, error=reason, error_kind=kind, owner=None)


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
