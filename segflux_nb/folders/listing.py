"""Which files of a folder are its pictures. Links that lead out of the folder are not followed."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..pictures.thumbnails import FOLDER as THUMBNAILS
from ..sheets.picture_column import ENDINGS

_DIGITS = re.compile(r"(\d+)")

GRID_FOLDER = re.compile(r"(?:txt2img|img2img|extras)-grids", re.IGNORECASE)
"""Where A1111 and Forge save grids, unless they are told otherwise."""

GRID_NAME = re.compile(r"(?:grid|xyz?_grid)-\d{4,}(?:\D.*)?|contact-sheet", re.IGNORECASE | re.DOTALL)
"""How A1111, Forge and our exports name pictures that are made of others."""

PREVIEW = re.compile(r".*\.swarmpreview\.\w+", re.IGNORECASE | re.DOTALL)
"""How SwarmUI names the small pictures that stand for a video."""


@dataclass(frozen=True)
class FoundFile:
    """A picture of a folder.

    Attributes
    ----------
    path:
        Its path.
    parts:
        The names of the folders on the way to it, and its own name.
    """

    path: str
    parts: tuple[str, ...]

    @property
    def name(self) -> str:
        """Its path in the folder."""
        return "/".join(self.parts)

    @property
    def stem(self) -> str:
        """Its name without its ending."""
        return os.path.splitext(self.parts[-1])[0]


@dataclass(frozen=True)
class Listing:
    """What a folder holds.

    Attributes
    ----------
    pictures:
        Its pictures, in the order in which people count: 2 before 10.
    left_out:
        Why something is not one of them, by its path in the folder.
    others:
        How many files are no pictures, by their ending.
    texts:
        The paths of all files that may say something of a picture beside them.
    """

    pictures: list[FoundFile]
    left_out: dict[str, str]
    others: Mapping[str, int]
    texts: frozenset[str] = field(repr=False, default=frozenset())


def list_folder(folder: Path) -> Listing:
    """The pictures of a folder and of all folders in it.

    Parameters
    ----------
    folder:
        The folder.

    Raises
    ------
    OSError
        Where the folder itself cannot be read.
    """
    listing = Listing([], {}, Counter(), frozenset())
    root = os.path.realpath(folder)
    texts: set[str] = set()
    others: Counter[str] = Counter()
    waiting: list[tuple[str, tuple[str, ...]]] = [(os.fspath(folder), ())]
    while waiting:
        place, above = waiting.pop()
        try:
            entries = list(os.scandir(place))
        except OSError as error:
            if not above:
                raise
            listing.left_out["/".join(above)] = f"the folder cannot be read ({error.strerror or error})"
            continue
        for entry in entries:
            parts = (*above, entry.name)
            name = "/".join(parts)
            if entry.is_dir(follow_symlinks=False) and not entry.is_symlink():
                if reason := _reason_for_folder(entry.name):
                    listing.left_out[name] = reason
                else:
                    waiting.append((entry.path, parts))
            elif not entry.name.lower().endswith(ENDINGS):
                if entry.is_symlink() and os.path.isdir(entry.path):
                    listing.left_out[name] = "a link to a folder"
                elif entry.is_file(follow_symlinks=False):
                    texts.add(entry.path)
                    others[os.path.splitext(entry.name)[1].lower()] += 1
                else:
                    listing.left_out[name] = "no regular file"
            elif reason := _reason_for_file(entry, root):
                listing.left_out[name] = reason
            else:
                listing.pictures.append(FoundFile(entry.path, parts))
    listing.pictures.sort(key=_order)
    return Listing(listing.pictures, listing.left_out, others, frozenset(texts))


def _reason_for_folder(name: str) -> str:
    """Why a folder is not looked into; empty for any other one."""
    if name.startswith("."):
        return "a hidden folder"
    if GRID_FOLDER.fullmatch(name):
        return "a folder of grids"
    return "a folder of thumbnails" if name.lower() == THUMBNAILS else ""


def _reason_for_file(entry: os.DirEntry[str], root: str) -> str:
    """Why a file with the ending of a picture is not read; empty for any other one.

    Parameters
    ----------
    entry:
        The file.
    root:
        The folder, with all links in its own path followed.
    """
    stem = os.path.splitext(entry.name)[0]
    if entry.is_symlink():
        target = os.path.realpath(entry.path)
        if not Path(target).is_relative_to(root):
            return "a link that leads out of the folder"
        if not os.path.exists(target):
            return "a link to a file that is not there"
    if not entry.is_file():
        return "no regular file"
    if entry.name.startswith("."):
        return "a hidden file"
    if GRID_NAME.fullmatch(stem):
        return "a grid"
    return "a preview of a video" if PREVIEW.fullmatch(entry.name) else ""


def _order(found: FoundFile) -> list[list[tuple[int, int, str]]]:
    return [list(_counted(part)) for part in found.parts]


def _counted(text: str) -> Iterator[tuple[int, int, str]]:
    """The parts of a name, so that numbers in it are in their order."""
    for part in _DIGITS.split(text.casefold()):
        if part.isdecimal() and part.isascii() and len(part) < 19:
            yield 0, int(part), part
        elif part:
            yield 1, 0, part
