"""A sheet as data: grids of cells, labels, and notes. Pure: nothing is drawn or read."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

from ..markup import count, more_text

SAME = "= "
"""The beginning of the tag of a cell that has the same picture as an earlier cell."""

GONE = "file missing"
"""The status of a cell whose picture's file is not there."""


@dataclass(frozen=True)
class Cell:
    """One place of the grid, or one of several pictures that stand beside each other in a place.

    Attributes
    ----------
    picture:
        Its picture (a path, bytes or a Pillow image), or None.
    status:
        The run's status, or ``missing`` where the frame has no run for the cell. Empty in the last row of a wrapped
        axis, where the axis has no more values.
    reason:
        Why the run has no picture.
    run:
        The run's short name, or empty.
    label:
        The cell's values on the axes: ``seed 7 · lora_strength 0.80``.
    captions:
        What stands under the picture: values, each with the name of its column, which may be empty.
    tags:
        Texts on the picture: the user's marks, which other cell has the same picture, and how many pictures of a
        place are shown where it has more.
    note:
        The user's note.
    share:
        The position of its value on the sheet's scale, from 0 to 1, or None.
    value:
        The label of that value.
    mean_of:
        The number of rows of which that value is the mean.
    reference:
        The picture with which this one is compared, or None.
    aspect:
        The picture's width over its height, where the frame has them.
    others:
        Further rows of the same place, whose pictures stand beside this one.
    more:
        Further pictures of the same output, which are not shown; None for one that is not there.
    """

    picture: Any = None
    status: str = "missing"
    reason: str = ""
    run: str = ""
    label: str = ""
    captions: tuple[tuple[str, str], ...] = ()
    tags: tuple[str, ...] = ()
    note: str = ""
    share: float | None = None
    value: str = ""
    mean_of: int = 1
    reference: Any = None
    aspect: float | None = None
    others: tuple[Cell, ...] = ()
    more: tuple[Any, ...] = ()

    @property
    def plus(self) -> str:
        """What says that the output has more pictures; empty where it has none."""
        return more_text(len(self.more), self.more.count(None))

    @property
    def all_tags(self) -> tuple[str, ...]:
        """All texts on the picture."""
        return (self.plus, *self.tags) if self.more else self.tags

    @property
    def caption(self) -> str:
        """What stands under the picture: ``score 0.31 · steps 25``. "1 seed" would read as one seed."""
        return " · ".join(filter(None, (" ".join(filter(None, (name, value))) for value, name in self.captions)))

    @property
    def beside(self) -> tuple[Cell, ...]:
        """The pictures of this place: this one, and those of its further rows."""
        return (self, *self.others)

    @property
    def text(self) -> str:
        """The cell as text: its label, what is shown with it, and why it has no picture."""
        parts = [self.label or self.run, *([self.caption] if self.caption not in self.label else []), *self.all_tags]
        parts += [self.mean_text] if self.value and self.value not in self.caption else []
        parts += ["" if self.status == "completed" else self.status, self.reason, self.note]
        return " · ".join(part for part in parts if part)

    @property
    def mean_text(self) -> str:
        """The value, with the number of rows of which it is the mean, where they are several."""
        return f"{self.value}, mean of {self.mean_of}" if self.mean_of > 1 else self.value

    @property
    def absence(self) -> str:
        """What is shown of a cell whose picture is not there, or cannot be read."""
        return "picture file missing" if self.status in ("completed", GONE) else self.status


