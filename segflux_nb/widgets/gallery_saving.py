"""What a gallery shows, as a file: a contact sheet, or a gallery in a page of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..errors import LayoutError
from ..sheets.frame_view import FrameView
from ..sheets.pivot import arrange
from ..sheets.sheet import ContactSheet
from .gallery_marks import MarkBook
from .gallery_page import gallery_page
from .gallery_state import gallery_state, later_columns


def saved_file(
    view: FrameView, rows: Sequence[int], shown: Mapping[str, Any], title: str, form: Any, book: MarkBook
) -> tuple[str, str, bytes]:
    """Rows of a gallery as a file: its name, its mime type and its bytes.

    Parameters
    ----------
    view:
        All rows of the gallery.
    rows:
        The numbers of those to save, in their order.
    shown:
        How the gallery lays them out; see `View`.
    title:
        The title of the gallery.
    form:
        ``sheet`` for a picture (a PDF where one page does not hold them), ``html`` for a page.
    book:
        The marks.

    Raises
    ------
    LayoutError
        If there is nothing to save.
    """
    if not rows:
        raise LayoutError("There is nothing to save: no picture is shown", remedy="Loosen the filters")
    part = view.rows(rows)
    cols, lines, by = (shown.get(name) or None for name in ("cols", "rows", "by"))
    if form == "html":
        state = gallery_state(part, cols=cols, rows=lines, by=by, title=title, given=book.given)
        laid_out = {
            name: shown[name] for name in ("cols", "rows", "by", "size", "fit", "sort", "down") if name in shown
        }
        traits = {**state.traits, "view": laid_out}
        further = later_columns(part, state.traits["table"]["later"])
        page = gallery_page(traits, [*state.pictures, *state.more], title, "light", further)
        return "gallery.html", "text/html", page.encode()
    sheet = ContactSheet(arrange(part, cols=cols, rows=lines, by=by, title=title))
    name, mime = ("sheet.png", "image/png") if len(sheet.pages) == 1 else ("sheet.pdf", "application/pdf")
    with tempfile.TemporaryDirectory() as folder:
        return name, mime, sheet.save(Path(folder, name)).read_bytes()
