"""The base of widgets with pictures: thumbnails, pictures at full size on demand, and a static sheet.

The first thumbnails come with the widget, as one blob; the others are sent when they come in view. Pictures at full
size are sent when somebody looks at them. A saved notebook holds none of them: it holds the static sheet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..notebook import display_bundle, widget_bundle
from ..sheets.layout import Layout, pages
from ..sheets.sheet import ContactSheet
from .assets import picture_file, thumbnail, thumbnails
from .toolkit import anywidget, traitlets

FALLBACK_BYTES = 45_000
"""The most bytes of the static sheet in a saved notebook."""

FALLBACK_CELLS = 100
"""The most cells of the static sheet."""


class PictureWidget(anywidget.AnyWidget):
    """A widget that shows pictures.

    A saved notebook holds a small static sheet above the widget. A live widget hides that sheet.

    Parameters
    ----------
    pictures:
        Paths, bytes or Pillow images; None for a run without a picture.
    layout:
        The layout of the static sheet.
    text:
        The text of the widget in a saved notebook, the same on every execution.
    ahead:
        The number of thumbnails that come with the widget; the others are sent on demand. None for all.
    more:
        Pictures that have no place of their own, and are numbered after the others: they are sent when asked for.
    traits:
        The first values of the widget's other traits.
    """

    thumbs = traitlets.Bytes().tag(sync=True)
    offsets: Any = traitlets.List().tag(sync=True)
    later: Any = traitlets.List().tag(sync=True)
    unreadable = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        pictures: Sequence[Any],
        layout: Layout,
        text: str,
        ahead: int | None = None,
        more: Sequence[Any] = (),
        **traits: Any,
    ) -> None:
        # Of thousands of runs, the static sheet shows the first ones.
        self._sheet = ContactSheet(pages(layout, lambda part: len(part.cells) <= FALLBACK_CELLS)[0])
        self._text = text
        self._ahead = ahead
        super().__init__(**self._numbered(pictures, more), **traits)
        self.on_msg(self._answer)

    def _numbered(self, pictures: Sequence[Any], more: Sequence[Any]) -> dict[str, Any]:
        """Take these pictures, and give what the page knows of them.

        Parameters
        ----------
        pictures, more:
            As in the constructor.
        """
        self._pictures = [*pictures, *more]
        thumbs, offsets, unreadable = thumbnails(pictures[: self._ahead])
        return {
            "thumbs": thumbs,
            "offsets": offsets,
            "later": _ranges(self._pictures, len(offsets) - 1),
            "unreadable": unreadable,
        }

    def _show(self, pictures: Sequence[Any], more: Sequence[Any]) -> None:
        """Show other pictures.

        Parameters
        ----------
        pictures, more:
            As in the constructor.
        """
        for name, value in self._numbered(pictures, more).items():
            setattr(self, name, value)

    def __repr__(self) -> str:
        return self._text

    def _ipython_display_(self) -> None:
        """Show the static sheet, and the widget, which hides the sheet as long as it is live."""
        display_bundle(*self._sheet.bundle(self._sheet.inline(FALLBACK_BYTES)))
        display_bundle(widget_bundle(self, self._text))

    def _answer(self, widget: object, message: Mapping[str, Any], buffers: object) -> None:
        """Answer a message of the browser. It may come on any thread.

        Parameters
        ----------
        widget:
            This widget.
        message:
            What is asked.
        buffers:
            Bytes that came with it; there are none.
        """
        if message.get("kind") == "full":
            index = message.get("index")
            data, mime, why = picture_file(self._picture(index))
            answer = {"kind": "full", "index": index, "mime": mime}
            self.send({**answer, "why": why} if why else answer, buffers=[data] if data else [])
        elif message.get("kind") == "thumbs":
            at = list(message.get("at", ()))
            found = [thumbnail(self._picture(index)) for index in at]
            reasons = {str(index): why for index, (_, why) in zip(at, found, strict=True) if why}
            answer = {"kind": "thumbs", "at": at}
            self.send({**answer, "why": reasons} if reasons else answer, buffers=[data for data, _ in found])
        else:
            self._receive(message)

    def _picture(self, index: Any) -> Any:
        return self._pictures[index] if isinstance(index, int) and 0 <= index < len(self._pictures) else None

    def _receive(self, message: Mapping[str, Any]) -> None:
        """Handle a message that asks for no picture."""
        raise NotImplementedError


def _ranges(pictures: Sequence[Any], start: int) -> list[list[int]]:
    """The numbers of the pictures that are there, from a number on, as ranges without their ends.

    Parameters
    ----------
    pictures:
        The pictures; None for one that is not there.
    start:
        The first number.
    """
    found: list[list[int]] = []
    for at in range(start, len(pictures)):
        if pictures[at] is None:
            continue
        if found and found[-1][1] == at:
            found[-1][1] = at + 1
        else:
            found.append([at, at + 1])
    return found
