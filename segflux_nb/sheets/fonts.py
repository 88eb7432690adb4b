"""The fonts of sheets: DejaVu Sans, which is part of the package, so that labels look the same everywhere.

It has no Chinese, Japanese, Korean and emoji. Those are drawn with a font of the system; where the system has none,
their code points are written, never an empty box. Right-to-left text is shaped and ordered here, so that the result
does not depend on how Pillow was built.

A user's own font draws what it has, in place of ours. Text is measured and drawn in many places, so the font that is
in use is set once, by `written_in`, for all that happens inside.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from ..errors import LayoutError
from ..markup import plain, shorten
from ..saving import path_of

_FOLDER = Path(__file__).parent / "fonts"

_SYSTEM_FOLDERS = (
    *("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts"),
    *("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts", "C:/Windows/Fonts"),
)
_SYSTEM_FONTS = (
    *("NotoSansCJK-Regular", "NotoSansCJKjp-Regular", "SourceHanSans", "Hiragino Sans GB", "ヒラギノ角ゴシック W3"),
    *("YuGothR", "msyh", "meiryo", "malgun", "PingFang", "AppleSDGothicNeo", "wqy-microhei", "wqy-zenhei", "ipag"),
    *("DroidSansFallbackFull", "NotoSans-Regular", "NotoSansDevanagari-Regular", "NotoSansThai-Regular"),
    *("Arial Unicode", "NotoColorEmoji", "Apple Color Emoji", "seguiemj", "NotoEmoji-Regular", "Symbola", "unifont"),
)
"""Names of system fonts for characters that ours lacks. The first that can draw a character is taken."""

_BITMAP_SIZES = (109, 160, 136, 128, 96, 64)
"""The sizes that fonts of coloured bitmaps can have."""

_EMOJI_HEIGHT = 1.17
"""The height of an emoji in font sizes: from the top of the highest letter to the bottom of the lowest."""

_RIGHT_TO_LEFT = ("\u0590", "\u08ff"), ("\ufb1d", "\ufdff"), ("\ufe70", "\ufeff")

_CODE = re.compile(r"U\+[0-9A-F]{4,6}")

_OWN: ContextVar[Path | None] = ContextVar("own font", default=None)


def font_file(font: Any) -> Path | None:
    """The file of the font that a user gave; None for none.

    Parameters
    ----------
    font:
        Its path, or None.

    Raises
    ------
    LayoutError
        If it is not the path of a font.
    """
    if font is None:
        return None
    path = path_of(font, "font", LayoutError).absolute()
    named = shorten(str(font), 200)
    remedy = 'Give the path of a TrueType or OpenType font: font="fonts/Inter.ttf"'
    if not path.exists():
        raise LayoutError(f"There is no file {named}", remedy=remedy)
    try:
        if _is_bitmap(path):
            _load(path, _BITMAP_SIZES[0])
            raise LayoutError(f"{named} has coloured pictures in place of letters", remedy=remedy)
    except OSError:
        raise LayoutError(f"{named} is not a font that can be read", remedy=remedy) from None
    return path


@contextmanager
def written_in(font: Path | None) -> Iterator[None]:
    """Measure and draw text in a font of the user's; characters that it lacks are drawn as without it.

    Parameters
    ----------
    font:
        Its file, which `font_file` has seen; None for ours.
    """
    before = _OWN.set(font)
    try:
        yield
    finally:
        _OWN.reset(before)


@lru_cache(maxsize=64)
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Our font.

    Parameters
    ----------
    size:
        The size, in pixels.
    bold:
        Whether it is the bold one.
    """
    return _load(_FOLDER / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size)


def text_width(text: str, size: int, *, bold: bool = False) -> float:
    """The width of a line, in pixels.

    Parameters
    ----------
    text:
        The line.
    size:
        The size of the font, in pixels.
    bold:
        Whether it is the bold font.
    """
    # Letters that join are narrower than apart.
    return sum(piece.width for piece in _pieces(_in_drawing_order(text), size, bold=bold))


def line_height(size: int) -> int:
    """The distance from one line to the next, in pixels, at a font size."""
    return round(size * 1.28)


