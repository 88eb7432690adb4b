"""A folder that explains itself: pictures under readable names, tables, the contact sheet."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..errors import SegfluxError
from ..service.secret import redact
from ..viewing.layout import value_labels
from ..viewing.sheet import ContactSheet
from .names import picture_names
from .tables import to_csv, to_jsonl


def export(frame: pd.DataFrame, sheet: ContactSheet | None, folder: Path, axes: Sequence[str]) -> Path:
    """Write ``pictures/``, ``runs.csv``, ``runs.jsonl`` and ``contact-sheet.png`` into a folder.

    Files of an earlier export are replaced; nothing else in the folder is touched.

    Parameters
    ----------
    frame:
        `Runs.df` or `Runs.log`.
    sheet:
        The sheet, or None for none.
    folder:
        Where; made if need be.
    axes:
        The columns whose values name the pictures.

    Raises
    ------
    SegfluxError
        Where a text holds what looks like an API key, or the disk does not do what it must.
    """
    for text in (to_csv(frame), to_jsonl(frame)):
        if redact(text) != text:
            raise SegfluxError(
                "The table holds what looks like an API key, and is not written",
                remedy="Take the key out of the prompt, note or label that holds it, and make that key invalid",
            )
    try:
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
        frame = _with_pictures(frame, folder, axes)
        _within(folder / "runs.csv").write_text(to_csv(frame), encoding="utf-8")
        _within(folder / "runs.jsonl").write_text(to_jsonl(frame), encoding="utf-8")
        if sheet is not None:
            sheet.save(_within(folder / "contact-sheet.png"))
    except OSError as error:
        raise SegfluxError(
            f"The export to {folder} failed: {error.strerror or error}", remedy="Give a folder that can be written"
        ) from None
    return folder


def _within(path: Path) -> Path:
    """A file to be written, without the link that may stand there and lead elsewhere."""
    if path.is_symlink():
        path.unlink()
    return path


def _with_pictures(frame: pd.DataFrame, folder: Path, axes: Sequence[str]) -> pd.DataFrame:
    """Copy the pictures, and name the copies in the frame."""
    done = frame[frame["image"].notna()]
    images, runs = list(done["image"]), list(done["run"])
    varying = {name: value_labels(done, name) for name in axes if name in done.columns and done[name].nunique() > 1}
    names = picture_names(runs, varying, [Path(image).suffix for image in images])
    copies = []
    for image, name in zip(images, names, strict=True):
        shutil.copyfile(image, _within(folder / "pictures" / name))
        copies.append(f"pictures/{name}")
    return frame.assign(image=pd.Series(copies, index=done.index, dtype="string").reindex(frame.index))
