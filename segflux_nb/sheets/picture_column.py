"""Which column of a frame holds the pictures, and what each of its values is.

Pictures come as paths, bytes, arrays, Pillow images, and as the mappings of Hugging Face. They become what the rest
of the package reads: a path, the bytes of a file, or a Pillow image.
"""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from urllib.request import url2pathname

import numpy as np
import pandas as pd
from PIL import Image

from ..errors import LayoutError
from ..markup import shorten
from ..pictures.mounted import is_file
from ..values import as_path
from .frame_column import text_of

IMAGE_COLUMNS = (
    *("image", "picture", "path", "file", "file_name", "image_path", "filename"),
    *("img", "images", "pictures", "file_path", "filepath"),
)
"""The usual names of columns of pictures, in the order in which they are looked for."""

ENDINGS = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".gif", ".bmp"),
    *(".tif", ".tiff", ".avif", ".heic", ".heif", ".mpo", ".jp2", ".ppm", ".pgm", ".tga"),
)
"""How the names of files of pictures end."""

SAMPLE = 40
"""The number of values that decide whether a column holds pictures."""

LEAST_SIDE = 8
"""An array with a shorter side is taken for numbers, unless its column is named."""

_URL = re.compile(r"(https?|s3|gs|hf|ftp|file|data):(?=//|[\w.+-]*/[\w.+-]*[;,])", re.IGNORECASE)
"""The beginning of an address."""

_DEEPEST = {1: "L", 3: "RGB", 4: "RGBA"}
"""Modes of Pillow by the number of channels of an array."""


@dataclass(frozen=True)
class NoPicture:
    """A value in a column of pictures that is something else.

    Attributes
    ----------
    reason:
        What it is instead.
    """

    reason: str


def picture_column(frame: pd.DataFrame, image: str | None) -> str:
    """The column of pictures: the one that is named, else the one that holds pictures.

    A column counts by what is in it: files that are there before names of files that are not; a usual name decides
    between equals, and where a column has no value at all.

    Parameters
    ----------
    frame:
        The frame; the names of its columns are texts, each one once.
    image:
        The column that the caller names, or None.

    Raises
    ------
    LayoutError
        Where the named column holds no picture, or no column does.
    """
    if image is not None:
        _check(frame[image])
        return image
    usual = {name: rank for rank, name in enumerate(IMAGE_COLUMNS)}
    ranked = []
    for place, name in enumerate(frame.columns):
        rank = usual.get(str(name).lower())
        sureness = _sureness(frame[name], is_usual=rank is not None)
        if sureness:
            ranked.append((-sureness, len(usual) if rank is None else rank, place, str(name)))
    if not ranked:
        named = next((name for name in frame.columns if str(name).lower() in usual), None)
        if named is not None:
            _check(frame[named])
        raise LayoutError(
            "The frame has no column of pictures", remedy=f"Name one with image=..., or call it {IMAGE_COLUMNS[0]!r}"
        )
    return min(ranked)[-1]


def are_picture_files(values: Iterable[Any]) -> bool:
    """Whether values are names of files of pictures; False for no value."""
    each = list(values)
    return bool(each) and all(isinstance(one, str | PurePath) and _kind(one, is_usual=False) >= 2 for one in each)


def as_picture(value: Any) -> Any:
    """A value of a column of pictures as a path, bytes or a Pillow image; None for a missing one.

    Anything else becomes a `NoPicture` that says why.
    """
    if value is None or isinstance(value, Image.Image):
        return value
    if isinstance(value, bytes):
        return bytes(value)  # numpy's bytes too
    if isinstance(value, str | PurePath):
        return _path(value)
    if isinstance(value, bytearray | memoryview | io.BytesIO):
        return value.getvalue() if isinstance(value, io.BytesIO) else bytes(value)
    if isinstance(value, Mapping):  # {"bytes": ..., "path": ...}, as Hugging Face's datasets have them
        held = value.get("bytes")
        return as_picture(value.get("path") if held is None else held) if _is_pair(value) else _no_picture(value)
    if isinstance(value, os.PathLike):
        return _path(os.fspath(value))
    if hasattr(value, "convert") and hasattr(value, "size"):
        return value
    if hasattr(value, "shape") or hasattr(value, "__array__"):
        return _from_array(value)
    return _no_picture(value)


def _no_picture(value: Any) -> NoPicture:
    return NoPicture(f"{type(value).__name__} {shorten(text_of(value), 40)}")


def _path(value: Any) -> Any:
    text = os.fspath(value)
    if not isinstance(text, str):
        return Path(os.fsdecode(text))
    if not text:
        return None
    if found := _URL.match(text):
        return _from_url(text, found[1].lower())
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return NoPicture("no file can have this name")
    if "\0" in text:
        return NoPicture("no file can have this name")
    if text.startswith("~"):
        with suppress(ValueError):  # no user is called so: it is the name of a file
            return as_path(text)
    return value


