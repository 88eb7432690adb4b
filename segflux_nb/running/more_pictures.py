"""The other pictures of an output that has several. They are paid for as the first one is, and are not given up.

A run is completed as soon as its first picture is on disk. The others are asked for again beside the other cells, as
long as the call asks for anything. A later call asks a few times: a picture that nobody serves does not hold it up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..clock import Clock
from ..lifecycle import State, is_asked_again
from ..runlog.rows import LoggedRun, MorePicture
from .async_journal import AsyncJournal
from .context import RunContext
from .fetcher import Fetched, Fetcher, NotFetched

TRIES = 8
"""How often a call asks for pictures that an earlier call did not get, and for what is served and is no picture."""

LOOK_UP_EVERY = 3
"""After this number of questions in vain, the service is asked where the pictures are by now."""


class MorePictures:
    """Collects the pictures of outputs beside the first ones.

    Parameters
    ----------
    journal:
        The service's runs in the log.
    fetcher:
        Fetches and keeps pictures.
    urls_by_now:
        Asks the service where the pictures of a run are by now: none where it does not say.
    redact:
        Removes keys from a text of the service.
    clock:
        Source of the current time, replaced in tests.
    """

    def __init__(
        self,
        journal: AsyncJournal,
        fetcher: Fetcher,
        urls_by_now: Callable[[LoggedRun, RunContext], Awaitable[tuple[str, ...]]],
        redact: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._fetcher = fetcher
        self._urls_by_now = urls_by_now
        self._redact = redact
        self._clock = clock

    async def fetch(self, run: LoggedRun) -> list[NotFetched]:
        """Fetch the pictures of a run that are not on disk: what came instead of those that are not served."""
        missing = []
        for picture in await self._journal.more_pictures(run):
            if picture.is_absent:
                found = await self._fetcher.fetch(picture.url)
                if isinstance(found, Fetched):
                    kept = MorePicture(picture.number, picture.url, **vars(found.stored), size=found.size)
                    await self._journal.keep_picture(run, kept)
                    await self._fetcher.entered(found)
                else:
                    missing.append(found)
        return missing

    async def collect(self, run: LoggedRun, context: RunContext) -> LoggedRun | None:
        """Fetch what a completed run misses: the run if that changed it; None where it goes no further for now.

        Parameters
        ----------
        run:
            The run, whose first picture is on disk.
        context:
            The call of the engine.
        """
        before = await self._journal.more_pictures(run)
        absent = sum(picture.is_absent for picture in before)
        missing = await self.fetch(run) if absent else []
        left = sum(picture.is_absent for picture in await self._journal.more_pictures(run)) if absent else 0
        if not left:
            context.incomplete.pop(run.digest, None)
            return await self._journal.move_or_reload(run, State.COMPLETED, error="") if absent else None
        reason = missing[0].reason if missing else "it could not be kept"
        error = _not_served(left, 1 + len(before), self._redact(reason))
        failures = context.asking.failures(run.digest)
        changes: dict[str, Any] = {"error": error} if error != run.error else {}
        if (failures + 1) % LOOK_UP_EVERY == 0 and not _is_here(missing):
            urls = list(await self._urls_by_now(run, context))[1:]
            if urls and urls != [picture.url for picture in before]:
                changes["more_urls"] = urls
        if changes:
            await self._journal.move(run, State.COMPLETED, **changes)
        self._ask_again(run, context, missing, left)
        return None

    def _ask_again(self, run: LoggedRun, context: RunContext, missing: list[NotFetched], left: int) -> None:
        """Ask for pictures later in this call, or leave them for the next one.

        Parameters
        ----------
        run:
            The run.
        context:
            The call of the engine.
        missing:
            What came instead of the pictures.
        left:
            How many pictures are missing.
        """
        now, failures = self._clock.monotonic(), context.asking.failures(run.digest)
        tries = context.incomplete.setdefault(run.digest, None)
        if tries is None and all(found.kind == "bad_picture" for found in missing):
            tries = TRIES
        if tries is None or failures + 1 < tries:
            pauses = [found.retry_after for found in missing if found.retry_after is not None]
            longest = max(pauses, default=None)
            context.postpone(run.digest, now, pictures=left, retry_after=longest, is_here=_is_here(missing))
        elif not is_asked_again(run.submitted_at, self._clock.now()):
            context.failed.add(run.digest)  # only the user asks for it again
        else:
            context.asking.leave(run.digest, pictures=left, is_here=_is_here(missing))


def _is_here(missing: list[NotFetched]) -> bool:
    """Whether all pictures that a run misses wait on this machine to be uploaded."""
    return bool(missing) and all(found.kind == "store" for found in missing)


def _not_served(missing: int, number: int, reason: str) -> str:
    """What the log says of a run that misses pictures.

    Parameters
    ----------
    missing:
        How many pictures are not served.
    number:
        How many pictures its output has.
    reason:
        What came instead of one of them.
    """
    return f"{missing} of {number} pictures of its output {'is' if missing == 1 else 'are'} not served yet: {reason}"
