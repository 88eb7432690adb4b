"""Axes as a person writes them in a form, and a sweep as the Python that makes it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..errors import SweepError
from ..model import MODEL, Model, Parameter, Value
from .axes import as_given, axis, check_value
from .names import TEMPLATE
from .product import Product
from .ranges import parse_range, seeds
from .sweep import Sweep
from .template import escape, placeholders
from .toml_text import single_value, values_of_axis

_OF_TEXT = ("text", "choice", "picture")

_SEEDS = re.compile(r"\s*(?:sf\.)?seeds\(\s*(\d+)\s*\)\s*")


def parse_field(name: str, written: str | Sequence[str], model: Model = MODEL) -> Any:
    """The argument of `Sweep` for the text of one field of a form.

    Numbers are written as text ranges, or ``seeds(4)``. A choice is a list of names. Prompts, ids and placeholders
    are written one on each line; a text in double quotes has the escapes of JSON, such as ``\\n`` for a new line.

    Parameters
    ----------
    name:
        The parameter or placeholder of the field.
    written:
        The field's text, or the names that are chosen in it.
    model:
        The model that has the parameter.

    Returns
    -------
    object
        One value, or an axis. None if the field is empty.

    Raises
    ------
    SweepError
        If the text is not allowed for this parameter.

    Example
    -------
    >>> parse_field("lora_strength", " 0.8 "), parse_field("lora_strength", "0-1 [3]")
    (0.8, '0-1 [3]')
    >>> parse_field("sampler_name", ["euler"]), parse_field("animal", "fox\\nowl"), parse_field("steps", "")
    ('euler', ['fox', 'owl'], None)
    >>> parse_field("prompt", '"a bridge,\\\\nfog"'), parse_field("animal", "fox, owl")
    ('a bridge,\\nfog', 'fox, owl')
    """
    parameter = model.parameter(name)
    if not isinstance(written, str):
        values = list(written)
        return None if not values else values[0] if len(values) == 1 else values
    if parameter is None or parameter.kind not in ("integer", "number"):
        lines = [_of_line(line.strip(), parameter) for line in re.split(r"\r\n|\r|\n", written) if line.strip()]
        return None if not lines else lines[0] if len(lines) == 1 else lines
    text = written.strip()
    if not text:
        return None
    if name == "seed" and (found := _SEEDS.fullmatch(text)):
        return seeds(int(found[1]))
    given = as_given(name, text, model)
    return text if axis(name, given, model) is not None else check_value(name, given, model)


def format_field(name: str, values: Sequence[Value], model: Model = MODEL) -> str:
    """The values as a person would write them in a form. `parse_field` is the inverse.

    Parameters
    ----------
    name:
        The parameter or placeholder of the field.
    values:
        Its values, in order.
    model:
        The model that has the parameter.

    Example
    -------

    >>> format_field("lora_strength", [0.4, 0.6, 0.8]), format_field("steps", [10, 25])
    ('0.4-0.8 (+0.2)', '10, 25')
    """
    parameter = model.parameter(name)
    if parameter is None or parameter.kind not in ("integer", "number"):
        return "\n".join(_as_line(value, parameter) for value in values)
    if name == "seed" and len(values) > 1 and list(values) == seeds(len(values)):
        return f"seeds({len(values)})"
    plain = ", ".join(_number(value) for value in values)
    if len(values) < 3:
        return plain
    step = round(float(values[1]) - float(values[0]), 6)
    by = "" if parameter.kind == "integer" and step == 1 else f" ({'+' if step > 0 else '-'}{_number(abs(step))})"
    short = f"{_number(values[0])}-{_number(values[-1])}{by}"
    try:
        same = [float(value) for value in parse_range(short, integer=parameter.kind == "integer")]
    except SweepError:
        return plain
    return short if same == [float(value) for value in values] else plain


def _of_line(line: str, parameter: Parameter | None) -> Any:
    """The value that a line of a field stands for.

    Parameters
    ----------
    line:
        The line, without spaces around it.
    parameter:
        The parameter of the field; None for a placeholder.
    """
    if parameter is not None and parameter.kind not in _OF_TEXT:
        with suppress(ValueError):  # True, a number, a list or an object is written as JSON; all else is text
            return json.loads(line.lower() if line in ("True", "False") else line)
    if len(line) > 1 and line[0] == line[-1] == '"':
        with suppress(ValueError):  # quotes around something that is no JSON are part of the text
            return str(json.loads(line, strict=False))
    if parameter is not None:
        return line
    for kind in (int, float):  # a placeholder's number stays a number, so that its axis is ordered as one
        with suppress(ValueError):
            number = kind(line)
            if str(number) == line and math.isfinite(number):
                return number
    return line


def _as_line(value: Value, parameter: Parameter | None) -> str:
    """A value as a line of a field. `_of_line` is the inverse.

    Parameters
    ----------
    value:
        The value.
    parameter:
        The parameter of the field; None for a placeholder.
    """
    if parameter is not None and parameter.kind not in _OF_TEXT and not isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    text = str(value)
    is_plain = not re.search(r"[\r\n]", text) and text == text.strip() != ""
    same = is_plain and _of_line(text, parameter)
    return text if type(same) is type(value) and same == value else json.dumps(text, ensure_ascii=False)


def _number(value: Value) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def number_of_cells(given: Mapping[str, Any], model: Model = MODEL) -> int:
    """How many cells the product of these arguments of `Sweep` has. The cells are not made.

    Parameters
    ----------
    given:
        The arguments.
    model:
        The model.
    """
    axes = [axis(name, as_given(name, value, model), model) for name, value in given.items()]
    return math.prod(len(found.points) for found in axes if found is not None)


def code(given: Mapping[str, Any], name: str = "sweep", model: Model = MODEL) -> str:
    """The Python code that makes a sweep.

    Parameters
    ----------
    given:
        The arguments of `Sweep`.
    name:
        The name of the variable.
    model:
        The model.

    Example
    -------

    >>> print(code({"prompt": "TOK", "finetune_id": "a", "seed": seeds(2)}))
    sweep = sf.Sweep(
        prompt='TOK',
        finetune_id='a',
        seed=sf.seeds(2),
    )
    """
    lines = _arguments(given, model)
    return f"{name} = sf.Sweep(\n" + "\n".join(lines) + "\n)"


def code_of(sweep: Sweep, name: str = "sweep") -> str:
    """The Python code that makes a sweep that may be more than a product: one with labels, links or a baseline.

    A sweep that was filtered, sampled or added to is written to a file, which the code reads.

    Parameters
    ----------
    sweep:
        The sweep.
    name:
        The name of the variable.

    Example
    -------

    >>> print(code_of(Sweep(prompt="TOK", finetune_id={"1200 steps": "a"}).with_baseline()))
    sweep = sf.Sweep(
        prompt='TOK',
        finetune_id={'1200 steps': 'a'},
    ).with_baseline()
    """
    product = sweep.product
    if product is None:
        written = f'builder.{name}.to_toml("{name}.toml")  # cell by cell'
        return f'{written}\n{name} = sf.Sweep.from_toml("{name}.toml")'
    lines = []
    for group in product.axes:
        if len(group.names) > 1:
            together = {each: values_of_axis(group, each) for each in group.names}
            values = ", ".join(line.strip().removesuffix(",") for line in _arguments(together, MODEL))
            lines.append(f"    sf.linked({values}),")
    lines += _arguments({each: _in_code(product, each) for each in product.order}, product.model)
    return f"{name} = sf.Sweep(\n" + "\n".join(lines) + f"\n){'.with_baseline()' if sweep.has_baseline else ''}"


def _in_code(product: Product, name: str) -> Any:
    """What a product has for a name. An axis of objects gets labels: of a model that nobody knows, it is one value.

    Parameters
    ----------
    product:
        The product.
    name:
        The name.
    """
    value = single_value(product, name)
    is_axis = any(one.names == (name,) for one in product.axes)
    if is_axis and isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
        return {json.dumps(one, ensure_ascii=False, separators=(",", ":")): one for one in value}
    return value


def _is_known(given: Mapping[str, Any]) -> bool:
    """Whether this version's own table allows some arguments of a sweep."""
    try:
        for name, value in given.items():
            for one in value if isinstance(value, list | tuple) else [value]:
                check_value(name, one, MODEL) if axis(name, one, MODEL) is None else None
    except SweepError:
        return False
    return True


