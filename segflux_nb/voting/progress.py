"""How far votes are, in words: the peak, how many more votes it takes, and whether raters agree. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np

from ..markup import count
from ..model import Value
from .belief import QUIRKS, Belief, Cast, Tally, fit
from .features import Features, Place
from .joint import JointRanking
from .ranking import Ranking, plural

MOST_VOTES = 200
"""More votes than this are not forecast."""

FEW_PAIRS = 5
"""If raters judged fewer pairs of pictures in common than this, a model tells whether they agree."""


class Judgement(NamedTuple):
    """A vote that counts, with who cast it and on which pictures.

    Attributes
    ----------
    rater:
        Who judged.
    pictures:
        The runs on the left and on the right.
    cast:
        The vote.
    """

    rater: str
    pictures: tuple[str, str]
    cast: Cast


def progress(axes: Mapping[str, Sequence[Value]], ranking: Ranking | JointRanking, votes: Sequence[Judgement]) -> str:
    """A sentence such as ``0.95, 0.85 to 1.05; about 9 more votes for ±0.05; 3 raters agree in 82 %``.

    Parameters
    ----------
    axes:
        The judged axes, with the values that were tried.
    ranking:
        What the votes say.
    votes:
        The votes.
    """
    if not ranking.votes:
        return "no votes yet"
    parts = [ranking.peak_text, _to_come(axes, ranking), _agreement_text(axes, votes)]
    return "; ".join(filter(None, parts))


def goals(axes: Mapping[str, Sequence[Value]], scales: Sequence[str]) -> np.ndarray:
    """How exactly each axis of numbers can be known from what was tried: half of its smallest step."""
    steps = [min(b - a for a, b in pairwise(sorted({float(value) for value in axes[axis]}))) for axis in scales]
    return np.array(steps) / 2


def votes_for(belief: Belief, goal: np.ndarray, votes: int) -> int | None:
    """About how many more votes on the same seeds bring the peak within a distance; None for more than are forecast.

    Parameters
    ----------
    belief:
        What the votes say until now.
    goal:
        Half the length of the interval along each axis of numbers.
    votes:
        The number of votes so far.
    """

    def is_enough(more: int) -> bool:
        return bool((belief.forecast((votes + more) / votes) <= goal).all())

    if not is_enough(MOST_VOTES):
        return None
    low, high = -1, MOST_VOTES
    while high - low > max(1, low // 8):
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def _to_come(axes: Mapping[str, Sequence[Value]], ranking: Ranking | JointRanking) -> str:
    belief = ranking.belief
    if belief is None or belief.blocks < 2:
        return ""
    scales = list(ranking.bounds)
    goal = goals(axes, scales)
    more = votes_for(belief, goal, ranking.votes)
    distances = " and ".join(f"±{one:g}" for one in goal)
    if more is None:
        return f"more than {MOST_VOTES} votes for {distances} (more {plural(ranking.unit)} tell more)"
    return f"about {count(more, 'more vote')} for {distances}" if more else f"enough votes for {distances}"


def _agreement_text(axes: Mapping[str, Sequence[Value]], votes: Sequence[Judgement]) -> str:
    raters = len({vote.rater for vote in votes})
    share = agreement(axes, votes)
    return "" if share is None else f"{count(raters, 'rater')} agree in {100 * share:.0f} %"


def agreement(axes: Mapping[str, Sequence[Value]], votes: Sequence[Judgement]) -> float | None:
    """How far raters agree, from 0 to 1; None with one rater.

    Where raters judged the same two pictures, two of them agree by 1 if they say the same, by a half if one says tie,
    and by 0 if they say the opposite; the mean over all such pairs of raters counts. If there are fewer than
    `FEW_PAIRS`, each vote is compared with what the votes of all other raters let expect of its two places.

    Parameters
    ----------
    axes:
        The judged axes, with the values that were tried.
    votes:
        The votes.
    """
    raters = list(dict.fromkeys(vote.rater for vote in votes))
    if len(raters) < 2:
        return None
    shared = _on_the_same_pictures(votes)
    if len(shared) >= FEW_PAIRS:
        return float(np.mean(shared))
    features = Features(axes)
    agreed: list[float] = []
    for rater in raters:
        own = [vote.cast for vote in votes if vote.rater == rater]
        others = [vote.cast for vote in votes if vote.rater != rater]
        agreed += _expected(features, own, others)
    return float(np.mean(agreed))


def _on_the_same_pictures(votes: Sequence[Judgement]) -> list[float]:
    """How far two raters agree, for each two pictures that both judged."""
    said: defaultdict[tuple[str, ...], defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for vote in votes:
        first, _ = pictures = tuple(sorted(vote.pictures))
        said[pictures][vote.rater].append(vote.cast.points if vote.pictures[0] == first else 1 - vote.cast.points)
    return [
        1 - abs(float(np.mean(one)) - float(np.mean(other)))
        for by_rater in said.values()
        for one, other in combinations(by_rater.values(), 2)
    ]


def _expected(features: Features, own: Sequence[Cast], others: Sequence[Cast]) -> list[float]:
    """How far each vote goes the way that other votes let expect."""
    places: list[Place] = list(dict.fromkeys(place for vote in own for place in (vote.left, vote.right)))
    heights = dict(zip(places, features.of(places) @ likely_weights(features, others), strict=True))
    return [
        vote.points if heights[vote.left] > heights[vote.right] else 1 - vote.points
        for vote in own
        if heights[vote.left] != heights[vote.right]
    ]


def likely_weights(features: Features, votes: Sequence[Cast]) -> np.ndarray:
    """The most likely weights of the features."""
    return fit(Tally(features, votes), features, QUIRKS[0]).mean
