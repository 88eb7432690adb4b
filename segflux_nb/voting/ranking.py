"""Which value people prefer, from votes between pairs of pictures. Pure.

The model (Bradley and Terry, Biometrika 39, 1952) gives each value a strength. The left picture wins with the
probability ``1 / (1 + exp(right - left))``; a tie counts as half a win for each.

Intervals cover what changes from seed to seed, which no formula of the model describes. They come from the jackknife
(Efron and Stein, Annals of Statistics 9, 1981): the fit is repeated with each seed left out once, and the spread of
the results, with Student's quantile for that number of seeds, gives the interval.

On an axis of numbers the best value may lie between two values that were tried. There the strength is a curve over
the axis, and `_peak` finds its highest point and the interval of that point.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..markup import count, decimals
from ..model import Value

CONFIDENCE = 0.90
"""The confidence of every interval here."""

SHRINKAGE = 0.1
"""Weight of the prior. It keeps the strength of a value that always wins finite, and is about 1 % of ten votes."""

LOPSIDED = 0.8
"""The curve gets a third power if a lopsided peak has at least this confidence."""

LEAST = 0.4
"""The shortest interval, as a share of the interval that the number of votes alone gives. A few seeds can agree by
chance, and then the jackknife's interval is too short."""

NO_SCALE = ("seed", "take")
"""Axes whose numbers are names. There is nothing between two of them."""

POINTS = 401
"""Places along the axis where the curve is computed."""

STEPS, CONVERGED = 50, 1e-9
"""Newton's method ends after this many steps, or when no weight changes by more than this."""

LEFT, RIGHT, TIE, SKIP = "left", "right", "tie", "skip"
OUTCOMES = (LEFT, RIGHT, TIE, SKIP)
_POINTS_OF = {LEFT: 1.0, RIGHT: 0.0, TIE: 0.5}


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
        What a block is called: seed or group.
    decimals:
        Decimals of the values in its text.
    remark:
        A sentence if there is something to know, else empty.

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

    def __str__(self) -> str:
        if self.best is None:
            return f"no votes on {self.axis} yet"
        parts = [f"best {self._show(self.best)}"]
        if self.low is not None and self.high is not None:
            parts.append(f"{self._show(self.low)} to {self._show(self.high)}")
        if self.others:
            parts.append(f"not clearly above {', '.join(map(self._show, self.others))}")
        parts += [count(self.blocks, self.unit), count(self.votes, "vote")]
        return ", ".join(parts) + (f". {self.remark}" if self.remark else "")

    __repr__ = __str__

    def _show(self, value: Value) -> str:
        return f"{value:.{self.decimals}f}" if isinstance(value, float) else str(value)


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
        What a block is called: seed or group.
    """
    values = list(dict.fromkeys(values))
    counted = [vote for vote in votes if vote.outcome in _POINTS_OF and {vote.left, vote.right} <= set(values)]
    if not counted or len(values) < 2:
        return Ranking(axis, None, None, None, 0, 0, _no_scores(), unit=unit)
    table = _VoteTable(values, counted)
    scores = _scores(values, counted, table)
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    blocks, votes_cast = len(table.names), len(counted)
    if axis in NO_SCALE or len(numbers) < len(values) or len(values) < 3:
        first = scores.iloc[0]
        estimate, each = table.estimate(np.eye(len(values))), np.eye(len(values))
        ahead = each[values.index(first["value"])] - each
        clear = (ahead @ estimate.weights > estimate.reach(ahead)) & (blocks > 1)
        near = tuple(
            value for value, is_behind in zip(values, clear, strict=True) if not is_behind and value != first["value"]
        )
        return Ranking(
            axis, first["value"], None, None, blocks, votes_cast, scores, near, unit, _most_decimals(numbers)
        )
    peak, low, high, remark = _peak(np.array(numbers), table)
    if low is None and not remark:
        remark = f"One {unit} does not show whether it holds for others"
    return Ranking(
        axis, round(peak, 6), low, high, blocks, votes_cast, scores, (), unit, _most_decimals(numbers), remark
    )


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
        self.points = np.array([_POINTS_OF[vote.outcome] for vote in votes])
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
        won[vote.left] += _POINTS_OF[vote.outcome]
        won[vote.right] += 1 - _POINTS_OF[vote.outcome]
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


def _peak(numbers: np.ndarray, table: _VoteTable) -> tuple[float, float | None, float | None, str]:
    """The highest point of the preference curve, its interval, and a remark.

    The design, step by step:

    1. The axis is scaled to -1 .. 1, so that its powers are of one size. The log odds are a parabola over it; with
       five values or more they get a third power, if the votes show that the peak is lopsided.
    2. The peak is the highest of `POINTS` places between the smallest and the largest value that were tried. It is
       never outside: nobody has seen a picture there.
    3. The interval is not "the peak, plus or minus". With weak votes the curve is nearly flat, and a small change of
       its weights moves the peak from one end to the other. So the question is turned round, as Fieller does: a place
       can be the peak if the slope there can be zero, given its uncertainty. Slopes are sums of the weights, so their
       uncertainty is exact, however weak the votes are.
    4. A slope of zero may also be a valley. A place is kept only if the curve can bend downward there.
    5. At an end of what was tried the slope need not be zero for the best value to be there, so the peak itself
       always belongs to the interval.

    The interval goes from the first place that is kept to the last one.

    Parameters
    ----------
    numbers:
        The values that were tried.
    table:
        The votes between them.
    """
    middle, half = (numbers.max() + numbers.min()) / 2, (numbers.max() - numbers.min()) / 2
    scaled = (numbers - middle) / half
    powers, remark = 2, ""
    curve = table.estimate(_powers(scaled, 2))
    if curve.blocks > 1 and len(numbers) > 4:
        lopsided = table.estimate(_powers(scaled, 3))
        if abs(lopsided.weights[2]) > lopsided.reach(np.eye(3)[2:], LOPSIDED)[0]:
            powers, curve = 3, lopsided
    places = np.linspace(-1, 1, POINTS)
    highest = int(np.argmax(_powers(places, powers) @ curve.weights))
    peak = float(middle + half * places[highest])
    if curve.blocks < 2:
        return peak, None, None, ""
    slopes = np.stack([power * places ** (power - 1) for power in range(1, powers + 1)], axis=1)
    bends = np.stack([power * (power - 1) * places ** max(0, power - 2) for power in range(1, powers + 1)], axis=1)
    can_be_peak = np.abs(slopes @ curve.weights) <= curve.reach(slopes)
    can_be_peak &= bends @ curve.weights <= curve.reach(bends)
    can_be_peak[highest] = True
    first, last = int(np.argmax(can_be_peak)), POINTS - 1 - int(np.argmax(can_be_peak[::-1]))
    low, high = (float(middle + half * places[end]) for end in (first, last))
    if highest in (0, POINTS - 1):
        remark = f"The best value may lie {'below' if highest == 0 else 'above'} what was tried"
    elif low == numbers.min() and high == numbers.max():
        remark = "There are too few votes to tell"
    return peak, low, high, remark


def _powers(values: np.ndarray, highest: int) -> np.ndarray:
    return np.stack([values**power for power in range(1, highest + 1)], axis=1)


def _deviation(rows: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, covariance, rows), 0)))


def _most_decimals(numbers: Sequence[float]) -> int:
    """The decimals that the values have, at least two."""
    return max([2, *map(decimals, numbers)])
