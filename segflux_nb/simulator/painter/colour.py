"""Colours by lightness, chroma and hue (OKLCH), in which equal steps look equal.

Between two colours the hue goes by way of violet and rose, as in an evening sky, and never through green or grey.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.floating[Any]]
"""Red, green and blue from 0 to 1."""

_CONES = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
_LAB = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_CONES_ROWS, _LAB_ROWS = _CONES.tolist(), _LAB.tolist()
GREEN = 145.0
"""The hue, in degrees, that no mixture passes."""


class Tone(NamedTuple):
    """A colour.

    Attributes
    ----------
    light:
        Lightness, from 0 (black) to 1 (white).
    chroma:
        Strength of the colour: 0 is grey, 0.1 a clear colour, 0.2 a strong one.
    hue:
        In degrees: 25 is red, 60 orange, 100 yellow, 145 green, 200 turquoise, 255 blue, 300 violet, 350 pink.
    """

    light: float
    chroma: float
    hue: float

    @property
    def rgb(self) -> Rgb:
        """The colour as red, green and blue."""
        a, b = (self.chroma * turn(math.radians(self.hue)) for turn in (math.cos, math.sin))
        cones = [(self.light + x * a + y * b) ** 3 for _, x, y in _LAB_ROWS]
        linear = [sum(share * cone for share, cone in zip(row, cones, strict=True)) for row in _CONES_ROWS]
        return np.array([_encoded(min(1.0, max(0.0, value))) for value in linear], dtype=np.float32)

    def mixed(self, other: Tone, share: float) -> Tone:
        """A colour between this one and another.

        Parameters
        ----------
        other:
            The other colour.
        share:
            How much of the other, from 0 to 1.
        """
        share = min(1.0, max(0.0, share))
        light = self.light + share * (other.light - self.light)
        if _is_green(self) or _is_green(other):
            return self.dyed(other, share)
        first, last = (self.hue - GREEN) % 360, (other.hue - GREEN) % 360
        chroma = self.chroma + share * (other.chroma - self.chroma)
        return Tone(light, chroma, first + share * (last - first) + GREEN)

    def dyed(self, other: Tone, share: float) -> Tone:
        """A colour between this one and another, by way of grey: the stronger of the two has the hue.

        Parameters
        ----------
        other:
            The other colour.
        share:
            How much of the other, from 0 to 1.
        """
        a, b = (
            (1 - share) * self.chroma * turn(math.radians(self.hue))
            + share * other.chroma * turn(math.radians(other.hue))
            for turn in (math.cos, math.sin)
        )
        light = self.light + share * (other.light - self.light)
        return Tone(light, math.hypot(a, b), math.degrees(math.atan2(b, a)))

    def but(self, light: float = 0.0, chroma: float = 1.0, hue: float = 0.0) -> Tone:
        """This colour with changes.

        Parameters
        ----------
        light:
            Added to the lightness.
        chroma:
            Factor of the chroma.
        hue:
            Degrees added to the hue.
        """
        return Tone(min(1.0, max(0.0, self.light + light)), self.chroma * chroma, self.hue + hue)


def _encoded(linear: float) -> float:
    return linear * 12.92 if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055


def _is_green(tone: Tone) -> bool:
    return tone.chroma > 0.01 and 105 < tone.hue % 360 < 200


def ramp(one: Tone, other: Tone, shares: NDArray[np.floating[Any]]) -> Rgb:
    """Colours between two, as red, green and blue in rows.

    Parameters
    ----------
    one, other:
        The colours.
    shares:
        How much of the other each has, from 0 to 1.
    """
    stops = [one.mixed(other, share) for share in np.linspace(0, 1, 17)] if one != other else [one, one]
    light, chroma, hue = (np.array(column) for column in zip(*stops, strict=True))
    angle = np.radians(hue)
    lab = np.stack([light, chroma * np.cos(angle), chroma * np.sin(angle)])
    linear = np.clip(_CONES @ (_LAB @ lab) ** 3, 0, 1)
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055)
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.interp(shares, at, row) for row in encoded]).astype(np.float32)
