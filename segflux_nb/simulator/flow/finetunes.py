"""What a fine-tune of the simulator knows: a kind of subject, its light, and how long it was trained.

All follow from the fine-tune's id. An id that names a kind has it (``lighthouse-1200``); any other id always has the
same kind. A number in the id is training steps: a fine-tune of 400 steps is under-trained and needs more strength,
one of 3000 is over-trained and needs less.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

TRIGGER = "tok"
"""The word in the prompt that calls the subject. Without it, little of the subject is there."""

WITHOUT_TRIGGER = 0.3
"""How much of the subject there is without the trigger."""

KINDS = ("windmill", "lighthouse", "boat", "balloon", "pagoda", "castle", "torii", "blossom")

LIGHTS: dict[str, Mapping[int | str, float]] = {
    "pagoda": {2: 1.2, 5: -0.8},  # a warm evening
    "lighthouse": {2: -1.0, 3: 1.2, 4: -1.8, "night": 0.45, "warm": 0.15},  # dusk
    "boat": {0: -0.8, 2: -1.4, 3: 0.8, 4: 2.0, 6: 1.6},  # a clear day
    "balloon": {1: 2.6, 4: 0.8, 6: 1.2, "violet": 0.35, "warm": 0.2},  # lilac
    "windmill": {2: -0.4, 4: 1.2, "spring": 0.5, "light": 0.2},  # a fresh morning
    "castle": {0: 0.8, 2: 1.0, "mist": 0.25, "violet": 0.3},  # a violet evening
    "torii": {2: 1.6, 5: 1.0, "calm": 0.6, "warm": 0.4},  # a golden evening on still water
    "blossom": {2: 0.3, 4: 1.6, "light": 0.4, "red": 0.15, "violet": 0.15},  # a pale spring day
}
"""How each kind changes coordinates of the latent, or meanings by their names, when it is as trained."""

TRAINED = 1200
"""Training steps of a fine-tune whose id has no number."""

BEST_STRENGTHS = {400: 1.6, 1200: 1.0, 3000: 0.6}
"""The strength that is right, by training steps. Between and beyond, it follows in logarithms."""

LEAST_STEPS, MOST_STEPS = 100, 20_000
"""A number outside this range is not taken for training steps."""

THERE_FROM, BURNS_FROM = 0.4, 1.4
"""How far the subject has formed when it can be recognised, and when the picture begins to burn. 1 is best."""


class Truth(NamedTuple):
    """What strengths do with a fine-tune, for a prompt with the trigger word.

    Attributes
    ----------
    present:
        From this strength on the subject can be recognised.
    best:
        At this strength it is as trained.
    burning:
        From this strength on pictures burn out.

    Example
    -------
    >>> truth("pagoda-3000")
    Truth(present=0.24, best=0.6, burning=0.84)
    """

    present: float
    best: float
    burning: float


_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NUMBER = re.compile(r"(?<![0-9a-z.])(?:steps?)?0*([1-9][0-9]{2,4})(?:steps?)?(?![0-9a-z])")


def training_steps(finetune_id: str) -> int:
    """The training steps in a fine-tune's id: the last number from 100 to 20,000 that stands alone in it.

    Numbers inside a uuid do not count. An id without one was trained for `TRAINED` steps.

    >>> [training_steps(name) for name in ("pagoda-400", "my_boat_000003000", "boat-step800", "my-finetune-id")]
    [400, 3000, 800, 1200]
    """
    numbers = [int(match[1]) for match in _numbers(finetune_id)]
    return numbers[-1] if numbers else TRAINED


def training_of(finetune_id: str) -> str:
    """The training that a fine-tune comes from: its id without the steps. Its checkpoints have one style.

    >>> training_of("Pagoda-400") == training_of("pagoda-3000")
    True
    """
    folded = finetune_id.casefold()
    found = _numbers(finetune_id)
    return (folded[: found[-1].start()] + folded[found[-1].end() :]).strip("-_. ") if found else folded


def _numbers(finetune_id: str) -> list[re.Match[str]]:
    folded = _UUID.sub(lambda match: "x" * len(match[0]), finetune_id.casefold())
    return [match for match in _NUMBER.finditer(folded) if LEAST_STEPS <= int(match[1]) <= MOST_STEPS]


def best_strength(finetune_id: str) -> float:
    """The strength at which a fine-tune is as trained.

    >>> [best_strength(name) for name in ("pagoda-400", "pagoda-1200", "pagoda-3000")]
    [1.6, 1.0, 0.6]
    """
    known = sorted((math.log(steps), math.log(best)) for steps, best in BEST_STRENGTHS.items())
    at = math.log(training_steps(finetune_id))
    (x0, y0), (x1, y1) = known[:2] if at < known[1][0] else known[-2:]
    return round(math.exp(y0 + (y1 - y0) * (at - x0) / (x1 - x0)), 6)


def truth(finetune_id: str) -> Truth:
    """The strengths at which a fine-tune's subject is there, is best, and begins to burn.

    Parameters
    ----------
    finetune_id:
        Id of the fine-tune.
    """
    best = best_strength(finetune_id)
    return Truth(*(round(formed * best, 4) for formed in (THERE_FROM, 1.0, BURNS_FROM)))


def variety(finetune_id: str, formed: float) -> float:
    """How much of the differences between seeds a fine-tune leaves: 1 is all of them, as in the base model.

    Over-cooked fine-tunes collapse: beyond what is right, places and poses approach each other. An over-trained one
    does so from the start.

    Parameters
    ----------
    finetune_id:
        Id of the fine-tune.
    formed:
        Strength divided by the best strength.
    """
    over_trained = max(0.0, math.log(training_steps(finetune_id) / TRAINED) / math.log(3000 / TRAINED))
    return math.exp(-1.9 * max(0.0, formed - 1.0) - 0.5 * over_trained * float(np.clip(formed, 0.0, 1.0)))


def kind_of(finetune_id: str) -> str:
    """The kind of subject of a fine-tune.

    >>> kind_of("lighthouse-1200"), kind_of("my-finetune-id")
    ('lighthouse', 'pagoda')
    """
    training = training_of(finetune_id)
    named = next((kind for kind in KINDS if kind in training), None)
    digest = hashlib.sha256(f"subject {training}".encode("utf-8", "surrogatepass")).digest()
    return named or KINDS[digest[0] % len(KINDS)]
