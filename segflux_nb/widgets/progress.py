"""How a running sweep shows: one line in a terminal, a widget in a notebook; nothing that stays when it is over.

The widget's text is constant, so that a saved notebook holds no time and no count.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ..errors import SegfluxError
from ..launching import Display, RunSnapshot, SweepLauncher
from ..markup import count
from ..notebook import in_kernel
from ..sweep.request import RUN_DIGITS

if TYPE_CHECKING:
    import pandas as pd

SECONDS_BETWEEN = 0.1
"""Between two refreshes."""

MOST_CELLS = 600
"""A larger sweep shows its latest pictures instead of the whole sheet."""

_DONE = ("completed", "failed", "refused", "lost", "unknown")


class _Face(Protocol):
    """Where progress shows."""

    def show(
        self, text: str, counts: Mapping[str, int], statuses: Mapping[str, str], ended: Mapping[str, RunSnapshot]
    ) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class ProgressSource:
    """What a sweep's progress is told at the start.

    Attributes
    ----------
    states:
        Each run's status, by digest.
    frame:
        The frame of all its runs; None where no sheet is shown (see `shows_sheet`).
    launcher:
        Knows the runs that ended.
    planned:
        What the submits will cost in US dollars, on the hosted service where they are free; None where nobody knows.
    is_free:
        Whether nothing is paid here.
    on_stop:
        What a Stop button does; None for none. It may be called on any thread.
    display:
        Shows a widget; the output of the notebook's cell if left out.
    """

    states: Mapping[str, str]
    frame: pd.DataFrame | None
    launcher: SweepLauncher
    planned: float | None = None
    is_free: bool = False
    on_stop: Callable[[], None] | None = None
    display: Display | None = None


class Progress:
    """Follows the states of a sweep's runs and shows them.

    Example
    -------
    ``progress.update(digest, "completed")``, from any thread; what changes within a tenth of a second shows at once.
    """

    def __init__(self, watched: ProgressSource) -> None:
        self._watched = watched
        self._states = dict(watched.states)
        self._counts = Counter(self._states.values())
        self._already = self._counts["completed"]
        self._spent = 0.0
        self._lock = threading.Lock()
        self._started = time.monotonic()
        self._fresh: dict[str, str] = {}
        self._timer: threading.Timer | None = None
        self._is_over = False
        self._face = _choose_face(watched)
        self._show(self._text(), {})

    def update(self, digest: str, status: str) -> None:
        """A run's status changed; may be called from any thread."""
        with self._lock:
            self._counts[self._states.get(digest, "planned")] -= 1
            self._counts[status] += 1
            self._states[digest] = status
            self._fresh[digest] = status
            if self._timer is None and not self._is_over:
                self._timer = threading.Timer(SECONDS_BETWEEN, self._refresh)
                self._timer.daemon = True
                self._timer.start()

    def close(self, last: str = "") -> None:
        """It is over; `last` says how, where that is worth a word."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._is_over = True
        self._refresh(last)
        self._face.close()

    def _refresh(self, last: str | None = None) -> None:
        with self._lock:
            if self._is_over and last is None:
                return  # the last word has been said
            self._timer, fresh, self._fresh = None, self._fresh, {}
            ended = self._look({digest: status for digest, status in fresh.items() if status in _DONE})
            self._spent += sum(seen.cost for seen in ended.values())
            self._show(self._text(last), ended, fresh)

    def _look(self, ended: Collection[str]) -> Mapping[str, RunSnapshot]:
        try:
            return self._watched.launcher.snapshots(ended) if ended else {}
        except SegfluxError:  # the log was closed meanwhile, or its disk is gone: the sweep itself says so
            return {}

    def _show(self, text: str, ended: Mapping[str, RunSnapshot], fresh: Mapping[str, str] | None = None) -> None:
        statuses = {digest[:RUN_DIGITS]: status for digest, status in (fresh or {}).items()}
        self._face.show(text, self._counts, statuses, {digest[:RUN_DIGITS]: seen for digest, seen in ended.items()})

    def _text(self, last: str | None = None) -> str:
        total, counts = len(self._states), self._counts
        parts = [f"{counts['completed']:,} of {count(total, 'picture')}"]
        parts += [f"{counts[name]:,} {name}" for name in ("failed", "refused", "lost", "unknown") if counts[name]]
        if last is None:
            parts += [f"{counts[name]:,} {name}" for name in ("processing", "submitted", "planned") if counts[name]]
            parts += self._pace()
        elif last:
            parts.append(last)
        else:
            parts.append(f"{time.monotonic() - self._started:.1f} s")
        if self._watched.planned:
            cost = f"${self._spent:.2f} of about ${self._watched.planned:.2f}"
            parts.append(f"hosted {cost}" if self._watched.is_free else cost)
        return " · ".join(parts)

    def _pace(self) -> list[str]:
        """Pictures a minute, and how long it will go on."""
        done = self._counts["completed"] - self._already
        left = len(self._states) - sum(self._counts[name] for name in _DONE)
        elapsed = time.monotonic() - self._started
        if done < 3 or not left:
            return []
        seconds = elapsed / done * left
        remaining = f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"
        return [f"{60 * done / elapsed:.0f} a minute", remaining]


def shows_sheet(cells: int) -> bool:
    """Whether the progress of this many runs shows their sheet. If not, it needs no frame."""
    return in_kernel() and cells <= MOST_CELLS


def _choose_face(watched: ProgressSource) -> _Face:
    if in_kernel():
        return _View(watched)
    return _Line() if sys.stderr.isatty() else _Silent()


class _Silent:
    def show(
        self, text: str, counts: Mapping[str, int], statuses: Mapping[str, str], ended: Mapping[str, RunSnapshot]
    ) -> None:
        """A log file wants no progress."""

    def close(self) -> None:
        """Nor an end of it."""


class _Line:
    """One line of a terminal, written over itself."""

    def show(
        self, text: str, counts: Mapping[str, int], statuses: Mapping[str, str], ended: Mapping[str, RunSnapshot]
    ) -> None:
        sys.stderr.write(f"\r\x1b[2K{text}")
        sys.stderr.flush()

    def close(self) -> None:
        sys.stderr.write("\n")


class _View:
    """A widget, whose text in a saved notebook is constant."""

    def __init__(self, watched: ProgressSource) -> None:
        from .live_view import LiveView

        self._widget = LiveView(watched.frame, len(watched.states), watched.on_stop)
        if watched.display is not None:
            watched.display(self._widget)
            return
        from IPython.display import display

        display(self._widget)  # type: ignore[no-untyped-call]  # IPython has no types

    def show(
        self, text: str, counts: Mapping[str, int], statuses: Mapping[str, str], ended: Mapping[str, RunSnapshot]
    ) -> None:
        self._widget.show(text, counts, statuses, ended)

    def close(self) -> None:
        self._widget.close_view()
