"""Copies of a frame's pictures, in files with readable names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..model import MODEL
from ..pictures.decode import FORMATS
from ..sheets.frame_view import FrameView
from ..sheets.reading import file_of
from .embedded_copies import Copies
from .metadata import describe
from .names import fields, picture_names


def write_pictures(
    view: FrameView,
    folder: Path,
    *,
    axes: Sequence[str] = (),
    names: str | None = None,
    metadata: bool = True,
) -> list[str | None]:
    """Write a copy of each picture of a frame into a folder.

    Parameters
    ----------
    view:
        The frame.
    folder:
        The folder; it is made if it does not exist.
    axes:
        The columns whose values name the files, as far as they vary.
    names:
        A pattern of names instead, with columns in braces: ``"{lora_strength}-{seed}"``.
    metadata:
        Whether the copies carry the parameters of their rows.

    Returns
    -------
    list
        The file's name for each row; None for a row without a picture.

    Raises
    ------
    PatternError
        Where the pattern names no column, or more than columns.
    LayoutError
        Where the frame has no such column.
    OSError
        Where a picture cannot be read, or the folder cannot be written.
    """
    asked = fields(names) if names is not None else []
    view.check(asked)
    folder.mkdir(parents=True, exist_ok=True)
    with_picture = [at for at, picture in enumerate(view.column(view.image).values) if picture is not None]
    shown = view.rows(with_picture)
    files = [file_of(picture) for picture in shown.column(shown.image).values]
    runs = shown.column("run").values if "run" in shown else [f"{number:04d}" for number in range(len(shown))]
    naming = asked or [name for name in axes if name in shown and _known_values(shown, name) > 1]
    labels = {name: shown.column(name).labels for name in naming}
    endings = [f".{FORMATS.get(kind, kind.lower())}" for _, kind in files]
    chosen = picture_names(runs, labels, endings, names)
    described = _descriptions(shown) if metadata else [{}] * len(shown)
    copies = Copies()
    for (data, _), name, texts in zip(files, chosen, described, strict=True):
        unlinked(folder / name).write_bytes(copies.with_texts(folder / name, data, texts))
    copies.tell()
    by_row = dict(zip(with_picture, chosen, strict=True))
    return [by_row.get(at) for at in range(len(view))]


def unlinked(path: Path) -> Path:
    """The path of a file to be written. A link that has its name is removed: it may lead to another folder."""
    if path.is_symlink():
        path.unlink()
    return path


def _known_values(view: FrameView, name: str) -> int:
    return sum(value is not None for value in view.column(name).distinct)


def _descriptions(view: FrameView) -> list[dict[str, str]]:
    """The texts that each picture carries; none for frames without our parameters."""
    if "prompt" not in view or "seed" not in view:
        return [{}] * len(view)
    names = [name for name in (*MODEL.parameters, "run", "service", "width", "height") if name in view]
    values = zip(*(view.column(name).values for name in names), strict=True)
    rows = [dict(zip(names, row, strict=True)) for row in values]
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
