"""The order of an axis's values and of cells, where a step has added some."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from ..errors import SweepError
from ..model import Value
from .axes import Axis
from .names import LABEL, TEMPLATE
from .points import with_labels_of
from .request import Request
from .template import fill, placeholders

STRENGTH = "lora_strength"


def unique(cells: Iterable[Request]) -> list[Request]:
    """The cells without repetitions: the first of equal ones is kept, where it stands, with the labels of all."""
    found: dict[object, list[Request]] = {}
    for cell in cells:
        placed = {name: value for name, value in cell.labels.items() if not _is_label(name, cell)}
        found.setdefault((cell.digest, tuple(sorted(placed.items()))), []).append(cell)
    return [_with_all_labels(same) if len(same) > 1 else same[0] for same in found.values()]


def _with_all_labels(same: Sequence[Request]) -> Request:
    labels: dict[str, Value] = {}
    for cell in same:
        labels = {**cell.labels, **labels}
    return replace(same[0], labels=with_labels_of([labels, *(cell.labels for cell in same)]))


def _is_label(name: str, cell: Request) -> bool:
    """Whether a name is that of the label of a value of a cell, not of a placeholder."""
    own = name.removesuffix(LABEL)
    return own != name and (own in cell.parameters or own in cell.labels)


def value_of(cell: Request, name: str) -> Value | None:
    """A cell's value on an axis: a parameter, a placeholder, or the prompt as it was given.

    Parameters
    ----------
    cell:
        The cell.
    name:
        The axis.
    """
    if name == TEMPLATE:  # a prompt without placeholders is its own template
        return cell.labels.get(TEMPLATE, cell.parameters.get("prompt"))
    return cell.labels.get(name, cell.parameters.get(name))


def ordered(seen: Collection[Value], declared: Sequence[Axis], name: str) -> list[Value]:
    """The values in the order of their axis. Numbers that a step added have the place that their size gives them.

    Parameters
    ----------
    seen:
        The values, in the order of the cells.
    declared:
        The axes as they were given.
    name:
        The axis.
    """
    given = "prompt" if name == TEMPLATE else name
    own = [_as_seen(given, point[given]) for axis in declared if given in axis.names for point in axis.points]
    values = [value for value in dict.fromkeys(own) if value in seen]
    numbers = [value for value in (*own, *seen) if isinstance(value, int | float)]
    is_numeric = len(numbers) == len(own) + len(seen)
    is_descending = len(values) > 1 and values == sorted(values, reverse=True) if is_numeric else False
    known = set(own)
    for value in [value for value in seen if value not in known]:
        place = len(values)
        if isinstance(value, int | float) and is_numeric:
            later = [
                at
                for at, other in enumerate(values)
                if isinstance(other, int | float) and (other < value if is_descending else other > value)
            ]
            place = later[0] if later else place
        values.insert(place, value)
    return values


def _as_seen(name: str, value: Value) -> Value:
    """A declared value as cells have it: a prompt without placeholders is filled.

    Parameters
    ----------
    name:
        The parameter or placeholder.
    value:
        Its value, as it was given.
    """
    is_final = name == "prompt" and not placeholders(str(value))
    return fill(str(value), {}) if is_final else value


def with_baseline(cells: Sequence[Request], names: Sequence[str], declared: Sequence[Axis]) -> list[Request]:
    """The cells, and each of them also with strength 0. These stand where 0 has its place in the axis.

    Parameters
    ----------
    cells:
        The cells.
    names:
        The axes, in order.
    declared:
        The axes as they were given.
    """
    if lacking := next((cell for cell in cells if STRENGTH not in cell.parameters), None):
        raise SweepError(
            f"with_baseline() adds cells with {STRENGTH}=0, and {lacking.model} has no {STRENGTH}",
            remedy="Give the strength 0 among the values of the axis that is the strength of this model",
        )
    together = unique([*(_without_lora(cell) for cell in cells), *cells])
    axes = [TEMPLATE if name == "prompt" else name for name in dict.fromkeys((*names, STRENGTH))]
    places: list[Mapping[Value | None, int]] = []
    for name in axes:
        seen = list(
            dict.fromkeys(value for cell in (*cells, *together) if (value := value_of(cell, name)) is not None)
        )
        places.append({value: at for at, value in enumerate(ordered(seen, declared, name))})

    def place(cell: Request) -> tuple[int, ...]:
        return tuple(by_value.get(value_of(cell, name), -1) for name, by_value in zip(axes, places, strict=True))

    own = [place(cell) for cell in unique(cells)]
    if own == sorted(own):  # a grid, or some of its cells
        return sorted(together, key=place)
    return _before_each(cells)


def _before_each(cells: Sequence[Request]) -> list[Request]:
    """Cells in an order of their own, such as those of a sum: strength 0 stands beside the cells it belongs to."""
    rests = [_without_lora(cell) for cell in cells]
    first: dict[Request, int] = {}
    last: dict[Request, int] = {}
    for at, (rest, cell) in enumerate(zip(rests, cells, strict=True)):
        last[rest] = at
        if float(cell.parameters[STRENGTH]) >= 0:
            first.setdefault(rest, at)
    result: list[Request] = []
    for at, (rest, cell) in enumerate(zip(rests, cells, strict=True)):
        if first.get(rest) == at:
            result.append(rest)
        result.append(cell)
        if rest not in first and last[rest] == at:
            result.append(rest)
    return unique(result)


def _without_lora(cell: Request) -> Request:
    labels = {name: value for name, value in cell.labels.items() if name != f"{STRENGTH}{LABEL}"}
    return replace(cell, parameters={**cell.parameters, STRENGTH: 0.0}, labels=labels)
