"""How a picture looks: sheets, thumbnails, large views and comparisons all ask here.

A picture is shown as browsers show its file: its first frame, turned as its EXIF says, in sRGB, and over white where
it is transparent. Greys of 16 bits become greys of 8 bits. Numbers from 0 to 1 become greys; other numbers are
stretched so that the least is black and the greatest white.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import PictureError
from .decode import MOST_PIXELS, opened, quietly

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

T = TypeVar("T")

PLAIN = (255, 255, 255)
"""The background of transparent pictures."""

ORIENTATION = 0x0112
"""EXIF's tag of how a picture is turned. Values above 4 exchange width and height."""

FILE_MISSING = "The picture's file is missing"

FOR_BROWSERS = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
}
"""Formats that browsers show, with their media types. An MPO is a JPEG that has more pictures behind the first."""

_JPEGS = ("JPEG", "MPO")
_LOSSLESS_PIXELS = 4_000_000
"""A larger picture goes to a browser as a JPEG."""


def as_shown(image: Image.Image) -> Image.Image:
    """A picture in RGB, with 8 bits a colour, as it is shown.

    Parameters
    ----------
    image:
        A picture of any kind that Pillow has.

    Example
    -------
    >>> as_shown(Image.new("LA", (1, 1), (0, 0))).getpixel((0, 0))
    (255, 255, 255)
    """
    shown = _as_shown(image)
    return _without_info(shown.copy() if shown is image else shown)


def _as_shown(image: Image.Image) -> Image.Image:
    """A picture as `as_shown` makes it; the picture itself where that is how it is: a copy takes time."""
    image.load()  # Pillow turns a TIFF now
    is_upright = image.getexif().get(ORIENTATION, 1) == 1
    return _shown(image if is_upright else ImageOps.exif_transpose(image), image.info.get("icc_profile"))


def _without_info(shown: Image.Image) -> Image.Image:
    shown.info = {}  # a profile in it would be applied again, and transparency too
    return shown


def _shown(upright: Image.Image, profile: object) -> Image.Image:
    """A picture that stands upright, as it is shown.

    Parameters
    ----------
    upright:
        The picture.
    profile:
        The colour profile of its file, or None.
    """
    if upright.mode.startswith("I") or upright.mode == "F":
        return _grey(upright).convert("RGB")
    if not upright.has_transparency_data:
        return _in_srgb(upright, profile)
    with_alpha = upright.convert("LA") if upright.mode == "La" else upright.convert("RGBA")
    colours = _in_srgb(with_alpha.convert("RGB"), profile)
    return Image.composite(colours, Image.new("RGB", colours.size, PLAIN), with_alpha.getchannel("A"))


def read(data: bytes, within: tuple[int, int] | None = None) -> Image.Image:
    """The picture in a file, as it is shown.

    Parameters
    ----------
    data:
        The file.
    within:
        The width and height that are needed, in pixels: a JPEG is decoded at a fraction that is no smaller. None
        decodes all of it.

    Raises
    ------
    PictureError
        Where the file has no picture that can be read, or a larger one than `MOST_PIXELS`.
    """

    def read() -> Image.Image:
        with opened(data) as image:
            check_size(image)
            if within is not None:
                image.draft("RGB", within[::-1] if _is_turned(image) else within)
            return _without_info(_as_shown(image))

    return readable(read)


def upright_size(image: Image.Image) -> tuple[int, int]:
    """The width and height of a picture as it is shown, in pixels. The picture need not be decoded yet."""
    return (image.height, image.width) if _is_turned(image) else (image.width, image.height)


def _is_turned(image: Image.Image) -> bool:
    """Whether width and height are exchanged when the picture is shown. Pillow turns a TIFF itself."""
    orientation = image.getexif().get(ORIENTATION, 1)
    return orientation in (5, 6, 7, 8) and image.format != "TIFF"


def readable(read: Callable[[], T]) -> T:
    """The result of reading a picture. Each thing that is wrong with a file is a `PictureError` with a reason.

    Parameters
    ----------
    read:
        Reads a picture. It may be called twice: again without the limits and warnings that a notebook has set.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """
    try:
        return quietly(read)
    except PictureError:
        raise
    except MemoryError:
        raise PictureError("The picture is too large for the memory") from None
    except OSError as error:
        raise PictureError(_in_words(error)) from None
    except Exception as error:  # noqa: BLE001 - Pillow's readers raise errors of every kind on a damaged file
        raise PictureError(f"The picture does not decode: {error or type(error).__name__}") from None


def check_size(image: Image.Image) -> None:
    """Raise `PictureError` for a picture that has more than `MOST_PIXELS`."""
    if image.width * image.height > MOST_PIXELS:
        raise PictureError(
            f"The picture has {image.width:,} × {image.height:,} pixels, more than {MOST_PIXELS:,}",
            remedy="Make it smaller",
        )


