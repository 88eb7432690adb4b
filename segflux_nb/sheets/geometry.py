"""From a layout to boxes and lines of text on a page. Nothing is drawn; only text is measured."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Literal

from .fonts import line_height, text_width, wrap
from .layout import Cell, Layout, Scale

NARROWEST = 36
"""A page is at least so many small letters wide, so that the footer of a single picture can be read."""

Role = Literal["text", "muted"]
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Text:
    """Lines of text around a point.

    `x` is the middle of centred lines, the right end of right-aligned ones, the left end of others; `y` is the top
    of the first line. A turned text reads upward and is centred on the point.
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
        """The pixels it covers: left, top, right, bottom."""
        width = math.ceil(max((text_width(line, self.size, bold=self.bold) for line in self.lines), default=0))
        height = line_height(self.size) * len(self.lines)
        if self.turned:
            return (
                self.x - height // 2,
                self.y - width // 2,
                self.x + height - height // 2,
                self.y + width - width // 2,
            )
        left = self.x - {"left": 0, "centre": width // 2, "right": width}[self.align]
        return (left, self.y, left + width, self.y + height)


@dataclass
class Page:
    """A page: its size, where cells go, their differences, words, and the bar of the scale."""

    width: int = 0
    height: int = 0
    cells: list[tuple[Cell, Box]] = field(default_factory=list)
    strips: list[tuple[Cell, Box]] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    bar: Box | None = None


def place(layout: Layout, cell: int) -> Page:
    """Place a layout with cells of this size (the longer side, in pixels)."""
    return _Placing(layout, cell).page()


class _Placing:
    def __init__(self, layout: Layout, cell: int) -> None:
        self.layout = layout
        aspects = [c.aspect for c in layout.cells if c.aspect]
        aspect = min(3.0, max(1 / 3, statistics.median(aspects))) if aspects else 1.0
        self.cell_width = max(8, round(cell * min(1.0, aspect)))
        self.cell_height = max(8, round(cell / max(1.0, aspect)))
        self.across = len(layout.groups[0].cells[0])
        self.down = len(layout.groups[0].cells)
        self.has_borders = layout.scale is not None and not layout.scale.is_heat
        self.gap = max(2, round(cell * (0.09 if self.has_borders else 0.03)))
        self.strip = self.cell_height + self.gap // 2 if layout.differs else 0
        self.groups_across = self._choose_groups_across()
        # Words must stay readable when a wide sheet is shown at the width of a notebook.
        self.size = max(9, round(cell * 0.075), round(self._grids_width() / 72))
        self.size = min(self.size, 40, max(7, int(self.cell_height / 1.4)))
        self.small = max(7, round(self.size * 0.88))
        self.margin = self.size

    def _grid_width(self) -> int:
        return self.across * self.cell_width + (self.across - 1) * self.gap

    def _grids_width(self) -> int:
        return self.groups_across * self._grid_width()

    def _choose_groups_across(self) -> int:
        """As many grids beside each other as bring the sheet nearest to the shape of a screen."""
        number = len(self.layout.groups)
        height = self.down * (self.cell_height + self.strip + self.gap)

        def off(across: int) -> float:
            shape = across * self._grid_width() / (math.ceil(number / across) * height)
            return abs(math.log(shape / 1.4)) + (0.3 if number % across else 0.0)

        return min(range(1, number + 1), key=off)

    def page(self) -> Page:
        layout, page = self.layout, Page()
        caption = line_height(self.small) if any(cell.caption for cell in layout.cells) else 0
        caption += self.gap // 3 if self.has_borders else 0
        high = max(1, min(4, self.cell_height // line_height(self.size)))
        rows = [self._wrapped(label, max(self.cell_width, 9 * self.size), high) for label in layout.row_labels]
        columns = [self._wrapped(label, self.cell_width, 3) for label in layout.column_labels]
        label_width = math.ceil(max((text_width(line, self.size) for lines in rows for line in lines), default=0))
        gutter = label_width + self.size // 2 if rows else 0
        axis_gutter = line_height(self.size) + self.size // 3 if layout.rows else 0
        left = self.margin + axis_gutter + gutter
        top = self._title(page, self.margin)
        header = (line_height(self.size) if layout.outer else 0) + (line_height(self.small) if layout.columns else 0)
        header += max((len(lines) for lines in columns), default=0) * line_height(self.size)
        header += self.size // 3 if header else 0
        row_height = self.cell_height + self.strip + caption
        grid_height = self.down * row_height + (self.down - 1) * self.gap
        between = self.gap + 2 * self.size
        for number, group in enumerate(layout.groups):
            column, row = number % self.groups_across, number // self.groups_across
            x = left + column * (self._grid_width() + between)
            y = top + row * (header + grid_height + between)
            self._group(page, number, x, y, header, columns)
            for down, cells in enumerate(group.cells):
                for across, cell in enumerate(cells):
                    cell_x = x + across * (self.cell_width + self.gap)
                    cell_y = y + header + down * (row_height + self.gap)
                    box = (cell_x, cell_y, cell_x + self.cell_width, cell_y + self.cell_height)
                    page.cells.append((cell, box))
                    if self.strip:
                        below = cell_y + self.strip
                        page.strips.append((cell, (cell_x, below, box[2], below + self.cell_height)))
                    if cell.caption:
                        lines = wrap(cell.caption, self.cell_width, self.small, lines=1)
                        middle = cell_x + self.cell_width // 2
                        under = box[3] + self.strip + (self.gap // 3 if self.has_borders else 1)
                        page.texts.append(Text(tuple(lines), middle, under, self.small, "centre"))
                if column == 0 and rows:
                    middle = y + header + down * (row_height + self.gap) + self.cell_height // 2
                    lines = rows[down]
                    start = middle - len(lines) * line_height(self.size) // 2
                    page.texts.append(Text(tuple(lines), x - self.size // 2, start, self.size, "right"))
            if column == 0 and layout.rows:
                words = wrap(layout.rows, grid_height, self.small, lines=1)
                middle = self.margin + line_height(self.size) // 2
                turned = Text(
                    tuple(words), middle, y + header + grid_height // 2, self.small, role="muted", turned=True
                )
                page.texts.append(turned)
        across = min(self.groups_across, len(layout.groups))
        page.width = left + across * self._grid_width() + (across - 1) * between + self.margin
        bottom = top + math.ceil(len(layout.groups) / self.groups_across) * (header + grid_height + between) - between
        page.width = max([page.width, *(text.box[2] + self.margin for text in page.texts), NARROWEST * self.small])
        page.height = self._footer(page, bottom) + self.margin
        return page

    def _title(self, page: Page, top: int) -> int:
        if not self.layout.title:
            return top
        size = round(self.size * 1.25)
        width = max(self._grids_width(), 20 * size)
        lines = wrap(self.layout.title, width, size, lines=2, bold=True)
        page.texts.append(Text(tuple(lines), self.margin, top, size, bold=True))
        return top + len(lines) * line_height(size) + self.size // 2

    def _group(self, page: Page, number: int, x: int, y: int, header: int, columns: list[list[str]]) -> None:
        """The words above one grid: the outer axis's value, the columns' axis, and a label for each column."""
        layout, middle = self.layout, x + self._grid_width() // 2
        if layout.outer:
            words = f"{layout.outer}: {layout.groups[number].label}"
            lines = wrap(words, self._grid_width(), self.size, lines=1, bold=True)
            page.texts.append(Text(tuple(lines), middle, y, self.size, "centre", bold=True))
            y += line_height(self.size)
            header -= line_height(self.size)
        if layout.columns:
            lines = wrap(layout.columns, self._grid_width(), self.small, lines=1)
            page.texts.append(Text(tuple(lines), middle, y, self.small, "centre", "muted"))
            header -= line_height(self.small)
            y += line_height(self.small)
        for across, lines in enumerate(columns):
            # Short labels stand on the picture, not under the axis's name.
            start = y + header - self.size // 3 - len(lines) * line_height(self.size)
            centre = x + across * (self.cell_width + self.gap) + self.cell_width // 2
            page.texts.append(Text(tuple(lines), centre, start, self.size, "centre"))

    def _footer(self, page: Page, bottom: int) -> int:
        y = bottom + self.size // 2
        if self.layout.scale is not None:
            y = self._scale(page, self.layout.scale, y)
        for sentence in (*self.layout.held, *self.layout.footer):
            lines = wrap(sentence, page.width - 2 * self.margin, self.small, lines=4)
            page.texts.append(Text(tuple(lines), self.margin, y, self.small, role="muted"))
            y += len(lines) * line_height(self.small)
        return y

    def _scale(self, page: Page, scale: Scale, y: int) -> int:
        """The bar of colours, its ends beside it."""
        words = f"{'colour' if scale.is_heat else 'border'}: {scale.name} {scale.low}"
        x = self.margin
        height = line_height(self.small)
        for text, bar in ((words, 8 * self.small), (scale.high, 0)):
            lines = wrap(text, page.width - 2 * self.margin - 9 * self.small, self.small, lines=1)
            page.texts.append(Text(tuple(lines), x, y, self.small, role="muted"))
            x = page.texts[-1].box[2] + self.small // 2
            if bar:
                page.bar = (x, y + height // 5, x + bar, y + height - height // 5)
                x += bar + self.small // 2
        page.width = max(page.width, page.texts[-1].box[2] + self.margin)
        return y + height + self.small // 2

    def _wrapped(self, label: str, width: int, lines: int) -> list[str]:
        return wrap(label, width, self.size, lines=lines)
