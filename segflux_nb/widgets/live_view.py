"""A running sweep as a widget: a bar, words, the time, errors, a Stop button, a sheet that fills up, a legend.

Traits hold the present state, and a new view of the widget starts from them. Thumbnails that arrive later are not in
the traits: each is sent once. A view that was opened meanwhile asks for those that it missed. While a cell runs,
the kernel receives nothing, so the view gets them when the cell has ended.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from itertools import accumulate
from typing import Any

import pandas as pd

from ..markup import count, more_text, plain
from ..pictures.mounted import fetch_ahead, kept_thumbnail_of, read_file
from ..sheets.frame_view import FrameView
from .assets import module, style
from .overview import overview
from .progress_update import ENDED, ProgressUpdate, Times
from .toolkit import anywidget, traitlets

MOST_ERRORS = 5
"""The number of reasons that are shown; others are counted together."""

SECONDS_BETWEEN_WORDS = 5.0
"""The view is told the time after this many seconds again. It counts between, and misses who does not tell it."""

_ID = re.compile(
    r"\b(?=[0-9a-f-]*\d)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", re.I
)
_PORT = re.compile(r"(https?://(?:127\.0\.0\.1|localhost|\[::1\])):\d+")


class LiveView(anywidget.AnyWidget):
    """Shows a sweep while it runs.

    Parameters
    ----------
    frame:
        The runs, as `Runs.df`; None for a sweep that is too large for a sheet.
    total:
        The number of runs.
    on_stop:
        Called by the Stop button, on any thread; None for no button.
    """

    _esm = module("live")
    _css = style("live")
    total = traitlets.Int().tag(sync=True)
    counts = traitlets.Dict().tag(sync=True)
    line = traitlets.Unicode().tag(sync=True)
    errors: Any = traitlets.List().tag(sync=True)
    can_stop = traitlets.Bool().tag(sync=True)
    over = traitlets.Bool().tag(sync=True)
    times = traitlets.Dict().tag(sync=True)
    grid = traitlets.Dict().tag(sync=True)
    statuses: Any = traitlets.List().tag(sync=True)
    thumbs = traitlets.Bytes().tag(sync=True)
    offsets: Any = traitlets.List().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    waits = traitlets.Unicode().tag(sync=True)
    more = traitlets.Dict().tag(sync=True)

    def __init__(self, frame: pd.DataFrame | None, total: int, on_stop: Callable[[], None] | None) -> None:
        self._lock = threading.Lock()
        super().__init__(**self._begun(frame, total, on_stop))
        self.on_msg(self._answer)

    def renew(self, frame: pd.DataFrame | None, total: int, on_stop: Callable[[], None] | None) -> None:
        """Show another sweep, from its start. Marimo makes no new widget while no cell runs.

        Parameters
        ----------
        frame, total, on_stop:
            As for the view itself.
        """
        with self.hold_sync():
            for name, value in self._begun(frame, total, on_stop).items():
                setattr(self, name, value)

    def _begun(self, frame: pd.DataFrame | None, total: int, on_stop: Callable[[], None] | None) -> dict[str, Any]:
        """The traits at the start of a sweep.

        Parameters
        ----------
        frame, total, on_stop:
            As for the view itself.
        """
        self._on_stop = on_stop
        self._text = f"Progress({count(total, 'run')})"
        self._pictures: dict[int, str] = {}
        self._places: dict[str, int] = {}
        self._arrived: dict[str, int] = {}
        self._reasons: dict[str, str] = {}
        grid: dict[str, Any] = {}
        statuses: list[str] = []
        note = ""
        more: dict[str, str] = {}
        if frame is not None and len(frame):
            self._places = {str(run): at for at, run in enumerate(frame["run"])}
            view = FrameView.of(frame, image="image")
            grid = overview(view)
            statuses = [str(status) for status in frame["status"]]
            note = view.simulated_note
            texts = [more_text(len(further), further.count(None)) for further in view.more]
            more = {str(at): text for at, text in enumerate(texts) if text}
            # The pictures of earlier calls are shown at once.
            self._pictures = {at: str(path) for at, path in enumerate(frame["image"]) if not pd.isna(path)}
        fetch_ahead(self._pictures.values(), small=True)
        thumbnails = [
            (_bytes_of(self._pictures[at]) or b"") if at in self._pictures else b"" for at in range(len(statuses))
        ]
        offsets = [0, *accumulate(len(thumbnail) for thumbnail in thumbnails)]
        begun = {"line": "", "counts": {}, "waits": "", "errors": [], "times": {}, "over": False}
        return begun | {
            "total": total,
            "can_stop": on_stop is not None,
            "grid": grid,
            "statuses": statuses,
            "note": note,
            "more": more,
            "thumbs": b"".join(thumbnails),
            "offsets": offsets,
        }

    def __repr__(self) -> str:
        return self._text

    def show(self, update: ProgressUpdate) -> None:
        """Show the present state. It may be called on any thread."""
        arrived, more = [], dict(self.more)
        with self._lock:
            for run, snapshot in update.ended.items():
                if snapshot.picture is not None:
                    # Without a sheet there are no places: the pictures are numbered as they arrive.
                    next_place = self._arrived.get(run, len(self._pictures))
                    place = self._arrived[run] = self._places.get(run, next_place)
                    if place not in self._pictures:
                        arrived.append(place)
                    self._pictures[place] = snapshot.picture
                    if snapshot.more:
                        more[str(place)] = snapshot.more
                self._reasons[run] = plain(snapshot.error)
            for run, status in update.statuses.items():
                if status not in ENDED:  # it goes on: what was wrong is mended
                    self._reasons.pop(run, None)
        statuses = list(self.statuses)
        for run, status in update.statuses.items():
            if run in self._places:
                statuses[self._places[run]] = status
        with self.hold_sync():
            self.line, self.counts, self.statuses = update.line, dict(update.counts), statuses
            self.waits, self.more = update.waits, more
            self.times = _in_seconds(update.times)
            self.errors = _counted(filter(None, self._reasons.values()))
        self._send_tiles(arrived)

    def tell_time(self, times: Times) -> None:
        """Tell the view how long the sweep runs, now and then. It may be called on any thread."""
        if times.elapsed - self.times.get("elapsed", 0.0) >= SECONDS_BETWEEN_WORDS:
            self.times = _in_seconds(times)

    def close_view(self) -> None:
        """The sweep has ended: the Stop button goes."""
        self.over = True

    def _answer(self, widget: object, message: Mapping[str, Any], buffers: object) -> None:
        if message.get("kind") == "stop" and self._on_stop is not None:
            self._on_stop()
        elif message.get("kind") == "missing":
            self._send_tiles([place for place in message.get("at", ()) if isinstance(place, int)])

    def _send_tiles(self, places: Collection[int]) -> None:
        found = [(place, _bytes_of(self._pictures[place])) for place in places if place in self._pictures]
        there = [(place, data) for place, data in found if data is not None]
        if there:
            at = [place for place, _ in there]
            self.send({"kind": "tiles", "at": at}, buffers=[data for _, data in there])


def _in_seconds(times: Times) -> dict[str, float | None]:
    return {"elapsed": times.elapsed, "left": times.left, "first": times.first}


def _counted(reasons: Iterable[str]) -> list[dict[str, Any]]:
    """How often each reason is given, without its ids: the most frequent `MOST_ERRORS`, and all others together."""
    counts = Counter(map(without_ids, reasons))
    shown = dict(counts.most_common(MOST_ERRORS))
    if len(counts) > MOST_ERRORS:
        shown["other reasons"] = counts.total() - sum(shown.values())
    return [{"reason": reason, "count": number} for reason, number in shown.items()]


def without_ids(reason: str) -> str:
    """A reason without what is another one each time: ids, and the ports of this machine.

    >>> without_ids("expired: Request af13b2c4d5e6f708 is gone"), without_ids("http://127.0.0.1:46035 is lost")
    ('expired: Request … is gone', 'http://127.0.0.1 is lost')
    """
    return _PORT.sub(r"\1", _ID.sub("…", reason))


def _bytes_of(picture: str) -> bytes | None:
    """The thumbnail of a picture, or the picture itself if it has none. None if neither file exists."""
    small = kept_thumbnail_of(picture)
    for path in (small, picture):
        with suppress(OSError):
            if path is not None:
                return read_file(path)
    return None
