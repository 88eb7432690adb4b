"""The sheet of a notebook: a JPEG with the largest cells whose bytes are within a limit.

How many bytes a sheet will have is known after it was drawn. A sheet of few cells is drawn a few times, to come near
the limit. Of one with many, bands of a few rows are drawn, which tell about how many bytes all of it would have; then
it is drawn once. Where not even the smallest cells fit, the JPEG has less quality, and at last fewer pixels.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import replace

from PIL import Image

from .fonts import line_height
from .geometry import SMALLEST_SIDE, Box, Geometry, geometry_of, largest_side
from .layout import Cell, Layout

WIDTH = 2400
"""The most pixels of the width of an inline sheet."""

LARGEST_SIDE = 512
LARGEST_HEAT_SIDE = 112
"""The largest cells of an inline heat map: a number needs no more pixels."""

READABLE_SIDE = 16
"""Cells are this large at least before their bytes are looked at."""

QUALITY = 82
LOWER_QUALITIES = (70, 60, 50, 40, 30, 20)
"""What a sheet is saved with where its smallest cells do not fit, one after the other."""

FEW = 600
"""A sheet of at most this many cells is drawn to know its bytes."""

BANDS = 4
SAMPLE = 300
"""The bands of a larger one have about this many cells."""

TRIES = 6

_TABLES = 620
"""Bytes of a JPEG that it has at any size."""


def inline_jpeg(layout: Layout, most: int, draw: Callable[[Geometry], Image.Image]) -> bytes:
    """A sheet as a JPEG with the largest cells that fit.

    Parameters
    ----------
    layout:
        The sheet.
    most:
        The most bytes.
    draw:
        Draws a geometry.
    """
    sizes = _Sizes(layout, most, draw)
    number = max(1, sum(cell.picture is not None for cell in layout.cells))
    largest = _largest(layout)
    guess = min(largest, max(READABLE_SIDE, int(math.sqrt(most * 4 / 3 / number) * 1.9)))
    side = side_that_fits(sizes.share, guess, largest)
    image, data = sizes.drawn(side)
    while len(data) > most and side > SMALLEST_SIDE:  # the bands had fewer bytes than the rest
        side = max(SMALLEST_SIDE, min(side - 1, int(side * (0.96 * most / len(data)) ** 0.5)))
        image, data = sizes.drawn(side)
    qualities = iter(LOWER_QUALITIES)
    while len(data) > most:
        quality = next(qualities, None)
        if quality is None:
            image = image.resize((max(1, image.width * 4 // 5), max(1, image.height * 4 // 5)), Image.Resampling.BOX)
        data = _jpeg(image, quality or LOWER_QUALITIES[-1])
    return data


def _largest(layout: Layout) -> int:
    """The largest side of the cells of a sheet that is not too wide."""
    most = LARGEST_HEAT_SIDE if layout.is_heat else LARGEST_SIDE
    largest = largest_side(layout, SMALLEST_SIDE, most, lambda width, height: width * height <= WIDTH * WIDTH)
    return largest_side(layout, READABLE_SIDE, largest, lambda width, _: width <= WIDTH)


def side_that_fits(share_of: Callable[[int], float], side: int, largest: int) -> int:
    """The largest side that was found to fit; the smallest one where none does.

    Parameters
    ----------
    share_of:
        The share of the limit that a sheet with cells of a side takes.
    side:
        The side that is looked at first.
    largest:
        The largest side.
    """
    fits, too_large = 0, largest + 1
    for _ in range(TRIES):
        share = share_of(side)
        fits, too_large = (side, too_large) if share <= 1 else (fits, side)
        # The bytes grow about as the area of a cell. Aim a little below the limit.
        side = max(fits + 1, min(too_large - 1, int(side * (0.96 / share) ** 0.5)), SMALLEST_SIDE)
        if side >= too_large or 0.9 < share <= 1:
            break
    return fits or SMALLEST_SIDE


class _Sizes:
    """Tells how many bytes a sheet has with cells of a size.

    Parameters
    ----------
    layout:
        The sheet.
    most:
        The most bytes.
    draw:
        Draws a geometry.
    """

    def __init__(self, layout: Layout, most: int, draw: Callable[[Geometry], Image.Image]) -> None:
        self._layout = layout
        self._most = most
        self._draw = draw
        self._last: tuple[int, Image.Image, bytes] | None = None
        self._is_drawn = len(layout.cells) <= FEW

    def drawn(self, side: int) -> tuple[Image.Image, bytes]:
        """The sheet with cells of this side, and its bytes."""
        if self._last is None or self._last[0] != side:
            image = self._draw(geometry_of(self._layout, side))
            self._last = side, image, _jpeg(image, QUALITY)
        return self._last[1:]

    def share(self, side: int) -> float:
        """The share of the limit that the sheet takes with cells of this side: of a large one, about that."""
        return (len(self.drawn(side)[1]) if self._is_drawn else self._expected(side)) / self._most

    def _expected(self, side: int) -> float:
        geometry = geometry_of(self._layout, side)
        height = math.ceil(min(1.0, SAMPLE / len(geometry.cells)) * geometry.height / BANDS)
        height = min(geometry.height, max(2 * side, height))
        tops = [(2 * at + 1) * geometry.height // (2 * BANDS) - height // 2 for at in range(BANDS)]
        found = [len(_jpeg(self._draw(_band(geometry, top, height)), QUALITY)) - _TABLES for top in tops]
        return _TABLES + sum(found) * geometry.height / (height * BANDS)


def _band(geometry: Geometry, top: int, height: int) -> Geometry:
    """A part of a sheet, as wide as it is.

    Parameters
    ----------
    geometry:
        The sheet.
    top:
        The first row of its pixels.
    height:
        The number of rows.
    """
    bottom = top + height

    def inside(first: int, last: int) -> bool:
        return first < bottom and last > top

    def moved(boxes: list[tuple[Cell, Box]]) -> list[tuple[Cell, Box]]:
        return [(cell, (x, y - top, right, end - top)) for cell, (x, y, right, end) in boxes if inside(y, end)]

    texts = [
        replace(text, y=text.y - top)
        for text in geometry.texts
        if not text.turned and inside(text.y, text.y + len(text.lines) * line_height(text.size))
    ]
    cells, differences = moved(geometry.cells), moved(geometry.differences)
    return replace(geometry, height=height, cells=cells, differences=differences, texts=texts, scale_bar=None)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()
