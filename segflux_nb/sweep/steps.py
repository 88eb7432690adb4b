"""The changes of a sweep: filters, samples, baseline, sums. They are data, so that they can be applied again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..model import Value
from .listed import ListedCells
from .order import unique, with_baseline
from .product import Product
from .request import Request

Cells = list[Request]


class Addend(Protocol):
    """A sweep that is added to another one."""

    @property
    def axes(self) -> Mapping[str, Sequence[Value]]:
        """Values by axis."""
        ...

    def __iter__(self) -> Iterator[Request]: ...

    def replace(self, /, **parameters: Any) -> Addend:
        """The sweep with other values for some parameters.

        Parameters
        ----------
        parameters:
            The new values.
        """
        ...


class Step(Protocol):
    """A change of the product's cells, kept as data so that `replace` can apply it again."""

    @property
    def names(self) -> Sequence[str]:
        """The names of the axes that it may add."""
        ...

    def apply(self, cells: Cells, source: Product | ListedCells) -> Cells:
        """The cells after the change.

        Parameters
        ----------
        cells:
            The cells before.
        source:
            What they come from.
        """
        ...

    def replaced(self, parameters: Mapping[str, Any]) -> Step:
        """The step of a sweep with other values.

        Parameters
        ----------
        parameters:
            The new values by name.
        """
        ...


class _Derived:
    """A step that does not depend on the parameters that are replaced."""

    names: Sequence[str] = ()

    def replaced(self, parameters: Mapping[str, Any]) -> Any:
        return self


@dataclass(frozen=True)
class Where(_Derived):
    """The cells for which a condition is true.

    Attributes
    ----------
    keep:
        The condition.
    """

    keep: Callable[[Request], object]

    def apply(self, cells: Cells, source: Product | ListedCells) -> Cells:  # noqa: D102 - as the protocol says
        return [cell for cell in cells if self.keep(cell)]


@dataclass(frozen=True)
class Sample(_Derived):
    """A random choice of cells.

    Attributes
    ----------
    n:
        How many.
    seed:
        The same seed chooses the same ones.
    """

    n: int
    seed: int

    def apply(self, cells: Cells, source: Product | ListedCells) -> Cells:  # noqa: D102 - as the protocol says
        chosen = random.Random(self.seed).sample(range(len(cells)), min(self.n, len(cells)))
        return [cells[index] for index in sorted(chosen)]


@dataclass(frozen=True)
class Baseline(_Derived):
    """The cells, and the base model's.

    Attributes
    ----------
    names:
        The axis that it may add.
    """

    names: Sequence[str] = ("lora_strength",)

    def apply(self, cells: Cells, source: Product | ListedCells) -> Cells:  # noqa: D102 - as the protocol says
        return with_baseline(cells, source.names, source.axes)


@dataclass(frozen=True)
class Plus(_Derived):
    """The cells of another sweep besides.

    Attributes
    ----------
    other:
        The other sweep.
    """

    other: Addend

    @property
    def names(self) -> Sequence[str]:  # type: ignore[override]  # a field in the base class
        """The axes of the other sweep."""
        return list(self.other.axes)

    def apply(self, cells: Cells, source: Product | ListedCells) -> Cells:  # noqa: D102 - as the protocol says
        return unique([*cells, *self.other])

    def replaced(self, parameters: Mapping[str, Any]) -> Plus:  # noqa: D102 - as the protocol says
        return Plus(self.other.replace(**parameters))
