"""From an accepted job to a picture on disk: polls, the result, the download. What was paid for is given up last."""

from __future__ import annotations

import asyncio
from typing import Any

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
GONE_TRIES = 3
"""How often a picture, or a record, must be missing before it is believed."""

SOON = 1e-3
"""Seconds that are not worth waiting for."""

RECORD_SECONDS = 3600.0
"""The service keeps status and result of a request so long from its submit."""


class Collector:
    """Collects what one service accepted.

    Parameters
    ----------
    writer, api, pacer, store, clock:
        Where it writes, asks, takes turns, keeps and waits.
    seconds:
        What an evaluation takes where nothing was measured yet; None where nobody knows.
    """

    def __init__(
        self,
        writer: AsyncJournal,
        api: Api,
        pacer: RateLimiter,
        store: PictureStore,
        clock: Clock,
        seconds: float | None,
    ) -> None:
        self._writer = writer
        self._api = api
        self._pacer = pacer
        self._store = store
        self._clock = clock
        self._times = ServiceTimes(seconds)
        self._resting: set[asyncio.Future[None]] = set()
        if seconds is not None:
            pacer.expect(seconds * MODEL.price_evaluations)
        for measurement in reversed(writer.measured()):
            self._learn(measurement)
        self._watched = 0
        self._decoders = DaemonExecutor(2, "segflux-decode")

    def close(self) -> None:
        """Stop the threads."""
        self._decoders.shutdown(wait=False)

    async def poll(self, run: LoggedRun, walk: RunContext) -> LoggedRun | None:
        """Ask for an accepted job until it is done; None where asking is of no use for now."""
        accepted_ago = max(0.0, self._clock.now() - (run.accepted_at or self._clock.now()))
        if accepted_ago > RECORD_SECONDS:
            return await self._look_up(run, "its record is older than an hour", run.polls or 0)
        self._pacer.accepted(run.digest)
        try:
            return await self._watch(run, walk, accepted_ago)
        finally:
            self._pacer.done(run.digest)

    async def _watch(self, run: LoggedRun, walk: RunContext, age: float) -> LoggedRun | None:
        accepted = self._clock.monotonic() - age

        def elapsed() -> float:
            return self._clock.monotonic() - accepted

        self._watched += 1
        watch = PollSchedule(self._times, run.parameters, age, early_probe=self._watched % EARLY_PROBE_EVERY == 0)
        polls, gone, unclear, backoff = run.polls or 0, 0, 0, 0.0
        while True:
            if backoff:
                await self._clock.sleep(backoff)
            while (rest := watch.ask_at() - elapsed()) > SOON:
                await self._rest(rest)
            polls += 1
            asked = elapsed()
            try:
                outcome: PollOutcome | ResultOutcome = await self._api.status(
                    run.request_id or "", run.status_url, lambda: watch.urgency(elapsed())
                )
                if isinstance(outcome, Finished):
                    outcome = await self._api.result(run.request_id or "", run.response_url)
            except (AuthenticationError, PermissionDenied) as error:
                walk.stop.set(self._api.says(error))
                return None
            unclear, backoff = (unclear + 1 if isinstance(outcome, Unclear) else 0), 0.0
            match outcome:
                case Gone(reason=reason):
                    gone += 1
                    backoff = 0.5 * 2.0**gone
                    if gone >= GONE_TRIES:
                        return await self._look_up(run, reason, polls)
                case Unclear(retry_after=pause):
                    backoff = max(pause or 0.0, min(30.0, 0.25 * 2.0**unclear))
                case Waiting(processing=processing):
                    watch.tell(max(asked, elapsed()), processing=processing)
                    if processing and run.state is State.SUBMITTED:
                        run = await self._writer.settle(run, State.PROCESSING)
                        if run.state is not State.PROCESSING:
                            return run
                        walk.on_change(run.digest, run.state)
                case Rendered() | NoPicture() | Broken():
                    return await self._settle(run, outcome, polls)

    async def _rest(self, seconds: float) -> None:
        """Wait so long, or until the service turns out to have changed."""
        loop = asyncio.get_running_loop()
        news: asyncio.Future[None] = loop.create_future()
        self._resting.add(news)
        timer = loop.call_later(seconds, _wake, news)
        try:
            await news
        finally:
            timer.cancel()
            self._resting.discard(news)

    async def _settle(self, run: LoggedRun, outcome: Rendered | NoPicture | Broken, polls: int) -> LoggedRun | None:
        """Enter what the service says a job came to."""
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
            case Rendered(picture_url=url):
                changes["picture_url"] = self._api.service.relative(url)
            case NoPicture(reason=reason):
                changes |= {"error": reason, "error_kind": "no_picture", "owner": None}
        return await self._writer.settle(run, advance(run.state, outcome), **changes)

    def _learn(self, measurement: Measurement) -> None:
        if self._times.learn(measurement.parameters, measurement.queue, measurement.render, measurement.accepted):
            for news in self._resting:
                _wake(news)
        law = self._times.total(measurement.parameters)
        if law is not None:
            self._pacer.expect(law.mean)

    async def _look_up(self, run: LoggedRun, reason: str, polls: int) -> LoggedRun | None:
        """The record is gone (it lives one hour): the history knows requests of any age."""
        try:
            row = await self._api.record(run.request_id or "")
        except (ServiceError, TransportError):
            return None  # the next run asks again
        if row is not None and row.picture_url:
            return await self._settle(run, Rendered(row.picture_url, {"cost": row.cost}), polls)
        if row is not None and row.error:
            return await self._settle(run, Broken(row.error, "server"), polls)
        if row is not None and row.status == "PENDING":
            return None
        return await self._writer.settle(
            run, State.LOST, polls=polls, error=self._api.redact(reason), error_kind="expired", owner=None
        )

    async def collect(self, run: LoggedRun) -> LoggedRun | None:
        """Fetch the picture and keep it; None where it is still there and cannot be fetched for now."""
        loop = asyncio.get_running_loop()
        reason, kind, data = "", "no_picture", b""
        for attempt in range(PICTURE_TRIES):
            if attempt:
                await self._clock.sleep(0.25 * 2.0**attempt)
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
                return await self._writer.settle(
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
            await self._writer.move(run, State.DOWNLOADING, error=reason, error_kind=kind)
            return None
        if kind == "bad_picture" and data:
            await loop.run_in_executor(self._decoders, self._store.set_aside, data, run.digest[:12])
        return await self._writer.settle(run, State.LOST, error=reason, error_kind=kind, owner=None)


def _wake(news: asyncio.Future[None]) -> None:
    if not news.done():
        news.set_result(None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
