"""Copies of a frame's pictures under readable names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..model import MODEL
from ..pictures.decode import FORMATS
from ..sheets.reading import file_of
from ..sheets.values import check_columns, keys, picture_column, value_labels
from .metadata import describe, embed
from .names import fields, picture_names


def copy_pictures(
    frame: pd.DataFrame,
    folder: Path,
    *,
    axes: Sequence[str] = (),
    image: str | None = None,
    names: str | None = None,
    metadata: bool = True,
) -> pd.Series[Any]:
    """Copy a frame's pictures into a folder; for each row the copy's name, or a missing value.

    Parameters
    ----------
    frame, image:
        The frame, and its column of pictures (see `segflux_nb.sheets.values.picture_column`).
    folder:
        Where; made if need be.
    axes:
        The columns whose values name the pictures, where they vary.
    names:
        A pattern of names in its place.
    metadata:
        Whether the copies carry the row's parameters.
    """
    column = picture_column(frame, image)
    asked = fields(names) if names is not None else []
    check_columns(frame, asked)
    folder.mkdir(parents=True, exist_ok=True)
    done = frame[frame[column].notna()]
    files = [file_of(picture) for picture in done[column]]
    runs = list(done["run"]) if "run" in done.columns else [f"{number:04d}" for number in range(len(done))]
    varying = asked or [name for name in axes if name in done.columns and done[name].nunique() > 1]
    words = {name: value_labels(done, name) for name in varying}
    endings = [f".{FORMATS.get(kind, kind.lower())}" for _, kind in files]
    chosen = picture_names(runs, words, endings, names)
    described = _descriptions(done) if metadata else [{}] * len(done)
    for (data, _), name, texts in zip(files, chosen, described, strict=True):
        within(folder / name).write_bytes(embed(data, texts) if texts else data)
    return pd.Series(chosen, index=done.index, dtype="string").reindex(frame.index)


def within(path: Path) -> Path:
    """A file to be written, without the link that may stand there and lead elsewhere."""
    if path.is_symlink():
        path.unlink()
    return path


def _descriptions(frame: pd.DataFrame) -> list[dict[str, str]]:
    """What goes into each picture; nothing for frames without our parameters."""
    if not {"prompt", "seed"} <= set(frame.columns):
        return [{}] * len(frame)
    columns = {
        name: keys(frame[name])
        for name in (*MODEL.parameters, "run", "service", "width", "height")
        if name in frame.columns
    }
    rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return [
        describe(
            {name: row[name] for name in MODEL.parameters if row.get(name) is not None},
            run=str(row.get("run") or ""),
            service=str(row.get("service") or ""),
            width=row.get("width"),
            height=row.get("height"),
        )
        for row in rows
    ]
