"""``runs.export_imagefolder(...)``: a dataset for Hugging Face."""

from __future__ import annotations

from pathlib import Path

from ..saving import path_of
from ..selection import Selection


def export_imagefolder(runs: Selection, folder: str | Path) -> Path:
    """Write the pictures as Hugging Face's ``imagefolder``: ``train/metadata.jsonl``, with the prompts as ``text``.

    Parameters
    ----------
    folder:
        The folder; it is made if it does not exist.

    Example
    -------
    ``load_dataset("imagefolder", data_dir=runs.export_imagefolder("dataset"))``
    """
    from ..exporting.imagefolder import export_imagefolder as export_frame

    return export_frame(runs.df, path_of(folder, "folder"), axes=list(runs.axes))
