"""Pictures as Hugging Face's ``imagefolder``: a folder ``train`` that holds them and ``metadata.jsonl``.

The names of the file, of ``file_name`` and of the split's folder are those of
https://huggingface.co/docs/datasets/image_dataset. The metadata is in the folder of the pictures, because some
versions of the library do not look for it in the folder above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..markup import count
from ..sheets.frame_view import MORE, FrameView
from .dataset_card import dataset_card
from .folder import explained_errors, not_there, refuse_keys, report_left_out, write_text
from .picture_files import write_pictures
from .tables import to_jsonl

CARD = "README.md"
"""The card of the dataset. One that a person has changed is replaced, as the other files are."""

TEXT = "text"
"""The column of captions, which trainers read."""

NUMBER = "picture_number"
"""The column that tells the pictures of one output apart."""

_TAKEN = ("file_name", "image", NUMBER, TEXT)
"""Names that have a meaning of their own in an ``imagefolder``."""


def export_imagefolder(
    frame: pd.DataFrame, folder: Path, *, axes: Sequence[str] = (), license: str = "", title: str = ""
) -> Path:
    """Write the pictures of a frame, a line of metadata for each with the prompt as ``text``, and a dataset card.

    A column of another meaning that has one of the names ``text``, ``file_name`` or ``image`` gets an underscore at
    its end. Rows that are left out are counted in ``left-out.txt``.

    Parameters
    ----------
    frame:
        `Runs.df` or `Runs.log`, or any frame with a column of pictures. Rows without a picture are left out.
    folder:
        The folder; it is made if it does not exist.
    axes:
        The columns whose values name the files, as far as they vary.
    license:
        The licence, for the card.
    title:
        What the card calls the dataset.

    Raises
    ------
    SegfluxError
        Where a text holds what looks like an API key, or the folder or the metadata cannot be written.
    """
    view = FrameView.of(frame, axes=axes)
    frame = view.frame  # with one plain name for each column, and the settings of its index
    described = frame.drop(columns=[view.image, MORE], errors="ignore")
    refuse_keys(f"{to_jsonl(described)}{license}{title}")
    with explained_errors(folder):
        written = write_pictures(view, folder / "train", axes=axes)
        lines = [
            (at, number, name)
            for at, (first, further) in enumerate(zip(written.files, written.more, strict=True))
            for number, name in enumerate((first, *further), 1)
            if name is not None
        ]
        table = _renamed(described.iloc[[at for at, _, _ in lines]])
        table.insert(0, "file_name", [name for _, _, name in lines])
        if MORE in view:
            table.insert(1, NUMBER, [number for _, number, _ in lines])
        write_text(folder / "train" / "metadata.jsonl", to_jsonl(table))
        card = dataset_card(view.rows([at for at, _, _ in lines]), len(lines), title=title, license=license)
        write_text(folder / CARD, card)
        report_left_out(folder, written, [*_without_picture(view), *not_there(view, written.rows)])
    return folder


def _renamed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the prompt as ``text``, and no other column of a name that has a meaning of its own."""
    has_prompt = "prompt" in table.columns
    renamed = {"prompt": TEXT} if has_prompt else {}
    for name in _TAKEN:
        if name in table.columns and (name != TEXT or has_prompt):
            other = f"{name}_"
            while other in table.columns:
                other += "_"
            renamed[name] = other
    return table.rename(columns=renamed)


def _without_picture(view: FrameView) -> list[str]:
    """How many rows have no picture, by their status."""
    missing = [at for at, picture in enumerate(view.pictures) if picture is None and not view.reason(at)]
    statuses = view.column("status").labels if "status" in view else None
    counts = Counter("no status" if statuses is None else statuses[at] for at in missing)
    return [f"{count(number, 'row')} without a picture: {status}" for status, number in counts.items()]
