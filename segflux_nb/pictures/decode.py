"""Whether bytes are a picture: all of it is decoded, up to a limit of pixels."""

from __future__ import annotations

import io

from PIL import Image, UnidentifiedImageError

from ..errors import PictureError

FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
"""The formats that are accepted, with their file endings."""

MOST_PIXELS = 50_000_000
"""The most pixels of a picture, so that a small file cannot fill the memory."""


def decode(data: bytes) -> tuple[Image.Image, str]:
    """Decode a picture fully. The result is the picture, and the file ending of its format.

    Raises
    ------
    PictureError
        Where the bytes are not a whole JPEG, PNG or WebP, or the picture has more than 50 megapixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise PictureError(f"The picture has {width} × {height} pixels, more than {MOST_PIXELS:,}")
            # verify() accepts a file that is cut in half. Only decoding notices it.
            image.load()
            return image, FORMATS[str(image.format)]
    except UnidentifiedImageError:
        raise PictureError(f"The {len(data):,} bytes are not a JPEG, PNG or WebP picture") from None
    except (OSError, SyntaxError, ValueError, Warning, Image.DecompressionBombError) as error:
        raise PictureError(f"The picture does not decode: {error}") from None
