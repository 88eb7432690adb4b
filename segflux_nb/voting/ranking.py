"""Which value people prefer, from votes between pairs of pictures. Pure.

The model (Bradley and Terry, Biometrika 39, 1952) gives each value a strength. The left picture wins with the
probability ``1 / (1 + exp(right - left))``; a tie counts as half a win for each.

Intervals cover what changes from seed to seed, which no formula of the model describes. They come from the jackknife
(Efron and Stein, Annals of Statistics 9, 1981): the fit is repeated with each seed left out once, and the spread of
the results, with Student's quantile for that number of seeds, gives the interval.

On an axis of numbers the best value may lie between two values that were tried. There the preference is a curve with
one peak (see `belief`), and `_peak` gives its highest point and the interval of that point.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..markup import count, decimals, plain, shorten
from ..model import Value
from ..values import as_python
from .belief import CONFIDENCE, Belief, Cast, shortest
from .features import NO_SCALE, Features, is_scale, is_whole

SHRINKAGE = 0.1
"""Weight of the prior. It keeps the strength of a value that always wins finite, and is about 1 % of ten votes."""

LEAST = 0.4
"""The shortest interval, as a share of the interval that the number of votes alone gives. A few seeds can agree by
chance, and then the jackknife's interval is too short."""

EDGE = 1e-3
"""How near to the end of an axis a scaled value is taken for the end."""

WIDE = 0.7
"""An interval of this share of what was tried says that nothing is known: people who tie all pairs give as much."""

NAMED = 3
"""A sentence names this many values of a longer list."""

LONGEST = 40
"""The most characters of a value in a sentence."""

STEPS, CONVERGED = 50, 1e-9
"""Newton's method ends after this many steps, or when no weight changes by more than this."""

LEFT, RIGHT, TIE, SKIP = "left", "right", "tie", "skip"
OUTCOMES = (LEFT, RIGHT, TIE, SKIP)
POINTS_OF = {LEFT: 1.0, RIGHT: 0.0, TIE: 0.5}


@dataclass(frozen=True)
class Vote:
    """A vote between two pictures that differ in one axis.

    Attributes
    ----------
    left:
        The left picture's value of the axis.
    right:
        The right picture's value.
    outcome:
        ``left``, ``right``, ``tie`` or ``skip``; a skipped pair does not count.
    block:
        What the two have in common: their seed.
    """

    left: Value
    right: Value
    outcome: str
    block: Hashable


