"""Pictures with the settings that they were made with: what effects are computed from. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model import Value
from .vectors import Vectors

TOGETHER = " + "
"""Between the names of axes that move together: no picture can tell them apart."""


@dataclass(frozen=True)
class Observations:
    """One picture for each cell that has one.

    Attributes
    ----------
    axes:
        The values of each axis that varies, in order. Axes that move together are one, such as ``steps + scheduler``.
    codes:
        A row for each picture and a column for each axis: the position of its value.
    vectors:
        A row for each picture, by `vector_of`.
    identities:
        Equal for pictures whose files are equal.
    """

    axes: Mapping[str, Sequence[Value]]
    codes: NDArray[np.int64]
    vectors: Vectors
    identities: Sequence[str]

    @classmethod
    def of(
        cls, settings: Sequence[Mapping[str, Value]], axes: Sequence[str], vectors: Vectors, identities: Sequence[str]
    ) -> Observations:
        """Observations of pictures. Of those with equal settings the first one counts.

        Parameters
        ----------
        settings:
            The values of each picture, by axis.
        axes:
            The names of the axes, in order.
        vectors:
            A row for each picture.
        identities:
            Equal for pictures whose files are equal.

        Example
        -------
        >>> settings = [{"seed": seed, "steps": steps} for seed in (1, 2) for steps in (9, 25)]
        >>> seen = Observations.of(settings, ["seed", "steps"], np.zeros((4, 3), dtype=np.float32), "abcd")
        >>> seen.codes.tolist(), seen.is_complete
        ([[0, 0], [0, 1], [1, 0], [1, 1]], True)
        """
        columns: dict[str, list[int]] = {}
        values: dict[str, list[Value]] = {}
        for name in axes:
            seen = [row[name] for row in settings]
            known = in_order(seen)
            codes = [known.index(value) for value in seen]
            if len(known) < 2:
                continue
            twin = next((other for other, own in columns.items() if _same_partition(own, codes)), None)
            if twin is None:
                columns[name], values[name] = codes, known
            else:
                together = TOGETHER.join((twin, name))
                order = dict.fromkeys(zip(columns[twin], codes, strict=True))
                both = {one: f"{values[twin][one]}, {known[other]}" for one, other in order}
                columns = {together if key == twin else key: column for key, column in columns.items()}
                values = {
                    together if key == twin else key: [both[at] for at in range(len(own))] if key == twin else own
                    for key, own in values.items()
                }
        codes_of = np.array([columns[name] for name in columns], dtype=np.int64).T.reshape(
            len(settings), len(columns)
        )
        first = dict[tuple[int, ...], int]()
        for at, row in enumerate(map(tuple, codes_of.tolist())):
            first.setdefault(row, at)
        kept = list(first.values())
        return cls(values, codes_of[kept], vectors[kept], [identities[at] for at in kept])

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def levels(self) -> list[int]:
        """The number of values of each axis."""
        return [len(values) for values in self.axes.values()]

    @property
    def cells(self) -> int:
        """The number of cells of the whole grid."""
        return int(np.prod(self.levels)) if self.axes else 1

    @property
    def is_complete(self) -> bool:
        """Whether each cell of the grid has a picture."""
        return len(self) == self.cells

    def without(self, axis: str, positions: Sequence[int]) -> Observations:
        """The observations without some values of an axis.

        Parameters
        ----------
        axis:
            The axis.
        positions:
            The positions of the values that are left out.
        """
        at = list(self.axes).index(axis)
        kept = np.flatnonzero(~np.isin(self.codes[:, at], positions)).tolist()
        left = [place for place in range(len(self.axes[axis])) if place not in positions]
        codes = self.codes[kept].copy()
        codes[:, at] = np.searchsorted(left, codes[:, at])
        axes = {**self.axes, axis: [self.axes[axis][place] for place in left]}
        return Observations(axes, codes, self.vectors[kept], [self.identities[row] for row in kept])


def in_order(values: Sequence[Value]) -> list[Value]:
    """The different values: numbers by size, others in the order in which they come.

    >>> in_order([0.8, 0.4, 0.8]), in_order(["b", "a"])
    ([0.4, 0.8], ['b', 'a'])
    """
    known = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) for value in known):
        return sorted(known, key=float)
    return known


def _same_partition(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two axes tell the same pictures apart."""
    pairs = set(zip(one, other, strict=True))
    return len(pairs) == len(set(one)) == len(set(other))
