"""Where a workspace is: a folder, or a database with a folder of this machine beside it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from .errors import WorkspaceError
from .model import SIMULATOR
from .runlog.postgres.address import Given, check_place, is_address, local_folder, read
from .saving import path_of

VARIABLE = "SEGFLUX_WORKSPACE"
"""The environment variable that names the workspace where none is given."""

DEFAULT = "segflux-runs"

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Where a workspace is.

    Attributes
    ----------
    folder:
        Its folder; of a workspace in a database, the one on this machine that belongs to it.
    shown:
        What is shown to people: the path as it was given, or the address without its password.
    address:
        The address of the database; empty for a folder.
    """

    folder: Path
    shown: str
    address: str = field(default="", repr=False)

    @property
    def log(self) -> Path:
        """The log's file; of a log in a database, what files that belong to it begin with."""
        return self.folder / ("log" if self.address else "log.sqlite")


def unshown(given: T) -> T | Given:
    """The same place, shown without its password; see `Given`.

    Parameters
    ----------
    given:
        What a user gave.
    """
    return Given(given) if isinstance(given, str) else given


def place_of(given: object) -> Place:
    """Where the workspace is that a user gave; None for what ``SEGFLUX_WORKSPACE`` names, or the usual folder.

    Raises
    ------
    WorkspaceError
        If it is neither a path nor the address of a database, or an address that cannot be read.
    """
    refusal: WorkspaceError
    name = "path"
    if given is None and os.environ.get(VARIABLE):
        name, given = VARIABLE, os.environ[VARIABLE]
    elif given is None:
        given = DEFAULT
    try:
        return _place_of(unshown(given), name)
    except WorkspaceError as error:
        refusal = error.with_traceback(None)  # its frames hold the password
    given = unshown(given)
    raise refusal


def _place_of(given: object, name: str) -> Place:
    """The place that was given.

    Parameters
    ----------
    given:
        A path or an address.
    name:
        What it was given as, for errors.
    """
    address = _as_address(given)
    if address:
        return Place(local_folder(address), read(address).shown, Given(address))
    check_place(str(given) if isinstance(given, str | Path) else "")
    path = path_of(given, name, WorkspaceError)
    return Place(path, str(path))


def _as_address(given: object) -> str:
    """The address of a database, also where a command has taken it for a path; empty for anything else."""
    text = str(given) if isinstance(given, str | Path) else ""
    scheme, slash, rest = text.partition(":/")
    whole = f"{scheme}://{rest.lstrip('/')}" if slash and isinstance(given, Path) else text
    return whole if is_address(whole) else ""


def check_simulator(place: Place, service: object) -> None:
    """Refuse a simulator of one's own on a log that others share: each machine would ask another one.

    Parameters
    ----------
    place:
        Where the workspace is.
    service:
        The service that is asked for.

    Raises
    ------
    WorkspaceError
        If it is "simulator", and the log is in a database.
    """
    if place.address and service == SIMULATOR:
        raise WorkspaceError(
            f'service="simulator" starts a simulator for one machine alone, and {place.shown} is shared',
            remedy="Start one simulator for all, with `segflux serve` behind an address that all machines reach, and"
            ' give it on each: Workspace(..., service="https://simulator.example.org")',
        )
