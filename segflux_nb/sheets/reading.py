"""Pictures of cells, read as small as they are needed."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from ..pictures.thumbnails import SIDE, thumbnail_of


class Reader:
    """Reads pictures, fitted into boxes; keeps what it read, for a smaller drawing of the same."""

    def __init__(self) -> None:
        self._read: dict[Any, Image.Image | None] = {}

    def fitted(self, picture: Any, size: tuple[int, int]) -> Image.Image | None:
        """A picture (path, bytes or Pillow image) within a width and height; None where it cannot be read."""
        if picture is None:
            return None
        key = picture if isinstance(picture, str | bytes) else id(picture)
        kept = self._read.get(key)
        if kept is None or (kept.width < size[0] and kept.height < size[1]):
            kept = self._read[key] = _read(picture, *size)
        return None if kept is None else _resized(kept, *size)


def file_of(picture: Any) -> tuple[bytes, str]:
    """A picture (path, bytes or Pillow image) as the bytes of a file, and its format, such as ``JPEG``.

    Raises
    ------
    OSError
        Where it cannot be read.
    """
    if isinstance(picture, Image.Image):
        buffer = io.BytesIO()
        picture.save(buffer, "PNG")
        return buffer.getvalue(), "PNG"
    data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        return data, str(image.format)


def _read(picture: Any, width: int, height: int) -> Image.Image | None:
    try:
        with _opened(picture, max(width, height)) as image:
            image.draft("RGB", (width, height))  # JPEG decodes at a fraction of its size, no smaller than asked
            return _resized(image.convert("RGB"), width, height)
    except (OSError, UnidentifiedImageError):
        return None


def _opened(picture: Any, longest: int) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture.copy()
    if isinstance(picture, bytes):
        return Image.open(io.BytesIO(picture))
    small = thumbnail_of(os.fspath(picture)) if longest <= SIDE else None
    if small is not None and small.exists():
        return Image.open(small)
    return Image.open(Path(picture))


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / image.width, height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
