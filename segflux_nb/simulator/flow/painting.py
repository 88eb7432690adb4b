"""What the model hands to the painter: the numbers that a picture is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .samplers import Latent


@dataclass(frozen=True)
class Painting:
    """A latent, and what it says. All of it is read from the latent, except the kind of subject.

    Attributes
    ----------
    z:
        The first 64 numbers of the latent, which compose the picture: ridges, clouds, the sun's place.
    q:
        The latent's deviation from the data; see `segflux_nb.simulator.flow.mixture.deviation`. 1 is on the data,
        less is too soft, a little more is left-over noise, and above 3 the latent is broken.
    place:
        Index of the nearest component of the mixture, from 0. `PLACES` names them.
    kind:
        The kind of the fine-tune's subject, or None for the base model and at strength 0. It follows from the
        fine-tune's id, so a broken latent never shows the subject of another fine-tune.
    formed:
        How far the subject has formed: 0 is the base model, 1 is as trained, and more is over-cooked. It is the
        strength times what the training steps do to it, and it differs a little from seed to seed. A negative
        strength makes it negative.
    meaning:
        What words and places say, by the names in `MEANINGS`: 0 is nothing, 1 is said outright. They add and can be
        negative. Each carries the latent's own deviation, about 0.15 in a picture on the data.
    variety:
        How much of the differences between seeds the fine-tune leaves: 1 is all of them, as in the base model. An
        over-cooked fine-tune leaves little, so places look alike.
    """

    z: Latent
    q: float
    place: int
    kind: str | None
    formed: float
    meaning: Mapping[str, float]
    variety: float = 1.0
