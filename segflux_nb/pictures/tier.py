"""The pictures of a workspace that are in an object store, and the copies of them in its folder.

A picture has the same name in both: ``pictures/ab/<sha256>.jpg``. The store has every picture of a completed run; the
folder has those that were used last (`Cache`), and those that could not be uploaded yet.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from ..clock import Clock
from ..errors import PictureError, StoreError, WorkspaceError
from ..markup import count
from .appearance import readable
from .cache import Cache
from .checked_objects import CheckedObjects
from .decode import decode
from .located import IN_FOLDER, OF_THE_STORE
from .object_store import ObjectStore
from .shared_inputs import SharedInputs
from .store_contents import StoreContents
from .thumbnails import FOLDER, thumbnail
from .waiting import Waiting

AT_ONCE = 16
"""Pictures that are read from the store at a time."""

PAGE = 64
"""Pictures that are fetched ahead when all of a selection are read."""

SEAL_BYTES = 32
"""A thumbnail has no name by its own bytes, so their sha256 stands behind them in the store."""

PROBE = "segflux-store.txt"
"""The object that is written before anything is paid for, to know that the store can be written."""

_PROBE_TEXT = b"Pictures of a segflux_nb workspace are kept here.\n"


class Tier:
    """The pictures of a workspace whose pictures are kept in an object store. Several threads may use it.

    Parameters
    ----------
    folder:
        The workspace's folder, as an absolute path.
    address:
        The address of the store, by `store_address`.
    store:
        The store; None where the user did not give its address. Then the copies in the folder are all that is read.
    clock:
        Source of the current time.
    limit:
        How many bytes of copies the folder keeps.
    """

    def __init__(self, folder: Path, address: str, store: ObjectStore | None, clock: Clock, limit: int) -> None:
        self.folder = folder
        self.address = address
        self._objects = CheckedObjects(address, store, clock)
        self._contents = StoreContents(store, clock)
        self._cache = Cache(folder, clock, limit, self._contents.sizes)
        self._tried = False
        self.inputs = SharedInputs(folder, self._objects, store, clock)
        self.waiting = Waiting(folder)

    @property
    def is_open(self) -> bool:
        """Whether the store can be asked."""
        return self._objects.is_open

    # ------------------------------------------------------------------ what is there

    def has(self, path: str) -> bool:
        """Whether a picture is in the folder or in the store; also where nobody can say that it is not."""
        return self._cache.has(path) or self._contents.may_have(path)

    def absent(self, paths: Iterable[str]) -> set[str]:
        """Those of these pictures that the store does not have. What it cannot be asked about counts as there."""
        return self._contents.absent(paths)

    def version(self) -> tuple[tuple[str, int], ...]:
        """A value that changes when it may be known that a picture has come or gone."""
        return self._contents.version()

    def size(self, path: str) -> int:
        """The bytes of a picture; 0 where it is unknown."""
        with suppress(OSError):
            return os.stat(self.folder / path).st_size
        return self._contents.size(path)

    # ------------------------------------------------------------------ reading

    def read(self, path: str) -> bytes:
        """The bytes of a picture.

        Raises
        ------
        FileNotFoundError
            If neither the folder nor the store has it.
        OSError
            If the store does not answer, or has other bytes.
        """
        if OF_THE_STORE.fullmatch(path) is None:
            raise FileNotFoundError(2, "No picture of the store has such a name", path)
        data = self._cache.read(path)
        return self._fetched(path) if data is None else data

    def file(self, path: str) -> Path:
        """The file of a picture, which any program can read; where it would be if nobody has it.

        Raises
        ------
        WorkspaceError
            If the store does not answer, has other bytes, or the disk takes no copy.
        """
        place = self.folder / path
        if self._cache.has(path):
            self._cache.use(path)
            return place
        try:
            self.read(path)
        except FileNotFoundError:
            return place
        except OSError as error:
            raise WorkspaceError(
                f"The picture {path} cannot be read: {error.strerror or error}",
                remedy="Try again when the store answers",
            ) from None
        if not self._cache.has(path):
            raise WorkspaceError(
                f"The picture {path} cannot be copied to {self.folder}",
                remedy="Free space, or let SEGFLUX_CACHE_BYTES allow more",
            )
        return place

    def thumbnail(self, path: str) -> Path | None:
        """The thumbnail of a picture, as the folder keeps it; None where the picture itself is to be read."""
        name = _small(path)
        if name is None:
            return None
        if self._cache.has(name):
            if not self.has(path):
                return None
            self._cache.use(name)
            return self.folder / name
        if self._cache.has(path) or not self.is_open:
            return None
        with suppress(OSError, PictureError):  # reading the picture itself says what is wrong
            data = self._unsealed(name)
            if data is None:
                data = self._made(path, name)
            if data is not None:
                self._cache.keep(name, data)
        return self.folder / name if self._cache.has(name) else None

    def fetch_ahead(self, paths: Iterable[str], *, small: bool) -> str:
        """Copy pictures to the folder that are not in it, several at a time: why some cannot be read, or empty.

        Those that the store says it does not have are passed over.

        Parameters
        ----------
        paths:
            The pictures.
        small:
            Whether their thumbnails are enough.
        """
        wrong: list[str] = []

        def fetch(path: str) -> None:
            try:
                if not small or (self.thumbnail(path) is None and not self._cache.has(path)):
                    self._fetched(path)
            except FileNotFoundError:
                pass
            except OSError as error:
                wrong.append(str(error.strerror or error))

        names = ((path, _small(path) if small else None) for path in dict.fromkeys(paths))
        absent = [path for path, name in names if not self._cache.has(path) and not (name and self._cache.has(name))]
        if absent:
            with ThreadPoolExecutor(min(AT_ONCE, len(absent)), "segflux-fetch") as pool:
                list(pool.map(fetch, absent))
        return next(iter(wrong), "")

    def restore(self, path: str) -> bool:
        """Write the copy of a picture again, which is damaged: whether the store has the right one."""
        try:
            self._fetched(path)
        except OSError:
            return False
        return True

    def _fetched(self, path: str) -> bytes:
        """A picture as the store has it; its copy is kept."""
        try:
            data = self._objects.checked(path)
        except FileNotFoundError:
            self._contents.forget([path])
            raise
        self._contents.add(path, len(data))
        self._cache.keep(path, data)
        return data

    def _unsealed(self, name: str) -> bytes | None:
        """A thumbnail of the store; None where it has none that is whole."""
        try:
            data = self._objects.read(name)
        except FileNotFoundError:
            return None
        small, seal = data[:-SEAL_BYTES], data[-SEAL_BYTES:]
        return small if hashlib.sha256(small).digest() == seal else None

    def _made(self, path: str, name: str) -> bytes | None:
        """The thumbnail of a picture that has none in the store, which gets it; None for a small picture.

        Parameters
        ----------
        path:
            The picture.
        name:
            The name of its thumbnail.
        """
        data = self._fetched(path)
        made = readable(lambda: thumbnail(decode(data)[0]))
        if made is not None:
            self._objects.store.replace(name, _sealed(made))
        return made

    # ------------------------------------------------------------------ writing

    def check_open(self) -> None:
        """Refuse what needs the store, where the user did not give its address.

        Raises
        ------
        WorkspaceError
            Says which address is to be given.
        """
        if not self.is_open:
            raise WorkspaceError(
                f"The pictures of this workspace are kept in {self.address}, and it was opened without that address",
                money="nothing was billed",
                remedy=f'Open it with Workspace(..., pictures="{self.address}"), or set SEGFLUX_PICTURES',
            )

    def check_writable(self) -> None:
        """Find out whether the store can be written, before anything is paid for. Once is enough.

        Raises
        ------
        WorkspaceError
            If it cannot, and waiting would not help.
        """
        self.check_open()
        if self._tried:
            return
        try:
            self.try_writing()
        except StoreError as error:
            if not error.is_passing:
                raise WorkspaceError(
                    f"Pictures cannot be kept in {error.why}",
                    money="nothing was billed",
                    remedy="Mend that, and run the sweep again",
                ) from None
        else:
            self._tried = True

    def try_writing(self) -> None:
        """Write a small object, unless it is there.

        Raises
        ------
        StoreError
            If that cannot be done.
        """
        self._objects.store.create(PROBE, _PROBE_TEXT)

    def upload(self, path: str) -> None:
        """Bring a picture of the folder into the store, which keeps what it has of that name if that is the same.

        Parameters
        ----------
        path:
            The picture.

        Raises
        ------
        StoreError
            If it was not uploaded, or nobody knows.
        FileNotFoundError
            If the folder has no such picture.
        """
        store, data = self._objects.store, (self.folder / path).read_bytes()
        self._objects.put(path, data)
        self._contents.add(path, len(data))
        name = _small(path)
        with suppress(OSError):  # it can be made again
            if name is not None and (small := self._cache.read(name)) is not None:
                store.create(name, _sealed(small))
        self._cache.note(len(data))

    def to_upload(self) -> list[str]:
        """The pictures of the folder that wait to be uploaded; all that the store lacks, where it is new.

        Raises
        ------
        StoreError
            If the store does not answer.
        """
        found = self.waiting.paths()
        if self.waiting.is_new:
            found |= set(self._in_folder())
        return sorted(self.not_uploaded(found))

    def not_uploaded(self, paths: Collection[str]) -> set[str]:
        """Those of these pictures that the folder has, and the store has not, or with another size.

        Raises
        ------
        StoreError
            If the store does not answer.
        """
        sizes: dict[str, int] = {}
        for path in paths:
            with suppress(FileNotFoundError):
                sizes[path] = os.stat(self.folder / path).st_size
        known = self._contents.sizes(sizes.keys()) if sizes else {}
        return {path for path, size in sizes.items() if known.get(path) != size}

    def lacking(self, paths: Collection[str]) -> set[str]:
        """Those of these pictures that neither the folder has nor the store.

        Raises
        ------
        StoreError
            If the store does not answer.
        """
        left = {path for path in paths if OF_THE_STORE.fullmatch(path) is not None and not self._cache.has(path)}
        return left - self._contents.sizes(left).keys() if left else set()

    def upload_all(self, paths: Sequence[str], goes_on: Callable[[], bool] = lambda: True) -> None:
        """Upload pictures of the folder, several at a time.

        Parameters
        ----------
        paths:
            The pictures.
        goes_on:
            Whether the next ones are uploaded: asked after each page.

        Raises
        ------
        WorkspaceError
            If some were not uploaded. The others were.
        """
        wrong: list[str] = []

        def upload(path: str) -> None:
            try:
                self.upload(path)
            except OSError as error:
                wrong.append(str(error.strerror or error))

        for start in range(0, len(paths), PAGE):
            if goes_on():
                page = paths[start : start + PAGE]
                with ThreadPoolExecutor(min(AT_ONCE, len(page)), "segflux-upload") as pool:
                    list(pool.map(upload, page))
        if wrong:
            raise WorkspaceError(
                f"{count(len(wrong), 'picture')} cannot be uploaded: {wrong[0]}",
                remedy="They stay in the folder. Try again when the store answers",
            )

    def _in_folder(self) -> list[str]:
        """The pictures of the folder."""
        return [
            path
            for file in (self.folder / "pictures").glob("*/*")
            if OF_THE_STORE.fullmatch(path := file.relative_to(self.folder).as_posix()) is not None
        ]

    def remove(self, paths: Collection[str]) -> int:
        """Remove pictures and their thumbnails from the store: the bytes that they took there, as far as known.

        Raises
        ------
        WorkspaceError
            If the store does not remove one.
        """
        size = sum(map(self._contents.size, paths))
        names = [name for path in paths for name in (path, _small(path)) if name is not None]
        try:
            for start in range(0, len(names), 1000):
                self._objects.store.remove(names[start : start + 1000])
        except StoreError as error:
            more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
            raise WorkspaceError(
                f"Pictures cannot be removed from {error.why}",
                remedy="Mend that, and remove them yourself: " + names[0] + more,
            ) from None
        self._contents.forget(paths)
        return size


def _small(path: str) -> str | None:
    """The name of the thumbnail of a picture of the store; None for a name that is no sha256."""
    stem = path[IN_FOLDER:].partition(".")[0]
    return f"{FOLDER}/{stem[:2]}/{stem}.jpg" if len(stem) == 64 else None


def _sealed(small: bytes) -> bytes:
    """A thumbnail as the store keeps it: programs that show pictures pass over what stands behind its end."""
    return small + hashlib.sha256(small).digest()
