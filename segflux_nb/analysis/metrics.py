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

from .differences import area_means, lab

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
    means = area_means(pixels)
    places = lab(means.astype(np.float32))
    luma = np.asarray(image.convert("L")).astype(np.int16)
    # Bytes wrap around: 253 to 255 become 0 to 2, and 0 to 2 become 3 to 5.
    clipped = int(np.count_nonzero((pixels + np.uint8(256 - BRIGHT)) < 256 - BRIGHT + DARK + 1))
    values = {
        "sharpness": _sharpness(luma),
        "saturation": float(np.hypot(places[..., 1], places[..., 2]).mean(dtype=np.float64)),
        "clipping": clipped / pixels.size,
        "contrast": math.sqrt(_variance(luma, float(luma.mean(dtype=np.float64)))) / 255,
        "colourfulness": _colourfulness(image, means.mean(axis=(0, 1))),
    }
    return Measured(values, places)


def _sharpness(levels: NDArray[np.int16]) -> float:
    """The variance of the Laplacian. A picture of fewer than three pixels a side has none."""
    if min(levels.shape) < 3:
        return 0.0
    laplacian = levels[1:-1, 1:-1] * np.int16(4)
    laplacian -= levels[:-2, 1:-1]
    laplacian -= levels[2:, 1:-1]
    laplacian -= levels[1:-1, :-2]
    laplacian -= levels[1:-1, 2:]
    return _variance(laplacian, float(laplacian.mean(dtype=np.float64)))


def _colourfulness(image: Image.Image, means: NDArray[np.float64]) -> float:
    """The formula of Hasler and Süsstrunk.

    Parameters
    ----------
    image:
        An RGB picture.
    means:
        The means of red, green and blue.
    """
    red, green, blue = (np.asarray(plane).astype(np.int16) for plane in image.split())
    twice = red + green  # yb is halved at the end, so that it is whole here
    twice -= blue
    twice -= blue
    red -= green
    red_green, yellow_blue = float(means[0] - means[1]), float(means[0] + means[1] - 2 * means[2])
    spread = math.sqrt(_variance(red, red_green) + _variance(twice, yellow_blue) / 4)
    return spread + 0.3 * math.hypot(red_green, yellow_blue / 2)


def _variance(values: NDArray[np.int16], mean: float) -> float:
    """The variance of whole numbers whose mean is known."""
    flat = values.reshape(-1).astype(np.float32)
    return max(0.0, float(np.dot(flat, flat)) / flat.size - mean * mean)
