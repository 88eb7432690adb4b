"""From an accepted job to a picture on disk: polls, the result, the download. Nothing paid is given up early.

A job that is not served yet is postponed (`policy.asking_again`): the worker takes another run, and asks for the job
again later. It is lost only when its record, the history and its stored URL were all asked, in vain, and more than
`ANSWERABLE_SECONDS` have passed since its submit.
"""

from __future__ import annotations

import asyncio
from typing import Any

from ..backoff import Backoff, RandomSource
from ..clock import Clock
from ..lifecycle import (
    ANSWERABLE_SECONDS,
    Broken,
    Gone,
    NoPicture,
    Rendered,
    State,
    Unclear,
    Waiting,
    advance,
)
from ..model import MODEL, model_of
from ..pictures.store import PictureStore
from ..runlog.rows import LoggedRun, Measurement
from ..service.api import Api
from ..service.history import HistoryRow
from ..service.wire import failure_kind
from .async_journal import AsyncJournal
from .context import RunContext
from .fetcher import Fetched, Fetcher
from .more_pictures import MorePictures
from .policy.asking_again import doubt, is_failure_believed
from .policy.polling import ServiceTimes
from .questions import Questions
from .rate_limiter import RateLimiter
from .recovery import OF_ANOTHER_KEY
from .uploads import Uploads

DOUBTS = 3
"""How often in a row an answer must tell nothing good before the history is asked."""

UNCLEAR_SECONDS = 60.0
"""How long polls may fail before the history is asked."""

DOUBT_PAUSE = Backoff(first=1.0, longest=2.0)
"""Between polls whose answers are doubted."""

UNCLEAR_PAUSE = Backoff(first=0.5, longest=30.0)
"""Between polls whose answers tell nothing."""

LOST_TRIES = 3
"""How often a job that nothing can serve any more is asked for before it is given up."""

