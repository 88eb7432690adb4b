"""Which pair of pictures to judge next: the one that tells most, of a seed that was seen least. Pure.

The question is where the best place is. A pair tells nothing about that if everybody knows its answer, or if both of
its places are far from the best. So the votes so far are turned into a normal distribution of weights (see
`features`), surfaces are drawn from it, and the highest place of each is one that *may be the best*. A pair is worth
the variance that one more vote on it takes from the differences between those places. This is a c-optimal design for
nonlinear models (Chaloner and Verdinelli, Bayesian experimental design: a review, Statistical Science 10, 1995),
averaged over all differences that matter. Before the first vote any place may be the best, so pairs begin far apart
and all over the axes; they close in as votes come in. Axes that are no numbers need no other rule: pairs are
those that separate the leaders.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np

from ..model import Value
from .features import Features, Place
from .pairing import Pair, next_pair
from .ranking import POINTS_OF

MOST_PLACES = 48
"""A block with more places offers this many, drawn by chance each time: enough to choose a good pair from."""

MOST_WEIGHTS = 120
"""With more features than this (an axis with hundreds of names), pairs are balanced and not chosen."""

DRAWS = 128
"""How many surfaces are drawn, to see which places may be the best."""

STEPS, CONVERGED = 30, 1e-4
"""Newton's method ends after this many steps, or when the probability changes by less than this."""

ROUGH = 0.4
"""By which share of its distance below the best place a surface may be wrong about a place."""

MOST_POINTS, FINEST = 500, 41
"""The places that may be the best are about this many, at most as many along one axis."""


class Judged(NamedTuple):
    """A pair that was judged or skipped.

    Attributes
    ----------
    left, right:
        The short names of the runs.
    outcome:
        ``left``, ``right``, ``tie`` or ``skip``.
    rater:
        Who judged.
    """

    left: str
    right: str
    outcome: str
    rater: str


