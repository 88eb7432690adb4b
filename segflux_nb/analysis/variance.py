"""How the variance of pictures divides among axes and pairs of axes. Pure.

The variance of pictures is the mean squared distance of their vectors from their mean. A multi-way analysis of
variance
divides it: the part of an axis is how far the means of its values lie from the mean of all, and the part of a pair is
how far the means of its cells lie from what the two axes say by themselves. This is Fisher's analysis of variance
with
vectors in place of numbers, which Anderson (Austral Ecology 26, 2001) and McArdle and Anderson (Ecology 82, 2001) use
on distances; with Euclidean distances it is the same.

On a complete grid the parts are exact, do not depend on any order, and add up. On a grid with gaps they are found by
sequential projection (type I sums of squares): first the seed, then each axis in order, then each pair; each takes
what those before it have left.

If the noise of the service was measured, its share of each part is taken away: a part with f degrees of freedom holds
f times the variance of the noise, whether its axis does anything or not.

The intervals come from the jackknife over seeds (Efron and Stein, Annals of Statistics 9, 1981), with Student's
quantile. They are about other seeds, not about other axes or values, and are wide with four seeds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from .observations import Observations

CONFIDENCE = 0.90
"""The confidence of intervals."""

LEAST_SEEDS = 3
"""With fewer seeds there are no intervals."""

MOST_GROUPS = 10
"""On grids with gaps, at most this many groups of seeds are left out in turn."""

_RANK = 1e-7
"""A direction that is shorter than this, against the longest one, is one that was there before."""

Term = tuple[str, ...]
"""The name of an axis, or the names of two."""


@dataclass(frozen=True)
class Share:
    """The part of the variance that belongs to an axis, or to a pair.

    Attributes
    ----------
    term:
        The axis, or the two.
    share:
        From 0 to 1.
    low:
        Where its interval begins; None without one.
    high:
        Where it ends.
    """

    term: Term
    share: float
    low: float | None = None
    high: float | None = None


def shares_of(seen: Observations, *, seed: str | None, noise: float = 0.0) -> list[Share]:
    """The share of the variance of each axis and each pair of axes, in the order of the axes.

    Parameters
    ----------
    seen:
        The pictures.
    seed:
        The axis over which intervals are taken; None for none.
    noise:
        The variance of a picture's vector that is the service's own: half the mean squared distance of two takes.

    Example
    -------
    >>> settings = [{"seed": seed, "steps": steps} for seed in (1, 2) for steps in (9, 25)]
    >>> vectors = np.array([[0.0], [2.0], [1.0], [3.0]], dtype=np.float32)
    >>> seen = Observations.of(settings, ["seed", "steps"], vectors, "abcd")
    >>> [(" × ".join(one.term), round(one.share, 3)) for one in shares_of(seen, seed=None)]
    [('seed', 0.2), ('steps', 0.8), ('seed × steps', 0.0)]
    """
    divided = _divided(seen, seed)
    whole = _as_shares(divided, noise)
    seeds = len(seen.axes[seed]) if seed is not None else 0
    if seed is None or seeds < LEAST_SEEDS or seen.axes.keys() <= {seed}:
        return [Share(term, share) for term, share in whole.items()]
    return _with_intervals(whole, [_as_shares(part, noise) for part in _parts_without(seen, seed, divided)])


@dataclass(frozen=True)
class _Divided:
    """Sums of squares.

    Attributes
    ----------
    parts:
        The sum of squares and the degrees of freedom of each term.
    total:
        Those of all pictures.
    products:
        On a complete grid: what they were made of, by the axes beside the seed.
    """

    parts: Mapping[Term, tuple[float, int]]
    total: tuple[float, int]
    products: Mapping[Term, _Products] | None = None


def _as_shares(divided: _Divided, noise: float) -> dict[Term, float]:
    """Shares of the variance, without what is noise."""
    total = divided.total[0] - divided.total[1] * noise
    if total <= 0:
        return dict.fromkeys(divided.parts, 0.0)
    return {
        term: min(1.0, max(0.0, squares - freedom * noise) / total)
        for term, (squares, freedom) in divided.parts.items()
    }


def _with_intervals(whole: Mapping[Term, float], without: Sequence[Mapping[Term, float]]) -> list[Share]:
    """Shares with their intervals, from those that are found with each group of seeds left out."""
    from scipy.special import stdtrit  # scipy.stats takes longer to import than all of this

    groups = len(without)
    reach = float(stdtrit(groups - 1, (1 + CONFIDENCE) / 2))
    found = []
    for term, share in whole.items():
        left = np.array([part[term] for part in without])
        half = reach * math.sqrt((groups - 1) / groups * float(((left - left.mean()) ** 2).sum()))
        found.append(Share(term, share, max(0.0, share - half), min(1.0, share + half)))
    return found


def _divided(seen: Observations, seed: str | None) -> _Divided:
    """The sums of squares of all pictures."""
    if not seen.is_complete:
        return _projected(seen, seed)
    names = list(seen.axes)
    order = np.lexsort(seen.codes.T[::-1])
    grid = seen.vectors[order].reshape(*seen.levels, -1).astype(np.float32)
    if seed is None:
        grid, others = grid[None], names
    else:
        grid = np.moveaxis(grid, names.index(seed), 0)
        others = [name for name in names if name != seed]
    grid = grid - grid.reshape(-1, grid.shape[-1]).mean(axis=0, dtype=np.float64).astype(np.float32)
    levels = dict(zip(others, grid.shape[1:], strict=False))
    return _from_products(_products(np.ascontiguousarray(grid), others), levels, names, seed)


_ALL: Term = ("*",)
"""Stands for all axes beside the seed."""


@dataclass(frozen=True)
class _Products:
    """Products of the means of seeds over the cells of some axes: all that sums of squares are made of.

    Attributes
    ----------
    sums:
        For each seed: the product of its means with the sum of those of all seeds, added over the cells.
    own:
        For each seed: the product of its means with themselves.
    """

    sums: NDArray[np.float64]
    own: NDArray[np.float64]

    def of_sum(self, left: int | None) -> float:
        """The squared length of the sum over seeds, one of which may be left out."""
        whole = float(self.sums.sum())
        return whole if left is None else whole - 2 * float(self.sums[left]) + float(self.own[left])

    def of_each(self, left: int | None) -> float:
        """The sum of the squared lengths of seeds, one of which may be left out."""
        return float(self.own.sum()) - (0.0 if left is None else float(self.own[left]))


def _products(grid: NDArray[np.float32], others: Sequence[str]) -> dict[Term, _Products]:
    """The products for each axis and each pair beside the seed, and for all of them.

    Parameters
    ----------
    grid:
        Vectors by seed and by each other axis.
    others:
        The names of the other axes.
    """
    sets: list[Term] = [(), *((name,) for name in others), *combinations(others, 2)]
    found = {}
    for term in sets:
        rest = tuple(1 + at for at, name in enumerate(others) if name not in term)
        found[term] = _products_of((grid.mean(axis=rest) if rest else grid).reshape(len(grid), -1))
    found[_ALL] = _products_of(grid.reshape(len(grid), -1))
    return found


def _products_of(means: NDArray[np.float32]) -> _Products:
    total = means.sum(axis=0)
    # Products of vectors, not a product of matrices, which starts threads that cost more than the work.
    return _Products(np.array([float(row @ total) for row in means]), np.array([float(row @ row) for row in means]))


def _from_products(
    products: Mapping[Term, _Products],
    levels: Mapping[str, int],
    names: Sequence[str],
    seed: str | None,
    left: int | None = None,
) -> _Divided:
    """The sums of squares of a complete grid.

    Parameters
    ----------
    products:
        By `_products`.
    levels:
        The number of values of each axis beside the seed.
    names:
        The names of all axes, in order.
    seed:
        The axis of seeds; None for none.
    left:
        The position of a seed that is left out; None for none.
    """
    number, cells = len(products[()].own) - (left is not None), math.prod(levels.values())

    def squares(term: Term) -> float:
        """N times the mean squared length of the means of the cells of some axes."""
        own = tuple(name for name in term if name != seed)
        found = products[own]
        per_cell = cells / math.prod(levels[name] for name in own)
        return per_cell * (found.of_each(left) if seed in term else found.of_sum(left) / number)

    nothing = squares(())
    freedom = dict(levels) if seed is None else {**levels, seed: number}
    parts: dict[Term, tuple[float, int]] = {}
    for name in names:
        parts[(name,)] = squares((name,)) - nothing, freedom[name] - 1
    for one, other in combinations(names, 2):
        both = squares((one, other)) - nothing - parts[(one,)][0] - parts[(other,)][0]
        parts[(one, other)] = max(0.0, both), (freedom[one] - 1) * (freedom[other] - 1)
    total = products[_ALL].of_each(left) - nothing
    return _Divided(parts, (total, number * cells - 1), products)


def _parts_without(seen: Observations, seed: str, divided: _Divided) -> list[_Divided]:
    """The sums of squares with each seed, or each group of seeds, left out."""
    seeds = range(len(seen.axes[seed]))
    if divided.products is not None:
        levels = {name: len(values) for name, values in seen.axes.items() if name != seed}
        return [_from_products(divided.products, levels, list(seen.axes), seed, left) for left in seeds]
    groups = min(MOST_GROUPS, len(seeds))
    return [
        _projected(seen.without(seed, [one for one in seeds if one % groups == left]), seed) for left in range(groups)
    ]


def _projected(seen: Observations, seed: str | None) -> _Divided:
    """The sums of squares of a grid with gaps, by sequential projection.

    The seed comes first: it does most to a picture, and where cells are missing the others take a part of it.
    """
    vectors = seen.vectors - seen.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    names = list(seen.axes)
    known = np.full((len(seen), 1), 1 / math.sqrt(len(seen)))
    parts: dict[Term, tuple[float, int]] = {}
    axes, pairs = [(name,) for name in names], list(combinations(names, 2))
    for term in [*sorted(axes, key=lambda one: seed not in one), *sorted(pairs, key=lambda two: seed not in two)]:
        columns = [seen.codes[:, names.index(name)] for name in term]
        cells = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
        indicators = np.eye(cells.max() + 1)[cells]
        for _ in range(2):  # the second time takes away what rounding has left
            indicators = indicators - known @ (known.T @ indicators)
        left, lengths, _ = np.linalg.svd(indicators, full_matrices=False)
        fresh = left[:, lengths > _RANK * math.sqrt(len(seen))]
        parts[term] = float(((fresh.T.astype(np.float32) @ vectors) ** 2).sum(dtype=np.float64)), fresh.shape[1]
        known = np.hstack([known, fresh])
    total = float(np.einsum("ij,ij->", vectors, vectors, dtype=np.float64))
    return _Divided({term: parts[term] for term in [*axes, *pairs]}, (total, len(seen) - 1))
