"""A bundle of a frame: pictures that are no runs, with their rows, in one file that `segflux_nb.read_folder` opens.

::

    pictures/ab/<sha256>.png    pictures, byte for byte as they were, each once
    rows.jsonl                  the rows of the frame, an object in each line
    README.md                   what the file is
    manifest.json               columns, axes, and the size and sha256 of each entry

It is a bundle of another format than that of runs: nothing can be asked for again, so there is nothing to replay.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import PictureError
from ..exporting.folder import refuse_keys
from ..exporting.tables import to_jsonl
from ..markup import count, plain
from ..pictures.decode import FORMATS
from ..pictures.mounted import Mount, mount
from ..sheets.frame_view import AXES_ATTRIBUTE, MORE, FrameView
from ..sheets.reading import file_of
from ..values import is_encodable
from ..version import __version__
from .archive import Archive, refuse
from .card import NO_LICENSE
from .contents import FORMAT_VERSION, MANIFEST, PICTURES_FORMAT, README, ROWS, as_page, digest_in
from .entries import Entries, written_bundle
from .manifest import WRONG, Manifest, read_picture

REPORT = "report"
"""The key of ``frame.attrs`` of what `read_folder` did not understand."""

_DTYPES = ("string", "Int64", "Float64", "boolean")
"""Types of columns that come back; others become those that pandas finds."""

_IMAGE = "image"


@dataclass(frozen=True)
class WrittenFrame:
    """What became of a frame.

    Attributes
    ----------
    path:
        The file.
    rows:
        How many rows it has.
    pictures:
        How many pictures.
    without:
        The reason for each row whose picture is not in it.
    """

    path: Path
    rows: int
    pictures: int
    without: Sequence[str]

    def __str__(self) -> str:
        text = f"{self.path.name}: {count(self.rows, 'row')}, {count(self.pictures, 'picture')}, with all columns"
        if self.without:
            text += f". Without a picture: {count(len(self.without), 'row')}, such as {self.without[0]}"
        return text


def write_frame(path: Path, view: FrameView, *, license: str = "", title: str = "") -> WrittenFrame:
    """Write the pictures and the rows of a frame to one file. The same frame gives the same bytes.

    Parameters
    ----------
    path:
        The file, whose name ends in ``.sfx``. It is replaced.
    view:
        The frame.
    license:
        The licence of the pictures, for the data card.
    title:
        What the data card calls the study.

    Raises
    ------
    BundleError
        If the name has another ending.
    SegfluxError
        If a text holds what looks like an API key, or the file cannot be written.
    """
    frame = view.frame.drop(columns=[view.image, MORE], errors="ignore").reset_index(drop=True)
    attributes = _attributes(view)
    with written_bundle(path) as file, Entries(file) as entries:
        places, without = _write_pictures(entries, view)
        lines = to_jsonl(frame.assign(**{_IMAGE: pd.Series(places, dtype="object")}))
        card = _card(title, license, len(frame), len(entries.pictures), list(frame.columns))
        refuse_keys(f"{lines}{card}{attributes}")
        entries.put(ROWS, [lines.encode("utf-8", "backslashreplace")])
        entries.put(README, [card.encode("utf-8", "backslashreplace")])
        manifest = {
            "format": PICTURES_FORMAT,
            "version": FORMAT_VERSION,
            "written_by": f"segflux_nb {__version__}",
            "rows": len(frame),
            "columns": [{"name": name, "type": str(frame[name].dtype)} for name in frame.columns],
            "attributes": attributes,
            "files": {name: {"bytes": size, "sha256": sha} for name, (size, sha) in entries.files.items()},
            "pictures": dict(entries.pictures),
        }
        entries.put(MANIFEST, [as_page(manifest)])
    return WrittenFrame(path, len(frame), len(entries.pictures), without)


def _attributes(view: FrameView) -> dict[str, Any]:
    """What goes with the frame: its axes, and the report on its folder without the folder's own path."""
    found: dict[str, Any] = {AXES_ATTRIBUTE: list(view.axes)}
    report = view.frame.attrs.get(REPORT)
    if isinstance(report, Mapping):
        found[REPORT] = {**report, "folder": os.path.basename(str(report.get("folder", "")))}
    return found


