"""The net around each run: whatever ends the work on one, the others go on, and nothing paid for is given up."""

from __future__ import annotations

import logging
import traceback

from ..lifecycle import State
from ..service.api import Api
from .async_journal import AsyncJournal
from .context import RunContext
from .ownership import this_process

ERROR_CHARACTERS, TRACEBACK_CHARACTERS = 2_000, 8_000
"""What the log keeps of an error that nothing foresees."""

logger = logging.getLogger(__name__)


class Isolation:
    """Leaves runs that met an error which nothing foresees.

    Parameters
    ----------
    journal:
        The service's runs in the log.
    api:
        The service; its key is removed from texts.
    """

    def __init__(self, journal: AsyncJournal, api: Api) -> None:
        self._journal = journal
        self._api = api

    async def leave(self, digest: str, error: Exception, context: RunContext) -> None:
        """End the work on a run in this call, and change nothing that was paid for.

        Parameters
        ----------
        digest:
            The run.
        error:
            The error. The log keeps it with its traceback.
        context:
            The call of the engine.
        """
        text = self._printable(f"{type(error).__name__}: {error}")[:ERROR_CHARACTERS]
        trace = self._printable("".join(traceback.format_exception(error)))[-TRACEBACK_CHARACTERS:]
        logger.warning(
            "Run %s met an error that segflux_nb does not foresee, and is left as it is.\n%s", digest, trace
        )
        run = await self._journal.run(digest)
        # The submit has ended: its task is awaited, so that only this process can have left the run in this state.
        to = State.UNKNOWN if run.state is State.SUBMITTING and run.owner == this_process() else run.state
        if to in (State.PLANNED, State.UNKNOWN, State.SUBMITTED, State.PROCESSING, State.DOWNLOADING):
            await self._journal.move(run, to, traceback=trace, error=text)
        reason = f"it met an unexpected error ({text.splitlines()[0]:.200})"
        if to is State.UNKNOWN:  # the history is asked in this call already
            context.submit_is_unknown(digest)
            context.note(digest, reason)
        else:
            context.leave_for_next_call(digest, reason)

    def _printable(self, text: str) -> str:
        """A text that the log can keep, without the key."""
        return self._api.redact(text).encode("utf-8", "backslashreplace").decode()
