"""Pictures as MLflow's UI looks for them.

Its image grid and slider find the files in ``images/`` that are called as `MlflowClient.log_image` calls them,
``<key>+step+<step>+timestamp+<ms>+<id>.png``, with a small one beside each, ``…+compressed.webp``, and know the
endings ``png`` and ``webp`` alone (https://github.com/mlflow/mlflow, ``mlflow/tracking/client.py``). So pictures of
these formats are there as they are, and of others a copy; the picture itself is in ``pictures/`` then. The same
picture has the same name each time.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ImageOps

from ..pictures.decode import decode
from .marking import mark
from .tracking import Placed, digest_of

SHOWN, KEPT = "images", "pictures"
"""The folders of what the UI shows, and of pictures in formats that it does not find."""

_ENDINGS = (".png", ".webp")

LARGE, SMALL = 90, 80
"""Qualities of WebP."""

_LONGEST = 16_383
"""The most pixels of a side of a WebP file."""


@dataclass(frozen=True)
class Names:
    """How the files of a picture are called in MLflow.

    Attributes
    ----------
    picture:
        The picture itself.
    large, small:
        What the UI's grid shows, large and small; `large` is the picture itself where its format is one of MLflow's.
    """

    picture: str
    large: str
    small: str

    def __iter__(self) -> Iterator[str]:
        """Each file once."""
        return iter(dict.fromkeys((self.picture, self.large, self.small)))


def names_of(one: Placed, cell: str, row: str, moment: int, ending: str) -> Names:
    """The names of the files of a picture.

    Parameters
    ----------
    one:
        Its key and its step.
    cell:
        What tells it from the other pictures of its group, for people.
    row:
        What tells it from all others.
    moment:
        When it was made, in milliseconds.
    ending:
        The ending of its file, with the dot.

    Example
    -------
    >>> names_of(Placed(0, "seed 7", 2), "seed 7 - lora_strength 0.8", "r1", 5, ".jpg").large[:37]
    'images/seed 7+step+2+timestamp+5+38ed'
    """
    identity = digest_of(row)[:32]
    stem = f"{SHOWN}/{one.key}+step+{one.step}+timestamp+{moment}+{identity}"
    if ending in _ENDINGS:
        return Names(f"{stem}{ending}", f"{stem}{ending}", f"{stem}+compressed.webp")
    readable = re.sub(r"[^A-Za-z0-9_\-. ]+", "_", cell)[:100].strip(" .")
    return Names(f"{KEPT}/{readable} - {identity[:8]}{ending}", f"{stem}.webp", f"{stem}+compressed.webp")


def as_webp(data: bytes, quality: int, how: str = "") -> bytes:
    """A copy of a picture for MLflow's UI; of several frames the first.

    Parameters
    ----------
    data:
        The picture's file.
    quality:
        Of WebP: `LARGE` or `SMALL`.
    how:
        How it was made, as a term of IPTC; empty for a copy that does not say it.

    Raises
    ------
    PictureError
        Where it is not a picture.
    """
    decoded = decode(data)[0]
    image = ImageOps.exif_transpose(decoded)
    image.thumbnail((_LONGEST, _LONGEST))  # no smaller than it is, but for a very long one
    image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    file = io.BytesIO()
    # A profile of colours is one of RGB, or says nothing any more.
    profile = decoded.info.get("icc_profile") if decoded.mode in ("RGB", "RGBA", "P") else None
    image.save(file, "WEBP", quality=quality, method=0, icc_profile=profile, exif=b"", xmp=b"")
    return mark(file.getvalue(), how) if how else file.getvalue()
