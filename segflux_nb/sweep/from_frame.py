"""Cells from a frame: each row holds the settings of one."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import SweepError
from ..input_pictures import short
from ..model import MODEL, SEEDS, Model, Value
from ..values import is_missing, shown
from .axes import axis, check_value
from .listed import listed_cell
from .names import COLUMNS, LABEL, TEMPLATE, parameter_of_column
from .order import unique
from .points import MOST_CELLS, too_large
from .product import Product
from .request import Request
from .template import placeholders

_OF_RUNS = ("run", "status")
"""A frame with these columns is `Runs.df`: its prompts are final, and its other columns are not settings."""

_AXES = "segflux_axes"
"""The key of ``frame.attrs`` under which a frame of runs has the names of the sweep's axes."""

MODEL_OF_FRAME = "segflux_model"
"""The key of ``frame.attrs`` under which a frame of runs of another model has its slug."""

_NAMED = 5
"""The most rows that an error names."""

_CLOSE = 0.8
"""How alike a column's name is to that of a parameter, from 0 to 1, to be taken for a slip."""


def cells_of_frame(frame: Any, constants: Mapping[str, Any], model: Model = MODEL) -> tuple[list[Request], list[str]]:
    """The cells of a frame, and the names of what varies.

    Parameters
    ----------
    frame:
        The frame.
    constants:
        One value for each parameter that is not a column.
    model:
        The model.

    Raises
    ------
    SweepError
        If it is no frame, has no row, or a row is not a cell.
    """
    if not hasattr(frame, "columns") or not hasattr(frame, "index"):
        raise SweepError(
            f"Sweep.from_frame takes a pandas frame, and got a {type(frame).__name__}",
            remedy="Write Sweep.from_frame(pandas.DataFrame(rows))",
        )
    if len(frame.index) > MOST_CELLS:
        raise too_large(len(frame.index))
    table = _columns(frame, model)
    _check_names(table, constants, model)
    _check_seeds(table, list(frame.index), model)
    cells: list[Request] = []
    for at, label in enumerate(frame.index):
        row = {name: values[at] for name, values in table.items() if not is_missing(values[at])}
        try:
            cell = _cell({**row, **constants}, is_final=all(name in table for name in _OF_RUNS), model=model)
        except SweepError as error:
            raise SweepError(f"Row {label} of the frame: {error.what}", remedy=error.remedy) from None
        cells.append(cell)
    if not cells:
        raise SweepError("The frame has no rows", remedy="Give a row for each run")
    made = unique(cells)
    return made, _varying(made, getattr(frame, "attrs", {}).get(_AXES), list(table), model)


def _columns(frame: Any, model: Model) -> dict[str, list[Any]]:
    """The columns by name, and the named levels of the index before them."""
    table: dict[str, list[Any]] = {}
    for level, name in enumerate(frame.index.names):
        if isinstance(name, str) and name not in frame.columns:
            table[name] = list(frame.index.get_level_values(level))
    for at, name in enumerate(frame.columns):
        if isinstance(name, str):
            if name in table and (name in model.parameters or name == TEMPLATE):
                raise SweepError(f"The frame has several columns {name!r}", remedy="Leave one of them")
            table[name] = frame.iloc[:, at].tolist()
    return table


def _check_names(table: Mapping[str, Sequence[Any]], constants: Mapping[str, Any], model: Model) -> None:
    """Raise `SweepError` where a name is a slip, or is given twice."""
    for name, value in constants.items():
        if name in table:
            raise SweepError(f"{name} is a column of the frame, and given as {name}=... too", remedy="Give it once")
        if axis(name, value, model) is not None:
            raise SweepError(
                f"{name}={shown(value)} is not one value", remedy="Give one value, or a column of the frame"
            )
    if all(name in table for name in _OF_RUNS):
        return
    prompts = [*table.get("prompt", ()), constants.get("prompt")]
    known = {
        *model.parameters,
        TEMPLATE,
        *(one for text in prompts if isinstance(text, str) for one in placeholders(text)),
    }
    for name in (*table, *constants):
        base = name.removesuffix(LABEL)
        close = difflib.get_close_matches(base, known, n=1, cutoff=_CLOSE)
        if base not in known and model.parameter(base) is None and (close or name in constants):
            raise SweepError(
                f"There is no parameter {name!r}",
                remedy=f"Did you mean {close[0]!r}? If not, rename or drop the column" if close else "Leave it out",
            )