CLOCK_SECONDS = 5.0
"""How much longer than it existed a job may say that it took."""

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
    uploads:
        Brings them into the object store, where the workspace has one.
    clock:
        Source of the current time, replaced in tests.
    seconds_per_evaluation:
        What an evaluation takes while nothing was measured, in seconds; None where it is unknown.
    jitter:
        Source of random numbers for pauses, replaced in tests.

    Attributes
    ----------
    more:
        Collects the other pictures of outputs that have several.
    """

    def __init__(
        self,
        journal: AsyncJournal,
        api: Api,
        limiter: RateLimiter,
        store: PictureStore,
        uploads: Uploads,
        clock: Clock,
        seconds_per_evaluation: float | None,
        jitter: RandomSource,
    ) -> None:
        self._journal = journal
        self._api = api
        self._questions = Questions(api)
        self._limiter = limiter
        self.fetcher = self._fetcher = Fetcher(api, store, uploads)  # files that are gone are fetched by it too
        self.more = MorePictures(journal, self._fetcher, self._urls, api.redact, clock)
        self._clock = clock
        self._jitter = jitter
        self._times = {MODEL.slug: ServiceTimes(seconds_per_evaluation)}
        self._sleeping: set[asyncio.Future[None]] = set()
        if seconds_per_evaluation is not None:
            limiter.expect(seconds_per_evaluation * MODEL.price_evaluations)
        for measurement in reversed(journal.measured()):
            self._learn(measurement)

    def close(self) -> None:
        """Stop the threads."""
        self._fetcher.close()

    # ------------------------------------------------------------------ polls

    async def poll(self, run: LoggedRun, context: RunContext) -> LoggedRun | None:
        """Poll an accepted job until it is done: the run as it is then, or None where it goes no further for now.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        """
        self._limiter.job_accepted(run.digest)
        try:
            age = self._age(run)
            if age <= RECORD_SECONDS:
                return await self._poll_until_done(run, context, age)
            polls, row = run.polls or 0, await self._questions.history_row(run)
            if isinstance(row, HistoryRow) and row.picture_urls:
                return await self._record_outcome(run, Rendered(row.picture_urls, row.metrics), polls)
            # The service promises its record for an hour, and may keep it for longer.
            outcome = await self._questions.ask(run, context, float, 1 + context.asking.failures(run.digest))
            if isinstance(outcome, Rendered):
                return await self._record_outcome(run, outcome, polls + 1)
            return None if outcome is None else await self._decide(run, context, outcome, row, polls + 1)
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

        schedule = self._times_of(run.model).schedule(run.parameters, age)
        polls, doubts, well_at, pause = run.polls or 0, 0, age, 0.0
        is_retry = context.asking.failures(run.digest) > 0
        while True:
            if pause:
                await self._clock.sleep(pause)
            while not is_retry and (seconds := schedule.next_poll() - elapsed()) > SOON:
                await self._sleep(seconds)
            polls, asked, pause = polls + 1, elapsed(), 0.0
            in_vain = doubts + context.asking.failures(run.digest)
            outcome = await self._questions.ask(run, context, lambda: schedule.urgency(elapsed()), in_vain)
            if outcome is None:
                return None
            if isinstance(outcome, Rendered):
                return await self._record_outcome(run, outcome, polls)
            if isinstance(outcome, Gone) and self._journal.is_of_another_key(run):
                return await self._leave_to_its_key(run, context)
            if isinstance(outcome, Waiting) and not outcome.word:
                doubts, well_at, is_retry = 0, elapsed(), False
                schedule.not_done(max(asked, elapsed()), processing=outcome.processing)
                if outcome.processing and run.state is State.SUBMITTED:
                    run = await self._journal.move_or_reload(run, State.PROCESSING)
                    if run.state is not State.PROCESSING:
                        return run
                    context.on_change(run.digest, run.state)
                if elapsed() <= RECORD_SECONDS:
                    continue
            doubts += 1
            if (
                is_retry
                or isinstance(outcome, Broken)
                or elapsed() > RECORD_SECONDS
                or (elapsed() - well_at if isinstance(outcome, Unclear) else 0.0) > UNCLEAR_SECONDS
                or (doubts >= DOUBTS and not isinstance(outcome, Unclear))
            ):
                return await self._decide(run, context, outcome, await self._questions.history_row(run), polls)
            if isinstance(outcome, Unclear):
                pause = UNCLEAR_PAUSE.seconds(doubts, self._jitter)
                pause = max(pause, min(outcome.retry_after or 0.0, UNCLEAR_SECONDS))
            else:
                pause = DOUBT_PAUSE.seconds(doubts, self._jitter)
                schedule.not_done(elapsed(), processing=True)

    async def _decide(
        self,
        run: LoggedRun,
        context: RunContext,
        outcome: NoPicture | Waiting | Broken | Gone | Unclear,
        row: HistoryRow | Gone | Unclear,
        polls: int,
    ) -> LoggedRun | None:
        """Decide what becomes of a job that its record does not show as done: the history may know more.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        outcome:
            What its record says.
        row:
            What the history says.
        polls:
            Polls of the job so far.
        """
        if isinstance(outcome, Gone) and isinstance(row, Gone) and self._journal.is_of_another_key(run):
            return await self._leave_to_its_key(run, context)
        failures, now = context.asking.failures(run.digest), self._clock.monotonic()
        found = row if isinstance(row, HistoryRow) else None
        if found is not None and found.picture_urls:
            return await self._record_outcome(run, Rendered(found.picture_urls, found.metrics), polls)
        history_failed = found is not None and found.status == "FAILED"
        times = context.asking.history_says_failed(run.digest, now, failed=history_failed)
        if isinstance(outcome, Broken):
            # One answer may be wrong, and a job that goes on is billed: the history or another answer confirms it.
            usual = self._times_of(run.model).total(run.parameters)
            if history_failed or is_failure_believed(
                failures, self._age(run), None if usual is None else usual.mean, in_history=found is not None
            ):
                return await self._record_outcome(run, outcome, polls)
        elif history_failed and found is not None and times > 1:
            text = found.error or "the service gives no reason"
            return await self._record_outcome(run, Broken(text, failure_kind(text)), polls)
        reason, kind = doubt(outcome)
        changes: dict[str, Any] = {"polls": polls, "error": self._api.redact(reason), "error_kind": kind}
        if isinstance(outcome, NoPicture) and (cost := _number(outcome.metrics.get("cost"))) is not None:
            changes["cost_usd"] = cost
        is_answered = isinstance(outcome, Gone | NoPicture) and not isinstance(row, Unclear)
        if self._is_given_up(run, failures, is_answered=is_answered):
            return await self._journal.move_or_reload(run, State.LOST, **changes, owner=None)
        return await self._postpone(run, context, changes, pictures=int(isinstance(outcome, NoPicture)))

    async def _leave_to_its_key(self, run: LoggedRun, context: RunContext) -> LoggedRun | None:
        """Leave a job that the present key does not know, and that was submitted with another one.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        """
        error = f"this key does not know job {run.request_id}; it was submitted with another key"
        if error != run.error and await self._journal.move(run, run.state, error=error, error_kind="") is None:
            return await self._journal.reload(run)
        context.leave_for_next_call(run.digest, OF_ANOTHER_KEY)
        return None

    def _age(self, run: LoggedRun) -> float:
        """Seconds since the job was accepted."""
        now = self._clock.now()
        return max(0.0, now - (run.accepted_at or run.submitted_at or now))

    def _is_given_up(self, run: LoggedRun, failures: int, *, is_answered: bool) -> bool:
        """Whether nothing can serve the job any more.

        Parameters
        ----------
        run:
            The run.
        failures:
            How often this call has asked for it in vain.
        is_answered:
            Whether all that was asked has answered, and had no picture.
        """
        return is_answered and failures + 1 >= LOST_TRIES and self._age(run) > ANSWERABLE_SECONDS

    async def _postpone(
        self,
        run: LoggedRun,
        context: RunContext,
        changes: dict[str, Any],
        *,
        pictures: int,
        retry_after: float | None = None,
        is_here: bool = False,
    ) -> LoggedRun | None:
        """Ask for a job again later; the run, if another process has changed it.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        changes:
            What the log is to say of it until then.
        pictures:
            How many of its pictures are not served, where the service said that the job is completed; else 0.
        retry_after:
            Seconds to wait, where the service names them.
        is_here:
            Whether its picture waits on this machine to be uploaded.
        """
        if changes["error"] != run.error or changes["error_kind"] != run.error_kind or len(changes) > 3:
            moved = await self._journal.move(run, run.state, **changes)
            if moved is None:
                return await self._journal.reload(run)
        now = self._clock.monotonic()
        context.postpone(run.digest, now, pictures=pictures, retry_after=retry_after, is_here=is_here)
        return None

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

    async def _record_outcome(self, run: LoggedRun, outcome: Rendered | Broken, polls: int) -> LoggedRun:
        """Enter in the log what became of a job.

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
        if self._journal.is_of_another_key(run):  # it was replaced, and the account is the same
            changes["account"] = self._journal.account
        if isinstance(outcome, Broken):
            changes |= {"error": self._api.redact(outcome.reason), "error_kind": outcome.kind, "owner": None}
            return await self._journal.move_or_reload(run, State.FAILED, **changes)
        metrics = outcome.metrics
        queue, render = _number(metrics.get("queue_time")) or 0.0, _number(metrics.get("inference_time"))
        cost, version = _number(metrics.get("cost")), _number(metrics.get("simulator_version"))
        changes["simulator_version"] = None if version is None else int(version)
        changes |= {"cost_usd": cost, "queue_seconds": queue, "render_seconds": render, "error": "", "error_kind": ""}
        accepted = run.accepted_at or self._clock.now()
        # A time that is longer than the job has existed is in milliseconds, or wrong: nothing is learned from it.
        if render is not None and render <= self._clock.now() - (run.submitted_at or accepted) + CLOCK_SECONDS:
            self._learn(Measurement(run.parameters, queue, render, cost, accepted, run.model))
        changes["picture_url"], *changes["more_urls"] = map(self._api.service.relative, outcome.picture_urls)
        return await self._journal.move_or_reload(run, advance(run.state, outcome), **changes)

    def _times_of(self, slug: str) -> ServiceTimes:
        """What is known of the service times of a model.

        Parameters
        ----------
        slug:
            The model.
        """
        if slug not in self._times:
            self._times[slug] = ServiceTimes(None, model_of(slug))
        return self._times[slug]

    def _learn(self, measurement: Measurement) -> None:
        times = self._times_of(measurement.model)
        if times.learn(measurement.parameters, measurement.queue, measurement.render, measurement.accepted):
            for woken in self._sleeping:  # the service has changed: plan the polls again
                _wake(woken)
        distribution = times.total(measurement.parameters)
        if distribution is not None:
            self._limiter.expect(distribution.mean)

    # ------------------------------------------------------------------ the picture

    async def collect(self, run: LoggedRun, context: RunContext) -> LoggedRun | None:
        """Fetch the picture and keep it; None where it is not served for now.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        """
        failures = context.asking.failures(run.digest)
        found = await self._fetcher.fetch(run.picture_url or "")
        if isinstance(found, Fetched):
            completed = await self._journal.move_or_reload(
                run,
                State.COMPLETED,
                picture=found.stored.path,
                sha256=found.stored.sha256,
                width=found.stored.width,
                height=found.stored.height,
                bytes=found.size,
                completed_at=self._clock.now(),
                error="",
                error_kind="",
                owner=None,
            )
            await self._fetcher.entered(found)
            return completed
        missing = await self.more.fetch(run)
        if found.data and failures + 1 >= DOUBTS:  # they were paid for: a person may want to look at them
            await self._fetcher.set_aside(found.data, run.digest[:12])
        changes: dict[str, Any] = {"error": self._api.redact(found.reason), "error_kind": found.kind}
        if found.kind == "store":
            return await self._postpone(run, context, changes, pictures=1 + len(missing), is_here=True)
        is_answered = found.is_answered
        if (failures + 1) % DOUBTS == 0:  # the picture may be elsewhere by now
            urls, others_answered = await self._urls_by_now(run, context)
            is_answered = is_answered and others_answered
            if urls and urls[0] != run.picture_url:
                (changes["picture_url"], *changes["more_urls"]), is_answered = urls, False
        else:
            is_answered = False
        if self._is_given_up(run, failures, is_answered=is_answered):
            return await self._journal.move_or_reload(run, State.LOST, **changes, owner=None)
        return await self._postpone(run, context, changes, pictures=1 + len(missing), retry_after=found.retry_after)

    async def _urls(self, run: LoggedRun, context: RunContext) -> tuple[str, ...]:
        return (await self._urls_by_now(run, context))[0]

    async def _urls_by_now(self, run: LoggedRun, context: RunContext) -> tuple[tuple[str, ...], bool]:
        """Where the service says that the pictures are now, and whether both record and history have answered.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        """
        outcome = await self._questions.ask(run, context, float)
        row = await self._questions.history_row(run)
        is_answered = isinstance(outcome, Rendered | NoPicture | Gone) and not isinstance(row, Unclear)
        is_answered = is_answered and not self._journal.is_of_another_key(run)
        urls = outcome.picture_urls if isinstance(outcome, Rendered) else ()
        urls = urls or (row.picture_urls if isinstance(row, HistoryRow) else ())
        return tuple(map(self._api.service.relative, urls)), is_answered


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