@dataclass(frozen=True)
class Ranking:
    """What votes say about the values of an axis.

    Its text is a sentence; `scores` has a row for each value.

    Attributes
    ----------
    axis:
        The axis that was judged.
    best:
        The preferred value. On an axis of numbers it is the peak of the curve, which may lie between two values that
        were tried; on other axes the value with the highest score. None without votes.
    low:
        Where the interval of the peak begins, at `CONFIDENCE`; None on other axes, or with fewer than two seeds.
    high:
        Where it ends.
    blocks:
        The number of seeds that were judged.
    votes:
        The number of votes that count.
    scores:
        A frame, the best value first: ``value``, ``score`` (log odds against the mean of all), ``low``, ``high``
        (missing with fewer than two seeds), ``judged`` (how often), ``won`` (the share of wins, a tie is half a win).
    others:
        Values whose difference from the best one may be chance, on axes that are not numbers.
    unit:
        What a block is called, as a noun: seed, or value of steps.
    decimals:
        Decimals of the values in its text.
    remark:
        A sentence if there is something to know, else empty.
    belief:
        What the votes say about the curve, on an axis of numbers; it forecasts what more votes would say.

    Example
    -------
    >>> votes = [Vote(0.4, 0.8, "right", seed) for seed in range(6)] + [Vote(0.8, 1.2, "left", 7)]
    >>> rank("lora_strength", [0.4, 0.8, 1.2], votes).scores["value"].tolist()[0]
    0.8
    """

    axis: str
    best: Value | None
    low: float | None
    high: float | None
    blocks: int
    votes: int
    scores: pd.DataFrame = field(repr=False)
    others: tuple[Value, ...] = ()
    unit: str = "seed"
    decimals: int = 2
    remark: str = ""
    belief: Belief | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        parts = [f"no votes on {self.axis} yet"]
        if self.best is not None:
            parts = [f"best {self.peak_text}", counted(self.blocks, self.unit), count(self.votes, "vote")]
        return ", ".join(parts) + (f". {self.remark}" if self.remark else "")

    __repr__ = __str__

    @property
    def peak_text(self) -> str:
        """The best value and its interval, in words."""
        if self.best is None:
            return ""
        if self.low is None or self.high is None:
            clear = f", not clearly above {named(map(self._show, self.others))}" if self.others else ""
            return self._show(self.best) + clear
        return f"{self._show(self.best)}, {self._show(self.low)} to {self._show(self.high)}"

    @property
    def values(self) -> dict[str, Value]:
        """The best value by axis; empty without votes."""
        return {} if self.best is None else {self.axis: self.best}

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Between which values the peak may be, by axis of numbers; without an interval, the best value twice."""
        if self.axis in NO_SCALE or not isinstance(self.best, int | float):
            return {}
        low, high = (float(self.best if end is None else end) for end in (self.low, self.high))
        return {self.axis: (low, high)}

    def interval(self, axis: str) -> tuple[float | None, float | None]:
        """The interval of the peak along an axis; a pair of None without one."""
        return self.low, self.high

    @property
    def likely(self) -> dict[str, tuple[Value, ...]]:
        """The values that may be the best, by axis that is no axis of numbers."""
        return {} if self.best is None or self.bounds else {self.axis: (self.best, *self.others)}

    def _show(self, value: Value) -> str:
        if not isinstance(value, float):
            return shorten(plain(value), LONGEST)
        return f"{value:.0f}" if isinstance(self.best, int) else f"{value:.{self.decimals}f}"


def named(values: Iterable[str]) -> str:
    """Values in a sentence: all of them, or the first ones and how many more there are.

    >>> named("abcd"), named("abcdef")
    ('a, b, c, d', 'a, b, c and 3 others')
    """
    values = list(values)
    if len(values) <= NAMED + 1:
        return ", ".join(values)
    return f"{', '.join(values[:NAMED])} and {count(len(values) - NAMED, 'other')}"


def counted(number: int, unit: str) -> str:
    """How many blocks there are, by their noun.

    Parameters
    ----------
    number:
        How many.
    unit:
        What one is called.

    >>> counted(1, "seed"), counted(5, "seed"), counted(3, "value of steps")
    ('1 seed', '5 seeds', '3 values of steps')
    """
    return f"{number:,} {unit if number == 1 else plural(unit)}"


def plural(unit: str) -> str:
    """What several blocks are called."""
    noun, of, rest = unit.partition(" of ")
    return f"{noun}s{of}{rest}"


def rank(axis: str, values: Sequence[Value], votes: Sequence[Vote], *, unit: str = "seed") -> Ranking:
    """Rank the values of an axis by votes.

    Parameters
    ----------
    axis:
        Its name.
    values:
        The values that were tried, in order.
    votes:
        Votes between them; votes on other values are left out.
    unit:
        What a block is called, as a noun: seed, or value of steps.
    """
    values = list(dict.fromkeys(values))
    counted = [vote for vote in votes if vote.outcome in POINTS_OF and {vote.left, vote.right} <= set(values)]
    if not counted or len(values) < 2:
        return Ranking(axis, None, None, None, 0, 0, _no_scores(), unit=unit)
    table = _VoteTable(values, counted)
    scores = _scores(values, counted, table)
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    blocks, votes_cast = len(table.names), len(counted)
    if not is_scale(axis, values):
        best = as_python(scores["value"].iloc[0])
        estimate, each = table.estimate(np.eye(len(values))), np.eye(len(values))
        ahead = each[values.index(best)] - each
        clear = (ahead @ estimate.weights > estimate.reach(ahead)) & (blocks > 1)
        near = tuple(value for value, is_behind in zip(values, clear, strict=True) if not is_behind and value != best)
        return Ranking(
            axis,
            best,
            None,
            None,
            blocks,
            votes_cast,
            scores,
            near,
            unit,
            _most_decimals(numbers),
        )
    features = Features({axis: values})
    cast = [Cast((vote.left,), (vote.right,), POINTS_OF[vote.outcome], vote.block) for vote in counted]
    belief = Belief(features, cast, np.zeros((1, 0), dtype=int))
    peak, low, high, remark = _peak(features, belief, unit)
    places = _most_decimals(numbers)
    best = round(peak) if is_whole(axis, values) else round(peak, 6)
    return Ranking(axis, best, low, high, blocks, votes_cast, scores, (), unit, places, remark, belief)


class _VoteTable:
    """Votes as arrays, and what is estimated from them.

    Parameters
    ----------
    values:
        The values of the axis.
    votes:
        Votes between them, none of them skipped.
    """

    def __init__(self, values: Sequence[Value], votes: Sequence[Vote]) -> None:
        place = {value: at for at, value in enumerate(values)}
        self.left = np.array([place[vote.left] for vote in votes])
        self.right = np.array([place[vote.right] for vote in votes])
        self.points = np.array([POINTS_OF[vote.outcome] for vote in votes])
        self.names = list(dict.fromkeys(vote.block for vote in votes))
        self.block = np.array([self.names.index(vote.block) for vote in votes])
        self.number = len(values)

    def estimate(self, features: np.ndarray) -> _Estimate:
        """The weights of features, and how uncertain they are.

        Parameters
        ----------
        features:
            A row for each value of the axis. The identity gives a strength to each value; powers of the value give
            a curve.
        """
        rows = features[self.left] - features[self.right]
        whole, within = _fit(rows, self.points)
        blocks = len(self.names)
        if blocks < 2:
            return _Estimate(whole, within, within, blocks)
        without = [_fit(rows[self.block != one], self.points[self.block != one])[0] for one in range(blocks)]
        apart = np.array(without) - whole
        return _Estimate(whole, (blocks - 1) / blocks * apart.T @ apart, within, blocks)


@dataclass(frozen=True)
class _Estimate:
    """Weights of features, and how uncertain they are.

    Attributes
    ----------
    weights:
        A weight for each feature.
    across:
        Their covariance over the seeds, by the jackknife.
    within:
        Their covariance from the number of votes alone, as if all seeds were the same.
    blocks:
        The number of seeds.
    """

    weights: np.ndarray
    across: np.ndarray
    within: np.ndarray
    blocks: int

    def reach(self, rows: np.ndarray, share: float = CONFIDENCE) -> np.ndarray:
        """Half the length of the interval of each row's product with the weights.

        Seeds that happen to agree give a covariance that is too small. Then the number of votes sets the limit.

        Parameters
        ----------
        rows:
            What is multiplied with the weights, a row each.
        share:
            The confidence of the interval.
        """
        from scipy.stats import norm, t

        seeds = t.ppf((1 + share) / 2, max(1, self.blocks - 1)) * _deviation(rows, self.across)
        return np.asarray(np.maximum(seeds, LEAST * norm.ppf((1 + share) / 2) * _deviation(rows, self.within)))


def _fit(rows: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The most likely weights, with a weak prior, by Newton's method; and their covariance."""
    weights = np.zeros(rows.shape[1])
    prior = SHRINKAGE * np.eye(len(weights))
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(rows @ weights, -40, 40)))
        slope = rows.T @ (points - chance) - SHRINKAGE * weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + prior
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < CONVERGED:
            break
    return weights, np.linalg.inv(bend)


