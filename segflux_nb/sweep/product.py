"""The product of axes: the cells that the arguments of `Sweep` stand for."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from ..errors import SweepError
from ..model import MODEL, Model, Value
from ..paths import flat, is_path, nested, top_of
from .axes import Axis, Linked, as_given, axis, check_value, linked_axis
from .names import LABEL, TEMPLATE, check_name, check_placeholders
from .pictures_given import with_pictures
from .points import check_size
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
    model:
        The model that is asked.

    Attributes
    ----------
    model:
        The model that is asked.
    axes:
        The axes, in order.
    constants:
        The values that are the same in all cells; those inside lists and objects by their paths.

    Raises
    ------
    SweepError
        If a name or a value is not allowed, or a needed one is missing.
    """

    def __init__(self, groups: Sequence[Linked], parameters: Mapping[str, Any], model: Model = MODEL) -> None:
        self.model = model
        self._groups = [
            Linked({name: _as_linked(name, given, model) for name, given in group.values.items()}) for group in groups
        ]
        self._parameters = {name: _as_given(name, given, model) for name, given in parameters.items()}
        _check_names(self._groups, self._parameters, model)
        self.axes: list[Axis] = [linked_axis(group, model) for group in self._groups]
        self.constants: dict[str, Value] = {}
        for name, given in sorted(self._parameters.items(), key=lambda item: is_path(item[0])):  # parts after wholes
            if axis(name, given, model) is None:
                self.constants.update(flat(name, check_value(name, given, model)))
        for name, given in self._parameters.items():
            if (found := axis(name, given, model)) is not None:
                self.axes.append(found)
        if model.fills_defaults:
            _check_texts(self.constants, self.axes)
        check_size({" + ".join(each.names): len(each.points) for each in self.axes})

    def given(self, name: str) -> Any:
        """What was given for a name that is not in a group, as `Sweep` takes it: one value, or an axis.

        Parameters
        ----------
        name:
            The name.
        """
        return self._parameters[name]

    def with_model(self, model: Model) -> Product:
        """The product, checked by another model.

        Parameters
        ----------
        model:
            The model.

        Raises
        ------
        SweepError
            If the model does not allow a name or a value.
        """
        return Product(self._groups, self._parameters, model)

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
        points = itertools.product(*(each.points for each in self.axes))
        return [_request(self.constants, point, self.model) for point in points]

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
        # A list that is given whole replaces its parts.
        own = {
            name: given
            for name, given in self._parameters.items()
            if name in parameters or not is_path(name) or top_of(name) not in parameters
        }
        return Product(kept, {**own, **parameters}, self.model)


def _as_given(name: str, given: Any, model: Model) -> Any:
    return with_pictures(name, as_given(name, given, model), model)


def _as_linked(name: str, given: Any, model: Model) -> Any:
    """What was given for one of the parameters that move together: a value that comes twice is kept twice."""
    kept = given if isinstance(given, str) else as_given(name, given, model)
    return with_pictures(name, kept, model, is_linked=True)


def _check_names(groups: Sequence[Linked], parameters: Mapping[str, Any], model: Model) -> None:
    prompts = parameters.get("prompt", "")
    for group in groups:
        prompts = group.values.get("prompt", prompts)
    texts = prompts.values() if isinstance(prompts, Mapping) else prompts
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        texts = [texts]
    templates = [text for text in texts if isinstance(text, str)]
    found = {name for text in templates for name in placeholders(text)}
    check_placeholders(found, templates, model.parameters)
    known = [*model.parameters, *sorted(found)]
    given = [name for group in groups for name in group.values] + list(parameters)
    for name in given:
        check_name(name, known, model)
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise SweepError(f"{twice[0]} is given twice", remedy="Give it in linked() or by itself")
    tops = {top_of(name) for name in given}
    for parameter in model.parameters.values():
        if parameter.required and parameter.name not in tops:
            meaning = f"{parameter.meaning[:1].lower()}{parameter.meaning[1:]}" or parameter.allowed
            raise SweepError(f"{parameter.name} is missing", remedy=f"Give {parameter.name}: {meaning}")
    if model.needs_seed and model.needs_seed not in tops:
        seed = model.needs_seed
        raise SweepError(
            f"{seed} is missing, and {model.slug} takes a random one then, which cannot be resumed or repeated",
            remedy=f"Give {seed}=sf.seeds(4), or a number from 0",
        )
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


def _request(constants: Mapping[str, Value], point: Sequence[Mapping[str, Value]], model: Model) -> Request:
    values = dict(constants)
    for part in point:
        values.update(part)
    names: list[str] = []
    if isinstance(template := values.get("prompt"), str):
        names = placeholders(template)
        if names:
            values.setdefault(TEMPLATE, template)
        values["prompt"] = filled = fill(template, values)
        if not filled.strip() and (names or model.fills_defaults):
            raise SweepError(
                f"The prompt {template!r} is empty where {_given(names, values)}",
                remedy="Leave out empty values, or write a text around the placeholder",
            )
    if model.fills_defaults:
        parameters = {name: values.pop(name, field.default) for name, field in model.parameters.items()}
        return Request(parameters, labels=values)
    inside = {top_of(name) for name in values if is_path(name)}
    # A list that is an axis has its text among the labels, beside its plain values.
    labels = {
        name: value
        for name, value in values.items()
        if name == TEMPLATE or name in names or name in inside or _is_label(name, values) or _is_whole(name, values)
    }
    parameters = {name: value for name, value in values.items() if name not in labels}
    _check_parts(parameters, inside, model)
    return Request(parameters, labels=labels, model=model.slug)


def _is_label(name: str, values: Mapping[str, Value]) -> bool:
    """Whether a name is that of the label of another value."""
    return name.endswith(LABEL) and name.removesuffix(LABEL) in values


def _is_whole(name: str, values: Mapping[str, Value]) -> bool:
    """Whether a path leads to a list or an object that is a point of an axis: its text stands beside its values."""
    text = values[name]
    if not (is_path(name) and isinstance(text, str) and text[:1] in ("{", "[")):
        return False
    return any(other.startswith((f"{name}.", f"{name}[", f"{name}{{")) for other in values)


def _check_parts(parameters: Mapping[str, Value], inside: Collection[str], model: Model) -> None:
    """Raise `SweepError` where the parts of a list or an object do not make one that the model takes.

    Parameters
    ----------
    parameters:
        The plain values, by path.
    inside:
        The request fields that have parts.
    model:
        The model.
    """
    if not inside:
        return
    try:
        whole = nested(parameters)
    except ValueError as error:
        raise SweepError(f"{error}", remedy="Give each place of a list from 0, or the whole list") from None
    for name in sorted(inside):
        if name in whole:
            check_value(name, whole[name], model)
