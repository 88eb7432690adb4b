"""Numbers about one picture, from one pass over its thumbnail. Pure.

All are computed from the thumbnail as it is decoded (256 pixels on its longer side), with integers of few bits where
possible. They compare pictures of one sweep. They do not say what is good: a fog is not sharp, and a poster is
clipped.

============== ====================================================================================================
name           what it is
============== ====================================================================================================
sharpness      the variance of the Laplacian of luma: of 4 times a pixel less its four neighbours, in levels squared
               (Pech-Pacheco and others, ICPR 2000). Also high where there is noise or grain.
saturation     the mean chroma, √(a*² + b*²), of 64 × 64 area means in CIE L*a*b*. 0 is grey.
clipping       the share of the values of red, green and blue that are at most 2 or at least 253.
contrast       the standard deviation of luma, divided by 255 (RMS contrast: Peli, JOSA A 7, 1990).
colourfulness  Hasler and Süsstrunk (SPIE 5007, 2003): √(σrg² + σyb²) + 0.3 √(μrg² + μyb²) of rg = R - G and
               yb = (R + G) / 2 - B.
============== ====================================================================================================

Luma is Pillow's: 0.299 R + 0.587 G + 0.114 B, rounded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .differences import lab, means_of_planes

VERSION = "1"
"""The version of the numbers here and in `segflux_nb.analysis.comparing`. A change of a formula raises it."""

OF_ONE = ("sharpness", "saturation", "clipping", "contrast", "colourfulness")
"""The numbers that need one picture only."""

DARK, BRIGHT = 2, 253
"""Values up to the first and from the second on are clipped. JPEG moves the ends by a level or two."""


@dataclass(frozen=True)
class Measured:
    """What one pass over a thumbnail gives.

    Attributes
    ----------
    values:
        The numbers of `OF_ONE`, by name.
    lab:
        The picture as 64 × 64 area means in CIE L*a*b*, to compare it with others.
    """

    values: dict[str, float]
    lab: NDArray[np.float32] = field(repr=False)


def measured(image: Image.Image) -> Measured:
    """The numbers of a thumbnail.

    Parameters
    ----------
    image:
        An RGB picture.

    Example
    -------
    >>> {name: round(value, 2) for name, value in measured(Image.new("RGB", (64, 64), "red")).values.items()}
    {'sharpness': 0.0, 'saturation': 104.55, 'clipping': 1.0, 'contrast': 0.0, 'colourfulness': 85.53}
    """
    pixels = np.asarray(image)
    planes = np.moveaxis(pixels, -1, 0).astype(np.int16, order="C")
    places = lab(means_of_planes(planes).astype(np.float32))
    luma = np.asarray(image.convert("L")).astype(np.int16)
    # Bytes wrap around: 253 to 255 become 0 to 2, and 0 to 2 become 3 to 5.
    clipped = int(np.count_nonzero((pixels + np.uint8(256 - BRIGHT)) < 256 - BRIGHT + DARK + 1))
    values = {
        "sharpness": _sharpness(luma),
        "saturation": float(np.sqrt(places[..., 1] ** 2 + places[..., 2] ** 2).mean(dtype=np.float64)),
        "clipping": clipped / pixels.size,
        "contrast": math.sqrt(_mean_and_variance(luma)[1]) / 255,
        "colourfulness": _colourfulness(planes),
    }
    return Measured(values, places)


def _sharpness(levels: NDArray[np.int16]) -> float:
    """The variance of the Laplacian. A picture of fewer than three pixels a side has none."""
    high, wide = levels.shape
    if min(high, wide) < 3:
        return 0.0
    # Rows in one piece are twice as fast. At the sides a pixel's neighbours are those of another row: they are cut.
    flat = levels.reshape(-1)
    laplacian = flat[wide:-wide] * np.int16(4)
    laplacian -= flat[: -2 * wide]
    laplacian -= flat[2 * wide :]
    laplacian -= flat[wide - 1 : -wide - 1]
    laplacian -= flat[wide + 1 : high * wide - wide + 1]
    return _mean_and_variance(laplacian.reshape(high - 2, wide)[:, 1:-1])[1]


def _colourfulness(planes: NDArray[np.int16]) -> float:
    """The formula of Hasler and Süsstrunk.

    Parameters
    ----------
    planes:
        Red, green and blue of the picture.
    """
    red, green, blue = planes
    twice = red + green  # yb is halved at the end, so that it is whole here
    twice -= blue
    twice -= blue
    (red_green, one), (yellow_blue, other) = _mean_and_variance(red - green), _mean_and_variance(twice)
    return math.sqrt(one + other / 4) + 0.3 * math.hypot(red_green, yellow_blue / 2)


def _mean_and_variance(values: NDArray[np.int16]) -> tuple[float, float]:
    """The mean and the variance of whole numbers.

    Sums of rows are exact enough in 32 bits. A scalar product of all of them would start threads that cost more.

    Parameters
    ----------
    values:
        A table of numbers of at most 11 bits.
    """
    rows = values.astype(np.float32)
    mean = float(np.einsum("ij->i", rows).sum(dtype=np.float64)) / rows.size
    square = float(np.einsum("ij,ij->i", rows, rows).sum(dtype=np.float64)) / rows.size
    return mean, max(0.0, square - mean * mean)
