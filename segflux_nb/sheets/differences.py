"""How far the pictures of a frame are from references: the numbers of a sheet's strip of differences, as a frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from ..errors import LayoutError
from ..values import shown
from .frame_view import FrameView
from .grid import known_value
from .reading import Reader

TAKE = "take"


def differences_of(frame: pd.DataFrame, axes: Sequence[str], relative_to: Mapping[str, Any]) -> pd.DataFrame:
    """How far each picture is from the one with other values of some axes, and the same value of all others.

    Parameters
    ----------
    frame:
        A frame of runs.
    axes:
        The names of its axes.
    relative_to:
        Values by the names of axes.

    Raises
    ------
    LayoutError
        Where a name is no axis, the axis has no such value, or nothing is named.
    """
    view = FrameView.of(frame, axes=axes)
    names = [name for name in (*axes, TAKE) if name in view]
    if not isinstance(relative_to, Mapping):
        raise LayoutError(
            f"relative_to={shown(relative_to)} is no reference", remedy='Write relative_to={"lora_strength": 0.0}'
        )
    if not relative_to:
        raise LayoutError("relative_to names no axis", remedy='Write relative_to={"lora_strength": 0.0}')
    wanted: dict[str, Any] = {}
    for name, value in relative_to.items():
        if name not in names:
            raise LayoutError(
                f"relative_to names {name!r}, which is not an axis of these runs",
                remedy=f"The axes are {', '.join(axes)}" if axes else "They have no axis",
            )
        labels = view.column(name).label_of
        wanted[name] = known_value(value, labels)
        if wanted[name] is None:
            raise LayoutError(
                f"relative_to says {name}={value!r}, which these runs do not have",
                remedy=f"They have {', '.join(labels.values())}",
            )
    columns = [view.column(name).values for name in names]
    places = list(zip(*columns, strict=True))
    rows: dict[tuple[Any, ...], int] = {}
    for at, place in enumerate(places):
        rows.setdefault(place, at)
    reader, pictures = Reader(), view.pictures
    references: list[str | None] = []
    found: list[float | None] = []
    for at, place in enumerate(places):
        target = tuple(wanted.get(name, value) for name, value in zip(names, place, strict=True))
        other = rows.get(target, rows.get(_first_take(names, target)))
        references.append(None if other is None else view.row_names[other])
        found.append(None if other is None else reader.difference(pictures[at], pictures[other]))
    columns_shown = list(
        dict.fromkeys(["run", *(name for name in names if name != TAKE or view.column(TAKE).varies)])
    )
    table = view.frame[[name for name in columns_shown if name in view]].reset_index(drop=True)
    table["reference"] = pd.Series(references, dtype="string")
    table["difference"] = pd.Series(found, dtype="Float64")
    return table


def _first_take(names: Sequence[str], place: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same place in the first take, where a repetition has no reference of its own."""
    return tuple(0 if name == TAKE else value for name, value in zip(names, place, strict=True))
