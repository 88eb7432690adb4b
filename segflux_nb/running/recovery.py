"""What became of submits whose answer was lost: found in the service's history, proved absent, or left unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backoff import Backoff, RandomSource
from ..clock import Clock
from ..errors import AnswerLost, ServiceError, TransportError
from ..lifecycle import State
from ..model import MODEL
from ..runlog.rows import LoggedRun
from ..service.api import HISTORY_ROWS, Api
from ..service.wire import HistoryRow
from .async_journal import AsyncJournal
from .policy.reconcile import FAR_SECONDS, History

TRIES = 8
"""How often a page of the history is asked for before an unknown run stays unknown for now."""

PAGE_PAUSE = Backoff(first=0.5, longest=32.0)
"""Between tries for a page."""

MOST_PAGES = 1000
"""Pages that are read at most."""


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
        is_elsewhere: Callable[[LoggedRun], bool],
        jitter: RandomSource,
    ) -> None:
        self._journal = journal
        self._api = api
        self._clock = clock
        self._is_elsewhere = is_elsewhere
        self._jitter = jitter

    async def reconcile(
        self, runs: list[LoggedRun], on_change: Callable[[str, State], None], *, resubmit_unknown: bool
    ) -> None:
        """Look up runs that are unknown, or were being submitted by a process that is gone.

        Parameters
        ----------
        runs:
            The runs.
        on_change:
            Called with a run's digest and state when its state changes.
        resubmit_unknown:
            Whether a run that the history does not show is planned again in any case.
        """
        unknown = []
        for run in runs:
            if run.state is State.SUBMITTING and not self._is_elsewhere(run):
                run = await self.abandon(run)
            if run.state is State.UNKNOWN:
                unknown.append(run)
        if not unknown:
            return
        try:
            history = await self._history(unknown)
        except (ServiceError, TransportError):
            return
        for run in unknown:
            submitted_at = (run.submitted_at or 0.0) + self._api.clock_offset
            job = history.find(run.parameters, submitted_at, self._journal.knows_request)
            # The addresses of an earlier job of this run, one that failed, must not stay with the new one.
            changes: dict[str, Any] = {"error": "", "status_url": None, "response_url": None}
            if job is not None:
                changes |= {"request_id": job.request_id, "accepted_at": run.submitted_at}
            elif self._api.history_complete_after is None and not resubmit_unknown:
                continue
            to = State.PLANNED if job is None else State.SUBMITTED
            moved = await self._journal.move_or_reload(run, to, **changes)
            on_change(run.digest, moved.state)

    async def abandon(self, run: LoggedRun) -> LoggedRun:
        """Note that the process that was submitting a run is gone."""
        reason = "the process that submitted it ended before its answer came"
        return await self._journal.move_or_reload(run, State.UNKNOWN, owner=None, error=reason)

    async def _history(self, unknown: list[LoggedRun]) -> History:
        """The history since the first of these submits.

        A service may declare how long its history takes to be complete; its first answer tells. Then the history is
        read once it certainly shows the last of these submits.
        """
        times = [run.submitted_at or 0.0 for run in unknown]
        since, latest = min(times), max(times)
        if self._api.history_complete_after is None:
            asked = self._clock.now()  # an answer that comes late shows the history as it was then
            rows = await self._read(since)
            if asked - latest >= (self._api.history_complete_after or 0.0):
                return History(rows, MODEL.parameters)
        declared = self._api.history_complete_after or 0.0
        missing = declared - (self._clock.now() - latest)
        if missing > 0:
            await self._clock.sleep(min(missing, declared))
        return History(await self._read(since), MODEL.parameters)

    async def _read(self, since: float) -> list[HistoryRow]:
        """The whole history back to a moment: a row that is missing from a part of it proves nothing."""
        since += min(0.0, self._api.clock_offset) - FAR_SECONDS
        rows: list[HistoryRow] = []
        for page in range(1, MOST_PAGES + 1):
            found = await self._page(since, page)
            rows.extend(found)
            reaches_back = bool(found) and (found[-1].created_at or since) < since
            if len(found) < HISTORY_ROWS or reaches_back:
                return rows
        raise AnswerLost(f"The history since then has more than {MOST_PAGES * HISTORY_ROWS:,} rows")

    async def _page(self, since: float, page: int) -> list[HistoryRow]:
        """A page, asked for several times: a question costs nothing."""
        for attempt in range(1, TRIES + 1):
            try:
                return await self._api.history(since, page)
            except (ServiceError, TransportError) as error:
                permanent = isinstance(error, ServiceError) and error.status in (401, 403)
                if permanent or attempt == TRIES:
                    raise
            await self._clock.sleep(PAGE_PAUSE.seconds(attempt, self._jitter))
        raise AssertionError("unreachable")
