"""Which value people prefer, from votes between pairs of pictures: Bradley and Terry's model. Pure.

The model (Bradley and Terry, Biometrika 39, 1952) gives each value a strength, and lets the left one win with the
probability ``1 / (1 + exp(right - left))``; a tie counts as half a victory of either. What differs from seed to seed
is in no formula: each interval comes from leaving out one seed after the other (the jackknife; Efron and Stein,
Annals of Statistics 9, 1981), with Student's quantile for so many seeds.

On an axis of numbers the preference is taken for a curve with one peak, a parabola of log odds. Where its slope
cannot be told from zero lies the interval of the peak (Fieller's method, right for weak votes too).
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..markup import count
from ..model import Value

CONFIDENCE = 0.90
"""Of every interval here."""

SHRINKAGE = 0.1
"""Weight of the prior, which keeps finite what always wins; a hundredth of what some ten votes weigh."""

LOPSIDED = 0.8
"""The curve gets a third power where that is so sure to be needed."""

LEAST = 0.4
"""Few seeds may agree by luck: no interval is shorter than so much of what so few votes alone leave open."""

NO_SCALE = ("seed", "take")
"""Axes whose numbers are names: between two of them lies nothing."""

POINTS = 401
STEPS, CONVERGED = 50, 1e-9

LEFT, RIGHT, TIE, SKIP = "left", "right", "tie", "skip"
OUTCOMES = (LEFT, RIGHT, TIE, SKIP)
_POINTS_OF = {LEFT: 1.0, RIGHT: 0.0, TIE: 0.5}


@dataclass(frozen=True)
class Vote:
    """A judgement between two pictures that differ in one axis.

    Attributes
    ----------
    left, right:
        Values of the axis.
    outcome:
        ``left``, ``right``, ``tie`` or ``skip``; what was skipped tells nothing.
    block:
        What the two have in common: their seed.
    """

    left: Value
    right: Value
    outcome: str
    block: Hashable


@dataclass(frozen=True)
class Ranking:
    """What votes say of the values of an axis.

    Its text is a plain sentence; `scores` has a row for each value.

    Attributes
    ----------
    axis:
        What was judged.
    best:
        The value that is preferred: on an axis of numbers the peak of the curve, which may lie between two that were
        tried; else the one with the highest score. None without votes.
    low, high:
        The interval of the peak at `CONFIDENCE`; None on other axes, or with fewer than two seeds.
    others:
        Values whose difference from the best one may be chance, on axes that are no scale of numbers.
    blocks, votes:
        How many seeds were judged, and how often.
    scores:
        A frame, the best first: ``value``, ``score`` (log odds against the mean of all), ``low``, ``high`` (missing
        with fewer than two seeds), ``judged`` (how often), ``won`` (the share, ties as halves).
    remark:
        A sentence where something should be known, else empty.

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
        What was tried, in order.
    votes:
        Votes between them; others are left out.
    unit:
        What blocks are called.
    """
    values = list(dict.fromkeys(values))
    counted = [vote for vote in votes if vote.outcome in _POINTS_OF and {vote.left, vote.right} <= set(values)]
    if not counted or len(values) < 2:
        return Ranking(axis, None, None, None, 0, 0, _no_scores(), unit=unit)
    ballots = _Ballots(values, counted)
    scores = _scores(values, counted, ballots)
    numbers = [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    blocks, votes_cast = len(ballots.names), len(counted)
    if axis in NO_SCALE or len(numbers) < len(values) or len(values) < 3:
        first = scores.iloc[0]
        estimate, each = ballots.estimate(np.eye(len(values))), np.eye(len(values))
        ahead = each[values.index(first["value"])] - each
        clear = (ahead @ estimate.weights > estimate.reach(ahead)) & (blocks > 1)
        near = tuple(
            value for value, is_behind in zip(values, clear, strict=True) if not is_behind and value != first["value"]
        )
        return Ranking(axis, first["value"], None, None, blocks, votes_cast, scores, near, unit, _decimals(numbers))
    peak, low, high, remark = _peak(np.array(numbers), ballots)
    decimals = _decimals(numbers)
    if low is None and not remark:
        remark = f"With one {unit} there is no telling whether it holds for others"
    return Ranking(axis, round(peak, 6), low, high, blocks, votes_cast, scores, (), unit, decimals, remark)


class _Ballots:
    """Votes as arrays, and what is estimated from them."""

    def __init__(self, values: Sequence[Value], votes: Sequence[Vote]) -> None:
        place = {value: at for at, value in enumerate(values)}
        self.left = np.array([place[vote.left] for vote in votes])
        self.right = np.array([place[vote.right] for vote in votes])
        self.points = np.array([_POINTS_OF[vote.outcome] for vote in votes])
        self.names = list(dict.fromkeys(vote.block for vote in votes))
        self.block = np.array([self.names.index(vote.block) for vote in votes])
        self.number = len(values)

    def estimate(self, features: np.ndarray) -> _Estimate:
        """Weights of features (values by features), and how far they may be off."""
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
    """Weights with their covariance across blocks, and the one that the number of votes alone leaves."""

    weights: np.ndarray
    across: np.ndarray
    within: np.ndarray
    blocks: int

    def reach(self, rows: np.ndarray, share: float = CONFIDENCE) -> np.ndarray:
        """How far each row's product with the weights may be off.

        Seeds that happen to agree differ by less than chance alone would have it; then chance sets the limit.
        """
        from scipy.stats import norm, t

        seeds = t.ppf((1 + share) / 2, max(1, self.blocks - 1)) * _deviation(rows, self.across)
        return np.asarray(np.maximum(seeds, LEAST * norm.ppf((1 + share) / 2) * _deviation(rows, self.within)))


def _fit(rows: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights of greatest likelihood, with a weak prior, by Newton's method; and their covariance."""
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


