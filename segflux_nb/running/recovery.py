"""What became of submits whose answer nobody saw: found in the service's history, proved absent, or left unknown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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
"""How often a page of the history is asked for before the unknown stays unknown for now."""

MOST_PAGES = 1000


class Recovery:
    """Settles runs that a crash or a lost answer left unsettled.

    A run is adopted where the history shows its job, planned again where a history that the service declares
    complete does not, and else stays unknown: nothing is submitted on a guess.
    """

    def __init__(
        self, writer: AsyncJournal, api: Api, clock: Clock, is_elsewhere: Callable[[LoggedRun], bool]
    ) -> None:
        self._writer = writer
        self._api = api
        self._clock = clock
        self._is_elsewhere = is_elsewhere

    async def settle(
        self, runs: list[LoggedRun], on_change: Callable[[str, State], None], *, resubmit_unknown: bool
    ) -> None:
        """Look up runs that are unknown or were being submitted; `resubmit_unknown` plans again what is not found."""
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
        is_known = self._writer.log.runs.knows_request
        for run in unknown:
            job = history.find(run.parameters, (run.submitted_at or 0.0) + self._api.ahead, is_known)
            # The addresses of an earlier job of this run, one that failed, must not stick to the new one.
            changes: dict[str, Any] = {"error": "", "status_url": None, "response_url": None}
            if job is not None:
                changes |= {"request_id": job.request_id, "accepted_at": run.submitted_at}
            elif self._api.history_complete_after is None and not resubmit_unknown:
                continue
            to = State.PLANNED if job is None else State.SUBMITTED
            settled = await self._writer.settle(run, to, **changes)
            on_change(run.digest, settled.state)

    async def abandon(self, run: LoggedRun) -> LoggedRun:
        """Note that the process that was submitting a run is gone."""
        reason = "the process that submitted it ended before its answer came"
        return await self._writer.settle(run, State.UNKNOWN, owner=None, error=reason)

    async def _history(self, unknown: list[LoggedRun]) -> History:
        """The history since the first of these submits, once it is complete where the service says when it is."""
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
        """The history back to a moment, whole: what is missing from a part of it proves nothing."""
        since += min(0.0, self._api.ahead) - FAR_SECONDS
        rows: list[HistoryRow] = []
        for page in range(1, MOST_PAGES + 1):
            found = await self._page(since, page)
            rows.extend(found)
            reaches_back = bool(found) and (found[-1].created_at or since) < since
            if len(found) < HISTORY_ROWS or reaches_back:
                return rows
        raise AnswerLost(f"The history since then has more than {MOST_PAGES * HISTORY_ROWS:,} rows")

    async def _page(self, since: float, page: int) -> list[HistoryRow]:
        """A page, asked for several times: asking costs nothing."""
        for attempt in range(TRIES):
            try:
                return await self._api.history(since, page)
            except (ServiceError, TransportError) as error:
                permanent = isinstance(error, ServiceError) and error.status in (401, 403)
                if permanent or attempt == TRIES - 1:
                    raise
            await self._clock.sleep(0.5 * 2.0**attempt)
        raise AssertionError("unreachable")
