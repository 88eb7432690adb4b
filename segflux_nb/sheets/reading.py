"""Pictures of cells, read no larger than they are needed."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from ..analysis.differences import lab_thumbnail, mean_difference
from ..pictures.decode import opened
from ..pictures.thumbnails import SIDE, thumbnail_of
from .layout import picture_identity

COMPARED_SIDE = 256
"""JPEG pictures are decoded at a fraction of their size, no smaller than this, before they are compared."""


_ORIENTATION = 0x0112
"""EXIF's tag of how a picture is turned. Values above 4 exchange width and height."""


class Reader:
    """Reads pictures, and keeps what it read: fitted into boxes for drawing, as Lab thumbnails for comparing."""

    def __init__(self) -> None:
        self._read: dict[Any, Image.Image | None] = {}
        self._lab: dict[Any, NDArray[np.float32] | None] = {}

    def fitted(self, picture: Any, size: tuple[int, int]) -> Image.Image | None:
        """A picture within a box, or None where it cannot be read.

        Parameters
        ----------
        picture:
            A path, the bytes of a file, a Pillow image, or None.
        size:
            The width and height of the box, in pixels. The picture keeps its shape.
        """
        if picture is None:
            return None
        key = picture_identity(picture)
        kept = self._read.get(key)
        if kept is None or (kept.width < size[0] and kept.height < size[1]):
            kept = self._read[key] = _read(picture, *size)
        return None if kept is None else _resized(kept, *size)

    def lab(self, picture: Any) -> NDArray[np.float32] | None:
        """A picture's Lab thumbnail (see `segflux_nb.analysis.differences`), or None where it cannot be read.

        Parameters
        ----------
        picture:
            A path, the bytes of a file, a Pillow image, or None.
        """
        if picture is None:
            return None
        key = picture_identity(picture)
        if key not in self._lab:
            self._lab[key] = _lab(picture)
        return self._lab[key]

    def difference(self, picture: Any, reference: Any) -> float | None:
        """The mean difference of two pictures, CIE76; None where one of them is missing or not readable.

        Parameters
        ----------
        picture, reference:
            Paths, bytes of files, Pillow images, or None. Which of them is which does not matter.
        """
        if picture is None or reference is None:
            return None
        one, other = self.lab(picture), self.lab(reference)
        return None if one is None or other is None else mean_difference(one, other)


def file_of(picture: Any) -> tuple[bytes, str]:
    """A picture as the bytes of a file, and its format, such as ``JPEG``.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image, which becomes a PNG.

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
    try:
        with opened(data) as image:
            return data, str(image.format)
    except UnidentifiedImageError:
        shown = "bytes are" if isinstance(picture, bytes) else f"{picture} is"
        raise OSError(f"{shown} not a picture that can be read") from None


def _lab(picture: Any) -> NDArray[np.float32] | None:
    try:
        # Never the kept thumbnail: it has lost colour, and a number must not depend on whether a cache exists.
        with _opened(picture, longest=None) as image:
            image.draft("RGB", (COMPARED_SIDE, COMPARED_SIDE))
            return lab_thumbnail(np.asarray(_as_shown(image)))
    except (OSError, UnidentifiedImageError):
        return None


def _read(picture: Any, width: int, height: int) -> Image.Image | None:
    """A picture read within a box, or None where it cannot be read.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.
    width:
        The width of the box, in pixels.
    height:
        The height of the box, in pixels.
    """
    try:
        with _opened(picture, max(width, height)) as image:
            is_turned = image.getexif().get(_ORIENTATION, 1) > 4
            image.draft("RGB", (height, width) if is_turned else (width, height))  # a JPEG is decoded at a fraction
            return _resized(_as_shown(image), width, height)
    except (OSError, UnidentifiedImageError):
        return None


def _as_shown(image: Image.Image) -> Image.Image:
    """A picture in RGB as browsers show it: turned as its EXIF says, and 16-bit greys as 8-bit ones."""
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        upright = Image.fromarray((np.asarray(upright) // 257).astype(np.uint8))
    return upright.convert("RGB")


def _opened(picture: Any, longest: int | None) -> Image.Image:
    """A picture, or its thumbnail where that has `longest` pixels; None asks for the picture itself."""
    if isinstance(picture, Image.Image):
        return picture.copy()
    if isinstance(picture, bytes):
        return opened(picture)
    small = thumbnail_of(os.fspath(picture)) if longest is not None and longest <= SIDE else None
    if small is not None and small.exists():
        return Image.open(small)
    return opened(Path(picture).read_bytes())


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    """An image made as large as fits a box. It keeps its shape.

    Parameters
    ----------
    image:
        The image.
    width:
        The width of the box, in pixels.
    height:
        The height of the box, in pixels.
    """
    scale = min(width / image.width, height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
