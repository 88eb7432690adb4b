"""Whether bytes are a picture: all of it is decoded, up to a limit of pixels.

Pillow's global switches have no say: neither what counts as complete nor how large a picture may be depends on what a
notebook has set.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Callable
from typing import TypeVar

from PIL import Image, UnidentifiedImageError

from ..errors import PictureError
from ..markup import count
from .complete import bmp_ends, boxes_end, gif_ends, jpeg_ends, png_pixels, riff_ends

FORMATS = {
    "JPEG": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "AVIF": "avif",
    "BMP": "bmp",
    "TIFF": "tif",
}
"""The formats that are accepted, with their file endings."""

MOST_PIXELS = 50_000_000
"""The most pixels of a picture, so that a small file cannot fill the memory."""

_ENDS: dict[str, Callable[[bytes], bool]] = {
    "JPEG": jpeg_ends,
    "GIF": gif_ends,
    "WEBP": riff_ends,
    "AVIF": boxes_end,
    "BMP": bmp_ends,
}

_OFFSETS = ((273, 279), (324, 325))
"""Tags of a TIFF that say where its pixels are, and how many bytes."""

T = TypeVar("T")

_quiet = threading.RLock()
"""Held while global switches are set for a moment, which few pictures need."""


def decode(data: bytes) -> tuple[Image.Image, str]:
    """Decode a picture fully. The result is the picture, and the file ending of its format.

    Raises
    ------
    PictureError
        Where the bytes are not a whole picture in one of `FORMATS`, or it has more than 50 megapixels.
    """
    try:
        return quietly(lambda: _decoded(data))
    except Image.DecompressionBombError as error:
        raise PictureError(f"The picture does not decode: {error}") from None


def quietly(read: Callable[[], T]) -> T:
    """The result of reading a picture, whatever limits and warnings a notebook has set.

    Parameters
    ----------
    read:
        Reads a picture, and has a limit of its own. It is called again where a warning or Pillow's limit ended it.
    """
    try:
        return read()
    except (Warning, Image.DecompressionBombError):
        with _quiet, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, MOST_PIXELS
            try:
                return read()
            finally:
                Image.MAX_IMAGE_PIXELS = limit


def opened(data: bytes) -> Image.Image:
    """A picture that is not decoded yet, of any format that Pillow reads.

    What a picture has beside its pixels, and how many these are, may be more than Pillow's global limits allow. Then
    the pixels alone are opened, if the picture is no larger than `decode` accepts.

    Raises
    ------
    OSError
        Where the bytes are not a picture that can be read.
    """
    try:
        return Image.open(io.BytesIO(data))
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - Pillow's readers raise errors of every kind on a damaged file
        try:
            return decode(data)[0]
        except PictureError as error:
            raise OSError(error.what) from None


def _decoded(data: bytes) -> tuple[Image.Image, str]:
    try:
        image, kind = _opened(data)
        width, height = image.size
        if width * height > MOST_PIXELS:
            raise PictureError(f"The picture has {width} × {height} pixels, more than {MOST_PIXELS:,}")
        if not _is_complete(data, image, kind):
            raise PictureError(f"The picture is cut off after {count(len(data), 'byte')}")
        # Only decoding notices damage in the middle.
        image.load()
        return image, FORMATS[kind]
    except UnidentifiedImageError:
        raise PictureError(
            f"What came, {count(len(data), 'byte')}, is not a picture in a format that is known"
        ) from None
    except (PictureError, Warning, Image.DecompressionBombError):
        raise
    except Exception as error:  # noqa: BLE001 - Pillow's readers raise errors of every kind on a damaged file
        raise PictureError(f"The picture does not decode: {error}") from None


def _opened(data: bytes) -> tuple[Image.Image, str]:
    """A picture that is not decoded yet, and its format.

    `Image.open` would refuse by `Image.MAX_IMAGE_PIXELS`, so the classes of the formats are used directly.
    """
    Image.init()
    for kind in FORMATS:
        factory, accepts = Image.OPEN.get(kind, (None, None))
        if factory is None or accepts is None or accepts(data[:16]) is not True:
            continue
        if kind == "PNG":
            pixels = png_pixels(data)
            if pixels is None:
                raise PictureError(f"The picture is cut off after {count(len(data), 'byte')}")
            data = pixels
        image = factory(io.BytesIO(data), "")
        return image, kind
    raise UnidentifiedImageError


def _is_complete(data: bytes, image: Image.Image, kind: str) -> bool:
    """Whether the file has all of its bytes.

    Parameters
    ----------
    data:
        The file.
    image:
        The picture, not decoded yet.
    kind:
        Its format.
    """
    if kind in _ENDS:
        return _ENDS[kind](data)
    tags = getattr(image, "tag_v2", {})
    places = [zip(tags[at], tags[size], strict=False) for at, size in _OFFSETS if at in tags and size in tags]
    return all(at + size <= len(data) for pairs in places for at, size in pairs)
