"""Colours of sheets: themes, and a scale of numbers that the colour-blind can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """The colours of a sheet."""

    page: str
    text: str
    muted: str
    frame: str
    empty: str
    hatch: str


THEMES: dict[str, Theme] = {
    "light": Theme("#ffffff", "#1f2328", "#59636e", "#c4ccd4", "#f6f8fa", "#dde3e9"),
    "dark": Theme("#111418", "#e6e9ed", "#9aa4af", "#3d4650", "#1a1f25", "#2b323a"),
}

Colour = tuple[int, int, int]

VIRIDIS: tuple[Colour, ...] = (
    *((68, 1, 84), (72, 40, 120), (62, 74, 137), (49, 104, 142), (38, 130, 142)),
    *((31, 158, 137), (53, 183, 121), (109, 205, 89), (180, 222, 44), (253, 231, 37)),
)
"""Matplotlib's viridis at ten equal steps: its lightness rises evenly, so it reads without colour too."""


def on_scale(share: float) -> Colour:
    """The colour of a value from 0, the least, to 1, the greatest.

    >>> on_scale(0.0), on_scale(1.0)
    ((68, 1, 84), (253, 231, 37))
    """
    at = min(1.0, max(0.0, share)) * (len(VIRIDIS) - 1)
    low = min(int(at), len(VIRIDIS) - 2)
    part = at - low
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(VIRIDIS[low], VIRIDIS[low + 1], strict=True))
    return red, green, blue


def readable_on(colour: Colour) -> str:
    """Black or white, whichever can be read on a colour."""
    red, green, blue = colour
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 140 else "#ffffff"
