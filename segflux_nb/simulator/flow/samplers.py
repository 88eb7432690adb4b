"""Samplers that draw no noise. Each is a short function that reads like its formula; `Sampler` has the parameters.

Notation: x is a latent, s a noise level, D = model(x, s) the denoised latent, d = (x − D)/s the slope of the flow,
h the step in s.

Sources: ComfyUI, comfy/k_diffusion/sampling.py at commit a125cd84 (2025-10-12), and the papers that the functions
name. They are the same at 2622c55a (2024-08-18). `euler_pp` is from 69d710e4 (2024-06-25); ComfyUI renamed it four
days later. ``docs/simulator.md`` has a table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .schedulers import Sigmas

Latent = NDArray[np.float64]
NoiseStream = Callable[[], Latent]
"""Draws fresh standard normal noise of the size of a latent."""


class Denoiser(Protocol):
    """Predicts the picture from a latent with noise."""

    def __call__(self, x: Latent, s: float, /) -> Latent:
        """The prediction with the prompt.

        Parameters
        ----------
        x:
            A latent with noise.
        s:
            Its noise level.
        """
        ...

    def unconditional(self, x: Latent, s: float, /) -> Latent:
        """The prediction without the prompt.

        Parameters
        ----------
        x:
            A latent with noise.
        s:
            Its noise level.
        """
        ...


class Sampler(Protocol):
    """Goes from noise to a picture."""

    def __call__(self, model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream, /) -> Latent:
        """The latent of the picture.

        Parameters
        ----------
        model:
            The denoiser.
        x:
            Where to start: noise of the first level.
        sigmas:
            Noise levels in falling order. The last is 0.
        noise:
            Draws noise on the way, for samplers that need it.
        """
        ...


def euler(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """x += d · h. First order; the reference."""
    for s, s_next in pairwise(sigmas):
        x = x + (x - model(x, s)) / s * (s_next - s)
    return x


def euler_pp(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """Euler with the slope (x − 2D + U)/s, where U is D without the prompt. It doubles the guidance."""
    for s, s_next in pairwise(sigmas):
        x = x + guided_slope(model, x, s) * (s_next - s)
    return x


def guided_slope(model: Denoiser, x: Latent, s: float) -> Latent:
    """The slope of the `*_pp` samplers.

    Parameters
    ----------
    model:
        The denoiser.
    x:
        The latent.
    s:
        Its noise level.
    """
    return (x - 2 * model(x, s) + model.unconditional(x, s)) / s


def heun(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """Euler's step as a guess, then the mean of the slopes at both ends. The last step is Euler's.

    Source: Karras et al. 2022 (arXiv:2206.00364), algorithm 1.
    """
    for s, s_next in pairwise(sigmas):
        d, h = (x - model(x, s)) / s, s_next - s
        guess = x + d * h
        x = x + (d + (guess - model(guess, s_next)) / s_next) / 2 * h if s_next else guess
    return x


def heunpp2(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """Heun over two steps ahead: three slopes, weighted by their levels. Near the end two, and then Euler's step."""
    for i, (s, s_next) in enumerate(pairwise(sigmas)):
        d, h = (x - model(x, s)) / s, s_next - s
        ahead = [float(level) for level in sigmas[i + 1 : i + 3] if level]
        slopes, point = [d], x
        for before, level in pairwise([s, *ahead]):
            point = point + slopes[-1] * (level - before)
            slopes.append((point - model(point, level)) / level)
        weights = [level / ((len(ahead) + 1) * sigmas[0]) for level in ahead]
        x = x + h * ((1 - sum(weights)) * d + sum(w * slope for w, slope in zip(weights, slopes[1:], strict=True)))
    return x


