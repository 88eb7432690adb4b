"""What widgets with pictures share: thumbnails, pictures on demand, and the static sheet beside them.

The first thumbnails travel with the widget, as one blob, the others when they come in view; pictures at full size are
sent when they are looked at and kept nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import anywidget
import traitlets

from ..notebook import display_bundle, picture_bundle, widget_bundle
from ..sheets.layout import Layout, pages
from ..sheets.sheet import ContactSheet
from .assets import picture_file, thumbnail, thumbnails

FALLBACK_BYTES, FALLBACK_CELLS = 45_000, 100
"""The static sheet beside a widget is no larger in a saved notebook, and has no more cells."""


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
    ahead:
        Thumbnails that travel with the widget; the others follow when they are asked for. None: all of them.
    traits:
        What else it starts with.
    """

    thumbs = traitlets.Bytes().tag(sync=True)
    offsets: Any = traitlets.List().tag(sync=True)
    later: Any = traitlets.List().tag(sync=True)

    def __init__(
        self, pictures: Sequence[Any], layout: Layout, text: str, ahead: int | None = None, **traits: Any
    ) -> None:
        self._pictures = pictures
        # Of thousands, the static sheet shows the beginning.
        self._sheet = ContactSheet(pages(layout, lambda part: len(part.cells) <= FALLBACK_CELLS)[0])
        self._text = text
        thumbs, offsets = thumbnails(self._pictures[:ahead])
        later = [at for at in range(len(offsets) - 1, len(pictures)) if pictures[at] is not None]
        super().__init__(thumbs=thumbs, offsets=offsets, later=later, **traits)
        self.on_msg(self._answer)

    def __repr__(self) -> str:
        return self._text

    def _ipython_display_(self) -> None:
        """The static sheet, which shows wherever no widget lives, and the widget, which hides it while it lives."""
        display_bundle(*picture_bundle(self._sheet.text, self._sheet.inline(FALLBACK_BYTES)))
        display_bundle(widget_bundle(self, self._text))

    def _answer(self, widget: object, message: Mapping[str, Any], buffers: object) -> None:
        """What the front end asks; may come on any thread."""
        if message.get("kind") == "full":
            index = message.get("index")
            found = picture_file(self._picture(index))
            data, mime = ([found[0]], found[1]) if found else ([], "")
            self.send({"kind": "full", "index": index, "mime": mime}, buffers=data)
        elif message.get("kind") == "thumbs":
            at = list(message.get("at", ()))
            self.send({"kind": "thumbs", "at": at}, buffers=[thumbnail(self._picture(index)) for index in at])
        else:
            self._asked(message)

    def _picture(self, index: Any) -> Any:
        return self._pictures[index] if isinstance(index, int) and 0 <= index < len(self._pictures) else None

    def _asked(self, message: Mapping[str, Any]) -> None:
        """What the front end asks but pictures."""
        raise NotImplementedError