def _scores(values: Sequence[Value], votes: Sequence[Vote], table: _VoteTable) -> pd.DataFrame:
    estimate = table.estimate(np.eye(table.number))
    against_the_mean = np.eye(table.number) - 1 / table.number
    strengths = against_the_mean @ estimate.weights
    reach = estimate.reach(against_the_mean) if estimate.blocks > 1 else np.full(table.number, np.nan)
    judged: Counter[Value] = Counter()
    won: defaultdict[Value, float] = defaultdict(float)
    for vote in votes:
        judged.update((vote.left, vote.right))
        won[vote.left] += POINTS_OF[vote.outcome]
        won[vote.right] += 1 - POINTS_OF[vote.outcome]
    scores = pd.DataFrame(
        {
            "value": pd.Series(list(values), dtype=object).infer_objects(),
            "score": strengths.round(9) + 0.0,  # zero has no sign
            "low": strengths - reach,
            "high": strengths + reach,
            "judged": [judged[value] for value in values],
            "won": [won[value] / judged[value] if judged[value] else math.nan for value in values],
        }
    )
    return scores.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _no_scores() -> pd.DataFrame:
    return pd.DataFrame({"value": [], "score": [], "low": [], "high": [], "judged": [], "won": []})


def _peak(features: Features, belief: Belief, unit: str) -> tuple[float, float | None, float | None, str]:
    """The best value of an axis of numbers, its interval, and a remark.

    Surfaces (here: curves) are drawn from what the votes leave open (see `belief`). The best value is the median of
    their highest points, and the interval the shortest one that holds enough of them. It is never outside of what was
    tried: nobody has seen a picture there.

    Parameters
    ----------
    features:
        What the preference depends on.
    belief:
        What the votes say.
    unit:
        What a block is called.
    """
    peaks = np.sort(belief.peaks[:, 0])
    middle = float(np.median(peaks))
    best = float(features.unscaled(np.array([[middle]]))[0, 0])
    if belief.blocks < 2:
        return best, None, None, f"One {unit} does not show whether it holds for others"
    ends = np.array(shortest(peaks, belief.level))
    low, high = map(float, features.unscaled(ends[:, None])[:, 0])
    if abs(middle) > 1 - EDGE:
        return best, low, high, f"The best value may lie {'below' if middle < 0 else 'above'} what was tried"
    remark = "There are too few votes to tell" if ends[1] - ends[0] > 2 * WIDE else ""
    return best, low, high, remark


def _deviation(rows: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, covariance, rows), 0)))


def _most_decimals(numbers: Sequence[float]) -> int:
    """The decimals that the values have, at least two."""
    return max([2, *map(decimals, numbers)])
