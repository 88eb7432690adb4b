"""Axes: one parameter's values, or several parameters that move together."""

from __future__ import annotations

import difflib
import itertools
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ..errors import SweepError
from ..model import DECIMALS, MODEL, SEEDS, Model, Parameter, Value, unknown_model
from ..paths import flat
from ..values import BYTES, as_python, is_encodable, is_missing, shown
from .names import LABEL
from .points import Point, different
from .ranges import parse_range
from .template import Verbatim, escape

_MOST_OF_AN_ITERABLE = 1_000_000
"""The most values that are read: an iterator such as `itertools.count` never ends."""

_RATIO = re.compile(r"\s*0*([1-9]\d{0,5})\s*[:x×/]\s*0*([1-9]\d{0,5})\s*")


@dataclass(frozen=True)
class Axis:
    """One parameter and its values, or several parameters that move together.

    Attributes
    ----------
    names:
        The parameters or placeholders of the axis.
    points:
        One mapping for each point: name to value, and ``<name>_label`` to the label if the value has one.
    notes:
        What to know of points that were given more than once, a sentence each.
    """

    names: tuple[str, ...]
    points: tuple[Point, ...]
    notes: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Linked:
    """Parameters that move together. `linked` makes it.

    Attributes
    ----------
    values:
        The values of each parameter, all of the same number.
    """

    values: Mapping[str, Any]


def linked(**parameters: Any) -> Linked:
    """Parameters that move together: one axis, not a product.

    Parameters
    ----------
    parameters:
        Two or more parameters or placeholders, each with the same number of values: the first values of all make the
        first point, and so on. A value may come more than once; points that are equal in all values count once.

    Raises
    ------
    SweepError
        If there is only one parameter.

    Example
    -------
    Weak with few steps, strong with many::

        Sweep(linked(lora_strength=[0.5, 1.0], steps=[20, 30]), prompt=..., finetune_id=...)
    """
    if len(parameters) < 2:
        raise SweepError("linked() needs two or more parameters", remedy="Give one parameter to Sweep itself")
    return Linked({name: as_given(name, given, _NOT_YET) for name, given in parameters.items()})


_NOT_YET = unknown_model("")
"""`linked` does not know for which model its values are: the sweep that takes them does."""


def as_given(name: str, given: Any, model: Model = MODEL) -> Any:
    """What a user gave for a parameter, as a value of our own: plain scalars, in a list or a dictionary.

    An iterator can be read only once, and a user may change a list later. A copy is safe from both.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    given:
        What the user gave for it.
    model:
        The model that has the parameter.

    Raises
    ------
    SweepError
        If it is a set (which has no order), a table of several columns, or does not end.
    """
    given = _plain(name, given)
    if isinstance(given, str):
        return _of_text(name, given, model)
    if isinstance(given, Mapping):
        return {as_python(label): _copied(name, value) for label, value in given.items()}
    if isinstance(given, BYTES) or not isinstance(given, Iterable):
        return given
    if isinstance(given, set | frozenset):
        raise SweepError(
            f"{name} is a {type(given).__name__}, which has no order, so its cells could not be resumed",
            remedy=f"Give a list: {name}=[...]",
        )
    if (dimensions := getattr(given, "ndim", 1)) != 1:
        raise SweepError(
            f"{name} has {dimensions} dimensions, and an axis has one", remedy="Give one column, or a list"
        )
    values = [_copied(name, value) for value in itertools.islice(given, _MOST_OF_AN_ITERABLE + 1)]
    if len(values) > _MOST_OF_AN_ITERABLE:
        raise SweepError(
            f"{name} has more than {_MOST_OF_AN_ITERABLE:,} values, or does not end", remedy="Give fewer values"
        )
    return values


def _of_text(name: str, text: str, model: Model) -> Any:
    """The number that a text stands for, as ``"7"`` does; the text where it is a range, or no number.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    text:
        What the user wrote.
    model:
        The model that has the parameter.
    """
    parameter = model.parameter(name)
    if parameter is None or parameter.kind not in _NUMBERS:
        return text
    try:
        values = parse_range(text, integer=parameter.kind == "integer")
    except SweepError:
        return text  # `axis` says what is wrong with it
    return check_value(name, values[0], model) if len(set(values)) == 1 else text


def _plain(name: str, value: Any) -> Any:
    """One value as a plain one. A final prompt becomes a template that stands for it.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    value:
        What the user gave.
    """
    return escape(str(value)) if isinstance(value, Verbatim) and name == "prompt" else as_python(value)


