"""The product of axes: the cells that the arguments of `Sweep` stand for."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import SweepError
from ..model import MODEL, Value
from .axes import Axis, Linked, as_given, axis, check_name, check_value, linked_axis
from .names import TEMPLATE, check_placeholders
from .request import Request
from .template import doubled, fill, placeholders


class Product:
    """Every combination of the points of some axes, the last axis fastest.

    Parameters
    ----------
    groups:
        Parameters that move together. Each group is one axis, before the others.
    parameters:
        Values by the name of a parameter or placeholder. `segflux_nb.sweep.axes.axis` says which are axes.

    Attributes
    ----------
    axes:
        The axes, in order.
    constants:
        The values that are the same in all cells.

    Raises
    ------
    SweepError
        If a name or a value is not allowed, or a needed one is missing.
    """

    def __init__(self, groups: Sequence[Linked], parameters: Mapping[str, Any]) -> None:
        self._groups = [
            Linked({name: as_given(name, given) for name, given in group.values.items()}) for group in groups
        ]
        self._parameters = {name: as_given(name, given) for name, given in parameters.items()}
        _check_names(self._groups, self._parameters)
        self.axes: list[Axis] = [linked_axis(group) for group in self._groups]
        self.constants: dict[str, Value] = {}
        for name, given in self._parameters.items():
            found = axis(name, given)
            if found is None:
                self.constants[name] = check_value(name, given)
            else:
                self.axes.append(found)
        _check_texts(self.constants, self.axes)

    @property
    def order(self) -> list[str]:
        """The names that are not in a group, as they were given."""
        return list(self._parameters)

    @property
    def names(self) -> list[str]:
        """The names of all axes, in order."""
        return [name for each in self.axes for name in each.names]

    def cells(self) -> list[Request]:
        """The requests, in order."""
        return [_request(self.constants, point) for point in itertools.product(*(each.points for each in self.axes))]

    def replaced(self, parameters: Mapping[str, Any]) -> Product:
        """The product with other values for some names. Axes keep their place.

        Parameters
        ----------
        parameters:
            The new values by name. A linked group is replaced whole.

        Raises
        ------
        SweepError
            If a part of a linked group is replaced, or a value is not allowed.
        """
        kept = []
        for group in self._groups:
            replaced, others = set(group.values) & set(parameters), set(group.values) - set(parameters)
            if replaced and others:
                raise SweepError(
                    f"{', '.join(sorted(replaced))} moves together with {', '.join(sorted(others))}",
                    remedy="Replace all parameters of a linked group",
                )
            if not replaced:
                kept.append(group)
        return Product(kept, {**self._parameters, **parameters})


def _check_names(groups: Sequence[Linked], parameters: Mapping[str, Any]) -> None:
    prompts = parameters.get("prompt", "")
    for group in groups:
        prompts = group.values.get("prompt", prompts)
    texts = prompts.values() if isinstance(prompts, Mapping) else prompts
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        texts = [texts]
    templates = [text for text in texts if isinstance(text, str)]
    found = {name for text in templates for name in placeholders(text)}
    check_placeholders(found, templates)
    known = [*MODEL.parameters, *sorted(found)]
    given = [name for group in groups for name in group.values] + list(parameters)
    for name in given:
        check_name(name, known)
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise SweepError(f"{twice[0]} is given twice", remedy="Give it in linked() or by itself")
    for parameter in MODEL.parameters.values():
        if parameter.required and parameter.name not in given:
            meaning = f"{parameter.meaning[0].lower()}{parameter.meaning[1:]}"
            raise SweepError(f"{parameter.name} is missing", remedy=f"Give {parameter.name}: {meaning}")
    for name in sorted(found):
        if name not in given:
            written = next(text for text in templates if name in placeholders(text))
            raise SweepError(
                f"The prompt's placeholder {{{name}}} has no values",
                remedy=f"Give {name}=[...]. To show the braces themselves, double them: {doubled(written, name)}",
            )


def _check_texts(constants: Mapping[str, Value], axes: Sequence[Axis]) -> None:
    for name in ("prompt", "finetune_id"):
        values = (
            [constants[name]]
            if name in constants
            else [point[name] for each in axes if name in each.names for point in each.points]
        )
        if any(not str(value).strip() for value in values):
            raise SweepError(f"{name} is empty", remedy=f"Give {name} a text")


def _given(names: Sequence[str], values: Mapping[str, Value]) -> str:
    return ", ".join(f"{name}={values[name]!r}" for name in names)


def _request(constants: Mapping[str, Value], point: Sequence[Mapping[str, Value]]) -> Request:
    values = dict(constants)
    for part in point:
        values.update(part)
    template = str(values["prompt"])
    names = placeholders(template)
    if names:
        values.setdefault(TEMPLATE, template)
    values["prompt"] = filled = fill(template, values)
    if not filled.strip():
        raise SweepError(
            f"The prompt {template!r} is empty where {_given(names, values)}",
            remedy="Leave out empty values, or write a text around the placeholder",
        )
    parameters = {name: values.pop(name, default) for name, default in _DEFAULTS}
    return Request(parameters, labels=values)


_DEFAULTS = tuple((name, parameter.default) for name, parameter in MODEL.parameters.items())
