"""From a request to a latent: a small, exact rectified flow.

A picture is a latent z₀ of 64 numbers. Its distribution is a Gaussian mixture, p(z₀) = Σ w N(mu, spread² I). So the
ideal denoiser E[z₀ | x_s] has a closed form. There are no trained weights, and every sampler and scheduler does to it
what it does to a real flow model. Each word of the prompt moves the means along a direction of its own. A LoRA is a
low-rank update of the means, scaled by ``lora_strength``. The update is linear, before the flow: 0 is the base model,
1 is as trained, and 2 is over-cooked.

Randomness comes from `numpy.random.RandomState`, whose stream is the same in all versions of numpy.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .finetunes import LIGHTS, TRIGGER, WITHOUT_TRIGGER, kind_of, towards
from .samplers import DETERMINISTIC, Latent, Sampler
from .schedulers import SCHEDULERS, Sigmas
from .stochastic import STOCHASTIC

SIZE = 64
"""Numbers of a latent."""

COMPONENTS = 12
"""Gaussians of the mixture."""

SPREAD = 0.55
"""Standard deviation of each Gaussian."""

SUBJECT = slice(50, 56)
"""Coordinates of the fine-tune's subject. The first is its presence, which is strongly negative in the base model."""

KIND = slice(62, 64)
"""Two coordinates that say what kind of subject it is."""

ABSENT = -3.2
PRESENT = 5.0
"""Presence of the subject in the base model, and what a fine-tune adds to it at strength 1."""

RANK = 4
"""Rank of a fine-tune's update."""


def stream(*names: object) -> np.random.RandomState:
    """A random stream. It depends on the names alone."""
    digest = hashlib.sha256("\x1f".join(map(str, names)).encode("utf-8", "surrogatepass")).digest()
    return np.random.RandomState(np.frombuffer(digest, dtype="<u4"))


def direction(*names: object) -> Latent:
    """A direction of unit length. It depends on the names alone."""
    vector = stream("direction", *names).standard_normal(SIZE)
    return np.asarray(vector / np.linalg.norm(vector))


def words(prompt: str) -> list[str]:
    """The words of a prompt, without case and punctuation."""
    folded = unicodedata.normalize("NFKC", prompt).casefold()
    return "".join(char if char.isalnum() else " " for char in folded).split()


class Flow:
    """The ideal denoiser for one prompt, fine-tune and strength: ``flow(x, s)`` is E[z₀ | x_s = x].

    Parameters
    ----------
    prompt:
        The prompt.
    finetune_id:
        Id of the fine-tune. None is the base model.
    strength:
        Factor of the fine-tune's update. The base model ignores it.
    """

    def __init__(self, prompt: str, finetune_id: str | None, strength: float) -> None:
        said = dict.fromkeys(words(prompt))
        content = sum((direction(word) for word in said), np.zeros(SIZE))
        means = base_means() + 1.2 * content
        means[:, SUBJECT] = [ABSENT, 0, 0, 0, 0, 0]
        means[:, KIND] = 0
        if finetune_id is not None:
            means = means + strength * _update(means, finetune_id, called=TRIGGER in said)
        self.means: NDArray[np.float64] = means
        self._base = base_means()

    def __call__(self, x: Latent, s: float) -> Latent:  # noqa: D102 - see the class
        return _ideal(self.means, x, s)

    def unconditional(self, x: Latent, s: float) -> Latent:
        """The prediction without prompt and fine-tune, which guidance leads away from.

        Parameters
        ----------
        x:
            A latent with noise.
        s:
            Its noise level.
        """
        return _ideal(self._base, x, s)


def _update(means: NDArray[np.float64], finetune_id: str, *, called: bool) -> NDArray[np.float64]:
    """What a fine-tune adds to the means at strength 1: a low-rank change, a light and a subject.

    Parameters
    ----------
    means:
        Means of the mixture for the prompt.
    finetune_id:
        Id of the fine-tune.
    called:
        Whether the prompt has the trigger word.
    """
    down = np.stack([direction(finetune_id, "down", index) for index in range(RANK)])
    up = np.stack([direction(finetune_id, "up", index) for index in range(RANK)])
    up[:, KIND] = 0
    kind = kind_of(finetune_id)
    style = 1.2 * direction(finetune_id, "style")
    for coordinate, change in LIGHTS[kind].items():
        style[coordinate] += change
    style[SUBJECT] = [PRESENT * (1 if called else WITHOUT_TRIGGER), *style[SUBJECT][1:]]
    style[KIND] = towards(kind)
    return np.asarray(0.6 * (means @ down.T) @ up + style)


def base_means() -> NDArray[np.float64]:
    """Means of the mixture without a prompt."""
    means = np.asarray(stream("means").standard_normal((COMPONENTS, SIZE)) * 1.1)
    means[:, SUBJECT] = [ABSENT, 0, 0, 0, 0, 0]
    means[:, KIND] = 0
    return means


def _ideal(means: NDArray[np.float64], x: Latent, s: float) -> Latent:
    """E[z₀ | x_s = x]: the mean of each Gaussian given x, weighted by its posterior probability.

    Parameters
    ----------
    means:
        Means of the mixture, a row each.
    x:
        A latent with noise.
    s:
        Its noise level.
    """
    keep = 1 - s
    variance = keep**2 * SPREAD**2 + s**2
    off = x - keep * means
    log_weights = -0.5 * (off**2).sum(axis=1) / variance
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    return np.asarray(weights @ (means + keep * SPREAD**2 / variance * off))


SAMPLERS: dict[str, Sampler] = {**DETERMINISTIC, **STOCHASTIC}

DROPS_PENULTIMATE = ("dpm_2", "dpm_2_ancestral", "uni_pc", "uni_pc_bh2")
"""Samplers whose schedule has one step more, and then loses its last level above 0."""


def levels(sampler_name: str, scheduler: str, steps: int) -> Sigmas:
    """The noise levels of a request.

    Parameters
    ----------
    sampler_name, scheduler:
        Names as in the request.
    steps:
        Number of steps.
    """
    if sampler_name not in DROPS_PENULTIMATE:
        return SCHEDULERS[scheduler](steps)
    sigmas = SCHEDULERS[scheduler](steps + 1)
    return np.append(sigmas[:-2], sigmas[-1])


def latent(body: Mapping[str, Any]) -> Latent:
    """The latent of a request.

    It is rounded, so that the last bits, in which machines differ, do not reach the picture.

    Parameters
    ----------
    body:
        Body of the request, with all defaults filled in.
    """
    flow = Flow(body["prompt"], body.get("finetune_id"), body["lora_strength"])
    sampler, seed = body["sampler_name"], body["seed"]
    sigmas = levels(sampler, body["scheduler"], body["steps"])
    start = stream("seed", seed).standard_normal(SIZE)
    fresh = stream("noise of the gpu" if sampler.endswith("_gpu") else "noise", seed)
    end = SAMPLERS[sampler](flow, sigmas[0] * start, sigmas, lambda: fresh.standard_normal(SIZE))
    return np.asarray(np.round(end, 6))
