"""Whether the file of a picture is complete, by its own structure. Pure.

Pillow has a global switch, `ImageFile.LOAD_TRUNCATED_IMAGES`, that lets half a file count as a picture. It is set in
many notebooks. So the end of a file is looked for here.
"""

from __future__ import annotations

import re
import zlib

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_PNG_EXIF = b"eXIf"
"""The chunk that says how the picture is turned. The picture counts without it."""

_PNG_PIXELS = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD", b"pHYs", _PNG_EXIF)
)
"""Chunks of a PNG that its pixels need. Texts and profiles may be larger than Pillow reads."""

_JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SOI, _EOI, _SOS, _ALONE = 0xD8, 0xD9, 0xDA, range(0xD0, 0xD8)


def png_pixels(data: bytes) -> bytes | None:
    """A PNG with those chunks alone that its pixels need. None if the file is not complete.

    Parameters
    ----------
    data:
        The file.
    """
    parts, at = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        if end > len(data):
            return None
        if name in _PNG_PIXELS:
            if zlib.crc32(data[at + 4 : end - 4]) == int.from_bytes(data[end - 4 : end], "big"):
                parts.append(data[at:end])
            elif name != _PNG_EXIF:
                return None
        if name == b"IEND":
            return b"".join(parts)
        at = end
    return None


def jpeg_ends(data: bytes) -> bool:
    """Whether a JPEG has its last marker. Markers in metadata do not count."""
    at = 2
    while (match := _JPEG_MARKER.search(data, at)) is not None:
        kind, at = data[match.start() + 1], match.end()
        if kind == _EOI:
            return True
        if kind != _SOI and kind not in _ALONE:
            at += int.from_bytes(data[at : at + 2], "big")
    return False


def gif_ends(data: bytes) -> bool:
    """Whether a GIF has all of its blocks."""

    def colours(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 0x80 else 0

    def blocks(at: int) -> int:
        while at < len(data) and data[at]:
            at += 1 + data[at]
        return at + 1

    at = 13 + colours(data[10]) if len(data) > 13 else len(data)
    while at < len(data):
        match data[at]:
            case 0x3B:
                return True
            case 0x21:
                at = blocks(at + 2)
            case 0x2C if at + 10 < len(data):
                at = blocks(at + 11 + colours(data[at + 9]))
            case _:
                return False
    return False


def riff_ends(data: bytes) -> bool:
    """Whether a WebP is as long as it says."""
    return len(data) >= 8 + int.from_bytes(data[4:8], "little")


def boxes_end(data: bytes) -> bool:
    """Whether the boxes of an AVIF are as long as they say."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size == 0:
            return True  # it goes to the end of the file, wherever that is
        if size < 8:
            return False
        at += size
    return at == len(data)


def bmp_ends(data: bytes) -> bool:
    """Whether a BMP is as long as it says."""
    return len(data) >= int.from_bytes(data[2:6], "little")
