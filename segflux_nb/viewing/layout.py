"""From a frame to a grid of cells: which run goes where, and what the labels say. Pure: nothing is drawn or read."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from ..errors import SegfluxError
from ..markup import count, plain

MOST_IN_A_ROW = 10
"""A single axis longer than this is wrapped into rows, a caption under each cell."""

_NEVER_AXES = frozenset(
    {
        *("run", "status", "image", "width", "height", "stars", "pick", "note", "error_kind", "error", "digest"),
        *("sha256", "bytes", "request_id", "attempts", "polls", "cost_usd", "queue_seconds", "render_seconds"),
        *("submitted_at", "accepted_at", "detected_at", "completed_at"),
    }
)
"""Columns that vary without being axes."""

IMAGE_COLUMNS = ("image", "picture", "path", "file", "file_name", "image_path", "filename")
"""Where a frame's pictures are looked for."""


class LayoutError(SegfluxError, ValueError):
    """A sheet that cannot be laid out; the text says which column is the trouble."""


@dataclass(frozen=True)
class Cell:
    """One place of a sheet.

    Attributes
    ----------
    picture:
        Its picture (a path, bytes or a Pillow image), or None.
    status:
        completed, or why there is no picture: a run's status, or ``missing`` where the frame has no run; empty where
        the grid has no place at all.
    reason:
        More words where it failed.
    run:
        Which run it is, or empty.
    caption:
        Words under the picture, where labels cannot stand at the edges.
    aspect:
        Width over height, where the frame says it.
    """

    picture: Any = None
    status: str = "missing"
    reason: str = ""
    run: str = ""
    caption: str = ""
    aspect: float | None = None


