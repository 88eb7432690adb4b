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
from ..notebook import picture_bundle
from ..saving import path_of, saving
from ..values import shown
from .colours import THEMES, ThemeName
from .drawing import draw
from .frame_view import FrameView
from .geometry import geometry_of
from .html import standalone
from .layout import Layout, pages
from .pivot import arrange
from .prints import METADATA, prints_of
from .reading import Reader, with_aspects, with_missing_files

INLINE_BYTES = 250_000
"""The most bytes of an inline sheet in a saved notebook, where they are written in base64."""

INLINE_WIDTH = 2400
"""The most pixels of the width of an inline sheet."""

CELL_SIDE = 320
"""Pixels of the longer side of a picture on a saved sheet, where the sheet is not too large."""

READABLE_SIDE = 96
"""The least of these pixels. A sheet that would need smaller pictures is cut into pages."""

MOST_PIXELS = 80_000_000
"""The most pixels of a page of a saved sheet."""

LONGEST: dict[str, int] = {".png": 32_000, ".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383, ".pdf": 16_383}
"""The most pixels of a side that the formats can hold, or that viewers open."""

LARGEST_INLINE_SIDE = 512
LARGEST_HEAT_SIDE = 112
"""The largest cells of an inline heat map: a number needs no more pixels."""

SMALLEST_INLINE_SIDE = 16
QUALITY = 82


class ContactSheet:
    """Pictures of runs in a grid, with labels along its axes.

    In a notebook it shows itself as a JPEG with the largest cells that fit 250 kB, and a text of its content.
    Columns, rows and outer axis are the first, second and third axis unless they are named.

    Parameters
    ----------
    layout:
        The sheet as data.
    theme:
        ``light`` or ``dark``.

    Attributes
    ----------
    text:
        The sheet as text: axes, values, counts. Equal sheets have equal texts, on every execution.

    Example
    -------
    ::

        sheet = runs.sheet(cols="seed", rows="lora_strength", by="sampler_name")
        sheet.save("sheet.png")
    """

    def __init__(self, layout: Layout, *, theme: ThemeName = "light") -> None:
        if not isinstance(theme, str) or theme not in THEMES:
            raise LayoutError(f"There is no theme {shown(theme)}", remedy=f"The themes are {', '.join(THEMES)}")
        self._layout = with_aspects(layout)
        self._theme = theme
        self._reader = Reader()

    @property
    def text(self) -> str:
        """The sheet as text: axes, values and counts."""
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

        The pictures of a large sheet are made smaller, to keep it below 80 megapixels and 16,383 pixels a side: down
        from 320 pixels to at least 96. A sheet that is still too large is cut into pages, each with its labels.
        """
        return self._pages(LONGEST[".webp"])

    def save(self, path: str | Path) -> Path:
        """Write the sheet to a PNG, JPEG, WebP, PDF or HTML file.

        A sheet of several pages becomes ``sheet-1.png``, ``sheet-2.png`` and so on; PDF and HTML hold all pages in
        one file. The HTML file needs no other file. It has the whole text of labels that are cut short in the
        picture, and a click or the space key shows a picture large.

        Parameters
        ----------
        path:
            The file. Its ending decides the format, and its folder is made if it does not exist.

        Returns
        -------
        pathlib.Path
            The file, or the first of several.

        Raises
        ------
        LayoutError
            If the ending is not one of these formats.
        SegfluxError
            If the file cannot be written.
        """
        path = path_of(path, "path", LayoutError)
        ending = path.suffix.lower()
        if ending != ".html" and ending not in LONGEST:
            raise LayoutError(
                f"A sheet cannot be saved as {path.name!r}",
                remedy="End the name in .png, .jpg, .webp, .pdf or .html",
            )
        with saving(path):
            return self._save(path, ending)

    def _save(self, path: Path, ending: str) -> Path:
        """Write the sheet, and give the first of its files.

        Parameters
        ----------
        path:
            The file.
        ending:
            Its ending in small letters.
        """
        if ending == ".html":
            path.write_text(standalone([self._layout], theme=self._theme), encoding="utf-8")
            return path
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
        return self.bundle(self._inline)

    def bundle(self, jpeg: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Data and metadata of the sheet in a notebook: the picture, its text, and prints of the pictures on it.

        Parameters
        ----------
        jpeg:
            The sheet as a JPEG in base64.
        """
        return picture_bundle(self.text, jpeg, self._prints)

    @cached_property
    def _inline(self) -> str:
        return self.inline(INLINE_BYTES)

    @cached_property
    def _prints(self) -> dict[str, Any]:
        prints = prints_of(self._layout)
        return {METADATA: prints} if prints else {}

    def inline(self, budget: int) -> str:
        """The sheet as a JPEG in base64, with the largest cells that fit. A few sizes are drawn to find them.

        Parameters
        ----------
        budget:
            The most characters of the base64 text.
        """
        layout = self._layout
        most = LARGEST_HEAT_SIDE if layout.is_heat else LARGEST_INLINE_SIDE
        largest = _largest_side(layout, 8, most, lambda width, height: width * height <= INLINE_WIDTH * INLINE_WIDTH)
        largest = _largest_side(layout, SMALLEST_INLINE_SIDE, largest, lambda width, _: width <= INLINE_WIDTH)
        number = max(1, sum(cell.picture is not None for cell in layout.cells))
        side = min(largest, max(SMALLEST_INLINE_SIDE, int(math.sqrt(budget / number) * 1.9)))
        fits, best, too_large = 0, b"", largest + 1
        for _ in range(6):
            data = _jpeg(self._drawn(layout, side))
            share = len(data) * 4 / 3 / budget
            if share <= 1:
                fits, best = side, data
            else:
                too_large = side
            # The bytes grow about as the area of a cell. Aim a little below the budget.
            side = max(fits + 1, min(too_large - 1, int(side * (0.96 / share) ** 0.5)))
            if side >= too_large or 0.9 < share <= 1:
                break
        return base64.b64encode(best or _jpeg(self._drawn(layout, SMALLEST_INLINE_SIDE))).decode("ascii")

    def _pages(self, longest: int) -> list[Image.Image]:
        """The drawn pages. How many there are is decided before anything is drawn.

        Parameters
        ----------
        longest:
            The most pixels of a side of a page.
        """

        def allowed(width: int, height: int) -> bool:
            return width * height <= MOST_PIXELS and max(width, height) <= longest

        def fits(layout: Layout) -> bool:
            geometry = geometry_of(layout, READABLE_SIDE)
            return allowed(geometry.width, geometry.height)

        parts = pages(self._layout, fits)
        return [self._drawn(part, _largest_side(part, READABLE_SIDE, CELL_SIDE, allowed)) for part in parts]

    def _drawn(self, layout: Layout, cell_side: int) -> Image.Image:
        geometry = geometry_of(layout, cell_side)
        return draw(geometry, THEMES[self._theme], self._reader, heat=layout.is_heat)


def contact_sheet(
    frame: pd.DataFrame,
    *,
    cols: str | None = None,
    rows: str | None = None,
    by: str | Sequence[str] | None = None,
    image: str | None = None,
    title: str = "",
    captions: str | Sequence[str] = (),
    border: str | None = None,
    heat: str | None = None,
    relative_to: Mapping[str, Any] | None = None,
    theme: ThemeName = "light",
) -> ContactSheet:
    """The contact sheet of a frame.

    Parameters
    ----------
    frame:
        `Runs.df`, or any frame with a column of pictures.
    image:
        The column of pictures. It is found by what it holds if left out.
    cols:
        The column of the frame that becomes the columns of the sheet.
    rows:
        The column of the frame that becomes its rows.
    by:
        The outer axis. Several names give a grid for each combination of their values; ``[]`` means none.
    title:
        Text above the sheet.
    captions:
        Columns whose values are written under each picture.
    border:
        A column of numbers, shown as the colour of a border and in the caption; its mean where rows share a cell.
    heat:
        A column of numbers, shown in place of the pictures; its mean where rows share a cell.
    relative_to:
        Values of axes of the sheet, such as ``{"lora_strength": 0.0}``. Below each picture, the sheet shows its
        difference from the picture that has these values and the same values on the other axes.
    theme:
        ``light`` or ``dark``.

    Raises
    ------
    LayoutError
        Where a column does not exist, or there is nothing to show.
    """
    layout = arrange(
        FrameView.of(frame, image=image),
        cols=cols,
        rows=rows,
        by=by,
        title=title,
        captions=captions,
        border=border,
        heat=heat,
        relative_to=relative_to,
    )
    return ContactSheet(with_missing_files(layout), theme=theme)


def _largest_side(layout: Layout, smallest: int, largest: int, allowed: Callable[[int, int], bool]) -> int:
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
        geometry = geometry_of(layout, side)
        return allowed(geometry.width, geometry.height)

    if largest <= smallest or fits(largest):
        return largest
    while largest - smallest > 1:
        middle = (smallest + largest) // 2
        smallest, largest = (middle, largest) if fits(middle) else (smallest, middle)
    return smallest


def _save(image: Image.Image, path: Path, ending: str) -> None:
    """Write an image to a file.

    Parameters
    ----------
    image:
        The image.
    path:
        The file.
    ending:
        The file's ending in small letters, which decides the format.
    """
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
