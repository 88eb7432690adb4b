"""``runs.fingerprint()``: text that changes when a picture does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import RunError
from ..model import Value
from ..pictures.mounted import fetch_ahead
from ..selection import Selection
from ..sweep.request import RUN_DIGITS

if TYPE_CHECKING:
    from ..checking.fingerprint import Fingerprint


def fingerprint(runs: Selection) -> Fingerprint:
    """The sha256 of the pixels of each picture, as text for a notebook: it changes with a picture, and says which.

    It is exact. Pictures of the simulator, and those of a bundle or of a workspace that is kept, are the same on
    every execution. Of more than 100 runs, the text has a line for each value of an axis; ``.df`` has each run.

    A service that repeats itself imperfectly gives other lines when it is paid again. ``segflux check`` then compares
    what is seen, if the fingerprint is the last line of its cell; the text says so.

    Raises
    ------
    RunError
        If there are no runs.

    Example
    -------
    ``print(runs.fingerprint())``
    """
    from ..checking.fingerprint import fingerprint_of

    if not runs.cells:
        raise RunError("There is no run in this selection, so it has no fingerprint", remedy="Loosen the condition")
    rows: list[tuple[str, dict[str, Value], Path | None, str]] = []
    known_runs = list(runs._runs())
    names = (name for _, run in known_runs if run is not None for name in run.files.names if name is not None)
    fetch_ahead((runs.source.folder / name for name in names), small=False)
    for (digest, labels), run in known_runs:
        if run is None:
            rows.append((digest[:RUN_DIGITS], dict(labels), None, "planned"))
            continue
        known = {**run.parameters, **run.labels}
        values = {name: known[name] for name in runs.axes if name in known}
        for number, path in enumerate((run.path, *run.more_paths)):
            which = {**values, "picture": number + 1} if number else values
            rows.append((run.run, which, path, run.status if not number else "not served"))
    return fingerprint_of(rows, runs.source.log.service)
