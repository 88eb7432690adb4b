"""The gallery: many runs on a grid that can be pivoted, filtered, looked at closely, compared, rated and run again.

It is a widget for notebooks. The same JavaScript shows it in a page that needs no kernel (`gallery_page.py`). What
the two sides tell each other is in `gallery_messages.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import SegfluxError
from ..markup import count, plain
from ..saving import saving
from ..sheets.colours import ThemeName
from ..sheets.frame_view import FrameView
from ..sheets.reading import Reader
from ..voting.pairwise import this_rater
from .assets import module, style
from .gallery_marks import MarkKeeper, is_row
from .gallery_messages import TellPrice
from .gallery_page import gallery_page
from .gallery_saving import saved_file
from .gallery_state import GalleryState, gallery_state, later_columns, pair_name
from .gallery_table import Encoder, joined
from .picture_runner import PictureRunner
from .picture_widget import PictureWidget
from .toolkit import traitlets

AHEAD = 300
"""The number of thumbnails that come with the widget, a few screens; the others are sent when they come in view."""

TRAITS = ("table", "codes", "view", "marks", "rater", "note", "differences")
"""What the JavaScript of a gallery knows, in a notebook and in a page."""


@dataclass(frozen=True)
class LogColumns:
    """Columns of runs that their frame does not have.

    Attributes
    ----------
    names:
        Their names.
    frame:
        Gives a frame of them, with a column ``run``.
    """

    names: Sequence[str]
    frame: Callable[[], pd.DataFrame]


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
    rater:
        The name under which marks are kept; the user's on this machine if left out.
    keeper:
        Keeps the marks. Without it, they are in `marked` alone.
    log:
        Further columns of these runs, by which one can search, filter and sort.
    runner:
        Runs pictures again with other parameters. Without it, the gallery has no form for that.

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
    table = traitlets.Dict().tag(sync=True)
    codes = traitlets.Bytes().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    marks = traitlets.Dict().tag(sync=True)
    rater = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    differences = traitlets.Dict().tag(sync=True)
    form: Any = traitlets.List().tag(sync=True)
    can_save = traitlets.Bool(True).tag(sync=True)

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        cols: str | None = None,
        rows: str | None = None,
        by: str | None = None,
        image: str | None = None,
        title: str = "",
        rater: str | None = None,
        keeper: MarkKeeper | None = None,
        log: LogColumns | None = None,
        runner: PictureRunner | None = None,
    ) -> None:
        self._image, self._title, self._keeper, self._log, self._runner = image, title, keeper, log, runner
        self._reader = Reader()
        rater = this_rater() if rater is None else rater
        self._look(frame)
        state = self._state(cols=cols, rows=rows, by=by, rater=rater)
        text = f"Gallery({count(len(frame), 'run')})"
        form = runner.fields if runner is not None else []
        super().__init__(state.pictures, state.layout, text, ahead=AHEAD, more=state.more, form=form, **state.traits)

    def _look(self, frame: pd.DataFrame) -> None:
        """Take a frame."""
        self._frame = frame
        self._view = FrameView.of(frame, image=self._image)

    def _state(self, *, cols: str | None, rows: str | None, by: str | None, rater: str) -> GalleryState:
        """The state of the frame with the marks of all raters.

        Parameters
        ----------
        cols, rows, by:
            The columns by which it is laid out.
        rater:
            Who rates.
        """
        state = gallery_state(
            self._view,
            cols=cols,
            rows=rows,
            by=by,
            title=self._title,
            rater=rater,
            given=None if self._keeper is None else self._keeper.read(),
            log_columns=() if self._log is None else self._log.names,
        )
        self._book = state.book
        return state

    def _further(self) -> Encoder:
        """The columns that did not come with the gallery."""
        view, names = self._view, self.table["later"]
        if self._log is not None and any(name not in view for name in names):
            view = FrameView.of(joined(self._frame, self._log.frame()), image=self._image)
        return later_columns(view, [name for name in names if name in view])

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
        return gallery_page(traits, self._pictures, self._title, theme, self._further())

    # ------------------------------------------------------------------ what the page asks

    def _receive(self, message: Mapping[str, Any]) -> None:
        try:
            self._do(message)
        except SegfluxError as error:
            self.send({"kind": "error", "text": str(error), "id": message.get("id", 0)})

    def _do(self, message: Mapping[str, Any]) -> None:
        """Do what the page asks; see `gallery_messages`."""
        kind = message.get("kind")
        if kind == "mark":
            self._mark(message)
        elif kind == "difference":
            one, other = (*message.get("pair", ()), None, None)[:2]
            self._compare(one, other)
        elif kind == "rater":
            self._rate_as(plain(message.get("name", "")).strip())
        elif kind == "columns":
            encoder = self._further()
            self.send({"kind": "columns", "columns": encoder.columns}, buffers=[encoder.codes])
        elif kind == "price":
            self.send(self._price(message))
        elif kind == "run" and self._runner is not None:
            self.send({"kind": "run", "state": "started", "text": self._runner.run(message.get("offer"), self._ran)})
        elif kind == "save":
            rows = [at for at in message.get("rows", ()) if is_row(at, len(self._view))]
            name, mime, data = saved_file(self._view, rows, self.view, self._title, message.get("form"), self._book)
            self.send({"kind": "file", "name": name, "mime": mime}, buffers=[data])

    def _compare(self, one: Any, other: Any) -> None:
        """Send the mean difference of two pictures, unless one of them cannot be read.

        Parameters
        ----------
        one, other:
            The numbers of two rows, as the browser sent them.
        """
        difference = self._reader.difference(self._picture(one), self._picture(other))
        if difference is not None:
            self.differences = {**self.differences, pair_name(one, other): round(difference, 4)}

    def _mark(self, message: Mapping[str, Any]) -> None:
        """Keep marks, and tell the page. Only what changed is sent: `marks` is changed without being sent again."""
        changes = self._book.checked(message.get("changes"))
        if not changes:
            return
        try:
            if self._keeper is not None:
                self._keeper.change(self.rater, self._book.by_name(changes))
        except SegfluxError as error:
            self.send({"kind": "error", "text": f"The mark was not kept: {error}", "id": message.get("id", 0)})
            return
        for change in changes:
            self._book.put(self.rater, change["at"], change["mark"])
        self.send({"kind": "marked", "id": message.get("id", 0), "rater": self.rater, "changes": changes})

    def _rate_as(self, name: str) -> None:
        """Let somebody else rate. An empty name changes nothing."""
        if name:
            self.rater = name

    def _price(self, message: Mapping[str, Any]) -> TellPrice:
        """The offer for a row's picture with other parameters, or what is wrong with the fields."""
        at, fields = message.get("at"), message.get("fields", {})
        found: TellPrice = {"kind": "price", "id": int(message.get("id", 0)), "text": ""}
        if self._runner is None or not self._runner.fields or not is_row(at, len(self._view)):
            return {**found, "text": "Nothing can be run from here"}
        run = self._view.row_names[int(str(at))]
        try:
            if not fields:
                return {**found, "fields": self._runner.written(run), "text": "Change a parameter to see the price"}
            offer = self._runner.offer(run, {str(name): str(text) for name, text in fields.items()})
        except SegfluxError as error:
            wrong: TellPrice = {**found, "text": str(error)}
            return {**wrong, "field": self._runner.wrong_field} if self._runner.wrong_field else wrong
        return {**found, "text": offer.text, "offer": offer.number, "button": offer.button}

    def _ran(self, frame: pd.DataFrame | None, runs: list[str], text: str) -> None:
        """A run from a picture has ended: show it.

        Parameters
        ----------
        frame:
            The frame of all runs; None if it failed.
        runs:
            The short names of what was run.
        text:
            What became of it.
        """
        if frame is not None:
            self._look(frame)
            names = {name: self.view.get(name) or None for name in ("cols", "rows", "by")}
            state = self._state(**names, rater=self.rater)
            with self.hold_sync():
                self._show(state.pictures, state.more)
                for name, value in {**state.traits, "view": self.view, "differences": {}}.items():
                    setattr(self, name, value)
        rows = [at for at, name in enumerate(self._view.row_names) if name in runs]
        self.send({"kind": "run", "state": "ended", "text": text, "rows": rows})

    # ------------------------------------------------------------------ what was marked

    def _run_of(self, row: int) -> str:
        """What the frame calls a row's run; the row's name where it has none."""
        run = self._frame["run"].iloc[row] if "run" in self._frame.columns else None
        return str(run) if isinstance(run, str | int) else self._view.row_names[row]

    @property
    def marked(self) -> pd.DataFrame:
        """The marks as a frame, with a row for each marked picture, under its label in the index of your frame.

        Where several people rated, it has what was said last. Use it for frames that belong to no workspace:
        ``frame.join(gallery.marked[["stars", "note"]])``.
        """
        marks = self._book.latest()
        rows = [{"run": self._run_of(row), **mark} for row, mark in marks.items()]
        table = pd.DataFrame(rows, columns=["run", "stars", "pick", "note"], index=self._frame.index[list(marks)])
        return table.astype({"run": "string", "stars": "Int64", "pick": "boolean", "note": "string"})
