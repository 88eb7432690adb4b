"""Fetches a picture and keeps it, or says what came instead."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ..daemon_executor import DaemonExecutor
from ..errors import PictureError, ServiceError, TransportError
from ..lifecycle import ErrorKind
from ..pictures.store import PictureStore, StoredPicture
from ..service.api import Api


@dataclass(frozen=True)
class Fetched:
    """A picture that was fetched and is on disk.

    Attributes
    ----------
    stored:
        Where it is.
    size:
        Bytes.
    """

    stored: StoredPicture
    size: int


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
    """

    def __init__(self, api: Api, store: PictureStore) -> None:
        self._api = api
        self._store = store
        self._decoders = DaemonExecutor(2, "segflux-decode")

    def close(self) -> None:
        """Stop the threads."""
        self._decoders.shutdown(wait=False)

    async def fetch(self, url: str) -> Fetched | NotFetched:
        """Fetch the picture at an address, as stored, and keep it."""
        loop, data = asyncio.get_running_loop(), b""
        try:
            data = await self._api.picture(url)
            stored = await loop.run_in_executor(self._decoders, self._store.put, data)
        except TransportError as error:
            return NotFetched(error.what, "transport", is_answered=False)
        except ServiceError as error:
            passing = error.status >= 500 or error.status in (408, 425, 429)
            kind: ErrorKind = "transport" if passing else "no_picture"
            return NotFetched(str(error), kind, is_answered=not passing, retry_after=error.retry_after)
        except PictureError as error:
            return NotFetched(error.what, "bad_picture", is_answered=True, data=data)
        return Fetched(stored, len(data))

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
