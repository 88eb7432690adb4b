"""How much two pictures differ: one number, the same on sheets, in the gallery and in exports.

The number is the mean CIE76 colour difference of two Lab thumbnails:

1. A picture is reduced to 64 × 64 pixels. Each is the area mean of the part of the picture that it covers. The grid
   is stretched over the whole picture, so pictures of different sizes and shapes can be compared. A picture of fewer
   than 64 pixels a side is enlarged in the same way, without smoothing.
2. The mean is taken of the sRGB values as they are stored, not of linear light. So a picture and its own 256-pixel
   thumbnail, which image libraries reduce in the same way, give the same number.
3. Each pixel goes from sRGB to linear light, to XYZ, to CIE L*a*b* (white point D65, two-degree observer).
4. The difference of two pixels is their Euclidean distance in Lab (CIE76); the number is the mean of the 4,096.

Black and white are 100 apart. People see a difference of about 2.3 between two uniform colours side by side.

The browser has the same function (`segflux_nb/widgets/static/`) for pairs that Python did not compute;
``tests/golden/differences.json`` holds both to the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE = 64
"""Pixels of a side of a Lab thumbnail."""

UNSEEN = 1.0
"""A mean difference up to this is not seen. People see about 2.3 between two uniform colours side by side (Mahy and
others, Color Research and Application 19, 1994); in pictures that hang beside each other more is needed."""

_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""Linear sRGB to XYZ (IEC 61966-2-1; seven digits by Bruce Lindbloom)."""

_WHITE = _TO_XYZ.sum(axis=1)
"""XYZ of sRGB's white, D65, so that white is L* 100 and a* and b* of each grey are 0."""

_EPSILON, _KAPPA = 216 / 24389, 24389 / 27
"""The CIE's constants: below epsilon, L* is kappa times the luminance."""


def lab(rgb: NDArray[np.floating]) -> NDArray[Any]:
    """CIE L*a*b* (D65) of sRGB colours, in float32 where they are float32, else in float64.

    Parameters
    ----------
    rgb:
        Colours as stored, from 0 to 255; red, green and blue along the last axis.

    Example
    -------
    >>> lab(np.array([255.0, 0.0, 0.0])).round(1).tolist()
    [53.2, 80.1, 67.2]
    """
    given = np.asarray(rgb)
    kind = np.dtype(np.float32 if given.dtype == np.float32 else np.float64)
    # Red, green and blue in one piece each: with three numbers a row, the rows would cost more than the numbers.
    stored: NDArray[Any] = np.ascontiguousarray(given.reshape(-1, 3).T, dtype=kind) / 255
    linear = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    xyz = (_TO_XYZ / _WHITE[:, None]).astype(kind) @ linear
    x, y, z = np.where(xyz > _EPSILON, np.cbrt(xyz), (_KAPPA * xyz + 16) / 116)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1).reshape(given.shape)


def from_lab(colours: NDArray[np.floating]) -> NDArray[np.float64]:
    """sRGB values, from 0 to 255, of CIE L*a*b* colours: the inverse of `lab`.

    Parameters
    ----------
    colours:
        L*, a* and b* along the last axis.

    Example
    -------
    >>> from_lab(lab(np.array([255.0, 128.0, 0.0]))).round(1).tolist()
    [255.0, 128.0, 0.0]
    """
    lightness, a, b = np.moveaxis(np.asarray(colours, dtype=np.float64), -1, 0)
    y = (lightness + 16) / 116
    parts = np.stack([y + a / 500, y, y - b / 200], axis=-1)
    xyz = np.where(parts**3 > _EPSILON, parts**3, (116 * parts - 16) / _KAPPA) * _WHITE
    linear = np.clip(xyz @ np.linalg.inv(_TO_XYZ).T, 0, 1)
    stored: NDArray[np.float64] = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return stored * 255


