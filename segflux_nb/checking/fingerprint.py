"""The fingerprint of runs: text to print in a notebook, which changes when one of their pictures does."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..analysis.prints import HEX_DIGITS, pixels_sha256
from ..errors import PictureError
from ..markup import count, plain, shorten
from ..model import SIMULATOR
from ..notebook import MimeBundle
from ..sheets.prints import METADATA, THREADS, prints_of_pictures
from ..sheets.reading import whole
from .outputs import COMPARED_BY_PRINTS

if TYPE_CHECKING:
    import pandas as pd

MOST_LINES = 100
"""Of more runs, the text has a line for each value of an axis, not for each run."""

HOSTED_NOTE = (
    "Made by {service}, which may draw the same request a little differently if it is paid for again. These lines "
    "are exact: they then differ, though the pictures may look the same. Only `segflux check` compares what is seen: "
    "end a cell with runs.fingerprint(), without print, and it does."
)

UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class FingerprintRow:
    """One picture of a fingerprint.

    Attributes
    ----------
    run:
        The run's short name.
    values:
        Its values on the axes.
    sha256:
        The sha256 of the size and pixels of its picture; its status in words where it has none.
    picture:
        The file of the picture, or None.
    """

    run: str
    values: Mapping[str, Any]
    sha256: str
    picture: Path | None = field(repr=False)

    @property
    def label(self) -> str:
        """The values in words."""
        return shorten(" · ".join(f"{name} {plain(value)}" for name, value in self.values.items()), 120)

    @property
    def short(self) -> str:
        """The beginning of the sha256, or the status."""
        return self.sha256[:HEX_DIGITS] if self.picture is not None else self.sha256


@dataclass(frozen=True)
class Fingerprint:
    """The sha256 of the pixels of each picture, as text for a notebook.

    Equal pictures have equal fingerprints, however their files are encoded. `print` it where nbval alone checks the
    notebook. As the last line of a cell, it also carries a print of each picture, which ``segflux check`` compares.

    Attributes
    ----------
    rows:
        A row for each picture.
    service:
        The service that made them.
    """

    rows: Sequence[FingerprintRow]
    service: str

    @property
    def digest(self) -> str:
        """One sha256 of all rows."""
        return _digest(self.rows)

    @property
    def is_exact(self) -> bool:
        """Whether the service draws the same picture whenever it is asked again: the simulator does."""
        return self.service == SIMULATOR

    @property
    def df(self) -> pd.DataFrame:
        """A row for each picture: run, values, sha256."""
        import pandas as pd

        return pd.DataFrame([{"run": row.run, **row.values, "sha256": row.sha256} for row in self.rows])

    def __str__(self) -> str:
        there = sum(row.picture is not None for row in self.rows)
        lines = [f"{count(there, 'picture')}, sha256 of their pixels {self.digest[:HEX_DIGITS]}"]
        if len(self.rows) <= MOST_LINES:
            lines += [f"{row.run} {row.short}  {row.label}".rstrip() for row in self.rows]
        else:
            lines += self._by_value()
        return "\n".join(lines if self.is_exact else [*lines, HOSTED_NOTE.format(service=self.service)])

    def __repr__(self) -> str:
        return str(self)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple[MimeBundle, MimeBundle]:
        pictures = [(row.run, row.label, row.picture) for row in self.rows if row.picture is not None]
        prints = prints_of_pictures(pictures)
        if prints and not self.is_exact:
            prints[COMPARED_BY_PRINTS] = True
        return {"text/plain": str(self)}, {METADATA: prints} if prints else {}

    def _by_value(self) -> list[str]:
        """A line for each value of the axis with the most values that are no more than the lines."""
        values: dict[str, dict[str, list[FingerprintRow]]] = {}
        for row in self.rows:
            for name, value in row.values.items():
                values.setdefault(name, {}).setdefault(plain(value), []).append(row)
        fitting = [name for name, rows in values.items() if len(rows) <= MOST_LINES]
        if not fitting:
            return [f"More than {MOST_LINES} values on each axis: .df has a row for each run"]
        name = max(fitting, key=lambda name: len(values[name]))
        lines = [
            f"{name} {value}: {count(len(rows), 'run')} {_digest(rows)[:HEX_DIGITS]}"
            for value, rows in values[name].items()
        ]
        return [*lines, f"runs.where({name}=...).fingerprint() has a line for each run, .df all of them"]


def fingerprint_of(rows: Sequence[tuple[str, Mapping[str, Any], Path | None, str]], service: str) -> Fingerprint:
    """The fingerprint of some pictures.

    Parameters
    ----------
    rows:
        The run's short name, its values, its picture's file or None, and its status.
    service:
        The service that made them.
    """
    paths = list(dict.fromkeys(path for _, _, path, _ in rows if path is not None))
    with ThreadPoolExecutor(THREADS) as pool:
        by_path = dict(zip(paths, pool.map(_pixels, paths), strict=True))
    made = [status if path is None else by_path[path] for _, _, path, status in rows]
    return Fingerprint(
        [
            FingerprintRow(run, values, sha256, None if sha256 == UNREADABLE else path)
            for (run, values, path, _), sha256 in zip(rows, made, strict=True)
        ],
        service,
    )


def _pixels(path: Path) -> str:
    try:
        return pixels_sha256(whole(path))
    except PictureError:
        return UNREADABLE


def _digest(rows: Sequence[FingerprintRow]) -> str:
    return hashlib.sha256("\n".join(f"{row.run} {row.sha256}" for row in rows).encode()).hexdigest()
