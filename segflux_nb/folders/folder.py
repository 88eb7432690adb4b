"""``segflux_nb.read_folder``: a folder of pictures that other tools wrote, as a frame."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..console import say
from ..errors import MetadataError, PatternError
from ..saving import path_of
from .pattern import NamePattern

if TYPE_CHECKING:
    import pandas as pd


def read_folder(path: str | Path, *, pattern: str | None = None) -> pd.DataFrame:
    """A frame of the pictures in a folder and in the folders below it, with what is known of how they were made.

    It reads what A1111 and Forge, ComfyUI, SwarmUI, InvokeAI, Fooocus, NovelAI and our own exports write into
    pictures, or into files beside them, and the names that kohya's sd-scripts, musubi-tuner, ai-toolkit and
    OneTrainer give to samples. Folders of checkpoints become a column. Grids and thumbnails are left out. Only the
    heads of files are read, so that ten thousand take seconds; links out of the folder are not followed.

    The frame has ``image``, a column for each setting, ``tool``, ``width`` and ``height``. The settings that vary
    are its axes: ``frame.pictures.sheet()`` uses them. What was left out and what was not understood is printed, and
    all of it is in ``frame.attrs["report"]``, whose ``.df`` has a row for each file.

    Parameters
    ----------
    path:
        The folder, or a file that ``df.pictures.bundle`` has written.
    pattern:
        How the files are called, if that says something: ``"{checkpoint}-{step:d}-{seed:d}.png"``. ``{name}`` is
        text, ``{name:d}`` an integer, ``{name:g}`` a number, ``{}`` anything; with slashes it says how folders are
        called. What it says counts more than the metadata.

    Raises
    ------
    MetadataError
        If the folder cannot be read, or is a workspace, whose log knows more.
    PatternError
        If the pattern is not possible, or no name fits it.
    BundleError
        If the file is not as it was written.

    Example
    -------
    ``frame = sf.read_folder("outputs/txt2img-images"); frame.pictures.sheet(cols="seed", rows="cfg_scale")``
    """
    from ..bundle.frames import REPORT, open_frame
    from ..bundle.opened import is_bundle
    from ..sheets.frame_view import AXES_ATTRIBUTE
    from .columns import frame_of
    from .facts import Facts, facts_of
    from .listing import list_folder
    from .report import report_of, with_report

    folder = path_of(path, "path", MetadataError)
    names = NamePattern.of(pattern) if pattern is not None else None
    if is_bundle(folder):
        if names is not None:
            raise PatternError(f"{folder} is a bundle, whose frame has its columns", remedy="Leave pattern out")
        return with_report(open_frame(folder))
    _refuse_workspace(folder)
    try:
        listing = list_folder(folder)
    except OSError as error:
        raise MetadataError(
            f"{folder} cannot be read as a folder: {error.strerror or error}", remedy="Give a folder of pictures"
        ) from None
    left_out = dict(listing.left_out)
    found: list[Facts] = []
    for file in listing.pictures:
        facts = facts_of(file, listing.texts, names)
        if isinstance(facts, str):
            left_out[file.name] = facts
        else:
            found.append(facts)
    if names is not None and found and not any(one.fits for one in found):
        names_there = f"none of {len(found):,} names, such as" if len(found) > 1 else "not the only name,"
        raise PatternError(
            f"pattern={pattern!r} fits {names_there} {found[0].file.name!r}",
            remedy="Compare the two, sign by sign",
        )
    frame = frame_of(found)
    axes = _axes_of(frame)
    frame.attrs[AXES_ATTRIBUTE] = axes
    frame.attrs[REPORT] = report = report_of(os.fspath(folder), found, left_out, listing.others, frame.columns, axes)
    say(str(report))
    return frame


def _axes_of(frame: pd.DataFrame) -> list[str]:
    """The settings of a frame that vary: a single value, which other pictures lack, is not enough.

    Parameters
    ----------
    frame:
        The frame.
    """
    from ..sheets.axes import guessed_axes
    from ..sheets.frame_view import FrameView

    if not len(frame):
        return []
    varying = [name for name in frame.columns if frame[name].nunique() > 1 or name == "image"]
    return guessed_axes(FrameView.of(frame[varying], image="image", axes=()))


def _refuse_workspace(folder: Path) -> None:
    """Raise `MetadataError` for the folder of a workspace: its pictures say nothing, and its log all."""
    if (folder / "log.sqlite").is_file() and (folder / "pictures").is_dir():
        raise MetadataError(
            f"{folder} is a workspace",
            remedy=f"Its log knows how each picture was made: sf.Workspace({str(folder)!r}).runs().df",
        )
