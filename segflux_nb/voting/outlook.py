"""What pictures of further places would tell: how much narrower the interval of the peak becomes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .belief import Belief, Cast
from .choosing import worth
from .features import Features, Place

VOTES = 20
"""What is forecast: this many more votes, which is a few minutes."""


def outlook(belief: Belief, tried: Sequence[Place], further: Sequence[Place]) -> str:
    """What to expect of more votes, with pictures of further places and without, in words.

    Parameters
    ----------
    belief:
        What the votes say until now.
    tried:
        The places that have pictures.
    further:
        The places that would have pictures too.
    """
    if belief.blocks < 2 or not belief.features.scales:
        return ""
    now = belief.half_widths
    without = belief.forecast_with(next_votes(belief, tried))
    then = belief.forecast_with(next_votes(belief, [*dict.fromkeys((*tried, *further))]))
    parts = [
        f"{axis} within ±{_short(three[0])} (now ±{_short(three[1])}, without these pictures ±{_short(three[2])})"
        for axis, *three in zip(belief.features.scales, np.minimum(then, without), now, without, strict=True)
    ]
    return f"Expected after {VOTES} more votes: {', '.join(parts)}"


def next_votes(belief: Belief, places: Sequence[Place]) -> list[Cast]:
    """The pairs that would be judged next, one seed after the other; how they are judged makes no difference.

    Parameters
    ----------
    belief:
        What the votes say until now.
    places:
        The places that have pictures.
    """
    features: Features = belief.features
    values = features.of(places)
    mean, covariance = belief.moments
    matter = belief.what_matters
    first, second = np.triu_indices(len(places), 1)
    votes = []
    for number in range(VOTES):
        each, told = worth(values, first, second, mean, covariance, matter)
        best = int(np.argmax(each))
        apart = values[first[best]] - values[second[best]]
        moved = covariance @ apart
        covariance = covariance - told[best] * np.outer(moved, moved) / (1 + told[best] * apart @ moved)
        votes.append(Cast(places[first[best]], places[second[best]], 0.5, belief.seeds[number % belief.blocks]))
    return votes


def _short(width: float) -> str:
    return f"{width:.2f}" if width < 1 else f"{width:.1f}" if width < 10 else f"{width:.0f}"
