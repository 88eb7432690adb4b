"""Which cells have the values that a user asks for: the one meaning of ``where(seed=1)``, for sweeps and for runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from ..errors import SweepError
from ..markup import did_you_mean
from ..model import DECIMALS, MODEL, Value
from ..values import as_python, is_same, several, shown
from .names import LABEL
from .points import labels_in
from .ranges import parse_range
from .request import Request


def wanted_values(name: str, given: Any) -> list[Any]:
    """The values that a user asks for: one value, several, or a text range of a parameter that is a number.

    Parameters
    ----------
    name:
        The parameter, label or placeholder.
    given:
        What the user gave.
    """
    found = several(given)
    if found is None:
        parameter = MODEL.parameters.get(name)
        if isinstance(given, str) and parameter is not None and parameter.kind in ("integer", "number"):
            with suppress(SweepError):  # it may be a label
                return [given, *map(float, parse_range(given, integer=parameter.kind == "integer"))]
        return [given]
    return found


def as_logged(name: str, value: Any) -> Any:
    """A value as the log would have it: a plain value of Python, its floats rounded as those of a sweep.

    Parameters
    ----------
    name:
        The name of the parameter, label or placeholder.
    value:
        What the user gave.
    """
    plain = as_python(value)
    parameter = MODEL.parameters.get(name)
    if parameter is not None:
        with suppress(ValueError):  # one that no run can have matches none
            return parameter.normalise(plain)
    return round(plain, DECIMALS) if isinstance(plain, float) else plain


def condition(cells: Sequence[Request], values: Mapping[str, Any]) -> Callable[[Request], bool]:
    """The condition of cells that have some values.

    Parameters
    ----------
    cells:
        The cells, which say what names there are.
    values:
        One value, several, or a text range, by the name of a parameter, placeholder or label.

    Raises
    ------
    SweepError
        If cells have nothing of a name.
    """
    known = dict.fromkeys(name for cell in cells for name in (*cell.parameters, *cell.labels))
    for name in values:
        if name not in known:
            raise SweepError(
                f"The cells of the sweep have no {shown(name)}",
                remedy=f"{did_you_mean(name, known)}They have {', '.join(known)}",
            )
    wanted = {
        name: [(as_logged(name, one), as_python(one)) for one in wanted_values(name, given)]
        for name, given in values.items()
    }

    def keep(cell: Request) -> bool:
        return all(_has(cell, name, several_values) for name, several_values in wanted.items())

    return keep


def _has(cell: Request, name: str, wanted: Sequence[tuple[Any, Any]]) -> bool:
    own = {**cell.labels, **cell.parameters}
    if name not in own:
        return False
    label = own.get(f"{name}{LABEL}")
    return any(is_same(own[name], logged) or is_label(label, given) for logged, given in wanted)


def is_label(label: Value | None, given: Any) -> bool:
    """Whether what a user gave is the label of a value, or one of several that the value has: ``late = end``.

    Parameters
    ----------
    label:
        The label of the value; None where it has none.
    given:
        What the user gave.
    """
    return label is not None and (is_same(label, given) or any(is_same(one, given) for one in labels_in(label)))