def _check_seeds(table: Mapping[str, Sequence[Any]], rows: Sequence[Any], model: Model) -> None:
    """Raise `SweepError` where a row has no seed and others have a place for it: the default would be no choice.

    Parameters
    ----------
    table:
        The columns.
    rows:
        The labels of the rows.
    model:
        The model. A run of another one may have been made without a seed, and is the same run again.
    """
    runs = table.get("run", [None] * len(rows)) if not model.fills_defaults and "status" in table else None
    for name in SEEDS:
        if name not in table or model.parameter(name) is None:
            continue
        lacking = [
            str(row)
            for at, row in enumerate(rows)
            if is_missing(table[name][at]) and (runs is None or is_missing(runs[at]))
        ]
        if not lacking:
            continue
        more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
        *first, last = lacking[:_NAMED]
        named = f"{', '.join(first)} and {last}" if first and not more else ", ".join([*first, last])
        which = f"Row {last} of the frame has" if len(lacking) == 1 else f"Rows {named}{more} of the frame have"
        raise SweepError(
            f"{which} no {name}",
            remedy=f"Give each row one. Without the column, frame.drop(columns={json.dumps(name)}), all rows have the"
            " default, or the seed that you give as Sweep.from_frame(frame, seed=1)",
        )


def _cell(row: Mapping[str, Any], *, is_final: bool, model: Model) -> Request:
    """The request of one row.

    Parameters
    ----------
    row:
        Its values that are not missing.
    is_final:
        Whether the placeholders of its prompt are filled already.
    model:
        The model.
    """
    template = row.get(TEMPLATE)
    parameters = _parameters(row, template, model)
    labels: dict[str, Value] = {}
    for name, value in row.items():
        column = name.removesuffix(LABEL)
        is_label = name != column and column in {*model.parameters, *row}
        if is_label and not (isinstance(own := row.get(column), str) and str(value) == short(own) != own):
            labels[f"{parameter_of_column(column)}{LABEL}"] = str(value)
    if isinstance(template, str):
        filled = {name: check_value(name, row[name], model) for name in placeholders(template) if name in row}
        return listed_cell(parameters, {**filled, **labels, TEMPLATE: template}, model)
    prompt = parameters.get("prompt")
    if is_final or not isinstance(prompt, str) or not placeholders(prompt):
        own = {name: label for name, label in labels.items() if name.removesuffix(LABEL) in parameters}
        return listed_cell(parameters, own, model)
    values = {name: row[name] for name in placeholders(prompt) if name in row}
    (made,) = Product(
        (), {**parameters, **{name: check_value(name, value, model) for name, value in values.items()}}, model
    ).cells()
    kept = {name: label for name, label in labels.items() if name.removesuffix(LABEL) in {*model.parameters, *values}}
    return replace(made, labels={**made.labels, **kept})


def _parameters(row: Mapping[str, Any], template: Any, model: Model) -> dict[str, Any]:
    """The parameters of a row, by the names of the model.

    Parameters
    ----------
    row:
        Its values that are not missing.
    template:
        Its prompt with placeholders, if it has one.
    model:
        The model.
    """
    if model.fills_defaults:
        return {name: row[name] for name in model.parameters if name in row}
    named = {name: parameter_of_column(name) for name in row}
    filled = {name for text in (template, row.get("prompt")) if isinstance(text, str) for name in placeholders(text)}
    return {
        now: row[name]
        for name, now in named.items()
        if name not in COLUMNS
        and not name.endswith(LABEL)
        and name != TEMPLATE
        and name not in filled
        and model.parameter(now) is not None
    }


def _varying(cells: Sequence[Request], known: Any, columns: Sequence[str], model: Model) -> list[str]:
    """The names of the axes: those that the frame knows, else what varies, in the order of the columns.

    Parameters
    ----------
    cells:
        The cells.
    known:
        The axes that the frame knows, or None.
    columns:
        The names of the frame's columns.
    model:
        The model.
    """
    has_template = any(TEMPLATE in cell.labels for cell in cells)

    def values(name: str) -> set[Value | None]:
        return {cell.labels.get(name, cell.parameters.get(name)) for cell in cells}

    known_names = dict.fromkeys([*model.parameters, *(name for cell in cells for name in cell.parameters)])
    names = [name for name in known_names if name != "prompt" or not has_template]
    names += list(dict.fromkeys(name for cell in cells for name in cell.labels if not name.endswith(LABEL)))
    varying = [name for name in names if len(values(name)) > 1]
    order = [name for name in (known or ()) if isinstance(name, str)]
    declared = [name for name in order if name in varying or values(name) != {None}]
    rest = sorted(
        (name for name in varying if name not in declared),
        key=lambda name: columns.index(name) if name in columns else len(columns),
    )
    return ["prompt" if name == TEMPLATE else name for name in (*declared, *rest)]
