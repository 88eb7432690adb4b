"""What pictures are painted on: three planes of float32, lengths in units of the shorter side, masks and boxes."""

from __future__ import annotations

import colorsys
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]
Colour = NDArray[np.floating[Any]]


class Canvas:
    """Planes of a width and height in pixels.

    Lengths are in units of the picture's shorter side, so that a sun is round and a tower slender at any shape.

    Attributes
    ----------
    planes:
        Red, green and blue, 0 to 1.
    x, y:
        Where the columns and rows are.
    unit:
        Pixels in a unit.
    wide, tall:
        The picture's size in units.
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
        """The rows between two heights."""
        return slice(*self._within(top, bottom, self.height))

    def box(self, top: float, bottom: float, left: float, right: float) -> tuple[slice, slice]:
        """The rows and columns of a rectangle, and a pixel around it."""
        around = 1 / self.unit
        columns = slice(*self._within(left - around, right + around, self.width))
        return self.rows(top - around, bottom + around), columns

    def blend(self, rows: slice, columns: slice, mask: Plane, colour: Colour, lit: Plane | None = None) -> None:
        """Lay a colour over a box, as much of it as the mask says; `lit` makes it lighter and darker."""
        region = self.planes[:, rows, columns]
        mask = mask.astype(np.float32, copy=False)
        for channel in range(3):
            tone = colour[channel] if lit is None else colour[channel] * lit
            part = tone - region[channel]
            part *= mask
            region[channel] += part

    def edge(self, inside: Plane) -> Plane:
        """A mask from the distance to an edge, in units: 0 outside, 1 inside, smooth over about two pixels."""
        mask = inside * np.float32(0.5 * self.unit)
        mask += np.float32(0.5)
        return np.clip(mask, 0, 1, out=mask)

    def _within(self, first: float, last: float, most: int) -> tuple[int, int]:
        begin = max(0, min(most, int(first * self.unit)))
        return begin, max(begin, min(most, math.ceil(last * self.unit)))


def soft(value: float) -> float:
    """The logistic function."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """A colour by hue, saturation and value."""
    return np.array(colorsys.hsv_to_rgb(hue % 1, min(1.0, saturation), value), dtype=np.float32)
