"""How a running sweep shows: one line in a terminal, a bar in a notebook; nothing that stays when it is over.

In a notebook it is a widget whose text is constant, so that a saved notebook holds no time and no count.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ..markup import count, escape

SECONDS_BETWEEN = 0.1
"""Between two refreshes."""

_DONE = ("completed", "failed", "refused", "lost", "unknown")
_SEGMENTS = (("completed", "#2da44e"), ("failed", "#cf222e"), ("processing", "#0969da"), ("submitted", "#6cb6ff"))


class _Face(Protocol):
    def show(self, text: str, counts: Mapping[str, int], total: int) -> None: ...

    def close(self, text: str, counts: Mapping[str, int], total: int) -> None: ...


class Progress:
    """Follows the states of a sweep's runs and shows them.

    Parameters
    ----------
    states:
        Each run's status at the start, by digest.
    on_stop:
        What a Stop button does; None for none. It may be called on any thread.
    """

    def __init__(self, states: Mapping[str, str], *, on_stop: Callable[[], None] | None = None) -> None:
        self._states = dict(states)
        self._counts = Counter(self._states.values())
        self._already = self._counts["completed"]
        self._lock = threading.Lock()
        self._started = self._shown = time.monotonic()
        self._face = _choose_face(len(states), on_stop)
        self._face.show(self._text(), self._counts, len(states))

    def update(self, digest: str, status: str) -> None:
        """A run's status changed; may be called from any thread."""
        with self._lock:
            self._counts[self._states.get(digest, "planned")] -= 1
            self._counts[status] += 1
            self._states[digest] = status
            now = time.monotonic()
            if now - self._shown >= SECONDS_BETWEEN:
                self._shown = now
                self._face.show(self._text(), self._counts, len(self._states))

    def close(self, last: str = "") -> None:
        """It is over; `last` says how, where that is worth a word."""
        with self._lock:
            self._face.close(self._text(last=last), self._counts, len(self._states))

    def _text(self, last: str | None = None) -> str:
        total, counts = len(self._states), self._counts
        parts = [f"{counts['completed']:,} of {count(total, 'picture')}"]
        parts += [f"{counts[name]:,} {name}" for name in ("failed", "refused", "lost", "unknown") if counts[name]]
        if last is None:
            flying = counts["submitted"] + counts["processing"]
            parts += [f"{flying:,} in flight"] if flying else []
            parts += [remaining] if (remaining := self._remaining()) else []
        elif last:
            parts.append(last)
        else:
            parts.append(f"{time.monotonic() - self._started:.1f} s")
        return " · ".join(parts)

    def _remaining(self) -> str:
        done = self._counts["completed"] - self._already
        left = len(self._states) - sum(self._counts[name] for name in _DONE)
        elapsed = time.monotonic() - self._started
        if done < 3 or not left:
            return ""
        seconds = elapsed / done * left
        return f"about {seconds:.0f} s left" if seconds < 90 else f"about {seconds / 60:.0f} min left"


def _choose_face(total: int, on_stop: Callable[[], None] | None) -> _Face:
    shell = _notebook_shell()
    if shell:
        return _Bar(total, on_stop)
    return _Line() if sys.stderr.isatty() else _Silent()


def _notebook_shell() -> bool:
    """Whether this runs in a Jupyter kernel; asks without importing IPython for it."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell" or hasattr(shell, "kernel")


class _Silent:
    def show(self, text: str, counts: Mapping[str, int], total: int) -> None:
        """A log file wants no progress."""

    def close(self, text: str, counts: Mapping[str, int], total: int) -> None:
        """Nor an end of it."""


class _Line:
    """One line of a terminal, written over itself."""

    def show(self, text: str, counts: Mapping[str, int], total: int) -> None:
        sys.stderr.write(f"\r\x1b[2K{text}")
        sys.stderr.flush()

    def close(self, text: str, counts: Mapping[str, int], total: int) -> None:
        self.show(text, counts, total)
        sys.stderr.write("\n")


class _Bar:
    """A bar and a line of words, as a widget with a constant text."""

    def __init__(self, total: int, on_stop: Callable[[], None] | None) -> None:
        from IPython.display import display

        text = f"Progress({count(total, 'run')})"
        self._widget = _widget(text)
        self._button: Any = None
        if on_stop is None:
            display(self._widget)  # type: ignore[no-untyped-call]
            return
        self._button = _stop_button(on_stop)
        display(_column(text, self._widget, self._button))  # type: ignore[no-untyped-call]

    def show(self, text: str, counts: Mapping[str, int], total: int) -> None:
        width = {name: 100 * counts.get(name, 0) / max(1, total) for name, _ in _SEGMENTS}
        width["failed"] += 100 * sum(counts.get(name, 0) for name in ("refused", "lost", "unknown")) / max(1, total)
        bars = "".join(
            f'<span style="display:inline-block;height:100%;width:{width[name]:.2f}%;background:{colour}"></span>'
            for name, colour in _SEGMENTS
        )
        self._widget.value = (
            f'<div role="progressbar" aria-valuemin="0" aria-valuemax="{total}" '
            f'aria-valuenow="{counts.get("completed", 0)}" aria-label="{escape(text)}" '
            'style="height:8px;border-radius:4px;overflow:hidden;background:rgba(128,128,128,.25);'
            f'font-size:0;line-height:0;max-width:640px">{bars}</div>'
            '<div style="font-size:var(--jp-ui-font-size1,13px);line-height:1.6;'
            f'font-variant-numeric:tabular-nums">{escape(text)}</div>'
        )

    def close(self, text: str, counts: Mapping[str, int], total: int) -> None:
        self.show(text, counts, total)
        if self._button is not None:
            self._button.layout.display = "none"


def _stop_button(on_stop: Callable[[], None]) -> Any:
    import ipywidgets

    button = ipywidgets.Button(description="Stop", tooltip="Submit nothing more, and collect what is in flight")

    def stop(_: object) -> None:
        button.disabled, button.description = True, "Stopping"
        on_stop()

    button.on_click(stop)
    return button


def _column(text: str, *widgets: Any) -> Any:
    """Widgets below each other, whose text in a saved notebook is this one."""
    import ipywidgets

    class Constant(ipywidgets.VBox):  # type: ignore[misc]
        def __repr__(self) -> str:
            return text

    return Constant(widgets)


def _widget(text: str) -> Any:
    """An HTML widget whose text in a saved notebook is this one, whatever it shows."""
    import ipywidgets

    class Constant(ipywidgets.HTML):  # type: ignore[misc]
        def __repr__(self) -> str:
            return text

    return Constant()


def volatile_bundle(text: str, html: str) -> dict[str, Any]:
    """A mime bundle with a constant text, and an HTML that shows as a widget: for what changes with the log."""
    widget = _widget(text)
    widget.value = html
    bundle: dict[str, Any] = widget._repr_mimebundle_()
    return bundle
