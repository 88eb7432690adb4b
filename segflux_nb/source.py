"""Where runs come from, and what a selection of them holds of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NoReturn, Self

from .launching import SweepLauncher
from .model import Value
from .pictures.located import LocatedPictures
from .pictures.mounted import pictures_of
from .runlog.journal import ServiceLog

Cell = tuple[str, Mapping[str, Value]]
"""The digest of a cell, and its labels."""


@dataclass(frozen=True)
class Source:
    """Where runs come from, and what starts more of them.

    Attributes
    ----------
    log:
        What the log holds of the service.
    folder:
        The workspace's folder, as an absolute path.
    launcher:
        Plans sweeps and retries runs.
    """

    log: ServiceLog
    folder: Path
    launcher: SweepLauncher

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "Runs cannot be pickled or sent to another process: they read the log of this one. "
            "Send list(runs) or runs.df, or open the workspace there with a Workspace of its own."
        )

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @cached_property
    def pictures(self) -> LocatedPictures:
        """Tells the pictures of the folder from other files that the log may name."""
        return pictures_of(self.folder)
