"""Brings pictures into the object store of a workspace before their rows say completed. Threads of its own upload.

A picture that cannot be uploaded waits in the workspace's folder, with a note (`pictures.waiting`). Its run stays as
it is, and is asked for again as one whose picture is not served: in this call, and in later ones. What asks for it
then gets it from the folder, also when the service has it no more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

from ..backoff import Backoff, RandomSource
from ..clock import Clock
from ..daemon_executor import DaemonExecutor
from ..errors import StoreError, WorkspaceError
from ..pictures.shared_inputs import input_files
from ..pictures.tier import Tier

AT_ONCE = 8
"""Pictures that are uploaded at a time."""

UPLOAD_SECONDS = 60.0
"""How long an upload is tried again at once. A worker waits beside it."""

UPLOAD_PAUSE = Backoff(first=0.5, longest=15.0)
"""Between the tries of an upload."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Uploads:
    """Uploads pictures; where a workspace has no object store, there is nothing to do.

    Parameters
    ----------
    tier:
        The object store with the copies in the folder; None where the folder keeps the pictures.
    clock:
        Source of the current time, replaced in tests.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    """

    def __init__(self, tier: Tier | None, clock: Clock, jitter: RandomSource) -> None:
        self._tier = tier
        self._clock = clock
        self._jitter = jitter
        self._threads = None if tier is None else DaemonExecutor(AT_ONCE, "segflux-upload")
        self._left: asyncio.Task[None] | None = None
        self._goes_on = True

    def close(self) -> None:
        """Stop the threads."""
        self._goes_on = False
        if self._left is not None:
            self._left.cancel()
        if self._threads is not None:
            self._threads.shutdown(wait=False)

    async def begin(self) -> None:
        """Before anything is paid for: find out whether the store can be written, and upload what waits meanwhile.

        Raises
        ------
        WorkspaceError
            If the store cannot be written, and waiting would not help.
        """
        if self._tier is None:
            return
        await self._in_thread(self._tier.check_writable)
        if self._left is None or self._left.done():
            self._left = asyncio.create_task(self._upload_left(self._tier))

    def waiting(self, url: str) -> Callable[[], bytes | None] | None:
        """What reads the picture that waits under an address; None where pictures never wait.

        Parameters
        ----------
        url:
            Where the service has it.
        """
        tier = self._tier
        return None if tier is None else lambda: tier.waiting.read(url)

    async def upload(self, url: str, path: str) -> str:
        """Upload a picture of the folder: empty, or why it waits.

        Parameters
        ----------
        url:
            Where the service has it.
        path:
            Its file, relative to the workspace.

        Raises
        ------
        WorkspaceError
            If the disk does not take the note that it waits.
        """
        tier = self._tier
        if tier is None:
            return ""
        began, failures = self._clock.monotonic(), 0
        while True:
            try:
                await self._in_thread(lambda: tier.upload(path))
            except StoreError as error:
                failures += 1
                if not error.is_passing or self._clock.monotonic() - began > UPLOAD_SECONDS:
                    await self._in_thread(lambda: _note(tier, url, path))
                    return f"it waits in the folder of this machine, because it cannot be uploaded: {error.why}"
            else:
                return ""
            await self._clock.sleep(UPLOAD_PAUSE.seconds(failures, self._jitter))

    async def entered(self, url: str) -> None:
        """The row of a picture says where it is: it does not wait any more."""
        tier = self._tier
        if tier is not None:
            await self._in_thread(lambda: tier.waiting.remove(url))

    async def _upload_left(self, tier: Tier) -> None:
        """Upload what waits from earlier, of all sweeps. Its runs are completed when they are asked for."""

        def upload() -> None:
            tier.upload_all(tier.to_upload(), lambda: self._goes_on)
            if self._goes_on and tier.waiting.is_new:
                tier.inputs.share(input_files(tier.folder))
            if self._goes_on:
                tier.waiting.set_new(is_new=False)

        try:
            await self._in_thread(upload)
        except (OSError, RuntimeError, WorkspaceError) as error:  # RuntimeError: the interpreter ends
            logger.warning("Pictures of this folder are not in %s yet: %s", tier.address, error)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


def _note(tier: Tier, url: str, path: str) -> None:
    try:
        tier.waiting.add(url, path)
    except OSError as error:
        raise WorkspaceError(
            f"It cannot be noted that a picture waits to be uploaded: {error.strerror or error}",
            money="a picture was billed",
            remedy="Free space or allow writing, then run the sweep again: it is fetched again without paying",
        ) from None
