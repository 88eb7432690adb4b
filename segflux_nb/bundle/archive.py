"""The zip file of a bundle, read strictly.

Programs that read zip files forgive much: data between the entries, two entries in one place, sizes that are said
twice and differ. A bundle has none of that, so a file that has it is refused. Everything is checked against the size
of the file before any memory is taken for it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, NoReturn

from ..errors import BundleError
from ..markup import plain, shorten
from .contents import MOST_ENTRIES, MOST_PER_ENTRY, PICTURES

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s2B5HL2L5H2L")
_LOCAL = struct.Struct("<4s5HL2L2H")

_WIDE, _WIDE_COUNT = 0xFFFF_FFFF, 0xFFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800
_UNIX = 3
_CHUNK = 1 << 20

_NAME = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""What entries can be called: plain names in plain folders."""


def refuse(path: Path, reason: str) -> NoReturn:
    """Raise the error for a file that is not opened.

    Parameters
    ----------
    path:
        The file.
    reason:
        Why, as a part of a sentence.
    """
    raise BundleError(f"{path.name} is not opened as a bundle: {reason}")


class Entry(NamedTuple):
    """Where the bytes of an entry are."""

    offset: int
    size: int


class Archive:
    """An archive whose layout was checked. Its file is opened for each read, and stays as it is.

    Parameters
    ----------
    path:
        The file.

    Raises
    ------
    BundleError
        If it is not a zip file of stored entries, one after the other, under plain names.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):  # to open a pipe would never end
                refuse(path, "it is no regular file")
            with open(path, "rb") as file:
                self.entries = _Layout(path, file).entries()
        except FileNotFoundError:
            raise BundleError(f"There is no file {path}", remedy="Give the path of a bundle") from None
        except OSError as error:
            refuse(path, f"it cannot be read ({error.strerror or error})")

    def size(self, name: str) -> int:
        """The bytes of an entry."""
        return self.entries[name].size

    def read(self, name: str) -> bytes:
        """The whole of an entry."""
        return b"".join(self.chunks(name))

    def sha256(self, name: str) -> str:
        """The digest of an entry, read in parts."""
        digest = hashlib.sha256()
        for chunk in self.chunks(name):
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self, name: str) -> Iterator[bytes]:
        """An entry in parts.

        Raises
        ------
        OSError
            If the file cannot be read, or has become shorter.
        """
        offset, left = self.entries[name]
        with open(self.path, "rb") as file:
            file.seek(offset)
            while left:
                chunk = file.read(min(left, _CHUNK))
                if not chunk:
                    raise OSError(f"{self.path.name} has become shorter since it was opened")
                left -= len(chunk)
                yield chunk


class _Layout:
    """Checks the layout of a zip file.

    Parameters
    ----------
    path:
        The file, for errors.
    file:
        The file, open.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._length = os.fstat(file.fileno()).st_size

    def entries(self) -> dict[str, Entry]:
        """The entries by their names."""
        number, size, offset, end = self._directory()
        if number > MOST_ENTRIES:
            refuse(self._path, f"it has {number:,} entries, which is too many")
        if size > number * MOST_PER_ENTRY:
            refuse(self._path, "the table of its entries is too large for their number")
        if offset + size != end:
            refuse(self._path, "it is cut off, or has something between its parts")
        self._file.seek(offset)
        table = self._file.read(size)
        found: dict[str, tuple[int, int, int]] = {}
        at = 0
        for _ in range(number):
            name, entry, at = self._central(table, at)
            if name in found:
                refuse(self._path, f"it has the entry {_shown(name)} twice")
            found[name] = entry
        if at != len(table):
            refuse(self._path, "the table of its entries has something behind them")
        folded = {name.casefold() for name in found}
        if len(folded) != len(found):
            refuse(self._path, "two of its entries differ in capital letters only")
        return self._placed(found, offset)

    def _directory(self) -> tuple[int, int, int, int]:
        """How many entries there are, how long their table is, where it begins, and where it must end."""
        place = self._length - _END.size
        if place < 0:
            refuse(self._path, "it is not a zip file: it is too short")
        sign, disk, first, here, number, size, offset, comment = _END.unpack(self._read(place, _END.size))
        if sign != b"PK\x05\x06" or comment:
            refuse(self._path, "it is not a zip file, or it is cut off, or something was added at its end")
        if disk or first or here != number:
            refuse(self._path, "it is a part of a zip file")
        # Programs write the wide end already from 2 GiB on, where its numbers would fit in the narrow one.
        has_locator = place >= _LOCATOR.size and self._read(place - _LOCATOR.size, 4) == b"PK\x06\x07"
        if has_locator or _WIDE in (size, offset) or number == _WIDE_COUNT:
            return self._wide_directory(place)
        return number, size, offset, place

    def _wide_directory(self, place: int) -> tuple[int, int, int, int]:
        """The same for a file of more than 4 GiB, or of more than 65,535 entries."""
        at = place - _LOCATOR.size
        where = at - _END_64.size
        if where < 0:
            refuse(self._path, "its end does not say where its entries are")
        sign, disk, found, disks = _LOCATOR.unpack(self._read(at, _LOCATOR.size))
        if sign != b"PK\x06\x07" or disk or disks != 1 or found != where:
            refuse(self._path, "its end does not say where its entries are")
        sign, length, _, _, disk, first, here, number, size, offset = _END_64.unpack(self._read(where, _END_64.size))
        if sign != b"PK\x06\x06" or length != _END_64.size - 12 or disk or first or here != number:
            refuse(self._path, "its end does not say where its entries are")
        return number, size, offset, where

    def _central(self, table: bytes, at: int) -> tuple[str, tuple[int, int, int], int]:
        """A row of the table: the name; offset, size and checksum; and where the next row begins.

        Parameters
        ----------
        table:
            The table.
        at:
            Where the row begins.
        """
        if at + _CENTRAL.size > len(table):
            refuse(self._path, "the table of its entries is cut off")
        row = _CENTRAL.unpack_from(table, at)
        sign, _, system, _, flags, method, _, _, crc, packed, size, named, extra, comment, disk, _, mode, offset = row
        end = at + _CENTRAL.size + named + extra + comment
        if sign != b"PK\x01\x02" or end > len(table) or comment or disk:
            refuse(self._path, "the table of its entries is damaged")
        name = self._name(table[at + _CENTRAL.size : at + _CENTRAL.size + named])
        if flags & _ENCRYPTED:
            refuse(self._path, f"its entry {_shown(name)} is encrypted")
        if method or flags & ~_UTF8:
            refuse(self._path, f"its entry {_shown(name)} is compressed, and those of a bundle are not")
        if system == _UNIX and (kind := stat.S_IFMT(mode >> 16)) not in (0, _kind_of(name)):
            refuse(
                self._path, f"its entry {_shown(name)} is {'a link' if kind == stat.S_IFLNK else 'no regular file'}"
            )
        if packed != size:
            refuse(self._path, f"its entry {_shown(name)} has two sizes")
        if offset == _WIDE:
            offset = self._wide_offset(name, table[end - extra - comment : end - comment])
        elif extra:
            refuse(self._path, f"its entry {_shown(name)} has an addition that no bundle has")
        return name, (offset, size, crc), end

    def _wide_offset(self, name: str, extra: bytes) -> int:
        """The offset of an entry behind the first 4 GiB.

        Parameters
        ----------
        name:
            The entry.
        extra:
            The addition that has it.
        """
        if len(extra) != 12 or extra[:4] != b"\x01\x00\x08\x00":
            refuse(self._path, f"its entry {_shown(name)} does not say where it is")
        return int.from_bytes(extra[4:], "little")

    def _name(self, raw: bytes) -> str:
        """The name of an entry, which leads to no place outside."""
        name = raw.decode("utf-8", "replace")
        parts = name.replace("\\", "/").split("/")
        if not name or name[0] in "/\\~" or ".." in parts or ":" in name or "\\" in name:
            refuse(self._path, f"its entry {_shown(name)} leads outside of it")
        if not _NAME.fullmatch(name) and name != PICTURES:
            refuse(self._path, f"its entry {_shown(name)} has a name that no bundle has")
        return name

    def _placed(self, found: dict[str, tuple[int, int, int]], end: int) -> dict[str, Entry]:
        """The entries with the places of their bytes: they follow each other without gaps, up to the table.

        Parameters
        ----------
        found:
            Offset, size and checksum by name.
        end:
            Where the table begins.
        """
        entries, at = {}, 0
        for name, (offset, size, _) in sorted(found.items(), key=lambda item: item[1]):
            if offset != at:
                refuse(self._path, f"its entry {_shown(name)} overlaps another one, or there is a gap before it")
            head = offset + _LOCAL.size + len(name)
            if name != PICTURES:
                entries[name] = Entry(head, size)
            elif size:
                refuse(self._path, f"its folder {_shown(name)} has bytes of its own")
            at = head + size
        if at != end:
            refuse(self._path, "it is cut off, or has something between its entries")
        for name, (offset, size, crc) in found.items():
            raw = name.encode()
            head_bytes = self._read(offset, _LOCAL.size + len(raw))
            sign, _, flags, method, _, _, own_crc, packed, own, named, extra = _LOCAL.unpack_from(head_bytes)
            told = (sign, flags & ~_UTF8, method, own_crc, packed, own, named, extra, head_bytes[_LOCAL.size :])
            if told != (b"PK\x03\x04", 0, 0, crc, size, size, len(raw), 0, raw):
                refuse(self._path, f"its entry {_shown(name)} is described twice, and not in the same way")
        return entries

    def _read(self, place: int, size: int) -> bytes:
        self._file.seek(place)
        return self._file.read(size)


def _kind_of(name: str) -> int:
    """What an entry of this name is, in the words of file systems."""
    return stat.S_IFDIR if name == PICTURES else stat.S_IFREG


def _shown(name: str) -> str:
    return repr(shorten(plain(name), 100))
