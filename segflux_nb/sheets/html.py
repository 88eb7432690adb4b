"""Sheets as one HTML file: no server, no kernel, no script; whole labels, alternative texts, full-size pictures."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from ..analysis.differences import difference_text
from ..markup import escape
from .colours import ThemeName, on_scale, readable_on
from .drawing import difference_picture
from .layout import Cell, Layout
from .reading import Reader, file_of

MOST_BYTES = 48_000_000
"""Pictures in one file; beyond it they are embedded smaller."""

SIDES = (1024, 768, 512, 384, 256, 128)
QUALITY = 80

DIFFERENCE_SIDE = 320

Embed = Callable[[Any], str | None]

_STYLE = (Path(__file__).parent / "static" / "page.css").read_text(encoding="utf-8")


@dataclass(frozen=True)
class GalleryPart:
    """An interactive gallery for a page with sheets. Who writes the page makes it; this module only places it.

    Attributes
    ----------
    markup:
        HTML that the gallery needs in the page: the element that it fills, and its data.
    script:
        JavaScript of a module that shows the gallery in place of the element with the id ``static``.
    style:
        Its style sheet.
    """

    markup: str
    script: str
    style: str

    @property
    def script_source(self) -> str:
        """The source expression of a content security policy that permits the script."""
        digest = base64.b64encode(hashlib.sha256(self.script.encode()).digest()).decode("ascii")
        return f"'sha256-{digest}'"


def standalone(
    layouts: Sequence[Layout],
    *,
    theme: ThemeName = "light",
    title: str = "",
    body: str = "",
    gallery: GalleryPart | None = None,
) -> str:
    """A page with these sheets.

    Parameters
    ----------
    layouts:
        The sheets, one after the other.
    theme:
        ``light`` or ``dark``; the reader's own choice of colours wins where the browser tells it.
    title:
        Of the page; the first sheet's if left out.
    body:
        HTML after the sheets, escaped already.
    gallery:
        What is shown in place of the sheets where scripts run.
    """
    title = title or next((layout.title for layout in layouts if layout.title), "") or "Contact sheet"
    embed = _embedding([cell for layout in layouts for cell in layout.cells])
    sheets = "\n".join(_sheet(layout, embed, number) for number, layout in enumerate(layouts))
    permitted, live, its_style = "", "", ""
    if gallery is not None:
        live = f'{gallery.markup}<script type="module">{gallery.script}</script>\n'
        # Its own script, and the module that this one makes of what is in the page.
        permitted, its_style = f"; script-src {gallery.script_source} blob:", gallery.style
    return (
        f'<!doctype html>\n<html lang="en" data-theme="{theme}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; img-src data: blob:; style-src 'unsafe-inline'{permitted}\">\n"
        f"<title>{escape(title)}</title>\n<style>\n{its_style}{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        f'<div id="static">\n{sheets}\n</div>\n{live}{body}\n</main>\n</body>\n</html>\n'
    )


def _sheet(layout: Layout, embed: Embed, number: int) -> str:
    parts = [f'<p class="counts">{escape(layout.heading)}</p>']
    for place, group in enumerate(layout.groups):
        if layout.outer:
            parts.append(f"<h2>{escape(layout.outer)}: {escape(group.label)}</h2>")
        parts.append(_grid(layout, group.cells, embed, f"{number}-{place}"))
    if layout.scale is not None:
        scale = layout.scale
        stops = ", ".join("rgb({},{},{})".format(*on_scale(step / 8)) for step in range(9))
        parts.append(
            f'<p class="scale">{escape(scale.name)} {escape(scale.low)} '
            f'<span style="background:linear-gradient(to right, {stops})"></span> {escape(scale.high)}</p>'
        )
    parts += [f'<p class="note">{escape(line)}</p>' for line in (*layout.held, *layout.footer)]
    return f"<section>\n{chr(10).join(parts)}\n</section>"


def _grid(layout: Layout, grid: Sequence[Sequence[Cell]], embed: Embed, name: str) -> str:
    lines = ['<div class="scroll"><table>']
    if layout.column_labels:
        corner = '<td class="corner"></td>' if layout.row_labels else ""
        span = f'<th class="axis" colspan="{len(grid[0])}" scope="colgroup">{escape(layout.columns)}</th>'
        heads = "".join(f'<th scope="col">{escape(label)}</th>' for label in layout.column_labels)
        lines += [f"<thead><tr>{corner}{span}</tr>"]
        first = f'<td class="corner axis">{escape(layout.rows)}</td>' if layout.row_labels else ""
        lines += [f"<tr>{first}{heads}</tr></thead>"]
    lines.append("<tbody>")
    for down, row in enumerate(grid):
        head = f'<th scope="row">{escape(layout.row_labels[down])}</th>' if layout.row_labels else ""
        cells = "".join(_cell(layout, cell, embed, f"{name}-{down}-{across}") for across, cell in enumerate(row))
        lines.append(f"<tr>{head}{cells}</tr>")
    return "\n".join([*lines, "</tbody></table></div>"])


def _cell(layout: Layout, cell: Cell, embed: Embed, name: str) -> str:
    if not cell.status:
        return "<td></td>"
    words = escape(cell.text)
    under = [f"<figcaption>{escape(cell.caption)}</figcaption>"] if cell.caption else []
    under += [f'<div class="tag">{escape(tag)}</div>' for tag in cell.tags]
    under += [f'<div class="tag">{escape(cell.note)}</div>'] if cell.note else []
    colour = "rgb({},{},{})".format(*on_scale(cell.share)) if cell.share is not None else ""
    if layout.scale is not None and layout.scale.is_heat and cell.share is not None:
        ink = readable_on(on_scale(cell.share))
        return f'<td class="heat" style="background:{colour};color:{ink}" title="{words}">{escape(cell.value)}</td>'
    source = embed(cell.picture)
    if source is None:
        status = "picture file missing" if cell.status == "completed" else cell.status
        reason = f"<span>{escape(cell.reason)}</span>" if cell.reason else ""
        return f'<td class="absent" title="{words}"><b>{escape(status)}</b>{reason}</td>'
    outline = f' style="outline-color:{colour}" class="bordered"' if colour else ""
    image = f'<img src="{source}" alt="{words}" data-run="{escape(cell.run)}">'
    return (
        f'<td><figure{outline}><label title="{words}"><input type="checkbox" aria-label="Show large: {words}">'
        f"{image}</label>{''.join(under)}{_difference(cell)}</figure></td>"
    )


def _embedding(cells: Sequence[Cell]) -> Embed:
    """What gives a picture as a data address: the file itself, or smaller where all together would be too large."""
    total = sum(_weight(cell.picture) for cell in cells if cell.picture is not None)
    number = max(1, sum(cell.picture is not None for cell in cells))
    if total <= MOST_BYTES:
        return partial(_address, side=None)
    # A JPEG of this quality has about a sixth of a byte for each pixel.
    side = next((side for side in SIDES if number * side * side / 6 <= MOST_BYTES), SIDES[-1])
    return partial(_address, side=side)


def _weight(picture: Any) -> int:
    if isinstance(picture, bytes):
        return len(picture)
    if isinstance(picture, Image.Image):
        return picture.width * picture.height // 3
    try:
        return Path(picture).stat().st_size
    except OSError:
        return 0


def _address(picture: Any, *, side: int | None) -> str | None:
    """A picture as a data address; None where it cannot be read."""
    if picture is None:
        return None
    if side is None and not isinstance(picture, Image.Image):
        try:
            data, kind = file_of(picture)
        except OSError:
            return None
        return f"data:image/{kind.lower()};base64,{base64.b64encode(data).decode('ascii')}"
    size = side or (min(SIDES[0], max(picture.size)) if isinstance(picture, Image.Image) else SIDES[0])
    small = Reader().fitted(picture, (size, size))
    return None if small is None else _as_jpeg(small)


def _as_jpeg(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"


def _difference(cell: Cell) -> str:
    """What stands below a picture that is compared with another."""
    size = (DIFFERENCE_SIDE, DIFFERENCE_SIDE)
    reader = Reader()
    picture, reference = reader.fitted(cell.picture, size), reader.fitted(cell.reference, size)
    difference = reader.difference(cell.picture, cell.reference)
    if picture is None or reference is None or difference is None:
        return ""
    words = difference_text(difference)
    shown = _as_jpeg(difference_picture(picture, reference))
    return f'<img src="{shown}" alt="difference {words}"><div class="tag">difference {words}</div>'
