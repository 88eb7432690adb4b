"""What pictures of further places would tell: how much narrower the interval of the peak becomes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .belief import Belief, Cast
from .choosing import worth
from .features import Features, Place

VOTES = 20
"""What is forecast: this many more votes, which is a few minutes."""


SAME = 0.9
"""An interval that is longer than this share of another one is no shorter, as far as a forecast can tell."""


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
        expected(axis, *map(float, three))
        for axis, *three in zip(belief.features.scales, now, without, then, strict=True)
    ]
    return f"Expected after {VOTES} more votes: {', '.join(parts)}"


def expected(axis: str, now: float, without: float, then: float) -> str:
    """What to expect of an axis, in words. More votes never tell less: forecasts are drawn, so they are rough.

    Parameters
    ----------
    axis:
        The axis.
    now:
        Half the length of the interval.
    without:
        What it is expected to become without further pictures.
    then:
        What it is expected to become with them.
    """
    if min(without, then) > SAME * now:
        return f"{axis} no better than now (±{_short(now)})"
    if then > SAME * without:
        return f"{axis} within ±{_short(min(without, then))} (now ±{_short(now)}), with these pictures or without"
    alone = "no better" if without > SAME * now else f"±{_short(without)}"
    return f"{axis} within ±{_short(then)} (now ±{_short(now)}, without these pictures {alone})"


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
    if width < 0.1:
        return f"{width:.2g}"
    return f"{width:.2f}" if width < 1 else f"{width:.1f}" if width < 10 else f"{width:.0f}"
