"""Which place people prefer, from votes between pictures that differ in one of several axes, or in several. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ..markup import count, plain, shorten
from ..model import Value
from .belief import CONFIDENCE, Belief, Cast
from .features import Features, Place, is_whole
from .ranking import EDGE, LONGEST, WIDE, counted, named

HELD = {1: 0.90, 2: 0.94, 3: 0.97}
"""The share of the peaks that a region holds, by the number of axes of numbers, so that it covers the truth in about
90 of 100 studies (`benchmarks/voting.py`)."""

WIDE_BOX = (1 + WIDE) / 2
"""The same as `WIDE` for the box around a region, which is longer than an interval."""

CLOSEST = 0.02
"""A region is at least this wide, in half axes: a grid of places is no finer."""


@dataclass(frozen=True)
class Region:
    """Where the peak may be, at 90 %: an ellipse over the axes of numbers.

    Attributes
    ----------
    axes:
        The axes.
    centre:
        The middle, scaled.
    spread:
        The inverse of the covariance of the peaks that were drawn, scaled.
    limit:
        The squared distance up to which a place belongs to it.
    features:
        Scales places.
    """

    axes: tuple[str, ...]
    centre: np.ndarray = field(repr=False)
    spread: np.ndarray = field(repr=False)
    limit: float = field(repr=False)
    features: Features = field(repr=False)

    def __contains__(self, place: Mapping[str, Value]) -> bool:
        """Whether a place belongs to the region."""
        values = np.array([[float(place[name]) for name in self.axes]])
        return bool(self.distances(self.features.scaled_values(values))[0] <= self.limit)

    def distances(self, points: np.ndarray) -> np.ndarray:
        """The squared distances of scaled places from the middle."""
        apart = points - self.centre
        return np.asarray(np.einsum("ij,jk,ik->i", apart, self.spread, apart))


@dataclass(frozen=True)
class JointRanking:
    """What votes say about several axes. Its text is a sentence; `scores` has a row for each place that was tried.

    Attributes
    ----------
    axes:
        The axes that were judged.
    best:
        The preferred value of each axis; along axes of numbers it may lie between values that were tried. Empty
        without votes.
    low:
        Where the region of the peak begins, by axis of numbers; empty with fewer than two seeds.
    high:
        Where it ends.
    region:
        The region itself: ``{"lora_strength": 0.9, "steps": 30} in ranking.region``. It is smaller than the box
        between `low` and `high`. None without an axis of numbers, or with fewer than two seeds.
    blocks:
        The number of seeds that were judged.
    votes:
        The number of votes that count.
    scores:
        A frame, the best place first: a column for each axis, ``score`` (log odds against the mean of all), ``low``,
        ``high``, ``judged`` (how often), ``won`` (the share of wins, a tie is half a win).
    others:
        By axis that is no axis of numbers: the values that may be as good as the best one.
    unit:
        What a block is called, as a noun: seed, or value of steps.
    remark:
        A sentence if there is something to know, else empty.
    scales:
        Those of the axes that are axes of numbers.
    belief:
        What the votes say about the surface; it forecasts what more votes would say.
    """

    axes: tuple[str, ...]
    best: Mapping[str, Value]
    low: Mapping[str, float]
    high: Mapping[str, float]
    region: Region | None = field(repr=False)
    blocks: int = 0
    votes: int = 0
    scores: pd.DataFrame = field(repr=False, default_factory=pd.DataFrame)
    others: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    unit: str = "seed"
    remark: str = ""
    scales: tuple[str, ...] = ()
    belief: Belief | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        parts = [f"no votes on {' and '.join(self.axes)} yet"]
        if self.best:
            parts = [f"best {self.peak_text}", counted(self.blocks, self.unit), count(self.votes, "vote")]
        return ", ".join(parts) + (f". {self.remark}" if self.remark else "")

    __repr__ = __str__

    @property
    def peak_text(self) -> str:
        """The best place and its region, in words."""
        return ", ".join(self._about(axis) for axis in self.axes) if self.best else ""

    @property
    def values(self) -> dict[str, Value]:
        """The best value by axis; empty without votes."""
        return dict(self.best)

    @property
    def bounds(self) -> dict[str, tuple[float, float]]:
        """Between which values the peak may be, by axis of numbers; without a region, the best value twice."""
        return {
            axis: (self.low.get(axis, float(self.best[axis])), self.high.get(axis, float(self.best[axis])))
            for axis in self.scales
            if axis in self.best
        }

    def interval(self, axis: str) -> tuple[float | None, float | None]:
        """The interval of the peak along an axis; a pair of None without one."""
        return self.low.get(axis), self.high.get(axis)

    @property
    def likely(self) -> dict[str, tuple[Value, ...]]:
        """The values that may be the best, by axis that is no axis of numbers."""
        return {axis: (self.best[axis], *others) for axis, others in self.others.items()}

    def _about(self, axis: str) -> str:
        best = self.best[axis]
        text = f"{axis} {shown_number(best, best)}"
        if axis in self.low:
            text += f" ({shown_number(self.low[axis], best)} to {shown_number(self.high[axis], best)})"
        if self.others.get(axis):
            others = named(shown_number(value, value) for value in self.others[axis])
            text += f" (not clearly above {others})"
        return text


def shown_number(value: Value, like: Value) -> str:
    """A value as it is written: with two decimals, or without where the best one is whole."""
    if not isinstance(value, float):
        return shorten(plain(value), LONGEST)
    return f"{value:.0f}" if isinstance(like, int) else f"{value:.2f}"


def rank_jointly(axes: Mapping[str, Sequence[Value]], votes: Sequence[Cast], *, unit: str = "seed") -> JointRanking:
    """Rank the places of several axes by votes.

    Parameters
    ----------
    axes:
        The judged axes, with the values that were tried.
    votes:
        Votes between places, none of them skipped.
    unit:
        What a block is called, as a noun: seed, or value of steps.

    Example
    -------
    >>> votes = [Cast((0.4, 20), (0.8, 20), 0.0, seed) for seed in range(6)]
    >>> votes += [Cast((0.8, 20), (0.8, 40), 0.5, seed) for seed in range(6)]
    >>> rank_jointly({"lora_strength": [0.4, 0.8], "steps": [20, 40]}, votes).best["lora_strength"]
    0.8
    """
    names = tuple(axes)
    if not votes:
        return JointRanking(names, {}, {}, {}, None, unit=unit)
    features = Features(axes)
    places = list(dict.fromkeys(place for vote in votes for place in (vote.left, vote.right)))
    combinations = np.unique(features.chosen(places), axis=0)
    belief = Belief(features, votes, combinations)
    best, others, counted = _chosen(features, belief, combinations)
    peaks = belief.peaks[counted]
    remark, region = "", None
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    middle = features.unscaled(np.median(peaks, axis=0, keepdims=True))[0]
    for axis, value in zip(features.scales, middle, strict=True):
        best[axis] = round(float(value)) if is_whole(axis, axes[axis]) else round(float(value), 6)
    if belief.blocks < 2:
        remark = f"One {unit} does not show whether it holds for others"
    elif features.scales:
        region = _region(features, peaks)
        inside = features.unscaled(peaks[region.distances(peaks) <= region.limit])
        low = dict(zip(features.scales, map(float, inside.min(axis=0)), strict=True))
        high = dict(zip(features.scales, map(float, inside.max(axis=0)), strict=True))
        remark = _beyond(features, peaks, low, high)
    return JointRanking(
        names,
        {axis: best[axis] for axis in names},
        low,
        high,
        region,
        belief.blocks,
        len(votes),
        _scores(features, belief, names, places, votes),
        others,
        unit,
        remark,
        tuple(features.scales),
        belief if features.scales else None,
    )


def _chosen(
    features: Features, belief: Belief, combinations: np.ndarray
) -> tuple[dict[str, Value], dict[str, tuple[Value, ...]], np.ndarray]:
    """The best values of the axes that are no numbers, those that may be as good, and the draws that agree."""
    times = np.bincount(belief.chosen, minlength=len(combinations))
    order = np.argsort(-times, kind="stable")
    enough = int(np.searchsorted(np.cumsum(times[order]), CONFIDENCE * times.sum())) + 1
    likely = combinations[order[:enough]]
    best: dict[str, Value] = {}
    others: dict[str, tuple[Value, ...]] = {}
    for at, axis in enumerate(features.choices):
        values = features.axes[axis]
        best[axis] = values[likely[0, at]]
        others[axis] = tuple(values[one] for one in dict.fromkeys(likely[:, at].tolist()) if one != likely[0, at])
    return best, others, belief.chosen == order[0]


def _region(features: Features, peaks: np.ndarray) -> Region:
    centre = peaks.mean(axis=0)
    covariance = np.atleast_2d(np.cov(peaks.T)) + (CLOSEST / 2) ** 2 * np.eye(len(centre))
    region = Region(tuple(features.scales), centre, np.linalg.inv(covariance), 0.0, features)
    limit = float(np.quantile(region.distances(peaks), HELD[len(features.scales)]))
    return Region(region.axes, centre, region.spread, limit, features)


def _beyond(features: Features, peaks: np.ndarray, low: Mapping[str, float], high: Mapping[str, float]) -> str:
    """What to know about the ends of the axes."""
    at_an_end = []
    for axis, along in zip(features.scales, np.median(peaks, axis=0), strict=True):
        if abs(along) > 1 - EDGE:
            at_an_end.append(f"{axis} may lie {'above' if along > 0 else 'below'} what was tried")
    if at_an_end:
        return "The best " + ", the best ".join(at_an_end)
    unknown = [
        axis
        for axis, half in zip(features.scales, features.half, strict=True)
        if high[axis] - low[axis] > 2 * WIDE_BOX * half
    ]
    return f"There are too few votes to tell {' and '.join(unknown)}" if unknown else ""


def _scores(
    features: Features, belief: Belief, names: Sequence[str], places: Sequence[Place], votes: Sequence[Cast]
) -> pd.DataFrame:
    heights = belief.weights @ features.of(places).T
    heights = heights - heights.mean(axis=1, keepdims=True)
    low, high = np.quantile(heights, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    judged: Counter[Place] = Counter()
    won: defaultdict[Place, float] = defaultdict(float)
    for vote in votes:
        judged.update((vote.left, vote.right))
        won[vote.left] += vote.points
        won[vote.right] += 1 - vote.points
    columns: dict[str, object] = {
        name: pd.Series([place[at] for place in places], dtype=object).infer_objects()
        for at, name in enumerate(names)
    }
    columns |= {
        "score": heights.mean(axis=0).round(9) + 0.0,  # zero has no sign
        "low": low if belief.blocks > 1 else np.nan,
        "high": high if belief.blocks > 1 else np.nan,
        "judged": [judged[place] for place in places],
        "won": [won[place] / judged[place] for place in places],
    }
    scores = pd.DataFrame(columns)
    return scores.sort_values("score", ascending=False, kind="stable", ignore_index=True)
