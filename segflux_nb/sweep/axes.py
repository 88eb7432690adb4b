"""Axes: one parameter's values, or several parameters that move together."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..errors import SweepError
from ..model import DECIMALS, MODEL, Parameter, Value
from .ranges import parse_range

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True)
class Axis:
    """Points along which one or several values change.

    Attributes
    ----------
    names:
        The parameters or placeholders that move.
    points:
        One mapping a point: name to value, and ``<name>_label`` where the value has a label.
    """

    names: tuple[str, ...]
    points: tuple[Mapping[str, Value], ...]


@dataclass(frozen=True)
class Linked:
    """Parameters that move together; made by `linked`."""

    values: Mapping[str, Any]


def linked(**parameters: Any) -> Linked:
    """Parameters that move together: one axis, not a product.

    Example
    -------
    Weak with few steps, strong with many::

        Sweep(linked(lora_strength=[0.5, 1.0], steps=[20, 30]), prompt=..., finetune_id=...)
    """
    if len(parameters) < 2:
        raise SweepError("linked() takes two or more parameters", remedy="Give one parameter to Sweep itself")
    return Linked(parameters)


def placeholders(prompt: str) -> list[str]:
    """The names in braces, in the order they appear; doubled braces are plain ones.

    >>> placeholders("a {animal} in {{braces}}")
    ['animal']
    """
    return list(dict.fromkeys(name for name in _PLACEHOLDER.findall(prompt) if name))


def fill(prompt: str, values: Mapping[str, Value]) -> str:
    """The prompt with its placeholders filled.

    >>> fill("a {animal}, {{so}}", {"animal": "fox"})
    'a fox, {so}'
    """
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]) if found[1] else found[0][0], prompt)


def check_value(name: str, value: object) -> Value:
    """One value of one parameter or placeholder, normalised.

    Raises
    ------
    SweepError
        Naming the parameter, the value and the remedy.
    """
    parameter = MODEL.parameters.get(name)
    try:
        value = _unboxed(value)
        if parameter is None:  # a placeholder's value becomes part of a prompt
            if isinstance(value, bool) or not isinstance(value, str | int | float) or value != value:
                raise ValueError(f"it must be text or a number, not {type(value).__name__}")
            return round(value, DECIMALS) if isinstance(value, float) else value
        if name == "seed" and not isinstance(value, bool) and value == -1:
            raise SweepError(
                "seed=-1 asks for a random seed, and what is random cannot be resumed or repeated",
                remedy="Use seed=sf.seeds(4), or any number from 0",
            )
        return parameter.normalise(value)
    except ValueError as error:
        if isinstance(error, SweepError):
            raise
        # Whoever writes 1.5 between quotes meant a number; say so instead of "must be a number, not str".
        shown = str(value) if isinstance(value, Decimal) else repr(value)  # of a text range, as it was written
        raise SweepError(f"{name}={shown} is not allowed: {error}", remedy=_suggestion(parameter, value)) from None


def axis(name: str, given: Any) -> Axis | None:
    """The axis that a user's value means, or None where it is one plain value.

    Lists, tuples, ranges, arrays, Series and other iterables are axes; a mapping is an axis with labels; a text
    is a range where the parameter is a number.
    """
    parameter = MODEL.parameters.get(name)
    if isinstance(given, Mapping):
        return _labelled(name, given)
    if isinstance(given, str):
        if parameter is None or parameter.kind in ("text", "choice"):
            return None
        try:
            values: Iterable[Any] = parse_range(given, integer=parameter.kind == "integer")
        except SweepError as error:
            raise SweepError(f"{name}={given!r}: {error.what}", remedy=error.remedy) from None
    elif isinstance(given, bytes) or not isinstance(given, Iterable):
        return None
    else:
        values = given
    if parameter is not None and not parameter.decides_picture:
        raise SweepError(
            f"{name} is no axis: it does not change the picture",
            remedy=f"Give one value, {parameter.allowed}",
        )
    checked = dict.fromkeys(check_value(name, value) for value in values)
    if not checked:
        raise SweepError(f"{name} is an empty axis", remedy=f"Give at least one value: {_allowed(parameter)}")
    return Axis((name,), tuple({name: value} for value in checked))


def linked_axis(link: Linked) -> Axis:
    """The axis of parameters that move together."""
    axes = []
    for name, given in link.values.items():
        found = axis_or_constant(name, given)
        axes.append(found)
    lengths = {single.names[0]: len(single.points) for single in axes}
    if len(set(lengths.values())) != 1:
        sizes = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise SweepError(
            f"linked() needs equally many different values: {sizes}", remedy="Make the lists equally long"
        )
    points = tuple(
        {key: value for point in together for key, value in point.items()}
        for together in zip(*(single.points for single in axes), strict=True)
    )
    return Axis(tuple(lengths), points)


def axis_or_constant(name: str, given: Any) -> Axis:
    """The axis, a plain value being an axis of one point."""
    return axis(name, given) or Axis((name,), ({name: check_value(name, given)},))


def check_name(name: str, known: Sequence[str]) -> None:
    """Refuse a name that is neither a parameter nor a placeholder of the prompt."""
    if name in known:
        return
    close = difflib.get_close_matches(name, [*known, *_FOREIGN], n=1, cutoff=0.6)
    meant = _FOREIGN.get(close[0], close[0]) if close else ""
    raise SweepError(
        f"There is no parameter {name!r}" + (f"; did you mean {meant!r}?" if meant else ""),
        remedy=f"The parameters are {', '.join(MODEL.parameters)}; "
        f"or write {{{name}}} in the prompt to make it a placeholder",
    )


# What other tools call the same thing (A1111, ComfyUI, Replicate, fal, Black Forest Labs).
_FOREIGN = {
    "lora_scale": "lora_strength",
    "lora_weight": "lora_strength",
    "strength_model": "lora_strength",
    "finetune_strength": "lora_strength",
    "strength": "lora_strength",
    "scale": "lora_strength",
    "num_inference_steps": "steps",
    "num_steps": "steps",
    "sampler": "sampler_name",
    "schedule": "scheduler",
    "random_seed": "seed",
    "size": "aspect_ratio",
}


def _labelled(name: str, given: Mapping[Any, Any]) -> Axis:
    points: list[Mapping[str, Value]] = []
    for label, value in given.items():
        if not isinstance(label, str):
            raise SweepError(
                f"{name} has the label {label!r}, which is no text",
                remedy='Write {"label": value}, labels as text',
            )
        points.append({name: check_value(name, value), f"{name}_label": label})
    if not points:
        raise SweepError(f"{name} is an empty axis", remedy="Give at least one label and value")
    return Axis((name,), tuple(points))


def _unboxed(value: object) -> object:
    """A numpy scalar as Python's own."""
    item = getattr(value, "item", None)
    return item() if callable(item) and getattr(value, "shape", None) == () else value


def _allowed(parameter: Parameter | None) -> str:
    return "text or numbers" if parameter is None else parameter.allowed


def _suggestion(parameter: Parameter | None, value: object) -> str:
    """The choice that looks most like a value; empty if none does. What is allowed, the error says already."""
    if parameter is None or parameter.kind != "choice" or not isinstance(value, str):
        return ""
    close = difflib.get_close_matches(value, parameter.choices, n=1, cutoff=0.5)
    return f"Did you mean {close[0]!r}?" if close else ""
