"""Input pictures in the object store of a workspace, from which other machines get them.

They have the same names as in the folder: ``inputs/ab/<sha256>.png``. The copies in the folder are never removed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ..clock import Clock
from ..input_pictures import parts_of_text
from .checked_objects import CheckedObjects, fits
from .object_store import ObjectStore
from .store import write_whole
from .store_contents import StoreContents

FOLDER = "inputs"
"""The folder of the input pictures."""

AT_ONCE = 8
"""Input pictures that are brought into the store at a time."""

_NAMES = re.compile(rf"{FOLDER}/([0-9a-f]{{2}})/\1[0-9a-f]{{62}}\.(?:avif|bmp|gif|jpg|png|tif|webp)")


def path_of(text: str) -> str:
    """Where a workspace keeps the input picture that a text stands for, relative to its folder.

    Parameters
    ----------
    text:
        The text.
    """
    sha256, ending = parts_of_text(text) or ("", "")
    return f"{FOLDER}/{sha256[:2]}/{sha256}.{ending}"


def input_files(folder: Path) -> list[str]:
    """The input pictures that a folder keeps, as paths in it. Other files are passed over, and links are.

    Parameters
    ----------
    folder:
        The workspace's folder.
    """
    found = (path.relative_to(folder).as_posix() for path in folder.glob(f"{FOLDER}/*/*") if not path.is_symlink())
    return sorted(path for path in found if _NAMES.fullmatch(path) is not None)


def read_input(folder: Path, path: str) -> bytes | None:
    """The bytes of an input picture of a folder; None where it has none, or others.

    Parameters
    ----------
    folder:
        The workspace's folder.
    path:
        The picture, by `path_of`.
    """
    try:
        data = (folder / path).read_bytes()
    except OSError:
        return None
    return data if fits(path, data) else None


class SharedInputs:
    """The input pictures of a workspace in its object store. Several threads may use it.

    Parameters
    ----------
    folder:
        The workspace's folder.
    objects:
        The objects of the store.
    store:
        The store; None where it cannot be asked.
    clock:
        Source of the current time.
    """

    def __init__(self, folder: Path, objects: CheckedObjects, store: ObjectStore | None, clock: Clock) -> None:
        self._folder = folder
        self._objects = objects
        self._contents = StoreContents(store, clock, FOLDER, _NAMES)

    def share(self, paths: Collection[str]) -> list[str]:
        """Bring input pictures of the folder into the store: those that it did not have so.

        What the store has is read and compared: what others need to make is paid for.

        Parameters
        ----------
        paths:
            The pictures, by `path_of`. What the folder has not, or with other bytes, is passed over.

        Raises
        ------
        StoreError
            If one is not there afterwards, or nobody knows.
        """
        sizes: dict[str, int] = {}
        for path in paths:
            with suppress(OSError):
                sizes[path] = os.stat(self._folder / path).st_size
        if not sizes:
            return []
        known = self._contents.sizes(sizes)
        with ThreadPoolExecutor(min(AT_ONCE, len(sizes)), "segflux-inputs") as pool:
            written = pool.map(lambda path: self._share(path, is_listed=known.get(path) == sizes[path]), sizes)
            return [path for path, was_written in zip(sizes, written, strict=True) if was_written]

    def _share(self, path: str, *, is_listed: bool) -> bool:
        """Bring an input picture into the store: whether it was written.

        Parameters
        ----------
        path:
            The picture.
        is_listed:
            Whether the store has something of that name and size.
        """
        data = read_input(self._folder, path)
        if data is None:
            return False
        if is_listed and self._objects.has(path, data):
            return False
        self._objects.put(path, data)
        return True

    def fetch(self, path: str) -> bytes:
        """An input picture of the store, which is written to the folder.

        Parameters
        ----------
        path:
            The picture, by `path_of`.

        Raises
        ------
        FileNotFoundError
            If the store has no such picture.
        DamagedError
            If it has other bytes.
        StoreError
            If it does not answer.
        OSError
            If the folder does not take it.
        """
        data = self._objects.checked(path)
        write_whole(self._folder / path, data, durable=True)
        return data

    def sizes(self, paths: Collection[str]) -> dict[str, int]:
        """The bytes of those of these pictures that the store has: it is listed again.

        Parameters
        ----------
        paths:
            The pictures, by `path_of`.

        Raises
        ------
        StoreError
            If it does not answer.
        """
        return self._contents.sizes(paths) if paths else {}
