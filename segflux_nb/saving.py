"""Files that users name: their folders are made, and what is wrong with them is said in a sentence.

Nothing is written over what a workspace keeps, or over the pictures that are shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import SegfluxError
from .markup import shorten
from .values import MOST_SHOWN, as_path, shown

LOG = "log.sqlite"
"""The file that makes a folder a workspace."""

_OF_A_WORKSPACE = {"pictures", "thumbnails", "inputs", "rejected", "simulator"}
"""The folders in which a workspace keeps its own."""


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
        raise error(what, remedy="Give the path of a file or folder, as text or a pathlib.Path") from None


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
        If it is not a path, is of a workspace's own, or its folder or the file cannot be written.

    Example
    -------
    ``with saving(path) as path: path.write_text(text)``
    """
    path = path_of(value, name)
    _refuse_workspace(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
    except OSError as error:
        raise SegfluxError(
            f"{shorten(str(path), MOST_SHOWN)} cannot be written: {error.strerror or error}",
            remedy="Give a file in a folder that can be written",
        ) from None


def folder_to_write(value: Any, name: str = "folder") -> Path:
    """The path of a folder to be written.

    Parameters
    ----------
    value:
        What the user gave.
    name:
        The argument.

    Raises
    ------
    SegfluxError
        If it is not a path, or is a workspace or of its own.
    """
    path = path_of(value, name)
    _refuse_workspace(path)
    return path


def refuse_originals(paths: Iterable[Path], pictures: Sequence[Any]) -> None:
    """Raise `SegfluxError` where a file would be written over one of the pictures of which it is made.

    Parameters
    ----------
    paths:
        Where files will be. Of a file that is written through a link, the end of the link.
    pictures:
        The pictures; those that are paths count.
    """
    there = [path for path in paths if os.path.lexists(path)]
    if not there:
        return
    files = [one for one in pictures if isinstance(one, str | os.PathLike)]
    originals = {name for one in files for name in (_entry(one), os.path.realpath(one))}
    hit = next((path for path in there if _entry(path) in originals), None)
    if hit is not None:
        raise SegfluxError(f"{hit} is one of the pictures, and would be written over", remedy="Give another name")


def _entry(path: str | os.PathLike[str]) -> str:
    """Where a file's name stands. The file itself may be elsewhere, if it is a link, which a copy would replace."""
    folder, name = os.path.split(os.path.abspath(path))
    return os.path.join(os.path.realpath(folder), name)


def _refuse_workspace(path: Path) -> None:
    """Raise `SegfluxError` for the folder of a workspace, and for a place where it keeps its own."""
    place = Path(os.path.realpath(path))
    for folder in (place, *place.parents):
        if os.path.isfile(folder / LOG):
            inside = [part.casefold() for part in place.relative_to(folder).parts]
            if not inside or inside[0] in _OF_A_WORKSPACE or inside[0].startswith(LOG):
                raise SegfluxError(
                    f"{shorten(str(path), MOST_SHOWN)} is what the workspace {shorten(folder.name, MOST_SHOWN)} keeps"
                    if inside
                    else f"{shorten(str(path), MOST_SHOWN)} is a workspace",
                    remedy="Give another place, so that its log and its pictures stay as they are",
                )
