"""The copies of pictures that a workspace keeps of an object store, up to a number of bytes.

Several processes may share the folder: each file is written under another name and renamed, and a file that another
process removes meanwhile is read from the store again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..clock import Clock
from ..errors import WorkspaceError
from ..values import shown
from .located import OF_THE_STORE
from .store import write_whole
from .thumbnails import FOLDER

VARIABLE = "SEGFLUX_CACHE_BYTES"
"""The environment variable that says how many bytes of copies a workspace keeps."""

USUAL_BYTES = 10_000_000_000

LOOK_AFTER = 20
"""The folder is looked through when a part of this many of what it may hold has come."""

LEFT = 0.9
"""The share of what it may hold that is left when files had to go."""

USED_AGAIN_NS = 3600 * 10**9
"""A file that was used is marked as used at most once in this time, in nanoseconds."""


def most_bytes() -> int:
    """How many bytes of copies a workspace keeps: ``SEGFLUX_CACHE_BYTES``, or 10 GB.

    Raises
    ------
    WorkspaceError
        If the variable holds no number of bytes.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return USUAL_BYTES
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise WorkspaceError(
            f"{VARIABLE}={shown(text)} is no number of bytes", remedy=f"Write {VARIABLE}=10000000000"
        )
    return number


class _File(NamedTuple):
    """A file of the cache.

    Attributes
    ----------
    is_small:
        Whether it is a thumbnail. These go last.
    used:
        When it was last used, in nanoseconds since 1970.
    size:
        Its bytes.
    name:
        Its path in the workspace.
    """

    is_small: bool
    used: int
    size: int
    name: str


class Cache:
    """Files of the folders of pictures and thumbnails, of which those go first that were not used for longest.

    Parameters
    ----------
    folder:
        The workspace's folder.
    clock:
        Source of the current time.
    limit:
        How many bytes it keeps.
    confirmed:
        Gives the sizes of those of these pictures that the store has now. A picture goes only if the store has it
        with its size. It raises `OSError` where nobody knows: then nothing goes.
    """

    def __init__(
        self, folder: Path, clock: Clock, limit: int, confirmed: Callable[[Collection[str]], dict[str, int]]
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._limit = limit
        self._confirmed = confirmed
        self._come = limit  # the first file that comes makes it look
        self._lock = threading.Lock()

    def read(self, name: str) -> bytes | None:
        """The bytes of a file; None where it is not here."""
        try:
            data = (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        self.use(name)
        return data

    def use(self, name: str) -> None:
        """Mark a file as used now."""
        with suppress(OSError):
            path = os.path.join(self._folder, name)
            found, now = os.stat(path), int(self._clock.now() * 1e9)
            if abs(now - found.st_atime_ns) > USED_AGAIN_NS:
                os.utime(path, ns=(now, found.st_mtime_ns))

    def has(self, name: str) -> bool:
        """Whether a file is here."""
        return os.path.isfile(os.path.join(self._folder, name))

    def keep(self, name: str, data: bytes) -> None:
        """Keep a copy of a file, where the disk takes it.

        Parameters
        ----------
        name:
            Its path in the workspace.
        data:
            Its bytes.
        """
        with suppress(OSError):  # the store has it
            write_whole(self._folder / name, data, durable=False)
            self.note(len(data))

    def note(self, size: int) -> None:
        """A file of this size has come. Now and then, others go for it."""
        with self._lock:
            self._come += size
            if self._come * LOOK_AFTER < self._limit:
                return
            self._come = 0
        self.shrink()

    def shrink(self) -> None:
        """Remove what was not used for longest, where the cache holds more than it may."""
        files = sorted(self._files())
        too_many = sum(file.size for file in files) - self._limit
        if too_many <= 0:
            return
        left = too_many + int(self._limit * (1 - LEFT))
        going = []
        for file in files:
            if left <= 0:
                break
            going.append(file)
            left -= file.size
        try:
            known = self._confirmed([file.name for file in going if not file.is_small])
        except OSError:
            return  # nobody knows what the store has: nothing goes
        for file in going:
            if file.is_small or known.get(file.name) == file.size:
                with suppress(OSError):  # another process removed it, or reads it
                    os.unlink(os.path.join(self._folder, file.name))

    def _files(self) -> Iterator[_File]:
        """The files of the cache. Others in its folders are not counted, and stay."""
        for kind in ("pictures", FOLDER):
            with suppress(OSError):
                folders = [entry.name for entry in os.scandir(self._folder / kind) if len(entry.name) == 2]
                for digits in folders:
                    yield from self._files_of(kind, digits)

    def _files_of(self, kind: str, digits: str) -> Iterator[_File]:
        """The files of one folder of the cache.

        Parameters
        ----------
        kind:
            ``pictures`` or ``thumbnails``.
        digits:
            The first digits of their names.
        """
        with suppress(OSError), os.scandir(self._folder / kind / digits) as entries:
            for entry in entries:
                if OF_THE_STORE.fullmatch(f"pictures/{digits}/{entry.name}") is not None:
                    with suppress(OSError):
                        found = entry.stat(follow_symlinks=False)
                        yield _File(kind == FOLDER, found.st_atime_ns, found.st_size, f"{kind}/{digits}/{entry.name}")
