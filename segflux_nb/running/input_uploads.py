"""Input pictures: they are in the folder, and those that a model takes by their address at the service, before
anything is submitted.

Each is stored there once: what a workspace knows to be there is used again, and all who need one wait for the same
upload. What another machine has entered comes from the object store of the workspace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from ..backoff import Backoff, RandomSource
from ..clock import Clock
from ..errors import (
    NotFound,
    RateLimited,
    SegfluxError,
    ServerError,
    ServiceError,
    StoreError,
    SweepError,
    TransportError,
)
from ..input_pictures import media_type, name_of, parts_of_text
from ..model import Model
from ..pictures.inputs import bytes_kept, fetch_input, inputs_of, not_fetched, not_kept, sent_by_address
from ..pictures.mounted import tier_of
from ..service.api import Api
from ..service.kept_catalogue import are_kept, keep
from ..service.stored_pictures import Stored, StoredPictures
from ..sweep.request import Request
from .async_journal import AsyncJournal
from .bodies import model_that_takes
from .context import RunContext
from .ownership import LEASE_SECONDS, is_alive, this_process

AT_A_TIME = 4
TRIES = 4
"""How often a picture is sent to a storage that fails or cannot be reached."""

PAUSE = Backoff(first=1.0, longest=8.0)
LONGEST_PAUSE = 60.0
ELSEWHERE_SECONDS = 0.5
"""Between looks while another process stores the picture."""


class InputUploads:
    """Stores input pictures at one service.

    Parameters
    ----------
    journal:
        The service's runs in the log, and its thread, on which files are read.
    api:
        The service.
    clock:
        Source of the current time, replaced in tests.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    """

    def __init__(self, journal: AsyncJournal, api: Api, clock: Clock, jitter: RandomSource) -> None:
        self._journal = journal
        self._api = api
        self._clock = clock
        self._jitter = jitter
        self._stored = StoredPictures(journal.folder, journal.service)
        self._storing: dict[str, asyncio.Task[str]] = {}
        self._turns = asyncio.Semaphore(AT_A_TIME)

    async def close(self) -> None:
        """End what is being stored, and give its claims back."""
        storing = [task for task in self._storing.values() if not task.done()]
        for task in storing:
            task.cancel()
        if storing:
            await asyncio.wait(storing)

    async def store(self, requests: Iterable[Request], context: RunContext) -> bool:
        """Bring pictures to where they are needed. False where the sweep stops first, or one cannot be had.

        Parameters
        ----------
        requests:
            What will be submitted.
        context:
            The call of the engine, which a refusal stops before it submits anything.
        """
        waiting: asyncio.Future[None] = asyncio.ensure_future(self._all(list(requests)))
        stopped = asyncio.ensure_future(context.wait_for_stop())
        try:
            await asyncio.wait([waiting, stopped], return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                return False
            await waiting
        except SweepError as error:
            context.stop.set(self._api.error_text(error))
            return False
        finally:
            stopped.cancel()
            waiting.cancel()
        return True

    async def _all(self, requests: list[Request]) -> None:
        await self._learn_models(requests)
        absent = await self._journal.in_thread(partial(self._absent, requests))
        await asyncio.gather(*map(self._fetch, absent))
        self._stored.learn(await self._journal.input_addresses())
        await asyncio.gather(*map(self.address, await self._needed(requests)))

    def _absent(self, requests: list[Request]) -> list[str]:
        """The pictures that are not in the folder, where there is a store that may have them."""
        folder = self._journal.folder
        return [] if tier_of(folder) is None else not_kept(folder, requests)

    async def _fetch(self, picture: str) -> None:
        """Bring a picture from the store of the workspace to the folder, where another machine has entered its sweep.

        Parameters
        ----------
        picture:
            The text that stands for it.

        Raises
        ------
        SweepError
            If the store does not give it.
        """
        loop, folder = asyncio.get_running_loop(), self._journal.folder
        async with self._turns:
            for attempt in range(1, TRIES + 1):
                try:
                    await loop.run_in_executor(None, fetch_input, folder, picture)
                except OSError as error:
                    if attempt < TRIES and isinstance(error, StoreError) and error.is_passing:
                        await self._clock.sleep(PAUSE.seconds(attempt, self._jitter))
                        continue
                    raise _as_sweep_error(not_fetched(folder, picture, error)) from None
                return

    async def _learn_models(self, requests: list[Request]) -> None:
        """Read the service's catalogue where this machine does not have what says how these models take pictures.

        It was read where the sweep was made. Without it, a picture could be sent in a way that the model does not
        take, and that is paid for.

        Parameters
        ----------
        requests:
            The requests.
        """
        folder, service = self._journal.folder, self._journal.service
        models = {request.model for request in requests if inputs_of(request)}
        if tier_of(folder) is None or await self._journal.in_thread(partial(are_kept, folder, service, models)):
            return
        try:
            keep(folder, service, await self._api.catalogue())
        except NotFound:
            return  # a service without a catalogue: the fields' names say how pictures are sent
        except (ServiceError, TransportError) as error:
            raise SweepError(
                f"It is not known here how {' and '.join(sorted(models))} takes pictures, and the service's catalogue"
                f" cannot be read: {self._api.redact(str(error)).rstrip('.')}",
                money="nothing was billed",
                remedy="Run the sweep again when the service answers",
            ) from None

    async def addresses(self, request: Request) -> dict[str, str]:
        """The addresses of the pictures that a request needs, by the texts that stand for them.

        Parameters
        ----------
        request:
            The request, all of whose pictures are in the folder then.
        """
        await asyncio.gather(*map(self._fetch, await self._journal.in_thread(partial(self._absent, [request]))))
        return {picture: await self.address(picture) for picture in await self._needed([request])}

    async def address(self, picture: str) -> str:
        """Where a picture is. It is stored if that is not known; all who ask meanwhile wait for the same upload.

        Parameters
        ----------
        picture:
            The text that stands for it.

        Raises
        ------
        SweepError
            The storage refuses it, or cannot be reached.
        """
        known = self._storing.get(picture)
        if known is None or (known.done() and (known.cancelled() or known.exception() or self._is_over(picture))):
            known = self._storing[picture] = asyncio.create_task(self._address(picture))
            known.add_done_callback(_seen)
        return await asyncio.shield(known)

    def _is_over(self, picture: str) -> bool:
        return self._stored.find(picture, self._clock.now()) is None

    async def _needed(self, requests: Iterable[Request]) -> list[str]:
        return await self._journal.in_thread(
            partial(_needed, list(requests), model_that_takes(self._journal.folder, self._journal.service))
        )

    async def _address(self, picture: str) -> str:
        async with self._turns:
            found = self._stored.find(picture, self._clock.now())
            # What an earlier session stored may be gone by now.
            if found is None or (found.expires_at is None and await self._api.is_gone(found.address)):
                found = await self._alone(picture, found)
        return self._api.service.absolute(found.address)

    async def _alone(self, picture: str, gone: Stored | None) -> Stored:
        """Store a picture, unless another process has just done so.

        Parameters
        ----------
        picture:
            The text that stands for it.
        gone:
            Where it was and is no longer; None if nothing is known.
        """
        me = this_process()
        while other := self._stored.claim(picture, me):
            if other.count(":") < 2 or not is_alive(other, self._journal.was_seen, LEASE_SECONDS):
                if self._stored.release(picture):
                    continue
                break  # nobody can: what is stored twice costs nothing
            await self._clock.sleep(ELSEWHERE_SECONDS)
        try:
            found = self._stored.find(picture, self._clock.now())
            return await self._upload(picture) if found is None or found == gone else found
        finally:
            self._stored.release(picture)

    async def _upload(self, picture: str) -> Stored:
        data = await self._journal.in_thread(partial(bytes_kept, self._journal.folder, picture))
        _, ending = parts_of_text(picture) or ("", "png")
        for attempt in range(1, TRIES + 1):
            try:
                uploaded = await self._api.upload(data, media_type(ending))
                break
            except (ServiceError, TransportError) as error:
                passes = isinstance(error, TransportError | ServerError | RateLimited)
                if not passes or attempt == TRIES:
                    raise _refused(picture, self._api.redact(str(error))) from None
                named = error.retry_after if isinstance(error, ServiceError) else None
            pause = PAUSE.seconds(attempt, self._jitter) if named is None else min(named, LONGEST_PAUSE)
            await self._clock.sleep(pause)
        address = self._api.service.relative(uploaded.url)
        stored = Stored(picture, address, uploaded.url, self._clock.now(), uploaded.expires_at)
        await self._journal.note_input_address(stored)  # first: what is in the folder is used without another look
        await self._journal.in_thread(partial(self._stored.add, stored))
        return stored


def _as_sweep_error(error: SegfluxError) -> SweepError:
    """An error as one that ends a sweep early, and lets it collect what is in flight."""
    return error if isinstance(error, SweepError) else SweepError(error.what, money=error.money, remedy=error.remedy)


def _needed(requests: list[Request], model_of: Callable[[str], Model]) -> list[str]:
    """The pictures that requests need at the service, each once.

    Parameters
    ----------
    requests:
        The requests.
    model_of:
        Gives the model of a slug.
    """
    found = (picture for request in requests for picture in sent_by_address(request, model_of))
    return list(dict.fromkeys(found))


def _refused(picture: str, reason: str) -> SweepError:
    """The error of a picture that cannot be stored.

    Parameters
    ----------
    picture:
        The text that stands for it.
    reason:
        Why.
    """
    return SweepError(
        f"The input picture {name_of(picture)!r} cannot be uploaded: {reason.rstrip('.')}",
        money="nothing was billed",
        remedy="Run the sweep again, or give the address of the picture in place of its file",
    )


def _seen(task: asyncio.Task[str]) -> None:
    """Let nobody complain of an error that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
