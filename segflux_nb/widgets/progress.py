"""The progress of a running sweep: it counts, estimates the time that is left, and adds up the money.

`Progress` is told each change of a run's status, on any thread. It tells a display at most every tenth of a second::

    update(digest, status)  ->  starts a timer, unless one runs
    timer                   ->  reads the log for the runs that ended, and shows all changes at once
    look()                  ->  each second: shows what the sweep waits for, where that has changed, and the time
    close()                 ->  shows the end; later changes are not shown

Nothing of it stays when the sweep is over. The text of the display is constant: a saved notebook holds no time and no
count.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..clock import Clock
from ..errors import SegfluxError
from ..launching import ELSEWHERE, Display, RunSnapshot, SweepLauncher
from ..markup import count
from ..sweep.request import RUN_DIGITS
from .progress_display import choose_display
from .progress_update import ENDED, ProgressUpdate, Times

if TYPE_CHECKING:
    import pandas as pd

FEW = 3
"""With this many pictures, the pace says more about the rest than the plan does."""

SECONDS_BETWEEN = 0.1
"""The time between two refreshes."""

_SURE = tuple(status for status in ENDED if status != "unknown")
"""Of these, a look at the log is sure: no submit on the wire looks like them."""


@dataclass(frozen=True)
class ProgressSource:
    """What a sweep's progress knows at the start.

    Attributes
    ----------
    states:
        The status of each run, or in whose hands it is (`ELSEWHERE`), by digest.
    frame:
        The frame of all its runs; None where no sheet is shown (see `shows_sheet`).
    launcher:
        Knows the runs that ended.
    planned:
        The cost of the submits in US dollars: the hosted service's, where they are free. None if it is unknown.
    is_free:
        Whether nothing is paid here.
    on_stop:
        Called by a Stop button, on any thread; None for no button.
    display:
        Shows a widget; the output of the notebook's cell if left out.
    waits:
        Says what the sweep waits for and until when; it may come on any thread.
    static:
        What the sweep decides alone, as HTML for saved notebooks.
    whole:
        The cells of the sweep, where only its first ones run; 0 otherwise.
    expected:
        Seconds that the plan expects until the end; None where that is unknown.
    first:
        Seconds that it expects until the first picture; None where that is unknown.
    """

    states: Mapping[str, str]
    frame: pd.DataFrame | None
    launcher: SweepLauncher
    planned: float | None = None
    is_free: bool = False
    on_stop: Callable[[], None] | None = None
    display: Display | None = None
    waits: Callable[[], str] = str
    static: str = ""
    whole: int = 0
    expected: float | None = None
    first: float | None = None


class Progress:
    """Follows the statuses of a sweep's runs and shows them.

    Parameters
    ----------
    source:
        What is known at the start.
    clock:
        Source of the current time; tests replace it.

    Example
    -------
    ``progress.update(digest, "completed")``, on any thread.
    """

    def __init__(self, source: ProgressSource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._states = dict(source.states)
        self._counts = Counter(self._states.values())
        self._completed_before = self._counts["completed"]
        self._spent = 0.0
        self._lock = threading.Lock()
        self._started = clock.monotonic()
        self._changed: dict[str, str] = {}
        # What these cost is counted, or was paid before this call.
        self._counted = {digest for digest, status in source.states.items() if status in ENDED}
        self._timer: threading.Timer | None = None
        self._looking: threading.Timer | None = None
        self._waits = self._reason = ""
        self._is_over = False
        self._display = choose_display(source.frame, len(self._states), source.on_stop, source.display, source.static)
        self._show(
            self._text(), {d: status for d, status in self._states.items() if status in ELSEWHERE.values()}, {}
        )
        self._looking = self._start(self._display.every, self._look_again)

    def update(self, digest: str, status: str) -> None:
        """A run's status has changed. It may be called on any thread.

        Parameters
        ----------
        digest:
            The digest of the run.
        status:
            Its new status.
        """
        with self._lock:
            self._note(digest, status)
            if self._timer is None and not self._is_over:
                self._timer = self._start(SECONDS_BETWEEN, self._refresh)

    def _note(self, digest: str, status: str) -> None:
        self._counts[self._states.get(digest, "planned")] -= 1
        self._counts[status] += 1
        self._states[digest] = status
        self._changed[digest] = status

    def look(self) -> None:
        """Show the time, and what the sweep waits for if that has changed. It may be called on any thread."""
        with self._lock:
            if self._is_over:
                return
            if self._source.waits() != self._waits:
                self._show(self._text(), {}, {})
            self._display.tick(self._update(self._text(), {}, {}))

    def close(self, last: str = "", reason: str = "") -> None:
        """The sweep has ended.

        Parameters
        ----------
        last:
            How it ended, in a word; the time that it took is shown if it is empty.
        reason:
            Why it ended early and how to go on; empty if it did not.
        """
        with self._lock:
            for timer in (self._timer, self._looking):
                if timer is not None:
                    timer.cancel()
            self._is_over, self._reason = True, reason
            # Another notebook may have ended a run that this sweep did not follow to its end.
            open_ = [digest for digest, status in self._states.items() if status not in ENDED]
            for digest, snapshot in self._snapshots(open_).items():
                if snapshot.status in _SURE:
                    self._note(digest, snapshot.status)
        self._refresh(last)
        self._display.close()

    def _look_again(self) -> None:
        self.look()
        with self._lock:
            if not self._is_over:
                self._looking = self._start(self._display.every, self._look_again)

    def _start(self, seconds: float, action: Callable[[], None]) -> threading.Timer:
        """Do something later, on a thread of its own."""
        timer = threading.Timer(seconds, action)
        timer.daemon = True
        timer.start()
        return timer

    def _refresh(self, last: str | None = None) -> None:
        with self._lock:
            if self._is_over and last is None:
                return  # a timer that was on its way when the sweep ended
            self._timer, changed, self._changed = None, self._changed, {}
            ended = self._snapshots([digest for digest, status in changed.items() if status in ENDED])
            self._spent += sum(snapshot.cost for digest, snapshot in ended.items() if digest not in self._counted)
            self._counted.update(ended)
            self._show(self._text(last), changed, ended)

    def _snapshots(self, ended: Collection[str]) -> Mapping[str, RunSnapshot]:
        try:
            return self._source.launcher.snapshots(ended) if ended else {}
        except SegfluxError:  # the log was closed, or its disk is gone: the sweep itself says so
            return {}

    def _show(self, text: str, changed: Mapping[str, str], ended: Mapping[str, RunSnapshot]) -> None:
        """Show the present state.

        Parameters
        ----------
        text:
            The state in words.
        changed:
            The statuses that changed, by digest.
        ended:
            What the log says of the runs that ended, by digest.
        """
        self._waits = self._reason if self._is_over else self._source.waits()
        statuses = {digest[:RUN_DIGITS]: status for digest, status in changed.items()}
        snapshots = {digest[:RUN_DIGITS]: snapshot for digest, snapshot in ended.items()}
        self._display.show(self._update(text, statuses, snapshots))

    def _update(self, text: str, statuses: Mapping[str, str], ended: Mapping[str, RunSnapshot]) -> ProgressUpdate:
        return ProgressUpdate(
            text, dict(self._counts), statuses, ended, self._waits, is_over=self._is_over, times=self._times()
        )

    def _text(self, last: str | None = None) -> str:
        total, counts = len(self._states), self._counts
        of = f", the first of {self._source.whole:,}" if self._source.whole else ""
        parts = [f"{counts['completed']:,} of {count(total, 'picture')}{of}"]
        named = [*ENDED[1:], *ELSEWHERE.values()]
        if last is None:
            named += ["processing", "submitted", "planned"]
        parts += [f"{counts[name]:,} {name}" for name in named if counts[name]]
        if last is None:
            parts += self._pace()
        else:
            parts.append(last or f"{self._elapsed:.1f} s")
        if self._source.planned:
            cost = f"${self._spent:,.2f} of about ${self._source.planned:,.2f}"
            parts.append(f"hosted {cost}" if self._source.is_free else cost)
        return " · ".join(parts)

    @property
    def _elapsed(self) -> float:
        return self._clock.monotonic() - self._started

    @property
    def _left(self) -> int:
        """The number of runs that have not ended."""
        return len(self._states) - sum(self._counts[name] for name in ENDED)

    @property
    def _done(self) -> int:
        """The number of pictures that came since the start."""
        return self._counts["completed"] - self._completed_before

    def _pace(self) -> list[str]:
        """Pictures in a minute; nothing before the third picture."""
        is_known = self._done >= FEW and self._left and self._elapsed > 0
        return [f"{60 * self._done / self._elapsed:,.0f} a minute"] if is_known else []

    def _times(self) -> Times:
        """The time so far, and what is expected: by the pace, and by the plan while there are few pictures."""
        elapsed, expected = self._elapsed, self._source.expected
        if not self._left:
            return Times(elapsed)
        if self._done >= FEW:
            return Times(elapsed, elapsed / self._done * self._left)
        left = max(0.0, expected - elapsed) if expected else None
        return Times(elapsed, left, None if self._done else self._source.first)
