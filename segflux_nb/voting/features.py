"""What a preference depends on: the values of a place as numbers, and how large their weights may be. Pure.

A *place* is a value of each judged axis. On axes of numbers the preference is a smooth surface with one peak: powers
of the values, scaled to -1 .. 1. The values of other axes (samplers, fine-tunes) each have a height of their own, and
a slope of their own along every axis of numbers, so that each may have another peak.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from ..model import MODEL, Value

NO_SCALE = ("seed", "take")
"""Axes whose numbers are names. There is nothing between two of them."""

SLOPE, TWIST, SKEW = 5.0, 2.0, 1.0
"""How large the weights are a priori of a value, the product of two axes, and its cube: standard deviations, in log
odds."""

BEND, BEND_OF_SEVERAL = (4.0, 2.5), (0.0, 4.0)
"""How much worse a place is at an end of an axis than in its middle, a priori: mean and standard deviation. Several
axes differ more in how much they matter."""

HEIGHT, TILT = 2.0, 1.0
"""The same of the value of a choice, and of its slope along an axis of numbers."""

LEAST_FOR_SKEW = 5
"""An axis needs as many values before its curve may be lopsided."""

Place = tuple[Value, ...]


def is_scale(axis: str, values: Sequence[Value]) -> bool:
    """Whether there may be something between two values of an axis: three numbers or more that are no names."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    return axis not in NO_SCALE and len(numbers) == len(values) and len(set(numbers)) > 2


def is_whole(axis: str, values: Sequence[Value]) -> bool:
    """Whether the values of an axis of numbers are whole by their nature, and not by chance."""
    parameter = MODEL.parameters.get(axis)
    return all(isinstance(value, int) for value in values) if parameter is None else parameter.kind == "integer"


class Features:
    """Turns places into rows of numbers.

    Parameters
    ----------
    axes:
        The judged axes, with the values that were tried.

    Attributes
    ----------
    scales:
        The axes of numbers.
    choices:
        The other axes.
    spread:
        How large each weight may be: its standard deviation before the first vote.
    before:
        The means of the weights before the first vote.
    half:
        Half the length of each axis of numbers.
    """

    def __init__(self, axes: Mapping[str, Sequence[Value]]) -> None:
        self.axes = {name: list(dict.fromkeys(values)) for name, values in axes.items()}
        self.scales = [name for name, values in self.axes.items() if is_scale(name, values)]
        self.choices = [name for name in self.axes if name not in self.scales]
        number = len(self.scales)
        self._pairs = list(combinations(range(number), 2))
        self._skewed = [
            at for at, name in enumerate(self.scales) if number == 1 and len(self.axes[name]) >= LEAST_FOR_SKEW
        ]
        self._sizes = [len(self.axes[name]) for name in self.choices]
        bend, bend_spread = BEND if number == 1 else BEND_OF_SEVERAL
        self.spread = np.array(
            [SLOPE] * number
            + [bend_spread] * number
            + [TWIST] * len(self._pairs)
            + [SKEW] * len(self._skewed)
            + [weight for size in self._sizes for weight in [HEIGHT] * size + [TILT] * (size * number)]
        )
        self.before = np.zeros(len(self.spread))
        self.before[number : 2 * number] = -bend
        values_of = [np.array(self.axes[name], dtype=float) for name in self.scales]
        self._middle = np.array([(values.max() + values.min()) / 2 for values in values_of])
        self.half = np.array([(values.max() - values.min()) / 2 for values in values_of])

    def scaled(self, places: Sequence[Place]) -> np.ndarray:
        """The values of the axes of numbers, from -1 to 1, a row for each place."""
        names = list(self.axes)
        columns = [names.index(name) for name in self.scales]
        raw = np.array([[float(place[at]) for at in columns] for place in places]).reshape(len(places), len(columns))
        return self.scaled_values(raw)

    def scaled_values(self, values: np.ndarray) -> np.ndarray:
        """Values of the axes of numbers in their scaled form: a column for each."""
        return np.asarray((values - self._middle) / self.half)

    def unscaled(self, points: np.ndarray) -> np.ndarray:
        """Values of the axes of numbers from their scaled form."""
        return np.asarray(self._middle + self.half * points)

    def chosen(self, places: Sequence[Place]) -> np.ndarray:
        """The numbers of the values of the other axes, a row for each place."""
        names = list(self.axes)
        columns = [names.index(name) for name in self.choices]
        rows = [[self.axes[names[at]].index(place[at]) for at in columns] for place in places]
        return np.array(rows, dtype=int).reshape(len(places), len(columns))

    def rows(self, points: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """A row of features for each place.

        Parameters
        ----------
        points:
            Scaled values of the axes of numbers.
        chosen:
            The numbers of the values of the other axes.
        """
        parts = [points, points**2]
        parts += [(points[:, one] * points[:, other])[:, None] for one, other in self._pairs]
        parts += [points[:, at : at + 1] ** 3 for at in self._skewed]
        for at, size in enumerate(self._sizes):
            one_of = (chosen[:, at : at + 1] == np.arange(size)).astype(float)
            parts += [one_of, (one_of[:, :, None] * points[:, None, :]).reshape(len(points), -1)]
        return np.concatenate(parts, axis=1)

    def of(self, places: Sequence[Place]) -> np.ndarray:
        """A row of features for each place."""
        return self.rows(self.scaled(places), self.chosen(places))

    def between(self, combinations: np.ndarray, most: int, finest: int) -> tuple[np.ndarray, np.ndarray]:
        """Features and scaled values of places all over the axes of numbers, the same distance apart.

        They come once for each combination of values of the other axes, a combination after the other.

        Parameters
        ----------
        combinations:
            The combinations, as `chosen` gives them.
        most:
            About how many places there are at most.
        finest:
            The most places along one axis.
        """
        scales = len(self.scales)
        along = min(finest, max(5, int((most / len(combinations)) ** (1 / max(1, scales))))) | 1
        axes = np.meshgrid(*[np.linspace(-1, 1, along)] * scales, indexing="ij")
        points = np.stack([axis.ravel() for axis in axes], axis=1) if scales else np.zeros((1, 0))
        chosen = np.repeat(combinations, len(points), axis=0)
        points = np.tile(points, (len(combinations), 1))
        return self.rows(points, chosen), points

    def curvature(self, weights: np.ndarray) -> np.ndarray:
        """The second derivatives of surfaces over the axes of numbers, without what skews them.

        Parameters
        ----------
        weights:
            The weights of the features, a row for each surface.
        """
        number = len(self.scales)
        bends = np.zeros((len(weights), number, number))
        for at in range(number):
            bends[:, at, at] = 2 * weights[:, number + at]
        for at, (one, other) in enumerate(self._pairs, 2 * number):
            bends[:, one, other] = bends[:, other, one] = weights[:, at]
        return bends

    def summits(self, weights: np.ndarray, chosen: np.ndarray) -> np.ndarray:
        """Where the slope of each surface is zero: scaled values of several axes of numbers, however far outside.

        Parameters
        ----------
        weights:
            The weights of the features, a row for each surface.
        chosen:
            The numbers of the values of the other axes, a row for each surface.
        """
        nowhere = np.zeros((len(weights), len(self.scales)))
        slopes = []
        for step in np.eye(len(self.scales)):
            apart = self.rows(nowhere + step, chosen) - self.rows(nowhere - step, chosen)
            slopes.append((apart * weights).sum(axis=1) / 2)
        return np.asarray(-np.linalg.solve(self.curvature(weights), np.stack(slopes, axis=1)[:, :, None])[:, :, 0])