def _copied(name: str, value: Any) -> Any:
    """One value as a plain one; lists and objects are copied, because a user may change them later.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    value:
        What the user gave.
    """
    if isinstance(value, Mapping):
        return {as_python(key): _copied(name, inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(name, inner) for inner in value]
    return _plain(name, value)


def check_value(name: str, value: object, model: Model = MODEL) -> Any:
    """One value of one parameter or placeholder, as it is sent.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    value:
        The user's value. Scalars of numpy, pandas, `decimal`, `fractions` and `enum` become plain ones.
    model:
        The model that has the parameter.

    Raises
    ------
    SweepError
        If the value is not allowed. The text names the parameter, the value and what is allowed.
    """
    parameter = model.parameter(name)
    plain = as_python(value)
    if parameter is None:  # the value becomes part of a prompt
        if isinstance(plain, str) and is_encodable(plain):
            return plain
        if isinstance(plain, bool) or not isinstance(plain, int | float) or not _is_finite(plain):
            raise _not_allowed(name, value, model)
        return round(plain, DECIMALS) if isinstance(plain, float) else plain
    if name in SEEDS and ((type(plain) in (int, float) and plain == -1) or (plain is None and not model.is_open)):
        raise SweepError(
            f"{name}={shown(plain)} asks for a random seed, which cannot be resumed or repeated",
            remedy=f"Use {name}=sf.seeds(4), or a number from 0",
        )
    try:
        return parameter.normalise(plain)
    except ValueError as error:
        raise _not_allowed(name, value, model, str(error)) from None


def axis(name: str, given: Any, model: Model = MODEL) -> Axis | None:
    """The axis that a user's value stands for, or None if it is a single value.

    Lists, tuples, ranges, arrays, Series and other iterables are axes. A mapping is an axis with labels. Text is a
    range if the parameter is a number; a text with one value is a single value. Where the parameter itself is a list
    or an object, a list or a mapping that is one value of it is that value, and a list of lists is an axis.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    given:
        What the user gave for it.
    model:
        The model that has the parameter.

    Raises
    ------
    SweepError
        If a value or a range is not allowed, there is none, or the parameter cannot be an axis.
    """
    points = _points(name, given, model)
    if points is None:
        return None
    once, notes = different((name,), points)
    return None if isinstance(given, str) and len(once) == 1 else Axis((name,), once, notes)


def _points(name: str, given: Any, model: Model) -> list[Point] | None:
    """The points that a user's value stands for, as they were given; None if it is a single value.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    given:
        What the user gave for it.
    model:
        The model that has the parameter.
    """
    parameter = model.parameter(name)
    if parameter is not None and _is_one(parameter, given):
        return None
    if isinstance(given, Mapping):
        _check_decides(name, parameter)
        return _labelled(name, given, model)
    if isinstance(given, str):
        if parameter is None or parameter.kind not in _NUMBERS:
            return None
        try:
            values: Iterable[Any] = parse_range(given, integer=parameter.kind == "integer")
        except SweepError as error:
            raise SweepError(f"{name}={shown(given)}: {error.what}", remedy=error.remedy) from None
    elif isinstance(given, BYTES) or not isinstance(given, Iterable):
        return None
    else:
        values = given
    _check_decides(name, parameter)
    points: list[Point] = [_point(name, check_value(name, value, model)) for value in values]
    if not points:
        raise SweepError(f"{name} is an empty axis", remedy=f"Give at least one value: {_allowed(parameter)}")
    return points


def _check_decides(name: str, parameter: Parameter | None) -> None:
    """Raise `SweepError` for an axis of a parameter that does not change the picture."""
    if parameter is not None and not parameter.decides_picture:
        raise SweepError(
            f"{name} does not change the picture, so it is not an axis",
            remedy=f"Give one value: {parameter.allowed}",
        )


_NUMBERS = ("integer", "number")


def _is_one(parameter: Parameter, given: Any) -> bool:
    """Whether a list or a mapping is one value of a parameter that is a list or an object.

    Parameters
    ----------
    parameter:
        The parameter.
    given:
        What the user gave.
    """
    if parameter.kind == "any" and isinstance(given, list):
        return bool(given) and all(isinstance(one, Mapping) for one in given)
    if not isinstance(given, list if parameter.kind == "list" else Mapping):
        return False
    if parameter.kind not in ("list", "object"):
        return False
    try:
        parameter.normalise(given)
    except ValueError:
        # It is wrong as one value. It is an axis where its parts have the form of values; else its error says most.
        parts = given if isinstance(given, list) else list(given.values())
        return not all(isinstance(one, list if parameter.kind == "list" else Mapping) for one in parts)
    return True


def _text_of(value: Any) -> str:
    """A list or an object as a short text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _point(name: str, value: Any) -> dict[str, Value]:
    """A point of an axis. A list or an object has its plain values by path, and stands on sheets as a text.

    Parameters
    ----------
    name:
        The parameter.
    value:
        Its value.
    """
    if isinstance(value, list | dict):
        return {**flat(name, value), name: _text_of(value)}
    return {name: value}


def linked_axis(link: Linked, model: Model = MODEL) -> Axis:
    """The axis of parameters that move together.

    Parameters
    ----------
    link:
        The parameters and their values.
    model:
        The model that has the parameters.

    Raises
    ------
    SweepError
        If the parameters have different numbers of values, or a value is not allowed.
    """
    each = {
        name: _points(name, given, model) or [_point(name, check_value(name, given, model))]
        for name, given in link.values.items()
    }
    lengths = {name: len(points) for name, points in each.items()}
    if len(set(lengths.values())) != 1:
        sizes = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        single = next((name for name, length in lengths.items() if length == 1), "")
        raise SweepError(
            f"linked() needs the same number of values for each parameter: {sizes}",
            remedy=f"{single} is one value for all: give it to Sweep itself" if single else "Make them equally long",
        )
    together = zip(*each.values(), strict=True)
    points = [{key: value for point in of_all for key, value in point.items()} for of_all in together]
    return Axis(tuple(each), *different(tuple(each), points))


def _labelled(name: str, given: Mapping[Any, Any], model: Model) -> list[Point]:
    points: list[Point] = []
    for label, value in given.items():
        if not isinstance(label, str) or not is_encodable(label):
            raise SweepError(
                f"{name} has the label {shown(label, 100)}, which is not text",
                remedy='Write {"label": value}',
            )
        points.append({**_point(name, check_value(name, value, model)), f"{name}{LABEL}": label})
    if not points:
        raise SweepError(f"{name} is an empty axis", remedy="Give at least one label and value")
    return points


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # an integer of more than 300 digits
        return False


_MAY_BE_NEWER = ("sampler_name", "scheduler", "aspect_ratio")
"""Parameters of our own model whose values the service may have added to."""


def _allowed(parameter: Parameter | None) -> str:
    return "text or numbers" if parameter is None else parameter.allowed


def _not_allowed(name: str, value: object, model: Model, why: str = "") -> SweepError:
    parameter = model.parameter(name)
    # A number of a text range is shown as it was written.
    written = str(value) if isinstance(value, Decimal) else shown(value)
    remedy = f"Use {_allowed(parameter)}"
    if is_missing(value):
        remedy = f"Leave out missing values. {remedy}"
    if parameter is not None and isinstance(value, str):
        remedy = _meant(name, parameter, value, model) or remedy
        is_typo = difflib.get_close_matches(value, map(str, parameter.choices), n=1, cutoff=0.75)
        if model is MODEL and name in _MAY_BE_NEWER and not is_typo and not remedy.startswith("Give"):
            end = "" if remedy.endswith("?") else "."
            remedy = f"{remedy}{end} If the service has it by now: model=ws.model({model.slug!r})"
    if why.startswith(("[", ".")):  # what is wrong is a part of it
        return SweepError(f"{name}={written} is not allowed: {name}{why}")
    is_told = not why.startswith("it must be")  # what is inside a list, or rounded away
    return SweepError(f"{name}={written} is not allowed{f': {why}' if why and is_told else ''}", remedy=remedy)


def _nearest_ratio(width: int, height: int, choices: Sequence[str]) -> str:
    """The ``aspect_ratio`` that is nearest to another one.

    Parameters
    ----------
    width, height:
        Both sides, in any unit.
    choices:
        The ratios that there are.
    """

    def distance(choice: str) -> float:
        across, down = map(int, re.findall(r"\d+", choice))
        return abs(math.log(width * down / (height * across)))

    return min(choices, key=distance)


def _meant(name: str, parameter: Parameter, text: str, model: Model) -> str:
    """What a text that is not allowed was probably meant to be, as a remedy; empty where nobody can tell."""
    if parameter.kind == "choice":
        parts = [part for part in map(str.strip, text.split(",")) if part]
        if len(parts) > 1 and set(parts) <= set(parameter.choices):
            return f"Give a list: {name}={parts}"
        if all(map(_RATIO.fullmatch, parameter.choices)) and (ratio := _RATIO.fullmatch(text)):
            nearest = _nearest_ratio(int(ratio[1]), int(ratio[2]), parameter.choices)
            return f"The nearest one is {nearest!r}. Use {parameter.allowed}"
        close = difflib.get_close_matches(text, parameter.choices, n=1, cutoff=0.5)
        return f"Did you mean {close[0]!r}?" if close else ""
    for number in (int, float):
        try:
            check_value(name, number(text), model)
        except (ValueError, SweepError):
            continue
        return f"Write {text.strip()} without quotes"
    return ""
