"""The contact sheet: a static picture of many runs, labelled along their axes."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from ..errors import LayoutError
from ..notebook import picture_bundle
from ..saving import path_of, refuse_originals, saving
from .colours import Theme, ThemeName, theme_in_notebook, theme_of
from .drawing import draw
from .fonts import font_file, written_in
from .frame_view import FrameView
from .geometry import Geometry, geometry_of, largest_side, size_of
from .html import standalone_parts
from .inline import inline_jpeg
from .layout import Layout, pages
from .linked import LinkedView, sheet_layout
from .pivot import arrange
from .prints import METADATA, prints_of
from .reading import Reader, with_aspects, with_missing_files

INLINE_BYTES = 250_000
"""The most bytes of an inline sheet in a saved notebook, where they are written in base64."""

CELL_SIDE = 320
"""Pixels of the longer side of a picture on a saved sheet, where the sheet is not too large."""

READABLE_SIDE = 96
"""The least of these pixels. A sheet that would need smaller pictures is cut into pages."""

MOST_PIXELS = 55_000_000
"""The most pixels of a page of a saved sheet."""

MOST_EMPTY = 0.4
"""With this share of empty cells, runs of several sweeps are no grid together."""

LONGEST: dict[str, int] = {".png": 32_000, ".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383, ".pdf": 16_383}
"""The most pixels of a side that the formats can hold, or that viewers open."""


class ContactSheet:
    """Pictures of runs in a grid, with labels along its axes.

    In a notebook it shows itself as a JPEG with the largest cells that fit 250 kB, and a text of its content.
    Columns, rows and outer axis are the first, second and third axis unless they are named.

    Parameters
    ----------
    layout:
        The sheet as data.
    theme:
        ``light`` or ``dark``. None is light in pictures, what ``SEGFLUX_THEME`` says in a notebook, and what the
        reader's system prefers in HTML.
    font:
        The file of a font, or None; see `segflux_nb.sheets.fonts.font_file`.

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

    def __init__(self, layout: Layout, *, theme: ThemeName | None = None, font: Path | None = None) -> None:
        self._colours = theme_of(theme)
        self._colours_in_notebook = theme_in_notebook(theme)
        self._layout = with_aspects(layout)
        self._theme = theme
        self._font = font
        self._reader = Reader()

    @property
    def text(self) -> str:
        """The sheet as text: axes, values and counts."""
        return self._layout.text

    @property
    def has_gaps(self) -> bool:
        """Whether rows are not shown, or cells are empty on more than one grid, or many cells are."""
        layout = self._layout
        empty = sum(cell.status == "missing" for cell in layout.cells)
        return layout.left_out > 0 or (empty > 0 and (bool(layout.outer) or empty >= MOST_EMPTY * len(layout.cells)))

    def __repr__(self) -> str:
        return self.text

    @cached_property
    def image(self) -> Image.Image:
        """The sheet as a Pillow image; its first page where it has several."""
        return self._draw(self._parts(LONGEST[".webp"])[0])

    @cached_property
    def pages(self) -> list[Image.Image]:
        """The sheet as Pillow images.

        The pictures of a large sheet are made smaller, to keep it below 55 megapixels and 16,383 pixels a side: down
        from 320 pixels to at least 96. A sheet that is still too large is cut into pages, each with its labels.
        """
        return [self.image, *map(self._draw, self._parts(LONGEST[".webp"])[1:])]

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
            with path.open("w", encoding="utf-8") as file:
                file.writelines(standalone_parts([self._layout], theme=self._theme))
            return path
        parts = self._parts(LONGEST[ending])
        many = len(parts) > 1 and ending != ".pdf"
        paths = [path.with_stem(f"{path.stem}-{n}") if many else path for n in range(1, len(parts) + 1)]
        refuse_originals([one.resolve() for one in paths], self._layout.pictures)
        for number, (part, target) in enumerate(zip(parts, paths, strict=True)):
            _save(self._draw(part), target, ending, is_first=number == 0)  # a page is gone before the next is drawn
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
        """The sheet as a JPEG in base64, with the largest cells that fit; see `segflux_nb.sheets.inline`.

        Parameters
        ----------
        budget:
            The most characters of the base64 text.
        """
        with written_in(self._font):
            draw_inline = partial(self._draw, colours=self._colours_in_notebook)
            data = inline_jpeg(self._layout, budget * 3 // 4, draw_inline)
        return base64.b64encode(data).decode("ascii")

    def _parts(self, longest: int) -> list[Geometry]:
        """What is drawn on each page. How many pages there are is decided before anything is drawn.

        Parameters
        ----------
        longest:
            The most pixels of a side of a page.
        """

        def allowed(width: int, height: int) -> bool:
            return width * height <= MOST_PIXELS and max(width, height) <= longest

        with written_in(self._font):
            parts = pages(self._layout, lambda layout: allowed(*size_of(layout, READABLE_SIDE)))
            return [geometry_of(part, largest_side(part, READABLE_SIDE, CELL_SIDE, allowed)) for part in parts]

    def _draw(self, geometry: Geometry, colours: Theme | None = None) -> Image.Image:
        with written_in(self._font):
            return draw(geometry, colours or self._colours, self._reader, heat=self._layout.is_heat)


def sheet_of_sweeps(
    whole: ContactSheet,
    frames: Sequence[tuple[str, pd.DataFrame]],
    *,
    captions: str | Sequence[str] = (),
    theme: ThemeName | None = None,
    font: str | Path | None = None,
) -> ContactSheet:
    """A sheet with a part for each of several sweeps, each with all of its axes.

    Parameters
    ----------
    whole:
        The sheet of all of them in one grid, which is given back where the sweeps are no more than one.
    frames:
        The title and the frame of each sweep.
    captions:
        Columns whose values are written under each picture.
    theme:
        ``light`` or ``dark``, or None.
    font:
        The file of a font.
    """
    if len(frames) < 2:
        return whole
    layouts = []
    for title, frame in frames:
        linked = LinkedView.of(FrameView.of(frame)).view
        by = linked.varying_axes[2:] or None
        layouts.append(with_missing_files(arrange(linked, by=by, title=title, captions=captions)))
    return ContactSheet(Layout.of_sections(layouts), theme=theme, font=font_file(font))


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
    theme: ThemeName | None = None,
    font: str | Path | None = None,
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
        ``light`` or ``dark``. Left out, pictures are light (in notebooks as the environment variable
        ``SEGFLUX_THEME`` says), and HTML is as the reader's system prefers.
    font:
        The file of a font, in which pictures are written.

    Raises
    ------
    LayoutError
        Where a column does not exist, or there is nothing to show.
    """
    file = font_file(font)
    layout = sheet_layout(
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
    return ContactSheet(with_missing_files(layout), theme=theme, font=file)


def _save(image: Image.Image, path: Path, ending: str, *, is_first: bool) -> None:
    """Write an image to a file.

    Parameters
    ----------
    image:
        The image.
    path:
        The file.
    ending:
        The file's ending in small letters, which decides the format.
    is_first:
        Whether it is the first page; the others of a PDF are added to the file.
    """
    if ending == ".png":
        image.save(path, "PNG", optimize=False, compress_level=4)
    elif ending == ".webp":
        image.save(path, "WEBP", quality=90)
    elif ending == ".pdf":
        image.save(path, "PDF", append=not is_first, resolution=150.0, quality=90)
    else:
        image.save(path, "JPEG", quality=92)
