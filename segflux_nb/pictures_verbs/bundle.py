"""``df.pictures.bundle("study.sfx")``: a frame and its pictures in one file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..bundle.frames import write_frame
from ..console import say
from ..errors import BundleError
from ..saving import path_of
from ..sheets.frame_view import FrameView
from ..values import as_text

if TYPE_CHECKING:
    import pandas as pd


def bundle(
    frame: pd.DataFrame, path: str | Path, *, license: str | None = None, title: str | None = None, image: Any = None
) -> Path:
    """Write a frame and its pictures to one file.

    Parameters
    ----------
    frame:
        The frame.
    path:
        The file; its name ends in ``.sfx``.
    license:
        The licence of the pictures, for the data card.
    title:
        What the data card calls the study.
    image:
        The column of pictures; None to find it.

    Raises
    ------
    BundleError
        If the frame has no rows, the name has another ending, or what is given is no text.
    """
    if not len(frame):
        raise BundleError("There is nothing to bundle: the frame has no rows", remedy="Loosen the filter")
    view = FrameView.of(frame, image=image)
    written = write_frame(path_of(path, "path"), view, license=_text("license", license), title=_text("title", title))
    say(str(written))
    return written.path


def _text(name: str, value: object) -> str:
    """Text that a user gave for the data card; empty if none was given.

    Parameters
    ----------
    name:
        The argument.
    value:
        What the user gave.
    """
    try:
        return "" if value is None else as_text(value)
    except ValueError as error:
        raise BundleError(f"{name}={value!r} is not possible: {error}", remedy="Give text") from None
