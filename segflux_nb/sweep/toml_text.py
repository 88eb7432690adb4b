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
        # TOML puts tables, such as values with labels, after all else. Constants count too: `replace` can give them
        # several values, and then their place decides the order of the cells.
        content["order"] = product.order
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
    unknown = set(content) - {"model", "sweep", "linked", "order", "cells", "axes"}
    if unknown:
        raise not_a_sweep_file(source, f"it has {', '.join(sorted(unknown))}")
    given, cells = content.get("sweep"), content.get("cells")
    if isinstance(given, dict) == isinstance(cells, list):
        raise not_a_sweep_file(source, "it needs a table [sweep] with the parameters, or [[cells]]")
    if content.get("model", MODEL.slug) != MODEL.slug:
        raise SweepError(f"{source} is for the model {content['model']!r}", remedy=f"Use a file for {MODEL.slug!r}")
    if isinstance(given, dict):
        groups = content.get("linked", [])
        if not isinstance(groups, list) or not all(isinstance(group, dict) for group in groups):
            raise not_a_sweep_file(source, "linked is not a list of tables")
        order = _names(content, "order", source)
        return Product([Linked(group) for group in groups], _ordered(given, order))
    if not cells:
        raise not_a_sweep_file(source, "it has no cells")
    return ListedCells(tuple(_cell(table, source) for table in cells), _names(content, "axes", source))


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


def _names(content: dict[str, Any], key: str, source: str) -> list[str]:
    """The list of names under a key of a file; empty if the file does not have the key.

    Parameters
    ----------
    content:
        What the file holds.
    key:
        The key.
    source:
        The name of the file, for errors.
    """
    names = content.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise not_a_sweep_file(source, f"{key} is not a list of names")
    return names


def _ordered(given: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """The same values in the order of `names`; those without a place there come last."""
    order = [*(name for name in names if name in given), *(name for name in given if name not in names)]
    return {name: given[name] for name in order}


def _cell(table: Any, source: str) -> Request:
    if not isinstance(table, dict) or not isinstance(table.get("parameters"), dict):
        raise not_a_sweep_file(source, "a cell has no parameters")
    labels = table.get("labels", {})
    if not isinstance(labels, dict) or not all(isinstance(value, str | int | float) for value in labels.values()):
        raise not_a_sweep_file(source, "the labels of a cell are not a table of texts and numbers")
    return listed_cell(table["parameters"], labels)


def _values(axis: Axis, name: str) -> Any:
    if any(f"{name}_label" in point for point in axis.points):
        return {str(point[f"{name}_label"]): point[name] for point in axis.points}
    return [point[name] for point in axis.points]
