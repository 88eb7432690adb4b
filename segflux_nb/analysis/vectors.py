"""Pictures as vectors: what effects compare.

A vector is the picture's thumbnail as 32 × 32 area means in CIE L*a*b*, one number after the other: 3,072 of them.
The
difference of two vectors is the mean CIE76 difference of their 1,024 places (see `segflux_nb.analysis.differences`).
Sheets compare 64 × 64 places of the pictures themselves. So a difference here is a little smaller than on a sheet:
fine grain, and what JPEG does to it, is averaged out before two pictures are compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .differences import area_means, lab

SIDE = 32
"""Places along a side."""

_AT_ONCE = 1 << 16
"""About how many numbers of pairs are subtracted at once: what stays in the cache of a processor."""

Vectors = NDArray[np.float32]
"""A row for each picture."""


def vector_of(image: Image.Image) -> NDArray[np.float32]:
    """A picture's vector: 3,072 numbers.

    Parameters
    ----------
    image:
        An RGB picture: its thumbnail.

    Example
    -------
    >>> vector_of(Image.new("RGB", (64, 48), "white")).reshape(SIDE, SIDE, 3)[0, 0].round(3).tolist()
    [100.0, 0.0, 0.0]
    """
    return lab(area_means(np.asarray(image), SIDE)).astype(np.float32).reshape(-1)


def differences(
    vectors: Vectors, one: Sequence[int] | NDArray[np.int64], other: Sequence[int] | NDArray[np.int64]
) -> NDArray[np.float64]:
    """The mean CIE76 differences of pairs of pictures.

    Parameters
    ----------
    vectors:
        A row for each picture.
    one:
        The rows of the first pictures of the pairs.
    other:
        The rows of the second ones.

    Example
    -------
    >>> black, white = (vector_of(Image.new("RGB", (64, 64), colour)) for colour in ("black", "white"))
    >>> differences(np.stack([black, white]), [0, 0], [0, 1]).round(3).tolist()
    [0.0, 100.0]
    """
    first, second = np.asarray(one, dtype=int), np.asarray(other, dtype=int)
    found = np.empty(len(first))
    step = max(1, _AT_ONCE // vectors.shape[1])
    for start in range(0, len(first), step):
        part = slice(start, start + step)
        apart = (vectors[first[part]] - vectors[second[part]]).reshape(-1, vectors.shape[1] // 3, 3)
        found[part] = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart)).mean(axis=1, dtype=np.float64)
    return found
