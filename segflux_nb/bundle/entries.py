"""The entries of a bundle that is being written, into a file that is whole or not there."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ..clock import utc
from ..errors import BundleError
from ..saving import saving
from .contents import ENDING, PICTURES

EARLIEST = 315_532_800.0
"""1980, the first year of zip files, in seconds since 1970."""


class Entries:
    """The entries of a bundle: stored, in the order in which they come, and the same on every machine.

    Parameters
    ----------
    file:
        The file.
    date:
        The date of all entries, in seconds since 1970.

    Attributes
    ----------
    files:
        The bytes and the sha256 of each entry that is no picture.
    pictures:
        The bytes of each picture.
    """

    def __init__(self, file: BinaryIO, date: float = EARLIEST) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True)
        self._date = utc(max(date, EARLIEST)).timetuple()[:6]
        self.files: dict[str, tuple[int, str]] = {}
        self.pictures: dict[str, int] = {}

    def __enter__(self) -> Entries:
        self._zip.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._zip.__exit__(kind, error, traceback)

    def put(self, name: str, parts: Iterable[bytes]) -> None:
        """Write an entry in parts.

        Parameters
        ----------
        name:
            Its name.
        parts:
            Its bytes, in order.
        """
        digest, size = hashlib.sha256(), 0
        with self._zip.open(self._entry(name), "w") as entry:
            for part in parts:
                entry.write(part)
                digest.update(part)
                size += len(part)
        self.files[name] = (size, digest.hexdigest())

    def begin_pictures(self) -> None:
        """Write the folder of the pictures, which is empty."""
        folder = self._entry(PICTURES)
        folder.external_attr = 0o40755 << 16 | 0x10
        self._zip.writestr(folder, b"")

    def put_picture(self, place: str, data: bytes) -> None:
        """Write a picture.

        Parameters
        ----------
        place:
            Its name, which has its sha256.
        data:
            Its bytes.
        """
        with self._zip.open(self._entry(place, len(data)), "w") as entry:
            entry.write(data)
        self.pictures[place] = len(data)

    def _entry(self, name: str, size: int = 0) -> zipfile.ZipInfo:
        """An entry that is the same on every machine.

        Parameters
        ----------
        name:
            Its name.
        size:
            Its bytes, where they are known.
        """
        entry = zipfile.ZipInfo(name, self._date)
        entry.create_system = 3
        entry.external_attr = 0o100644 << 16
        entry.file_size = size
        return entry


@contextmanager
def written_bundle(path: Path, finish: Callable[[Path, Path], None] | None = None) -> Iterator[BinaryIO]:
    """A temporary file that takes the place of a bundle when it is complete; removed where something goes wrong.

    Parameters
    ----------
    path:
        The file, whose name ends in ``.sfx``.
    finish:
        Called with the place and the temporary file, in place of `replace_by`.

    Raises
    ------
    BundleError
        If the name has another ending.
    SegfluxError
        If the file cannot be written.
    """
    if path.suffix.lower() != ENDING:
        raise BundleError(
            f"{path} does not end in {ENDING}, and would not be opened as a bundle",
            remedy=f"Write {path.with_suffix(ENDING).name}",
        )
    with saving(path) as place:
        handle, temporary = tempfile.mkstemp(prefix=f".{place.name}-", dir=place.parent)
        try:
            with os.fdopen(handle, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            (finish or replace_by)(place, Path(temporary))
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise


def replace_by(place: Path, temporary: Path) -> None:
    """Let a temporary file take a place.

    Parameters
    ----------
    place:
        The place.
    temporary:
        The file.
    """
    os.chmod(temporary, 0o666 & ~_mask())
    os.replace(temporary, place)


def _mask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