def _arguments(given: Mapping[str, Any], model: Model) -> list[str]:
    """Arguments of `Sweep`, one a line. Names that are paths are no names of Python, and stand in a dictionary.

    Parameters
    ----------
    given:
        The arguments.
    model:
        The model, which is named where it is not our own.
    """
    lines = []
    if model.slug != MODEL.slug:
        lines = [f"    model={model.slug!r},"]
    elif model is not MODEL and not _is_known(given):  # a value that the catalogue alone knows
        lines = [f"    model=ws.model({model.slug!r}),"]
    lines += [f"    {name}={_python(name, value)}," for name, value in given.items() if name.isidentifier()]
    others = {name: value for name, value in given.items() if not name.isidentifier()}
    return [*lines, *([f"    **{others!r},"] if others else [])]


def _python(name: str, value: Any) -> str:
    """A value as Python code.

    Parameters
    ----------
    name:
        Its parameter.
    value:
        The value, or the values of an axis.
    """
    is_seeds = name == "seed" and isinstance(value, list) and value == seeds(len(value))
    return f"sf.seeds({len(value)})" if is_seeds else repr(value)


def sweep_arguments(sweep: Sweep) -> dict[str, Any]:
    """The arguments of `Sweep` for the product of a sweep's axes and constants.

    They make an equal sweep, unless it has linked parameters, labels, filters, additions, or axes of one value.

    Parameters
    ----------
    sweep:
        The sweep.
    """
    model, cell = sweep.model, sweep[0]
    having = [one for one in sweep if "prompt" in one.parameters]
    prompts: list[Any] = list(dict.fromkeys(one.labels.get(TEMPLATE, escape(str(one.prompt))) for one in having))
    axes = {"prompt" if name == TEMPLATE else name: values for name, values in sweep.axes.items()}
    given: dict[str, Any] = {}
    parameters = list(dict.fromkeys([*model.parameters, *(name for one in sweep for name in one.parameters)]))
    for name in [*parameters, *(found for prompt in prompts for found in placeholders(prompt))]:
        if name == "prompt" and prompts:
            given[name] = prompts if name in axes else prompts[0]
        elif name in axes:
            given[name] = list(axes[name])
        elif name in cell.parameters:
            known = model.parameters.get(name)
            if not model.fills_defaults or known is None or known.required or cell.parameters[name] != known.default:
                given[name] = cell.parameters[name]
        elif name not in parameters:
            given[name] = next(one.labels[name] for one in sweep if name in one.labels)
    # The order of axes is the user's.
    order = [*(name for name in given if name not in axes), *(name for name in axes if name in given)]
    return {name: given[name] for name in order}
