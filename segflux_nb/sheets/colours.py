"""Colours of sheets: themes, and a scale for numbers that colour-blind people can read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import LayoutError
from ..values import shown

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """The colours of a sheet, as CSS writes them.

    Attributes
    ----------
    background:
        Behind everything.
    text:
        Text, and what must be read.
    muted:
        Text that matters less: names of axes, notes, the footer.
    frame:
        The outline of cells without a picture.
    empty:
        The surface of cells without a picture.
    hatch:
        The stripes of cells whose run has ended without a picture.
    """

    background: str
    text: str
    muted: str
    frame: str
    empty: str
    hatch: str


THEMES: dict[str, Theme] = {
    "light": Theme("#ffffff", "#1f2328", "#59636e", "#c4ccd4", "#f6f8fa", "#dde3e9"),
    "dark": Theme("#111418", "#e6e9ed", "#9aa4af", "#3d4650", "#1a1f25", "#2b323a"),
}


def theme_of(name: Any) -> Theme:
    """The theme of a picture: the one that the user names, or the light one.

    Parameters
    ----------
    name:
        ``light``, ``dark``, or None.

    Raises
    ------
    LayoutError
        If there is no theme of this name.
    """
    if name is None:
        return THEMES["light"]
    if not isinstance(name, str) or name not in THEMES:
        raise LayoutError(f"There is no theme {shown(name)}", remedy=f"The themes are {', '.join(THEMES)}")
    return THEMES[name]


THEME_VARIABLE = "SEGFLUX_THEME"
"""The environment variable with the theme of pictures in notebooks. Nothing tells a kernel how a notebook looks."""


def theme_in_notebook(name: Any) -> Theme:
    """The theme of a picture that a notebook shows: the one that the user names, or that of ``SEGFLUX_THEME``.

    Parameters
    ----------
    name:
        ``light``, ``dark``, or None.

    Raises
    ------
    LayoutError
        If there is no theme of this name.
    """
    usual = os.environ.get(THEME_VARIABLE, "").strip()
    if name is not None or not usual:
        return theme_of(name)
    if usual not in THEMES:
        raise LayoutError(
            f"The environment variable {THEME_VARIABLE} is {shown(usual)}, which is not a theme",
            remedy=f"Set it to {' or '.join(THEMES)}, or remove it",
        )
    return THEMES[usual]


Rgb = tuple[int, int, int]
"""Red, green and blue, from 0 to 255."""

VIRIDIS: tuple[Rgb, ...] = (
    *((68, 1, 84), (72, 40, 120), (62, 74, 137), (49, 104, 142), (38, 130, 142)),
    *((31, 158, 137), (53, 183, 121), (109, 205, 89), (180, 222, 44), (253, 231, 37)),
)
"""Matplotlib's viridis at ten equal steps. Its lightness rises evenly, so it can be read without colour too."""


def on_scale(share: float) -> Rgb:
    """The colour of a position on a scale, from 0 (the least value) to 1 (the greatest).

    Example
    -------
    >>> on_scale(0.0), on_scale(1.0)
    ((68, 1, 84), (253, 231, 37))
    """
    position = min(1.0, max(0.0, share)) * (len(VIRIDIS) - 1)
    low = min(int(position), len(VIRIDIS) - 2)
    part = position - low
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(VIRIDIS[low], VIRIDIS[low + 1], strict=True))
    return red, green, blue


def readable_on(colour: Rgb) -> str:
    """Black or white: the one that has the higher contrast to a colour, as WCAG measures it.

    >>> readable_on((47, 180, 124)), readable_on((68, 1, 84))
    ('#000000', '#ffffff')
    """
    brightness = _luminance(colour) + 0.05
    return "#000000" if brightness / 0.05 >= 1.05 / brightness else "#ffffff"


def _luminance(colour: Rgb) -> float:
    """The relative luminance of a colour of sRGB, from 0 (black) to 1 (white)."""
    shares = (value / 255 for value in colour)
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
