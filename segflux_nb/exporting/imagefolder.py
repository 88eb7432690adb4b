"""Pictures as Hugging Face's ``imagefolder``: a folder ``train`` that holds them and ``metadata.jsonl``.

The names of the file, of ``file_name`` and of the split's folder are those of
https://huggingface.co/docs/datasets/image_dataset. The metadata is in the folder of the pictures, because some
versions of the library do not look for it in the folder above.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..sheets.frame_view import FrameView
from .folder import explained_errors, refuse_keys
from .picture_files import unlinked, write_pictures
from .tables import to_jsonl


def export_imagefolder(frame: pd.DataFrame, folder: Path, *, axes: Sequence[str] = ()) -> Path:
    """Write the pictures of a frame, and a line of metadata for each: the row's columns, with the prompt as ``text``.

    Parameters
    ----------
    frame:
        `Runs.df` or `Runs.log`, or any frame with a column of pictures. Rows without a picture are left out.
    folder:
        The folder; it is made if it does not exist.
    axes:
        The columns whose values name the files, as far as they vary.

    Raises
    ------
    SegfluxError
        Where a text holds what looks like an API key, or a file cannot be read or written.
    """
    image = FrameView.of(frame).image
    frame = frame[frame[image].notna()]
    refuse_keys(to_jsonl(frame.drop(columns=image)))
    with explained_errors(folder):
        files = write_pictures(FrameView.of(frame, image=image), folder / "train", axes=axes)
        table = frame.drop(columns=image).rename(columns={"prompt": "text"})
        table.insert(0, "file_name", files)
        unlinked(folder / "train" / "metadata.jsonl").write_text(to_jsonl(table), encoding="utf-8")
    return folder
