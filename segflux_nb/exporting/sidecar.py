"""The file beside a picture that holds its parameters, where the picture itself must be left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

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
    path = path_beside(picture)
    path.write_text(texts[OWN] + "\n", encoding="utf-8")
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
