"""Files that users name: their folders are made, and what is wrong with them is said in a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import SegfluxError
from .markup import shorten
from .values import MOST_SHOWN, as_path, shown


def path_of(value: Any, name: str, error: type[SegfluxError] = SegfluxError) -> Path:
    """The path that a user gave for an argument.

    Parameters
    ----------
    value:
        What the user gave.
    name:
        The argument.
    error:
        The error for what is not a path.

    Raises
    ------
    SegfluxError
        If it is not a path.
    """
    try:
        return as_path(value)
    except ValueError as wrong:
        what = f"{name}={shown(value)} is not possible: {wrong}"
        raise error(what, remedy="Give text or a pathlib.Path") from None


@contextmanager
def saving(value: Any, name: str = "path") -> Iterator[Path]:
    """The path of a file to be written. Its folder is made if it does not exist.

    Parameters
    ----------
    value:
        What the user gave.
    name:
        The argument.

    Raises
    ------
    SegfluxError
        If it is not a path, or its folder or the file cannot be written.

    Example
    -------
    ``with saving(path) as path: path.write_text(text)``
    """
    path = path_of(value, name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        raise SegfluxError(
            f"{shorten(str(path), MOST_SHOWN)} cannot be written: {error.strerror or error}",
            remedy="Give a file in a folder that can be written",
        ) from None
