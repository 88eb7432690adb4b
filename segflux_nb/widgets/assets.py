"""What travels to a front end: modules, style sheets, thumbnails as one blob, pictures as files, JSON for a page."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import Any

from ..pictures.thumbnails import SIDE, thumbnail_of
from ..sheets.reading import Reader, file_of

STATIC = Path(__file__).parent / "static"
QUALITY = 78
JPEG, LIGHT = b"\xff\xd8\xff", 24_000
"""How a JPEG begins; one of so few bytes is its own thumbnail."""


@cache
def module(name: str) -> str:
    """A widget's ES module, behind what all of them share."""
    return "".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in ("common", name))


@cache
def style(name: str) -> str:
    """A widget's style sheet, behind what all of them share."""
    return "".join((STATIC / f"{part}.css").read_text(encoding="utf-8") for part in ("common", name))


def absolute(pictures: Sequence[Any]) -> list[Any]:
    """Pictures that are read later, when the current folder may be another one."""
    return [Path(os.path.abspath(one)) if isinstance(one, str) else one for one in pictures]


def thumbnails(pictures: Sequence[Any]) -> tuple[bytes, list[int]]:
    """Small JPEG copies of pictures, one after the other, and where each begins and the last ends."""
    small = [thumbnail(picture) for picture in pictures]
    return b"".join(small), [0, *accumulate(map(len, small))]


def thumbnail(picture: Any) -> bytes:
    """A picture as a small JPEG; nothing where it cannot be read."""
    kept = thumbnail_of(os.fspath(picture)) if isinstance(picture, os.PathLike) else None
    if kept is not None and kept.exists():
        return kept.read_bytes()
    if isinstance(picture, bytes | os.PathLike):
        try:
            data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
        except OSError:
            return b""
        if data.startswith(JPEG) and len(data) <= LIGHT:
            return data
    small = Reader().fitted(picture, (SIDE, SIDE))
    if small is None:
        return b""
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def picture_file(picture: Any) -> tuple[bytes, str] | None:
    """A picture as the bytes of a file, and its kind; None where it cannot be read."""
    if picture is None:
        return None
    try:
        data, kind = file_of(picture)
    except OSError:
        return None
    return data, f"image/{kind.lower()}"


def script_json(value: Any) -> str:
    """JSON that can stand in a script element: nothing in it ends the element."""
    text = json.dumps(value, ensure_ascii=False)
    for char in "<\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
