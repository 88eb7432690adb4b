"""The gallery: many runs on a grid that can be pivoted, looked at closely, compared and rated.

A widget for notebooks, and the same module in a page of its own that needs no kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import traitlets

from ..errors import SegfluxError
from ..markup import count
from ..sheets.colours import ThemeName
from ..sheets.frame_view import FrameView
from .assets import module, style
from .gallery_state import gallery_state, page
from .picture_widget import PictureWidget

AHEAD = 300
"""Thumbnails that travel with it, a few screens of them; the others follow as they come in view."""

OnMark = Callable[..., None]
"""Called with a run's name and one of ``stars``, ``pick``, ``note``; raises where it cannot be kept."""


class Gallery(PictureWidget):
    """Runs on a grid, to be looked at and rated with mouse or keyboard; press ``?`` in it for its keys.

    Marks are handed on at once. In a saved notebook a small static sheet stands beside it.

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
        self._title = title
        self._on_mark = on_mark
        text = f"Gallery({count(len(frame), 'run')})"
        super().__init__(state.pictures, state.layout, text, ahead=AHEAD, **state.traits)

    def save(self, path: str | Path, *, theme: ThemeName = "light") -> Path:
        """Write it as one HTML file that needs neither kernel nor network; marks made there stay in that page."""
        path = Path(path)
        path.write_text(self.page(theme=theme), encoding="utf-8")
        return path

    def page(self, *, theme: ThemeName = "light") -> str:
        """The HTML of `save`."""
        traits = {name: getattr(self, name) for name in ("items", "columns", "view", "marks", "note")}
        return page(traits, self._pictures, self._title, theme)

    def _asked(self, message: Mapping[str, Any]) -> None:
        if message.get("kind") == "mark":
            self._mark(str(message.get("run")), {k: message[k] for k in ("stars", "pick", "note") if k in message})

    def _mark(self, run: str, mark: Mapping[str, Any]) -> None:
        if not mark or run not in {item["run"] for item in self.items}:
            return
        try:
            if self._on_mark is not None:
                self._on_mark(run, **mark)
        except SegfluxError as error:
            self.send({"kind": "error", "text": f"Not kept: {error}"})
            return
        self.marks = {**self.marks, run: {**self.marks.get(run, {}), **mark}}

    @property
    def marked(self) -> pd.DataFrame:
        """The marks as a frame, a row for each run that has one; for frames that no workspace keeps."""
        rows = [{"run": run, **mark} for run, mark in self.marks.items()]
        table = pd.DataFrame(rows, columns=["run", "stars", "pick", "note"])
        return table.astype({"run": "string", "stars": "Int64", "pick": "boolean", "note": "string"})
