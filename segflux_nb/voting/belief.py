"""What votes say about a preference over one or several axes: a Gaussian process, with seeds as blocks. Pure.

The model is that of Chu and Ghahramani (Preference learning with Gaussian processes, ICML 2005), with Bradley and
Terry's logistic curve in place of the normal one. The picture of place `x` and seed `s` has the utility
``f(x) + g_s(x)``; the left one wins with the probability ``1 / (1 + exp(right - left))``, and a tie is half a win for
each. `f` is what people prefer: a surface with one peak (see `features`). `g_s` is what one seed does to it: a height
of its own for each picture, and a slope, which moves the seed's own peak. Both are Gaussian processes, so votes of
one seed count for less than votes of several, and intervals are for other seeds.

`f` is found by Laplace's approximation (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006,
algorithm 3.1), once for each size of `g` in `QUIRKS`; the sizes count as much as the votes support them. What is said
about the peak comes from surfaces that are drawn from the result.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from .features import Features, Place

CONFIDENCE = 0.90
"""The confidence of every interval and region."""

QUIRKS = ((0.05, 0.05), (0.3, 0.3), (0.05, 0.8), (0.5, 0.4), (0.3, 1.3))
"""How large the deviations of one seed may be, in log odds: of a picture, and of the slope over half an axis."""

LITTLE, FEW, ENOUGH, MANY = 16, 0.88, 32, 0.91
"""An interval holds the share `FEW` of the peaks with `LITTLE` votes, and `MANY` with `ENOUGH` (see `level`)."""

DRAWS = 2000
"""How many surfaces are drawn."""

DRAWS_OF_A_FORECAST = 400
"""How many are drawn for a forecast, which says `about`."""

LEAST_DRAWS = 100
"""If fewer of the surfaces that are drawn have a peak, votes speak for a valley, and all of them count."""

MOST_POINTS = 1000
"""The places at which the surfaces are computed are about this many."""

FINEST = 201
"""The most places along one axis."""

STEPS, CONVERGED = 30, 1e-4
"""Newton's method ends after this many steps, or when the probability changes by less than this."""


class Cast(NamedTuple):
    """A vote between two places.

    Attributes
    ----------
    left, right:
        The places.
    points:
        1 if the left one won, 0 if the other one, 0.5 for a tie.
    block:
        What the two pictures have in common: their seed.
    """

    left: Place
    right: Place
    points: float
    block: Hashable


class Tally:
    """Votes as arrays: equal pairs of one block are one row, with the number of votes and of wins.

    Parameters
    ----------
    features:
        What a preference depends on.
    votes:
        The votes.

    Attributes
    ----------
    left, right:
        The places of each row, as numbers.
    won, cast:
        How often the left one won, of how many votes.
    rows:
        How far the features of the two are apart.
    tilt:
        How far their scaled values are.
    parts:
        The rows of each seed. So a fit solves one small system for each seed, whatever the number of votes.
    """

    def __init__(self, features: Features, votes: Sequence[Cast]) -> None:
        places = list(dict.fromkeys(place for vote in votes for place in (vote.left, vote.right)))
        blocks = list(dict.fromkeys(vote.block for vote in votes))
        number_of = {place: at for at, place in enumerate(places)}
        block_of = {block: at for at, block in enumerate(blocks)}
        rows: dict[tuple[int, int, int], list[float]] = {}
        for vote in votes:
            left, right, points = number_of[vote.left], number_of[vote.right], vote.points
            if left > right:
                left, right, points = right, left, 1 - points
            row = rows.setdefault((left, right, block_of[vote.block]), [0, 0])
            row[0] += points
            row[1] += 1
        ordered = sorted(rows, key=lambda row: row[2])
        sides = np.array(ordered, dtype=int).reshape(len(rows), 3)
        values, scaled = features.of(places), features.scaled(places)
        self.left, self.right, block = sides.T
        self.won, self.cast = np.array([rows[row] for row in ordered]).reshape(len(rows), 2).T
        self.rows = values[self.left] - values[self.right]
        self.tilt = scaled[self.left] - scaled[self.right]
        ends = np.searchsorted(block, np.arange(len(blocks) + 1))
        self.parts = [slice(first, last) for first, last in pairwise(ends)]

    def quirks(self, size: tuple[float, float]) -> list[np.ndarray]:
        """The covariance of what a seed does to the rows of its part; rows of two seeds have none.

        Parameters
        ----------
        size:
            A pair of `QUIRKS`.
        """
        own, slope = size
        found = []
        for part in self.parts:
            left, right, tilt = self.left[part], self.right[part], self.tilt[part]
            shared = (left[:, None] == left).astype(float) + (right[:, None] == right)
            shared -= (left[:, None] == right).astype(float) + (right[:, None] == left)
            found.append(own**2 * shared + slope**2 * tilt @ tilt.T)
        return found


