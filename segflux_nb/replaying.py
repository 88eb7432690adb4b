"""A workspace without a service: it replays a bundle. Nothing is ever sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from .bundle.opened import Bundle, is_bundle
from .clock import Clock, SystemClock
from .connection import Simulated, SweepEngine, rates_of
from .errors import WorkspaceError
from .lifecycle import State
from .markup import count
from .model import MODEL, Model
from .pictures.mounted import MountedPictures, mount
from .reusing import ReplayedRuns, Source
from .runlog.journal import Journal, ServiceLog
from .runlog.picture_files import PictureFile
from .running.context import StopToken
from .running.refetching import Refetched
from .saving import path_of
from .service.kept_catalogue import hold
from .sweep.plan import Rates
from .sweep.request import Request

VARIABLE = "SEGFLUX_REPLAY"
"""The environment variable that names a bundle, which each workspace of the process then reads."""


@dataclass(frozen=True)
class Replay:
    """What a workspace is made of that replays a bundle.

    Attributes
    ----------
    folder:
        The path that the workspace has; pictures are named as if they were in it.
    journal:
        Its log, in memory.
    connection:
        Stands where others have a service.
    sources:
        What is closed with the workspace.
    runs:
        Gives the log what the notebook asks for; None where the log has all of the bundle from the start.
    clock:
        Source of the current time.
    """

    folder: Path
    journal: Journal
    connection: ReplayConnection
    sources: list[Source]
    runs: ReplayedRuns | None
    clock: Clock


def open_replay(path: Path, simulated: Callable[[], Simulated | None]) -> Replay | None:
    """Open the bundle that a path names, or that stands in for every workspace of this process; None for neither.

    Nothing is written, and nothing is ever sent.

    Parameters
    ----------
    path:
        The workspace that the user opens.
    simulated:
        What is known of the simulator that the user names; None for another service.

    Raises
    ------
    WorkspaceError
        If it is not a bundle, or is not as it was written.
    """
    stand_in = _stand_in()
    if stand_in is None and not is_bundle(path):
        return None
    clock, folder = SystemClock(), path.resolve()
    bundle = Bundle(path if stand_in is None else stand_in, clock)
    mount(folder, bundle.pictures)
    hold(folder, bundle.catalogue)
    if stand_in is None:
        connection = ReplayConnection(bundle.name, bundle.log, simulated(), begins_empty=False)
        return Replay(folder, bundle.journal, connection, [], None, clock)
    journal = Journal(folder, clock, in_memory=True)
    connection = ReplayConnection(bundle.name, journal.of(bundle.service), simulated(), begins_empty=True)
    source = Source(bundle.name, bundle.journal, MountedPictures(folder, bundle.pictures))
    return Replay(folder, journal, connection, [source], ReplayedRuns(bundle), clock)


def _stand_in() -> Path | None:
    """The bundle that stands in for every workspace of this process; None without one."""
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = path_of(named, VARIABLE, WorkspaceError)
    if not is_bundle(path):
        raise WorkspaceError(
            f"{VARIABLE}={named!r} is no bundle",
            remedy=f"Give the path of a file that ends in .sfx, or unset {VARIABLE}",
        )
    if not path.exists():
        raise WorkspaceError(
            f"{VARIABLE}={named!r} names no file in {Path.cwd()}"
            if not path.is_absolute()
            else f"{VARIABLE}={named!r} names no file",
            remedy="Give the whole path of the bundle: a notebook is run in its own folder",
        )
    return path


class ReplayConnection:
    """Stands where other workspaces have the connection to their service.

    Parameters
    ----------
    name:
        The name of the bundle, for messages.
    log:
        The log of the workspace.
    simulated:
        What is known of the simulator that the notebook names; None for another service.
    begins_empty:
        Whether plans say what they said before the first run; else they say what the bundle does not have.
    """

    submits = False

    def __init__(self, name: str, log: ServiceLog, simulated: Simulated | None, *, begins_empty: bool) -> None:
        self._name = name
        self.replays = "" if begins_empty else name
        self._log = log
        self._simulated = simulated

    @property
    def service(self) -> str:
        """The service that the runs of the bundle are of."""
        return self._log.service

    def confirm_name(self) -> None:
        """The name is known: nothing is asked."""

    def account(self) -> str | None:
        """There is no key."""
        return None

    def hide_key(self, text: str) -> str:
        """The text: there is no key."""
        return text

    def balance(self) -> float | None:
        """There is no account."""
        return None

    def located(self) -> None:
        """There is no service."""
        return None

    @property
    def secret(self) -> None:
        """There is no key."""
        return None

    def catalogue(self) -> NoReturn:
        """Refuse: what the bundle holds of it is all that is known.

        Raises
        ------
        WorkspaceError
            Always.
        """
        _refuse(self._name)

    def engine(self) -> SweepEngine:
        """Says of each run what the bundle holds."""
        return ReplayEngine(self._name, self._log)

    def rates(self, model: Model = MODEL) -> Rates:
        """What an evaluation cost and took, by the log, else as published."""
        return rates_of(self._log, self._simulated, model)

    def close(self) -> None:
        """There is nothing to close."""


class ReplayEngine:
    """Runs sweeps from a log alone: what is not in it stays planned.

    Parameters
    ----------
    name:
        The name of the bundle, for messages.
    log:
        The log of the workspace.
    """

    def __init__(self, name: str, log: ServiceLog) -> None:
        self._name = name
        self._log = log

    def held_elsewhere(self, digests: Iterable[str]) -> dict[str, bool]:
        """No run is held elsewhere."""
        return {}

    async def run(
        self, requests: Sequence[Request], *, stop: StopToken, retry_held: bool = False, **others: Any
    ) -> None:
        """Say which runs are not in the bundle, and that they stay planned.

        Parameters
        ----------
        requests:
            What to run. The log holds each of them already.
        stop:
            Is told why the sweep ended early.
        retry_held:
            Whether the user asks for what failed again.
        others:
            What matters to an engine that sends something.
        """
        states = self._log.runs.states([request.digest for request in requests])
        absent = [digest for digest, run in states.items() if run.state is State.PLANNED]
        if absent:
            self._log.records.explain_planned(absent, f"it is not in {self._name}, and nothing is sent in a replay")
            are = "is not in" if len(absent) == 1 else "are not in"
            stop.add(
                f"{count(len(absent), 'run')} of {len(states):,} {are} {self._name}: planned, and nothing is sent."
                f' With ws = Workspace("my-folder", reuse=["{self._name}"]), ws.run(sweep) pays for the rest alone'
            )
        elif retry_held:
            stop.add(f"Nothing is sent from {self._name}. In a workspace of your own, ws.run(sweep) tries again")

    def refetch(self, missing: Collection[PictureFile]) -> Coroutine[Any, Any, list[Refetched]]:
        """Refuse: nothing is asked of a service.

        Raises
        ------
        WorkspaceError
            Always.
        """
        _refuse(self._name)


def _refuse(name: str) -> NoReturn:
    raise WorkspaceError(f"{name} is opened read-only, and nothing is asked of a service")
