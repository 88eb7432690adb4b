"""Fetches a picture and keeps it, or says what came instead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ..daemon_executor import DaemonExecutor
from ..errors import PictureError, ServiceError, TransportError
from ..lifecycle import ErrorKind
from ..pictures.store import PictureStore, StoredPicture
from ..service.api import Api
from .uploads import Uploads


@dataclass(frozen=True)
class Fetched:
    """A picture that was fetched and is on disk, and in the object store where the workspace has one.

    Attributes
    ----------
    stored:
        Where it is.
    size:
        Bytes.
    url:
        Where it came from.
    """

    stored: StoredPicture
    size: int
    url: str


@dataclass(frozen=True)
class NotFetched:
    """A picture that is not served for now.

    Attributes
    ----------
    reason:
        What came instead, in words.
    kind:
        The kind of the error.
    is_answered:
        Whether the answer says that there is no picture; False where no answer came, or one that says "later".
    data:
        The bytes that are not a picture.
    retry_after:
        Seconds to wait, where the service names them.
    """

    reason: str
    kind: ErrorKind
    is_answered: bool
    data: bytes = b""
    retry_after: float | None = None


class Fetcher:
    """Fetches pictures. Threads of its own decode and write them.

    Parameters
    ----------
    api:
        The service.
    store:
        Keeps the pictures.
    uploads:
        Brings them into the object store, where the workspace has one.
    """

    def __init__(self, api: Api, store: PictureStore, uploads: Uploads) -> None:
        self._api = api
        self._store = store
        self._uploads = uploads
        self._decoders = DaemonExecutor(2, "segflux-decode")

    def close(self) -> None:
        """Stop the threads."""
        self._uploads.close()
        self._decoders.shutdown(wait=False)

    async def fetch(self, url: str) -> Fetched | NotFetched:
        """Fetch the picture at an address, as stored, and keep it."""
        loop, data = asyncio.get_running_loop(), b""
        try:
            waiting = self._uploads.waiting(url)
            found = None if waiting is None else await loop.run_in_executor(self._decoders, waiting)
            data = await self._api.picture(url) if found is None else found
            stored = await loop.run_in_executor(self._decoders, self._store.put, data)
        except TransportError as error:
            return NotFetched(error.what, "transport", is_answered=False)
        except ServiceError as error:
            passing = error.status >= 500 or error.status in (408, 425, 429)
            kind: ErrorKind = "transport" if passing else "no_picture"
            return NotFetched(str(error), kind, is_answered=not passing, retry_after=error.retry_after)
        except PictureError as error:
            return NotFetched(error.what, "bad_picture", is_answered=True, data=data)
        if reason := await self._uploads.upload(url, stored.path):
            return NotFetched(reason, "store", is_answered=False)
        return Fetched(stored, len(data), url)

    async def entered(self, found: Fetched) -> None:
        """The log says where a picture is: nothing waits for it any more."""
        await self._uploads.entered(found.url)

    async def set_aside(self, data: bytes, name: str) -> None:
        """Keep bytes that are not a picture in ``rejected/``.

        Parameters
        ----------
        data:
            The bytes.
        name:
            The file's name, without its ending.
        """
        await asyncio.get_running_loop().run_in_executor(self._decoders, self._store.set_aside, data, name)
