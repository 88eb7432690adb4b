"""What became of submits whose answer was lost: found in the service's history, proved absent, or left unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from ..backoff import Backoff, RandomSource
from ..clock import Clock
from ..errors import AnswerLost, ServiceError, TransportError
from ..lifecycle import State
from ..model import MODEL
from ..runlog.rows import AcceptedJob, LoggedRun
from ..service.addresses import is_address
from ..service.api import HISTORY_ROWS, Api
from ..service.history import HistoryRow
from ..service.stored_pictures import StoredPictures
from .async_journal import AsyncJournal
from .context import RunContext
from .policy.reconcile import EVER, FAR_SECONDS, FARTHEST_SECONDS, History, name_of

TRIES = 8
"""How often a page of the history is asked for before an unknown run stays unknown for now."""

PAGE_PAUSE = Backoff(first=0.5, longest=32.0)
"""Between tries for a page."""

MOST_PAGES = 1000
"""Pages that are read at most."""

LONGEST = 600.0
"""Seconds that it may take to read the history once, all pages and pauses together."""

STALE_PAGES = 3
"""After this many pages in a row without a new row, the history repeats itself, and may have more rows."""

SHORT_PAGE = 20
"""A page with fewer rows that brings no new one is the last one again, of a service that knows no pages."""

NAMES = tuple(name for name in MODEL.parameters if name != "hardware")
"""The fields that decide the picture."""

OF_ANOTHER_KEY = (
    "this key does not know their jobs, which were submitted with another key: ws.run(sweep) with that key collects"
    " them, and ws.run(sweep, again=True) pays for other takes"
)
"""Why runs of another account are left as they are."""

NOT_WHOLE = (
    "the history repeats itself, so it may have their jobs where it cannot be read: ws.run(sweep) looks again, and"
    " ws.run(sweep, again=True) pays for other takes"
)
NAMELESS = (
    "the history has equal jobs without an id, which have no picture yet: ws.run(sweep) looks again, and"
    " ws.run(sweep, again=True) pays for other takes"
)
"""Why runs that the user wants to be submitted again are not."""

# The addresses of an earlier job of this run, one that failed, must not stay with the new one.
_FORGOTTEN: dict[str, Any] = {"error": "", "status_url": None, "response_url": None}


class Recovery:
    """Reconciles runs that a crash or a lost answer left unknown with the service's history.

    A run whose job the history shows adopts that job. A run whose job a history does not show, though the service
    declares it complete, is planned again. Every other run stays unknown: no submit is made on a guess.

    Parameters
    ----------
    journal:
        The service's runs in the log.
    api:
        The service.
    clock:
        Source of the current time, replaced in tests.
    is_elsewhere:
        Whether another process, or another sweep of this one, holds a run.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    """

    def __init__(
        self,
        journal: AsyncJournal,
        api: Api,
        clock: Clock,
        is_elsewhere: Callable[[LoggedRun], Awaitable[bool]],
        jitter: RandomSource,
    ) -> None:
        self._journal = journal
        self._api = api
        self._clock = clock
        self._is_elsewhere = is_elsewhere
        self._jitter = jitter

    async def unknown(self, runs: list[LoggedRun]) -> list[LoggedRun]:
        """Those of these runs that must be looked up: unknown, or left by a process that was submitting them."""
        unknown = []
        for run in runs:
            if run.state is State.SUBMITTING and not await self._is_elsewhere(run):
                run = await self.abandon(run)
            if run.state is State.UNKNOWN:
                unknown.append(run)
        return unknown

    async def reconcile(self, runs: list[LoggedRun], context: RunContext, *, resubmit_unknown: bool) -> None:
        """Look up unknown runs.

        Parameters
        ----------
        runs:
            The runs.
        context:
            The call of the engine.
        resubmit_unknown:
            Whether a run that the history does not show is submitted again in any case, after a last look.
        """
        for model in dict.fromkeys(run.model for run in runs):
            own = [run for run in runs if run.model == model]
            await self._reconcile(own, context, resubmit_unknown=resubmit_unknown)

    async def _reconcile(self, runs: list[LoggedRun], context: RunContext, *, resubmit_unknown: bool) -> None:
        """Look up unknown runs of one model; the history is one of each model.

        Parameters
        ----------
        runs:
            The runs; at least one.
        context:
            The call of the engine.
        resubmit_unknown:
            Whether a run that the history does not show is submitted again in any case.
        """
        if (history := await self._history_or_none(runs, context)) is None:
            return
        for run in runs:
            of_another_key = self._journal.is_of_another_key(run)
            is_proof = self._api.history_complete_after is not None and not of_another_key
            moved = await self._adopt(run, history)
            if moved is None and is_proof and not self._may_have(run, history):
                moved = await self._journal.move_or_reload(run, State.PLANNED, **_FORGOTTEN)
            if moved is not None:
                context.on_change(run.digest, moved.state)
            elif resubmit_unknown:
                context.resubmit.add(run.digest)
            elif of_another_key:
                context.note(run.digest, OF_ANOTHER_KEY)

    async def resubmit(self, run: LoggedRun, context: RunContext) -> LoggedRun | None:
        """Look once more, right before an unknown run is submitted again; None where the history cannot be read.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        """
        history = await self._history_or_none([run], context)
        if history is None:
            return None
        if (adopted := await self._adopt(run, history, far=EVER)) is not None:
            return adopted
        if reason := self._may_have(run, history):
            context.note(run.digest, reason)
            return None
        return await self._journal.move_or_reload(run, State.PLANNED, **_FORGOTTEN)

    def _may_have(self, run: LoggedRun, history: History) -> str:
        """Why the history may have a run's job although it shows none; empty if it has none.

        Parameters
        ----------
        run:
            The run.
        history:
            The history.
        """
        if not history.is_whole:
            return NOT_WHOLE
        return NAMELESS if history.has_nameless(run.request.body) else ""

    async def _is_known(self, name: str) -> bool:
        """Whether a job belongs to a run of the log, by its id or by the address of its picture."""
        if await self._journal.knows_request(name):
            return True
        return is_address(name) and await self._journal.knows_picture(self._api.service.relative(name))

    async def _find(
        self, run: LoggedRun, history: History, taken: Collection[str] = (), far: float = FAR_SECONDS
    ) -> HistoryRow | None:
        """The job that a history shows for a run, and that belongs to no run of the log.

        Parameters
        ----------
        run:
            The run.
        history:
            The history.
        taken:
            The names of jobs that are other runs'.
        far:
            How many seconds before the submit the job may be dated.
        """
        known = set(taken)
        while True:
            job = history.find(
                run.request.body, run.submitted_at or 0.0, self._api.clock_offset, known.__contains__, far=far
            )
            if job is None or not await self._is_known(name_of(job)):
                return job
            known.add(name_of(job))

    async def _adopt(self, run: LoggedRun, history: History, *, far: float = FAR_SECONDS) -> LoggedRun | None:
        """Give a run the job that the history shows for it; None where it shows none.

        Parameters
        ----------
        run:
            The run.
        history:
            The history.
        far:
            How many seconds before the submit the job may be dated.
        """
        while True:
            job = await self._find(run, history, far=far)
            if job is None:
                return None
            found = AcceptedJob(
                service=run.service,
                digest=run.digest,
                request_id=name_of(job),
                status_url=None,
                response_url=None,
                accepted_at=run.submitted_at or self._clock.now(),
                account=self._journal.account,
            )
            moved = await self._journal.accept(found)
            if moved is not None and not job.request_id and moved.state is State.SUBMITTED:
                # Nothing can be asked about a job without an id, but its picture can be fetched.
                first, *more = map(self._api.service.relative, job.picture_urls)
                changes = {"picture_url": first, "more_urls": more, "cost_usd": job.cost}
                return await self._journal.move_or_reload(moved, State.DOWNLOADING, **changes)
            if moved is not None:
                return moved
            # Another process has just adopted this job for another take: look for the next one.

    async def _history_or_none(self, unknown: list[LoggedRun], context: RunContext) -> History | None:
        """The history since the first of these submits; None where it cannot be read for now.

        Parameters
        ----------
        unknown:
            The runs, of one model.
        context:
            The call of the engine; no page is asked for again once it stops.
        """
        try:
            return await self._history(unknown, context)
        except (ServiceError, TransportError, TimeoutError):
            return None

    async def abandon(self, run: LoggedRun) -> LoggedRun:
        """Note that the process that was submitting a run is gone."""
        await self._journal.enter_accepted()  # unless it has left the answer in its side file
        reason = "the process that submitted it ended before its answer came"
        return await self._journal.move_or_reload(run, State.UNKNOWN, owner=None, error=reason)

    async def _history(self, unknown: list[LoggedRun], context: RunContext) -> History:
        """The history since the first of these submits.

        A service may declare how long its history takes to be complete; its first answer tells. Then the history is
        read once it certainly shows the last of these submits.

        Parameters
        ----------
        unknown:
            The runs.
        context:
            The call of the engine.
        """
        times = [run.submitted_at or 0.0 for run in unknown]
        since, latest = min(times), max(times)
        if self._api.history_complete_after is None:
            asked = self._clock.now()  # an answer that comes late shows the history as it was then
            history = await self._read(since, unknown, context)
            if asked - latest >= (self._api.history_complete_after or 0.0):
                return history
        declared = self._api.history_complete_after or 0.0
        missing = declared - (self._clock.now() - latest)
        if missing > 0:
            await self._clock.sleep(min(missing, declared))
        return await self._read(since, unknown, context)

    async def _read(self, since: float, unknown: list[LoggedRun], context: RunContext) -> History:
        """The whole history back to a moment: a row that is missing from a part of it proves nothing.

        Pages may be shorter than what was asked for, and rows may move from one page to the next while they are read.
        So the end is a page without rows, one with which each of these submits was found, or one that is older than
        all of them, if rows come in the order of their times. If pages repeat themselves, the history is not whole.

        Parameters
        ----------
        since:
            The moment, in seconds since 1970 UTC by our clock.
        unknown:
            The runs that are looked for.
        context:
            The call of the engine.
        """
        since = max(0.0, since + min(0.0, self._api.clock_offset) - FARTHEST_SECONDS)
        is_own = unknown[0].model == MODEL.slug
        history = History((), NAMES if is_own else None, {} if is_own else await self._stored())
        missing, taken = list(unknown), set[str]()
        times: list[float | None] = []
        stale = 0
        async with asyncio.timeout(LONGEST):
            for page in range(1, MOST_PAGES + 1):
                found = await self._page(since, page, unknown[0].model, context)
                stale = 0 if history.add(found) else stale + 1
                times += [row.created_at for row in found]
                if not found or await self._all_found(missing, taken, history) or (stale and len(found) < SHORT_PAGE):
                    return history
                if stale >= STALE_PAGES:
                    history.is_whole = False
                    return history
                if all(row.created_at is not None and row.created_at < since for row in found) and _goes_back(times):
                    return history
        raise AnswerLost(f"The history since then has more than {MOST_PAGES * HISTORY_ROWS:,} rows")

    async def _all_found(self, missing: list[LoggedRun], taken: set[str], history: History) -> bool:
        """Whether the part of the history that was read has a job for each of these runs.

        Parameters
        ----------
        missing:
            The runs that were not found so far; those that are found now are removed.
        taken:
            The names of the jobs that were found; those that are found now are added.
        history:
            The part that was read.
        """
        while missing:
            job = await self._find(missing[-1], history, taken)
            if job is None:
                return False
            taken.add(name_of(job))
            missing.pop()
        return True

    async def _stored(self) -> dict[str, str]:
        """The texts of input pictures by the addresses with which jobs were ever sent, from here or elsewhere."""
        stored = StoredPictures(self._journal.folder, self._journal.service)
        stored.learn(await self._journal.input_addresses())
        return stored.by_address()

    async def _page(self, since: float, page: int, model: str, context: RunContext) -> list[HistoryRow]:
        """A page, asked for several times: a question costs nothing.

        Parameters
        ----------
        since:
            The moment at which the history begins.
        page:
            The number of the page.
        model:
            The slug of the model.
        context:
            The call of the engine.
        """
        for attempt in range(1, TRIES + 1):
            try:
                return await self._api.history(since, page, model)
            except (ServiceError, TransportError) as error:
                permanent = isinstance(error, ServiceError) and error.status in (401, 403)
                if permanent or attempt == TRIES or context.stop:
                    raise
            await self._clock.sleep(PAGE_PAUSE.seconds(attempt, self._jitter))
        raise AssertionError("unreachable")


def _goes_back(times: list[float | None]) -> bool:
    """Whether rows come the newest first, by their times."""
    known = [at for at in times if at is not None]
    return known == sorted(known, reverse=True) and known[0] > known[-1]