@dataclass(frozen=True)
class Normal:
    """The weights of the features, as a normal distribution, for one size of the deviations of single seeds.

    Attributes
    ----------
    mean:
        Their means.
    covariance:
        Their covariance.
    evidence:
        The logarithm of the probability of the votes, by Laplace's approximation.
    told:
        How much the votes of each row tell.
    """

    mean: np.ndarray
    covariance: np.ndarray
    evidence: float
    told: np.ndarray


def fit(tally: Tally, features: Features, size: tuple[float, float]) -> Normal:
    """What votes say about the weights.

    Parameters
    ----------
    tally:
        The votes.
    features:
        Has what the weights may be before the first vote.
    size:
        A pair of `QUIRKS`.
    """
    quirks, known = tally.quirks(size), 1 / features.spread**2
    weights, slope, reached = features.before, np.zeros(len(tally.rows)), -np.inf

    def height(weights: np.ndarray, slope: np.ndarray) -> tuple[float, np.ndarray]:
        """The logarithm of the probability of votes and utilities, but for a constant; and the utilities."""
        moved = _times(quirks, tally, slope)
        utility = tally.rows @ weights + moved
        votes = tally.won @ utility - tally.cast @ np.logaddexp(0, utility)
        return float(votes - 0.5 * known @ (weights - features.before) ** 2 - 0.5 * slope @ moved), utility

    _, utility = height(weights, slope)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(utility, -40, 40)))
        told = np.maximum(tally.cast * chance * (1 - chance), 1e-9)
        target = utility + (tally.won - tally.cast * chance) / told
        inverse, size_of_noise = _precision(quirks, tally, told)
        seen = _times(inverse, tally, tally.rows)
        bend = tally.rows.T @ seen + np.diag(known)
        aim = np.linalg.solve(bend, seen.T @ target + known * features.before)
        step, turn = aim - weights, _times(inverse, tally, target - tally.rows @ aim) - slope
        # A whole step may go too far: half of it is tried, and so on.
        while (found := height(weights + step, slope + turn))[0] < reached - CONVERGED:
            step, turn = step / 2, turn / 2
        weights, slope, utility = weights + step, slope + turn, found[1]
        if found[0] - reached < CONVERGED:
            break
        reached = found[0]
    size_of_weights = np.linalg.slogdet(bend)[1] - np.log(known).sum()
    evidence = found[0] - 0.5 * (np.log(told).sum() + size_of_noise + size_of_weights)
    return Normal(weights, _covariance(tally, features.spread, size, told), float(evidence), told)


def _precision(quirks: Sequence[np.ndarray], tally: Tally, told: np.ndarray) -> tuple[list[np.ndarray], float]:
    """The inverse of the covariance of noise and quirks of each seed, and the logarithm of its determinant.

    Parameters
    ----------
    quirks:
        The covariance of what each seed does.
    tally:
        The votes.
    told:
        How much the votes of each row tell.
    """
    whole = [one + np.diag(1 / told[part]) for one, part in zip(quirks, tally.parts, strict=True)]
    return [np.linalg.inv(one) for one in whole], float(sum(np.linalg.slogdet(one)[1] for one in whole))


def _times(blocks: Sequence[np.ndarray], tally: Tally, values: np.ndarray) -> np.ndarray:
    """The product of a matrix, of which only the block of each seed is not zero, with values."""
    return np.concatenate([block @ values[part] for block, part in zip(blocks, tally.parts, strict=True)])


def _covariance(tally: Tally, spread: np.ndarray, size: tuple[float, float], told: np.ndarray) -> np.ndarray:
    inverse, _ = _precision(tally.quirks(size), tally, np.maximum(told, 1e-9))
    covariance = np.linalg.inv(tally.rows.T @ _times(inverse, tally, tally.rows) + np.diag(1 / spread**2))
    return np.asarray((covariance + covariance.T) / 2)


