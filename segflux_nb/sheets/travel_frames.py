"""The pictures of a loop along an axis: a sheet of one value, and above it the value and where it is on the axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from PIL import Image, ImageDraw

from .colours import Theme
from .drawing import draw
from .fonts import line_height, wrap, write
from .geometry import Geometry, geometry_of
from .layout import Cell, Group, Layout
from .reading import Reader

NO_PICTURE = "no picture"
"""What a cell says that no run of the frame fills."""

MOST_LINES = 2
"""The most lines of a value."""

_FINE = 4
"""How many times as large the line of the axis is drawn before it is reduced, so that its edges are smooth."""


@dataclass(frozen=True)
class _Band:
    """What stands above the pictures.

    Attributes
    ----------
    title:
        The lines of the title; none where there is none.
    name:
        The line of the axis's name.
    values:
        The lines of each value.
    small, large:
        The height of the letters of the name, and of those of title and values, in pixels.
    margin:
        What is free at each side, in pixels.
    """

    title: Sequence[str]
    name: Sequence[str]
    values: Sequence[Sequence[str]]
    small: int
    large: int
    margin: int

    @property
    def top_of_name(self) -> int:
        """Where the name begins, from the top."""
        return self.margin + (len(self.title) * line_height(self.large) + self.small // 2 if self.title else 0)

    @property
    def top_of_values(self) -> int:
        """Where the value begins, from the top."""
        return self.top_of_name + line_height(self.small)

    @property
    def track(self) -> int:
        """The middle of the line that shows the place on the axis, from the top."""
        return self.top_of_values + max(map(len, self.values)) * line_height(self.large) + self.large // 2

    @property
    def height(self) -> int:
        """The height of all of it."""
        return self.track + self.radius

    @property
    def radius(self) -> int:
        """The radius of the point that shows where the loop is."""
        return max(4, self.large // 4)


class Frames:
    """Draws the pictures of a loop, all of one size. Of each value the sheet is drawn once.

    Parameters
    ----------
    layout:
        A sheet with a grid for each value of the axis.
    places:
        Where each value stands on the axis, from 0 to 1.
    theme:
        The colours.
    reader:
        Reads the pictures.
    side:
        The longer side of each picture of a run, in pixels.
    """

    def __init__(self, layout: Layout, places: Sequence[float], theme: Theme, reader: Reader, side: int) -> None:
        self._layout = layout
        self._places = places
        self._theme = theme
        self._reader = reader
        self._side = side
        self._sheets: dict[int, Image.Image] = {}
        self._band = self._worded(geometry_of(grid_alone(layout, 0), side, like=layout))

    @property
    def size(self) -> tuple[int, int]:
        """The width and height of each picture, in pixels."""
        sheet = self._sheet(0)
        return sheet.width, self._band.height + sheet.height

    def frame(self, at: float) -> Image.Image:
        """A picture of the loop; between two values, both of them.

        Parameters
        ----------
        at:
            The number of its value.
        """
        before = math.floor(at)
        sheet = self._sheet(before)
        if at > before:
            sheet = Image.blend(sheet, self._sheet(before + 1), at - before)
        frame = Image.new("RGB", self.size, self._theme.background)
        frame.paste(sheet, (0, self._band.height))
        self._write(frame, math.floor(at + 0.5))
        self._draw_track(frame, at)
        return frame

    def _sheet(self, number: int) -> Image.Image:
        """The pictures of a value."""
        if number not in self._sheets:
            part = grid_alone(self._layout, number)
            geometry = geometry_of(part, self._side, like=self._layout)
            self._sheets[number] = draw(geometry, self._theme, self._reader)
        return self._sheets[number]

    def _worded(self, sheet: Geometry) -> _Band:
        """The texts above the pictures, in lines.

        Parameters
        ----------
        sheet:
            What stands below.
        """
        large = max(14, min(32, round(sheet.width / 36)))
        small = max(11, round(large * 0.72))
        inside = sheet.width - 2 * sheet.margin
        values = [
            wrap(group.label, inside, large, lines=MOST_LINES, bold=True) or [""] for group in self._layout.groups
        ]
        title = wrap(self._layout.title, inside, large, lines=2, bold=True)
        return _Band(title, wrap(self._layout.outer, inside, small, lines=1), values, small, large, sheet.margin)

    def _write(self, frame: Image.Image, number: int) -> None:
        """Write title, axis and value.

        Parameters
        ----------
        frame:
            The picture that is drawn on.
        number:
            The number of the value.
        """
        band, theme, left = self._band, self._theme, self._band.margin
        rows = [
            *((line, band.large, theme.text, band.margin) for line in band.title),
            *((line, band.small, theme.muted, band.top_of_name) for line in band.name),
            *((line, band.large, theme.text, band.top_of_values) for line in band.values[number]),
        ]
        lines_at: dict[int, int] = {}
        for line, size, colour, top in rows:
            y = top + lines_at.get(top, 0) + line_height(size) // 2
            write(frame, left, y, line, size, colour, bold=colour == theme.text)
            lines_at[top] = lines_at.get(top, 0) + line_height(size)

    def _draw_track(self, frame: Image.Image, at: float) -> None:
        """Draw the axis as a line, with a point for each value and a larger one where the loop is.

        Parameters
        ----------
        frame:
            The picture that is drawn on.
        at:
            The number of the value.
        """
        radius = self._band.radius
        height = 2 * radius + 2
        width = frame.width - 2 * self._band.margin
        strip = Image.new("RGB", (width * _FINE, height * _FINE), self._theme.background)
        pen, middle, length = ImageDraw.Draw(strip), height / 2, width - 2 * radius

        def dot(place: float, size: float, colour: str) -> None:
            x = radius + place * length
            pen.ellipse([_FINE * side for side in (x - size, middle - size, x + size, middle + size)], fill=colour)

        thick = max(1, radius // 4)
        line = (radius, middle - thick, radius + length, middle + thick)
        pen.rectangle([_FINE * side for side in line], fill=self._theme.frame)
        for place in self._places:
            dot(place, radius * 0.5, self._theme.muted)
        before = math.floor(at)
        after = min(before + 1, len(self._places) - 1)
        place = self._places[before] + (self._places[after] - self._places[before]) * (at - before)
        dot(place, radius, self._theme.text)
        small = strip.resize((width, height), Image.Resampling.BOX)
        frame.paste(small, (self._band.margin, self._band.track - height // 2))


def grid_alone(layout: Layout, number: int) -> Layout:
    """One grid of a sheet, without the texts that stand above a loop. Places that no run fills say "no picture".

    Parameters
    ----------
    layout:
        The sheet.
    number:
        The number of the grid.
    """

    def named(cell: Cell) -> Cell:
        return replace(cell, status=NO_PICTURE) if cell.status == "missing" else cell

    cells = tuple(tuple(map(named, row)) for row in layout.groups[number].cells)
    return replace(layout, groups=(Group("", cells),), outer="", title="")
