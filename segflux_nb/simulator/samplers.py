"""Samplers: each a short function over a denoiser, a start and noise levels that reads like its formula.

Notation: x a latent, s a noise level, D = model(x, s) the denoised latent, d = (x − D)/s the flow's slope.
Formulas: ComfyUI, comfy/k_diffusion/sampling.py at 2622c55a; `euler_ancestral` in its flow-correct form (d605677b).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Latent = NDArray[np.float64]
Denoiser = Callable[[Latent, float], Latent]
NoiseStream = Callable[[], Latent]
Sampler = Callable[[Denoiser, Latent, NDArray[np.float64], NoiseStream], Latent]


def euler(model: Denoiser, x: Latent, sigmas: NDArray[np.float64], noise: NoiseStream) -> Latent:
    """x += d · h: first order, the reference."""
    for s, s_next in pairwise(sigmas):
        x = x + (x - model(x, s)) / s * (s_next - s)
    return x


def heun(model: Denoiser, x: Latent, sigmas: NDArray[np.float64], noise: NoiseStream) -> Latent:
    """Euler's step as a guess, then the mean of the slopes at both ends; the last step is Euler's."""
    for s, s_next in pairwise(sigmas):
        d, h = (x - model(x, s)) / s, s_next - s
        guess = x + d * h
        x = x + (d + (guess - model(guess, s_next)) / s_next) / 2 * h if s_next else guess
    return x


def euler_ancestral(model: Denoiser, x: Latent, sigmas: NDArray[np.float64], noise: NoiseStream) -> Latent:
    """Euler to a lower level s_d, then fresh noise back up to s'; eta = 1, flow form."""
    for s, s_next in pairwise(sigmas):
        denoised = model(x, s)
        if s_next == 0:
            x = denoised
            continue
        s_d = s_next * (s_next / s)
        x = s_d / s * x + (1 - s_d / s) * denoised
        keep = (1 - s_next) / (1 - s_d)
        x = keep * x + noise() * math.sqrt(max(s_next**2 - (s_d * keep) ** 2, 0.0))
    return x


def dpmpp_2m(model: Denoiser, x: Latent, sigmas: NDArray[np.float64], noise: NoiseStream) -> Latent:
    """DPM-Solver++(2M): linear multistep on D in −ln s; the first and the last step are plain."""
    old: Latent | None = None
    h_last = 0.0
    for s, s_next in pairwise(sigmas):
        denoised = model(x, s)
        r = s_next / s
        if old is None or s_next == 0:
            x = r * x + (1 - r) * denoised
        else:
            h = math.log(s / s_next)
            q = h_last / h
            x = r * x + (1 - r) * ((1 + 1 / (2 * q)) * denoised - old / (2 * q))
        old, h_last = denoised, math.log(s / s_next) if s_next else 0.0
    return x


SAMPLERS: dict[str, Sampler] = {
    "euler": euler,
    "ddim": euler,  # differs from euler in inpainting only
    "euler_ancestral": euler_ancestral,
    "heun": heun,
    "dpmpp_2m": dpmpp_2m,
}