class PairChoice:
    """Chooses pairs.

    Parameters
    ----------
    axes:
        The judged axes, with the values that were tried.
    blocks:
        Runs by block and by place. A block is what the two of a pair have in common, such as seed and prompt.
    groups:
        What each block counts for: its seed. Votes are balanced over groups first, and then over blocks.
    """

    def __init__(
        self,
        axes: Mapping[str, Sequence[Value]],
        blocks: Mapping[Hashable, Mapping[Place, str]],
        groups: Mapping[Hashable, Hashable],
    ) -> None:
        self._blocks = {block: runs for block, runs in blocks.items() if len(runs) > 1}
        self._groups = groups
        self._home = {run: (block, place) for block, runs in self._blocks.items() for place, run in runs.items()}
        self._features = Features(axes)

    def next(self, judged: Sequence[Judged], rater: str) -> Pair | None:
        """The two runs to show left and right; None if no block has two runs.

        The block is the one that the rater saw least, then all raters. In it, the pair is the one that tells most, as
        far as the votes of all raters leave that open. A pair of pictures that the rater has judged before tells less
        each time, and the same pair is not shown twice in a row. Chance decides among equals, and which run is left.
        The same arguments give the same pair.

        Parameters
        ----------
        judged:
            The pairs that were judged or skipped, in order.
        rater:
            Who judges next.
        """
        if not self._blocks:
            return None
        judged = [one for one in judged if one.left in self._home and one.right in self._home]
        own = [(one.left, one.right) for one in judged if one.rater == rater]
        if len(self._features.spread) > MOST_WEIGHTS:
            return next_pair(self._blocks, own, rater)
        # The number of votes is part of the seed: it changes the order after each vote, and nothing has to be stored.
        chance = random.Random(f"{rater}/{len(own)}")
        runs = self._blocks[self._next_block(judged, rater, chance)]
        places = list(runs)
        if len(places) > MOST_PLACES:
            places = chance.sample(places, MOST_PLACES)
        pairs = np.array(list(combinations(range(len(places)), 2)))
        seen = Counter(map(frozenset, own))
        times = np.array([seen[frozenset((runs[places[a]], runs[places[b]]))] for a, b in pairs])
        # One more vote on the same two pictures says less: the person remembers, and the pictures have their quirks.
        worth = self._worth(places, pairs, judged) / ((1 + times) * (2 + times))
        worth *= np.array([1 + 1e-6 * chance.random() for _ in pairs])
        if own and len(pairs) > 1:
            last = frozenset(own[-1])
            worth[[frozenset((runs[places[a]], runs[places[b]])) == last for a, b in pairs]] = -1
        left, right = (runs[places[at]] for at in pairs[int(np.argmax(worth))])
        return (left, right) if chance.random() < 0.5 else (right, left)

    def _next_block(self, judged: Sequence[Judged], rater: str, chance: random.Random) -> Hashable:
        by_group: Counter[Hashable] = Counter()
        by_block: Counter[Hashable] = Counter()
        for one in judged:
            block = self._home[one.left][0]
            weight = 1 + (one.rater == rater) * len(judged)  # the rater's own count first
            by_block[block] += weight
            by_group[self._groups[block]] += weight
        fewest = min((by_group[self._groups[block]], by_block[block]) for block in self._blocks)
        return chance.choice(
            [block for block in self._blocks if (by_group[self._groups[block]], by_block[block]) == fewest]
        )

    def _worth(self, places: Sequence[Place], pairs: np.ndarray, judged: Sequence[Judged]) -> np.ndarray:
        """How much one more vote on each pair tells."""
        mean, covariance = self._weights(judged)
        matter = self._what_matters(mean, covariance)
        return worth(self._features.of(places), pairs[:, 0], pairs[:, 1], mean, covariance, matter)[0]

    def _weights(self, judged: Sequence[Judged]) -> tuple[np.ndarray, np.ndarray]:
        """The most likely weights of the features, and their covariance, as if all seeds were the same."""
        rows, counted = self._rows_of, [one for one in judged if one.outcome in POINTS_OF]
        features = self._features
        if not counted:
            return features.before, np.diag(features.spread**2)
        apart = np.array([rows[one.left] - rows[one.right] for one in counted])
        points = np.array([POINTS_OF[one.outcome] for one in counted])
        known = 1 / features.spread**2

        def height(weights: np.ndarray) -> float:
            odds = apart @ weights
            return float(points @ odds - np.logaddexp(0, odds).sum() - 0.5 * known @ (weights - features.before) ** 2)

        weights, reached = features.before, -np.inf
        for _ in range(STEPS):
            chance = 1 / (1 + np.exp(-np.clip(apart @ weights, -40, 40)))
            bend = (apart * (chance * (1 - chance))[:, None]).T @ apart + np.diag(known)
            step = np.linalg.solve(bend, apart.T @ (points - chance) - known * (weights - features.before))
            # A whole step may go too far: half of it is tried, and so on.
            while (new := height(weights + step)) < reached - CONVERGED:
                step /= 2
            weights = weights + step
            if new - reached < CONVERGED:
                break
            reached = new
        covariance = np.linalg.inv(bend)
        return weights, (covariance + covariance.T) / 2

    @cached_property
    def _rows_of(self) -> dict[str, np.ndarray]:
        runs = list(self._home)
        return dict(zip(runs, self._features.of([self._home[run][1] for run in runs]), strict=True))

    @cached_property
    def _grid(self) -> np.ndarray:
        """The features of the places that may be the best: also between those that were tried."""
        places = list(dict.fromkeys(place for runs in self._blocks.values() for place in runs))
        return self._features.between(np.unique(self._features.chosen(places), axis=0), MOST_POINTS, FINEST)[0]

    def _what_matters(self, mean: np.ndarray, covariance: np.ndarray) -> np.ndarray:
        """How far apart the features are of the places that may be the best: their covariance."""
        normals = np.random.default_rng(len(mean)).standard_normal((DRAWS, len(mean)))
        drawn = mean + normals @ np.linalg.cholesky(covariance).T
        best = self._grid[np.argmax(drawn @ self._grid.T, axis=1)]
        return np.atleast_2d(np.cov(best.T))


def worth(
    values: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    mean: np.ndarray,
    covariance: np.ndarray,
    matter: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """How much variance one more vote takes from the differences between places that may be the best.

    Parameters
    ----------
    values:
        The features of places, a row each.
    first, second:
        The pairs, as numbers of places.
    mean, covariance:
        What is known of the weights of the features.
    matter:
        The covariance of the features of the places that may be the best.

    Returns
    -------
    tuple
        The worth of each pair; and how much a vote on it tells, as the precision of its difference.
    """
    apart, heights = values[first] - values[second], values @ mean
    moved = apart @ covariance
    chance = 1 / (1 + np.exp(-np.clip(heights[first] - heights[second], -20, 20)))
    below = (heights.max() - heights) ** 2
    # The surface is only roughly right, and the less so the farther a place is below the best one.
    told = 1 / (1 / (chance * (1 - chance)) + ROUGH**2 * (below[first] + below[second]))
    taken = np.einsum("ij,jk,ik->i", moved, matter, moved)
    return told * taken / (1 + told * np.einsum("ij,ij->i", moved, apart)), told
