"""The end of a picture: light at its sides, burn, noise and blotches of a latent that is off the data, fine grain."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from ..flow.finetunes import BURNS_FROM
from ..flow.painting import Painting
from .canvas import Canvas, step

CRISP = 0.82
"""At this q and above, edges are nearly as sharp as they can be."""

LINES = 1024
"""Lines of a crisp picture, along its shorter side."""

FEWEST_DRAWN = 320
"""Lines on which the softest pictures are drawn; with fewer, their edges would be steps and not soft."""

TILE = 256
"""Pixels of a side of the tile of fine grain."""

NOISE_LINES = 320
"""Lines of the noise of a latent that is off the data."""


def lines_of(q: float) -> int:
    """How many lines, along the shorter side, hold what is in a picture. A soft picture has few.

    Parameters
    ----------
    q:
        Deviation of the latent from the data; 1 is converged.

    Example
    -------
    >>> [lines_of(q) for q in (0.45, 0.67, 0.8, 0.9, 1.0)]
    [42, 96, 398, 910, 1024]
    """
    soft = 2.5 * max(0.0, 0.95 - q) + 60 * max(0.0, CRISP - q)
    return round(LINES / (1 + soft + 0.6 * step(1.3, 2.2, q)))  # grain hides fine detail


def drawn_lines(q: float) -> int:
    """On how many lines, along the shorter side, a picture is drawn before it is made soft: twice those it holds.

    What is hidden by grain is drawn on fewer lines, which is faster.

    Parameters
    ----------
    q:
        Deviation of the latent from the data.
    """
    return lines_of(q) if q > 1 else min(LINES, max(FEWEST_DRAWN, 2 * lines_of(q)))


def burn_of(painting: Painting) -> float:
    """How burnt a picture is, from 0. An over-cooked fine-tune and a latent that overshot burn alike.

    Parameters
    ----------
    painting:
        What is painted.
    """
    return max(0.0, painting.formed - BURNS_FROM) * 1.2 + 1.6 * _overshot(painting)


def _overshot(painting: Painting) -> float:
    return step(1.4, 2.8, painting.q)


@lru_cache(maxsize=2)
def _noise(seed: int) -> NDArray[np.float32]:
    """A tile of even noise from -1 to 1."""
    return (np.random.RandomState(seed).rand(TILE, TILE) * 2 - 1).astype(np.float32)


def finished(canvas: Canvas, painting: Painting, width: int, height: int) -> NDArray[np.uint8]:
    """The picture as height × width × 3 bytes.

    Parameters
    ----------
    canvas:
        What was painted; it may be smaller than the picture if that is soft.
    painting:
        What is painted.
    width, height:
        Size of the picture in pixels.
    """
    planes = canvas.planes
    side = 1 - 0.13 * ((canvas.x / canvas.wide - 0.5) * 1.9) ** 4
    ends = 1 - 0.13 * ((canvas.y / canvas.tall - 0.5) * 1.9) ** 4
    planes *= (ends[:, None] * side[None])[None]
    pale = 0.22 * step(0.0, 0.40, CRISP - painting.q)
    if pale > 0.001:
        planes += np.float32(pale) * (planes.mean(axis=(1, 2), keepdims=True) - planes)
    burn = burn_of(painting)
    if burn > 0.001:
        _burn(planes, burn)
    planes *= 255
    held = lines_of(painting.q) / min(width, height)
    few = max(1, round(width * held)), max(1, round(height * held))
    picture = np.empty((height, width, 3), dtype=np.uint8)
    grain = _tiled(width, height) if held > 0.5 else np.float32(0.5)  # what is soft has no grain
    for channel in range(3):
        plane = planes[channel]
        if canvas.width > few[0]:  # reduced with a filter as wide as its pixels are: soft edges without steps
            plane = _resized(plane, few, Image.Resampling.BILINEAR)
        if plane.shape != (height, width):
            plane = _resized(plane, (width, height))
        picture[..., channel] = np.clip(plane + grain, 0, 255)
    return _off_the_data(picture, painting)


def _tiled(width: int, height: int) -> NDArray[np.float32]:
    """Fine grain of about a level, around a half, which rounds and hides the steps of gradients."""
    across, down = -(-width // TILE), -(-height // TILE)
    return np.tile(_noise(1) * np.float32(1.1) + np.float32(0.5), (down, across))[:height, :width]


def _burn(planes: NDArray[np.float32], burn: float) -> None:
    """Too much contrast and colour, as of a fine-tune that is too strong."""
    grey = planes.mean(axis=0)
    planes += np.float32(min(1.4, 0.8 * burn)) * (planes - grey)
    planes -= np.float32(0.47)
    planes *= np.float32(1 + min(2.2, 0.95 * burn))
    planes += np.float32(0.47 + 0.03 * min(2.0, burn))


def _off_the_data(picture: NDArray[np.uint8], painting: Painting) -> NDArray[np.uint8]:
    """Grain and blotches of a latent with more deviation than the data.

    Parameters
    ----------
    picture:
        The picture without them.
    painting:
        What is painted.
    """
    grain, blotches = step(1.12, 1.9, painting.q), step(2.5, 3.6, painting.q)
    if grain < 0.001:
        return picture
    height, width = picture.shape[:2]
    random = np.random.RandomState(round(abs(float(painting.z[0])) * 1000) % 2**32)
    # Both are made small, then enlarged, which is fast.
    scale = min(1.0, NOISE_LINES / min(width, height))
    small = max(2, round(width * scale)), max(2, round(height * scale))
    noise = _cells(random, small, ((240, 0.55), (70, 0.34), (22, 0.20)))
    shown = _enlarged(128 + 0.85 * grain * noise, (width, height))
    mixed = ImageChops.add(Image.fromarray(picture), shown, 1, -128)
    if blotches > 0.001:
        field = (picture.mean(axis=(0, 1)) + 255) / 3 + _cells(random, small, ((5, 1.9), (13, 1.3), (40, 0.6)))
        mixed = Image.blend(mixed, _enlarged(field, (width, height)), 0.86 * blotches)
    steep = 1 + 0.5 * _overshot(painting)  # noise over what is burnt is burnt too
    return np.asarray(mixed.point([round(min(255.0, max(0.0, 127.5 + steep * (v - 127.5)))) for v in range(256)] * 3))


def _cells(
    random: np.random.RandomState, size: tuple[int, int], sorts: tuple[tuple[int, float], ...]
) -> NDArray[np.float32]:
    """Soft random cells of colour, from about -128 to 128 times their shares.

    Parameters
    ----------
    random:
        Where they come from.
    size:
        Width and height in pixels.
    sorts:
        Cells along the shorter side, and share, of each sort.
    """
    total = np.zeros((size[1], size[0], 3), dtype=np.float32)
    for cells, share in sorts:
        part = min(1.0, cells / min(size))
        few = max(2, round(size[0] * part)), max(2, round(size[1] * part))
        values = random.randint(0, 256, (few[1], few[0], 3)).astype(np.uint8)
        total += np.float32(share) * (_resized(values, size).astype(np.float32) - np.float32(127.5))
    return total


def _enlarged(values: NDArray[np.floating[Any]], size: tuple[int, int]) -> Image.Image:
    return Image.fromarray(_resized(np.clip(values + 0.5, 0, 255).astype(np.uint8), size))


def _resized(
    values: NDArray[Any], size: tuple[int, int], by: Image.Resampling = Image.Resampling.BICUBIC
) -> NDArray[Any]:
    return np.asarray(Image.fromarray(values).resize(size, by))
