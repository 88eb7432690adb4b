"""When a sweep ends because all of its runs fail alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass

SAME_FAILURES = 5
"""This many failures with the same text, before any success, end a sweep: the next runs would fail the same way."""


@dataclass
class FailureBreaker:
    """The circuit breaker of one call of the engine.

    It opens once, when the first `SAME_FAILURES` runs failed with one text. A success, or a failure with another
    text, disables it for the rest of the call.
    """

    _text: str | None = None
    _failures: int = 0
    _is_disabled: bool = False

    def succeeded(self) -> None:
        """A run succeeded: from now on, a failure concerns its own run."""
        self._is_disabled = True

    def failed(self, text: str) -> str | None:
        """A run failed with this text: None, or a sentence that says why the sweep should end."""
        if self._text is not None and text != self._text:
            self._is_disabled = True
        self._text = text
        self._failures += 1
        if self._is_disabled or self._failures < SAME_FAILURES:
            return None
        return f"The first {self._failures} runs all failed alike: {text}"
