"""Small copies of pictures, made when pictures arrive. A sheet of hundreds is drawn from them without decoding all.

They are a cache: where one is missing, the picture itself is read. A thumbnail begins with a tiny copy of itself, a
segment of its JPEG that other programs skip: a sheet of ten thousand has no room for more, and decodes nothing.
"""

from __future__ import annotations

import io
import os
import struct
from pathlib import Path

from PIL import Image

from .appearance import as_shown

SIDE = 256
"""The longer side of a thumbnail, in pixels. Smaller pictures have no thumbnail."""

TINY_SIDE = 16
"""The longer side of the tiny copy, in pixels."""

FOLDER = "thumbnails"
QUALITY = 85

_SEGMENT = struct.Struct(">2sH12sBB")
"""What stands before the pixels of a tiny copy: the marker, the bytes that follow it, a name, width and height."""

_MARKER, _NAME = b"\xff\xe9", b"segflux tiny"

_BEFORE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00"
_AT = 20
"""A JPEG that Pillow writes has 20 bytes before the segment; they begin like this."""

_HEAD_BYTES = _AT + _SEGMENT.size + 3 * TINY_SIDE * TINY_SIDE


def thumbnail(image: Image.Image) -> bytes | None:
    """A picture's thumbnail as a JPEG file, or None where the picture is no larger itself."""
    if max(image.size) <= SIDE:
        return None
    small = as_shown(image)
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY, extra=_segment(small))
    return buffer.getvalue()


def _segment(small: Image.Image) -> bytes:
    """The segment of a JPEG that holds a tiny copy of a thumbnail."""
    scale = TINY_SIDE / max(small.size)
    width, height = (max(1, round(side * scale)) for side in small.size)
    pixels = small.resize((width, height), Image.Resampling.BOX).tobytes()
    return _SEGMENT.pack(_MARKER, _SEGMENT.size - len(_MARKER) + len(pixels), _NAME, width, height) + pixels


def tiny(path: Path) -> Image.Image | None:
    """The tiny copy in the file of a thumbnail, or None where it has none, as those of earlier versions.

    Parameters
    ----------
    path:
        The file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        head = file.read(_HEAD_BYTES)
    if not head.startswith(_BEFORE) or len(head) < _AT + _SEGMENT.size:
        return None
    marker, length, name, width, height = _SEGMENT.unpack_from(head, _AT)
    pixels = head[_AT + _SEGMENT.size : _AT + len(_MARKER) + length]
    if (marker, name) != (_MARKER, _NAME) or not width or not height or len(pixels) != 3 * width * height:
        return None
    return Image.frombytes("RGB", (width, height), pixels)


def thumbnail_of(picture: str) -> Path | None:
    """The path of the thumbnail of a picture in a workspace; None for other pictures.

    Example
    -------
    >>> thumbnail_of("study/pictures/ab/" + 64 * "a" + ".png").as_posix()[:22]
    'study/thumbnails/ab/aa'
    >>> thumbnail_of("holiday.jpg")
    """
    folder, name = os.path.split(picture)
    pictures, digits = os.path.split(folder)
    workspace, kind = os.path.split(pictures)
    stem = os.path.splitext(name)[0]
    return Path(workspace, FOLDER, digits, f"{stem}.jpg") if kind == "pictures" and len(stem) == 64 else None