def _from_url(text: str, scheme: str) -> Any:
    """The picture of an address: a file of this computer, or one that the address itself holds.

    Parameters
    ----------
    text:
        The address.
    scheme:
        How it begins.
    """
    try:
        if scheme == "file":
            return _path(url2pathname(urlsplit(text).path))
        if scheme == "data":
            kind, _, body = text.partition(",")
            return base64.b64decode(body, validate=True) if kind.endswith(";base64") else unquote_to_bytes(body)
    except ValueError:
        return NoPicture(f"address that cannot be read: {shorten(text, 40)}")
    return NoPicture(f"address, which is not fetched: {shorten(text, 60)}")


def _is_pair(value: Mapping[Any, Any]) -> bool:
    return "bytes" in value or isinstance(value.get("path"), str | PurePath)


def _from_array(value: Any) -> Any:
    """An array of pixels as a Pillow image: height × width, with or without channels, which may come first."""
    try:
        return _image_of(np.asarray(value.detach().cpu() if hasattr(value, "detach") else value))
    except Exception as error:  # noqa: BLE001 - arrays of other libraries convert themselves, and may raise anything
        return NoPicture(f"{type(value).__name__} that is no picture: {shorten(text_of(error), 80)}")


def _image_of(pixels: np.ndarray[Any, Any]) -> Any:
    if pixels.ndim == 3 and pixels.shape[0] in _DEEPEST and pixels.shape[-1] not in _DEEPEST:
        pixels = np.moveaxis(pixels, 0, -1)
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    is_shaped = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] in _DEEPEST)
    if not is_shaped or not pixels.size or pixels.dtype.kind not in "buif":
        shape = " × ".join(map(str, pixels.shape)) or "no side"
        return NoPicture(f"array of {shape}, {pixels.dtype}")
    return Image.fromarray(np.ascontiguousarray(_bytes_of(pixels)))


def _bytes_of(pixels: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Pixels from 0 to 255. Floats are from 0 to 1 unless one is greater; 16 bits are divided by 257."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.bool_:
        return (pixels * 255).astype(np.uint8)
    if pixels.dtype == np.uint16:
        return np.asarray(pixels // 257, dtype=np.uint8)
    numbers = np.nan_to_num(pixels.astype(np.float64), nan=0.0, posinf=255.0, neginf=0.0)
    finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
    if pixels.dtype.kind == "f" and (not finite.size or finite.max() <= 1):
        numbers = numbers * 255
    whole: np.ndarray[Any, Any] = np.clip(np.rint(numbers), 0, 255).astype(np.uint8)
    return whole


def _check(column: pd.Series[Any]) -> None:
    """Raise `LayoutError` where a column has values, and none of them is a picture."""
    known = column[column.notna()]
    first = None
    for value in known:
        if not isinstance(as_picture(value), NoPicture):
            return
        first = value if first is None else first
    if len(known):
        raise LayoutError(
            f"The column {str(column.name)!r} holds {shorten(text_of(first), 80)}, which is not a picture",
            remedy="Name another column with image=..., or give paths, bytes, arrays or Pillow images",
        )


def _sureness(column: pd.Series[Any], *, is_usual: bool) -> int:
    """How sure a column holds pictures.

    3 where most values are pictures or files that are there, 2 where most are names of pictures, 1 where only the
    name of the column speaks for it, 0 where it holds something else.

    Parameters
    ----------
    column:
        The column.
    is_usual:
        Whether its name is usual for a column of pictures.
    """
    known = column[column.notna()]
    if not len(known):
        return int(is_usual)
    step = max(1, len(known) // SAMPLE)
    kinds = [_kind(value, is_usual=is_usual) for value in known.iloc[::step]]
    half = len(kinds) / 2
    for sureness in (3, 2):
        if sum(kind >= sureness for kind in kinds) >= half:
            return sureness
    if any(kind == 3 for kind in kinds):
        return 2
    return int(is_usual and any(kind >= 1 for kind in kinds))


def _kind(value: Any, *, is_usual: bool) -> int:
    """What speaks for one value, as in `_sureness`; a folder is no picture."""
    is_text = isinstance(value, str | bytes)  # those of numpy look like arrays
    if isinstance(value, np.ndarray) or (not is_text and hasattr(value, "shape") and hasattr(value, "__array__")):
        shape: Sequence[int] = np.shape(value)
        sides = sorted(shape)[-2:] if len(shape) in (2, 3) else [0]
        return 3 if min(sides) >= LEAST_SIDE and not isinstance(as_picture(value), NoPicture) else 0
    picture = as_picture(value)
    if picture is None or isinstance(picture, NoPicture):
        return 0
    if not isinstance(picture, str | PurePath):
        return 3
    has_ending = str(picture).lower().endswith(ENDINGS)
    if is_file(picture):
        return 3 if has_ending or is_usual else 0
    if os.path.isdir(picture):
        return 0
    return 2 if has_ending else 1
