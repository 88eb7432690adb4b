"""Copies of a frame's pictures, in files with readable names."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PictureError
from ..markup import count, plain
from ..model import MODEL
from ..pictures.decode import FORMATS
from ..pictures.mounted import fetch_ahead
from ..saving import refuse_originals
from ..sheets.frame_view import FrameView
from ..sheets.reading import file_of, format_of, size_of
from ..sweep.from_frame import MODEL_OF_FRAME
from ..sweep.names import parameter_of_column
from ..values import is_missing
from .embedded_copies import Copies
from .marking import source_type
from .metadata import describe
from .names import fields, picture_names

PAGE = 64
"""How many pictures are fetched ahead where they come from another machine."""

LEFT_OUT = "left-out.txt"
"""The file of an export that names what it could not write."""


@dataclass(frozen=True)
class WrittenPictures:
    """What became of the pictures of a frame.

    Attributes
    ----------
    files:
        The file's name for each row; None for a row without a picture, or whose picture could not be written.
    more:
        The names of the files of further pictures, for each row: ``seed-7_2.jpg`` after ``seed-7.jpg``.
    left_out:
        Why a picture could not be written, by the position of its row.
    rows:
        What stands for each row in `lines`: its run, or its position.
    """

    files: Sequence[str | None]
    more: Sequence[Sequence[str]]
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
    """Write a copy of each picture of a frame into a folder; of outputs with several, each that is there.

    One that cannot be read or written stops no other.

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
        Whether the copies carry the parameters of their rows. That they are generated they say in any case.

    Raises
    ------
    PatternError
        Where the pattern names no column, or more than columns.
    LayoutError
        Where the frame has no such column.
    SegfluxError
        Where a copy would be written over a picture of the frame.
    OSError
        Where the folder cannot be made.
    """
    asked = fields(names) if names is not None else []
    view.check(asked)
    folder.mkdir(parents=True, exist_ok=True)
    rows = _names_of_rows(view)
    left_out: dict[int, list[str]] = {}
    kinds = _kinds(view, left_out)
    named = list(dict.fromkeys(at for at, _ in kinds))
    shown = view.rows(named)
    naming = asked or [name for name in axes if name in shown and _known_values(shown, name) > 1]
    labels = {name: shown.column(shown.setting(name)).labels for name in naming}
    stems = dict(zip(named, picture_names([rows[at] for at in named], labels, names), strict=True))
    taken = {stem.casefold() for stem in stems.values()}
    described = dict(zip(named, _descriptions(shown), strict=True))
    files: list[str | None] = [None] * len(view)
    more: list[list[str]] = [[] for _ in files]
    copies = Copies()
    written = {
        (at, nth): f"{stems[at]}{_end(stems[at], nth, taken)}.{FORMATS.get(kind, kind.lower())}"
        for (at, nth), kind in kinds.items()
    }
    pictures = [one for at in range(len(view)) for one in _output(view, at)]
    refuse_originals([folder / name for name in written.values()], pictures)
    for (at, nth), name in written.items():
        path, picture = folder / name, _output(view, at)[nth]
        try:
            data = file_of(picture)[0]
            facts = described[at]
            how = source_type(facts["service"]) if facts else ""
            _write(path, copies.with_texts(path, data, _texts(facts if metadata else {}, data), how))
            if nth:
                more[at].append(name)
            else:
                files[at] = name
        except PictureError as error:
            left_out.setdefault(at, []).append(_described(picture, error))
        except OSError as error:
            left_out.setdefault(at, []).append(f"{name} cannot be written: {error.strerror or error}")
    copies.tell()
    return WrittenPictures(files, more, {at: "; ".join(left_out[at]) for at in sorted(left_out)}, rows)


def _output(view: FrameView, at: int) -> list[Any]:
    """The pictures of the output of a row: the one that the row shows, or None, and further ones that are there."""
    return [view.pictures[at], *(one for one in view.more[at] if one is not None)]


def _kinds(view: FrameView, left_out: dict[int, list[str]]) -> dict[tuple[int, int], str]:
    """The formats of all pictures, by their row and their place in its output: their first bytes alone are read.

    Parameters
    ----------
    view:
        The frame.
    left_out:
        Gets why those without a format cannot be read, by their rows.
    """
    kinds: dict[tuple[int, int], str] = {}
    for at in range(len(view)):
        if at % PAGE == 0:
            fetch_ahead(
                (one for row in range(at, min(at + PAGE, len(view))) for one in _output(view, row)), small=False
            )
        if reason := view.reason(at):
            left_out.setdefault(at, []).append(f"not a picture: {plain(reason)}")
        for nth, picture in enumerate(_output(view, at)):
            if picture is not None:
                try:
                    kinds[at, nth] = format_of(picture)
                except PictureError as error:
                    left_out.setdefault(at, []).append(_described(picture, error))
    return kinds


def _end(stem: str, nth: int, taken: Container[str]) -> str:
    """The end of the name of a picture: none for the first of an output, then ``_2``, ``_3``.

    Parameters
    ----------
    stem:
        The name of the row's files.
    nth:
        The picture's place in the output, from 0.
    taken:
        The names of all rows, in small letters: no numbered name may be that of another row.
    """
    end = f"_{nth + 1}" if nth else ""
    while nth and f"{stem}{end}".casefold() in taken:
        end = f"_{end}"
    return end


def _texts(facts: Mapping[str, Any], data: bytes) -> dict[str, str]:
    """The texts that a picture carries.

    Parameters
    ----------
    facts:
        What it says of itself; see `describe`. Empty for nothing.
    data:
        Its file.
    """
    if not facts:
        return {}
    width, height = size_of(data) or (None, None)
    return describe(**facts, width=width, height=height)


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


def _descriptions(view: FrameView) -> list[dict[str, Any]]:
    """What the pictures of each row say of themselves; nothing for frames without our parameters."""
    model = str(view.frame.attrs.get(MODEL_OF_FRAME, MODEL.slug))
    if model == MODEL.slug and ("prompt" not in view or "seed" not in view):
        return [{}] * len(view)
    parameters = view.parameters
    names = [name for name in (*parameters, "run", "service") if name in view]
    values = zip(*(view.column(name).values for name in names), strict=True)
    rows = [dict(zip(names, row, strict=True)) for row in values]
    return [
        {
            "parameters": {parameter_of_column(name): row[name] for name in parameters if row.get(name) is not None},
            "model": model,
            "run": str(row.get("run") or ""),
            "service": str(row.get("service") or ""),
        }
        for row in rows
    ]
