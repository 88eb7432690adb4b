"""The contact sheet: a static picture of many runs, labelled along their axes."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from PIL import Image

from .drawing import THEMES, Reader, draw
from .geometry import place
from .layout import Layout, LayoutError, arrange

INLINE_BYTES = 250_000
"""An inline sheet is no larger than this in a saved notebook, where bytes are written in base64."""

INLINE_WIDTH = 2400
"""Nor wider, in pixels."""

CELL = 320
"""The longer side of a cell in a saved sheet, in pixels."""

MOST_PIXELS = 80_000_000
"""A saved sheet has at most so many pixels; its cells shrink to keep to it."""

QUALITY = 82
SMALLEST = 16

ThemeName = Literal["light", "dark"]


class ContactSheet:
    """Pictures of runs in a grid, labelled.

    It shows itself in a notebook as a JPEG with the largest cells that fit 250 kB, beside a text that says what is
    on it. Columns, rows and outer axis are the first, second and third axis unless they are named.

    Attributes
    ----------
    text:
        The sheet in words: axes, values, counts. It is the same for equal content on every execution.

    Example
    -------
    ::

        sheet = runs.sheet(cols="seed", rows="lora_strength", by="sampler_name")
        sheet.save("sheet.png")
    """

    def __init__(self, layout: Layout, *, theme: ThemeName = "light") -> None:
        if theme not in THEMES:
            raise LayoutError(f"There is no theme {theme!r}", remedy=f"Themes are {', '.join(THEMES)}")
        self._layout = layout
        self._theme = THEMES[theme]
        self._reader = Reader()

    @property
    def text(self) -> str:
        """The sheet in words."""
        return self._layout.text

    def __repr__(self) -> str:
        return self.text

    @cached_property
    def image(self) -> Image.Image:
        """The sheet as a Pillow image, with cells of 320 pixels or as many as keep it below 80 megapixels."""
        return self._drawn(self._cell_within(CELL, MOST_PIXELS))

    def save(self, path: str | Path) -> Path:
        """Write the sheet to a PNG or JPEG file, by the name's ending.

        Raises
        ------
        LayoutError
            For another ending.
        """
        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".png":
            self.image.save(path, "PNG", optimize=False, compress_level=4)
        elif ending in (".jpg", ".jpeg"):
            self.image.save(path, "JPEG", quality=92)
        else:
            raise LayoutError(f"A sheet cannot be saved as {path.name!r}", remedy="End the name in .png or .jpg")
        return path

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"text/plain": self.text, "image/jpeg": base64.b64encode(self._inline).decode("ascii")}
        return data, {"image/jpeg": {"alt": self.text}}

    @cached_property
    def _inline(self) -> bytes:
        """The JPEG with the largest cells that fit the budget, or nearly: found by drawing a few."""
        largest = self._cell_within(512, INLINE_WIDTH * INLINE_WIDTH)
        while largest > SMALLEST and place(self._layout, largest).width > INLINE_WIDTH:
            largest = int(largest * 0.95)
        number = max(1, sum(cell.picture is not None for cell in self._layout.cells))
        cell = min(largest, max(SMALLEST, int(math.sqrt(INLINE_BYTES / number) * 1.9)))
        fits, best, too_large = 0, b"", largest + 1
        for _ in range(6):
            data = _jpeg(self._drawn(cell))
            share = len(data) * 4 / 3 / INLINE_BYTES
            if share <= 1:
                fits, best = cell, data
            else:
                too_large = cell
            # The bytes grow about as the cell's area; aim a little below the budget.
            cell = max(fits + 1, min(too_large - 1, int(cell * (0.96 / share) ** 0.5)))
            if cell >= too_large or 0.9 < share <= 1:
                break
        return best or _jpeg(self._drawn(SMALLEST))

    def _cell_within(self, cell: int, pixels: int) -> int:
        page = place(self._layout, cell)
        while page.width * page.height > pixels and cell > 8:
            cell = max(8, int(cell * 0.9))
            page = place(self._layout, cell)
        return cell

    def _drawn(self, cell: int) -> Image.Image:
        return draw(place(self._layout, cell), self._theme, self._reader)


def contact_sheet(
    frame: pd.DataFrame,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | None = None,
    image: str | None = None,
    title: str = "",
    theme: ThemeName = "light",
) -> ContactSheet:
    """The contact sheet of a frame; its parameters are those of `segflux_nb.viewing.layout.arrange`."""
    axes = frame.attrs.get("segflux_axes", ())
    return ContactSheet(arrange(frame, cols=cols, rows=rows, by=by, axes=axes, image=image, title=title), theme=theme)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()
