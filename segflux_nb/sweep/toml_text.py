"""The text of a sweep file, in TOML. ``docs/sweep-files.md`` describes the format.

A product of axes is written as the arguments of `Sweep`, in tables ``[sweep]`` and ``[[linked]]``; other sweeps cell
by cell, in tables ``[[cells]]``. Each value is written on its line: the order of the lines is the order of the axes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import SweepError
from ..input_pictures import name_of, pictures_in
from ..markup import plain
from ..model import MODEL, Value
from ..paths import is_path
from .axes import Axis
from .names import LABEL
from .product import Product
from .request import Request

_WIDTH = 110
"""A list that is longer gets a line for each value."""


def format_product(product: Product, *, has_baseline: bool = False) -> str:
    """The text of a file for a product of axes.

    Parameters
    ----------
    product:
        The axes and constants.
    has_baseline:
        Whether each cell is also run with strength 0.

    >>> print(format_product(Product((), {"prompt": "TOK", "finetune_id": {"1200 steps": "a"}, "steps": [20, 30]})))
    model = "flux-dev-finetuned"
    <BLANKLINE>
    [sweep]
    prompt = "TOK"
    finetune_id = {"1200 steps" = "a"}
    steps = [20, 30]
    <BLANKLINE>
    """
    lines = [f"model = {_literal(product.model.slug)}", *(["baseline = true"] if has_baseline else [])]
    for axis in product.axes:
        if len(axis.names) > 1:
            lines += ["", "[[linked]]", *_lines({name: values_of_axis(axis, name) for name in axis.names})]
    values = {name: single_value(product, name) for name in product.order}
    return "\n".join([*lines, "", "[sweep]", *_lines(values), ""])


def format_cells(cells: Iterable[Request], axes: Sequence[str] | Mapping[str, Sequence[Value]]) -> str:
    """The text of a file for cells that are no product.

    Parameters
    ----------
    cells:
        The cells, in order.
    axes:
        The names of the axes, in order; or their values by name.
    """
    cells = list(cells)
    lines = [f"model = {_literal(cells[0].model if cells else MODEL.slug)}"]
    if isinstance(axes, Mapping):
        # Not as a table: all lines after [axes] would be a part of it.
        lines += [f"axes.{_key(name)} = {_literal(values)}" for name, values in axes.items()]
    else:
        lines.append(f"axes = {_literal(axes)}")
    for cell in cells:
        lines += ["", "[[cells]]", f"parameters = {_literal(dict(cell.parameters))}"]
        if cell.labels:
            lines.append(f"labels = {_literal(dict(cell.labels))}")
    return "\n".join([*lines, ""])


def format_settings(values: Mapping[str, Any], model: str = MODEL.slug) -> str:
    """The text of a file for parameters of one value each.

    Parameters
    ----------
    values:
        Values by parameter.
    model:
        The slug of the model.

    >>> print(format_settings({"prompt": "TOK", "steps": 20}))
    model = "flux-dev-finetuned"
    <BLANKLINE>
    [sweep]
    prompt = "TOK"
    steps = 20
    <BLANKLINE>
    """
    return "\n".join([f"model = {_literal(model)}", "", "[sweep]", *_lines(values), ""])


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{_key(name)} = {_literal(value)}{_names_of_pictures(value)}" for name, value in values.items()]


def _names_of_pictures(value: Any) -> str:
    """What people call the pictures in a value, as a comment; empty if that is known of none, or labels say it."""
    if isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values()):
        return ""
    names = [name for text in pictures_in(value) if not (name := name_of(text)).startswith("picture ")]
    return f"  # {plain(', '.join(names))}" if names else ""


def _literal(value: str | int | float | Sequence[Any] | Mapping[str, Any]) -> str:
    """A value in TOML. A table is written within its line, so that it keeps its place."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(name)} = {_literal(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, str):
        # A basic string has the escapes of JSON; one more character must not stand for itself.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Sequence):
        written = [_literal(inner) for inner in value]
        short = f"[{', '.join(written)}]"
        return short if len(short) <= _WIDTH else "[\n" + "".join(f"    {inner},\n" for inner in written) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        raise SweepError(
            "A sweep file has no word for null (None)",
            remedy="Leave the field out of the sweep, or keep the sweep in Python",
        )
    return repr(value)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _literal(name)


def single_value(product: Product, name: str) -> Any:
    """What a product has for a name that is not in a group, as `Sweep` takes it.

    Parameters
    ----------
    product:
        The product.
    name:
        The name.
    """
    for axis in product.axes:
        own = (name, f"{name}{LABEL}")
        if axis.names == (name,) and not any(is_path(key) and key not in own for key in axis.points[0]):
            return values_of_axis(axis, name)
    return product.constants[name] if name in product.constants else product.given(name)


def values_of_axis(axis: Axis, name: str) -> Any:
    """The values of one parameter of an axis, as `Sweep` takes them: a list, or values by their labels.

    Parameters
    ----------
    axis:
        The axis.
    name:
        The parameter.
    """
    if any(f"{name}{LABEL}" in point for point in axis.points):
        return {str(point[f"{name}{LABEL}"]): _whole(point, name) for point in axis.points}
    return [_whole(point, name) for point in axis.points]


def _whole(point: Mapping[str, Any], name: str) -> Any:
    """The value of a point. That of a list or an object stands beside its plain values, as JSON.

    Parameters
    ----------
    point:
        The point.
    name:
        The parameter.
    """
    has_parts = any(key.startswith((f"{name}.", f"{name}[", f"{name}{{")) for key in point)
    return json.loads(point[name]) if has_parts else point[name]
