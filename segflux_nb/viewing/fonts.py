"""The fonts of sheets: DejaVu Sans, shipped with the package, so that labels look the same everywhere."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont

from ..markup import plain

_FOLDER = Path(__file__).parent / "fonts"


@lru_cache(maxsize=64)
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels."""
    return ImageFont.truetype(_FOLDER / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size)


def text_width(text: str, size: int, *, bold: bool = False) -> float:
    """The width of a line in pixels."""
    return font(size, bold=bold).getlength(text)


def line_height(size: int) -> int:
    """From one line to the next, in pixels."""
    return round(size * 1.28)


def wrap(text: str, width: float, size: int, *, lines: int, bold: bool = False) -> list[str]:
    """The text in at most so many lines of this width, broken at spaces where it can be, elided where it must be.

    What the font cannot draw is written as its code point: no empty boxes.
    """
    text = drawable(plain(text)).strip()
    wrapped: list[str] = []
    rest = text
    while rest and len(wrapped) < lines:
        line, rest = _first_line(rest, width, size, bold=bold)
        wrapped.append(line)
    if rest and wrapped:
        last = wrapped[-1]
        while last and text_width(last + "…", size, bold=bold) > width:
            last = last[:-1]
        wrapped[-1] = last.rstrip() + "…"
    return wrapped


def _first_line(text: str, width: float, size: int, *, bold: bool) -> tuple[str, str]:
    fits = len(text)
    while fits > 1 and text_width(text[:fits], size, bold=bold) > width:
        fits -= max(1, (fits - int(fits * width / max(1.0, text_width(text[:fits], size, bold=bold)))) // 2)
    if fits == len(text):
        return text, ""
    # A break after a space, a comma, a hyphen or an underscore reads better than one inside a word.
    at = max((text.rfind(mark, 0, fits) + 1 for mark in " ,-_/"), default=0)
    at = at if at > fits // 3 else fits
    return text[:at].rstrip(), text[at:].lstrip()


def drawable(text: str) -> str:
    """The text with characters that the font lacks written as ``U+5C71``."""
    return "".join(char if _has(char) else f"U+{ord(char):04X}" for char in text)


@lru_cache(maxsize=4096)
def _has(char: str) -> bool:
    if char.isspace():
        return True
    return _glyph(char) != _glyph("\U0010fffd")  # a code point that no font draws


def _glyph(char: str) -> tuple[int, int, bytes]:
    mask = font(24).getmask(char)
    return (*mask.size, bytes(mask))