def _write_pictures(entries: Entries, view: FrameView) -> tuple[list[str | None], list[str]]:
    """Write the pictures, each once. Gives the place of each row's picture, and why rows have none.

    Parameters
    ----------
    entries:
        The file.
    view:
        The frame.
    """
    places: list[str | None] = []
    without: list[str] = []
    if any(picture is not None for picture in view.pictures):
        entries.begin_pictures()
    for at, picture in enumerate(view.pictures):
        place = None
        if picture is None:
            without.append(f"{view.row_names[at]}: {view.reason(at) or 'it has none'}")
        else:
            try:
                data, kind = file_of(picture)
                digest = hashlib.sha256(data).hexdigest()
                place = f"pictures/{digest[:2]}/{digest}.{FORMATS[kind]}"
                if place not in entries.pictures:
                    entries.put_picture(place, data)
            except (PictureError, KeyError) as error:
                place = None
                why = error.what if isinstance(error, PictureError) else "its format is not one of a picture"
                without.append(f"{view.row_names[at]}: {why}")
        places.append(place)
    return places, [plain(one) for one in without]


def _card(title: str, license: str, rows: int, pictures: int, columns: Sequence[str]) -> str:
    """The data card, as Markdown."""
    return "\n".join(
        [
            f"# {plain(title) or 'Pictures of other tools'}",
            "",
            f"{count(rows, 'row')} with {count(pictures, 'picture')}, by segflux_nb {__version__}.",
            "The pictures are byte for byte those that were given, with all that is in their files.",
            "They were made by other tools: no log says what was asked for, or what it cost.",
            "",
            f"Columns: {', '.join(map(plain, columns))}",
            "",
            f"Licence: {plain(license) or NO_LICENSE}",
            "",
            '`sf.read_folder("….sfx")` of segflux_nb gives the frame again. The file is a zip archive.',
            "",
        ]
    )


def open_frame(path: Path) -> pd.DataFrame:
    """The frame in a file. All of it is checked before it is used; its pictures stay in the file.

    Parameters
    ----------
    path:
        The file.

    Raises
    ------
    BundleError
        If it is no bundle of a frame, or is not as it was written.
    """
    archive = Archive(path)
    manifest = Manifest(archive, PICTURES_FORMAT, ROWS)
    manifest.check_texts(archive)
    for place in manifest.pictures:
        if archive.sha256(place) != digest_in(place):
            refuse(path, f"the picture {place} is not the one that was bundled (its sha256 differs)")
    try:
        columns = {str(one["name"]): str(one["type"]) for one in manifest.found["columns"]}
        attributes = dict(manifest.found["attributes"])
        axes = [str(name) for name in attributes[AXES_ATTRIBUTE]]
        number = int(manifest.found["rows"])
        if not all(map(is_encodable, [*columns, *axes])) or not set(axes) <= set(columns):
            raise ValueError
    except WRONG:
        manifest.refuse()
    rows = list(_rows(path, archive, manifest, columns))
    if len(rows) != number:
        refuse(path, f"{ROWS} has {count(len(rows), 'row')}, and its {MANIFEST} says {number:,}")
    folder = Path(os.path.abspath(path))
    mount(
        folder, Mount(folder, manifest.pictures, lambda place: read_picture(archive, place), archive.sha256(MANIFEST))
    )
    images = [None if row[_IMAGE] is None else f"{os.fspath(path)}/{row[_IMAGE]}" for row in rows]
    frame = pd.DataFrame({_IMAGE: pd.Series(images, dtype="string")})
    for name, dtype in columns.items():
        frame[name] = _column([row[name] for row in rows], dtype)
    frame.attrs[AXES_ATTRIBUTE] = axes
    if isinstance(attributes.get(REPORT), dict):
        frame.attrs[REPORT] = attributes[REPORT]
    return frame


def _rows(path: Path, archive: Archive, manifest: Manifest, columns: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The rows of a file: each has all columns, and a picture that is there, or none.

    Parameters
    ----------
    path:
        The file.
    archive:
        The same, opened.
    manifest:
        What it says it is.
    columns:
        The types of its columns.
    """

    def checked(row: Any) -> dict[str, Any]:
        if set(row) != {*columns, _IMAGE}:
            raise ValueError("it has other columns")
        if row[_IMAGE] is not None and row[_IMAGE] not in manifest.pictures:
            raise ValueError("its picture is not in the file")
        if not all(is_encodable(value) for value in row.values() if isinstance(value, str)):
            raise ValueError("it has half a character")
        return dict(row)

    if _IMAGE in columns:
        refuse(path, f"its {MANIFEST} is not as this program writes it")
    return manifest.lines(archive, ROWS, checked)


def _column(values: Sequence[Any], dtype: str) -> pd.Series[Any]:
    """A column of the type that it had; of the one that pandas finds, where its values are others."""
    try:
        return pd.Series(values, dtype=dtype if dtype in _DTYPES else None)
    except (ValueError, TypeError, OverflowError):
        return pd.Series(values, dtype="object")
