"""The head of a picture's file: all but its pixels. What is read of a file does not grow with the picture.

The head is a file of the same format without pixels, so that `segflux_nb.exporting.texts` reads its texts. Nothing is
decoded, and nothing is taken into memory because the file says how long it is.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image

from ..exporting.texts import JPEG, PNG
from ..pictures.decode import MOST_PIXELS, opened

MOST_TEXTS = 16_000_000
"""The most bytes of a file's texts, as they are in the file. Longer ones are left out."""

MOST_WHOLE = 64_000_000
"""The most bytes of a file of a format whose head is not known here: all of it is read."""

MOST_PARTS = 200_000
"""The most parts of a file. A file of nothing but tiny parts would take minutes."""

_PNG_KEPT = (b"IHDR", b"tEXt", b"zTXt", b"iTXt", b"eXIf")
_WEBP_PIXELS = (b"VP8 ", b"VP8L", b"ALPH", b"ANMF", b"ANIM")
_JPEG_ALONE = (0x01, *range(0xD0, 0xD9))
_JPEG_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
"""Markers of the segments that say how large a JPEG is."""


@dataclass(frozen=True)
class Head:
    """The head of a file.

    Attributes
    ----------
    data:
        The file without its pixels.
    width, height:
        The size of the picture in pixels, as it is stored.
    left_out:
        How many of its texts are too long, and not in `data`.
    """

    data: bytes
    width: int
    height: int
    left_out: int = 0


def read_head(path: str | os.PathLike[str]) -> Head:
    """The head of a picture's file.

    Parameters
    ----------
    path:
        The file.

    Raises
    ------
    OSError
        Where it is not a picture, is cut off, or has more pixels than any picture that is shown.
    OSError
        Where it cannot be read.
    """
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(12)
        file.seek(0)
        if not start:
            raise OSError("it is empty")
        if start.startswith(PNG):
            head = _png(file, size)
        elif start.startswith(JPEG):
            head = _jpeg(file, size)
        elif start[:4] == b"RIFF" and start[8:12] == b"WEBP":
            head = _webp(file, size)
        else:
            head = _other(file, size)
    if head.width * head.height > MOST_PIXELS:
        raise OSError(f"it has {head.width:,} × {head.height:,} pixels, more than {MOST_PIXELS:,}")
    if not head.width or not head.height:
        raise OSError("it has no pixels")
    return head