def dpm_2(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """The slope at the geometric midpoint of the step. The last step is Euler's.

    Source: DPM-Solver-2 of Lu et al. 2022 (arXiv:2206.00927), in the form of k-diffusion.
    """
    for s, s_next in pairwise(sigmas):
        x = midpoint_step(model, x, s, s_next)
    return x


def midpoint_step(model: Denoiser, x: Latent, s: float, s_next: float) -> Latent:
    """One step of `dpm_2`.

    Parameters
    ----------
    model:
        The denoiser.
    x:
        The latent.
    s:
        Its noise level.
    s_next:
        The level after the step.
    """
    d = (x - model(x, s)) / s
    if s_next == 0:
        return x + d * (s_next - s)
    middle = math.sqrt(s * s_next)
    there = x + d * (middle - s)
    return x + (there - model(there, middle)) / middle * (s_next - s)


def dpm_fast(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """DPM-Solver of order 3, then of the order that is left, in even steps of t = −ln s.

    It uses only the number of levels and both ends. It stops at the last level above 0, so some noise stays.
    Source: Lu et al. 2022 (arXiv:2206.00927).
    """
    number = len(sigmas) - 1
    blocks = number // 3 + 1
    orders = [3] * (blocks - 2) + [2, 1] if number % 3 == 0 else [3] * (blocks - 1) + [number % 3]
    times = np.linspace(-math.log(sigmas[0]), -math.log(sigmas[-2]), blocks + 1)
    for order, (t, t_next) in zip(orders, pairwise(times), strict=True):
        x = solver_step(_Slopes(model, x, t), t_next, order)
    return x


ADAPTIVE_TRIES = 200
"""`dpm_adaptive` gives up after this number of steps, accepted or not."""

RTOL, ATOL, FIRST_STEP, SAFETY = 0.05, 0.0078, 0.05, 0.81
"""Its tolerances, first step and threshold, as in k-diffusion."""


def dpm_adaptive(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """DPM-Solver-23: the difference between orders 2 and 3 controls the step. It ignores the number of steps.

    It makes at most `ADAPTIVE_TRIES` steps of three evaluations each.
    Source: Lu et al. 2022 (arXiv:2206.00927).
    """
    t, end, h = -math.log(sigmas[0]), -math.log(sigmas[-2]), FIRST_STEP
    before = x
    for _ in range(ADAPTIVE_TRIES):
        if t >= end - 1e-5:
            break
        t_next = min(end, t + h)
        slopes = _Slopes(model, x, t)
        low, high = solver_step(slopes, t_next, 2, 1 / 3), solver_step(slopes, t_next, 3)
        allowed = np.maximum(ATOL, RTOL * np.maximum(np.abs(low), np.abs(before)))
        error = math.sqrt(float(np.mean(((low - high) / allowed) ** 2)))
        factor = 1 + math.atan((1 / (error + 1e-8)) ** (1 / 3) - 1)
        if factor >= SAFETY:
            before, x, t = low, high, t_next
        h *= factor
    return x


class _Slopes:
    """The slopes that a step of a DPM-Solver needs. Each is computed once.

    Parameters
    ----------
    model:
        The denoiser.
    x:
        The latent at the start of the step.
    t:
        −ln s at the start of the step.
    """

    def __init__(self, model: Denoiser, x: Latent, t: float) -> None:
        self.x, self.t, self._model = x, t, model
        self._known: dict[float, Latent] = {}

    def at(self, t: float, x: Latent) -> Latent:
        if t not in self._known:
            s = math.exp(-t)
            self._known[t] = (x - self._model(x, s)) / s
        return self._known[t]


def solver_step(slopes: _Slopes, t_next: float, order: int, r1: float | None = None) -> Latent:
    """A step of DPM-Solver-1, -2 or -3 in t = −ln s.

    Parameters
    ----------
    slopes:
        Where the step starts.
    t_next:
        −ln s after the step.
    order:
        1, 2 or 3.
    r1:
        Where the second evaluation is, as a share of the step. None takes 1/2 for order 2 and 1/3 for order 3.
    """
    x, t = slopes.x, slopes.t
    h = t_next - t
    s_next = math.exp(-t_next)
    e = slopes.at(t, x)
    first = x - s_next * math.expm1(h) * e
    if order == 1 or h == 0:
        return first
    r1 = r1 or (1 / 2 if order == 2 else 1 / 3)
    t1 = t + r1 * h
    e1 = slopes.at(t1, x - math.exp(-t1) * math.expm1(r1 * h) * e)
    if order == 2:
        return first - s_next / (2 * r1) * math.expm1(h) * (e1 - e)
    r2 = 2 / 3
    t2 = t + r2 * h
    bend = math.exp(-t2) * (r2 / r1) * (math.expm1(r2 * h) / (r2 * h) - 1)
    e2 = slopes.at(t2, x - math.exp(-t2) * math.expm1(r2 * h) * e - bend * (e1 - e))
    return first - s_next / r2 * (math.expm1(h) / h - 1) * (e2 - e)


def dpmpp_2m(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """DPM-Solver++(2M): linear multistep on D in −ln s. The first and the last step are of order 1.

    Source: Lu et al. 2022 (arXiv:2211.01095), algorithm 2.
    """
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


UNI_PC_END = 0.001
"""UniPC stops at this level, as ComfyUI's does."""


def _uni_pc(model: Denoiser, x: Latent, sigmas: Sigmas, b_of: Callable[[float], float]) -> Latent:
    """UniPC up to order 3: predict D, step, and correct the step with the D that was found there (α = 1, σ = s).

    With one step, ComfyUI computes one D and does not use it: it returns the noise, scaled as for a model that keeps
    the variance. This does the same. Source: Zhao et al. 2023 (arXiv:2302.04867).

    Parameters
    ----------
    model, x, sigmas:
        See `Sampler`.
    b_of:
        The function B(h) of the paper.
    """
    levels = [*map(float, sigmas[:-1]), UNI_PC_END]
    steps = len(levels) - 1
    known: list[tuple[float, Latent]] = [(levels[0], model(x, levels[0]))]
    if steps == 1:
        return x / math.sqrt(1 + levels[0] ** 2)
    for step in range(1, steps + 1):
        order = min(3, step, steps + 1 - step)
        (s, denoised), s_next = known[-1], levels[step]
        h = math.log(s / s_next)
        ratios = [math.log(s / past) / h for past, _ in known[-order:-1][::-1]]
        changes = [(past_d - denoised) / r for r, (_, past_d) in zip(ratios, known[-order:-1][::-1], strict=True)]
        matrix, right = _uni_pc_system([*ratios, 1.0], -h, b_of(-h))
        plain = s_next / s * x - math.expm1(-h) * denoised
        guess = plain
        if order > 1:
            guide = np.array([0.5]) if order == 2 else np.linalg.solve(matrix[:-1, :-1], right[:-1])
            guess = plain - b_of(-h) * sum(g * change for g, change in zip(guide, changes, strict=True))
        if step == steps:
            return guess
        there = model(guess, s_next)
        weights = np.array([0.5]) if order == 1 else np.linalg.solve(matrix, right)
        terms = [*changes, there - denoised]
        x = plain - b_of(-h) * sum(w * term for w, term in zip(weights, terms, strict=True))
        known.append((s_next, there))
    return x


def _uni_pc_system(ratios: Sequence[float], hh: float, b: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The linear system whose solution makes the step exact for polynomials.

    Parameters
    ----------
    ratios:
        Distances of the known points in −ln s, divided by the step.
    hh:
        The step in −ln s, negative.
    b:
        B(hh).
    """
    order = len(ratios)
    matrix = np.array([[r**power for r in ratios] for power in range(order)])
    right, phi, factorial = [], math.expm1(hh) / hh - 1, 1.0
    for i in range(1, order + 1):
        right.append(phi * factorial / b)
        factorial *= i + 1
        phi = phi / hh - 1 / factorial
    return matrix, np.array(right)


def uni_pc(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """UniPC with B(h) = h."""
    return _uni_pc(model, x, sigmas, lambda hh: hh)


def uni_pc_bh2(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """UniPC with B(h) = e^h − 1."""
    return _uni_pc(model, x, sigmas, math.expm1)


DETERMINISTIC: dict[str, Sampler] = {
    "euler": euler,
    "ddim": euler,  # differs from euler only in inpainting
    "euler_pp": euler_pp,
    "heun": heun,
    "heunpp2": heunpp2,
    "dpm_2": dpm_2,
    "dpm_fast": dpm_fast,
    "dpm_adaptive": dpm_adaptive,
    "dpmpp_2m": dpmpp_2m,
    "uni_pc": uni_pc,
    "uni_pc_bh2": uni_pc_bh2,
}
