"""What widgets with pictures share: their module, thumbnails, pictures on demand, and the static sheet beside them.

Thumbnails travel once, as one blob; pictures at full size are sent when they are looked at and kept nowhere.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets
from IPython.display import display
from PIL import Image

from ..pictures.decode import FORMATS
from ..pictures.thumbnails import SIDE, thumbnail_of
from .layout import Layout, pages
from .reading import Reader, file_of
from .sheet import ContactSheet

STATIC = Path(__file__).parent / "static"
QUALITY = 78
FALLBACK_BYTES, FALLBACK_CELLS = 45_000, 150
"""The static sheet beside a widget is no larger in a saved notebook, and has no more cells."""


@cache
def module(name: str) -> str:
    """A widget's ES module, behind what all of them share."""
    return "".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in ("common", name))


@cache
def style(name: str) -> str:
    """A widget's style sheet, behind what all of them share."""
    return "".join((STATIC / f"{part}.css").read_text(encoding="utf-8") for part in ("common", name))


def simulated_note(frame: pd.DataFrame) -> str:
    """What widgets say of simulated pictures; empty where there are none."""
    simulated = "service" in frame.columns and (frame["service"] == "simulator").any()
    return "Simulated by segflux_nb's own flow model: these are not pictures by Flux." if simulated else ""


class PictureWidget(anywidget.AnyWidget):
    """A widget that shows pictures.

    In a saved notebook stands a small static sheet; the widget, while it lives, hides it.

    Parameters
    ----------
    pictures:
        Paths, bytes or Pillow images; None where there is none.
    layout:
        Of the static sheet.
    text:
        The widget's own, the same on every execution.
    traits:
        What else it starts with.
    """

    thumbs = traitlets.Bytes().tag(sync=True)
    offsets: Any = traitlets.List().tag(sync=True)

    def __init__(self, pictures: Sequence[Any], layout: Layout, text: str, **traits: Any) -> None:
        # Pictures are read when they are looked at, and the current folder may be another one by then.
        self._pictures = [Path(one).resolve() if isinstance(one, str) else one for one in pictures]
        # Of thousands, the static sheet shows the beginning.
        self._sheet = ContactSheet(pages(layout, lambda part: len(part.cells) <= FALLBACK_CELLS)[0])
        self._text = text
        thumbnails = [_thumbnail(picture) for picture in self._pictures]
        offsets = [0]
        for thumbnail in thumbnails:
            offsets.append(offsets[-1] + len(thumbnail))
        super().__init__(thumbs=b"".join(thumbnails), offsets=offsets, **traits)
        self.on_msg(self._answer)

    def __repr__(self) -> str:
        return self._text

    def _ipython_display_(self) -> None:
        """The static sheet, which shows wherever no widget lives, and the widget, which hides it while it lives."""
        sheet = {"text/plain": self._sheet.text, "image/jpeg": self._sheet.inline(FALLBACK_BYTES)}
        display(sheet, raw=True)  # type: ignore[no-untyped-call]
        bundle: Any = self._repr_mimebundle_()
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        display({**data, "text/plain": self._text}, raw=True)  # type: ignore[no-untyped-call]

    def _answer(self, widget: object, message: Mapping[str, Any], buffers: object) -> None:
        """What the front end asks; may come on any thread."""
        if message.get("kind") != "full":
            self._asked(message)
            return
        index = message.get("index")
        known = isinstance(index, int) and 0 <= index < len(self._pictures)
        found = picture_file(self._pictures[index]) if known and isinstance(index, int) else None
        data, mime = ([found[0]], found[1]) if found else ([], "")
        self.send({"kind": "full", "index": index, "mime": mime}, buffers=data)

    def _asked(self, message: Mapping[str, Any]) -> None:
        """What the front end asks but pictures."""
        raise NotImplementedError


def _thumbnail(picture: Any) -> bytes:
    kept = thumbnail_of(os.fspath(picture)) if isinstance(picture, os.PathLike) else None
    if kept is not None and kept.exists():
        return kept.read_bytes()
    if isinstance(picture, bytes | os.PathLike):
        try:
            data = picture if isinstance(picture, bytes) else Path(picture).read_bytes()
            with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as image:
                if image.format == "JPEG" and max(image.size) <= SIDE:
                    return data
        except OSError:
            return b""
    small = Reader().fitted(picture, (SIDE, SIDE))
    if small is None:
        return b""
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def picture_file(picture: Any) -> tuple[bytes, str] | None:
    """A picture as the bytes of a file, and its kind; None where it cannot be read."""
    if picture is None:
        return None
    try:
        data, kind = file_of(picture)
    except OSError:
        return None
    return data, f"image/{kind.lower()}"
