"""The comparison of a saved picture with a new one: by pixels where the format keeps them, else by what is seen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import ImageSequence

from ..analysis.prints import Thumbnail, box_thumbnail, distances
from ..errors import PictureError
from ..markup import count
from ..pictures.appearance import as_shown, check_size, readable
from ..pictures.decode import opened
from .verdicts import Finding, Verdict, distance_text, judged
from .versions import drawn_with

SIDE = 64
"""The side of the thumbnails that are compared."""

LOSSLESS = ("image/png", "image/gif", "image/bmp", "image/tiff")
"""Formats that keep each pixel: an encoder cannot change them."""

MOST_FRAMES = 500
"""The most pictures of an animation that are compared."""

_WIDE_MODES = ("I", "F", "I;16", "I;16B", "I;16L")


def compare_pictures(what: str, saved: Mapping[str, bytes], new: Mapping[str, bytes]) -> Finding:
    """Compare a picture of an output with the one that is saved.

    Parameters
    ----------
    what:
        Which picture it is, in words.
    saved:
        The saved picture by media type: an output may hold it in several formats.
    new:
        The new picture by media type.
    """
    common = sorted(saved.keys() & new.keys(), key=lambda mime: mime not in LOSSLESS)
    if not common:
        return _compared(what, next(iter(saved.values())), next(iter(new.values())), by_pixel=False)
    findings = [_compared(what, saved[mime], new[mime], by_pixel=mime in LOSSLESS) for mime in common]
    return max(findings, key=lambda finding: list(Verdict).index(finding.verdict))


def _compared(what: str, saved: bytes, new: bytes, *, by_pixel: bool) -> Finding:
    """Compare two files.

    Parameters
    ----------
    what:
        Which picture it is, in words.
    saved:
        The saved file.
    new:
        The new file.
    by_pixel:
        Whether each pixel must be the same.
    """
    if saved == new:
        return Finding(Verdict.SAME_BYTES, what)
    before, now = _Frames(saved), _Frames(new)
    if before.error or now.error:
        which = [name for name, frames in (("saved", before), ("new", now)) if frames.error]
        why = f"the {' and the '.join(which)} picture cannot be read: {before.error or now.error}"
        return Finding(Verdict.CHANGED, what, why, saved, new)
    causes = drawn_with(saved, new)
    if len(before.thumbnails) != len(now.thumbnails):
        why = f"it has {count(len(now.thumbnails), 'frame')}, and had {len(before.thumbnails):,}"
        return Finding(Verdict.CHANGED, what, why, saved, new)
    found = [distances(*pair) for pair in zip(before.thumbnails, now.thumbnails, strict=True)]
    worst, mean = max(one for one, _ in found), max(one for _, one in found)
    distance = distance_text(worst, mean, SIDE)
    if by_pixel:
        if all(map(_equal, before.pixels, now.pixels)):
            return Finding(Verdict.SAME_BYTES, what, "the same pixels in another encoding")
        why = "; ".join(filter(None, (_where(before, now), distance, causes)))
        return Finding(Verdict.CHANGED, what, why, saved, new)
    if before.size != now.size:
        return Finding(Verdict.CHANGED, what, f"{_where(before, now)}; {distance}", saved, new)
    return Finding(judged(worst, mean, SIDE), what, distance, saved, new)


class _Frames:
    """The pictures of a file; most have one.

    Parameters
    ----------
    data:
        The file.
    """

    def __init__(self, data: bytes) -> None:
        self.pixels: list[NDArray[np.generic]] = []
        self.thumbnails: list[Thumbnail] = []
        self.size = (0, 0)
        self.error = ""
        try:
            readable(lambda: self._read(data))
        except PictureError as error:
            self.error = error.what

    def _read(self, data: bytes) -> None:
        self.pixels, self.thumbnails = [], []
        with opened(data) as image:
            check_size(image)
            for number, frame in enumerate(ImageSequence.Iterator(image)):
                if number == MOST_FRAMES:
                    break
                self.size = frame.size
                self.thumbnails.append(box_thumbnail(as_shown(frame), SIDE))
                self.pixels.append(np.asarray(frame if frame.mode in _WIDE_MODES else frame.convert("RGBA")))


def _equal(one: NDArray[np.generic], other: NDArray[np.generic]) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other))


def _where(before: _Frames, now: _Frames) -> str:
    """Which pixels differ, in words."""
    if before.size != now.size:
        return f"it has {_size(now)} pixels, and had {_size(before)}"
    for number, (one, other) in enumerate(zip(before.pixels, now.pixels, strict=True)):
        if _equal(one, other):
            continue
        frame = f" of frame {number}" if len(before.pixels) > 1 else ""
        if one.shape != other.shape:
            return f"another depth of colour{frame}"
        differ = (one != other).any(axis=-1) if one.ndim == 3 else one != other
        rows, columns = (np.flatnonzero(differ.any(axis=axis)) for axis in (1, 0))
        place = f"x {columns[0]} to {columns[-1]}, y {rows[0]} to {rows[-1]}"
        return f"{count(int(differ.sum()), 'pixel')}{frame} changed, in {place}"
    return ""


def _size(frames: _Frames) -> str:
    return f"{frames.size[0]} × {frames.size[1]}"


def size_in(data: bytes) -> tuple[int, int] | None:
    """Width and height of the picture in a file; None where it cannot be read."""

    def size() -> tuple[int, int]:
        with opened(data) as image:
            return image.size

    try:
        return readable(size)
    except PictureError:
        return None
