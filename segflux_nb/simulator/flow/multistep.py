"""Samplers that step along a weighted sum of the last four slopes. They draw no noise.

Notation is that of `samplers`. Sources: ComfyUI, comfy/k_diffusion/sampling.py at commit a125cd84 (2025-10-12), and
the papers that the functions name. Since f41f323c (2025-07-04) the last step of all three is D. Before, it was a step
like the others, and extrapolated.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice, pairwise, zip_longest

from .samplers import Denoiser, Latent, NoiseStream, Sampler
from .schedulers import Sigmas


def lms(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """Linear multistep up to order 4: slopes weighted by the integrals of their Lagrange polynomials.

    This is Adams–Bashforth for uneven steps.
    """
    return _multistep(model, x, sigmas, _lms_weights(tuple(map(float, sigmas))))


Weights = tuple[tuple[float, ...], ...]
"""The factors of the slopes in each step, those of the newest slope first."""


def _multistep(model: Denoiser, x: Latent, sigmas: Sigmas, weights: Weights) -> Latent:
    """Steps along the weighted sum of the last slopes. The step to 0 is D.

    Parameters
    ----------
    model, x, sigmas:
        See `Sampler`.
    weights:
        Factors for each step.
    """
    slopes: deque[Latent] = deque(maxlen=4)
    for (s, s_next), factors in zip(pairwise(sigmas), weights, strict=True):
        denoised = model(x, s)
        if s_next == 0:
            return denoised
        slopes.appendleft((x - denoised) / s)
        moved = factors[0] * slopes[0]
        for factor, slope in zip(factors[1:], islice(slopes, 1, None), strict=True):
            moved += factor * slope
        x = x + moved
    return x


@lru_cache(maxsize=256)
def _lms_weights(levels: tuple[float, ...]) -> Weights:
    """The factors of `lms` for these noise levels."""
    nodes = [levels[max(0, i - 3) : i + 1][::-1] for i in range(len(levels) - 1)]
    return tuple(
        tuple(lagrange_integral(known, j, known[0], end) for j in range(len(known)))
        for known, end in zip(nodes, levels[1:], strict=True)
    )


def lagrange_integral(nodes: Sequence[float], j: int, start: float, end: float) -> float:
    """The integral of the polynomial that is 1 at one node and 0 at the others.

    Gauss's rule with two points is exact for it, because it is at most a cubic.

    Parameters
    ----------
    nodes:
        The nodes, at most four.
    j:
        Index of the node with value 1.
    start, end:
        Limits of the integral.
    """
    others = [node for k, node in enumerate(nodes) if k != j]
    middle, half = (start + end) / 2, (end - start) / 2
    points = (middle - half / math.sqrt(3), middle + half / math.sqrt(3))
    return half * sum(math.prod((point - node) / (nodes[j] - node) for node in others) for point in points)


ADAMS_BASHFORTH = ((1,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12), (55 / 24, -59 / 24, 37 / 24, -9 / 24))
"""Coefficients by order, the newest slope first."""


def ipndm(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """Adams–Bashforth of order 1, 2, 3, 4, 4, … with the coefficients of even steps.

    Source: Zhang and Chen 2023 (arXiv:2204.13902).
    """
    steps = [float(s_next - s) for s, s_next in pairwise(sigmas)]
    return _multistep(
        model,
        x,
        sigmas,
        tuple(tuple(h * factor for factor in ADAMS_BASHFORTH[min(i, 3)]) for i, h in enumerate(steps)),
    )


def ipndm_v(model: Denoiser, x: Latent, sigmas: Sigmas, noise: NoiseStream) -> Latent:
    """`ipndm` with coefficients for uneven steps, as ComfyUI computes them.

    Right coefficients would make it `lms`. ComfyUI's, which come from diff-sampler, are right for two slopes. For
    three they are right on even steps only, and for four on none. So it is another sampler than `lms`.
    """
    return _multistep(model, x, sigmas, _ipndm_v_weights(tuple(map(float, sigmas))))


@lru_cache(maxsize=256)
def _ipndm_v_weights(levels: tuple[float, ...]) -> Weights:
    """The factors of `ipndm_v` for these noise levels.

    The polynomial through the slopes d, d₁, d₂, d₃ is written in divided differences of Newton, and each of them gets
    the integral of its term over the step.
    """
    steps = [end - start for start, end in pairwise(levels)]
    weights = []
    for i, h in enumerate(steps):
        factors = [1.0, 0.0, 0.0, 0.0]
        if i >= 1:
            h1 = steps[i - 1]
            linear = h / h1 / 2
            factors = _added(factors, linear, (1.0, -1.0))
        if i >= 2:
            h2 = steps[i - 2]
            reach = h * (h + h1) / (h1 * (h1 + h2))
            # Right would be (1 - h / (3 (h + h1))) * reach / 2. On even steps it is the same.
            square = (1 - h / (3 * (h + h1)) * reach) / 2
            factors = _added(factors, square, (1.0, -1 - h1 / h2, h1 / h2))
        if i >= 3:
            h3 = steps[i - 3]
            reach = h * (h + h1) * (h + h1 + h2) / (h1 * (h1 + h2) * (h1 + h2 + h3))
            share = (1 - h / (3 * (h + h1))) / 2 + (1 - h / (2 * (h + h1))) * h / (6 * (h + h1 + h2))
            # On even steps this is 11/24, where Adams–Bashforth has 3/8.
            far = h1 * (h1 + h2) / (h2 * (h2 + h3))
            cubic = (1.0, -1 - h1 / h2 - far, h1 / h2 + far * (1 + h2 / h3), -far * h1 / h2)
            factors = _added(factors, share * reach, cubic)
        weights.append(tuple(h * factor for factor in factors[: i + 1]))
    return tuple(weights)


def _added(factors: Sequence[float], size: float, term: Sequence[float]) -> list[float]:
    """Factors plus a multiple of a term, which may be shorter.

    Parameters
    ----------
    factors:
        The factors.
    size:
        How often the term is added.
    term:
        The term.
    """
    return [factor + size * part for factor, part in zip_longest(factors, term, fillvalue=0.0)]


MULTISTEP: dict[str, Sampler] = {"lms": lms, "ipndm": ipndm, "ipndm_v": ipndm_v}
