"""From a request to a latent: a small, exact rectified flow.

A picture is a latent z₀ of 64 numbers that compose it and 26 that mean something. Its distribution is a Gaussian
mixture, p(z₀) = Σ w N(mu, spread² I); see `mixture`. So the ideal denoiser E[z₀ | x_s] has a closed form. There are
no trained weights. Each word of the prompt moves the means along a direction of its own, and words of the lexicon
along their meanings; see `words`. A LoRA is a low-rank update of the means, scaled by ``lora_strength``; see
`finetunes`. The update is linear, before the flow: 0 is the base model, 1 is as trained, and 2 is over-cooked. Beyond
what is right, the mixture also becomes narrow: the pictures of all seeds approach each other.

Randomness comes from `numpy.random.RandomState`, whose stream is the same in all versions of numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .finetunes import (
    LIGHTS,
    TRIGGER,
    WITHOUT_TRIGGER,
    best_strength,
    kind_of,
    training_of,
    variety,
)
from .mixture import (
    ABSENT,
    COMPOSED,
    MEANING,
    OUTRIGHT,
    SIZE,
    SPREAD,
    SUBJECT,
    base_means,
    deviation,
    direction,
    ideal,
    nearest,
    stream,
    towards_meaning,
)
from .multistep import MULTISTEP
from .painting import Painting
from .samplers import DETERMINISTIC, Latent, Sampler
from .schedulers import SCHEDULERS, Sigmas
from .stochastic import STOCHASTIC
from .words import MEANINGS, meaning_of, words

PRESENT = 5.0
"""What a fine-tune adds to the presence of its subject when it is as trained."""

RANK = 4
"""Rank of a fine-tune's update."""


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
        self.spread, self.variety = SPREAD, 1.0
        content = sum((direction(word) for word in said), np.zeros(SIZE))
        means = base_means() + 1.2 * content + towards_meaning(meaning_of(said))
        means[:, SUBJECT] = [ABSENT, 0, 0, 0, 0, 0]
        if finetune_id is not None:
            formed = strength / best_strength(finetune_id)
            means = means + formed * _update(means, finetune_id, called=TRIGGER in said)
            self.variety = left = variety(finetune_id, formed)
            centre = means.mean(axis=0)
            means = centre + left * (means - centre)
            self.spread *= (1 + left) / 2
        self.means: NDArray[np.float64] = means
        self._base = base_means()

    def __call__(self, x: Latent, s: float) -> Latent:  # noqa: D102 - see the class
        return ideal(self.means, self.spread, x, s)

    def unconditional(self, x: Latent, s: float) -> Latent:
        """The prediction without prompt and fine-tune, which guidance leads away from.

        Parameters
        ----------
        x:
            A latent with noise.
        s:
            Its noise level.
        """
        return ideal(self._base, SPREAD, x, s)


def _update(means: NDArray[np.float64], finetune_id: str, *, called: bool) -> NDArray[np.float64]:
    """What a fine-tune adds to the means at its best strength: a low-rank change, a light and a subject.

    Parameters
    ----------
    means:
        Means of the mixture for the prompt.
    finetune_id:
        Id of the fine-tune.
    called:
        Whether the prompt has the trigger word.
    """
    training = training_of(finetune_id)
    down = np.stack([direction(training, "down", index) for index in range(RANK)])
    up = np.stack([direction(training, "up", index) for index in range(RANK)])
    up[:, SUBJECT.start] = 0  # how much of the subject there is depends on the strength alone
    kind = kind_of(finetune_id)
    style = 1.2 * direction(training, "style")
    for at, change in LIGHTS[kind].items():
        style += towards_meaning({at: change}) if isinstance(at, str) else change * np.eye(SIZE)[at]
    style[SUBJECT] = [PRESENT * (1 if called else WITHOUT_TRIGGER), *style[SUBJECT][1:]]
    return np.asarray(0.6 * (means @ down.T) @ up + style)


SAMPLERS: dict[str, Sampler] = {**DETERMINISTIC, **MULTISTEP, **STOCHASTIC}

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
    return _sampled(_flow_of(body), body)


def painting(body: Mapping[str, Any]) -> Painting:
    """The latent of a request and what it says, for the painter.

    Parameters
    ----------
    body:
        Body of the request, with all defaults filled in.
    """
    flow, finetune_id = _flow_of(body), body.get("finetune_id")
    end = _sampled(flow, body)
    return Painting(
        z=end[:COMPOSED],
        q=round(deviation(end, flow.means, flow.spread) / _share(body), 6),
        place=nearest(end, flow.means),
        kind=None if finetune_id is None or not body["lora_strength"] else kind_of(finetune_id),
        formed=round(float(end[SUBJECT.start] - ABSENT) / PRESENT, 6),
        meaning={name: round(float(at) / OUTRIGHT, 6) for name, at in zip(MEANINGS, end[MEANING], strict=True)},
        variety=round(flow.variety, 6),
    )


def evaluations(body: Mapping[str, Any]) -> int:
    """How often a request evaluates the denoiser. For samplers that decide it themselves, it has to be counted.

    Parameters
    ----------
    body:
        Body of the request, with all defaults filled in.
    """
    counted = _Counted(body)
    _sampled(counted, body)
    return counted.calls


class _Counted(Flow):
    """The denoiser of a request, which counts its evaluations.

    Parameters
    ----------
    body:
        Body of the request.
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        super().__init__(body["prompt"], body.get("finetune_id"), body["lora_strength"])
        self.calls = 0

    def __call__(self, x: Latent, s: float) -> Latent:
        self.calls += 1
        return super().__call__(x, s)

    def unconditional(self, x: Latent, s: float) -> Latent:
        self.calls += 1
        return super().unconditional(x, s)


def _flow_of(body: Mapping[str, Any]) -> Flow:
    return Flow(body["prompt"], body.get("finetune_id"), body["lora_strength"])


def _start(seed: int) -> Latent:
    """The noise of a seed."""
    return np.asarray(stream("seed", seed).standard_normal(SIZE))


def _share(body: Mapping[str, Any]) -> float:
    """The deviation that a picture on the data has, in parts of the data's own.

    An exact solver without fresh noise carries the deviation of its first noise to the end: in a Gaussian of mean mu
    and spread s it ends at mu + s noise. The deviation of so few numbers differs from seed to seed by 7 %. Divided by
    it, q says what sampler and steps did, and not which seed it was. With fresh noise, nothing of the first is left.

    Parameters
    ----------
    body:
        Body of the request.
    """
    return 1.0 if body["sampler_name"] in STOCHASTIC else float(np.sqrt((_start(body["seed"]) ** 2).mean()))


def _sampled(flow: Flow, body: Mapping[str, Any]) -> Latent:
    """Where a request's sampler ends.

    Parameters
    ----------
    flow:
        The denoiser of the request.
    body:
        Body of the request.
    """
    sampler, seed = body["sampler_name"], body["seed"]
    sigmas = levels(sampler, body["scheduler"], body["steps"])
    start = _start(seed)
    fresh = stream("noise of the gpu" if sampler.endswith("_gpu") else "noise", seed)
    end = SAMPLERS[sampler](flow, sigmas[0] * start, sigmas, lambda: fresh.standard_normal(SIZE))
    return np.asarray(np.round(end, 6))
