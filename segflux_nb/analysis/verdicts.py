"""Whether an axis did anything to the pictures. Pure.

Two pictures that differ in one axis alone are a pair. The median of the differences of pairs is compared with how
much the service differs from itself: the median difference of two takes of one request, which `ws.probe` measures.

- *inert*: both pictures are equal in all pairs.
- *below the noise*: no two values of the axis have a median difference above `LIMIT` times the noise.
- *matters*: two values have.
- *no noise measured*: pictures differ, and nothing says whether they would without the axis.

A limit that was measured holds for whatever painted the pictures; a fixed one, or a perceptual hash, does not.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..model import Value
from .observations import Observations
from .vectors import Vectors, differences

LIMIT = 1.5
"""A difference is real above this many times the noise."""

INERT, BELOW, MATTERS, UNMEASURED = "inert", "below the noise", "matters", "no noise measured"

MOST_PAIRS = 2000
"""With more pairs than this, each value is compared with the next one and with the opposite one only."""

CERTAINTY = 1.645
"""Standard normal quantile of a two-sided interval of 90 %."""


@dataclass(frozen=True)
class Noise:
    """How much the service differs from itself.

    Attributes
    ----------
    differences:
        Those of pairs of takes of one request.
    variance:
        The variance of a picture's vector: half the mean squared distance of two takes.
    """

    differences: tuple[float, ...] = ()
    variance: float = 0.0

    @classmethod
    def of(cls, takes: Sequence[Vectors]) -> Noise:
        """The noise in takes.

        Parameters
        ----------
        takes:
            The vectors of all takes of a request, for each request that has several.

        Example
        -------
        >>> Noise.of([np.zeros((3, 12), dtype=np.float32)])
        Noise(differences=(0.0, 0.0, 0.0), variance=0.0)
        """
        found: list[float] = []
        squares: list[float] = []
        for vectors in takes:
            if len(vectors) > 1:
                one, other = zip(*combinations(range(len(vectors)), 2), strict=True)
                found += differences(vectors, one, other).tolist()
                squares.append(float(vectors.var(axis=0, ddof=1, dtype=np.float64).sum()))
        return cls(tuple(found), float(np.mean(squares)) if squares else 0.0)

    @property
    def typical(self) -> float | None:
        """The median difference of two takes; None where there are none."""
        return float(np.median(self.differences)) if self.differences else None

    @property
    def limit(self) -> float | None:
        """Above this, a median difference is real; None where no noise was measured."""
        return None if self.typical is None else LIMIT * self.typical


@dataclass(frozen=True)
class ValuePair:
    """Two values of an axis, and the pairs of pictures that differ in nothing else.

    Attributes
    ----------
    axis:
        The axis.
    one, other:
        The two values.
    pairs:
        The number of pairs.
    equal:
        In how many the pictures are equal.
    difference:
        The median difference.
    verdict:
        One of the four.
    """

    axis: str
    one: Value
    other: Value
    pairs: int
    equal: int
    difference: float
    verdict: str


@dataclass(frozen=True)
class Verdict:
    """Whether an axis did anything.

    Attributes
    ----------
    axis:
        The axis.
    word:
        One of the four.
    pairs:
        The number of pairs of pictures that differ in this axis alone.
    equal:
        In how many the pictures are equal.
    difference:
        The median difference of all pairs; None without pairs.
    largest:
        The two values that differ most; None without pairs.
    values:
        All pairs of values that were compared.
    more:
        About how many more pairs of those two values would make the verdict clear; None where it is clear, or cannot
        be made clear with fewer than a thousand.
    """

    axis: str
    word: str
    pairs: int
    equal: int
    difference: float | None
    largest: ValuePair | None
    values: tuple[ValuePair, ...]
    more: int | None = None

    @property
    def groups(self) -> list[list[Value]]:
        """Values that give equal pictures in all pairs, where the axis as a whole is not inert."""
        if self.word == INERT:
            return []
        known: list[list[Value]] = []
        for pair in self.values:
            if pair.verdict != INERT:
                continue
            touched = [group for group in known if pair.one in group or pair.other in group]
            merged = list(dict.fromkeys([*(value for group in touched for value in group), pair.one, pair.other]))
            known = [group for group in known if group not in touched] + [merged]
        return known


def verdict_of(seen: Observations, axis: str, noise: Noise) -> Verdict:
    """Whether an axis did anything.

    Parameters
    ----------
    seen:
        The pictures.
    axis:
        The axis.
    noise:
        How much the service differs from itself.

    Example
    -------
    >>> settings = [{"seed": seed, "steps": steps} for seed in (1, 2) for steps in (9, 25)]
    >>> seen = Observations.of(settings, ["seed", "steps"], np.zeros((4, 12), dtype=np.float32), "aabb")
    >>> found = verdict_of(seen, "steps", Noise())
    >>> found.word, found.equal, found.pairs
    ('inert', 2, 2)
    """
    by_values = _pairs(seen, list(seen.axes).index(axis))
    if not by_values:
        return Verdict(axis, UNMEASURED, 0, 0, None, None, ())
    every = np.array([pair for pairs in by_values.values() for pair in pairs])
    apart = differences(seen.vectors, every[:, 0], every[:, 1])
    same = np.array([seen.identities[one] == seen.identities[other] for one, other in every])
    same |= apart == 0
    found, spreads, start = [], [], 0
    for (one, other), pairs in by_values.items():
        part = slice(start, start + len(pairs))
        start += len(pairs)
        equal, median = int(same[part].sum()), float(np.median(apart[part]))
        word = _word(len(pairs), equal, median, noise)
        values = seen.axes[axis]
        found.append(ValuePair(axis, values[one], values[other], len(pairs), equal, median, word))
        spreads.append(_spread(apart[part]))
    largest = max(range(len(found)), key=lambda at: found[at].difference)
    equal = int(same.sum())
    word = INERT if equal == len(every) else found[largest].verdict
    if word == INERT:  # the largest median may be 0 where few pairs differ
        word = INERT if equal == len(every) else BELOW if noise.differences else UNMEASURED
    more = _more(found[largest], spreads[largest], noise) if word in (BELOW, MATTERS) else None
    return Verdict(axis, word, len(every), equal, float(np.median(apart)), found[largest], tuple(found), more)


def _word(pairs: int, equal: int, median: float, noise: Noise) -> str:
    """The verdict on two values.

    Parameters
    ----------
    pairs:
        The number of pairs.
    equal:
        In how many the pictures are equal.
    median:
        The median difference.
    noise:
        How much the service differs from itself.
    """
    if equal == pairs:
        return INERT
    if noise.limit is None:
        return UNMEASURED
    return MATTERS if median > noise.limit else BELOW


def _pairs(seen: Observations, at: int) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Rows of pictures that differ in one axis alone, by the positions of their two values.

    Parameters
    ----------
    seen:
        The pictures.
    at:
        The column of the axis.
    """
    groups: defaultdict[tuple[int, ...], dict[int, int]] = defaultdict(dict)
    for row, codes in enumerate(seen.codes.tolist()):
        groups[(*codes[:at], *codes[at + 1 :])][codes[at]] = row
    many = sum(math.comb(len(rows), 2) for rows in groups.values()) > MOST_PAIRS
    half = len(list(seen.axes.values())[at]) // 2
    found: defaultdict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for rows in groups.values():
        places = sorted(rows)
        for rank, one in enumerate(places):
            following = {rank + 1, rank + half} if many else range(rank + 1, len(places))
            for other in sorted(following):
                if rank < other < len(places):
                    found[(one, places[other])].append((rows[one], rows[places[other]]))
    return dict(sorted(found.items()))


def _spread(values: NDArray[np.float64]) -> float:
    """A standard deviation that one odd value does not change much: 1.4826 times the median absolute deviation."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _more(pair: ValuePair, spread: float, noise: Noise) -> int | None:
    """About how many more pairs make it clear on which side of the limit two values are.

    The standard error of a median of n is about 1.253 s / √n (Kenney and Keeping, Mathematics of Statistics, 1962).
    It is clear when `CERTAINTY` standard errors are less than the distance from the limit.
    """
    gap = abs(pair.difference - (noise.limit or 0.0))
    if not gap or not spread:
        return None
    needed = math.ceil((CERTAINTY * 1.253 * spread / gap) ** 2) - pair.pairs
    return needed if 0 < needed < 1000 else None
