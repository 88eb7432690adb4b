"""Pictures of cells, read no larger than they are needed."""

from __future__ import annotations

import io
import os
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..analysis.differences import lab_thumbnail, mean_difference
from ..errors import PictureError
from ..pictures.appearance import (
    FILE_MISSING,
    as_shown,
    check_size,
    encoded,
    for_browser,
    read,
    readable,
    upright_size,
)
from ..pictures.decode import opened
from ..pictures.mounted import is_elsewhere, is_file, is_mounted, kept_thumbnail_of, read_file
from ..pictures.thumbnails import SIDE, TINY_SIDE, thumbnail_of, tiny
from .layout import GONE, SAME, Cell, Layout, picture_identity

KEPT_BYTES = 16_000_000
"""The most bytes of pixels of fitted pictures that a reader keeps."""

GAP = 1.5
"""A picture that becomes much smaller is first reduced to means of pixels, to a size this many times as large."""

MEANS_FROM = 3
"""Where a picture becomes this many times smaller, or any greater whole number, the means are the result.

JPEG decoders make small pictures in the same way. On painted pictures, the mean difference from `LANCZOS` without a
gap is 0.4 ΔE, and was 0.3 with a gap of 2.
"""

COMPARED_SIDE = 256
"""JPEG pictures are decoded at a fraction of their size, no smaller than this, before they are compared."""

MEASURED = 9
"""The number of pictures that are measured where the frame does not say how large pictures are."""

_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
"""The kinds of pictures that a PNG keeps as they are."""

_TIFF_MODES = ("CMYK", "F", "I", "LAB", "YCbCr")
"""The kinds of pictures that a TIFF keeps as they are, and a PNG does not."""


def absence_of(cell: Cell, why: str) -> tuple[str, str]:
    """What a cell without a picture says: in a word or two, and why.

    Parameters
    ----------
    cell:
        The cell.
    why:
        Why its picture cannot be shown, by `Reader.reason`; empty where it has none.

    Example
    -------
    >>> absence_of(Cell(picture="a.png", status="completed"), "The picture is cut off after 99 bytes")
    ('cannot be shown', 'The picture is cut off after 99 bytes')
    """
    if not why or why == FILE_MISSING:
        return cell.absence, cell.reason
    return "cannot be shown", why


def with_missing_files(layout: Layout) -> Layout:
    """A layout in which the cells without a file have the status `GONE`.

    Parameters
    ----------
    layout:
        The layout.
    """

    if layout.sections:
        return replace(layout, sections=tuple(map(with_missing_files, layout.sections)))

    def marked(cell: Cell) -> Cell:
        others = tuple(map(marked, cell.others))
        picture = cell.picture
        if cell.status != "completed" or not isinstance(picture, str | os.PathLike) or is_file(picture):
            return cell if others == cell.others else replace(cell, others=others)
        tags = tuple(tag for tag in cell.tags if not tag.startswith(SAME))
        return replace(cell, others=others, status=GONE, tags=tags)

    groups = tuple(
        replace(group, cells=tuple(tuple(map(marked, row)) for row in group.cells)) for group in layout.groups
    )
    return replace(layout, groups=groups)


class Reader:
    """Reads pictures, and keeps what it read: fitted into boxes for drawing, as Lab thumbnails for comparing.

    Of fitted pictures it keeps the last ones, up to `KEPT_BYTES`, however many a sheet has.
    """

    def __init__(self) -> None:
        self._read = _Kept(KEPT_BYTES)
        self._lab: dict[Any, NDArray[np.float32] | None] = {}
        self._reasons: dict[Any, str] = {}

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
        if key in self._reasons:
            return None
        kept = self._read.get(key)
        if kept is None or (kept.width < size[0] and kept.height < size[1]):
            try:
                kept = _read(picture, *size)
            except PictureError as error:
                self._reasons[key] = error.what
                return None
            self._read.put(key, picture, kept)
        return _resized(kept, *size)

    def reason(self, picture: Any) -> str:
        """Why a picture that was asked for cannot be shown; empty where it can.

        Parameters
        ----------
        picture:
            A path, the bytes of a file, a Pillow image, or None.
        """
        return "" if picture is None else self._reasons.get(picture_identity(picture), "")

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
            try:
                # Never the kept thumbnail: it has lost colour, and a number must not depend on a cache.
                image = _shown(picture, (COMPARED_SIDE, COMPARED_SIDE))
                self._lab[key] = lab_thumbnail(np.asarray(image))
            except PictureError as error:
                self._lab[key] = None
                self._reasons.setdefault(key, error.what)
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


