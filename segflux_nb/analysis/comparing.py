"""Numbers about a picture that need others to compare it with. Pure.

================ ==================================================================================================
name             what it is
================ ==================================================================================================
difference       the mean CIE76 difference from a reference that the user names, of 64 × 64 places.
drift            the same from the picture at strength 0 that has all else in common: how far the fine-tune has moved
                 the picture from the base model.
drift_peak       the 97th percentile of the differences of places from the picture at strength 0. Style moves all
                 places a little; a subject moves few places much.
spread           the mean difference from the pictures of the other seeds. Low spread is collapse: the pictures of
                 all seeds look alike.
overcooking      max(0, S / S₀ - 1) + 5 max(0, C - C₀) + ½ max(0, 1 - V / V₀): what saturation S, clipping C and
                 spread V do against strength 0. 0 means not at all. S₀ counts as at least 5, V₀ as at least 1.
================ ==================================================================================================

Drift is what PEFT's image benchmark calls so, there measured with DINOv2 (huggingface/peft#3082). The formula of
overcooking is our own: its weights make one tenth of each of "a tenth more colour", "two per cent more clipped" and
"a fifth less spread".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .vectors import differences

PEAK = 97
"""The percentile of places that `drift_peak` is."""

CLIPPING_WEIGHT, SPREAD_WEIGHT = 5.0, 0.5
"""Weights of clipping and of the loss of spread in overcooking. That of saturation is 1."""

LEAST_SATURATION, LEAST_SPREAD = 5.0, 1.0
"""A base picture with less counts as one with this: a grey picture that gets a little colour is not burnt."""

Lab = NDArray[np.float32]
"""A picture as 64 × 64 area means in CIE L*a*b*."""


def drift(picture: Lab, base: Lab) -> tuple[float, float]:
    """How far a picture is from that of the base model: `drift` and `drift_peak`.

    Parameters
    ----------
    picture:
        The picture.
    base:
        The picture at strength 0.

    Example
    -------
    >>> base, picture = np.zeros((64, 64, 3), dtype=np.float32), np.zeros((64, 64, 3), dtype=np.float32)
    >>> picture[:8, :8, 0] = 50  # one place in 64: less than the 3 % that make the peak
    >>> drift(picture, base)
    (0.78125, 0.0)
    """
    apart = picture - base
    places = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart)).reshape(-1)
    # What np.percentile does, without sorting more than is asked for.
    whole, part = divmod(PEAK * (len(places) - 1), 100)
    below, above = np.partition(places, (whole, whole + 1))[whole : whole + 2].tolist()
    return float(places.mean(dtype=np.float64)), below + part / 100 * (above - below)


def spreads(pictures: Sequence[Lab]) -> list[float]:
    """The spread of each picture: its mean difference from the others.

    Parameters
    ----------
    pictures:
        The pictures of all seeds, two or more.

    Example
    -------
    >>> levels = [np.full((64, 64, 3), level, dtype=np.float32) * [1, 0, 0] for level in (0, 1, 5)]
    >>> spreads(levels)
    [3.0, 2.5, 4.5]
    """
    number = len(pictures)
    table = np.zeros((number, number))
    one, other = np.tril_indices(number, -1)
    table[one, other] = differences(np.stack([picture.reshape(-1) for picture in pictures]), one, other)
    table += table.T
    return [float(value) for value in table.sum(axis=1) / (number - 1)]


def overcooking(
    saturation: float,
    base_saturation: float,
    clipping: float,
    base_clipping: float,
    spread: float,
    base_spread: float,
) -> float:
    """How overcooked a picture is against the one at strength 0; see the formula above.

    Parameters
    ----------
    saturation, clipping, spread:
        Of the picture.
    base_saturation, base_clipping, base_spread:
        Of the picture at strength 0.

    Example
    -------
    >>> round(overcooking(33.0, 30.0, 0.03, 0.01, 16.0, 20.0), 3)
    0.3
    """
    colour = saturation / max(base_saturation, LEAST_SATURATION) - 1
    collapse = 1 - spread / max(base_spread, LEAST_SPREAD)
    return (
        max(0.0, colour) + CLIPPING_WEIGHT * max(0.0, clipping - base_clipping) + SPREAD_WEIGHT * max(0.0, collapse)
    )