class _Kept:
    """The parts of a file that are kept, up to `MOST_TEXTS` bytes. What is longer is passed over.

    Parameters
    ----------
    file:
        The file.
    size:
        Its bytes.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.file = file
        self.size = size
        self.parts: list[bytes] = []
        self.left_out = 0
        self._bytes = 0
        self._seen = 0

    def take(self, head: bytes, length: int) -> bytes:
        """Keep a part, and give its bytes; none where it is too long.

        Parameters
        ----------
        head:
            What stands before it, which is kept too.
        length:
            Its bytes, from the place where the file is.
        """
        if self._bytes + length > MOST_TEXTS:
            self.left_out += 1
            self.skip(length)
            return b""
        body = self.file.read(length)
        self._bytes += length
        self.parts += [head, body]
        return body

    def skip(self, length: int) -> None:
        """Pass over some bytes."""
        self.file.seek(length, os.SEEK_CUR)

    def next(self, length: int) -> bytes:
        """The head of the next part; cut short at the end of the file.

        Parameters
        ----------
        length:
            The bytes of the head.

        Raises
        ------
        OSError
            Where there are more parts than a picture has.
        """
        self._seen += 1
        if self._seen > MOST_PARTS:
            raise OSError("it has more parts than any picture")
        return self.file.read(length)

    def has(self, length: int) -> bool:
        """Whether the file has some bytes more."""
        return self.file.tell() + length <= self.size


def _png(file: BinaryIO, size: int) -> Head:
    kept = _Kept(file, size)
    kept.parts.append(file.read(len(PNG)))
    width = height = 0
    while True:
        start = kept.next(8)
        length, kind = int.from_bytes(start[:4]), start[4:]
        if len(start) < 8 or not kept.has(length + 4):
            raise OSError("it is cut off")
        if not width and (kind != b"IHDR" or length != 13):
            raise OSError("it is not a PNG file")
        if kind == b"IEND":
            return Head(b"".join(kept.parts), width, height, kept.left_out)
        if kind in _PNG_KEPT:
            body = kept.take(start, length + 4)
            if kind == b"IHDR":
                width, height = int.from_bytes(body[:4]), int.from_bytes(body[4:8])
                if not width or not height:
                    raise OSError("it has no pixels")
        else:
            kept.skip(length + 4)


def _jpeg(file: BinaryIO, size: int) -> Head:
    kept = _Kept(file, size)
    kept.parts.append(file.read(2))
    width = height = 0
    while True:
        start = kept.next(2)
        if len(start) < 2:
            raise OSError("it is cut off")
        if start[:1] != b"\xff":
            raise OSError("it is not a JPEG file")
        marker = start[1]
        if marker == 0xFF:  # a fill byte
            file.seek(-1, os.SEEK_CUR)
            continue
        if marker == 0xDA and width:
            return Head(b"".join([*kept.parts, b"\xff\xd9"]), width, height, kept.left_out)
        if marker in (0xD9, 0xDA):
            raise OSError("it has no pixels")
        if marker in _JPEG_ALONE:
            continue
        length = file.read(2)
        number = int.from_bytes(length) - 2
        if len(length) < 2 or number < 0 or not kept.has(number):
            raise OSError("it is cut off")
        body = kept.take(start + length, number)
        if marker in _JPEG_SIZES and len(body) >= 5:
            height, width = int.from_bytes(body[1:3]), int.from_bytes(body[3:5])


def _webp(file: BinaryIO, size: int) -> Head:
    kept = _Kept(file, size)
    start = file.read(12)
    end = int.from_bytes(start[4:8], "little") + 8
    if end > size:
        raise OSError("it is cut off")
    kept.parts.append(start)
    width = height = 0
    while file.tell() + 8 <= end:
        head = kept.next(8)
        kind, length = head[:4], int.from_bytes(head[4:], "little")
        padded = length + length % 2
        if not kept.has(length):
            raise OSError("it is cut off")
        if kind in _WEBP_PIXELS:
            first = file.read(min(10, padded))
            kept.skip(padded - len(first))
            if not width:
                width, height = _webp_size(kind, first)
        else:
            body = kept.take(head, padded)
            if kind == b"VP8X" and len(body) >= 10:
                width = 1 + int.from_bytes(body[4:7], "little")
                height = 1 + int.from_bytes(body[7:10], "little")
    if not width:
        raise OSError("it has no pixels")
    return Head(b"".join(kept.parts), width, height, kept.left_out)


def _webp_size(kind: bytes, first: bytes) -> tuple[int, int]:
    """The size that the first bytes of a WebP's pixels say; 0 where they say none.

    Parameters
    ----------
    kind:
        The kind of their chunk.
    first:
        The first ten bytes.
    """
    if kind == b"VP8 " and first[3:6] == b"\x9d\x01\x2a":
        return int.from_bytes(first[6:8], "little") & 0x3FFF, int.from_bytes(first[8:10], "little") & 0x3FFF
    if kind == b"VP8L" and first[:1] == b"\x2f":
        bits = int.from_bytes(first[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return 0, 0


def _other(file: BinaryIO, size: int) -> Head:
    """All of a file of another format, which Pillow opens without decoding it."""
    if size > MOST_WHOLE:
        raise OSError(f"it has {size:,} bytes, and is neither a PNG, JPEG nor WebP file")
    data = file.read()
    try:
        with opened(data) as image:
            width, height = image.size
    except Image.DecompressionBombError as error:
        raise OSError(str(error)) from None
    except OSError:
        raise OSError("it is not a picture in a format that is known") from None
    return Head(data, width, height)