def lab_thumbnail(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture as 64 × 64 area means, in Lab: what pictures are compared by.

    Parameters
    ----------
    pixels:
        The picture's sRGB values: height × width × 3.

    Returns
    -------
    numpy.ndarray
        64 × 64 × 3.
    """
    return np.asarray(lab(area_means(pixels)), dtype=np.float32)


def area_means(pixels: NDArray[np.uint8], side: int = SIDE) -> NDArray[np.float64]:
    """A picture reduced to a square of area means. The square is stretched over the whole picture.

    Parameters
    ----------
    pixels:
        The picture's values: height × width × 3.
    side:
        Places along a side.
    """
    if _are_few_slices(pixels.shape, side) and pixels.dtype == np.uint8:
        return means_of_planes(np.moveaxis(pixels, -1, 0).astype(np.int16, order="C"), side)
    return _means(_means(pixels, side).swapaxes(0, 1), side).swapaxes(0, 1)


def means_of_planes(planes: NDArray[np.int16], side: int = SIDE) -> NDArray[np.float64]:
    """The same of a picture whose colours stand one after the other, each in one piece: several times faster.

    Parameters
    ----------
    planes:
        Red, green and blue, from 0 to 255: 3 × height × width.
    side:
        Places along a side.
    """
    if not _are_few_slices(planes.shape[1:], side):
        return area_means(np.moveaxis(planes, 0, -1).astype(np.uint8), side)
    # Sums of whole numbers, in the narrowest type that holds them: the most usual case, made fast.
    high, wide = planes.shape[1] // side, planes.shape[2] // side
    positive = planes.view(np.uint16)
    rows = positive[:, ::high].copy()
    for offset in range(1, high):
        rows += positive[:, offset::high]
    total = rows[:, :, ::wide].astype(np.uint32)
    for offset in range(1, wide):
        total += rows[:, :, offset::wide]
    return np.moveaxis(np.asarray(total / (high * wide)), 0, -1)


def _are_few_slices(shape: Sequence[int], side: int) -> bool:
    """Whether a picture's height and width are small multiples of a side."""
    return all(length % side == 0 and 0 < length // side <= _MOST_SLICES for length in shape[:2])


def mean_difference(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """The mean CIE76 difference of two pictures.

    Parameters
    ----------
    one, other:
        Their Lab thumbnails, by `lab_thumbnail`.

    Example
    -------
    >>> black, white = (np.full((2, 3, 3), level, dtype=np.uint8) for level in (0, 255))
    >>> round(mean_difference(lab_thumbnail(black), lab_thumbnail(white)), 3)
    100.0
    """
    return float(np.sqrt(((one - other) ** 2).sum(axis=-1)).mean(dtype=np.float64))


def pairwise_differences(thumbnails: Sequence[NDArray[np.float32] | None]) -> list[list[float | None]]:
    """The mean differences of all pairs of pictures.

    Parameters
    ----------
    thumbnails:
        A Lab thumbnail for each picture; None where there is no picture.

    Returns
    -------
    list of list
        For picture n, its differences from the pictures 0 to n - 1, in their order: the lower half of a symmetric
        table. None for each pair of which one picture is missing.
    """
    return [
        [None if one is None or other is None else mean_difference(one, other) for other in thumbnails[:number]]
        for number, one in enumerate(thumbnails)
    ]


def difference_text(difference: float) -> str:
    """A mean difference as it is written everywhere.

    >>> difference_text(12.345)
    'ΔE 12.3'
    """
    return f"ΔE {difference:.1f}"


def _means(values: NDArray[Any], side: int) -> NDArray[np.float64]:
    """Values reduced to a few along the first axis: each is the mean of an equal part of the length.

    The means are made of sums. A matrix product does the same, but starts threads that cost more than the work.

    Parameters
    ----------
    values:
        The values.
    side:
        How many there will be.
    """
    length, kind = len(values), np.dtype(np.int32 if values.dtype == np.uint8 else np.float64)
    edges = np.arange(side + 1) * length / side
    before = np.minimum(edges.astype(int), length - 1)  # the value that each edge is in
    part = (edges - before).reshape(-1, *[1] * (values.ndim - 1))
    if length < side:
        sums = np.zeros((length + 1, *values.shape[1:]))
        np.cumsum(values, axis=0, out=sums[1:])
        return np.asarray(np.diff(sums[before] + part * values[before], axis=0) * side / length)
    sums = np.add.reduceat(values, before[:-1], axis=0, dtype=kind).astype(np.float64)
    sums[-1] -= values[-1]  # the last part ends where the last value begins, as the others do
    sums += np.diff(part * values[before], axis=0)
    return np.asarray(sums * side / length)


_MOST_SLICES = 16
"""Parts of more values a side are summed in another way, which is faster then."""
