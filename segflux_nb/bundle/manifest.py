"""The manifest of a bundle: what the file is, checked against the entries that there are."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, TypeVar

from ..errors import SegfluxError
from ..markup import count, plain, shorten
from ..pictures.located import OF_THE_STORE
from .archive import Archive, refuse
from .contents import (
    FORMAT_VERSION,
    FORMATS,
    MANIFEST,
    MOST_LINE,
    MOST_PER_ENTRY,
    MOST_TEXT,
    digest_in,
)

T = TypeVar("T")

WRONG = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError, SegfluxError)
"""What reading a value that is not as it was written may raise."""


class Manifest:
    """What the manifest says.

    Parameters
    ----------
    archive:
        The file.
    format:
        What it must be, by its own word.
    required:
        The entry that it must have.

    Attributes
    ----------
    found:
        All that it says.
    files:
        The sha256 of each entry that is no picture, by its name.
    pictures:
        The names of the pictures, each with its bytes.

    Raises
    ------
    BundleError
        If it is not so, or the entries are others.
    """

    def __init__(self, archive: Archive, format: str, required: str) -> None:
        self._path = archive.path
        self.found = found = self._parsed(archive)
        said = found.get("format")
        if said != format:
            other = FORMATS.get(said, "") if isinstance(said, str) else ""
            refuse(self._path, other.format(path=self._path.name) or f"its {MANIFEST} is not that of a bundle")
        version = found.get("version")
        if not isinstance(version, int) or version < 1:
            refuse(self._path, f"its {MANIFEST} does not say of which format it is")
        if version > FORMAT_VERSION:
            refuse(
                self._path,
                f"its format {shorten(str(version), 12)} is newer than this version of segflux_nb reads"
                f" ({FORMAT_VERSION}), so update segflux_nb",
            )
        try:
            files = {str(name): (int(one["bytes"]), str(one["sha256"])) for name, one in found["files"].items()}
            self.pictures = {str(name): int(size) for name, size in found["pictures"].items()}
        except WRONG:
            self.refuse()
        if required not in files:
            self.refuse()
        self.files = {name: sha256 for name, (_, sha256) in files.items()}
        sizes = {**{name: size for name, (size, _) in files.items()}, **self.pictures}
        self._check_sizes(archive, sizes)

    def refuse(self) -> NoReturn:
        """Raise the error for a manifest that this program has not written."""
        refuse(self._path, f"its {MANIFEST} is not as this program writes it")

    def check_texts(self, archive: Archive) -> None:
        """Check the bytes of all entries that are no pictures.

        Parameters
        ----------
        archive:
            The file.
        """
        for name, sha256 in self.files.items():
            if archive.sha256(name) != sha256:
                refuse(self._path, f"{name} is not as it was written (its sha256 differs)")

    def lines(self, archive: Archive, name: str, of_line: Callable[[Any], T]) -> Iterator[T]:
        """What the lines of an entry hold; nothing where there is no such entry.

        Parameters
        ----------
        archive:
            The file.
        name:
            The entry.
        of_line:
            Makes the value of a line's object.
        """
        if name not in self.files:
            return
        for number, line in enumerate(self._lines(archive, name), 1):
            try:
                found = of_line(json.loads(line, parse_constant=_no_number))
            except WRONG as error:
                why = shorten(plain(error.what if isinstance(error, SegfluxError) else error), 120)
                refuse(self._path, f"line {number:,} of {name} is not as this program writes it ({why})")
            yield found

    def _lines(self, archive: Archive, name: str) -> Iterator[bytes]:
        """The lines of an entry, one at a time."""
        rest = b""
        for chunk in archive.chunks(name):
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
            if len(rest) > MOST_LINE:
                refuse(self._path, f"a line of {name} is too long")
        if rest:
            yield rest

    def _parsed(self, archive: Archive) -> dict[str, Any]:
        if MANIFEST not in archive.entries:
            refuse(self._path, f"it has no {MANIFEST}")
        if archive.size(MANIFEST) > MOST_LINE + MOST_PER_ENTRY * len(archive.entries):
            refuse(self._path, f"its {MANIFEST} is too large")
        try:
            found = json.loads(archive.read(MANIFEST), parse_constant=_no_number)
        except WRONG:
            refuse(self._path, f"its {MANIFEST} cannot be read as JSON")
        if not isinstance(found, dict):
            refuse(self._path, f"its {MANIFEST} is not as this program writes it")
        return found

    def _check_sizes(self, archive: Archive, sizes: Mapping[str, int]) -> None:
        """Compare the entries with what the manifest says of them.

        Parameters
        ----------
        archive:
            The file.
        sizes:
            The bytes of each entry.
        """
        if extra := sorted(set(archive.entries) - set(sizes) - {MANIFEST}):
            refuse(self._path, f"it has an entry {extra[0]!r} that its {MANIFEST} does not name")
        if absent := sorted(set(sizes) - set(archive.entries)):
            refuse(self._path, f"its {MANIFEST} names {shorten(plain(absent[0]), 100)!r}, which it does not have")
        for name, size in sizes.items():
            if archive.size(name) != size:
                refuse(
                    self._path, f"{name} has {count(archive.size(name), 'byte')}, and its {MANIFEST} says {size:,}"
                )
            if name in self.pictures and not _is_picture(name):
                refuse(self._path, f"the picture {name!r} has a name that no picture has")
            if name in self.files and (name in self.pictures or name == MANIFEST or size > MOST_TEXT):
                refuse(self._path, f"{name} is too large, or its {MANIFEST} names it twice")


def _is_picture(name: str) -> bool:
    found = OF_THE_STORE.fullmatch(name)
    return found is not None and len(found[2]) == 64 and found[2].startswith(found[1])


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def read_picture(archive: Archive, path: str) -> bytes:
    """The bytes of a picture.

    Parameters
    ----------
    archive:
        The file.
    path:
        The picture's name.

    Raises
    ------
    OSError
        If the file has changed since it was opened.
    """
    data = archive.read(path)
    if hashlib.sha256(data).hexdigest() != digest_in(path):
        raise OSError(f"{archive.path.name} has changed since it was opened")
    return data
