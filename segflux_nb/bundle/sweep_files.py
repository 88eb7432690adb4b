"""Sweeps of the log as TOML: the axes where the cells are a product of them, else each cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import SegfluxError
from ..model import MODEL, Value
from ..runlog.records import SweepRecord
from ..sweep.names import LABEL, TEMPLATE
from ..sweep.request import Request
from ..sweep.sweep import Sweep

_MOST_TRIED = 20_000
"""For a sweep with more cells, it is not tried whether the cells are a product of axes."""


_MOST_LISTED = 500
"""Bytes of a cell in a list of cells. Longer prompts would make the list larger than all else that a bundle says."""


def sweep_text(
    record: SweepRecord,
    parameters: Mapping[str, Mapping[str, Value]],
    takes: Mapping[str, int],
    models: Mapping[str, str] | None = None,
) -> str | None:
    """The text of a sweep file; None for cells that are no product of axes and have long prompts.

    Parameters
    ----------
    record:
        The sweep.
    parameters:
        The parameters of its runs, by digest.
    takes:
        Their takes, by digest.
    models:
        The slugs of their models, by digest; left out, all are of our own model.
    """
    slugs = models or {}
    requests = [
        Request(parameters[digest], takes[digest], labels, slugs.get(digest, MODEL.slug))
        for digest, labels in record.cells
    ]
    firsts = [request for request in requests if not request.take] or requests
    if len(firsts) <= _MOST_TRIED:
        found = _product(record, firsts)
        if found is not None:
            return found._toml
    names = ["prompt" if name == TEMPLATE else name for name in record.axes]
    text = Sweep.of_cells(firsts, names)._toml
    return text if len(text.encode("utf-8", "backslashreplace")) <= _MOST_LISTED * len(firsts) + 1000 else None


def _product(record: SweepRecord, cells: Sequence[Request]) -> Sweep | None:
    """The sweep with these axes, with or without a baseline, if its cells are these; None if they are not.

    Parameters
    ----------
    record:
        The sweep of the log.
    cells:
        Its cells, without further takes.
    """
    given: dict[str, Any] = {}
    for name, values in record.axes.items():
        labels = {cell.labels.get(f"{name}{LABEL}"): _value(cell, name) for cell in cells}
        has_labels = None not in labels and len(labels) == len(values)
        given["prompt" if name == TEMPLATE else name] = labels if has_labels else list(values)
    first = cells[0]
    for name in first.parameters:
        if name not in given:
            is_template = name == "prompt" and TEMPLATE in first.labels
            given[name] = first.labels[TEMPLATE] if is_template else first.parameters[name]
    wanted = [(cell.digest, dict(cell.labels)) for cell in cells]
    strengths = given.get("lora_strength")
    others = [value for value in strengths if value != 0] if isinstance(strengths, list) else []
    tries: list[tuple[dict[str, Any], bool]] = [(given, False)]
    if others and len(others) < len(list(strengths or [])):
        tries.append(({**given, "lora_strength": others}, True))
    for parameters, has_baseline in tries:
        try:
            made = Sweep(model=first.model, **parameters)
            made = made.with_baseline() if has_baseline else made
        except SegfluxError:
            continue
        if [(cell.digest, dict(cell.labels)) for cell in made] == wanted:
            return made
    return None


def _value(cell: Request, name: str) -> Any:
    """The value of a parameter or label of a cell; None where it has none."""
    return cell.parameters[name] if name in cell.parameters else cell.labels.get(name)
