"""Telling whether bytes are a picture, by decoding all of it, within caps."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

from ..errors import PictureError

FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
"""The formats that are decoded at all, and their file endings."""

MOST_PIXELS = 50_000_000


def decode(data: bytes) -> tuple[Image.Image, str]:
    """Decode a picture fully; with the file ending of its format.

    Raises
    ------
    PictureError
        Where the bytes are no JPEG, PNG or WebP, are cut off, or hold more than 50 megapixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise PictureError(f"The picture has {width} × {height} pixels, more than {MOST_PIXELS:,}")
            # verify() passes a picture that is cut in half; only decoding it tells.
            image.load()
            return image, FORMATS[str(image.format)]
    except UnidentifiedImageError:
        raise PictureError(f"{len(data):,} bytes that are no JPEG, PNG or WebP picture") from None
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise PictureError(f"The picture does not decode: {error}") from None
