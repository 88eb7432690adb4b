"""Cells that stand one by one in a sweep file, where a sweep is not a product of axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import SweepError
from ..model import MODEL, Model, Value, model_of
from ..values import shown
from .axes import Axis, axis
from .names import LABEL, TEMPLATE
from .product import Product
from .request import Request
from .template import Verbatim, escape, placeholders


@dataclass(frozen=True)
class ListedCells:
    """Cells that were listed one by one.

    Attributes
    ----------
    requests:
        The cells, in order; at least one.
    names:
        The names of the parameters and placeholders that vary, in order.
    values:
        The values of names, in order, as far as they are known. Those of other names are read from the cells.
    """

    requests: tuple[Request, ...]
    names: Sequence[str]
    values: Mapping[str, Sequence[Value]] = field(default_factory=dict)

    @property
    def axes(self) -> Sequence[Axis]:
        """The axes whose values are known."""
        given = {"prompt" if name == TEMPLATE else name: values for name, values in self.values.items()}
        return [Axis((name,), tuple({name: value} for value in values)) for name, values in given.items()]

    @property
    def model(self) -> Model:
        """The model, as far as it is known without a catalogue."""
        return model_of(self.requests[0].model)

    def with_model(self, model: Model) -> ListedCells:
        """The cells, checked by a model.

        Parameters
        ----------
        model:
            The model.

        Raises
        ------
        SweepError
            If the model does not allow a name or a value.
        """
        for cell in self.requests:
            listed_cell(cell.parameters, cell.labels, model)
        return self

    def cells(self) -> list[Request]:
        """The requests, in order."""
        return list(self.requests)

    def replaced(self, parameters: Mapping[str, Any]) -> ListedCells:
        """The cells with other values for what is the same in all of them.

        What varies cannot be replaced: the file does not hold the filters that chose the cells.

        Parameters
        ----------
        parameters:
            One value for each name.

        Raises
        ------
        SweepError
            If a name varies from cell to cell, or is given several values.
        """
        for name, given in parameters.items():
            if name in self.names or len({_value(cell, name) for cell in self.requests}) > 1:
                raise SweepError(
                    f"{name} cannot be replaced: it varies, and this sweep is a list of cells from a file",
                    remedy="Make a new Sweep with the values that you want",
                )
            if axis(name, given, self.model) is not None:
                raise SweepError(
                    f"{name} cannot become an axis: this sweep is a list of cells from a file",
                    remedy=f"Give one value of {name}, or make a new Sweep",
                )
        return replace(self, requests=tuple(_replaced(cell, parameters) for cell in self.requests))


def listed_cell(parameters: Mapping[str, Any], labels: Mapping[str, Value], model: Model = MODEL) -> Request:
    """One cell, checked as the values of a sweep are.

    Parameters
    ----------
    parameters:
        The request fields. The prompt is final: braces in it are not placeholders.
    labels:
        What the sweep said about the cell.
    model:
        The model.

    Raises
    ------
    SweepError
        If a parameter is missing, unknown, or not allowed.
    """
    prompt = parameters.get("prompt")
    given = {**parameters, "prompt": Verbatim(prompt)} if isinstance(prompt, str) else parameters
    for name, value in given.items():
        if axis(name, value, model) is not None:
            raise SweepError(f"{name}={shown(value)} of a cell is not one value", remedy="Give each cell one value")
    (cell,) = Product((), given, model).cells()
    return replace(cell, labels=labels)


def _value(cell: Request, name: str) -> Value | None:
    if name == "prompt":  # with placeholders, the template is what can be replaced
        return cell.labels.get(TEMPLATE, cell.parameters.get(name))
    return cell.labels.get(name, cell.parameters.get(name))


def _replaced(cell: Request, parameters: Mapping[str, Any]) -> Request:
    template = str(cell.labels.get(TEMPLATE, escape(str(cell.parameters.get("prompt", "")))))
    filled = {name: cell.labels[name] for name in placeholders(template) if name in cell.labels}
    prompt = {"prompt": template} if "prompt" in cell.parameters else {}
    own = Product((), {**cell.parameters, **filled, **prompt}, model_of(cell.model))
    (made,) = own.replaced(parameters).cells()
    others = {
        name: label
        for name, label in cell.labels.items()
        if name != TEMPLATE and name not in filled and name.removesuffix(LABEL) not in parameters
    }
    return replace(made, labels={**made.labels, **others})
