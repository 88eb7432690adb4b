"""Pictures that a user gives as values: files and Pillow images, each known by the sha256 of the bytes as sent.

A sweep, the log, frames and files hold the text ``picture:sha256-<64 digits>.png`` in place of the bytes. Until a
workspace keeps the bytes, this process knows where they are: the path of the file, or the PNG of a Pillow image.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import struct
import sys
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .values import as_path, shown

MOST_BYTES = 20 << 20
"""The most bytes of an input picture."""

_TEXT = re.compile(r"picture:sha256-([0-9a-f]{64})\.(png|jpg|webp|gif|bmp|tif|avif)")

_FILE = re.compile(r"(?!\w\w+:)\S[^\n]*\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif)", re.IGNORECASE)

_DATA = re.compile(r"data:image/[a-z+.-]+;base64,")

_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"II*\0", "tif"),
    (b"MM\0*", "tif"),
)

_MEDIA = {"jpg": "image/jpeg", "tif": "image/tiff"}

_LONG = 200
"""The fewest characters of a text that may be a picture in base64."""

_BLOCK = 65_535
"""The most bytes of a block of deflate that is stored as it is."""


@dataclass(frozen=True)
class _Held:
    """Where the bytes of a picture are.

    Attributes
    ----------
    name:
        What people call it; empty if it has no name.
    source:
        The bytes, or the path of the file.
    """

    name: str
    source: bytes | str


_held: dict[str, _Held] = {}
_names: dict[str, str] = {}
_files: dict[tuple[str, int, int], str] = {}


def parts_of_text(text: object) -> tuple[str, str] | None:
    """The sha256 and the file ending in the text that stands for a picture; None for another value.

    >>> parts_of_text("https://example.com/a.png")
    """
    found = _TEXT.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else (found[1], found[2])


def media_type(ending: str) -> str:
    """The media type of a file ending.

    >>> media_type("jpg")
    'image/jpeg'
    """
    return _MEDIA.get(ending, f"image/{ending}")


def is_image(value: object) -> bool:
    """Whether a value is a Pillow image. Pillow is not loaded for this."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def is_given(value: object) -> bool:
    """Whether a value is a path, a text that is the name of a picture file, or a Pillow image."""
    if isinstance(value, str):
        return _FILE.fullmatch(value) is not None and parts_of_text(value) is None
    return isinstance(value, os.PathLike) or is_image(value)


def text_for(value: Any) -> str:
    """The text that stands for a picture file or a Pillow image.

    Parameters
    ----------
    value:
        What `is_given` is true of.

    Raises
    ------
    ValueError
        If the file cannot be read, is too large, or is no picture.
    """
    if is_image(value):
        name = os.path.basename(os.fspath(getattr(value, "filename", "") or ""))
        return _hold(_png(value), name)
    path = os.path.abspath(as_path(value))
    try:
        about = os.stat(path)
        key = (path, about.st_mtime_ns, about.st_size)
        if key in _files:
            return _known(_files[key], os.path.basename(path), path)
        check_size(about.st_size)
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"the file {shown(str(path))} cannot be read: {error.strerror or error}") from None
    _files[key] = text = _hold(data, os.path.basename(path), path)
    return text


def name_of(text: str) -> str:
    """What people call the picture that a text stands for; the beginning of its sha256 if it has no name."""
    held = _held.get(text)
    found = parts_of_text(text)
    name = (held.name if held is not None else "") or _names.get(text, "")
    return name or (f"picture {found[0][:6]}" if found else text)


def pictures_in(value: object) -> list[str]:
    """The texts that stand for pictures in a value, each once.

    >>> pictures_in(["a lake", 7])
    []
    """
    if isinstance(value, str):
        return [value] if parts_of_text(value) else []
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return list(dict.fromkeys(text for one in inner for text in pictures_in(one)))


def know(text: str, name: str) -> None:
    """Learn what people call a picture, as a workspace has noted it.

    Parameters
    ----------
    text:
        The text that stands for it.
    name:
        Its name.
    """
    _names.setdefault(text, name)


def short(value: str) -> str:
    """A text as people read it: each picture in it by its name and a few digits, in place of its sha256 or base64.

    >>> short("picture:sha256-" + "0a" * 32 + ".png"), short("a lake")
    ('picture 0a0a0a', 'a lake')
    """
    if len(value) >= _LONG and "picture:sha256-" not in value:
        value = str(as_kept(value))
    return _TEXT.sub(_in_short, value) if "picture:sha256-" in value else value


