"""``ws.usage()``: what a workspace holds on disk."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..pictures.mounted import mounted_sizes
from ..pictures.store import REJECTED
from ..pictures.thumbnails import FOLDER
from ..session import Session

if TYPE_CHECKING:
    import pandas as pd

_FOLDERS = {"pictures": "pictures", FOLDER: "thumbnails", REJECTED: "rejected", "simulator": "simulator"}
_KINDS = ("pictures", "pictures not in the log", "thumbnails", "rejected", "log", "simulator", "other")


def usage(ws: Session) -> pd.DataFrame:
    """What the workspace holds on disk: for each kind of file, and in total, how many there are and their bytes.

    The kinds are the index: ``pictures``, ``pictures not in the log``, ``thumbnails``, ``rejected`` (bytes that were
    paid for and are no picture), ``log``, ``simulator`` (its ledger), ``other``. `Runs.discard` makes room.

    Example
    -------
    ``ws.usage().loc["total", "bytes"]``
    """
    import pandas as pd

    logged = {
        picture.path for service in ws._journal.services() for picture in ws._journal.of(service).pictures.all()
    }
    files: dict[str, int] = defaultdict(int)
    sizes: dict[str, int] = defaultdict(int)
    for path, size in _files(ws.path):
        kind = _kind(path, path.as_posix() in logged)
        for name in (kind, "total"):
            files[name] += 1
            sizes[name] += size
    index = pd.Index([*_KINDS, "total"], name="kind")
    return pd.DataFrame({"files": [files[name] for name in index], "bytes": [sizes[name] for name in index]}, index)


def _files(folder: Path) -> Iterator[tuple[Path, int]]:
    """The files below a folder, relative to it, with their sizes. One that goes meanwhile is passed over."""
    in_bundle = mounted_sizes(folder)
    if in_bundle is not None:
        yield from ((Path(path), size) for path, size in in_bundle.items())
        return
    # The folder of all pictures may be a link, to a larger disk.
    for place, _, names in os.walk(folder, followlinks=True):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):
                yield path.relative_to(folder), path.stat().st_size


def _kind(path: Path, is_logged: bool) -> str:
    """What a file of a workspace is.

    Parameters
    ----------
    path:
        The file, relative to the workspace.
    is_logged:
        Whether the log has a picture of that name.
    """
    if len(path.parts) == 1:
        return "log" if path.name.startswith(("log.sqlite", "log-accepted-")) else "other"
    kind = _FOLDERS.get(path.parts[0], "other")
    return "pictures not in the log" if kind == "pictures" and not is_logged else kind
