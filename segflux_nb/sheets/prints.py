"""What a sheet keeps of its pictures in the metadata of a notebook's output: a small print of each.

The inline sheet shows each picture small, as a JPEG. A changed detail of one picture in 48 is lost in it. So the
output also carries a print of each whole picture, with its run and values (see `segflux_nb.analysis.prints`).
"""

from __future__ import annotations

import hashlib
import os
import re
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from typing import Any

from PIL import Image

from ..analysis.prints import HEX_DIGITS, Thumbnail, box_thumbnail, packed, pixels_sha256, side_for
from ..errors import PictureError
from ..pictures.appearance import readable
from ..pictures.mounted import fetch_ahead, is_file, is_mounted, read_file
from ..pictures.thumbnails import thumbnail_of
from .layout import Cell, Layout, picture_identity
from .reading import whole

METADATA = "segflux"
"""The key of the prints in the metadata of an output."""

FORMAT = 1
"""The version of the format of the prints."""

OF_FILE = "file "
"""What stands before the sha256 of a file; that of pixels stands alone."""

_SHA256 = re.compile("[0-9a-f]{64}")

THREADS = 4


def prints_of(layout: Layout) -> dict[str, Any]:
    """The prints of a sheet's pictures, as plain values: equal pictures give equal prints on every machine.

    The result is empty for a sheet that shows no pictures. A picture that cannot be read has an empty sha256.

    Parameters
    ----------
    layout:
        The sheet.
    """
    cells = [] if layout.is_heat else [cell for cell in layout.cells if cell.picture is not None]
    return prints_of_pictures([(cell.run, _label(cell), cell.picture) for cell in cells])


def prints_of_pictures(pictures: list[tuple[str, str, Any]]) -> dict[str, Any]:
    """The prints of some pictures; see `prints_of`.

    Parameters
    ----------
    pictures:
        The run, its values in words, and the picture: a path, the bytes of a file, or a Pillow image.
    """
    if not pictures:
        return {}
    side = side_for(len(pictures))
    of_one = _print_of_file if side is None else partial(_print, side=side)
    different = {picture_identity(picture): picture for _, _, picture in pictures}
    if side is not None:
        fetch_ahead(different.values(), small=False)
    with ThreadPoolExecutor(THREADS) as pool:  # decoding and hashing let other threads work
        made = dict(zip(different, pool.map(of_one, different.values()), strict=True))
    prints = [(run, label, *made[picture_identity(picture)]) for run, label, picture in pictures]
    thumbnails = [thumbnail for *_, thumbnail in prints if thumbnail is not None]
    return {
        "format": FORMAT,
        "pictures": [[run, label, sha256, size] for run, label, sha256, size, _ in prints],
        **({"side": side, "lab": packed(thumbnails)} if side and thumbnails else {}),
        "pillow": version("pillow"),
    }


def _print_of_file(picture: Any) -> tuple[str, str, Thumbnail | None]:
    """The print of one of very many pictures: the sha256 of its file. To decode all would take minutes.

    Parameters
    ----------
    picture:
        The picture. A Pillow image has no file, so that its pixels count. A workspace names its files by their
        sha256, so that none is read; `Workspace.verify` finds those that were damaged since.
    """
    if isinstance(picture, Image.Image):
        return _print(picture, None)
    if (named := _name_in_workspace(picture)) is not None:
        return f"{OF_FILE}{named[:HEX_DIGITS]}", "", None
    try:
        data = picture if isinstance(picture, bytes) else readable(lambda: read_file(picture))
    except PictureError:
        return "", "", None
    return f"{OF_FILE}{hashlib.sha256(data).hexdigest()[:HEX_DIGITS]}", "", None


def _name_in_workspace(picture: Any) -> str | None:
    """The sha256 by which a workspace names a picture that is there; None for others, and for those of bundles."""
    if not isinstance(picture, str | os.PathLike) or thumbnail_of(os.fspath(picture)) is None:
        return None
    name = os.path.splitext(os.path.basename(os.fspath(picture)))[0]
    is_named = _SHA256.fullmatch(name) is not None and not is_mounted(picture)
    return name if is_named and is_file(picture) else None


def _print(picture: Any, side: int | None) -> tuple[str, str, Thumbnail | None]:
    """The beginning of the sha256 of a picture's pixels, its size in words, and its thumbnail.

    Parameters
    ----------
    picture:
        The picture.
    side:
        The side of the thumbnail; None for no thumbnail.
    """
    try:
        shown = whole(picture)
    except PictureError:
        return "", "", None
    size = f"{shown.width} × {shown.height}"
    return pixels_sha256(shown)[:HEX_DIGITS], size, None if side is None else box_thumbnail(shown, side)


def _label(cell: Cell) -> str:
    """The values of a cell in words: those on the axes, or what stands under the picture."""
    return cell.label or cell.caption
