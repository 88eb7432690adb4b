"""The data of the model: a Gaussian mixture in the space of latents, and how far a latent is from it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from .samplers import Latent
from .words import MEANINGS

COMPOSED = 64
"""Numbers of a latent that compose a picture. The others are meanings."""

MEANING = slice(COMPOSED, COMPOSED + len(MEANINGS))
"""Coordinates of the meanings, in the order of `MEANINGS`."""

SIZE = COMPOSED + len(MEANINGS)
"""Numbers of a latent."""

SPREAD = 0.55
"""Standard deviation of each Gaussian, unless an over-cooked fine-tune narrows it."""

OUTRIGHT = 3.5
"""Distance, in its coordinate, of a meaning that is said outright."""

SUBJECT = slice(50, 56)
"""Coordinates of the fine-tune's subject. The first is its presence, which is strongly negative in the base model."""

ABSENT = -3.2
"""Presence of the subject in the base model."""

PLACES: Mapping[str, Mapping[str, float]] = {
    "bay": {},
    "valley": {"forest": 0.4},
    "peak": {"mountains": 0.6, "calm": 0.3},
    "islands": {"mountains": -0.3},
    "cliffs": {"dramatic": 0.5, "calm": -0.3},
    "river plain": {"mountains": -0.6, "spring": 0.3},
    "winter": {"snow": 0.9},
    "night": {"night": 0.9, "stars": 0.7, "moon": 0.7},
    "storm": {"storm": 0.8, "clouds": 0.7, "calm": -0.5},
    "mist": {"mist": 0.8},
    "dunes": {"desert": 0.8},
    "lake": {"calm": 0.7, "autumn": 0.5},
}
"""The components of the mixture: a kind of place each, and what it means without a word."""

COMPONENTS = len(PLACES)
"""Gaussians of the mixture."""


def stream(*names: object) -> np.random.RandomState:
    """A random stream. It depends on the names alone."""
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode("utf-8", "surrogatepass")).digest()
    return np.random.RandomState(np.frombuffer(digest, dtype="<u4"))


def direction(*names: object) -> Latent:
    """A direction of unit length among the numbers that compose. It depends on the names alone."""
    vector = stream("direction", *names).standard_normal(COMPOSED)
    return np.append(vector / np.linalg.norm(vector), np.zeros(len(MEANINGS)))


def towards_meaning(meaning: Mapping[str, float]) -> Latent:
    """How far a meaning moves a latent. It touches only the coordinates of meanings."""
    moved = np.zeros(SIZE)
    moved[MEANING] = [OUTRIGHT * meaning.get(name, 0.0) for name in MEANINGS]
    return moved


def base_means() -> NDArray[np.float64]:
    """Means of the mixture without a prompt: a row for each of `PLACES`."""
    means = np.stack([towards_meaning(meaning) for meaning in PLACES.values()])
    means[:, :COMPOSED] = stream("means").standard_normal((COMPONENTS, COMPOSED)) * 1.1
    means[:, SUBJECT] = [ABSENT, 0, 0, 0, 0, 0]
    return means


def ideal(means: NDArray[np.float64], spread: float, x: Latent, s: float) -> Latent:
    """E[z₀ | x_s = x]: the mean of each Gaussian given x, weighted by its posterior probability.

    Parameters
    ----------
    means:
        Means of the mixture, a row each.
    spread:
        Standard deviation of each Gaussian.
    x:
        A latent with noise.
    s:
        Its noise level.
    """
    keep = 1 - s
    variance = keep**2 * spread**2 + s**2
    off = x - keep * means
    log_weights = -0.5 * (off**2).sum(axis=1) / variance
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    return np.asarray(weights @ (means + keep * spread**2 / variance * off))


def nearest(latent: Latent, means: NDArray[np.float64]) -> int:
    """Index of the component whose mean is nearest to a latent.

    Parameters
    ----------
    latent:
        The latent.
    means:
        Means of the mixture, a row each.
    """
    return int(((latent - means) ** 2).sum(axis=1).argmin())


def deviation(latent: Latent, means: NDArray[np.float64], spread: float = SPREAD) -> float:
    """How far a latent is from the data, q: its deviation from the nearest mean, divided by the data's own.

    q = |z − mu| / (spread √n) for a latent of n numbers. It is about 1 for a latent of the data, less for one
    that a sampler left too near to the mean or between the means (too few steps), and more for one with noise left or
    overshot.

    Parameters
    ----------
    latent:
        The latent.
    means:
        Means of the mixture, a row each.
    spread:
        Standard deviation of each Gaussian.
    """
    centre, mean = means.mean(axis=0), means[nearest(latent, means)]
    across = _across(means - centre)
    off, away = latent - mean, latent - centre
    # An average of means, as after one step, is no noise: it is the softest of all. What counts is how far it is from
    # the space that the means span.
    apart = float(np.sqrt(((across @ off) ** 2).mean()))
    if apart > 2 * spread and np.linalg.norm(across @ away) < np.linalg.norm(mean - centre):
        outside = away - across.T @ (across @ away)
        beside = float(np.sqrt((outside**2).sum() / (outside.size - len(across))) / spread)
        if beside < NO_NOISE:
            return beside
    return float(np.sqrt((off**2).mean()) / spread)


NO_NOISE = 0.6
"""An average of means is at most this far from their space. Guidance that leads away is farther."""


def _across(apart: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions of unit length that span the means, in rows.

    Parameters
    ----------
    apart:
        The means, less their middle.
    """
    _, sizes, rows = np.linalg.svd(apart, full_matrices=False)
    return np.asarray(rows[sizes > 1e-9 * max(sizes[0], 1e-12)])
