"""From a geometry to pixels."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

from PIL import Image, ImageChops, ImageDraw

from ..analysis.differences import difference_text
from ..pictures.mounted import fetch_ahead
from ..pictures.thumbnails import SIDE
from .colours import Theme, on_scale, readable_on
from .fonts import line_height, text_width, wrap, write
from .geometry import Box, Geometry, Text
from .layout import Cell
from .reading import Reader, absence_of

GAIN = 3
"""How many times as bright as they are differences are shown."""

AT_A_TIME = 32
"""The most pictures that a thread reads before it hands them over."""

PARTS_AHEAD = 3
"""How many times as many are read ahead of those that are drawn, so that a sheet of many takes little memory."""

_PENDING = ("planned", "submitted", "processing")
"""Statuses of cells whose picture may still come."""


def difference_picture(picture: Image.Image, reference: Image.Image) -> Image.Image:
    """Where a picture differs from another, in the colours of the scale.

    Parameters
    ----------
    picture:
        The picture; the result has its size.
    reference:
        The picture it is compared with, resized where its size is another one.
    """
    if reference.size != picture.size:
        reference = reference.resize(picture.size, Image.Resampling.LANCZOS)
    grey = ImageChops.difference(picture, reference).convert("L")
    steps = [on_scale(min(1.0, GAIN * level / 255)) for level in range(256)]
    channels = [grey.point([step[channel] for step in steps]) for channel in range(3)]
    return Image.merge("RGB", channels)


def draw(geometry: Geometry, theme: Theme, reader: Reader, *, heat: bool = False) -> Image.Image:
    """The sheet as a picture.

    Parameters
    ----------
    geometry:
        Where everything is.
    theme:
        Its colours.
    reader:
        Reads the pictures.
    heat:
        Whether cells with a value show its colour in place of their picture.
    """
    sheet = Image.new("RGB", (geometry.width, geometry.height), theme.background)
    _Drawing(sheet, theme, reader, heat=heat).draw(geometry)
    return sheet


class _Drawing:
    """Draws on a sheet.

    Parameters
    ----------
    sheet:
        The picture of the sheet, which is changed.
    theme:
        The colours.
    reader:
        Reads the pictures of cells.
    heat:
        Whether cells with a value show its colour in place of their picture.
    """

    def __init__(self, sheet: Image.Image, theme: Theme, reader: Reader, *, heat: bool) -> None:
        self._sheet = sheet
        self._theme = theme
        self._reader = reader
        self._heat = heat
        self._border_width = 0
        self._pen = ImageDraw.Draw(sheet)

    def draw(self, geometry: Geometry) -> None:
        self._border_width = geometry.border
        with_pictures = [(cell, box) for cell, box in geometry.cells if not self._shows_value(cell)]
        with closing(self._fitted(with_pictures)) as fitted:
            for cell, box in geometry.cells:
                if self._shows_value(cell):
                    self._value(cell, box)
                else:
                    self._cell(cell, box, next(fitted))
        for cell, box in geometry.differences:
            self._difference(cell, box)
        if geometry.scale_bar is not None:
            self._scale_bar(geometry.scale_bar)
        for text in geometry.texts:
            self._text(text)

    def _fitted(self, asked: Sequence[tuple[Cell, Box]]) -> Generator[Image.Image | None]:
        """The pictures of cells, each as large as fits its box, in their order: only some are read ahead."""
        each = max(1, min(AT_A_TIME, len(asked) // 8))
        parts = [asked[start : start + each] for start in range(0, len(asked), each)]

        def read(part: Sequence[tuple[Cell, Box]]) -> list[Image.Image | None]:
            is_small = all(max(_size(box)) <= SIDE for _, box in part)
            fetch_ahead((cell.picture for cell, _ in part), small=is_small)
            return [self._reader.fitted(cell.picture, _size(box)) for cell, box in part]

        # Decoding releases the interpreter's lock: two threads read while another draws.
        with ThreadPoolExecutor(2) as threads:
            waiting: deque[Future[list[Image.Image | None]]] = deque()
            for part in parts:
                waiting.append(threads.submit(read, part))
                if len(waiting) > PARTS_AHEAD:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()

    def _shows_value(self, cell: Cell) -> bool:
        return self._heat and cell.share is not None

    def _cell(self, cell: Cell, box: Box, picture: Image.Image | None) -> None:
        """A cell with its picture, border and tags.

        Parameters
        ----------
        cell:
            The cell.
        box:
            Where it is.
        picture:
            Its picture, which fits the box; None where it has none.
        """
        if picture is None:
            self._absence(cell, box)
        else:
            self._paste(picture, box)
            if cell.share is not None:
                self._border(cell.share, box)
        self._tags(cell.all_tags, box)

    def _paste(self, picture: Image.Image, box: Box) -> None:
        width, height = _size(box)
        self._sheet.paste(picture, (box[0] + (width - picture.width) // 2, box[1] + (height - picture.height) // 2))

    def _border(self, share: float, box: Box) -> None:
        width = self._border_width
        outer = (box[0] - width, box[1] - width, box[2] + width - 1, box[3] + width - 1)
        self._pen.rectangle(outer, outline=on_scale(share), width=width)

    def _scale_bar(self, box: Box) -> None:
        span = max(1, box[2] - box[0] - 1)
        for x in range(box[0], box[2]):
            self._pen.line((x, box[1], x, box[3]), fill=on_scale((x - box[0]) / span))

    def _value(self, cell: Cell, box: Box) -> None:
        """A cell of a heat map."""
        colour = on_scale(cell.share or 0.0)
        self._pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=colour)
        size = max(8, min(36, (box[2] - box[0]) // 7))
        small = max(7, round(size * 0.7))
        lines = [(cell.value, size), *([(f"mean of {cell.mean_of}", small)] if cell.mean_of > 1 else [])]
        if box[3] - box[1] < sum(line_height(height) for _, height in lines):
            lines = [(f"{cell.value} ({cell.mean_of})" if cell.mean_of > 1 else cell.value, size)]
        y = (box[1] + box[3] - sum(line_height(height) for _, height in lines[1:])) // 2
        for text, height in lines:
            (line,) = wrap(text, 0.9 * (box[2] - box[0]), height, lines=1) or [""]
            x = (box[0] + box[2] - text_width(line, height)) / 2
            write(self._sheet, x, y, line, height, readable_on(colour))
            y += line_height(size)

    def _tags(self, tags: tuple[str, ...], box: Box) -> None:
        """Tags on black plates, from the lower left corner upwards, as many as the cell is high enough for."""
        size = max(8, min(20, (box[2] - box[0]) // 14))
        height = line_height(size)
        bottom = box[3]
        for tag in tags:
            if bottom - height < box[1]:
                break
            (line,) = wrap(tag, box[2] - box[0] - size, size, lines=1) or [""]
            right = box[0] + math.ceil(text_width(line, size)) + size - 1
            self._pen.rectangle((box[0], bottom - height, right, bottom - 1), fill="#000000")
            write(self._sheet, box[0] + size // 2, bottom - height // 2, line, size, "#ffffff")
            bottom -= height + 1

    def _difference(self, cell: Cell, box: Box) -> None:
        """The difference of a cell's picture from its reference, and its mean as a number."""
        if cell.picture is None:
            return
        if cell.reference is None:
            size = max(8, min(20, (box[2] - box[0]) // 14))
            x = (box[0] + box[2] - text_width("reference", size)) / 2
            write(self._sheet, x, box[1] + line_height(size), "reference", size, self._theme.muted)
            return
        picture, reference = (self._reader.fitted(one, _size(box)) for one in (cell.picture, cell.reference))
        difference = self._reader.difference(cell.picture, cell.reference)
        if picture is not None and reference is not None and difference is not None:
            self._paste(difference_picture(picture, reference), box)
            self._tags((difference_text(difference),), box)

    def _absence(self, cell: Cell, box: Box) -> None:
        """A cell without a picture. It is told apart by its drawing and its text, not by colour alone."""
        left, top, right, bottom = box
        if not cell.status:
            return
        size = max(8, min(22, (right - left) // 12))
        if cell.status == "missing":
            self._pen.rectangle((left, top, right - 1, bottom - 1), outline=self._theme.frame)
            x = (left + right - text_width("–", size)) / 2
            write(self._sheet, x, (top + bottom) // 2, "–", size, self._theme.muted)
            return
        self._pen.rectangle((left, top, right - 1, bottom - 1), fill=self._theme.empty, outline=self._theme.frame)
        if cell.status not in _PENDING:
            self._hatch(box)
        width = (right - left) * 0.9
        small = max(7, size - 2)
        what, why = absence_of(cell, self._reader.reason(cell.picture))
        status = [(line, size, True) for line in wrap(what, width, size, lines=1, bold=True)]
        most_lines = max(0, int((bottom - top) * 0.9 / line_height(size)) - 1)
        reason = wrap(why, width, small, lines=min(6, most_lines)) if most_lines else []
        self._plates([*status, *((line, small, False) for line in reason)], box, line_height(size))

    def _hatch(self, box: Box) -> None:
        left, top, right, _ = box
        width, height = _size(box)
        step = max(8, width // 8)
        for offset in range(step, width + height, step):
            start = (left + max(0, offset - height), top + min(offset, height - 1))
            end = (left + min(offset, right - left - 1), top + max(0, offset - (right - left)))
            self._pen.line((start, end), fill=self._theme.hatch, width=max(1, step // 14))

    def _plates(self, lines: list[tuple[str, int, bool]], box: Box, height: int) -> None:
        """Lines of text in the middle of a cell, each on a plate that hides what is behind it.

        Parameters
        ----------
        lines:
            The text of each line, its size, and whether it is bold.
        box:
            The cell.
        height:
            From one line to the next, in pixels.
        """
        middle = (box[0] + box[2]) / 2
        y = (box[1] + box[3] - height * len(lines)) // 2
        for line, size, bold in lines:
            half = text_width(line, size, bold=bold) / 2
            self._pen.rectangle((middle - half - 2, y, middle + half + 2, y + height), fill=self._theme.empty)
            write(self._sheet, middle - half, y + height // 2, line, size, self._theme.text, bold=bold)
            y += height

    def _text(self, text: Text) -> None:
        colour = self._theme.text if text.role == "text" else self._theme.muted
        if text.turned:
            left, top, right, bottom = text.box
            strip = Image.new("RGB", (bottom - top, right - left), self._theme.background)
            line = " ".join(text.lines)
            start = (strip.width - text_width(line, text.size, bold=text.bold)) / 2
            write(strip, start, strip.height // 2, line, text.size, colour, bold=text.bold)
            self._sheet.paste(strip.transpose(Image.Transpose.ROTATE_90), (left, top))
            return
        share = {"left": 0.0, "centre": 0.5, "right": 1.0}[text.align]
        for number, line in enumerate(text.lines):
            x = text.x - share * text_width(line, text.size, bold=text.bold)
            y = text.y + number * line_height(text.size) + line_height(text.size) // 2
            write(self._sheet, x, y, line, text.size, colour, bold=text.bold)


def _size(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]
