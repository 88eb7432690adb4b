"""Prints: what is kept of a picture so that a change of it is seen later. Small, and the same bytes everywhere.

A print holds two things. The sha256 of the pixels tells whether the picture is exactly the same: another encoding of
the same pixels has the same one. The Lab thumbnail tells whether a picture that is not exactly the same looks the
same. In a print it is coarser than the 64 × 64 of `segflux_nb.analysis.differences`, because a sheet keeps many:

    up to 12 pictures     64 × 64, 4.5 kB of base64 each
    up to 64              32 × 32, 1.4 kB
    up to 256             16 × 16, 0.4 kB
    more                  none: these are compared exactly, by the sha256 of their files

L* has steps of 0.5. a* and b* have half the side and steps of 0.83. The numbers are differences of neighbours,
compressed by bzip2, whose output does not depend on its version (that of zlib does).
"""

from __future__ import annotations

import base64
import bz2
import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..markup import count
from .differences import from_lab, lab

SIDES = ((12, 64), (64, 32), (256, 16))
"""How many pictures are kept together at most, and the side of their thumbnails."""

HEX_DIGITS = 16
"""How much of a sha256 is written in texts and prints: 64 bits."""

_STEPS_OF_L, _STEPS_OF_AB, _ZERO = 2.0, 1.2, 132

Thumbnail = NDArray[np.float64]


def side_for(pictures: int) -> int | None:
    """The side of the thumbnails of this many prints; None where they have none.

    >>> side_for(12), side_for(48), side_for(1000)
    (64, 32, None)
    """
    return next((side for most, side in SIDES if pictures <= most), None)


def pixels_sha256(shown: Image.Image) -> str:
    """The sha256 of a picture's size and pixels. It does not depend on how its file was encoded.

    Parameters
    ----------
    shown:
        The picture in RGB, as it is shown.
    """
    digest = hashlib.sha256(f"{shown.mode} {shown.width} {shown.height} ".encode())
    digest.update(shown.tobytes())
    return digest.hexdigest()


def box_thumbnail(shown: Image.Image, side: int) -> Thumbnail:
    """A picture as side × side area means, in Lab.

    Parameters
    ----------
    shown:
        The picture in RGB, as it is shown.
    side:
        Pixels of a side of the thumbnail.
    """
    return lab(np.asarray(shown.resize((side, side), Image.Resampling.BOX), dtype=np.float64))


def distances(one: Thumbnail, other: Thumbnail) -> tuple[float, float]:
    """The CIE76 difference of two thumbnails: of the pixel in which they differ most, and the mean of all.

    Parameters
    ----------
    one, other:
        Lab thumbnails of the same side.
    """
    by_pixel = np.sqrt(((one - other) ** 2).sum(axis=-1))
    return float(by_pixel.max()), float(by_pixel.mean())


def rgb(thumbnail: Thumbnail) -> NDArray[np.uint8]:
    """A Lab thumbnail as sRGB values, to be looked at."""
    return np.clip(np.rint(from_lab(thumbnail)), 0, 255).astype(np.uint8)


def packed(thumbnails: Sequence[Thumbnail]) -> str:
    """Thumbnails as text, to be read by `unpacked`.

    Parameters
    ----------
    thumbnails:
        Lab thumbnails of the same side.
    """
    parts = [part for thumbnail in thumbnails for part in _levels(thumbnail)]
    return base64.b64encode(bz2.compress(b"".join(map(_residuals, parts)))).decode("ascii")


def unpacked(text: str, number: int, side: int) -> list[Thumbnail]:
    """The thumbnails of a text by `packed`, with the accuracy that it keeps.

    Parameters
    ----------
    text:
        The text.
    number:
        How many thumbnails it holds.
    side:
        Pixels of a side of them.

    Raises
    ------
    ValueError
        Where the text is no such thumbnails.
    """
    half, each = side // 2, side * side + side * side // 2
    decompressor = bz2.BZ2Decompressor()
    try:
        data = decompressor.decompress(base64.b64decode(text, validate=True), max_length=number * each + 1)
    except OSError as error:
        raise ValueError(str(error)) from None
    if len(data) != number * each:
        raise ValueError(f"it has {count(len(data), 'byte')} in place of {number * each}")
    found = []
    for start in range(0, len(data), each):
        lightness = _restored(data[start : start + side * side], side) / _STEPS_OF_L
        rest = [data[start + side * side + at * half * half :][: half * half] for at in range(2)]
        colours = [(_restored(part, half) - _ZERO) / _STEPS_OF_AB for part in rest]
        found.append(np.stack([lightness, *(np.kron(part, np.ones((2, 2))) for part in colours)], axis=-1))
    return found


def _levels(thumbnail: Thumbnail) -> list[NDArray[np.uint8]]:
    """A thumbnail as whole numbers: L*, and a* and b* with half the side."""
    half = len(thumbnail) // 2
    colours = thumbnail[..., 1:].reshape(half, 2, half, 2, 2).mean(axis=(1, 3)) * _STEPS_OF_AB + _ZERO
    parts = [thumbnail[..., 0] * _STEPS_OF_L, colours[..., 0], colours[..., 1]]
    return [np.clip(np.rint(part), 0, 255).astype(np.uint8) for part in parts]


def _residuals(levels: NDArray[np.uint8]) -> bytes:
    """The difference of each number from the one to its left; in the first column, from the one above."""
    found = levels.copy()
    found[:, 1:] -= levels[:, :-1]
    found[1:, 0] -= levels[:-1, 0]
    return found.tobytes()


def _restored(residuals: bytes, side: int) -> NDArray[np.float64]:
    """The numbers of which these are the differences.

    Parameters
    ----------
    residuals:
        The differences, by `_residuals`.
    side:
        Numbers of a row.
    """
    levels = np.frombuffer(residuals, np.uint8).reshape(side, side).copy()
    levels[:, 0] = np.cumsum(levels[:, 0], dtype=np.uint8)
    return np.cumsum(levels, axis=1, dtype=np.uint8).astype(np.float64)
