"""What a user gives to `Workspace`, checked before anything is opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from .errors import WorkspaceError
from .model import SIMULATOR
from .service.addresses import HOSTED, at
from .sweep.plan import PUBLISHED, Rates
from .values import as_integer, as_number, as_python, is_encodable, shown

if TYPE_CHECKING:
    from .simulator.app import Simulator
    from .simulator.service.jobs import Pace


def made_folder(path: Path) -> Path:
    """Make the folder if it does not exist. Returns its absolute path."""
    try:
        folder = path.resolve()
        if not is_encodable(str(folder)):
            raise WorkspaceError(
                f"The workspace {shown(str(path))} cannot be used: the name of a folder in its path is not text",
                remedy="Rename that folder",
            )
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except FileExistsError:
        raise WorkspaceError(
            f"The workspace {shown(str(path))} is a file, and a workspace is a folder",
            remedy="Give a folder. A study in one file is a bundle, and its name ends in .sfx",
        ) from None
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle
        raise WorkspaceError(
            f"The workspace {shown(str(path))} cannot be made: {getattr(error, 'strerror', None) or error}",
            remedy="Give a folder that can be written",
        ) from None
    return folder


def service_of(given: object) -> str | Simulator | None:
    """The service that a user gave, as plain text; None for the default.

    Raises
    ------
    WorkspaceError
        If it is neither a service, nor the base URL of one, nor a simulator.
    """
    service = as_python(given)
    if service is None or isinstance(service, str) or is_simulator(service):
        wanted = service_or_default(service)
        if isinstance(wanted, str) and wanted not in (HOSTED.name, SIMULATOR):
            at(wanted)
        return service
    raise WorkspaceError(
        f"service={shown(given)} is not a service",
        remedy='Leave it out for the hosted service, or use "simulator", a Simulator, or a base URL',
    )


def is_simulator(service: object) -> TypeGuard[Simulator]:
    """Whether this is a simulator. Without one, its server is not loaded to tell."""
    if service is None or isinstance(service, str):
        return False
    from .simulator.app import Simulator

    return isinstance(service, Simulator)


def service_or_default(service: str | Simulator | None) -> str | Simulator:
    """The service that a user gave, or ``SEGFLUX_SERVICE``, or the hosted one."""
    return service if service is not None else os.environ.get("SEGFLUX_SERVICE") or HOSTED.name


def simulated_rates(pace: Pace) -> Rates:
    """What an evaluation costs and takes on a simulator: its own law, and its painting."""
    return Rates(
        PUBLISHED.cost,
        pace.evaluation,
        PUBLISHED.cost_source,
        "the simulator's own times, painting counted",
        slots=pace.workers,
        each=pace.painting,
        begin=pace.begin,
        hardware=pace.hardware,
    )


def count(name: str, value: object) -> int:
    """The value of an argument that is a positive integer.

    Parameters
    ----------
    name:
        The argument.
    value:
        What the user gave.

    Raises
    ------
    WorkspaceError
        If it is not a positive integer.
    """
    try:
        number = as_integer(value)
    except ValueError:
        number = 0
    if not 1 <= number < 1 << 31:
        raise WorkspaceError(f"{name}={shown(value)} is not a positive integer", remedy=f"Write {name}=8")
    return number


def seconds(name: str, value: object) -> float:
    """The value of an argument that is a time, in seconds.

    Parameters
    ----------
    name:
        The argument.
    value:
        What the user gave.

    Raises
    ------
    WorkspaceError
        If it is not a finite number, or is negative.
    """
    try:
        seconds = float(as_number(value))
    except (ValueError, OverflowError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise WorkspaceError(f"{name}={shown(value)} is not a time in seconds", remedy=f"Write {name}=900")
    return seconds
