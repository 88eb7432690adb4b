"""The pictures of a frame with their settings: what effects, curves and votes are made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from PIL import Image

from ..errors import PictureError, RunError
from ..markup import count
from ..pictures.appearance import as_shown, encoded, read, readable
from ..pictures.mounted import read_file
from ..pictures.thumbnails import thumbnail
from ..sheets.axes import guessed_axes
from ..sheets.frame_view import FrameView
from ..values import shown

if TYPE_CHECKING:
    import pandas as pd

SEED, STRENGTH, FINETUNE = "seed", "lora_strength", "finetune_id"


@dataclass(frozen=True)
class Study:
    """A frame of pictures, and which of its columns are the settings.

    Attributes
    ----------
    view:
        The frame.
    axes:
        The names of the settings that vary, as far as their values were combined.
    """

    view: FrameView
    axes: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame, image: Any, named: Iterable[Any] = ()) -> Study:
        """The study in a frame.

        Parameters
        ----------
        frame:
            The frame.
        image:
            The column of pictures; None to find it.
        named:
            Columns that the caller names as settings.

        Raises
        ------
        LayoutError
            If there is no such column, or no picture.
        """
        view = FrameView.of(frame, image=image)
        asked = [view.name_of(name) for name in named]
        known = view.varying_axes or guessed_axes(view)
        return cls(view, tuple(name for name in dict.fromkeys([*known, *asked]) if name != "take"))

    @cached_property
    def rows(self) -> list[int]:
        """The rows that have a picture."""
        return [at for at, picture in enumerate(self.view.pictures) if picture is not None]

    @property
    def has_own_seeds(self) -> bool:
        """Whether the seed varies, but not together with the settings: each picture has one of its own."""
        return SEED in self.view and SEED not in self.axes and self.view.column(SEED).varies

    def values(self, at: int, axes: Iterable[str]) -> tuple[Any, ...]:
        """The values of a row.

        Parameters
        ----------
        at:
            The row.
        axes:
            The columns.
        """
        return tuple(self.view.column(name).values[at] for name in axes)

    def settings(self, at: int) -> dict[str, Any]:
        """The values of a row's settings; labels that the frame has for them stand for them."""
        columns = [self.view.column(name) for name in self.axes]
        return {column.name: column.labels[at] if column.given_labels else column.values[at] for column in columns}

    def require(self, what: str) -> None:
        """Raise `RunError` where there are not two pictures.

        Parameters
        ----------
        what:
            What compares pictures.
        """
        if len(self.rows) < 2:
            raise RunError(
                f"The frame has {count(len(self.rows), 'picture')}; {what} compare pictures",
                remedy="Choose more rows",
            )

    def check_axis(self, axis: Any) -> str:
        """The name of a column here, by what the user calls it.

        Raises
        ------
        RunError
            If the frame has no such column.
        """
        if not isinstance(axis, str) or axis not in self.view:
            known = f"The settings that vary are {', '.join(self.axes)}" if self.axes else "No setting varies"
            raise RunError(f"{shown(axis)} is no column of the frame", remedy=known)
        return axis


@dataclass(frozen=True)
class Looked:
    """A picture that was looked at.

    Attributes
    ----------
    identity:
        Equal for pictures that have the same pixels, whatever their files say beside.
    data:
        A file with the picture in small.
    """

    identity: str
    data: bytes

    def image(self, within: tuple[int, int] | None = None) -> Image.Image:
        """The small picture.

        Parameters
        ----------
        within:
            The width and height that are needed, in pixels; None for all of it.
        """
        return read(self.data, within)


def look_at(picture: Any) -> Looked:
    """A picture, decoded once.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """
    if isinstance(picture, Image.Image):
        image = readable(lambda: as_shown(picture))
        data = b""
    else:
        data = picture if isinstance(picture, bytes) else readable(lambda: read_file(picture))
        image = read(data)
    identity = hashlib.sha256(f"{image.size}".encode() + image.tobytes()).hexdigest()
    return Looked(identity, thumbnail(image) or data or encoded(image)[0])


def looked_at(view: FrameView, rows: Iterable[int]) -> dict[int, Looked]:
    """The pictures of some rows, without those that cannot be read. A file that several rows name is read once.

    Parameters
    ----------
    view:
        The frame.
    rows:
        The rows.
    """
    found: dict[int, Looked] = {}
    files: dict[str, Looked | None] = {}
    for at in rows:
        picture = view.pictures[at]
        name = os.fspath(picture) if isinstance(picture, str | os.PathLike) else ""
        if name in files:
            one = files[name]
        else:
            try:
                one = look_at(picture)
            except PictureError:
                one = None
            if name:
                files[name] = one
        if one is not None:
            found[at] = one
    return found


def digest_of(picture: Any) -> str:
    """The digest of a picture: of its file as it is, so that nothing is decoded.

    Parameters
    ----------
    picture:
        A path, the bytes of a file, or a Pillow image.

    Raises
    ------
    PictureError
        Where its file cannot be read.
    """
    if isinstance(picture, Image.Image):
        return look_at(picture).identity
    data = picture if isinstance(picture, bytes) else readable(lambda: read_file(picture))
    return hashlib.sha256(data).hexdigest()


def grouped(keys: Sequence[tuple[Any, ...]], rows: Sequence[int]) -> Mapping[tuple[Any, ...], list[int]]:
    """Rows by their values.

    Parameters
    ----------
    keys:
        The values of each row.
    rows:
        The rows.
    """
    found: dict[tuple[Any, ...], list[int]] = {}
    for key, at in zip(keys, rows, strict=True):
        found.setdefault(key, []).append(at)
    return found
