"""Small copies of pictures, made when pictures arrive. A sheet of hundreds is drawn from them without decoding all.

They are a cache: where one is missing, the picture itself is read.
"""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from .appearance import as_shown, read, readable

SIDE = 256
"""The longer side of a thumbnail, in pixels. Smaller pictures have no thumbnail."""

FOLDER = "thumbnails"
QUALITY = 85


def thumbnail(image: Image.Image) -> bytes | None:
    """A picture's thumbnail as a JPEG file, or None where the picture is no larger itself."""
    if max(image.size) <= SIDE:
        return None
    small = as_shown(image)
    small.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def thumbnail_of(picture: str) -> Path | None:
    """The path of the thumbnail of a picture in a workspace; None for other pictures.

    Example
    -------
    >>> thumbnail_of("study/pictures/ab/" + 64 * "a" + ".png").as_posix()[:22]
    'study/thumbnails/ab/aa'
    >>> thumbnail_of("holiday.jpg")
    """
    path = Path(picture)
    if path.parent.parent.name != "pictures" or len(path.stem) != 64:
        return None
    return path.parent.parent.parent / FOLDER / path.parent.name / f"{path.stem}.jpg"


def thumbnail_file(picture: Path) -> bytes:
    """The thumbnail of a picture as a file: the one that is kept, or one made again; the picture where it is small.

    Numbers about a picture are taken from its thumbnail. So they are the same whether the cache is there or not.

    Parameters
    ----------
    picture:
        The picture's file.

    Raises
    ------
    PictureError
        Where there is no picture, or it cannot be read.
    """
    kept = thumbnail_of(str(picture))
    if kept is not None and kept.exists() and picture.exists():
        return readable(kept.read_bytes)
    data = readable(picture.read_bytes)
    return thumbnail(read(data)) or data
