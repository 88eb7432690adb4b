"""From a page to pixels."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, UnidentifiedImageError

from .fonts import font, line_height, wrap
from .geometry import Box, Page, Text
from .layout import Cell


@dataclass(frozen=True)
class Theme:
    """The colours of a sheet."""

    page: str
    text: str
    muted: str
    frame: str
    empty: str
    hatch: str


THEMES = {
    "light": Theme("#ffffff", "#1f2328", "#59636e", "#c4ccd4", "#f6f8fa", "#dde3e9"),
    "dark": Theme("#111418", "#e6e9ed", "#9aa4af", "#3d4650", "#1a1f25", "#2b323a"),
}


class Reader:
    """Reads the pictures of cells, fitted into their boxes; keeps what it read, for a smaller drawing of the same."""

    def __init__(self) -> None:
        self._read: dict[int, Image.Image | None] = {}

    def fitted(self, number: int, cell: Cell, box: Box) -> Image.Image | None:
        """The picture of the cell with this number, without distortion; None where there is none to read."""
        width, height = box[2] - box[0], box[3] - box[1]
        kept = self._read.get(number)
        if kept is None or (kept.width < width and kept.height < height):
            kept = self._read[number] = _read(cell.picture, width, height)
        return None if kept is None else _resized(kept, width, height)


def draw(page: Page, theme: Theme, reader: Reader) -> Image.Image:
    """The page as a picture."""
    sheet = Image.new("RGB", (page.width, page.height), theme.page)
    pen = ImageDraw.Draw(sheet)
    with ThreadPoolExecutor(2) as threads:
        numbers = range(len(page.cells))
        pictures = threads.map(lambda number: reader.fitted(number, *page.cells[number]), numbers)
        for (cell, box), picture in zip(page.cells, pictures, strict=True):
            if picture is None:
                _draw_absence(pen, cell, box, theme)
            else:
                left = box[0] + (box[2] - box[0] - picture.width) // 2
                sheet.paste(picture, (left, box[1] + (box[3] - box[1] - picture.height) // 2))
    for text in page.texts:
        _draw_text(sheet, pen, text, theme)
    return sheet


def _read(picture: Any, width: int, height: int) -> Image.Image | None:
    if picture is None:
        return None
    try:
        with _opened(picture) as image:
            image.draft("RGB", (2 * width, 2 * height))  # JPEG decodes at a fraction of its size
            return _resized(image.convert("RGB"), width, height)
    except (OSError, UnidentifiedImageError):
        return None


def _resized(image: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / image.width, height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _opened(picture: Any) -> Image.Image:
    if isinstance(picture, Image.Image):
        return picture.copy()
    return Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else Path(picture))


def _draw_absence(pen: ImageDraw.ImageDraw, cell: Cell, box: Box, theme: Theme) -> None:
    """A cell without a picture: told apart by its drawing and its words, not by colour."""
    left, top, right, bottom = box
    if not cell.status:
        return
    is_run = cell.status != "missing"
    pen.rectangle((left, top, right - 1, bottom - 1), fill=theme.empty if is_run else None, outline=theme.frame)
    if not is_run:
        size = max(8, min(22, (right - left) // 12))
        pen.text(((left + right) // 2, (top + bottom) // 2), "–", font=font(size), fill=theme.muted, anchor="mm")
        return
    status = "picture file missing" if cell.status == "completed" else cell.status
    if cell.status not in ("planned", "submitted", "processing"):
        step = max(8, (right - left) // 8)
        for offset in range(step, (right - left) + (bottom - top), step):
            start = (left + max(0, offset - (bottom - top)), top + min(offset, bottom - top - 1))
            end = (left + min(offset, right - left - 1), top + max(0, offset - (right - left)))
            pen.line((start, end), fill=theme.hatch, width=max(1, step // 14))
    size = max(8, min(22, (right - left) // 12))
    width = (right - left) * 0.9
    words = wrap(status, width, size, lines=1, bold=True)
    room = max(0, int((bottom - top) * 0.9 / line_height(size)) - 1)
    reason = wrap(cell.reason, width, max(7, size - 2), lines=min(6, room)) if room else []
    height = line_height(size) * (len(words) + len(reason))
    y, middle = (top + bottom - height) // 2, (left + right) // 2
    for lines, bold, small in ((words, True, 0), (reason, False, 2)):
        for line in lines:
            face = font(max(7, size - small), bold=bold)
            half = int(face.getlength(line) / 2) + 2
            pen.rectangle((middle - half, y, middle + half, y + line_height(size)), fill=theme.empty)
            pen.text((middle, y + line_height(size) // 2), line, font=face, fill=theme.text, anchor="mm")
            y += line_height(size)


def _draw_text(sheet: Image.Image, pen: ImageDraw.ImageDraw, text: Text, theme: Theme) -> None:
    face = font(text.size, bold=text.bold)
    colour = theme.text if text.role == "text" else theme.muted
    if text.turned:
        left, top, right, bottom = text.box
        strip = Image.new("RGB", (bottom - top, right - left), theme.page)
        words = " ".join(text.lines)
        ImageDraw.Draw(strip).text((strip.width // 2, strip.height // 2), words, font=face, fill=colour, anchor="mm")
        sheet.paste(strip.transpose(Image.Transpose.ROTATE_90), (left, top))
        return
    anchor = {"left": "lm", "centre": "mm", "right": "rm"}[text.align]
    for number, line in enumerate(text.lines):
        y = text.y + number * line_height(text.size) + line_height(text.size) // 2
        pen.text((text.x, y), line, font=face, fill=colour, anchor=anchor)
