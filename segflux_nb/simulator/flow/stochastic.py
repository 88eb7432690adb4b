"""Samplers that draw noise on the way, in forms that are right for a flow.

`euler_ancestral`, `dpm_2_ancestral`, `dpmpp_2s_ancestral` and `lcm` have forms of their own. The others were written
for models that add noise to a picture z: y = z + σ · noise. A flow's latent x = (1 − s) · z + s · noise becomes such
a y by y = x/(1 − s), σ = s/(1 − s). So these samplers run on y. Their first level is a little below 1, because at 1
nothing of z is left. Notation is that of `samplers`; D = model(y, σ), and eta is 1.

Sources: ComfyUI at commit a125cd84 (2025-10-12). Its forms for flows are from 2622c55a (2024-08-18,
`dpmpp_2s_ancestral`), d605677b (2024-10-25, `euler_ancestral`), 8e4118c0 (2024-12-01, `dpm_2_ancestral`), 8e81c507
(2025-06-17, `dpmpp_2m_sde`, `dpmpp_3m_sde`) and 8042eb20 (2025-06-25, `dpmpp_sde`). Before, these left 2 to 5 times
the data's variance as noise. `ddpm` and `euler_ancestral_pp` are in no ComfyUI in this form; their docstrings say
how they differ. `lcm` is the same in all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import wraps
from itertools import pairwise

from .samplers import Denoiser, Latent, NoiseStream, Sampler, guided_slope, midpoint_step
from .schedulers import Sigmas, shift

HIGHEST = float(shift(0.9999))
"""The highest noise level of samplers that run on added noise, as in ComfyUI."""

NEXT_TO_ONE = 0.9999
"""Where `dpmpp_2s_ancestral` makes the second evaluation of a step from 1, as in ComfyUI."""

AddedNoiseDenoiser = Callable[[Latent, float], Latent]
"""D = model(y, σ)."""

AddedNoiseSampler = Callable[[AddedNoiseDenoiser, Latent, list[float], NoiseStream], Latent]
"""Parameters are those of `Sampler`, for y and σ instead of x and s."""


def on_added_noise(sampler: AddedNoiseSampler) -> Sampler:
    """Makes a sampler for models that add noise run on a flow."""

    @wraps(sampler)
    def on_flow(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
        levels = [min(float(s), HIGHEST) for s in sigmas]

        def denoise(y: Latent, sigma: float) -> Latent:
            s = sigma / (1 + sigma)
            return model(y * (1 - s), s)

        return sampler(denoise, x / (1 - levels[0]), [s / (1 - s) for s in levels], noise)

    return on_flow


def _ancestral(sigma: float, sigma_next: float) -> tuple[float, float]:
    """The level to go down to without noise, and the noise to add to be at the next level.

    Parameters
    ----------
    sigma:
        The level at the start of the step.
    sigma_next:
        The level after it.
    """
    down = sigma_next**2 / sigma
    return down, math.sqrt(max(sigma_next**2 - down**2, 0.0))


def _renoised(x: Latent, s_down: float, s_next: float, noise: NoiseStream) -> Latent:
    """From a lower level of a flow back up, with fresh noise.

    Parameters
    ----------
    x:
        The latent at the lower level.
    s_down:
        The lower level.
    s_next:
        The level to reach.
    noise:
        Draws the noise.
    """
    keep = (1 - s_next) / (1 - s_down)
    return keep * x + noise() * math.sqrt(max(s_next**2 - (s_down * keep) ** 2, 0.0))


def euler_ancestral(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """Euler to the lower level s'²/s, then fresh noise back up to s'. The form for flows, with eta = 1."""
    for s, s_next in pairwise(sigmas):
        denoised = model(x, s)
        down = s_next * s_next / s
        x = down / s * x + (1 - down / s) * denoised
        x = _renoised(x, down, s_next, noise) if s_next else x
    return x


def euler_ancestral_pp(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """`euler_ancestral` with the slope of doubled guidance.

    ComfyUI had it until 69d710e4 (2024-06-25), with noise of a size that is wrong for a flow.
    """
    for s, s_next in pairwise(sigmas):
        down = s_next * s_next / s
        x = x + guided_slope(model, x, s) * (down - s)
        x = _renoised(x, down, s_next, noise) if s_next else x
    return x


def dpm_2_ancestral(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """A step of `dpm_2` to a lower level, then fresh noise back up."""
    for s, s_next in pairwise(sigmas):
        down = s_next * s_next / s
        x = midpoint_step(model, x, s, down)
        x = _renoised(x, down, s_next, noise) if s_next else x
    return x


def lcm(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """x = D, then fresh noise up to the next level.

    Source: Luo et al. 2023 (arXiv:2310.04378).
    """
    for s, s_next in pairwise(sigmas):
        x = model(x, s)
        x = s_next * noise() + (1 - s_next) * x if s_next else x
    return x


def dpmpp_2s_ancestral(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """DPM-Solver++(2S) to the lower level s'²/s, then fresh noise. The last step is D.

    The second evaluation is in the middle in ln((1 − s)/s), or at 0.9999 where s is 1 and there is no middle.
    Source: Lu et al. 2022 (arXiv:2211.01095), algorithm 1.
    """
    for s, s_next in pairwise(sigmas):
        denoised = model(x, s)
        if s_next == 0:
            return denoised
        down = s_next * s_next / s
        middle = 1 / (1 + math.sqrt((1 / s - 1) * (1 / down - 1))) if s < 1 else NEXT_TO_ONE
        denoised = model(middle / s * x + (1 - middle / s) * denoised, middle)
        x = _renoised(down / s * x + (1 - down / s) * denoised, down, s_next, noise)
    return x


@on_added_noise
def dpmpp_sde(model: AddedNoiseDenoiser, x: Latent, sigmas: list[float], noise: NoiseStream) -> Latent:
    """DPM-Solver++ for the SDE, with the second evaluation in the middle. The last step is Euler's.

    The noise to the middle and the noise to the end belong to one Brownian path, whose time is s, as in ComfyUI.
    Source: k-diffusion, on Lu et al. 2022 (arXiv:2211.01095).
    """
    for sigma, sigma_next in pairwise(sigmas):
        denoised = model(x, sigma)
        if sigma_next == 0:
            x = denoised
            continue
        middle = math.sqrt(sigma * sigma_next)
        first, second = noise(), noise()
        down, up = _ancestral(sigma, middle)
        there = down / sigma * x + (1 - down / sigma) * denoised + first * up
        denoised = model(there, middle)
        down, up = _ancestral(sigma, sigma_next)
        s, s_middle, s_next = (each / (1 + each) for each in (sigma, middle, sigma_next))
        path = math.sqrt(s - s_middle) * first + math.sqrt(s_middle - s_next) * second
        x = down / sigma * x + (1 - down / sigma) * denoised
        x = x + path / math.sqrt(s - s_next) * up
    return x


@on_added_noise
def dpmpp_2m_sde(model: AddedNoiseDenoiser, x: Latent, sigmas: list[float], noise: NoiseStream) -> Latent:
    """DPM-Solver++(2M) for the SDE, midpoint form. Source: Lu et al. 2022 (arXiv:2211.01095)."""
    old: Latent | None = None
    h_last = 0.0
    for sigma, sigma_next in pairwise(sigmas):
        denoised = model(x, sigma)
        if sigma_next == 0:
            return denoised
        h = math.log(sigma / sigma_next)
        x = sigma_next / sigma * math.exp(-h) * x - math.expm1(-2 * h) * denoised
        if old is not None:
            x = x - 0.5 * math.expm1(-2 * h) * (h / h_last) * (denoised - old)
        x = x + noise() * sigma_next * math.sqrt(-math.expm1(-2 * h))
        old, h_last = denoised, h
    return x


@on_added_noise
def dpmpp_3m_sde(model: AddedNoiseDenoiser, x: Latent, sigmas: list[float], noise: NoiseStream) -> Latent:
    """DPM-Solver++(3M) for the SDE: third order, from the last three D. Source: k-diffusion."""
    known: list[tuple[float, Latent]] = []  # earlier steps and their D, the latest last
    for sigma, sigma_next in pairwise(sigmas):
        denoised = model(x, sigma)
        if sigma_next == 0:
            return denoised
        h = math.log(sigma / sigma_next)
        x = math.exp(-2 * h) * x - math.expm1(-2 * h) * denoised
        phi_2 = math.expm1(-2 * h) / (2 * h) + 1
        if len(known) >= 2:
            (h_2, d_2), (h_1, d_1) = known[-2:]
            r0, r1 = h_1 / h, h_2 / h
            near, far = (denoised - d_1) / r0, (d_1 - d_2) / r1
            x = x + phi_2 * (near + (near - far) * r0 / (r0 + r1))
            x = x - (phi_2 / (2 * h) - 0.5) * (near - far) / (r0 + r1)
        elif known:
            h_1, d_1 = known[-1]
            x = x + phi_2 * (denoised - d_1) / (h_1 / h)
        x = x + noise() * sigma_next * math.sqrt(-math.expm1(-2 * h))
        known.append((h, denoised))
    return x


@on_added_noise
def ddpm(model: AddedNoiseDenoiser, x: Latent, sigmas: list[float], noise: NoiseStream) -> Latent:
    """The ancestral sampler of DDPM, with ᾱ = 1/(σ² + 1). Source: Ho et al. 2020 (arXiv:2006.11239).

    This is right for a flow. ComfyUI's is not, in any version: it takes s for σ, and leaves noise.
    """
    for sigma, sigma_next in pairwise(sigmas):
        slope = (x - model(x, sigma)) / sigma
        kept, kept_next = 1 / (sigma**2 + 1), 1 / (sigma_next**2 + 1)
        alpha = kept / kept_next
        x = (x * math.sqrt(kept) - (1 - alpha) * slope / math.sqrt(1 - kept)) / math.sqrt(alpha)
        if sigma_next:
            x = x + noise() * math.sqrt((1 - alpha) * (1 - kept_next) / (1 - kept))
            x = x / math.sqrt(kept_next)
    return x


STOCHASTIC: dict[str, Sampler] = {
    "euler_ancestral": euler_ancestral,
    "euler_ancestral_pp": euler_ancestral_pp,
    "dpm_2_ancestral": dpm_2_ancestral,
    "dpmpp_2s_ancestral": dpmpp_2s_ancestral,
    "dpmpp_sde": dpmpp_sde,
    "dpmpp_sde_gpu": dpmpp_sde,
    "dpmpp_2m_sde": dpmpp_2m_sde,
    "dpmpp_2m_sde_gpu": dpmpp_2m_sde,
    "dpmpp_3m_sde": dpmpp_3m_sde,
    "dpmpp_3m_sde_gpu": dpmpp_3m_sde,
    "ddpm": ddpm,
    "lcm": lcm,
}
"""`*_gpu` are the same methods. Their noise is another; see `generate.latent`."""