@dataclass(frozen=True)
class Group:
    """One grid of a sheet.

    Attributes
    ----------
    label:
        The label of the outer axis's value, or empty.
    cells:
        Rows of cells.
    """

    label: str
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Scale:
    """A column of numbers that a sheet shows as colours.

    Attributes
    ----------
    name:
        The column's name.
    low:
        The label of its least value.
    high:
        The label of its greatest value.
    is_heat:
        True where colours are shown in place of the pictures, False where they are borders.
    """

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
        A grid for each value of the outer axis; one where there is no outer axis.
    columns:
        The name of the axis along the columns, or empty.
    rows:
        The name of the axis along the rows, or empty.
    outer:
        The name of the outer axis, or empty.
    column_labels:
        A label for each column; empty where there is no such axis.
    row_labels:
        A label for each row; empty where there is no such axis.
    title:
        Text above the sheet.
    footer:
        Lines below the sheet: what all cells have in common.
    notes:
        Lines below the sheet that the reader must know: which values of further axes are shown, and what the
        differences are from.
    scale:
        The meaning of the colours, or None.
    has_differences:
        Whether the difference from another picture is shown below each picture.
    beside:
        How many pictures a place has room for, across and down.
    left_out:
        The number of rows that have no picture on the sheet.
    sections:
        The sheets of which this one is made, one below the other; it has no groups of its own then.
    """

    groups: tuple[Group, ...]
    columns: str
    rows: str
    outer: str
    column_labels: tuple[str, ...]
    row_labels: tuple[str, ...]
    title: str
    footer: tuple[str, ...]
    notes: tuple[str, ...]
    scale: Scale | None = None
    has_differences: bool = False
    beside: tuple[int, int] = (1, 1)
    left_out: int = 0
    sections: tuple[Layout, ...] = ()

    @classmethod
    def of_sections(cls, sections: Sequence[Layout]) -> Layout:
        """A sheet that is made of others: one for each sweep. What all say below them is said once, at the end."""
        shared = [line for line in sections[0].footer if all(line in one.footer for one in sections)]
        left = tuple(
            replace(one, footer=tuple(line for line in one.footer if line not in shared)) for one in sections[:-1]
        )
        last = sections[-1]
        own = [line for line in last.footer if line not in shared]
        return cls((), "", "", "", (), (), "", (), (), sections=(*left, replace(last, footer=(*own, *shared))))

    @property
    def places(self) -> list[Cell]:
        """The first cell of each place, in reading order."""
        if self.sections:
            return [cell for section in self.sections for cell in section.places]
        return [cell for group in self.groups for row in group.cells for cell in row]

    @property
    def cells(self) -> list[Cell]:
        """All cells, in reading order; those of one place one after the other."""
        return [cell for place in self.places for cell in place.beside]

    @property
    def pictures(self) -> list[Any]:
        """All pictures that are shown, and those with which they are compared."""
        return [one for cell in self.cells for one in (cell.picture, cell.reference, *cell.more)]

    @property
    def is_heat(self) -> bool:
        """Whether colours are shown in place of the pictures."""
        return self.scale is not None and self.scale.is_heat

    @property
    def heading(self) -> str:
        """How many pictures there are, how many cells of each other status, and how many rows are not shown."""
        counts = Counter(cell.status for cell in self.cells if cell.status)
        empty = counts.pop("missing", 0)
        pictures = count(counts.pop("completed", 0), "picture")
        if self.is_heat and any(cell.mean_of > 1 for cell in self.cells):
            shown = [cell for cell in self.cells if cell.share is not None]
            pictures = f"{count(len(shown), 'mean')} of {count(sum(cell.mean_of for cell in shown), 'row')}"
        rest = [f"{number:,} {status}" for status, number in sorted(counts.items())]
        rest += [f"{empty:,} empty"] if empty else []
        same = sum(any(tag.startswith(SAME) for tag in cell.tags) for cell in self.cells)
        rest += [f"{same:,} the same as another"] if same else []
        rest += [f"{count(self.left_out, 'row')} not shown"] if self.left_out else []
        more = sum(len(cell.more) for cell in self.cells)
        rest += [f"{count(more, 'further picture')} not shown"] if more else []
        return ", ".join([pictures, *rest])

    @property
    def text(self) -> str:
        """The sheet as text: axes, values and counts. Equal sheets have equal texts, on every execution."""
        return self.described("ContactSheet")

    def described(self, kind: str, *, outer: str = "groups") -> str:
        """What the sheet shows as text.

        Parameters
        ----------
        kind:
            What it is shown as.
        outer:
            What the values of the outer axis are there.
        """
        if self.sections:
            return "\n\n".join([f"{kind}: {self._heading_of_sections} [{self.digest[:8]}]", *self._section_texts])
        lines = [f"{kind}: {self.heading} [{self.digest[:8]}]"]
        if self.title:
            lines.append(self.title)
        for direction, name, labels in (
            ("columns", self.columns, self._labels_along_columns),
            ("rows", self.rows, self.row_labels),
            (outer, self.outer, [group.label for group in self.groups]),
        ):
            if name:
                between = "; " if any(", " in label for label in labels) else ", "
                lines.append(f"{direction} {name}: {between.join(labels)}")
        return "\n".join([*lines, *self.notes, *self.footer])

    @property
    def _heading_of_sections(self) -> str:
        """How many pictures all sections have, and how many of them are in several."""
        runs = Counter(cell.run for cell in self.cells if cell.status == "completed")
        several = sum(number > 1 for number in runs.values())
        shown = count(len(runs), "picture")
        repeated = f", {several:,} of them in several" if several else ""
        return f"{shown} in {count(len(self.sections), 'sweep')}{repeated}"

    @property
    def _section_texts(self) -> list[str]:
        texts = []
        for section in self.sections:
            _, *lines = replace(section, title="").described("").split("\n")
            texts.append("\n".join([f"{section.title}: {section.heading}", *lines]))
        return texts

    @property
    def digest(self) -> str:
        """A sha256 that differs where cells, labels or statuses differ."""
        if self.sections:
            of_sections = [section.digest for section in self.sections]
            return hashlib.sha256(json.dumps(of_sections).encode()).hexdigest()
        content = [
            [self.columns, self.rows, self.outer, self.title, self.footer, self.notes],
            [self.column_labels, self.row_labels, [group.label for group in self.groups]],
            [
                [cell.run, cell.status, cell.reason, _values_first(cell), cell.all_tags, cell.mean_text]
                for cell in self.cells
            ],
        ]
        return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()

    @property
    def is_wrapped(self) -> bool:
        """Whether a single long axis continues over several rows, with its labels under the pictures."""
        return bool(self.columns) and not self.column_labels

    @property
    def _labels_along_columns(self) -> Sequence[str]:
        return [cell.caption for cell in self.places if cell.caption] if self.is_wrapped else self.column_labels


def _values_first(cell: Cell) -> str:
    """The caption as version 0.1 wrote it, so that the digests in the texts of saved notebooks stay."""
    return " · ".join(filter(None, (" ".join(filter(None, part)) for part in cell.captions)))


def pages(layout: Layout, fits: Callable[[Layout], bool]) -> list[Layout]:
    """A layout cut into pages that fit: first between grids, then between rows, then between columns.

    Parameters
    ----------
    layout:
        The whole sheet.
    fits:
        Says of a layout whether it is small enough. It is called before anything is drawn.

    Example
    -------
    >>> row = tuple(Cell(picture=f"{n}.png") for n in range(6))
    >>> whole = Layout((Group("", (row,)),), "seed", "", "", tuple("012345"), (), "", (), ())
    >>> [len(page.cells) for page in pages(whole, lambda page: len(page.cells) <= 2)]
    [2, 1, 2, 1]
    """
    parts = _cut(layout, fits)
    if len(parts) == 1:
        return parts
    return [_titled(part, f"(page {n} of {len(parts)})") for n, part in enumerate(parts, start=1)]


def _titled(layout: Layout, page: str) -> Layout:
    """A page with its number in its title, or in that of its first section."""
    if layout.sections:
        return replace(layout, sections=(_titled(layout.sections[0], page), *layout.sections[1:]))
    return replace(layout, title=f"{layout.title} {page}".strip())


def _cut(layout: Layout, fits: Callable[[Layout], bool]) -> list[Layout]:
    if fits(layout) or len(layout.places) == 1:
        return [layout]
    if len(layout.sections) == 1:
        return _cut(layout.sections[0], fits)
    if layout.sections:
        half = (len(layout.sections) + 1) // 2
        parts = [replace(layout, sections=layout.sections[:half]), replace(layout, sections=layout.sections[half:])]
        return [page for part in parts for page in _cut(part, fits)]
    grid = layout.groups[0].cells
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
    """A part of a layout.

    Parameters
    ----------
    layout:
        The sheet.
    first:
        The number of its first row.
    last:
        The number of the row after its last.
    """
    groups = tuple(replace(group, cells=group.cells[first:last]) for group in layout.groups)
    return replace(layout, groups=groups, row_labels=layout.row_labels[first:last])


def _columns(layout: Layout, first: int, last: int) -> Layout:
    """A part of a layout.

    Parameters
    ----------
    layout:
        The sheet.
    first:
        The number of its first column.
    last:
        The number of the column after its last.
    """
    groups = tuple(replace(g, cells=tuple(row[first:last] for row in g.cells)) for g in layout.groups)
    return replace(layout, groups=groups, column_labels=layout.column_labels[first:last])


def picture_identity(picture: Any) -> Any:
    """What is equal for the same picture: the path or the bytes. A Pillow image is the same only as itself.

    >>> picture_identity("a.png") == picture_identity(b"...")
    False
    """
    if isinstance(picture, str | bytes):
        return picture
    return str(picture) if isinstance(picture, PurePath) else id(picture)
