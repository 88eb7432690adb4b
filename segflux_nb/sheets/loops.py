"""Loops of pictures as files: each picture is encoded once, by itself, and a file joins them in their order.

So a picture that is shown on the way there and on the way back is encoded once, the size of a file is the sum of its
pictures, and some of them tell how large it will be before all are drawn.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

Size = tuple[int, int]
"""Width and height, in pixels."""

_PALETTE_SIDE = 128
"""The longer side of the pictures from which the colours of a GIF are chosen."""

NEARLY_EXACT = 8
"""Colours that differ by no more than this in red, green and blue give way to exact ones."""

_NO_DISPOSAL = 1


@dataclass(frozen=True)
class Shown:
    """A picture of a loop.

    Attributes
    ----------
    still:
        The picture as `Format.still` encodes it.
    milliseconds:
        How long it is shown.
    """

    still: bytes
    milliseconds: int


class Format(Protocol):
    """A format of files with several pictures."""

    qualities: Sequence[int]
    """The qualities that it can have, the best one first."""

    def still(self, image: Image.Image, quality: int) -> bytes:
        """A picture by itself, as `joined` takes it.

        Parameters
        ----------
        image:
            The picture.
        quality:
            One of the qualities.
        """
        ...

    def joined(self, shown: Sequence[Shown], size: Size) -> bytes:
        """A file that shows pictures one after the other, again and again.

        Parameters
        ----------
        shown:
            The pictures, in their order.
        size:
            Their width and height.
        """
        ...


class WebP:
    """Animated WebP, which every browser shows."""

    qualities: Sequence[int] = (82, 72, 60, 48)

    def still(self, image: Image.Image, quality: int) -> bytes:
        """A picture by itself: the chunks of a WebP file.

        Parameters
        ----------
        image:
            The picture.
        quality:
            One of the qualities.
        """
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=4)
        return buffer.getvalue()[12:]

    def joined(self, shown: Sequence[Shown], size: Size) -> bytes:
        """A file that shows pictures one after the other, again and again.

        Parameters
        ----------
        shown:
            The pictures, in their order.
        size:
            Their width and height.
        """
        width, height = (_three_bytes(side - 1) for side in size)
        is_animated, replaces = b"\x02", b"\x02"
        chunks = [_chunk(b"VP8X", is_animated + bytes(3) + width + height), _chunk(b"ANIM", bytes(6))]
        for one in shown:
            at_corner = bytes(6)
            head = at_corner + width + height + _three_bytes(one.milliseconds) + replaces
            chunks.append(_chunk(b"ANMF", head + one.still))
        return _chunk(b"RIFF", b"WEBP" + b"".join(chunks))


class Gif:
    """Animated GIF, which every program shows: 256 colours, the same ones in all pictures.

    Parameters
    ----------
    samples:
        Pictures whose colours it has.
    exact:
        Colours that it must have, as CSS writes them, so that flat areas are even.
    """

    qualities: Sequence[int] = (256, 128)

    def __init__(self, samples: Sequence[Image.Image], exact: Sequence[str]) -> None:
        sheet = Image.new("RGB", (_PALETTE_SIDE, _PALETTE_SIDE * len(samples)))
        for number, sample in enumerate(samples):
            sheet.paste(sample.resize((_PALETTE_SIDE, _PALETTE_SIDE)), (0, _PALETTE_SIDE * number))
        self._samples = sheet
        self._exact = [Image.new("RGB", (1, 1), colour).tobytes() for colour in dict.fromkeys(exact)]
        self._palettes: dict[int, Image.Image] = {}

    def still(self, image: Image.Image, quality: int) -> bytes:
        """A picture by itself: its colours, then its pixels.

        Parameters
        ----------
        image:
            The picture.
        quality:
            The number of colours.
        """
        buffer = io.BytesIO()
        image.quantize(palette=self._palette(quality)).save(buffer, "GIF", interlace=False, optimize=False)
        return buffer.getvalue()

    def joined(self, shown: Sequence[Shown], size: Size) -> bytes:
        """A file that shows pictures one after the other, again and again.

        Parameters
        ----------
        shown:
            The pictures, in their order.
        size:
            Their width and height.
        """
        forever = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"
        parts = [b"GIF89a", struct.pack("<HHBBB", *size, 0x70, 0, 0), forever]
        for one in shown:
            table, pixels = _gif_parts(one.still)
            bits = (len(table) // 3).bit_length() - 1
            parts.append(struct.pack("<BBBBHBB", 0x21, 0xF9, 4, _NO_DISPOSAL << 2, one.milliseconds // 10, 0, 0))
            parts.append(struct.pack("<BHHHHB", 0x2C, 0, 0, *size, 0x80 | bits - 1))
            parts += [table, pixels]
        return b"".join([*parts, b"\x3b"])

    def _palette(self, colours: int) -> Image.Image:
        if colours not in self._palettes:
            number = colours - len(self._exact)
            found = bytes(self._samples.quantize(number, Image.Quantize.MAXCOVERAGE).getpalette() or ())
            own = [found[3 * at : 3 * at + 3] for at in range(min(number, len(found) // 3))]
            palette = Image.new("P", (1, 1))
            palette.putpalette(b"".join([*self._exact, *map(self._exact_or, own)]))
            self._palettes[colours] = palette
        return self._palettes[colours]

    def _exact_or(self, colour: bytes) -> bytes:
        """A colour, or the exact one that it nearly is: Pillow might else choose it for a flat area."""
        near = (
            one for one in self._exact if max(abs(a - b) for a, b in zip(one, colour, strict=True)) <= NEARLY_EXACT
        )
        return next(near, colour)


def _three_bytes(number: int) -> bytes:
    return number.to_bytes(3, "little")


def _chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a RIFF file.

    Parameters
    ----------
    name:
        Four letters.
    content:
        What is in it.
    """
    return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def _gif_parts(data: bytes) -> tuple[bytes, bytes]:
    """The table of colours and the compressed pixels of a GIF with one picture."""
    bits = (data[10] & 7) + 1
    at = 13 + 3 * (1 << bits)
    table = data[13:at]
    while data[at] == 0x21:  # an extension
        at = _after_blocks(data, at + 2)
    start = at + 10
    return table, data[start : _after_blocks(data, start + 1)]


def _after_blocks(data: bytes, at: int) -> int:
    """Where the blocks end that begin at a place of a GIF."""
    while data[at]:
        at += data[at] + 1
    return at + 1