def _scores(values: Sequence[Value], votes: Sequence[Vote], ballots: _Ballots) -> pd.DataFrame:
    estimate = ballots.estimate(np.eye(ballots.number))
    against_the_mean = np.eye(ballots.number) - 1 / ballots.number
    strengths = against_the_mean @ estimate.weights
    reach = estimate.reach(against_the_mean) if estimate.blocks > 1 else np.full(ballots.number, np.nan)
    judged: Counter[Value] = Counter()
    won: defaultdict[Value, float] = defaultdict(float)
    for vote in votes:
        judged.update((vote.left, vote.right))
        won[vote.left] += _POINTS_OF[vote.outcome]
        won[vote.right] += 1 - _POINTS_OF[vote.outcome]
    table = pd.DataFrame(
        {
            "value": pd.Series(list(values), dtype=object).infer_objects(),
            "score": strengths,
            "low": strengths - reach,
            "high": strengths + reach,
            "judged": [judged[value] for value in values],
            "won": [won[value] / judged[value] if judged[value] else math.nan for value in values],
        }
    )
    return table.sort_values("score", ascending=False, kind="stable", ignore_index=True)


def _no_scores() -> pd.DataFrame:
    return pd.DataFrame({"value": [], "score": [], "low": [], "high": [], "judged": [], "won": []})


def _peak(numbers: np.ndarray, ballots: _Ballots) -> tuple[float, float | None, float | None, str]:
    """Where the curve is highest, from where to where its slope may be zero, and a remark."""
    middle, half = (numbers.max() + numbers.min()) / 2, (numbers.max() - numbers.min()) / 2
    scaled = (numbers - middle) / half
    powers, remark = 2, ""
    curve = ballots.estimate(_powers(scaled, 2))
    if curve.blocks > 1 and len(numbers) > 4:
        lopsided = ballots.estimate(_powers(scaled, 3))
        if abs(lopsided.weights[2]) > lopsided.reach(np.eye(3)[2:], LOPSIDED)[0]:
            powers, curve = 3, lopsided
    along = np.linspace(-1, 1, POINTS)
    at = int(np.argmax(_powers(along, powers) @ curve.weights))
    peak = float(middle + half * along[at])
    if curve.blocks < 2:
        return peak, None, None, ""
    slopes = np.stack([power * along ** (power - 1) for power in range(1, powers + 1)], axis=1)
    bends = np.stack([power * (power - 1) * along ** max(0, power - 2) for power in range(1, powers + 1)], axis=1)
    level = np.abs(slopes @ curve.weights) <= curve.reach(slopes)
    level &= bends @ curve.weights <= curve.reach(bends)
    # At an end of what was tried the slope need not be zero for the best to lie there.
    level |= np.arange(POINTS) == at
    low, high = (float(middle + half * along[end]) for end in (np.argmax(level), POINTS - 1 - np.argmax(level[::-1])))
    if at in (0, POINTS - 1):
        remark = f"It may lie {'below' if at == 0 else 'above'} what was tried"
    elif low == numbers.min() and high == numbers.max():
        remark = "The votes do not tell yet"
    return peak, low, high, remark


def _powers(values: np.ndarray, highest: int) -> np.ndarray:
    return np.stack([values**power for power in range(1, highest + 1)], axis=1)


def _deviation(rows: np.ndarray, covariance: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", rows, covariance, rows), 0)))


def _decimals(numbers: Sequence[float]) -> int:
    """As many as the values have, and two at least."""
    return max([2, *(len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in numbers)])
