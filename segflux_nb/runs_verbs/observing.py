"""The pictures of a selection as observations: what `effects`, `cheapest` and `probe` compute from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..analysis.observations import Observations
from ..analysis.vectors import vector_of
from ..analysis.verdicts import Noise
from ..errors import PictureError
from ..lifecycle import State
from ..model import Value
from ..pictures.appearance import read
from ..pictures.mounted import fetch_ahead, thumbnail_file
from ..runlog.rows import LoggedRun
from ..selection import Selection
from ..sweep.names import LABEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

DECODED_SIDE = 64
"""Thumbnails are decoded at a fraction of their size, no smaller than this, before they become vectors."""


@dataclass(frozen=True)
class Picture:
    """A run of the log with its picture.

    Attributes
    ----------
    run:
        The run.
    settings:
        The values of its axes; labels stand for their values.
    vector:
        The picture's vector.
    """

    run: LoggedRun
    settings: Mapping[str, Value]
    vector: NDArray[np.float32] = field(repr=False)

    @property
    def identity(self) -> str:
        """Equal for pictures whose files are equal."""
        return self.run.sha256 or self.run.digest


def vector(picture: Path) -> NDArray[np.float32]:
    """The vector of a picture, from its thumbnail.

    Parameters
    ----------
    picture:
        The picture's file.

    Raises
    ------
    PictureError
        Where it cannot be read.
    """
    return vector_of(read(thumbnail_file(picture), (DECODED_SIDE, DECODED_SIDE)))


def pictures_of(runs: Selection) -> tuple[list[Picture], int]:
    """The pictures of a selection, the first take of each request first; and how many runs have none.

    Parameters
    ----------
    runs:
        The selection.
    """
    logged = runs._logged()
    cells = dict(runs.cells)
    found = []
    kept = {run.digest: vector for run, vector in with_vectors(runs, logged.values())}
    for digest, labels in cells.items():
        if digest in kept:
            found.append(Picture(logged[digest], _settings(logged[digest], labels), kept[digest]))
    found.sort(key=lambda picture: picture.run.take)
    return found, len(cells) - len(found)


def with_vectors(runs: Selection, logged: Iterable[LoggedRun]) -> list[tuple[LoggedRun, NDArray[np.float32]]]:
    """Those of these runs of the log that have a picture that can be read, with its vector.

    Parameters
    ----------
    runs:
        The selection, for its folder.
    logged:
        The runs.
    """
    logged = list(logged)
    names = filter(None, (runs.source.pictures.own(run.picture) for run in logged if run.state is State.COMPLETED))
    fetch_ahead((runs.source.folder / name for name in names), small=True)
    found = []
    by_file: dict[str, NDArray[np.float32]] = {}
    for run in logged:
        own = runs.source.pictures.own(run.picture) if run.state is State.COMPLETED else None
        if own is None:
            continue
        if own not in by_file:
            try:
                by_file[own] = vector(runs.source.folder / own)
            except PictureError:
                continue
        found.append((run, by_file[own]))
    return found


def observations_of(pictures: Sequence[Picture], axes: Iterable[str]) -> Observations:
    """The observations of pictures. Of several takes, the first one counts.

    Parameters
    ----------
    pictures:
        The pictures.
    axes:
        The names of the axes; those that a picture has no value of are left out.
    """
    names = [name for name in axes if name != "take" and all(name in picture.settings for picture in pictures)]
    vectors = np.stack([picture.vector for picture in pictures]) if pictures else np.zeros((0, 3), dtype=np.float32)
    return Observations.of(
        [picture.settings for picture in pictures], names, vectors, [picture.identity for picture in pictures]
    )


def noise_of(runs: Selection, logged: Iterable[LoggedRun]) -> Noise:
    """How much the service differs from itself: the takes of these requests, else all takes that the log has.

    Parameters
    ----------
    runs:
        The selection.
    logged:
        Its runs.
    """
    log = runs.source.log.runs
    for takes in (log.takes({run.first_digest for run in logged}), log.takes()):
        vectors = [[vector for _, vector in with_vectors(runs, several)] for several in takes.values()]
        noise = Noise.of([np.stack(several) for several in vectors if len(several) > 1])
        if noise.differences:
            return noise
    return Noise()


def _settings(run: LoggedRun, labels: Mapping[str, Value]) -> dict[str, Value]:
    """The values of a run by axis; the label of a value stands for it."""
    values = {**run.parameters, **labels}
    return {name: labels.get(f"{name}{LABEL}", value) for name, value in values.items()}
