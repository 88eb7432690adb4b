"""Files beside a picture that hold its parameters or its mark, where the picture itself cannot carry them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .marking import packet
from .reading import json_object

OWN = "segflux"
"""The keyword of our JSON."""


def path_beside(picture: Path) -> Path:
    """Where the parameters of a picture are kept beside it.

    >>> path_beside(Path("pictures/seed-7.jpg")).as_posix()
    'pictures/seed-7.json'
    """
    return picture.with_suffix(".json")


def write(picture: Path, texts: Mapping[str, str]) -> Path:
    """Write our JSON beside a picture.

    Parameters
    ----------
    picture:
        The picture's file.
    texts:
        The texts, by keyword.
    """
    return _written(path_beside(picture), texts[OWN] + "\n")


def write_mark(picture: Path, how: str) -> Path:
    """Write a packet of XMP beside a picture, where programs for photos look for one: ``seed-7.xmp``.

    Parameters
    ----------
    picture:
        The picture's file.
    how:
        How it was made; see `marking`.
    """
    return _written(picture.with_suffix(".xmp"), packet(how))


def _written(path: Path, text: str) -> Path:
    if path.is_symlink():  # it may lead to another folder
        path.unlink()
    path.write_text(text, encoding="utf-8")
    return path


def read(picture: Path) -> dict[str, str]:
    """The text beside a picture, by our keyword; empty where there is none of ours.

    Parameters
    ----------
    picture:
        The picture's file.
    """
    try:
        text = path_beside(picture).read_text(encoding="utf-8")
    except (OSError, ValueError):  # no file, or not a text: it has nothing to do with the picture
        return {}
    found = json_object(text)
    return {OWN: text} if {"schema", "model", "parameters"} <= set(found) else {}
