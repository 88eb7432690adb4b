"""From a layout to boxes and lines of text, in pixels. Nothing is drawn; only text is measured."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from .apart import wrapped_apart
from .captions import caption_form
from .fonts import line_height, text_width, wrap
from .layout import Cell, Layout, Scale

NARROWEST = 32
"""The least width of a sheet, in widths of a small letter: the footer of a single picture must be readable."""

LETTERS = 14
"""The height of a notebook's own letters, in pixels. Those of a sheet of few pictures are not much larger."""

SCREEN = 1.4
"""Width over height of a screen."""

SMALLEST_SIDE = 8
"""The least pixels of a side of a picture."""

Role = Literal["text", "muted"]
Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels; right and bottom are outside."""


@dataclass(frozen=True)
class Text:
    """Lines of text at a point.

    Attributes
    ----------
    lines:
        The lines, from top to bottom.
    x:
        The left end of left-aligned lines, the middle of centred ones, the right end of right-aligned ones.
    y:
        The top of the first line.
    size:
        The height of the letters, in pixels.
    align:
        How the lines are aligned at `x`.
    role:
        ``muted`` for what matters less.
    bold:
        Whether the letters are bold.
    turned:
        Whether the text reads upward. It is then centred on the point.
    """

    lines: tuple[str, ...]
    x: int
    y: int
    size: int
    align: Literal["left", "centre", "right"] = "left"
    role: Role = "text"
    bold: bool = False
    turned: bool = False

    @property
    def box(self) -> Box:
        """The pixels that it covers."""
        width = math.ceil(max((text_width(line, self.size, bold=self.bold) for line in self.lines), default=0))
        height = line_height(self.size) * len(self.lines)
        if self.turned:
            left, top = self.x - height // 2, self.y - width // 2
            return left, top, left + height, top + width
        left = self.x - {"left": 0, "centre": width // 2, "right": width}[self.align]
        return left, self.y, left + width, self.y + height


@dataclass
class Geometry:
    """Where everything of a sheet is drawn.

    Attributes
    ----------
    width, height:
        The size of the sheet.
    margin:
        What is free at each side of it.
    border:
        The width of the borders, which are around the boxes of cells; 0 for none.
    cells:
        Each cell with the box of its picture.
    differences:
        Each cell with the box of the difference below its picture; empty where the layout has none.
    texts:
        All text.
    scale_bar:
        The box of the scale's colours, or None.
    """

    width: int = 0
    height: int = 0
    margin: int = 0
    border: int = 0
    cells: list[tuple[Cell, Box]] = field(default_factory=list)
    differences: list[tuple[Cell, Box]] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    scale_bar: Box | None = None


def geometry_of(layout: Layout, cell_side: int, *, like: Layout | None = None) -> Geometry:
    """The geometry of a layout.

    Parameters
    ----------
    layout:
        The sheet.
    cell_side:
        The longer side of each picture, in pixels.
    like:
        A sheet with more grids, of which this one shows one: all of them then have the same shape of pictures and the
        same room for captions. Left out, the sheet itself.
    """
    if layout.sections:
        return _beside_each_other([builder.build() for builder in _builders(layout, cell_side)])
    return _Builder(layout, cell_side, like=like).build()


def _builders(layout: Layout, cell_side: int) -> list[_Builder]:
    """One for each section. All letters are those of a sheet as wide as the page.

    Parameters
    ----------
    layout:
        The sheet, which has sections.
    cell_side:
        The longer side of each picture, in pixels.
    """
    alone = [_Builder(section, cell_side).build(with_cells=False) for section in layout.sections]
    _, width, _ = _rows_of([(part.width, part.height) for part in alone])
    return [_Builder(section, cell_side, page_width=width) for section in layout.sections]


def _beside_each_other(parts: Sequence[Geometry]) -> Geometry:
    """Sheets on one page, in rows."""
    places, width, height = _rows_of([(part.width, part.height) for part in parts])
    whole = Geometry(width, height, margin=parts[0].margin, border=parts[0].border)
    for part, (x, y) in zip(parts, places, strict=True):
        for boxes, own in ((whole.cells, part.cells), (whole.differences, part.differences)):
            boxes += [(cell, (box[0] + x, box[1] + y, box[2] + x, box[3] + y)) for cell, box in own]
        whole.texts += [replace(text, x=text.x + x, y=text.y + y) for text in part.texts]
    return whole


def _rows_of(sizes: Sequence[tuple[int, int]]) -> tuple[list[tuple[int, int]], int, int]:
    """Where boxes stand in rows, so that all of them together have about the shape of a screen.

    Returns
    -------
    tuple
        The upper left corner of each box; the width and the height of all.
    """
    most = max(max(width for width, _ in sizes), math.sqrt(SCREEN * sum(width * height for width, height in sizes)))
    places: list[tuple[int, int]] = []
    x = y = below = whole = 0
    for width, height in sizes:
        if x and x + width > most:
            x, y = 0, below
        places.append((x, y))
        x, below = x + width, max(below, y + height)
        whole = max(whole, x)
    return places, whole, below


def size_of(layout: Layout, cell_side: int) -> tuple[int, int]:
    """The width and height of a sheet, in pixels: those of `geometry_of`, without working out where each cell is.

    Parameters
    ----------
    layout:
        The sheet.
    cell_side:
        The longer side of each picture, in pixels.
    """
    if layout.sections:
        parts = [builder.build(with_cells=False) for builder in _builders(layout, cell_side)]
        _, width, height = _rows_of([(part.width, part.height) for part in parts])
        return width, height
    geometry = _Builder(layout, cell_side).build(with_cells=False)
    return geometry.width, geometry.height


def largest_side(layout: Layout, smallest: int, largest: int, allowed: Callable[[int, int], bool]) -> int:
    """The largest side of a cell with which a sheet has an allowed size; the smallest one where none has.

    Parameters
    ----------
    layout:
        The sheet.
    smallest:
        The smallest side, in pixels.
    largest:
        The largest side, in pixels.
    allowed:
        Says of a width and height whether they are allowed. Smaller sheets than an allowed one must be allowed too.
    """

    def fits(side: int) -> bool:
        return allowed(*size_of(layout, side))

    if largest <= smallest or fits(largest):
        return largest
    while largest - smallest > 1:
        middle = (smallest + largest) // 2
        smallest, largest = (middle, largest) if fits(middle) else (smallest, middle)
    return smallest


class _Builder:
    """Works out a geometry from top to bottom.

    Parameters
    ----------
    layout:
        The sheet.
    cell_side:
        The longer side of each picture, in pixels.
    like:
        The sheet that decides the shape of pictures and the room for captions; None for this one.
    page_width:
        The width that decides the size of letters, in pixels; None for that of this sheet.
    """

    def __init__(
        self, layout: Layout, cell_side: int, *, like: Layout | None = None, page_width: int | None = None
    ) -> None:
        self._layout = layout
        self._geometry = Geometry()
        like = like or layout
        aspects = [cell.aspect for cell in like.cells if cell.aspect]
        aspect = min(3.0, max(1 / 3, statistics.median(aspects))) if aspects else 1.0
        self._cell_width = max(SMALLEST_SIDE, round(cell_side * min(1.0, aspect)))
        self._cell_height = max(SMALLEST_SIDE, round(cell_side / max(1.0, aspect)))
        self._across = len(layout.groups[0].cells[0])
        self._down = len(layout.groups[0].cells)
        has_borders = layout.scale is not None and not layout.scale.is_heat
        self._border = max(2, self._cell_width // 40) if has_borders else 0
        self._gap = max(2, round(cell_side * (0.09 if has_borders else 0.03)), 2 * self._border + 2 * has_borders)
        # From the top of a picture to the top of its difference.
        self._difference_offset = self._cell_height + self._gap // 2 if layout.has_differences else 0
        # A place holds one picture, or several beside each other, which are nearer to each other than places are.
        self._abreast, self._deep = layout.beside
        self._inner_gap = max(1, self._gap // 2) if not has_borders else self._gap
        self._under_border = max(self._gap // 3, self._border + 1) if has_borders else 0
        if self._abreast * self._deep > 1:
            self._gap = round(self._gap * 1.6) if has_borders else max(self._gap * 3, self._gap + 8)
        self._place_width = self._abreast * (self._cell_width + self._inner_gap) - self._inner_gap
        self._grid_width = self._across * self._place_width + (self._across - 1) * self._gap
        self._groups_across = self._choose_groups_across()
        # Text must stay readable when a wide sheet is shown at the width of a notebook, and not be larger than the
        # notebook's own where pictures are large and few.
        width = page_width or self._groups_across * self._grid_width
        size = max(9, min(round(cell_side * 0.075), max(LETTERS, round(width / 60))), round(width / 72))
        self._size = min(size, 40, max(7, int(self._cell_height / 1.4)))
        self._small = max(7, round(self._size * 0.88))
        self._margin = self._size
        self._captions = caption_form(like, self._cell_width, self._small)
        self._caption_height = self._captions.lines * line_height(self._small) + self._under_border
        self._slot_height = self._cell_height + self._difference_offset + self._caption_height
        self._row_height = self._deep * (self._slot_height + self._inner_gap) - self._inner_gap
        self._grid_height = self._down * self._row_height + (self._down - 1) * self._gap
        self._between_groups = self._gap + 2 * self._size
        most_lines = max(1, min(4, self._cell_height // line_height(self._size)))
        label_width = max(self._place_width, 9 * self._size)
        rows = wrapped_apart(layout.row_labels, label_width, self._size, lines=most_lines)
        columns = wrapped_apart(layout.column_labels, self._place_width, self._size, lines=3)
        groups = wrapped_apart(
            [group.label for group in layout.groups],
            self._grid_width,
            self._size,
            lines=1,
            name=f"{layout.outer}: ",
            bold=True,
        )
        self._row_labels = [rows.lines[label] for label in layout.row_labels]
        self._column_labels = [columns.lines[label] for label in layout.column_labels]
        self._group_labels = [groups.lines[group.label] for group in layout.groups]
        self._left_out = dict.fromkeys((*rows.notes, *columns.notes, *groups.notes, *self._captions.left_out))

    def _choose_groups_across(self) -> int:
        """The number of grids side by side with which the sheet is nearest to the shape of a screen."""
        number = len(self._layout.groups)
        height = self._down * (
            self._deep * (self._cell_height + self._difference_offset + self._inner_gap) + self._gap
        )

        def distance(across: int) -> float:
            shape = across * self._grid_width / (math.ceil(number / across) * height)
            return abs(math.log(shape / SCREEN)) + (0.3 if number % across else 0.0)

        return min(range(1, number + 1), key=distance)

    def build(self, *, with_cells: bool = True) -> Geometry:
        """The geometry.

        Parameters
        ----------
        with_cells:
            Whether the cells are in it. They are never wider than their column, so that its size is the same.
        """
        layout, geometry = self._layout, self._geometry
        left = self._margin + self._left_of_grids() + self._border
        top = self._title(self._margin)
        header = self._header_height()
        for number in range(len(layout.groups)):
            column, row = number % self._groups_across, number // self._groups_across
            x = left + column * (self._grid_width + self._between_groups)
            y = top + row * (header + self._grid_height + self._between_groups)
            self._above_grid(number, x, y, header)
            if with_cells:
                self._grid(number, x, y + header)
            if column == 0:
                self._beside_grid(x, y + header)
        across = min(self._groups_across, len(layout.groups))
        right = left + across * self._grid_width + (across - 1) * self._between_groups + self._border + self._margin
        texts_right = [text.box[2] + self._margin for text in geometry.texts]
        geometry.width = max([right, *texts_right, NARROWEST * self._small])
        rows = math.ceil(len(layout.groups) / self._groups_across)
        bottom = top + rows * (header + self._grid_height + self._between_groups) - self._between_groups
        geometry.height = self._footer(bottom) + self._margin
        geometry.margin, geometry.border = self._margin, self._border
        return geometry

    def _add_text(self, text: Text) -> None:
        self._geometry.texts.append(text)

    def _left_of_grids(self) -> int:
        """The width of the rows' axis and of the labels of the rows."""
        lines = [line for lines in self._row_labels for line in lines]
        labels = math.ceil(max((text_width(line, self._size) for line in lines), default=0))
        axis = line_height(self._size) + self._size // 3 if self._layout.rows else 0
        return axis + (labels + self._size // 2 if self._row_labels else 0)

    def _header_height(self) -> int:
        """The height of the text above a grid."""
        height = line_height(self._size) if self._layout.outer else 0
        height += line_height(self._small) if self._layout.columns else 0
        height += max((len(lines) for lines in self._column_labels), default=0) * line_height(self._size)
        return height + (self._size // 3 if height else 0) + self._border

    def _title(self, top: int) -> int:
        """Add the title; the result is the top of what comes below it."""
        if not self._layout.title:
            return top
        size = round(self._size * 1.25)
        width = max(self._groups_across * self._grid_width, 20 * size)
        lines = wrap(self._layout.title, width, size, lines=2, bold=True)
        self._add_text(Text(tuple(lines), self._margin, top, size, bold=True))
        return top + len(lines) * line_height(size) + self._size // 2

    def _above_grid(self, number: int, x: int, y: int, header: int) -> None:
        """Add the outer axis's value, the name of the columns' axis, and a label for each column.

        Parameters
        ----------
        number:
            Which group it is.
        x, y:
            The upper left corner of the group.
        header:
            The height of the text above the grid.
        """
        layout, middle, bottom = self._layout, x + self._grid_width // 2, y + header
        if layout.outer:
            self._add_text(Text(tuple(self._group_labels[number]), middle, y, self._size, "centre", bold=True))
            y += line_height(self._size)
        if layout.columns:
            lines = wrap(layout.columns, self._grid_width, self._small, lines=1)
            self._add_text(Text(tuple(lines), middle, y, self._small, "centre", "muted"))
        for across, lines in enumerate(self._column_labels):
            # Labels end just above the pictures, however many lines they have.
            start = bottom - self._border - self._size // 3 - len(lines) * line_height(self._size)
            centre = x + across * (self._place_width + self._gap) + self._place_width // 2
            self._add_text(Text(tuple(lines), centre, start, self._size, "centre"))

    def _grid(self, number: int, x: int, y: int) -> None:
        """Add the cells of a group, with their differences and captions.

        Parameters
        ----------
        number:
            Which group it is.
        x, y:
            The upper left corner of its first cell.
        """
        for down, cells in enumerate(self._layout.groups[number].cells):
            for across, place in enumerate(cells):
                left = x + across * (self._place_width + self._gap)
                top = y + down * (self._row_height + self._gap)
                for nth, cell in enumerate(place.beside[: self._abreast * self._deep]):
                    below, aside = divmod(nth, self._abreast)
                    self._cell(
                        cell,
                        left + aside * (self._cell_width + self._inner_gap),
                        top + below * (self._slot_height + self._inner_gap),
                    )

    def _cell(self, cell: Cell, left: int, top: int) -> None:
        """Add one picture with its difference and its caption.

        Parameters
        ----------
        cell:
            The cell.
        left, top:
            The upper left corner of its picture.
        """
        right, bottom = left + self._cell_width, top + self._cell_height
        self._geometry.cells.append((cell, (left, top, right, bottom)))
        if self._difference_offset:
            below = top + self._difference_offset
            self._geometry.differences.append((cell, (left, below, right, below + self._cell_height)))
        under = bottom + self._difference_offset + (self._under_border or 1)
        middle = left + self._cell_width // 2
        lines = self._captions.lines_of(cell, self._cell_width, self._small)
        if lines:
            self._add_text(Text(tuple(lines), middle, under, self._small, "centre"))

    def _beside_grid(self, x: int, y: int) -> None:
        """Add the labels of the rows and the name of their axis.

        Parameters
        ----------
        x, y:
            The upper left corner of the grid's first cell.
        """
        for down, lines in enumerate(self._row_labels):
            pictures = (self._deep - 1) * (self._slot_height + self._inner_gap) + self._cell_height
            middle = y + down * (self._row_height + self._gap) + pictures // 2
            start = middle - len(lines) * line_height(self._size) // 2
            self._add_text(Text(tuple(lines), x - self._border - self._size // 2, start, self._size, "right"))
        if self._layout.rows:
            lines = wrap(self._layout.rows, self._grid_height, self._small, lines=1)
            centre = self._margin + line_height(self._size) // 2, y + self._grid_height // 2
            self._add_text(Text(tuple(lines), *centre, self._small, role="muted", turned=True))

    def _footer(self, bottom: int) -> int:
        """Add the scale, the notes and the footer below the grids; the result is their lower end."""
        y = bottom + self._size // 2
        if self._layout.scale is not None:
            y = self._scale(self._layout.scale, y)
        for sentence in (*self._captions.note, *self._left_out, *self._layout.notes, *self._layout.footer):
            lines = wrap(sentence, self._geometry.width - 2 * self._margin, self._small, lines=4)
            self._add_text(Text(tuple(lines), self._margin, y, self._small, role="muted"))
            y += len(lines) * line_height(self._small)
        return y

    def _scale(self, scale: Scale, y: int) -> int:
        """Add the bar of colours between the labels of its ends; the result is the top of what comes below it."""
        geometry, height = self._geometry, line_height(self._small)
        bar_width = 8 * self._small
        width = geometry.width - 2 * self._margin - bar_width - self._small
        x = self._margin
        low = Text(
            tuple(
                wrap(
                    f"{'colour' if scale.is_heat else 'border'}: {scale.name} {scale.low}",
                    width,
                    self._small,
                    lines=1,
                )
            ),
            x,
            y,
            self._small,
            role="muted",
        )
        x = low.box[2] + self._small // 2
        geometry.scale_bar = (x, y + height // 5, x + bar_width, y + height - height // 5)
        x += bar_width + self._small // 2
        high = Text(tuple(wrap(scale.high, width, self._small, lines=1)), x, y, self._small, role="muted")
        geometry.texts += [low, high]
        geometry.width = max(geometry.width, high.box[2] + self._margin)
        return y + height + self._small // 2
