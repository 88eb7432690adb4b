"""A sheet as data: cells in grids, labels, and what is said of them. Pure: nothing is drawn or read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..markup import count

SAME = "= "
"""How the tag begins of a cell whose picture another one has already."""


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
    label:
        Where it stands, in words: ``seed 7 · lora_strength 0.80``.
    caption:
        Words under the picture.
    tags:
        Words on the picture: the user's marks, and which other cell has the same picture.
    note:
        The user's note.
    share:
        Where its value lies on the sheet's scale, from 0 to 1; None without one.
    value:
        That value in words.
    reference:
        The picture with which this one is compared, or None.
    aspect:
        Width over height, where the frame says it.
    """

    picture: Any = None
    status: str = "missing"
    reason: str = ""
    run: str = ""
    label: str = ""
    caption: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""
    share: float | None = None
    value: str = ""
    reference: Any = None
    aspect: float | None = None

    @property
    def text(self) -> str:
        """The cell in words."""
        what = [self.label or self.run, *([self.caption] if self.caption not in self.label else []), *self.tags]
        what += [self.value] if self.value and self.value not in self.caption else []
        what += ["" if self.status == "completed" else self.status, self.reason, self.note]
        return " · ".join(part for part in what if part)


@dataclass(frozen=True)
class Group:
    """One grid: rows of cells, and the outer axis's label."""

    label: str
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Scale:
    """What a number's colour says: the column, its least and greatest value in words; and how it is shown."""

    name: str
    low: str
    high: str
    is_heat: bool


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
        What was chosen where further axes vary, and what else the reader should know of the grid.
    scale:
        The meaning of borders, or of colours in the place of pictures; None for neither.
    differs:
        Whether each picture has its difference from another below it.
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
    scale: Scale | None = None
    differs: bool = False

    @property
    def cells(self) -> list[Cell]:
        """All cells, in reading order."""
        return [cell for group in self.groups for row in group.cells for cell in row]

    @property
    def heading(self) -> str:
        """How many pictures there are, and of what else how many."""
        counts = Counter(cell.status for cell in self.cells if cell.status)
        empty = counts.pop("missing", 0)
        pictures = count(counts.pop("completed", 0), "picture")
        rest = [f"{number:,} {status}" for status, number in sorted(counts.items())]
        rest += [f"{empty:,} empty"] if empty else []
        same = sum(any(tag.startswith(SAME) for tag in cell.tags) for cell in self.cells)
        rest += [f"{same:,} the same as another"] if same else []
        return ", ".join([pictures, *rest])

    @property
    def text(self) -> str:
        """The sheet in words: axes, values and counts. The same for equal content, on every execution."""
        lines = [f"ContactSheet: {self.heading} [{self.digest[:8]}]"]
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
            [[cell.run, cell.status, cell.reason, cell.caption, cell.tags, cell.value] for cell in self.cells],
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    @property
    def is_wrapped(self) -> bool:
        """Whether a single long axis runs over several rows, its labels under the pictures."""
        return bool(self.columns) and not self.column_labels

    @property
    def _along_columns(self) -> Sequence[str]:
        return [cell.caption for cell in self.cells if cell.caption] if self.is_wrapped else self.column_labels


def pages(layout: Layout, fits: Callable[[Layout], bool]) -> list[Layout]:
    """A layout cut into pages that fit: first between grids, then between rows, then between columns.

    Parameters
    ----------
    layout:
        The whole.
    fits:
        Tells of a layout whether it is small enough; asked before anything is drawn.

    >>> row = tuple(Cell(picture=f"{n}.png") for n in range(6))
    >>> whole = Layout((Group("", (row,)),), "seed", "", "", tuple("012345"), (), "", (), ())
    >>> [len(page.cells) for page in pages(whole, lambda page: len(page.cells) <= 2)]
    [2, 1, 2, 1]
    """
    parts = _cut(layout, fits)
    if len(parts) == 1:
        return parts
    numbered = enumerate(parts, start=1)
    return [replace(part, title=f"{part.title} (page {n} of {len(parts)})".strip()) for n, part in numbered]


def _cut(layout: Layout, fits: Callable[[Layout], bool]) -> list[Layout]:
    grid = layout.groups[0].cells
    if fits(layout) or len(layout.cells) == 1:
        return [layout]
    if len(layout.groups) > 1:
        half = (len(layout.groups) + 1) // 2
        parts = [replace(layout, groups=layout.groups[:half]), replace(layout, groups=layout.groups[half:])]
    elif len(grid) > 1:
        half = (len(grid) + 1) // 2
        parts = [_rows(layout, 0, half), _rows(layout, half, len(grid))]
    else:
        half = (len(grid[0]) + 1) // 2
        parts = [_columns(layout, 0, half), _columns(layout, half, len(grid[0]))]
    return [page for part in parts for page in _cut(part, fits)]


def _rows(layout: Layout, first: int, last: int) -> Layout:
    groups = tuple(replace(group, cells=group.cells[first:last]) for group in layout.groups)
    return replace(layout, groups=groups, row_labels=layout.row_labels[first:last])


def _columns(layout: Layout, first: int, last: int) -> Layout:
    groups = tuple(replace(g, cells=tuple(row[first:last] for row in g.cells)) for g in layout.groups)
    return replace(layout, groups=groups, column_labels=layout.column_labels[first:last])
