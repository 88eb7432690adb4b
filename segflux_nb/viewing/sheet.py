"""The contact sheet: a static picture of many runs, labelled along their axes."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from PIL import Image

from .drawing import THEMES, draw
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
        """The JPEG with the largest cells that fit."""
        cell = self._cell_within(512, INLINE_WIDTH * INLINE_WIDTH)
        while cell > 16 and place(self._layout, cell).width > INLINE_WIDTH:
            cell = int(cell * 0.95)
        while True:
            data = _jpeg(self._drawn(cell))
            over = len(data) * 4 / 3 / INLINE_BYTES
            if over <= 1 or cell <= 16:
                return data
            # Bytes grow somewhat slower than the cell's area, since edges and labels do not grow along.
            cell = max(16, min(cell - 2, int(cell * over**-0.62)))

    def _cell_within(self, cell: int, pixels: int) -> int:
        page = place(self._layout, cell)
        while page.width * page.height > pixels and cell > 8:
            cell = max(8, int(cell * 0.9))
            page = place(self._layout, cell)
        return cell

    def _drawn(self, cell: int) -> Image.Image:
        return draw(place(self._layout, cell), self._theme)


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
