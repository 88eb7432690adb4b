"""Schedulers: from a number of steps to noise levels, 1 ≥ s₀ > s₁ > … > 0, as ComfyUI computes them for Flux.

A sigma of a rectified flow is the share of noise: x = sigma · noise + (1 − sigma) · picture. Formulas: ComfyUI at
commit 2622c55a, comfy/samplers.py and k_diffusion/sampling.py; the time shift is mu = 1.15, Flux-dev's default.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Sigmas = NDArray[np.float64]

MU = 1.15
TABLE_SIZE = 10_000


def shift(t: NDArray[np.float64] | float) -> Sigmas:
    """Flux's time shift f(t) = e^mu / (e^mu + 1/t − 1)."""
    return np.asarray(math.exp(MU) / (math.exp(MU) + 1 / np.asarray(t, dtype=np.float64) - 1))


_TABLE = shift(np.arange(1, TABLE_SIZE + 1) / TABLE_SIZE)
_LOWEST = float(_TABLE[0])


def simple(steps: int) -> Sigmas:
    """Every so many entries of the table, from its end: the service's default."""
    picked = [_TABLE[-(1 + int(index * TABLE_SIZE / steps))] for index in range(steps)]
    return np.array([*picked, 0.0])


def normal(steps: int) -> Sigmas:
    """Even times from 1 to the lowest sigma; the last real step is nearly wasted."""
    return np.append(shift(np.linspace(1, _LOWEST, steps)), 0.0)


def sgm_uniform(steps: int) -> Sigmas:
    """`normal` with one time more, and that one dropped."""
    return np.append(shift(np.linspace(1, _LOWEST, steps + 1)[:-1]), 0.0)


def karras(steps: int) -> Sigmas:
    """Even steps in sigma^(1/7): made for other models; it leaves a flow's noisy part far too fast."""
    low, high = _LOWEST ** (1 / 7), 1.0
    ramp = np.linspace(0, 1, steps) if steps > 1 else np.zeros(1)
    return np.append((high + ramp * (low - high)) ** 7, 0.0)


def exponential(steps: int) -> Sigmas:
    """Even steps in the logarithm of sigma: as `karras`, and worse."""
    return np.append(np.exp(np.linspace(0.0, math.log(_LOWEST), steps)), 0.0)


def ddim_uniform(steps: int) -> Sigmas:
    """Every so many entries of the table, from its start: begins below 1, and often has a step more."""
    return np.append(_TABLE[1 :: max(TABLE_SIZE // steps, 1)][::-1], 0.0)


def beta(steps: int) -> Sigmas:
    """Quantiles of a beta distribution (0.6, 0.6): more steps at both ends."""
    from scipy.special import betaincinv  # takes long to load, and few need it

    times = betaincinv(0.6, 0.6, 1 - np.linspace(0, 1, steps, endpoint=False))
    return np.append(_TABLE[np.rint(times * (TABLE_SIZE - 1)).astype(int)], 0.0)


SCHEDULERS: dict[str, Callable[[int], Sigmas]] = {
    "normal": normal,
    "karras": karras,
    "exponential": exponential,
    "sgm_uniform": sgm_uniform,
    "simple": simple,
    "ddim_uniform": ddim_uniform,
    "beta": beta,
}