class Belief:
    """What votes say about a preference, as surfaces that are drawn from it.

    Parameters
    ----------
    features:
        What the preference depends on.
    votes:
        The votes, at least one.
    combinations:
        The combinations of values of the axes that are no numbers, as numbers of values; those that were tried.

    Attributes
    ----------
    features:
        What the preference depends on.
    weights:
        The weights of the surfaces that are drawn, a row each.
    peaks:
        The scaled values of their highest places along the axes of numbers, a row each.
    chosen:
        The numbers of the combinations of these places.
    """

    def __init__(self, features: Features, votes: Sequence[Cast], combinations: np.ndarray) -> None:
        self.features, self._combinations = features, combinations
        self._votes = list(votes)
        self._tally = Tally(features, votes)
        self._fits = [fit(self._tally, features, size) for size in QUIRKS]
        highest = max(one.evidence for one in self._fits)
        support = np.exp([one.evidence - highest for one in self._fits])
        self._shares = support / support.sum()
        self.weights = self._draw([one.covariance for one in self._fits], DRAWS)
        self.peaks, self.chosen = self._peaks_of(self.weights)

    @property
    def blocks(self) -> int:
        """The number of seeds."""
        return len(self.seeds)

    @property
    def seeds(self) -> list[Hashable]:
        """The seeds."""
        return list(dict.fromkeys(vote.block for vote in self._votes))

    @property
    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """The mean and the covariance of the weights, for the size of the deviations that votes support most."""
        best = self._fits[int(np.argmax(self._shares))]
        return best.mean, best.covariance

    @property
    def what_matters(self) -> np.ndarray:
        """The covariance of the features of the places that may be the best."""
        return np.atleast_2d(np.cov(self.features.rows(self.peaks, self._combinations[self.chosen]).T))

    @property
    def half_widths(self) -> np.ndarray:
        """Half the length of the interval of the peak along each axis of numbers."""
        return self._half_widths(self.peaks, len(self._votes))

    @property
    def level(self) -> float:
        """The share of the peaks that an interval holds, so that it covers the truth as often as it says."""
        return level(len(self._votes))

    def forecast(self, times: float) -> np.ndarray:
        """`half_widths` with more votes on the same pairs and seeds.

        Parameters
        ----------
        times:
            How many times as many votes.
        """
        covariances = [
            _covariance(self._tally, self.features.spread, size, one.told * times)
            for size, one in zip(QUIRKS, self._fits, strict=True)
        ]
        return self._half_widths(
            self._peaks_of(self._draw(covariances, DRAWS_OF_A_FORECAST))[0], len(self._votes) * times
        )

    def forecast_with(self, votes: Sequence[Cast]) -> np.ndarray:
        """`half_widths` with further votes; how they are judged makes no difference.

        Parameters
        ----------
        votes:
            The votes.
        """
        tally = Tally(self.features, [*self._votes, *votes])
        covariances = []
        for size, one in zip(QUIRKS, self._fits, strict=True):
            chance = 1 / (1 + np.exp(-np.clip(tally.rows @ one.mean, -20, 20)))
            told = tally.cast * chance * (1 - chance)
            covariances.append(_covariance(tally, self.features.spread, size, told))
        return self._half_widths(
            self._peaks_of(self._draw(covariances, DRAWS_OF_A_FORECAST))[0], len(self._votes) + len(votes)
        )

    def _half_widths(self, peaks: np.ndarray, votes: float) -> np.ndarray:
        ends = [shortest(np.sort(along), level(votes)) for along in peaks.T]
        return np.asarray(np.array([(high - low) / 2 for low, high in ends]) * self.features.half)

    def _draw(self, covariances: Sequence[np.ndarray], draws: int) -> np.ndarray:
        """Surfaces with a peak, of each size of the deviations as many as the votes support.

        Parameters
        ----------
        covariances:
            The covariance of the weights, for each size.
        draws:
            How many.
        """
        ends = np.concatenate([[0], np.round(np.cumsum(self._shares) * draws)]).astype(int)
        normals = _normals(len(self.features.spread))
        drawn = [
            one.mean + normals[first:last] @ np.linalg.cholesky(covariance).T
            for one, covariance, first, last in zip(self._fits, covariances, ends, ends[1:], strict=False)
        ]
        return _concave(np.concatenate(drawn), self.features)

    def _peaks_of(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The highest place of each surface: scaled values along the axes of numbers, and a combination's number."""
        features = self.features
        rows, points = features.between(self._combinations, MOST_POINTS, FINEST)
        highest = np.argmax(weights @ rows.T, axis=1)
        peaks, chosen = points[highest], highest // (len(points) // len(self._combinations))
        if len(features.scales) > 1:  # a grid of several axes is coarse
            exact = features.summits(weights, self._combinations[chosen])
            is_inside = (np.abs(exact) <= 1).all(axis=1)
            peaks[is_inside] = exact[is_inside]
        return peaks, chosen


def level(votes: float) -> float:
    """The share of the peaks that an interval holds, so that it covers the truth in 90 of 100 studies.

    What is taken for possible before the first vote is a little wider than what the simulated people of
    `benchmarks/voting.py` like, so few votes need a little less than 90 %. With many, Laplace's approximation is a
    little too narrow, so they need a little more.
    """
    return MANY - (MANY - FEW) * min(1.0, max(0.0, (ENOUGH - votes) / (ENOUGH - LITTLE)))


def shortest(peaks: np.ndarray, share: float) -> tuple[float, float]:
    """The shortest interval that holds a share of some peaks.

    Parameters
    ----------
    peaks:
        Sorted numbers.
    share:
        The share.
    """
    inside = max(1, math.ceil(share * len(peaks)))
    first = int(np.argmin(peaks[inside - 1 :] - peaks[: len(peaks) - inside + 1]))
    return float(peaks[first]), float(peaks[first + inside - 1])


def _concave(weights: np.ndarray, features: Features) -> np.ndarray:
    """The surfaces that bend downward everywhere, if there are enough of them."""
    if not features.scales:
        return weights
    has_peak = np.linalg.eigvalsh(features.curvature(weights))[:, -1] < 0
    return weights[has_peak] if has_peak.sum() >= LEAST_DRAWS else weights


@cache
def _normals(number: int) -> np.ndarray:
    """Random numbers, the same each time: equal votes give equal intervals."""
    return np.random.default_rng(number).standard_normal((DRAWS, number))