def _in_short(found: re.Match[str]) -> str:
    name = name_of(found[0])
    digits = found[1][:6]
    return name if name.endswith(digits) else f"{name} {digits}"


def bytes_of(text: str) -> bytes | None:
    """The bytes of a picture that this process knows; None if it does not, or the file has changed or is gone.

    Parameters
    ----------
    text:
        The text that stands for it.
    """
    held = _held.get(text)
    if held is None:
        return None
    if isinstance(held.source, bytes):
        return held.source
    try:
        with open(held.source, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError:
        return None
    return data if is_of(text, data) else None


def what_happened(text: str) -> str:
    """Why this process has no bytes of a picture, in words after its name; empty if it has them or knows no file.

    Parameters
    ----------
    text:
        The text that stands for it.
    """
    held = _held.get(text)
    if held is None or isinstance(held.source, bytes) or bytes_of(text) is not None:
        return ""
    return "has changed since the sweep was made" if os.path.exists(held.source) else "is gone"


def as_kept(value: object) -> object:
    """The text that stands for a picture in base64 or a ``data:`` URL, as it was sent; another value as it is."""
    if not isinstance(value, str) or len(value) < 64:
        return value
    try:
        data = base64.b64decode(_DATA.sub("", value), validate=True)
    except ValueError:
        return value
    ending = _ending(data)
    return f"picture:sha256-{hashlib.sha256(data).hexdigest()}.{ending}" if ending else value


def is_of(text: str, data: bytes) -> bool:
    """Whether bytes are those of the picture that a text stands for.

    Parameters
    ----------
    text:
        The text.
    data:
        The bytes.
    """
    found = parts_of_text(text)
    return found is not None and hashlib.sha256(data).hexdigest() == found[0]


def check_size(size: int) -> None:
    """Raise `ValueError` for a picture of too many bytes.

    Parameters
    ----------
    size:
        Its bytes.
    """
    if size > MOST_BYTES:
        raise ValueError(
            f"the picture has {size / (1 << 20):,.1f} MiB, and at most {MOST_BYTES >> 20} MiB are sent:"
            " make it smaller"
        )


def _hold(data: bytes, name: str, path: str = "") -> str:
    """Remember where a picture is; the text that stands for it.

    Parameters
    ----------
    data:
        Its bytes.
    name:
        What people call it.
    path:
        Its file; empty if it has none, and the bytes are kept.
    """
    check_size(len(data))
    ending = _ending(data)
    if not ending:
        raise ValueError(f"{shown(name or 'it')} is no picture of a format that is known")
    text = f"picture:sha256-{hashlib.sha256(data).hexdigest()}.{ending}"
    return _known(text, name, path or data)


def _known(text: str, name: str, source: bytes | str) -> str:
    """Remember where a picture is, and how it was called last; its text.

    Parameters
    ----------
    text:
        The text that stands for it.
    name:
        What people call it.
    source:
        The bytes, or the path of the file.
    """
    before = _held.get(text)
    _held[text] = _Held(name, before.source if before is not None and isinstance(before.source, bytes) else source)
    return text


def _ending(data: bytes) -> str:
    """The file ending of a picture's format; empty if it is not known."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    return next((ending for beginning, ending in _BEGINNINGS if data.startswith(beginning)), "")


def _png(image: Any) -> bytes:
    """A Pillow image as a PNG whose bytes depend on the pixels alone: no library compresses them, no metadata."""
    if image.mode not in ("L", "RGB", "RGBA"):
        if image.mode[0] in "IF":
            raise ValueError(f"the Pillow image has the mode {image.mode}: give image.convert('RGB')")
        has_alpha = "A" in image.getbands() or "transparency" in image.info
        image = image.convert("L" if image.mode == "1" else "RGBA" if has_alpha else "RGB")
    width, height = image.size
    if not width or not height:
        raise ValueError("the Pillow image has no pixels")
    row = width * len(image.getbands())
    check_size(height * (row + 1))
    pixels = image.tobytes()
    lines = b"".join(b"\0" + pixels[at : at + row] for at in range(0, len(pixels), row))
    blocks = [lines[at : at + _BLOCK] for at in range(0, len(lines), _BLOCK)]
    stored = b"".join(
        struct.pack("<BHH", at == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block
        for at, block in enumerate(blocks)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, {"L": 0, "RGB": 2, "RGBA": 6}[image.mode], 0, 0, 0)
    body = b"\x78\x01" + stored + struct.pack(">I", zlib.adler32(lines))
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
