"""What a fine-tune of the simulator knows: a kind of subject, and the light that goes with it.

The kind follows from the fine-tune's id. An id that names a kind has it (``lighthouse-1200``); any other id always
has the same kind.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

TRIGGER = "tok"
"""The word in the prompt that calls the subject. Without it, less of the subject is there."""

WITHOUT_TRIGGER = 0.55
"""How much of the subject there is without the trigger."""

KINDS = ("pagoda", "lighthouse", "boat", "balloon")

LIGHTS: dict[str, Mapping[int, float]] = {
    "pagoda": {2: 1.2, 5: -0.8},  # a warm evening
    "lighthouse": {2: -1.6, 3: 1.2, 4: -2.2, 6: -1.8, 13: 0.8},  # dusk
    "boat": {0: -0.8, 2: -0.6, 3: 0.8, 4: 2.0, 6: 1.6},  # a clear day
    "balloon": {1: 2.6, 3: -1.2, 4: 0.8, 6: 1.2},  # lilac
}
"""How each kind changes coordinates of the latent at strength 1. The painter says what they mean."""

DISTANCE = 3.2
"""Distance of each kind, in its two coordinates, from the base model, which knows no kind."""


def kind_of(finetune_id: str) -> str:
    """The kind of subject of a fine-tune.

    >>> kind_of("lighthouse-1200"), kind_of("my-finetune-id")
    ('lighthouse', 'pagoda')
    """
    folded = finetune_id.casefold()
    named = next((kind for kind in KINDS if kind in folded), None)
    digest = hashlib.sha256(f"subject {finetune_id}".encode("utf-8", "surrogatepass")).digest()
    return named or KINDS[digest[0] % len(KINDS)]


def towards(kind: str) -> tuple[float, float]:
    """The two coordinates of a kind: the middle of its quarter of the circle."""
    angle = (KINDS.index(kind) + 0.5) * 2 * math.pi / len(KINDS)
    return DISTANCE * math.cos(angle), DISTANCE * math.sin(angle)


def kind_at(first: float, second: float) -> str:
    """The kind in whose quarter of the circle a point lies.

    Parameters
    ----------
    first, second:
        The two coordinates of the point.

    Example
    -------
    >>> [kind_at(*towards(kind)) for kind in KINDS] == list(KINDS)
    True
    """
    turn = math.atan2(second, first) / (2 * math.pi) % 1
    return KINDS[int(turn * len(KINDS)) % len(KINDS)]
