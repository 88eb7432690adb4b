"""The questions about a job: its status, its result, its row in the history. One about another job tells nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..errors import AuthenticationError, PermissionDenied, ServiceError, TransportError
from ..lifecycle import (
    Broken,
    Finished,
    Gone,
    NoPicture,
    PollOutcome,
    Rendered,
    ResultOutcome,
    Unclear,
    Waiting,
)
from ..runlog.rows import LoggedRun
from ..service.api import Api
from ..service.history import HistoryRow
from ..service.json_reader import number
from .context import RunContext

REFUSALS = 3
"""After this many questions in a row that are answered with 401 or 403, the key counts as refused."""

Outcome = TypeVar("Outcome", bound=PollOutcome | ResultOutcome)


class Questions:
    """Asks one service about jobs.

    Parameters
    ----------
    api:
        The service.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._refusals = 0

    async def ask(
        self, run: LoggedRun, context: RunContext, urgency: Callable[[], float], doubts: int = 0
    ) -> Rendered | NoPicture | Waiting | Broken | Gone | Unclear | None:
        """Ask for the status, and for the result of a job that is completed; None where the key is refused.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        urgency:
            How urgent the poll is.
        doubts:
            How many answers before this one told nothing. After one, the result is asked for whatever the status
            says; and every other time at the address that follows from the id, in case that of the answer is wrong.
        """
        status_url, response_url = (None, None) if doubts % 2 else (run.status_url, run.response_url)
        request_id = run.request_id or ""
        result: ResultOutcome | None = None
        try:
            outcome: PollOutcome = await self._answer(self._api.status(request_id, status_url, urgency))
            if isinstance(outcome, Finished) or (doubts and _tells_nothing(outcome)):
                result = await self._answer(self._api.result(request_id, response_url))
        except (AuthenticationError, PermissionDenied) as error:
            context.stop.set(self._api.error_text(error))
            return None
        if isinstance(outcome, Finished):
            found = result or Unclear("the service gives no result")
            if isinstance(found, Waiting) and not found.word:
                found = Waiting(found.processing, "COMPLETED, and then otherwise")
        else:
            found = result if isinstance(result, Rendered) else outcome
        if isinstance(found, Rendered) and _is_of_another(run, found.seed):
            return Unclear(f"the answer is about a picture with seed {found.seed:.0f}")
        return found

    async def history_row(self, run: LoggedRun) -> HistoryRow | Gone | Unclear:
        """The history's row of a job: it knows requests of any age."""
        try:
            row = await self._api.record(run.request_id or "")
        except (ServiceError, TransportError) as error:
            return Unclear(f"the history cannot be read: {self._api.error_text(error)}")
        if row is None:
            return Gone("the history does not know the request")
        if _is_of_another(run, number(row.body.get("seed"))):
            return Unclear("the history answers with another job")
        return row

    async def _answer(self, question: Awaitable[Outcome]) -> Outcome | Unclear:
        """The answer to a question about one job.

        Raises
        ------
        AuthenticationError, PermissionDenied
            The service refuses the key for other questions too.
        """
        try:
            outcome = await question
        except (AuthenticationError, PermissionDenied) as error:
            is_refused = await self._api.is_key_refused()
            self._refusals = 0 if is_refused is False else self._refusals + 1
            if is_refused or self._refusals >= REFUSALS:
                raise
            return Unclear(self._api.error_text(error))
        self._refusals = 0
        return outcome


def _is_of_another(run: LoggedRun, seed: float | None) -> bool:
    """Whether an answer with this seed is about another job.

    Parameters
    ----------
    run:
        The run.
    seed:
        The seed of the answer; None where it has none.
    """
    return seed is not None and "seed" in run.parameters and seed != number(run.parameters["seed"])


def _tells_nothing(outcome: PollOutcome | Unclear) -> bool:
    return isinstance(outcome, Gone | Unclear) or (isinstance(outcome, Waiting) and bool(outcome.word))
