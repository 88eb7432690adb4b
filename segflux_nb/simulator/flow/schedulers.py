"""Schedulers: from a number of steps to noise levels, 1 ≥ s₀ > s₁ > … > 0, as ComfyUI computes them for Flux.

A noise level of a rectified flow is the share of noise: x = s · noise + (1 − s) · picture. The field calls it sigma.

Sources: ComfyUI, comfy/samplers.py and comfy/k_diffusion/sampling.py, where the commits 2622c55a (2024-08-18) and
a125cd84 (2025-10-12) agree. The time shift is mu = 1.15, the default of Flux-dev. `karras` is equation 5 of Karras
et al. 2022 (arXiv:2206.00364).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Sigmas = NDArray[np.float64]

MU = 1.15
TABLE_SIZE = 10_000
"""Noise levels of the model that schedulers pick from."""


def shift(t: NDArray[np.float64] | float) -> Sigmas:
    """Flux's time shift f(t) = e^mu / (e^mu + 1/t − 1)."""
    shifted = math.exp(MU) / (math.exp(MU) + 1 / np.asarray(t, dtype=np.float64) - 1)
    return np.minimum(shifted, 1.0)  # at t = 1, rounding would go above it


_TABLE = shift(np.arange(1, TABLE_SIZE + 1) / TABLE_SIZE)
_LOWEST = float(_TABLE[0])


def simple(steps: int) -> Sigmas:
    """Entries of the table at even distances, from its end. The service's default."""
    apart = TABLE_SIZE / steps  # multiplied afterwards, as ComfyUI does: at 76 and 95 steps the order matters
    picked = [_TABLE[-(1 + int(index * apart))] for index in range(steps)]
    return np.array([*picked, 0.0])


def normal(steps: int) -> Sigmas:
    """Even times from 1 to the lowest level. The last step above 0 is nearly wasted."""
    return np.append(shift(np.linspace(1, _LOWEST, steps)), 0.0)


def sgm_uniform(steps: int) -> Sigmas:
    """`normal` with one more time, and that one dropped."""
    return np.append(shift(np.linspace(1, _LOWEST, steps + 1)[:-1]), 0.0)


def karras(steps: int) -> Sigmas:
    """Even steps in s^(1/7). It was made for other models, and leaves a flow's noisy part far too fast."""
    low, high = _LOWEST ** (1 / 7), 1.0
    ramp = np.linspace(0, 1, steps) if steps > 1 else np.zeros(1)
    return np.append((high + ramp * (low - high)) ** 7, 0.0)


def exponential(steps: int) -> Sigmas:
    """Even steps in ln s. It leaves the noisy part even faster than `karras`."""
    return np.append(np.exp(np.linspace(0.0, math.log(_LOWEST), steps)), 0.0)


def ddim_uniform(steps: int) -> Sigmas:
    """Entries of the table at even distances, from its start. It begins below 1, and often has one step more."""
    return np.append(_TABLE[1 :: max(TABLE_SIZE // steps, 1)][::-1], 0.0)


def beta(steps: int) -> Sigmas:
    """Quantiles of the beta distribution (0.6, 0.6), so that both ends have more steps."""
    from scipy.special import betaincinv  # slow to import, and rarely used

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