@dataclass(frozen=True)
class Group:
    """One grid: rows of cells, and the outer axis's label."""

    label: str
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Layout:
    """A sheet as data.

    Attributes
    ----------
    groups:
        One grid for each value of the outer axis.
    columns, rows, outer:
        The axes' names, or empty.
    column_labels, row_labels:
        One for each column and row; empty where the axis is.
    title, footer:
        Above and below.
    held:
        What was chosen where further axes vary.
    """

    groups: tuple[Group, ...]
    columns: str
    rows: str
    outer: str
    column_labels: tuple[str, ...]
    row_labels: tuple[str, ...]
    title: str
    footer: tuple[str, ...]
    held: tuple[str, ...]

    @property
    def cells(self) -> list[Cell]:
        """All cells, in reading order."""
        return [cell for group in self.groups for row in group.cells for cell in row]

    @property
    def text(self) -> str:
        """The sheet in words: axes, values and counts. The same for equal content, on every execution."""
        lines = []
        counts = Counter(cell.status for cell in self.cells if cell.status)
        empty = counts.pop("missing", 0)
        pictures = count(counts.pop("completed", 0), "picture")
        rest = [f"{number:,} {status}" for status, number in sorted(counts.items())]
        rest += [f"{empty:,} empty"] if empty else []
        lines.append(f"ContactSheet: {', '.join([pictures, *rest])} [{self.digest[:8]}]")
        if self.title:
            lines.append(self.title)
        outer = [group.label for group in self.groups]
        for place, name, labels in (
            ("columns", self.columns, self._along_columns),
            ("rows", self.rows, self.row_labels),
            ("groups", self.outer, outer),
        ):
            if name:
                lines.append(f"{place} {name}: {', '.join(labels)}")
        return "\n".join([*lines, *self.held, *self.footer])

    @property
    def digest(self) -> str:
        """Differs when cells, labels or statuses do."""
        content = [
            [self.columns, self.rows, self.outer, self.title, self.footer, self.held],
            [self.column_labels, self.row_labels, [group.label for group in self.groups]],
            [[cell.run, cell.status, cell.reason, cell.caption] for cell in self.cells],
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    @property
    def _is_wrapped(self) -> bool:
        return bool(self.columns) and not self.column_labels

    @property
    def _along_columns(self) -> Sequence[str]:
        return [cell.caption for cell in self.cells if cell.caption] if self._is_wrapped else self.column_labels


def arrange(
    frame: pd.DataFrame,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | None = None,
    axes: Sequence[str] = (),
    image: str | None = None,
    title: str = "",
) -> Layout:
    """Lay out a frame, a run a row.

    The first axis not named becomes the columns, the second the rows, the third the outer axis; further axes that
    vary are held at their first value, and the layout says so.

    Parameters
    ----------
    frame:
        `Runs.df`, or any frame with a column of pictures.
    cols, rows, by:
        Columns of the frame to lay out along.
    axes:
        The axes in their order, where it is known; else columns that vary, in the frame's order.
    image:
        The column of pictures; found by its name if left out.
    title:
        Above the sheet.

    Raises
    ------
    LayoutError
        Where a column does not exist or there is nothing to show.
    """
    image = image or next((name for name in IMAGE_COLUMNS if name in frame.columns), None)
    for name in (cols, rows, by, image):
        if name is not None and name not in frame.columns:
            raise LayoutError(
                f"The frame has no column {name!r}", remedy=f"It has {', '.join(map(str, frame.columns))}"
            )
    if image is None:
        raise LayoutError(
            "The frame has no column of pictures", remedy=f"Name one with image=..., or call it {IMAGE_COLUMNS[0]!r}"
        )
    if frame.empty:
        raise LayoutError("There is no run to show", remedy="Loosen the filter")
    named = [name for name in (cols, rows, by) if name is not None]
    if len(set(named)) != len(named):
        raise LayoutError(f"cols, rows and by are {named}: an axis can be used once")
    free = _free_axes(frame, axes, named, image)
    cols = cols or (free.pop(0) if free else None)
    rows = rows or (free.pop(0) if free else None)
    by = by or (free.pop(0) if free else None)
    held = []
    for name in free:
        values = _values(frame, name)
        if len(values) > 1:
            labels = _labels(frame, name, values)
            frame = frame[[value == values[0] for value in _keys(frame[name])]]
            held.append(f"{name} {labels[0]} shown, of {', '.join(labels)}")
    return _Grid(frame, cols, rows, by, image).layout(
        title, tuple(held), _footer(frame, [cols, rows, by, *free], image)
    )


class _Grid:
    """A frame pivoted along up to three axes."""

    def __init__(self, frame: pd.DataFrame, cols: str | None, rows: str | None, by: str | None, image: str) -> None:
        self.axes = (by, rows, cols)
        self.values = [_values(frame, name) if name else [None] for name in self.axes]
        self.labels = [
            _labels(frame, name, values) if name else [] for name, values in zip(self.axes, self.values, strict=True)
        ]
        self.cells: dict[tuple[Any, ...], Cell] = {}
        keys = zip(*(_keys(frame[name]) if name else [None] * len(frame) for name in self.axes), strict=True)
        for key, (_, row) in zip(keys, frame.iterrows(), strict=True):
            self.cells[key] = _cell(row, image)  # the latest take stands last

    def layout(self, title: str, held: tuple[str, ...], footer: tuple[str, ...]) -> Layout:
        by, rows, cols = self.axes
        wrapped = rows is None and len(self.values[2]) > MOST_IN_A_ROW
        groups = []
        for number, outer in enumerate(self.values[0]):
            grid = [[self.cells.get((outer, row, col), Cell()) for col in self.values[2]] for row in self.values[1]]
            if wrapped:
                grid = _wrap(grid[0], self.labels[2])
            groups.append(Group(self.labels[0][number] if by else "", tuple(map(tuple, grid))))
        return Layout(
            groups=tuple(groups),
            columns=cols or "",
            rows=rows or "",
            outer=by or "",
            column_labels=() if wrapped else tuple(self.labels[2]),
            row_labels=tuple(self.labels[1]),
            title=plain(title),
            footer=footer,
            held=held,
        )


def _wrap(cells: Sequence[Cell], labels: Sequence[str]) -> list[list[Cell]]:
    width = math.ceil(math.sqrt(len(cells) * 1.6))
    captioned = [replace(cell, caption=label) for cell, label in zip(cells, labels, strict=True)]
    captioned += [Cell(status="")] * (-len(cells) % width)
    return [captioned[start : start + width] for start in range(0, len(captioned), width)]


def _cell(row: pd.Series[Any], image: str) -> Cell:
    picture = row[image]
    has_picture = not (picture is None or picture is pd.NA or (isinstance(picture, float) and math.isnan(picture)))
    status = str(row["status"]) if "status" in row.index else ("completed" if has_picture else "missing")
    words = [str(row[name]) for name in ("error_kind", "error") if name in row.index and pd.notna(row[name])]
    reason = "" if has_picture else ": ".join(word for word in words if word)
    run = str(row["run"]) if "run" in row.index else str(row.name)
    aspect = None
    if "width" in row.index and "height" in row.index and pd.notna(row["width"]) and pd.notna(row["height"]):
        aspect = float(row["width"]) / float(row["height"])
    return Cell(picture if has_picture else None, status, plain(reason), run, aspect=aspect)


def _free_axes(frame: pd.DataFrame, axes: Sequence[str], named: Sequence[str], image: str) -> list[str]:
    """Axes that are not named: those that are known; then columns that vary, as long as runs share a place."""
    free = [name for name in axes if name in frame.columns and name not in named]
    labels = {name for name in frame.columns if str(name).endswith("_label") and str(name)[:-6] in frame.columns}
    # A filled prompt varies with its placeholders; takes show the latest.
    derived = {"prompt", "take"} if axes else {"take"}
    for name in frame.columns:
        if name in free or name in named or name in _NEVER_AXES | labels | derived | {image}:
            continue
        used = [*named, *free]
        if used and not frame.duplicated(used).any():
            break
        if len(_values(frame, name)) > 1:
            free.append(name)
    return free


def _values(frame: pd.DataFrame, name: str) -> list[Any]:
    """An axis's values in the frame's order; but floats, whose order says nothing unless it falls, ascend."""
    values = list(dict.fromkeys(_keys(frame[name])))
    if all(isinstance(value, float) for value in values) and values != sorted(values, reverse=True):
        return sorted(values)
    return values


def _labels(frame: pd.DataFrame, name: str, values: Sequence[Any]) -> list[str]:
    """What stands for the values: the sweep's labels, or the values, numbers aligned to the same decimals."""
    given: Mapping[Any, Any] = {}
    if f"{name}_label" in frame.columns:
        given = dict(zip(_keys(frame[name]), frame[f"{name}_label"], strict=True))
    floats = [value for value in values if isinstance(value, float)]
    decimals = max((_decimals(value) for value in floats), default=0)
    labels = []
    for value in values:
        label = given.get(value)
        if isinstance(label, str):
            labels.append(plain(label))
        else:
            number = f"{value:.{max(1, decimals)}f}" if isinstance(value, float) else None
            labels.append(number or ("–" if value is None else plain(value)))
    return labels


def value_labels(frame: pd.DataFrame, name: str) -> list[str]:
    """For each row, the words for its value of a column, as a sheet would show them."""
    values = _values(frame, name)
    labels = dict(zip(values, _labels(frame, name, values), strict=True))
    return [labels[value] for value in _keys(frame[name])]


def _keys(column: pd.Series[Any]) -> list[Any]:
    """A column's values, every kind of missing one as None, so that they are equal to each other."""
    return [None if missing else value for value, missing in zip(column, column.isna(), strict=True)]


def _decimals(value: float) -> int:
    return len(f"{value:.6f}".rstrip("0").split(".")[1])


def _footer(frame: pd.DataFrame, used: Sequence[str | None], image: str) -> tuple[str, ...]:
    """What all cells share, so that a sheet explains itself; and, of simulated pictures, that they are."""
    shown = ("finetune_id", "lora_strength", "steps", "seed", "sampler_name", "scheduler", "aspect_ratio")
    parts = []
    for name in shown:
        if name in frame.columns and name not in used and name != image:
            values = _values(frame, name)
            if len(values) == 1:
                parts.append(f"{name} {_labels(frame, name, values)[0]}")
    lines = [" · ".join(parts)] if parts else []
    for name in ("prompt_template", "prompt"):
        if name in frame.columns and name not in used:
            prompts = _values(frame, name)
            if len(prompts) == 1:
                lines.insert(0, f"prompt “{plain(prompts[0])}”")
                break
    if "service" in frame.columns and (frame["service"] == "simulator").any():
        lines.append("Simulated by segflux_nb's own flow model: these are not pictures by Flux.")
    return tuple(lines)
