"""Where the progress of a sweep shows: a widget in a notebook, one line in a terminal, a line a minute in a file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from ..console import is_terminal, write
from ..launching import Display
from ..notebook import display_bundle, in_kernel, in_marimo, show_in_marimo, widget_bundle
from .progress_update import ProgressUpdate

if TYPE_CHECKING:
    import pandas as pd

MOST_CELLS = 600
"""A larger sweep shows its latest pictures instead of the whole sheet."""


class ProgressDisplay(Protocol):
    """Shows the progress of a sweep.

    Attributes
    ----------
    every:
        Seconds between two calls of `tick`.
    """

    every: float

    def tick(self, update: ProgressUpdate) -> None:
        """Show how long it runs: nothing else need have changed."""

    def show(self, update: ProgressUpdate) -> None:
        """Show the present state."""

    def close(self) -> None:
        """The sweep has ended; `show` is not called any more."""


def shows_sheet(cells: int) -> bool:
    """Whether the progress of this many runs shows their sheet. If not, it needs no frame."""
    return (in_kernel() or in_marimo()) and cells <= MOST_CELLS


def choose_display(
    frame: pd.DataFrame | None,
    total: int,
    on_stop: Callable[[], None] | None,
    display: Display | None,
    static: str = "",
) -> ProgressDisplay:
    """The display that fits the place where this program runs.

    Parameters
    ----------
    frame:
        The frame of all runs; None to show no sheet.
    total:
        The number of runs.
    on_stop:
        Called by the Stop button of a widget; None for no button.
    display:
        Shows the widget; None for the output of the current cell.
    static:
        What a saved notebook shows where there are no widgets, as HTML.
    """
    if in_kernel() or in_marimo() or display is not None:
        return NotebookDisplay(frame, total, on_stop, display, static)
    return TerminalDisplay() if is_terminal(sys.stderr) else LogDisplay()


class LogDisplay:
    """A line a minute, as in a log file. A sweep that takes less has none: its end is printed anyway."""

    every = 60.0

    def __init__(self) -> None:
        self._has_written = False

    def tick(self, update: ProgressUpdate) -> None:
        """Write a line."""
        self._has_written = True
        write(sys.stderr, " · ".join(filter(None, (update.whole_line, update.waits))) + "\n")

    def show(self, update: ProgressUpdate) -> None:
        """Write the last line, if there were others before it."""
        if update.is_over and self._has_written:
            write(sys.stderr, f"{update.line}\n")

    def close(self) -> None:
        """Nothing to end."""


class TerminalDisplay:
    """One line of a terminal, which is written over again and again. What is waited for has lines of its own."""

    every = 1.0

    def __init__(self) -> None:
        self._waits = ""

    def tick(self, update: ProgressUpdate) -> None:
        """Write the line again."""
        self.show(update)

    def show(self, update: ProgressUpdate) -> None:
        """Write the line, after one that says what is waited for if that is new."""
        is_new = update.waits and update.waits != self._waits and not update.is_over  # the end is printed anyway
        self._waits = update.waits
        write(
            sys.stderr, f"\r\x1b[2K{update.waits}\n{update.whole_line}" if is_new else f"\r\x1b[2K{update.whole_line}"
        )

    def close(self) -> None:
        """Leave the last line as it is."""
        write(sys.stderr, "\n")


class NotebookDisplay:
    """A widget. Its text in a saved notebook is the same on every execution.

    Attributes
    ----------
    every:
        Seconds between two words about the time.

    Parameters
    ----------
    frame:
        The frame of all runs; None to show no sheet.
    total:
        The number of runs.
    on_stop:
        Called by the Stop button; None for no button.
    display:
        Shows the widget; None for the output of the current cell.
    static:
        What a saved notebook shows where there are no widgets, as HTML.
    """

    every = 1.0

    def __init__(
        self,
        frame: pd.DataFrame | None,
        total: int,
        on_stop: Callable[[], None] | None,
        display: Display | None,
        static: str = "",
    ) -> None:
        from .live_view import LiveView

        if display is not None and display.view is not None:
            self._widget = display.view
            self._widget.renew(frame, total, on_stop)
        else:
            self._widget = LiveView(frame, total, on_stop)
        if display is not None:
            display(self._widget)
        elif in_marimo():
            show_in_marimo(self._widget)
        else:
            display_bundle(widget_bundle(self._widget, repr(self._widget), static))

    def tick(self, update: ProgressUpdate) -> None:
        """Tell the time to the widget: it counts on by itself, and notices when nobody tells it any more."""
        self._widget.tell_time(update.times)

    def show(self, update: ProgressUpdate) -> None:
        """Show it in the widget."""
        self._widget.show(update)

    def close(self) -> None:
        """Take the Stop button away."""
        self._widget.close_view()
