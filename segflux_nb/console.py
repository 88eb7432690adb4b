"""Text for the console, where there may be none, or one that cannot show every character."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, TextIO


def say(text: str) -> None:
    """Print a line. Characters that the console cannot show are escaped; without a console, nothing happens."""
    write(sys.stdout, f"{text}\n")


def write(stream: TextIO | Any, text: str) -> None:
    """Write text to a stream of the console.

    Parameters
    ----------
    stream:
        ``sys.stdout`` or ``sys.stderr``. It is None in programs without a console.
    text:
        What to write. A message is never worth the end of a sweep, so errors of the stream are ignored.
    """
    if stream is None:
        return
    with suppress(OSError, ValueError):  # it was closed, or nobody reads it any more
        try:
            stream.write(text)
        except UnicodeEncodeError:
            stream.write(escaped(text, getattr(stream, "encoding", None)))
        stream.flush()


def is_terminal(stream: TextIO | Any) -> bool:
    """Whether a stream leads to a terminal: False for None and for a closed one."""
    try:
        return stream is not None and bool(stream.isatty())
    except (ValueError, OSError, AttributeError):
        return False


def escaped(text: str, encoding: str | None) -> str:
    """The text with what an encoding does not have as escapes of Python.

    Parameters
    ----------
    text:
        The text.
    encoding:
        The name of the encoding; None or an unknown one is ASCII.

    >>> escaped("fox 狐", "cp1252")
    'fox \\\\u72d0'
    """
    try:
        return text.encode(encoding or "ascii", "backslashreplace").decode(encoding or "ascii")
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")
