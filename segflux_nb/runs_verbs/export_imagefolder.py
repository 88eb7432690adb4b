"""``runs.export_imagefolder(...)``: a dataset for Hugging Face."""

from __future__ import annotations

from pathlib import Path

from ..saving import folder_to_write
from ..selection import Selection
from .texts import text_of


def export_imagefolder(
    runs: Selection, folder: str | Path, *, license: str | None = None, title: str | None = None
) -> Path:
    """Write the pictures as Hugging Face's ``imagefolder``: ``train/metadata.jsonl``, with the prompts as ``text``.

    ``README.md`` is its dataset card: where the pictures come from, what was swept, the licence.

    Parameters
    ----------
    folder:
        The folder; it is made if it does not exist. Files of an earlier export are replaced, its card too.
    license:
        The licence of the pictures, for the card: an SPDX identifier such as ``CC-BY-4.0``, an address, or a
        sentence.
    title:
        What the card calls the dataset; the title or name of the runs if left out.

    Raises
    ------
    SegfluxError
        If there are no runs, a text holds what looks like an API key, or the folder cannot be written.

    Example
    -------
    ``load_dataset("imagefolder", data_dir=runs.export_imagefolder("dataset"))``
    """
    from ..exporting.imagefolder import export_imagefolder as export_frame

    _ = runs._frame_to_show  # refuses where there is none
    return export_frame(
        runs.df,
        folder_to_write(folder),
        axes=list(runs.axes),
        license=text_of("license", license),
        title=text_of("title", title) or runs.title or runs.name,
    )
