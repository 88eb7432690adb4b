"""The gallery: many runs on a grid that can be pivoted, looked at closely, compared and rated.

It is a widget for notebooks. The same JavaScript shows it in a page that needs no kernel (`gallery_page.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from ..errors import SegfluxError
from ..markup import count
from ..saving import saving
from ..sheets.colours import ThemeName
from ..sheets.frame_view import FrameView
from ..sheets.reading import Reader
from .assets import module, style
from .gallery_page import gallery_page
from .gallery_state import gallery_state, pair_name
from .picture_widget import PictureWidget

AHEAD = 300
"""The number of thumbnails that come with the widget, a few screens; the others are sent when they come in view."""

TRAITS = ("items", "columns", "view", "marks", "note", "differences")
"""What the JavaScript of a gallery knows, in a notebook and in a page."""

OnMark = Callable[..., None]
"""Called with the name of a run and one of ``stars``, ``pick``, ``note``; raises if the mark cannot be kept."""


class Gallery(PictureWidget):
    """Runs on a grid, to be looked at and rated with mouse or keyboard; press ``?`` in it for its keys.

    Marks are kept at once. A saved notebook holds a small static sheet instead of the gallery.

    Parameters
    ----------
    frame:
        The runs, one in each row.
    cols:
        The column of the frame that the columns show at first; it can be changed in the gallery.
    rows:
        The column of the frame that the rows show at first.
    by:
        The outer axis at first.
    image:
        The column of pictures; found by its name or content if left out.
    title:
        The title of the static sheet and of the page of `save`.
    on_mark:
        Keeps a mark; called with the run's name and what was marked. Without it, marks are in `marked` alone.

    Raises
    ------
    LayoutError
        If the frame does not have these columns, or nothing to show.

    Example
    -------
    ::

        gallery = runs.gallery(cols="seed", rows="lora_strength")
        gallery.save("gallery.html")     # a page of its own
    """

    _esm = module("gallery")
    _css = style("gallery")
    items: Any = traitlets.List().tag(sync=True)
    columns: Any = traitlets.List().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    differences = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        cols: str | None = None,
        rows: str | None = None,
        by: str | None = None,
        image: str | None = None,
        title: str = "",
        on_mark: OnMark | None = None,
    ) -> None:
        view = FrameView.of(frame, image=image)
        state = gallery_state(view, cols=cols, rows=rows, by=by, title=title)
        self._index = {name: at for at, name in reversed(list(enumerate(view.row_names)))}
        self._frame = view.frame
        self._title = title
        self._on_mark = on_mark
        self._reader = Reader()
        text = f"Gallery({count(len(frame), 'run')})"
        super().__init__(state.pictures, state.layout, text, ahead=AHEAD, more=state.more, **state.traits)

    def save(self, path: str | Path, *, theme: ThemeName | None = None) -> Path:
        """Write the gallery as one HTML file that needs neither kernel nor network. Marks made there stay in it.

        Parameters
        ----------
        path:
            The file; it is replaced if it exists, and its folder is made if it does not.
        theme:
            ``light`` or ``dark``. Left out, what the reader's system prefers.
        """
        with saving(path) as file:
            file.write_text(self.page(theme=theme), encoding="utf-8")
        return file

    def page(self, *, theme: ThemeName | None = None) -> str:
        """The HTML of `save`."""
        traits = {name: getattr(self, name) for name in TRAITS}
        return gallery_page(traits, self._pictures, self._title, theme)

    def _receive(self, message: Mapping[str, Any]) -> None:
        if message.get("kind") == "mark":
            self._mark(str(message.get("run")), {k: message[k] for k in ("stars", "pick", "note") if k in message})
        elif message.get("kind") == "difference":
            one, other = (*message.get("pair", ()), None, None)[:2]
            self._compare(one, other)

    def _compare(self, one: Any, other: Any) -> None:
        """Send the mean difference of two pictures, unless one of them cannot be read.

        Parameters
        ----------
        one, other:
            The numbers of two items, as the browser sent them.
        """
        difference = self._reader.difference(self._picture(one), self._picture(other))
        if difference is not None:
            self.differences = {**self.differences, pair_name(one, other): round(difference, 4)}

    def _mark(self, run: str, mark: Mapping[str, Any]) -> None:
        if not mark or run not in {item["run"] for item in self.items}:
            return
        try:
            if self._on_mark is not None:
                self._on_mark(run, **mark)
        except SegfluxError as error:
            self.send({"kind": "error", "text": f"The mark was not kept: {error}"})
            return
        self.marks = {**self.marks, run: {**self.marks.get(run, {}), **mark}}

    def _run_of(self, name: str) -> str:
        """What the frame calls a row's run; the row's name where it has none."""
        run = self._frame["run"].iloc[self._index[name]] if "run" in self._frame.columns else None
        return str(run) if isinstance(run, str | int) else name

    @property
    def marked(self) -> pd.DataFrame:
        """The marks as a frame, with a row for each marked picture, under its label in the index of your frame.

        Use it for frames that belong to no workspace: ``frame.join(gallery.marked[["stars", "note"]])``.
        """
        rows = [{"run": self._run_of(name), **mark} for name, mark in self.marks.items()]
        places = [self._index[name] for name in self.marks]
        table = pd.DataFrame(rows, columns=["run", "stars", "pick", "note"], index=self._frame.index[places])
        return table.astype({"run": "string", "stars": "Int64", "pick": "boolean", "note": "string"})
