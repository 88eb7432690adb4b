"""Loops of pictures as files, written by Pillow."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from PIL import Image

_PALETTE_SIDE = 128
"""The longer side of the pictures from which the colours of a GIF are chosen."""

NEARLY_EXACT = 8
"""Colours that differ by no more than this in red, green and blue give way to exact ones."""


class Format(Protocol):
    """A format of files with several pictures."""

    qualities: Sequence[int]
    """The qualities that it can have, the best one first."""

    def loop(self, images: Iterable[Image.Image], milliseconds: Sequence[int], quality: int) -> bytes:
        """A file that shows pictures one after the other, again and again.

        Parameters
        ----------
        images:
            The pictures, in their order. Each is asked for when the one before is encoded.
        milliseconds:
            How long each is shown.
        quality:
            One of the qualities.
        """
        ...


class WebP:
    """Animated WebP, which every browser shows."""

    qualities: Sequence[int] = (82, 72, 60, 48)

    def loop(self, images: Iterable[Image.Image], milliseconds: Sequence[int], quality: int) -> bytes:
        """A file that shows pictures one after the other, again and again.

        Parameters
        ----------
        images:
            The pictures, in their order.
        milliseconds:
            How long each is shown.
        quality:
            One of the qualities.
        """
        # Method 4, the usual one, takes twice the time for files that are a twentieth smaller.
        return _written("WEBP", images, milliseconds, quality=quality, method=2)


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

    def loop(self, images: Iterable[Image.Image], milliseconds: Sequence[int], quality: int) -> bytes:
        """A file that shows pictures one after the other, again and again.

        Parameters
        ----------
        images:
            The pictures, in their order.
        milliseconds:
            How long each is shown.
        quality:
            The number of colours.
        """
        palette = self._palette(quality)
        own = (image.quantize(palette=palette) for image in images)
        return _written("GIF", own, milliseconds, optimize=False, disposal=1)

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


def _written(name: str, images: Iterable[Image.Image], milliseconds: Sequence[int], **options: Any) -> bytes:
    first, *_ = durations = list(milliseconds)
    rest = iter(images)
    buffer = io.BytesIO()
    next(rest).save(
        buffer,
        name,
        save_all=True,
        append_images=rest,
        duration=durations if len(durations) > 1 else first,
        loop=0,
        **options,
    )
    return buffer.getvalue()
