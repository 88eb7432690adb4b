"""Sheets as one HTML document: without a server or a kernel, with whole labels, alternative texts, large pictures.

A sheet alone has no script. Where a gallery is handed in, its script is the only one that the document permits.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from ..analysis.differences import difference_text
from ..errors import PictureError
from ..markup import Template
from ..pictures.mounted import fetch_ahead, file_size
from ..pictures.thumbnails import SIDE
from .colours import ThemeName, on_scale, readable_on
from .drawing import difference_picture
from .layout import Cell, Layout
from .reading import Reader, absence_of, shown_file

if TYPE_CHECKING:
    from markupsafe import Markup

MOST_BYTES = 48_000_000
"""Bytes of all pictures in one document; pictures are embedded smaller where they would have more."""

SIDES = (1024, 768, 512, 384, 256, 128)
QUALITY = 80

DIFFERENCE_SIDE = 320

_STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class GalleryPart:
    """An interactive gallery for a document with sheets: who writes the document makes it and hands it in.

    Attributes
    ----------
    markup:
        HTML that the gallery needs in the document: the element that it fills, and its data.
    script:
        JavaScript of a module that shows the gallery in place of the element with the id ``static``.
    style:
        Its style sheet.
    """

    markup: Markup
    script: str
    style: str

    @property
    def script_source(self) -> str:
        """The source expression of a content security policy that permits the script."""
        digest = base64.b64encode(hashlib.sha256(self.script.encode()).digest()).decode("ascii")
        return f"'sha256-{digest}'"


@dataclass(frozen=True)
class _Shown:
    """A cell as the template shows it.

    Attributes
    ----------
    cell:
        The cell.
    source:
        Its picture as a data address; empty where it is not there or cannot be read.
    outline:
        The colour of its border, or empty.
    background:
        The colour of a cell of a heat map, or empty.
    ink:
        The colour of the text on it, or empty.
    difference:
        The picture of its difference from the reference as a data address, or empty.
    difference_text:
        The mean of the difference, or empty.
    absence:
        Where it has no picture: what it says instead, in a word or two.
    reason:
        Where it has no picture: why.
    more:
        The further pictures of its output as data addresses; empty texts for those that cannot be shown.
    """

    cell: Cell
    source: str = ""
    outline: str = ""
    background: str = ""
    ink: str = ""
    difference: str = ""
    difference_text: str = ""
    absence: str = ""
    reason: str = ""
    more: tuple[str, ...] = ()


def standalone(layouts: Sequence[Layout], **options: Any) -> str:
    """A document with sheets as one text; see `standalone_parts`."""
    return "".join(standalone_parts(layouts, **options))


def standalone_parts(
    layouts: Sequence[Layout],
    *,
    theme: ThemeName | None = None,
    title: str = "",
    body: Markup | str = "",
    gallery: GalleryPart | None = None,
) -> Iterator[str]:
    """A document with sheets, in parts: a picture is read when its part is asked for, and kept no longer.

    Parameters
    ----------
    layouts:
        The sheets, one after the other.
    theme:
        ``light`` or ``dark``; None for what the reader's system prefers.
    title:
        The document's title; the first sheet's if left out.
    body:
        HTML after the sheets. Plain text is escaped.
    gallery:
        A gallery that is shown in place of the sheets where scripts run, or None.
    """
    title = title or next((layout.title for layout in layouts if layout.title), "") or "Contact sheet"
    pictures = _Pictures([cell for layout in layouts for cell in layout.cells])
    return _template().parts(
        theme=theme,
        title=title,
        style=_inside("style", (gallery.style if gallery else "") + _style()),
        sheets=[
            {**_sheet(one, pictures), "title": one.title if layout.sections else ""}
            for layout in layouts
            for one in layout.sections or (layout,)
        ],
        scale_stops=", ".join(_css(on_scale(step / 8)) for step in range(9)),
        gallery=gallery,
        script=_inside("script", gallery.script) if gallery else "",
        body=body,
    )


@cache
def _template() -> Template:
    return Template((_STATIC / "document.html").read_text(encoding="utf-8"))


@cache
def _style() -> str:
    return (_STATIC / "document.css").read_text(encoding="utf-8")


def _inside(element: str, text: str) -> Markup:
    """Our own script or style sheet, which is not escaped in its element.

    Parameters
    ----------
    element:
        ``script`` or ``style``.
    text:
        Its content.

    Raises
    ------
    ValueError
        Where the text would end the element.
    """
    from markupsafe import Markup

    if f"</{element}" in text.lower():
        raise ValueError(f"The {element} element would end inside its own text")
    return Markup(text)  # noqa: S704 - our own file, which does not end its element


def _sheet(layout: Layout, pictures: _Pictures) -> dict[str, Any]:
    """A layout as the template shows it."""
    groups = [{"label": group.label, "rows": _rows(layout, group.cells, pictures)} for group in layout.groups]
    return {"layout": layout, "groups": groups}


def _rows(layout: Layout, rows: Sequence[Sequence[Cell]], pictures: _Pictures) -> Iterator[Iterator[list[_Shown]]]:
    """The rows of a grid as the template shows them, each place when it is asked for.

    Parameters
    ----------
    layout:
        The sheet.
    rows:
        The first cells of the places of each row.
    pictures:
        Embeds the pictures.
    """
    for row in rows:
        yield (_place(layout, cell, pictures) for cell in row)


def _place(layout: Layout, cell: Cell, pictures: _Pictures) -> list[_Shown]:
    """The pictures of a place as the template shows them; a place of a heat map has its value alone.

    Parameters
    ----------
    layout:
        The sheet.
    cell:
        The first cell of the place.
    pictures:
        Embeds the pictures.
    """
    first = _shown(layout, cell, pictures)
    return [first] if first.background else [first, *(_shown(layout, one, pictures) for one in cell.others)]


def _shown(layout: Layout, cell: Cell, pictures: _Pictures) -> _Shown:
    """A cell as the template shows it.

    Parameters
    ----------
    layout:
        The sheet of the cell.
    cell:
        The cell.
    pictures:
        Embeds its picture.
    """
    colour = on_scale(cell.share) if cell.share is not None else None
    if layout.is_heat and colour is not None:
        return _Shown(cell, background=_css(colour), ink=readable_on(colour))
    source, why = pictures.address(cell.picture)
    more = tuple(pictures.address(one)[0] for one in cell.more)
    if not source:
        what, why = absence_of(cell, why)
        return _Shown(cell, absence=what, reason=why, more=more)
    outline = _css(colour) if colour else ""
    difference, text = pictures.difference(cell)
    return _Shown(cell, source, outline=outline, difference=difference, difference_text=text, more=more)


def _css(colour: tuple[int, int, int]) -> str:
    return "rgb({},{},{})".format(*colour)


class _Pictures:
    """Embeds the pictures of a document: the files themselves, or smaller copies where all would be too large.

    Parameters
    ----------
    cells:
        All cells of the document.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        pictures = [one for cell in cells for one in (cell.picture, *cell.more) if one is not None]
        self._reader = Reader()
        self._side = None
        if sum(map(_bytes_of, pictures)) > MOST_BYTES:
            # A JPEG of this quality has about a sixth of a byte for each pixel.
            fitting = (side for side in SIDES if len(pictures) * side * side / 6 <= MOST_BYTES)
            self._side = next(fitting, SIDES[-1])
        fetch_ahead(pictures, small=self._side is not None and self._side <= SIDE)

    def address(self, picture: Any) -> tuple[str, str]:
        """A picture as a data address, or empty; and then why it cannot be shown, where it has one."""
        if picture is None:
            return "", ""
        if self._side is None and not isinstance(picture, Image.Image):
            try:
                data, mime = shown_file(picture)
            except PictureError as error:
                return "", error.what
            return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}", ""
        side = self._side or min(SIDES[0], max(picture.size))
        reader = Reader()
        small = reader.fitted(picture, (side, side))
        return ("", reader.reason(picture)) if small is None else (_as_jpeg(small), "")

    def difference(self, cell: Cell) -> tuple[str, str]:
        """The difference of a cell from its reference, as a data address, and its mean as text; empty for none."""
        if cell.picture is None or cell.reference is None:
            return "", ""
        size = (DIFFERENCE_SIDE, DIFFERENCE_SIDE)
        picture, reference = (self._reader.fitted(one, size) for one in (cell.picture, cell.reference))
        difference = self._reader.difference(cell.picture, cell.reference)
        if picture is None or reference is None or difference is None:
            return "", ""
        return _as_jpeg(difference_picture(picture, reference)), difference_text(difference)


def _bytes_of(picture: Any) -> int:
    """About how many bytes the file of a picture has."""
    if isinstance(picture, bytes):
        return len(picture)
    if isinstance(picture, Image.Image):
        return picture.width * picture.height // 3
    return file_size(picture)


def _as_jpeg(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
