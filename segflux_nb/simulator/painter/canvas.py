"""What pictures are painted on: planes of red, green and blue, and masks that say where colour goes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .colour import Rgb

Plane = NDArray[np.floating[Any]]
"""A value for each pixel, row or column of a region."""


class Canvas:
    """A picture in the making.

    The unit of length is the picture's shorter side, so that a sun is round and a tower slender at any shape.

    Parameters
    ----------
    width:
        Width in pixels.
    height:
        Height in pixels.

    Attributes
    ----------
    planes:
        Red, green and blue of each pixel, from 0 to 1.
    x:
        Position of each column, in units.
    y:
        Position of each row, in units.
    unit:
        Pixels of a unit.
    wide:
        Width in units.
    tall:
        Height in units.
    """

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.unit = float(min(width, height))
        self.x = np.arange(width, dtype=np.float32) / np.float32(self.unit)
        self.y = np.arange(height, dtype=np.float32) / np.float32(self.unit)
        self.tall = height / self.unit
        self.wide = width / self.unit
        self.planes = np.empty((3, height, width), dtype=np.float32)

    def rows(self, top: float, bottom: float) -> slice:
        """The rows between two heights.

        Parameters
        ----------
        top:
            The upper height, in units.
        bottom:
            The lower one.
        """
        return slice(*self._within(top, bottom, self.height))

    def box(self, top: float, bottom: float, left: float, right: float) -> tuple[slice, slice]:
        """The rows and columns of a rectangle, with one more pixel around it.

        Parameters
        ----------
        top, bottom, left, right:
            Its sides, in units.
        """
        around = 1 / self.unit
        columns = slice(*self._within(left - around, right + around, self.width))
        return self.rows(top - around, bottom + around), columns

    def blend(self, rows: slice, columns: slice, mask: Plane, colour: Rgb, lit: Plane | None = None) -> None:
        """Paint a colour over a region.

        Parameters
        ----------
        rows, columns:
            The region.
        mask:
            How much of the colour each pixel takes, from 0 to 1.
        colour:
            The colour.
        lit:
            Factor of the colour at each pixel, for light and shade. None is 1.
        """
        region = self.planes[:, rows, columns]
        mask = mask.astype(np.float32, copy=False)
        for channel in range(3):
            tone = colour[channel] if lit is None else colour[channel] * lit
            part = tone - region[channel]
            part *= mask
            region[channel] += part

    def edge(self, inside: Plane, width: float = 0.0) -> Plane:
        """A mask: 0 outside of an edge, 1 inside, smooth over about two pixels, or more.

        Parameters
        ----------
        inside:
            Distance to the edge in units, negative outside.
        width:
            Width of the edge in units, if it is more than two pixels.
        """
        mask = inside * np.float32(1 / max(2 / self.unit, width))
        mask += np.float32(0.5)
        return np.clip(mask, 0, 1, out=mask)

    def _within(self, first: float, last: float, most: int) -> tuple[int, int]:
        """Indices of the pixels between two positions.

        Parameters
        ----------
        first, last:
            The positions, in units.
        most:
            Number of pixels.
        """
        begin = max(0, min(most, int(first * self.unit)))
        return begin, max(begin, min(most, math.ceil(last * self.unit)))


def soft(value: float) -> float:
    """The logistic function."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def step(first: float, last: float, value: float) -> float:
    """0 below the first value, 1 above the last, and smooth between them."""
    part = min(1.0, max(0.0, (value - first) / (last - first)))
    return part * part * (3 - 2 * part)