class _Kept:
    """The pictures that were read last, by what they are. Several threads may use it.

    Parameters
    ----------
    most_bytes:
        The most bytes of their pixels.
    """

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[Any, tuple[Any, Image.Image]] = OrderedDict()

    def get(self, key: Any) -> Image.Image | None:
        """What is kept under a key, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key][1]

    def put(self, key: Any, picture: Any, fitted: Image.Image) -> None:
        """Keep a picture, and let go of those that were not used for the longest time.

        Parameters
        ----------
        key:
            What is equal for the same picture.
        picture:
            The picture as it was given. It is kept too: the key of a Pillow image is only its own while it lives.
        fitted:
            What was read of it.
        """
        with self._lock:
            if key in self._kept:
                self._bytes -= _pixel_bytes(self._kept.pop(key)[1])
            self._kept[key] = picture, fitted
            self._bytes += _pixel_bytes(fitted)
            while self._bytes > self._most_bytes and len(self._kept) > 1:
                self._bytes -= _pixel_bytes(self._kept.popitem(last=False)[1][1])


def _pixel_bytes(image: Image.Image) -> int:
    return image.width * image.height * len(image.getbands())


def file_of(picture: Any) -> tuple[bytes, str]:
    """A picture as the bytes of a file, and its format, such as ``JPEG``. A file of a workspace is known to be whole.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image, which becomes a PNG, or a TIFF where a PNG cannot hold it.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """
    if isinstance(picture, Image.Image):
        return readable(lambda: _written(picture)), format_of(picture)
    data = _bytes_of(picture)

    def named() -> str:
        with opened(data) as image:
            check_size(image)
            if not _is_ours(picture):
                image.load()
            return _format(image)

    return data, readable(named)


def format_of(picture: Any) -> str:
    """The format of the file of a picture, such as ``JPEG``, by its first bytes. The rest may be damaged.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image; see `file_of`.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """
    if isinstance(picture, Image.Image):
        return "TIFF" if picture.mode in _TIFF_MODES else "PNG"

    def named() -> str:
        with _header_of(picture) as image:
            check_size(image)
            return _format(image)

    return readable(named)


def _header_of(picture: Any) -> Image.Image:
    """A picture that is not decoded yet. Of a file no more is read than that takes."""
    if not isinstance(picture, str | os.PathLike) or is_elsewhere(picture):
        return opened(_bytes_of(picture))
    try:
        return Image.open(os.fspath(picture))
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - readers raise errors of every kind; then all of the file is looked at
        return opened(_bytes_of(picture))


def _format(image: Image.Image) -> str:
    """The format of a picture that was opened. An MPO is a JPEG that has more pictures behind the first."""
    return "JPEG" if image.format == "MPO" else str(image.format)


def shown_file(picture: Any) -> tuple[bytes, str]:
    """A picture as the bytes of a file that every browser shows as sheets do, and its media type.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """
    if isinstance(picture, Image.Image):
        return readable(lambda: encoded(as_shown(picture)))
    return for_browser(_bytes_of(picture), is_whole=_is_ours(picture))


def size_of(picture: Any) -> tuple[int, int] | None:
    """The width and height of a picture as it is shown, in pixels, without decoding it; None where it cannot be read.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.
    """

    def size() -> tuple[int, int]:
        if isinstance(picture, Image.Image):
            return upright_size(picture)
        with opened(_bytes_of(picture)) as image:
            return upright_size(image)

    try:
        return readable(size)
    except PictureError:
        return None


def whole(picture: Any) -> Image.Image:
    """A picture at its full size, as it is shown.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """
    return _shown(picture, None)


def with_aspects(layout: Layout) -> Layout:
    """A layout whose cells have the shapes of their pictures where the frame does not say any: those of a few cells.

    A sheet gives all cells the shape that is in the middle of those that are known.
    """
    if layout.sections:
        return replace(layout, sections=tuple(map(with_aspects, layout.sections)))
    if any(cell.aspect for cell in layout.cells):
        return layout
    pictures = [cell.picture for cell in layout.cells if cell.picture is not None][:MEASURED]
    sizes = {picture_identity(picture): size_of(picture) for picture in pictures}

    def measured(cell: Cell) -> Cell:
        size = sizes.get(picture_identity(cell.picture)) if cell.picture is not None else None
        return replace(cell, aspect=size[0] / size[1]) if size else cell

    groups = [
        replace(group, cells=tuple(tuple(measured(cell) for cell in row) for row in group.cells))
        for group in layout.groups
    ]
    return replace(layout, groups=tuple(groups))


def kept_thumbnail(picture: Any) -> Path | None:
    """The thumbnail that a workspace keeps of a picture; None where there is none, or the picture itself is gone.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.
    """
    if not isinstance(picture, str | os.PathLike):
        return None
    return kept_thumbnail_of(os.fspath(picture))


def _is_ours(picture: Any) -> bool:
    """Whether a picture is of a workspace: it was decoded before it was kept. A bundle may come from anybody."""
    is_kept = isinstance(picture, str | os.PathLike) and thumbnail_of(os.fspath(picture)) is not None
    return is_kept and not is_mounted(picture)


def _bytes_of(picture: Any) -> bytes:
    """The bytes of a file, given themselves or by their path."""
    return picture if isinstance(picture, bytes) else readable(lambda: read_file(picture))


def _written(image: Image.Image) -> bytes:
    """The file of a Pillow image."""
    image = ImageOps.exif_transpose(image)
    kind = format_of(image)
    buffer = io.BytesIO()
    (image if image.mode in (*_PNG_MODES, *_TIFF_MODES) else as_shown(image)).save(buffer, kind)
    return buffer.getvalue()


def _shown(picture: Any, within: tuple[int, int] | None) -> Image.Image:
    """A picture as it is shown, read from its own file.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.
    within:
        The width and height that are needed, in pixels; None for the full size.
    """
    if isinstance(picture, Image.Image):
        return readable(lambda: as_shown(picture))
    return read(_bytes_of(picture), within)


def _read(picture: Any, width: int, height: int) -> Image.Image:
    """A picture read within a box.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.
    width:
        The width of the box, in pixels.
    height:
        The height of the box, in pixels.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """
    small = kept_thumbnail(picture) if max(width, height) <= SIDE else None
    if small is not None:
        with suppress(PictureError):  # a thumbnail is a cache
            if max(width, height) <= TINY_SIDE and (smallest := readable(lambda: tiny(small))) is not None:
                return _resized(smallest, width, height)
            return _resized(read(readable(small.read_bytes), (width, height)), width, height)
    return _resized(_shown(picture, (width, height)), width, height)


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
    if size == image.size:
        return image
    factor = image.width // size[0]
    if factor >= MEANS_FROM and (factor * size[0], factor * size[1]) == image.size:
        return image.reduce(factor)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=GAP)
