"""Copies of a frame's pictures, in files with readable names."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PictureError
from ..markup import count, plain
from ..model import MODEL
from ..pictures.decode import FORMATS
from ..sheets.frame_view import FrameView
from ..sheets.reading import file_of
from ..values import is_missing
from .embedded_copies import Copies
from .metadata import describe
from .names import fields, picture_names

LEFT_OUT = "left-out.txt"
"""The file of an export that names what it could not write."""


@dataclass(frozen=True)
class WrittenPictures:
    """What became of the pictures of a frame.

    Attributes
    ----------
    files:
        The file's name for each row; None for a row without a picture, or whose picture could not be written.
    left_out:
        Why a picture could not be written, by the position of its row.
    rows:
        What stands for each row in `lines`: its run, or its position.
    """

    files: Sequence[str | None]
    left_out: Mapping[int, str]
    rows: Sequence[str]

    @property
    def lines(self) -> list[str]:
        """A line for each picture that could not be written, and why."""
        return [f"{self.rows[at]}: {why}" for at, why in self.left_out.items()]

    @property
    def sentence(self) -> str:
        """How many pictures could not be written, and why the first could not; empty if all were."""
        if not self.left_out:
            return ""
        more = f", and {len(self.left_out) - 1:,} more" if len(self.left_out) > 1 else ""
        return f"{count(len(self.left_out), 'picture')} left out of the export: {self.lines[0]}{more}. See {LEFT_OUT}"


def write_pictures(
    view: FrameView,
    folder: Path,
    *,
    axes: Sequence[str] = (),
    names: str | None = None,
    metadata: bool = True,
) -> WrittenPictures:
    """Write a copy of each picture of a frame into a folder. One that cannot be read or written stops no other.

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

    Raises
    ------
    PatternError
        Where the pattern names no column, or more than columns.
    LayoutError
        Where the frame has no such column.
    OSError
        Where the folder cannot be made.
    """
    asked = fields(names) if names is not None else []
    view.check(asked)
    folder.mkdir(parents=True, exist_ok=True)
    pictures = view.pictures
    rows = _names_of_rows(view)
    kinds: dict[int, str] = {}
    left_out: dict[int, str] = {}
    for at, picture in enumerate(pictures):
        if reason := view.reason(at):
            left_out[at] = f"not a picture: {plain(reason)}"
        elif picture is not None:
            try:
                kinds[at] = file_of(picture)[1]
            except PictureError as error:
                left_out[at] = _described(picture, error)
    shown = view.rows(list(kinds))
    naming = asked or [name for name in axes if name in shown and _known_values(shown, name) > 1]
    labels = {name: shown.column(name).labels for name in naming}
    endings = [f".{FORMATS.get(kind, kind.lower())}" for kind in kinds.values()]
    chosen = picture_names([rows[at] for at in kinds], labels, endings, names)
    described = _descriptions(shown) if metadata else [{}] * len(shown)
    files: list[str | None] = [None] * len(view)
    copies = Copies()
    for at, name, texts in zip(kinds, chosen, described, strict=True):
        try:
            path = folder / name
            _write(path, copies.with_texts(path, file_of(pictures[at])[0], texts))
            files[at] = name
        except PictureError as error:
            left_out[at] = _described(pictures[at], error)
        except OSError as error:
            left_out[at] = f"{name} cannot be written: {error.strerror or error}"
    copies.tell()
    return WrittenPictures(files, dict(sorted(left_out.items())), rows)


def unlinked(path: Path) -> Path:
    """The path of a file to be written. A link that has its name is removed: it may lead to another folder."""
    if path.is_symlink():
        path.unlink()
    return path


def _write(path: Path, data: bytes) -> None:
    """Write a file, so that it is whole or not there."""
    part = unlinked(path.with_name(f"{path.name}.part"))
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _names_of_rows(view: FrameView) -> list[str]:
    """What stands for each row in names and messages: its run, or else its position."""
    runs = view.column("run").values if "run" in view else (None,) * len(view)
    return [f"{at:04d}" if is_missing(run) else str(run) for at, run in enumerate(runs)]


def _described(picture: Any, error: PictureError) -> str:
    """Why a picture was left out, with its file if it has one."""
    file = f" ({plain(os.fspath(picture))})" if isinstance(picture, str | os.PathLike) else ""
    return f"{error.what}{file}"


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
