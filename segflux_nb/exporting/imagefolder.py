"""Pictures as Hugging Face's ``imagefolder``: a folder ``train`` that holds them and ``metadata.jsonl``.

The names of the file, of ``file_name`` and of the split's folder are those of
https://huggingface.co/docs/datasets/image_dataset. Metadata stands beside the pictures, since versions of the library
overlook it a level above.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..sheets.values import picture_column
from .folder import disk_errors, refuse_keys
from .picture_files import copy_pictures, within
from .tables import to_jsonl


def export_imagefolder(frame: pd.DataFrame, folder: Path, *, axes: Sequence[str] = ()) -> Path:
    """Write the pictures of a frame, a row each, with their columns; the prompt becomes ``text``.

    Raises
    ------
    SegfluxError
        As `segflux_nb.exporting.folder.export`.
    """
    column = picture_column(frame)
    done = frame[frame[column].notna()]
    refuse_keys(to_jsonl(done.drop(columns=column)))
    with disk_errors(folder):
        copies = copy_pictures(done, folder / "train", axes=axes)
        table = done.drop(columns=column).rename(columns={"prompt": "text"})
        table.insert(0, "file_name", copies)
        within(folder / "train" / "metadata.jsonl").write_text(to_jsonl(table), encoding="utf-8")
    return folder
