"""The contact sheet: a static picture of many runs, labelled along their axes."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from ..errors import LayoutError
from .colours import THEMES, ThemeName
from .drawing import draw
from .geometry import place
from .html import standalone
from .layout import Layout, pages
from .pivot import arrange
from .reading import Reader

INLINE_BYTES = 250_000
"""An inline sheet is no larger than this in a saved notebook, where bytes are written in base64."""

INLINE_WIDTH = 2400
"""Nor wider, in pixels."""

CELL = 320
"""The longer side of a cell in a saved sheet, in pixels."""

READABLE = 96
"""Cells of a saved sheet are no smaller: it is cut into pages before."""

MOST_PIXELS = 80_000_000
"""A page of a saved sheet has at most so many pixels; its cells shrink to keep to it."""

LONGEST: dict[str, int] = {".png": 32_000, ".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383, ".pdf": 16_383}
"""Pixels of a side that the formats can hold, or that viewers open."""

MOST_HEAT = 112
"""Cells of an inline heat map are no larger: a number needs no more."""

QUALITY = 82
SMALLEST = 16


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
        self._theme = theme
        self._reader = Reader()

    @property
    def text(self) -> str:
        """The sheet in words."""
        return self._layout.text

    def __repr__(self) -> str:
        return self.text

    @property
    def image(self) -> Image.Image:
        """The sheet as a Pillow image; its first page where it has several."""
        return self.pages[0]

    @cached_property
    def pages(self) -> list[Image.Image]:
        """The sheet as Pillow images.

        Cells have 320 pixels, or as many from 96 on as keep the sheet below 80 megapixels and 16,383 pixels a side;
        a sheet for which this is not enough is cut into pages, each with its labels.
        """
        return self._pages(LONGEST[".webp"])

    def save(self, path: str | Path) -> Path:
        """Write the sheet to a PNG, JPEG, WebP, PDF or HTML file, by the name's ending.

        A sheet of several pages becomes ``sheet-1.png``, ``sheet-2.png``, …, of which the first is returned; PDF and
        HTML hold all in one file. HTML stands alone: words that are cut short in the picture are whole in it, and a
        click or the space key shows a picture large.

        Raises
        ------
        LayoutError
            For another ending.
        """
        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".html":
            path.write_text(standalone([self._layout], theme=self._theme), encoding="utf-8")
            return path
        if ending not in LONGEST:
            raise LayoutError(
                f"A sheet cannot be saved as {path.name!r}",
                remedy="End the name in .png, .jpg, .webp, .pdf or .html",
            )
        images = self._pages(LONGEST[ending])
        if ending == ".pdf":
            images[0].save(path, "PDF", save_all=True, append_images=images[1:], resolution=150.0, quality=90)
            return path
        many = len(images) > 1
        paths = [path.with_stem(f"{path.stem}-{n}") if many else path for n in range(1, len(images) + 1)]
        for image, target in zip(images, paths, strict=True):
            _save(image, target, ending)
        return paths[0]

    def _repr_mimebundle_(
        self, include: Sequence[str] | None = None, exclude: Sequence[str] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        data = {"text/plain": self.text, "image/jpeg": self._inline}
        return data, {"image/jpeg": {"alt": self.text}}

    @cached_property
    def _inline(self) -> str:
        return self.inline(INLINE_BYTES)

    def inline(self, budget: int) -> str:
        """The JPEG in base64, with the largest cells that fit so many characters: found by drawing a few."""
        scale = self._layout.scale
        most = MOST_HEAT if scale is not None and scale.is_heat else 512
        largest = _cell_within(self._layout, most, INLINE_WIDTH * INLINE_WIDTH, 8)
        largest = _largest(SMALLEST, largest, lambda cell: place(self._layout, cell).width <= INLINE_WIDTH)
        number = max(1, sum(cell.picture is not None for cell in self._layout.cells))
        cell = min(largest, max(SMALLEST, int(math.sqrt(budget / number) * 1.9)))
        fits, best, too_large = 0, b"", largest + 1
        for _ in range(6):
            data = _jpeg(self._drawn(self._layout, cell))
            share = len(data) * 4 / 3 / budget
            if share <= 1:
                fits, best = cell, data
            else:
                too_large = cell
            # The bytes grow about as the cell's area; aim a little below the budget.
            cell = max(fits + 1, min(too_large - 1, int(cell * (0.96 / share) ** 0.5)))
            if cell >= too_large or 0.9 < share <= 1:
                break
        return base64.b64encode(best or _jpeg(self._drawn(self._layout, SMALLEST))).decode("ascii")

    def _pages(self, longest: int) -> list[Image.Image]:
        """Drawn pages, none of which has a side longer than so many pixels: told before anything is drawn."""

        def fits(layout: Layout) -> bool:
            page = place(layout, READABLE)
            return page.width * page.height <= MOST_PIXELS and max(page.width, page.height) <= longest

        parts = pages(self._layout, fits)
        return [self._drawn(part, _cell_within(part, CELL, MOST_PIXELS, READABLE, longest)) for part in parts]

    def _drawn(self, layout: Layout, cell: int) -> Image.Image:
        heat = layout.scale is not None and layout.scale.is_heat
        return draw(place(layout, cell), THEMES[self._theme], self._reader, heat=heat)


def contact_sheet(
    frame: pd.DataFrame,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | Sequence[str] | None = None,
    image: str | None = None,
    title: str = "",
    captions: Sequence[str] = (),
    border: str | None = None,
    heat: str | None = None,
    relative_to: Mapping[str, Any] | None = None,
    theme: ThemeName = "light",
) -> ContactSheet:
    """The contact sheet of a frame; its parameters are those of `segflux_nb.sheets.pivot.arrange`."""
    layout = arrange(
        frame,
        cols=cols,
        rows=rows,
        by=by,
        axes=frame.attrs.get("segflux_axes", ()),
        image=image,
        title=title,
        captions=captions,
        border=border,
        heat=heat,
        relative_to=relative_to,
    )
    return ContactSheet(layout, theme=theme)


def _cell_within(layout: Layout, cell: int, pixels: int, smallest: int, longest: int | None = None) -> int:
    """The largest cells, up to `cell`, with which the sheet has so many pixels and no longer side."""

    def fits(cell: int) -> bool:
        page = place(layout, cell)
        return page.width * page.height <= pixels and not (longest and max(page.width, page.height) > longest)

    return _largest(smallest, cell, fits)


def _largest(smallest: int, most: int, fits: Callable[[int], bool]) -> int:
    """The largest size that fits, or the smallest; what fits, fits smaller too."""
    if most <= smallest or fits(most):
        return most
    while most - smallest > 1:
        middle = (smallest + most) // 2
        smallest, most = (middle, most) if fits(middle) else (smallest, middle)
    return smallest


def _save(image: Image.Image, path: Path, ending: str) -> None:
    if ending == ".png":
        image.save(path, "PNG", optimize=False, compress_level=4)
    elif ending == ".webp":
        image.save(path, "WEBP", quality=90)
    else:
        image.save(path, "JPEG", quality=92)


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    return buffer.getvalue()
