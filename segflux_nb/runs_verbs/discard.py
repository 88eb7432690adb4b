"""``runs.discard(pictures=True)``: remove pictures, and keep in the log that they were paid for."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RunError
from ..markup import count
from ..pictures.store import remove_rejected
from ..selection import Selection
from ..sweep.request import RUN_DIGITS


@dataclass(frozen=True)
class Discarded:
    """What `Runs.discard` removed; `print` it.

    Attributes
    ----------
    pictures:
        The number of picture files that were removed.
    bytes:
        What they and their thumbnails took on disk.
    kept:
        The number of files that stay, because other runs have the same picture.
    """

    pictures: int
    bytes: int
    kept: int = 0

    def __str__(self) -> str:
        kept = f"; {count(self.kept, 'file')} kept, which other runs have too" if self.kept else ""
        return f"{count(self.pictures, 'picture')} removed, {self.bytes / 1e6:,.1f} MB{kept}"


def discard(runs: Selection, *, pictures: bool = False) -> Discarded:
    """Remove the pictures of these runs and their thumbnails from the disk. The log keeps that they were paid for.

    The runs become ``discarded``: they are not fetched again and not submitted again, unless you pay for another take
    with ``again=True``. Parameters, marks, votes and costs stay. A file that other runs have too is kept. What you
    exported stays where it is. This cannot be undone.

    Parameters
    ----------
    pictures:
        True, to say that you mean it.

    Raises
    ------
    RunError
        Without ``pictures=True``.
    WorkspaceError
        If a file cannot be removed.

    Example
    -------
    ``print(runs.where(seed=7).discard(pictures=True))``
    """
    if pictures is not True:
        raise RunError(
            f"discard() removes the pictures of {count(len(runs), 'run')} for good",
            remedy="Write discard(pictures=True)",
        )
    source = runs.source
    if source.pictures.read_only:
        raise RunError(
            f"{source.pictures.read_only}: its pictures are not removed", remedy="Leave runs out when you bundle them"
        )
    digests = list(dict.fromkeys(digest for digest, _ in runs.cells))
    files = source.log.pictures.of(digests)
    shared = source.log.pictures.used_elsewhere(digests)
    source.log.pictures.forget(files)
    paths = {picture.path for picture in files if source.pictures.own(picture.path) is not None}
    removed = [source.pictures.remove(paths - shared)]
    removed += [remove_rejected(source.folder, digest[:RUN_DIGITS]) for digest in digests]
    return Discarded(len(paths - shared), sum(removed), len(paths & shared))