def for_browser(data: bytes, *, is_whole: bool = False) -> tuple[bytes, str]:
    """The file of a picture for a browser, and its media type: a browser shows it as `as_shown` does.

    It is the file itself where browsers show that in the same way, and else a PNG or JPEG file.

    Parameters
    ----------
    data:
        The file.
    is_whole:
        Whether the file is known to be whole; else it is decoded first.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """

    def shown() -> tuple[bytes, str]:
        with opened(data) as image:
            check_size(image)
            if is_plain(image):
                if not is_whole:
                    image.load()
                return data, FOR_BROWSERS[str(image.format)]
            return encoded(as_shown(image))

    return readable(shown)


def is_plain(image: Image.Image) -> bool:
    """Whether browsers show the file of a picture in the same way as `as_shown`."""
    kind = str(image.format)
    if kind not in FOR_BROWSERS or image.mode not in ("RGB", "L", "P", "1") or image.has_transparency_data:
        return False
    if not _is_srgb(image.info.get("icc_profile")):
        return False  # browsers apply profiles too, also those that do not fit
    if kind in _JPEGS:
        return True
    # Not all browsers turn other files than JPEG, and an animated file would show all of its frames.
    return image.getexif().get(ORIENTATION, 1) == 1 and not getattr(image, "is_animated", False)


def encoded(image: Image.Image) -> tuple[bytes, str]:
    """A picture in RGB as the bytes of a file that browsers show, and its media type."""
    buffer = io.BytesIO()
    if image.width * image.height > _LOSSLESS_PIXELS:
        image.save(buffer, "JPEG", quality=95)
        return buffer.getvalue(), "image/jpeg"
    image.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue(), "image/png"


def _grey(image: Image.Image) -> Image.Image:
    """A picture of large or fractional numbers as one of 8 bits, with the background where it is transparent."""
    import numpy as np  # pictures of other kinds need none

    values = np.asarray(image)
    levels: NDArray[np.generic]
    if image.mode.startswith("I;16"):
        levels = (values.astype(np.uint32) + 128) // 257
    elif image.mode == "I" and values.size and values.min() >= 0 and values.max() <= 0xFFFF:
        levels = values if values.max() <= 0xFF else (values + 128) // 257
    else:
        levels = _levels(values.astype(np.float64))
    hidden = image.info.get("transparency")
    if isinstance(hidden, int):
        levels = np.where(values == hidden, PLAIN[0], levels)
    return Image.fromarray(levels.astype(np.uint8))


def _levels(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Numbers as levels from 0 to 255. Those that are not finite are the least or the greatest; NaN is the least."""
    import numpy as np

    finite = values[np.isfinite(values)]
    if not finite.size:
        return np.where(values == np.inf, 255.0, 0.0)
    low, high = float(finite.min()), float(finite.max())
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low == high:
        return np.clip(np.rint(values), 0, 255)
    # Halves, so that the span of the largest numbers is a number too.
    return np.rint(255 * ((values / 2 - low / 2) / (high / 2 - low / 2)))


def _is_srgb(profile: object) -> bool:
    """Whether a colour profile is that of sRGB; so is a file without one."""
    return profile is None or (
        isinstance(profile, bytes) and (b"sRGB" in profile or "sRGB".encode("utf-16-be") in profile)
    )


def _in_srgb(image: Image.Image, profile: object) -> Image.Image:
    """A picture without transparency in sRGB.

    Parameters
    ----------
    image:
        The picture.
    profile:
        The colour profile of its file, or None.
    """
    if image.mode == "LAB" or (isinstance(profile, bytes) and not _is_srgb(profile)):
        converted = _by_profile(image, profile)
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def _by_profile(image: Image.Image, profile: object) -> Image.Image | None:
    """A picture in sRGB by its colour profile; None where the profile does not fit.

    Parameters
    ----------
    image:
        The picture.
    profile:
        The colour profile of its file, or None.
    """
    try:
        from PIL import ImageCms
    except ImportError:  # Pillow was built without it
        return None
    try:
        if image.mode == "LAB":
            source = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
        else:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile if isinstance(profile, bytes) else b""))
            if image.mode == "P":
                image = image.convert("RGB")
            space = {"RGB": "RGB", "CMYK": "CMYK", "L": "GRAY"}.get(image.mode)
            if space != source.profile.xcolor_space.strip():
                return None
        target = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, target, outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None  # a profile that is damaged does not hide the picture


def _in_words(error: OSError) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "The file is not a picture in a format that is known"
    if isinstance(error, FileNotFoundError):
        return FILE_MISSING
    if error.errno is not None:
        return f"The picture's file cannot be read: {error.strerror}"
    return str(error)
