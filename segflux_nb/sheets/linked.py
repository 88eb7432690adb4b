"""Axes that move together are one axis of a sheet, so that no cell is empty that nobody asked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..analysis.observations import TOGETHER
from ..errors import LayoutError
from ..values import shown
from .axes import decides
from .frame_view import FrameView, in_order
from .grid import known_value
from .layout import Layout
from .pivot import arrange, names_of


@dataclass(frozen=True)
class LinkedView:
    """A frame in which axes that move together are one column.

    Attributes
    ----------
    view:
        The frame, with such a column for each group, named like ``lora_strength + steps``.
    joined:
        The name of that column, by the name of each axis that is in it.
    """

    view: FrameView
    joined: Mapping[str, str]

    @classmethod
    def of(cls, view: FrameView, named: Iterable[Sequence[str]] = ()) -> LinkedView:
        """The frame of a sheet.

        Parameters
        ----------
        view:
            The frame.
        named:
            For each direction, the axes that the user names. Axes that are named for different directions stay apart.
        """
        directions = [list(names) for names in named]
        joined: dict[str, str] = {}
        for group in _groups(view):
            asked = [direction for direction in directions if set(direction) & set(group)]
            if len(asked) > 1:
                continue
            first = [name for direction in asked for name in direction if name in group]
            names = list(dict.fromkeys([*first, *group]))
            view, name = _with_joined(view, names)
            joined |= dict.fromkeys(names, name)
        return cls(view, joined)

    def names(self, given: Iterable[str]) -> list[str]:
        """The columns that stand for axes that were named, each once."""
        return list(dict.fromkeys(self.joined.get(name, name) for name in given))

    def name(self, given: str | None) -> str | None:
        """The column that stands for an axis; None for none."""
        return None if given is None else self.joined.get(given, given)

    def reference(self, relative_to: Mapping[Any, Any]) -> dict[Any, Any]:
        """What pictures are compared with, by the columns that stand for axes.

        Parameters
        ----------
        relative_to:
            Values by the names of axes.

        Raises
        ------
        LayoutError
            If several values of axes that move together have the value of one of them.
        """
        found = {name: value for name, value in relative_to.items() if name not in self.joined}
        for joint in dict.fromkeys(self.joined[name] for name in relative_to if name in self.joined):
            parts = {name: value for name, value in relative_to.items() if self.joined.get(name) == joint}
            column = self.view.column(joint)
            fitting = list(dict.fromkeys(column.values))
            for name, value in parts.items():
                part = self.view.column(name)
                known = known_value(value, part.label_of)
                if known is None:
                    has = ", ".join(part.distinct_labels)
                    raise LayoutError(
                        f"relative_to says {name}={shown(value)}, which this sheet does not have",
                        remedy=f"It has {has}",
                    )
                having = {one for one, own in zip(column.values, part.values, strict=True) if own == known}
                fitting = [one for one in fitting if one in having]
            if len(fitting) != 1:
                listed = "; ".join(column.label_of[one] for one in fitting)
                raise LayoutError(
                    f"relative_to names {'several places' if fitting else 'no place'} of the axis {joint}"
                    f"{f': {listed}' if fitting else ''}",
                    remedy=f"Give a value to each of {joint.replace(TOGETHER, ', ')}",
                )
            found[joint] = fitting[0]
        return found


def _groups(view: FrameView) -> list[list[str]]:
    """The groups of axes that move together: each value of one of them comes with one value of another one."""
    groups: list[list[str]] = []
    for name in view.varying_axes:
        near = [
            group for group in groups if any(decides(view, name, one) or decides(view, one, name) for one in group)
        ]
        groups = [group for group in groups if group not in near]
        groups.append([*(one for group in near for one in group), name])
    places = {name: at for at, name in enumerate(view.axes)}
    return [sorted(group, key=places.__getitem__) for group in groups if len(group) > 1]


def _with_joined(view: FrameView, names: Sequence[str]) -> tuple[FrameView, str]:
    """A view with one column for several axes, its rows in the order of their values; and its name.

    Parameters
    ----------
    view:
        The frame.
    names:
        The axes.
    """
    name = TOGETHER.join(names)
    while name in view:
        name += "_"
    columns = [view.column(axis) for axis in names]
    labels = [", ".join(row) for row in zip(*(column.labels for column in columns), strict=True)]
    axes = list(dict.fromkeys(name if axis in names else axis for axis in view.axes))
    joined = replace(in_order(view.with_column(name, labels), names), axes=tuple(axes))
    return joined, name


def sheet_layout(view: FrameView, **options: Any) -> Layout:
    """The layout of a sheet on which axes that move together are one.

    Parameters
    ----------
    view:
        The frame.
    options:
        Those of `segflux_nb.sheets.pivot.arrange`.
    """
    by = options.get("by")
    outer = [] if by is None else [view.setting(name) for name in names_of(by)]
    given = {name: options.get(name) for name in ("cols", "rows")}
    asked = {name: None if one is None else view.setting(one) for name, one in given.items()}
    linked = LinkedView.of(view, [*([one] for one in asked.values() if one is not None), outer])
    options |= {name: linked.name(one) for name, one in asked.items()}
    if by is not None:
        options["by"] = linked.names(outer)
    relative_to = options.get("relative_to")
    if isinstance(relative_to, Mapping):
        options["relative_to"] = linked.reference(relative_to)
    return arrange(linked.view, **options)
