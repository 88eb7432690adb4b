"""The text of a sweep file, in TOML.

A product of axes is written as the arguments of `Sweep`, in tables ``[sweep]`` and ``[[linked]]``. Other sweeps are
written cell by cell, in tables ``[[cells]]``. People write files of the first form by hand.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Any

import tomli_w

from ..errors import SweepError
from ..model import MODEL
from .axes import Axis, Linked
from .listed import ListedCells, listed_cell
from .product import Product
from .request import Request


def format_product(product: Product) -> str:
    """The text of a file for a product of axes.

    >>> print(format_product(Product((), {"prompt": "TOK", "finetune_id": "a", "steps": [20, 30]})))
    model = "flux-dev-finetuned"
    <BLANKLINE>
    [sweep]
    prompt = "TOK"
    finetune_id = "a"
    steps = [
        20,
        30,
    ]
    <BLANKLINE>
    """
    content: dict[str, Any] = {"model": MODEL.slug}
    if any(isinstance(_values(axis, name), dict) for axis in product.axes for name in axis.names):
        content["axes"] = product.names  # TOML puts tables, as values with labels are, after all else
    groups = [axis for axis in product.axes if len(axis.names) > 1]
    if groups:
        content["linked"] = [{name: _values(axis, name) for name in axis.names} for axis in groups]
    singles = {axis.names[0]: _values(axis, axis.names[0]) for axis in product.axes if len(axis.names) == 1}
    content["sweep"] = {name: singles.get(name, product.constants.get(name)) for name in product.order}
    return tomli_w.dumps(content)


def format_cells(cells: Iterable[Request], names: Iterable[str]) -> str:
    """The text of a file for cells that are no product.

    Parameters
    ----------
    cells:
        The cells, in order.
    names:
        The names of the axes, in order.
    """
    tables = [
        {"parameters": dict(cell.parameters), **({"labels": dict(cell.labels)} if cell.labels else {})}
        for cell in cells
    ]
    return tomli_w.dumps({"model": MODEL.slug, "axes": list(names), "cells": tables})


def parse(text: str, *, source: str) -> Product | ListedCells:
    """What the text of a sweep file stands for.

    Parameters
    ----------
    text:
        The file's text.
    source:
        The name of the file, for errors.

    Raises
    ------
    SweepError
        If the text is not a sweep file, is for another model, or holds a value that is not allowed.
    """
    try:
        content = tomllib.loads(text)
    except ValueError as error:
        raise not_a_sweep_file(source, str(error)) from None
    unknown = set(content) - {"model", "sweep", "linked", "cells", "axes"}
    if unknown:
        raise not_a_sweep_file(source, f"it has {', '.join(sorted(unknown))}")
    given, cells = content.get("sweep"), content.get("cells")
    if isinstance(given, dict) == isinstance(cells, list):
        raise not_a_sweep_file(source, "it needs a table [sweep] with the parameters, or [[cells]]")
    if content.get("model", MODEL.slug) != MODEL.slug:
        raise SweepError(f"{source} is for the model {content['model']!r}", remedy=f"Use a file for {MODEL.slug!r}")
    names = list(content.get("axes", []))
    if isinstance(given, dict):
        return Product(
            [Linked(_ordered(group, names)) for group in content.get("linked", [])], _ordered(given, names)
        )
    if not cells:
        raise not_a_sweep_file(source, "it has no cells")
    return ListedCells(tuple(_cell(table, source) for table in cells), names)


def not_a_sweep_file(source: str, reason: str) -> SweepError:
    """The error of a file that does not hold a sweep.

    Parameters
    ----------
    source:
        The name of the file.
    reason:
        What is wrong with it.
    """
    return SweepError(f"{source} is not a sweep file: {reason}", remedy="Write one with sweep.to_toml(path)")


def _ordered(given: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The same values, with the axes in the order of `names`."""
    order = [*(name for name in given if name not in names), *(name for name in names if name in given)]
    return {name: given[name] for name in order}


def _cell(table: Any, source: str) -> Request:
    if not isinstance(table, dict) or not isinstance(table.get("parameters"), dict):
        raise not_a_sweep_file(source, "a cell has no parameters")
    return listed_cell(table["parameters"], table.get("labels", {}))


def _values(axis: Axis, name: str) -> Any:
    if any(f"{name}_label" in point for point in axis.points):
        return {str(point[f"{name}_label"]): point[name] for point in axis.points}
    return [point[name] for point in axis.points]
