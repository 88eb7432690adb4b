"""From a page to pixels."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageChops, ImageDraw

from ..analysis.differences import difference_text
from .colours import Theme, on_scale, readable_on
from .fonts import line_height, text_width, wrap, write
from .geometry import Box, Page, Text
from .layout import Cell
from .reading import Reader

GAIN = 3
"""Differences are shown so many times as bright as they are."""


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


def draw(page: Page, theme: Theme, reader: Reader, *, heat: bool = False) -> Image.Image:
    """The page as a picture; with `heat`, cells with a value show it in the place of their picture."""
    sheet = Image.new("RGB", (page.width, page.height), theme.page)
    pen = ImageDraw.Draw(sheet)
    with ThreadPoolExecutor(2) as threads:
        shown = [cell.picture for cell, _ in page.cells if not (heat and cell.share is not None)]
        boxes = [box for cell, box in page.cells if not (heat and cell.share is not None)]
        pictures = threads.map(lambda asked: reader.fitted(*asked), zip(shown, map(_size, boxes), strict=True))
        for cell, box in page.cells:
            if heat and cell.share is not None:
                _draw_value(sheet, pen, cell, box)
                continue
            picture = next(pictures)
            if picture is None:
                _draw_absence(sheet, pen, cell, box, theme)
            else:
                _paste(sheet, picture, box)
                if cell.share is not None:
                    _draw_border(pen, cell.share, box)
            _draw_tags(sheet, pen, cell, box)
    for cell, box in page.strips:
        _draw_difference(sheet, pen, cell, box, theme, reader)
    if page.bar is not None:
        _draw_bar(pen, page.bar)
    for text in page.texts:
        _draw_text(sheet, text, theme)
    return sheet


def _size(box: Box) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def _paste(sheet: Image.Image, picture: Image.Image, box: Box) -> None:
    width, height = _size(box)
    sheet.paste(picture, (box[0] + (width - picture.width) // 2, box[1] + (height - picture.height) // 2))


def _draw_border(pen: ImageDraw.ImageDraw, share: float, box: Box) -> None:
    width = max(2, (box[2] - box[0]) // 40)
    outer = (box[0] - width, box[1] - width, box[2] + width - 1, box[3] + width - 1)
    pen.rectangle(outer, outline=on_scale(share), width=width)


def _draw_bar(pen: ImageDraw.ImageDraw, box: Box) -> None:
    span = max(1, box[2] - box[0] - 1)
    for x in range(box[0], box[2]):
        pen.line((x, box[1], x, box[3]), fill=on_scale((x - box[0]) / span))


def _draw_value(sheet: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, box: Box) -> None:
    colour = on_scale(cell.share or 0.0)
    pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=colour)
    size = max(8, min(36, (box[2] - box[0]) // 7))
    (words,) = wrap(cell.value, 0.9 * (box[2] - box[0]), size, lines=1) or [""]
    x = (box[0] + box[2] - text_width(words, size)) / 2
    write(sheet, x, (box[1] + box[3]) // 2, words, size, readable_on(colour))


def _draw_tags(sheet: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, box: Box) -> None:
    """Marks and duplicates, on plates in the lower left corner, one above the other."""
    size = max(8, min(20, (box[2] - box[0]) // 14))
    height = line_height(size)
    bottom = box[3]
    for tag in cell.tags:
        if bottom - height < box[1]:
            break
        (words,) = wrap(tag, box[2] - box[0] - size, size, lines=1) or [""]
        right = box[0] + math.ceil(text_width(words, size)) + size - 1
        pen.rectangle((box[0], bottom - height, right, bottom - 1), fill="#000000")
        write(sheet, box[0] + size // 2, bottom - height // 2, words, size, "#ffffff")
        bottom -= height + 1


def _draw_difference(
    sheet: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, box: Box, theme: Theme, reader: Reader
) -> None:
    """The difference of a cell's picture from its reference, and its mean as a number."""
    picture, reference = reader.fitted(cell.picture, _size(box)), reader.fitted(cell.reference, _size(box))
    size = max(8, min(20, (box[2] - box[0]) // 14))
    if picture is None or reference is None:
        words = "" if cell.picture is None or cell.reference is not None else "reference"
        write(
            sheet,
            (box[0] + box[2] - text_width(words, size)) / 2,
            box[1] + line_height(size),
            words,
            size,
            theme.muted,
        )
        return
    _paste(sheet, difference_picture(picture, reference), box)
    difference = reader.difference(cell.picture, cell.reference)
    if difference is not None:
        _draw_tags(sheet, pen, Cell(tags=(difference_text(difference),)), box)


def _draw_absence(sheet: Image.Image, pen: ImageDraw.ImageDraw, cell: Cell, box: Box, theme: Theme) -> None:
    """A cell without a picture: told apart by its drawing and its words, not by colour."""
    left, top, right, bottom = box
    if not cell.status:
        return
    is_run = cell.status != "missing"
    pen.rectangle((left, top, right - 1, bottom - 1), fill=theme.empty if is_run else None, outline=theme.frame)
    size = max(8, min(22, (right - left) // 12))
    middle = (left + right) / 2
    if not is_run:
        write(sheet, middle - text_width("–", size) / 2, (top + bottom) // 2, "–", size, theme.muted)
        return
    status = "picture file missing" if cell.status == "completed" else cell.status
    if cell.status not in ("planned", "submitted", "processing"):
        step = max(8, (right - left) // 8)
        for offset in range(step, (right - left) + (bottom - top), step):
            start = (left + max(0, offset - (bottom - top)), top + min(offset, bottom - top - 1))
            end = (left + min(offset, right - left - 1), top + max(0, offset - (right - left)))
            pen.line((start, end), fill=theme.hatch, width=max(1, step // 14))
    width = (right - left) * 0.9
    words = wrap(status, width, size, lines=1, bold=True)
    room = max(0, int((bottom - top) * 0.9 / line_height(size)) - 1)
    reason = wrap(cell.reason, width, max(7, size - 2), lines=min(6, room)) if room else []
    height = line_height(size) * (len(words) + len(reason))
    y = (top + bottom - height) // 2
    for lines, bold, face in ((words, True, size), (reason, False, max(7, size - 2))):
        for line in lines:
            half = text_width(line, face, bold=bold) / 2
            pen.rectangle((middle - half - 2, y, middle + half + 2, y + line_height(size)), fill=theme.empty)
            write(sheet, middle - half, y + line_height(size) // 2, line, face, theme.text, bold=bold)
            y += line_height(size)


def _draw_text(sheet: Image.Image, text: Text, theme: Theme) -> None:
    colour = theme.text if text.role == "text" else theme.muted
    if text.turned:
        left, top, right, bottom = text.box
        strip = Image.new("RGB", (bottom - top, right - left), theme.page)
        words = " ".join(text.lines)
        start = (strip.width - text_width(words, text.size, bold=text.bold)) / 2
        write(strip, start, strip.height // 2, words, text.size, colour, bold=text.bold)
        sheet.paste(strip.transpose(Image.Transpose.ROTATE_90), (left, top))
        return
    share = {"left": 0.0, "centre": 0.5, "right": 1.0}[text.align]
    for number, line in enumerate(text.lines):
        y = text.y + number * line_height(text.size) + line_height(text.size) // 2
        write(
            sheet,
            text.x - share * text_width(line, text.size, bold=text.bold),
            y,
            line,
            text.size,
            colour,
            bold=text.bold,
        )
