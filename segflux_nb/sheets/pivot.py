"""From a frame to a layout: which run goes where, and what the labels say. Pure: nothing is drawn or read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from ..errors import LayoutError
from ..markup import plain
from .layout import SAME, Cell, Group, Layout, Scale
from .values import check_columns, distinct, keys, labels_of, picture_column, value_labels

MOST_IN_A_ROW = 10
"""A single axis longer than this is wrapped into rows, a caption under each cell."""

NEVER_AXES = frozenset(
    {
        *("run", "status", "image", "width", "height", "stars", "pick", "note", "error_kind", "error", "digest"),
        *("sha256", "bytes", "request_id", "attempts", "polls", "cost_usd", "queue_seconds", "render_seconds"),
        *("submitted_at", "accepted_at", "detected_at", "completed_at", "service"),
    }
)
"""Columns that vary without being axes."""


def arrange(
    frame: pd.DataFrame,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | Sequence[str] | None = None,
    axes: Sequence[str] = (),
    image: str | None = None,
    title: str = "",
    captions: Sequence[str] = (),
    border: str | None = None,
    heat: str | None = None,
    relative_to: Mapping[str, Any] | None = None,
) -> Layout:
    """Lay out a frame, a run a row.

    The first axis not named becomes the columns, the second the rows, the third the outer axis; further axes that
    vary are held at their first value, and the layout says so.

    Parameters
    ----------
    frame:
        `Runs.df`, or any frame with a column of pictures.
    cols, rows:
        Columns of the frame to lay out along.
    by:
        The outer axis; several for a grid of each combination of their values.
    axes:
        The axes in their order, where it is known; else columns that vary, in the frame's order.
    image:
        The column of pictures; found by its name or by what it holds if left out.
    title:
        Above the sheet.
    captions:
        Columns whose values stand under each picture.
    border:
        A column of numbers, shown as the colour of a border and in the caption.
    heat:
        A column of numbers, shown in the place of the pictures.
    relative_to:
        Values of axes of the sheet, ``{"lora_strength": 0.0}``: below each picture stands its difference from the
        one that has these values and is otherwise its like.

    Raises
    ------
    LayoutError
        Where a column does not exist or there is nothing to show.
    """
    outer = [by] if isinstance(by, str) else list(by or ())
    check_columns(frame, [cols, rows, *outer, *captions, border, heat])
    image = picture_column(frame, image)
    if frame.empty:
        raise LayoutError("There is no run to show", remedy="Loosen the filter")
    named = [name for name in (cols, rows, *outer) if name is not None]
    if len(set(named)) != len(named):
        raise LayoutError(f"cols, rows and by are {named}: an axis can be used once")
    if border and heat:
        raise LayoutError("border and heat are two ways to show a number", remedy="Choose one")
    free = _free_axes(frame, axes, named, image)
    # What does not vary needs no place of its own, unless nothing does.
    varying = [name for name in free if len(distinct(frame, name)) > 1]
    constant = [name for name in free if name not in varying]
    free = varying or ([] if named else constant[:1])
    cols = cols or (free.pop(0) if free else None)
    rows = rows or (free.pop(0) if free else None)
    outer = outer or ([free.pop(0)] if free else [])
    held = []
    for name in free:
        values = distinct(frame, name)
        if len(values) > 1:
            labels = labels_of(frame, name, values)
            frame = frame[[value == values[0] for value in keys(frame[name])]]
            held.append(f"{name} {labels[0]} shown, of {', '.join(labels)}")
    footer = _footer(frame, [cols, rows, *outer, *free, *captions], image, constant)
    by, frame = _joined(frame, outer)
    number = border or heat
    scale, shares = _scaled(frame, number, is_heat=heat is not None) if number else (None, {})
    captioned = [*captions, *([border] if border and border not in captions else [])]
    grid = _Grid(frame, cols, rows, by, image, captioned, number, shares)
    if relative_to is not None:
        held.append(grid.compare(relative_to))
    return grid.layout(title, tuple(held), footer, scale, differs=relative_to is not None)


class _Grid:
    """A frame pivoted along up to three axes."""

    def __init__(
        self,
        frame: pd.DataFrame,
        cols: str | None,
        rows: str | None,
        by: str | None,
        image: str,
        captions: Sequence[str],
        number: str | None,
        shares: Mapping[Any, float],
    ) -> None:
        self.axes = (by, rows, cols)
        self.values = [distinct(frame, name) if name else [None] for name in self.axes]
        self.labels = [
            labels_of(frame, name, values) if name else [""]
            for name, values in zip(self.axes, self.values, strict=True)
        ]
        words = {name: value_labels(frame, name) for name in captions}
        numbers = value_labels(frame, number) if number else [""] * len(frame)
        self.cells: dict[tuple[Any, ...], Cell] = {}
        places = zip(*(keys(frame[name]) if name else [None] * len(frame) for name in self.axes), strict=True)
        wanted = [name for name in (image, number, *_OF_CELLS) if name is not None and name in frame.columns]
        known = {name: keys(frame[name]) for name in wanted}
        names = [str(name) for name in frame.index]
        for at, place in enumerate(places):
            row = {name: column[at] for name, column in known.items() if column[at] is not None}
            caption = " · ".join(f"{name} {words[name][at]}" for name in captions)
            share = shares.get(row[number]) if number is not None and number in row else None
            # The latest take stands last.
            cell = _cell(row, image, names[at])
            self.cells[place] = replace(cell, caption=caption, value=numbers[at], share=share)
        self._label()

    def _label(self) -> None:
        """Say of each cell where it stands, and whether a cell before it has the same picture."""
        known = [
            dict(zip(values, labels, strict=True)) for values, labels in zip(self.values, self.labels, strict=True)
        ]
        first: dict[Any, tuple[Any, ...]] = {}
        for place in self.places:
            cell = self.cells.get(place, Cell())
            parts = [f"{name} {known[n][place[n]]}" for n, name in enumerate(self.axes) if name]
            cell = replace(cell, label=" · ".join(reversed(parts)))
            same = first.setdefault(_identity(cell.picture), place) if cell.picture is not None else place
            if same != place:
                differing = [known[n][same[n]] for n in (2, 1, 0) if same[n] != place[n]]
                cell = replace(cell, tags=(*cell.tags, f"{SAME}{', '.join(differing)}"))
            self.cells[place] = cell

    @property
    def places(self) -> list[tuple[Any, ...]]:
        """Where cells are, in reading order."""
        return [(outer, row, col) for outer in self.values[0] for row in self.values[1] for col in self.values[2]]

    def compare(self, relative_to: Mapping[str, Any]) -> str:
        """Give each cell the picture it is compared with, and say which that is."""
        said = []
        for name, value in relative_to.items():
            if name not in self.axes:
                shown = ", ".join(axis for axis in reversed(self.axes) if axis)
                raise LayoutError(
                    f"relative_to names {name!r}, which is no axis of this sheet", remedy=f"Its axes are {shown}"
                )
            axis = self.axes.index(name)
            if value not in self.values[axis]:
                raise LayoutError(
                    f"relative_to says {name}={value!r}, which this sheet does not have",
                    remedy=f"It has {', '.join(self.labels[axis])}",
                )
            said.append(f"{name} {self.labels[axis][self.values[axis].index(value)]}")
        for place in self.places:
            reference = tuple(
                relative_to.get(name, value) if name else value for name, value in zip(self.axes, place, strict=True)
            )
            if reference != place and self.cells[place].picture is not None:
                self.cells[place] = replace(self.cells[place], reference=self.cells[reference].picture)
        return (
            f"Below each picture: its difference from {' · '.join(said)}; brighter is more, the number is the mean."
        )

    def layout(
        self, title: str, held: tuple[str, ...], footer: tuple[str, ...], scale: Scale | None, *, differs: bool
    ) -> Layout:
        by, rows, cols = self.axes
        wrapped = rows is None and len(self.values[2]) > MOST_IN_A_ROW
        groups = []
        for number, outer in enumerate(self.values[0]):
            grid = [[self.cells[outer, row, col] for col in self.values[2]] for row in self.values[1]]
            if wrapped:
                grid = _wrap(grid[0], self.labels[2])
            groups.append(Group(self.labels[0][number] if by else "", tuple(map(tuple, grid))))
        return Layout(
            groups=tuple(groups),
            columns=cols or "",
            rows=rows or "",
            outer=by or "",
            column_labels=() if wrapped or not cols else tuple(self.labels[2]),
            row_labels=tuple(self.labels[1]) if rows else (),
            title=plain(title),
            footer=footer,
            held=held,
            scale=scale,
            differs=differs,
        )


def _wrap(cells: Sequence[Cell], labels: Sequence[str]) -> list[list[Cell]]:
    width = math.ceil(math.sqrt(len(cells) * 1.6))
    captioned = [
        replace(cell, caption=f"{label} · {cell.caption}" if cell.caption else label)
        for cell, label in zip(cells, labels, strict=True)
    ]
    captioned += [Cell(status="")] * (-len(cells) % width)
    return [captioned[start : start + width] for start in range(0, len(captioned), width)]


_OF_CELLS = ("status", "error_kind", "error", "width", "height", "run", "stars", "pick", "note")


def _cell(row: Mapping[str, Any], image: str, name: str) -> Cell:
    """The cell of a row, given by what it has; without a run it goes by its name in the frame."""
    picture = row.get(image)
    words = [str(row[name]) for name in ("error_kind", "error") if row.get(name)]
    return Cell(
        picture=picture,
        status=str(row["status"]) if "status" in row else ("missing" if picture is None else "completed"),
        reason=plain(": ".join(words)) if picture is None else "",
        run=str(row.get("run", name)),
        tags=_marks(row),
        note=plain(row.get("note", "")),
        aspect=float(row["width"]) / float(row["height"]) if row.get("width") and row.get("height") else None,
    )


def _marks(row: Mapping[str, Any]) -> tuple[str, ...]:
    marks = []
    if "stars" in row:
        marks.append("★" * int(row["stars"]) or "☆")
    if "pick" in row:
        marks.append("✔ picked" if row["pick"] else "✘ rejected")
    return tuple(marks)


def _identity(picture: Any) -> Any:
    """What is equal for the same picture: a path, the bytes; Pillow images are told apart by the object."""
    return (
        picture if isinstance(picture, str | bytes) else (str(picture) if hasattr(picture, "parts") else id(picture))
    )


def _joined(frame: pd.DataFrame, outer: Sequence[str]) -> tuple[str | None, pd.DataFrame]:
    """Several outer axes as one, in the order of their values."""
    if len(outer) < 2:
        return (outer[0] if outer else None), frame
    name = " × ".join(outer)
    ranks = [{value: rank for rank, value in enumerate(distinct(frame, axis))} for axis in outer]
    order = [
        tuple(rank[value] for rank, value in zip(ranks, row, strict=True))
        for row in zip(*(keys(frame[axis]) for axis in outer), strict=True)
    ]
    words = zip(*(value_labels(frame, axis) for axis in outer), strict=True)
    joined = frame.assign(**{name: [" · ".join(row) for row in words]})
    return name, joined.iloc[sorted(range(len(order)), key=order.__getitem__)]


def _scaled(frame: pd.DataFrame, name: str, *, is_heat: bool) -> tuple[Scale, dict[Any, float]]:
    """The scale of a column of numbers, and where each value lies on it."""
    if not pd.api.types.is_numeric_dtype(frame[name].dtype) or pd.api.types.is_bool_dtype(frame[name].dtype):
        raise LayoutError(f"{name} is no column of numbers", remedy="border and heat take stars, a metric, a count")
    values = sorted({value for value in keys(frame[name]) if value is not None})
    if not values:
        raise LayoutError(f"{name} has no value here", remedy="Choose a column that has some")
    low, high = float(values[0]), float(values[-1])
    labels = labels_of(frame, name, [values[0], values[-1]])
    span = (high - low) or 1.0
    return Scale(name, labels[0], labels[1], is_heat), {value: (float(value) - low) / span for value in values}


def _free_axes(frame: pd.DataFrame, axes: Sequence[str], named: Sequence[str], image: str) -> list[str]:
    """Axes that are not named: those that are known; then columns that vary, as long as runs share a place."""
    free = [name for name in axes if name in frame.columns and name not in named]
    labels = {name for name in frame.columns if str(name).endswith("_label") and str(name)[:-6] in frame.columns}
    # A filled prompt varies with its placeholders; takes show the latest.
    derived = {"prompt", "take"} if axes else {"take"}
    for name in frame.columns:
        if name in free or name in named or name in NEVER_AXES | labels | derived | {image}:
            continue
        used = [*named, *free]
        if used and not frame.duplicated(used).any():
            break
        if len(distinct(frame, name)) > 1:
            free.append(name)
    return free


def _footer(frame: pd.DataFrame, used: Sequence[str | None], image: str, constant: Sequence[str]) -> tuple[str, ...]:
    """What all cells share, so that a sheet explains itself; and, of simulated pictures, that they are."""
    shown = ("finetune_id", "lora_strength", "steps", "seed", "sampler_name", "scheduler", "aspect_ratio")
    parts = []
    for name in dict.fromkeys((*shown, *constant)):
        if name in frame.columns and name not in used and name != image:
            values = distinct(frame, name)
            if len(values) == 1:
                parts.append(f"{name} {labels_of(frame, name, values)[0]}")
    lines = [" · ".join(parts)] if parts else []
    for name in ("prompt_template", "prompt"):
        if name in frame.columns and name not in used:
            prompts = distinct(frame, name)
            if len(prompts) == 1:
                lines.insert(0, f"prompt “{plain(prompts[0])}”")
                break
    if "service" in frame.columns and (frame["service"] == "simulator").any():
        lines.append("Simulated by segflux_nb's own flow model: these are not pictures by Flux.")
    return tuple(lines)