def write(sheet: Image.Image, x: float, y: int, text: str, size: int, colour: str, *, bold: bool = False) -> None:
    """Draw a line of text.

    Parameters
    ----------
    sheet:
        The picture that is drawn on.
    x:
        The left end of the line.
    y:
        Its middle.
    text:
        The line, in the order in which it is read.
    size:
        The size of the font, in pixels.
    colour:
        The colour, as CSS writes it.
    bold:
        Whether it is the bold font.
    """
    pen = ImageDraw.Draw(sheet)
    for piece in _pieces(_in_drawing_order(text), size, bold=bold):
        if piece.bitmap is None:
            pen.text((round(x), y), piece.text, font=piece.font, fill=colour, anchor="lm")
        else:
            glyphs = piece.bitmap
            sheet.paste(glyphs, (round(x), y - glyphs.height // 2), glyphs)
        x += piece.width


MOST_DRAWN = 20_000
"""The most characters of a text that are measured. No sheet shows as many, and Pillow refuses a million."""


def wrap(text: str, width: float, size: int, *, lines: int, bold: bool = False) -> list[str]:
    """The text in lines, broken at spaces, commas and hyphens where possible. What does not fit becomes ``…``.

    Parameters
    ----------
    text:
        The text.
    width:
        The most pixels of a line.
    size:
        The size of the font, in pixels.
    lines:
        The most lines.
    bold:
        Whether it is the bold font.
    """
    if len(text) > MOST_DRAWN:
        text = text[:MOST_DRAWN] + "…"
    text = drawable(plain(text)).strip()
    wrapped: list[str] = []
    rest = text
    while rest and len(wrapped) < lines:
        line, rest = _first_line(rest, width, size, bold=bold)
        wrapped.append(line)
    if rest and wrapped:
        last = wrapped[-1]
        while last and text_width(last + "…", size, bold=bold) > width:
            last = last[: _outside_codes(last, len(last) - 1)]
        wrapped[-1] = last.rstrip() + "…"
    return wrapped


def drawable(text: str) -> str:
    """The text without joiners of emoji, and with ``U+5C71`` in place of each character that no font here has.

    A code stands apart from letters and other codes: ``U+5C71 U+306E``.
    """
    kept = (char for char in text if char not in "\u200c\u200d" and not "\ufe00" <= char <= "\ufe0f")
    own = _OWN.get()
    parts: list[str] = []
    is_after_code = False
    for char in kept:
        is_code = _family(char, own) is None
        if parts and (is_code or is_after_code) and (is_code or char.isalnum()) and parts[-1][-1].isalnum():
            parts.append(" ")
        parts.append(f"U+{ord(char):04X}" if is_code else char)
        is_after_code = is_code
    return "".join(parts)


# ---------------------------------------------------------------------- lines


def _first_line(text: str, width: float, size: int, *, bold: bool) -> tuple[str, str]:
    """The first line of a text, and the rest of the text.

    Parameters
    ----------
    text:
        The text.
    width:
        The most pixels of a line.
    size:
        The size of the font, in pixels.
    bold:
        Whether it is the bold font.
    """
    fits = len(text)
    while fits > 1 and text_width(text[:fits], size, bold=bold) > width:
        fits -= max(1, (fits - int(fits * width / max(1.0, text_width(text[:fits], size, bold=bold)))) // 2)
    if fits == len(text):
        return text, ""
    # A break after a space, a comma, a hyphen or an underscore reads better than one inside a word.
    at = max((text.rfind(mark, 0, fits) + 1 for mark in " ,-_/"), default=0)
    at = at if at > fits // 3 else _outside_codes(text, fits) or fits
    return text[:at].rstrip(), text[at:].lstrip()


def _outside_codes(text: str, at: int) -> int:
    """The last place up to this one that is not inside a code point: a part of one would name another character.

    Parameters
    ----------
    text:
        The text.
    at:
        The place.
    """
    return next((code.start() for code in _CODE.finditer(text) if code.start() < at < code.end()), at)


@cache
def _shaper() -> tuple[Callable[[str], str], Callable[[str], Any]]:
    """What joins Arabic letters, and what puts text in the order in which it is drawn; loaded for such text only."""
    from arabic_reshaper import ArabicReshaper
    from bidi import get_display

    return ArabicReshaper({"delete_harakat": False, "support_ligatures": False}).reshape, get_display


def _in_drawing_order(text: str) -> str:
    """The text in the order in which it is drawn, from left to right."""
    if not any(first <= char <= last for char in text for first, last in _RIGHT_TO_LEFT):
        return text
    shape, in_order = _shaper()
    return str(in_order(shape(text)))


# ---------------------------------------------------------------------- which font draws what


@dataclass(frozen=True)
class _Piece:
    """Characters of a line that one font draws.

    Attributes
    ----------
    text:
        The characters.
    font:
        The font.
    width:
        Their width, in pixels.
    bitmap:
        The characters as a picture, where the font has coloured bitmaps; else None.
    """

    text: str
    font: ImageFont.FreeTypeFont
    width: float
    bitmap: Image.Image | None = None


def _pieces(text: str, size: int, *, bold: bool) -> Iterator[_Piece]:
    """A line in pieces, each of which one font draws.

    Parameters
    ----------
    text:
        The line.
    size:
        The size of the fonts, in pixels.
    bold:
        Whether our font is the bold one. Fonts of the system and the user's are never bold.
    """
    own = _OWN.get()
    if own is None and text.isascii():
        face = font(size, bold=bold)
        yield _Piece(text, face, face.getlength(text))
        return
    for path, chars in itertools.groupby(text, key=lambda char: _family(char, own)):
        part = "".join(chars)
        if path is None or path.parent == _FOLDER:
            face = font(size, bold=bold)
            yield _Piece(part, face, face.getlength(part))
        elif _is_bitmap(path):
            glyphs = _bitmap(path, part, size)
            yield _Piece(part, font(size), glyphs.width, glyphs)
        else:
            face = _load(path, size)
            yield _Piece(part, face, face.getlength(part))


@lru_cache(maxsize=8192)
def _family(char: str, own: Path | None) -> Path | None:
    """The file of the font that draws a character, or None.

    Parameters
    ----------
    char:
        The character.
    own:
        The user's font, or None.
    """
    if own is not None and _draws(own, char):
        return own
    ours = _FOLDER / "DejaVuSans.ttf"
    if char.isascii() or char.isspace() or _draws(ours, char):
        return ours
    return next((path for path in _system_fonts() if _draws(path, char)), None)


@cache
def _system_fonts() -> tuple[Path, ...]:
    found: dict[str, Path] = {}
    for folder in _SYSTEM_FOLDERS:
        for root, _, names in os.walk(os.path.expanduser(folder)):
            for name in names:
                stem, ending = os.path.splitext(name)
                if ending.lower() in (".ttf", ".ttc", ".otf", ".otc"):
                    found.setdefault(stem, Path(root, name))
    return tuple(found[name] for name in _SYSTEM_FONTS if name in found)


def _draws(path: Path, char: str) -> bool:
    return _glyph(path, char) != _glyph(path, "\U0010fffd")  # no font draws this code point


def _glyph(path: Path, char: str) -> tuple[int, int, bytes]:
    mask = _load(path, _BITMAP_SIZES[0] if _is_bitmap(path) else 24).getmask(char, "L")
    return (*mask.size, bytes(mask))


@cache
def _is_bitmap(path: Path) -> bool:
    """Whether a font has only coloured bitmaps of one size."""
    try:
        _load(path, 24)
    except OSError:
        return True
    return False


@lru_cache(maxsize=64)
def _load(path: Path, size: int) -> ImageFont.FreeTypeFont:
    # The basic layout is the same however Pillow was built; text is shaped above.
    basic = ImageFont.Layout.BASIC
    try:
        return ImageFont.truetype(path, size, layout_engine=basic)
    except OSError:
        if size not in _BITMAP_SIZES:
            raise
    for other in _BITMAP_SIZES:
        try:
            return ImageFont.truetype(path, other, layout_engine=basic)
        except OSError:
            continue
    raise OSError(f"{path} has no size of its own")


@lru_cache(maxsize=256)
def _bitmap(path: Path, text: str, size: int) -> Image.Image:
    """Characters drawn with a font of coloured bitmaps.

    Parameters
    ----------
    path:
        The file of the font.
    text:
        The characters.
    size:
        The size of the text around them, in pixels.
    """
    face = _load(path, _BITMAP_SIZES[0])
    left, top, right, bottom = face.getbbox(text)
    glyphs = Image.new("RGBA", (max(1, round(right - left)), max(1, round(bottom - top))))
    ImageDraw.Draw(glyphs).text((-left, -top), text, font=face, embedded_color=True)
    height = max(1, round(size * _EMOJI_HEIGHT))
    return glyphs.resize((max(1, round(glyphs.width * height / glyphs.height)), height), Image.Resampling.LANCZOS)
