"""Fetches again what was complete once and whose files are gone. Nothing is submitted, and nothing is paid.

A run stays completed meanwhile: its log says which bytes it had. Only a picture with the same sha256 takes the place
of the file that is gone; another one is kept beside it, and the log says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from ..clock import Clock
from ..errors import ServiceError, TransportError, WorkspaceError
from ..lifecycle import ANSWERABLE_SECONDS, State
from ..markup import count
from ..runlog.picture_files import PictureFile
from ..runlog.rows import LoggedRun
from ..service.api import Api
from ..sweep.request import RUN_DIGITS
from .async_journal import AsyncJournal
from .fetcher import Fetched, Fetcher, NotFetched

AT_ONCE = 4
"""Pictures that are fetched again at a time."""

Outcome = Literal["fetched", "other", "gone", "not served"]


@dataclass(frozen=True)
class Refetched:
    """What became of a picture that was asked for again.

    Attributes
    ----------
    picture:
        The picture.
    outcome:
        ``fetched``: it is on disk again; ``other``: the service has another picture now, which was kept too;
        ``gone``: the service has no copy any more; ``not served``: it could not be asked, or may have one later.
    reason:
        Why it is not on disk again, in words; empty if it is.
    """

    picture: PictureFile
    outcome: Outcome
    reason: str = ""


class Refetcher:
    """Fetches again pictures whose files are gone.

    Parameters
    ----------
    journal:
        The service's runs in the log.
    api:
        The service.
    fetcher:
        Fetches and keeps pictures.
    clock:
        Source of the current time.
    """

    def __init__(self, journal: AsyncJournal, api: Api, fetcher: Fetcher, clock: Clock) -> None:
        self._journal = journal
        self._api = api
        self._fetcher = fetcher
        self._clock = clock
        self._places = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, pictures: Collection[PictureFile]) -> list[Refetched]:
        """Fetch these pictures again, each at most once."""
        return list(await asyncio.gather(*map(self._fetch, pictures)))

    async def _fetch(self, picture: PictureFile) -> Refetched:
        async with self._places:
            try:
                return await self._fetch_one(picture)
            except WorkspaceError:
                raise
            except Exception as error:  # noqa: BLE001 - one picture stays missing, and the others go on
                reason = f"it met an unexpected error ({type(error).__name__}: {error})"
                return Refetched(picture, "not served", self._api.redact(reason))

    async def _fetch_one(self, picture: PictureFile) -> Refetched:
        run = await self._journal.run(picture.digest)
        found = await self._from(picture.url) if picture.url else None
        if isinstance(found, Fetched) and found.stored.sha256 == picture.sha256:
            return Refetched(picture, "fetched")
        url, has_answered, reason = await self._url_by_now(run, picture.number)
        if url is not None and url != picture.url:
            by_now = await self._from(url)
            if isinstance(by_now, Fetched) or found is None:
                found = by_now
            if isinstance(found, Fetched) and found.stored.sha256 == picture.sha256:
                return Refetched(picture, "fetched")
        if isinstance(found, Fetched):
            return await self._keep_other(run, picture, url or picture.url or "", found)
        has_answered = has_answered and (found is None or found.is_answered)
        if found is not None:
            reason = found.reason
        if has_answered and self._clock.now() - (run.submitted_at or 0.0) > ANSWERABLE_SECONDS:
            return await self._give_up(run, picture, reason)
        return Refetched(picture, "not served", self._api.redact(reason))

    async def _from(self, url: str) -> Fetched | NotFetched:
        return await self._fetcher.fetch(url)

    async def _url_by_now(self, run: LoggedRun, number: int) -> tuple[str | None, bool, str]:
        """Where the history says that a picture is, whether the history has answered, and what it says otherwise.

        Parameters
        ----------
        run:
            The run.
        number:
            The picture's place in its output.
        """
        if run.request_id is None:
            return None, True, "the log has no request id of it"
        try:
            row = await self._api.record(run.request_id)
        except (ServiceError, TransportError) as error:
            return None, False, f"the history cannot be read: {self._api.error_text(error)}"
        if row is None and self._journal.is_of_another_key(run):
            return None, False, "it was paid for with another API key, whose history knows it"
        if row is None or len(row.picture_urls) <= number:
            return None, True, "the service has no copy of it"
        return self._api.service.relative(row.picture_urls[number]), True, "the service has no copy of it"

    async def _keep_other(self, run: LoggedRun, picture: PictureFile, url: str, found: Fetched) -> Refetched:
        """Keep a picture that is not the one that the log has, and enter it beside that one.

        Parameters
        ----------
        run:
            The run.
        picture:
            The picture as it was.
        url:
            Where the other one came from.
        found:
            The other one.
        """
        reason = f"the service has another picture for it now, which is kept as {found.stored.path}"
        await self._journal.add_picture(run, url, found.stored, found.size)
        if run.state is State.COMPLETED and reason not in run.error:
            await self._journal.move(run, State.COMPLETED, error=reason)
        return Refetched(picture, "other", reason)

    async def _give_up(self, run: LoggedRun, picture: PictureFile, reason: str) -> Refetched:
        """Enter that nothing can serve a picture any more."""
        text = f"its picture file {picture.path} was deleted, and the service has no copy any more"
        if run.state is State.COMPLETED and picture.number == 0:
            await self._journal.move(run, State.LOST, error=text, error_kind="expired")
        return Refetched(picture, "gone", f"{text} ({self._api.redact(reason)})")


def not_fetched(outcomes: Iterable[Refetched]) -> str:
    """Which pictures are not on disk again, in a sentence; empty if all are."""
    left = [found for found in outcomes if found.outcome != "fetched"]
    if not left:
        return ""
    names = ", ".join(dict.fromkeys(found.picture.digest[:RUN_DIGITS] for found in left[:3]))
    more = f" and {len(left) - 3:,} more" if len(left) > 3 else ""
    return f"{count(len(left), 'picture file')} still missing (run {names}{more}): {left[0].reason}"
