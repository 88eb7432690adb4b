"""The journal, written on a thread of its own so that the event loop does not wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from ..lifecycle import State
from ..runlog.journal import ServiceLog
from ..runlog.rows import LoggedRun, Measurement, RunState
from ..sweep.request import Request
from .daemon_executor import DaemonExecutor
from .ownership import RunId, this_process

T = TypeVar("T")


class AsyncJournal:
    """A service's runs in the log.

    Parameters
    ----------
    log:
        What the log holds of the service.
    """

    def __init__(self, log: ServiceLog) -> None:
        self.log = log
        self._thread = DaemonExecutor(1, "segflux-journal")

    async def plan(self, requests: Iterable[Request]) -> None:
        """Enter the requests that the log does not know yet."""
        await self._write(self.log.runs.plan, list(requests))

    async def move(self, run: LoggedRun, to: State, **changes: Any) -> LoggedRun | None:
        """Change a run's state durably; None where another process was faster."""
        return await self._write(partial(self.log.runs.move, run, to, **changes))

    async def settle(self, run: LoggedRun, to: State, **changes: Any) -> LoggedRun:
        """`move`, and where another process was faster, what it made of the run."""
        return await self.move(run, to, **changes) or self.reread(run)

    async def claim(self, run: LoggedRun) -> LoggedRun:
        """Take over a run that is in nobody's hands; where another process was faster, the run as it is now."""
        return await self._write(self.log.sharing.claim, run, this_process()) or self.reread(run)

    async def beat(self) -> None:
        """Write this process's heartbeat."""
        await self._write(self.log.sharing.beat, this_process())

    async def take_turn(self, most: int) -> float:
        """Take one of so many requests a minute; 0, or the seconds to wait for one."""
        return await self._write(self.log.sharing.take_turn, most)

    def silence(self, owner: str) -> float | None:
        """Seconds since a process was last seen alive; None where it never was."""
        return self.log.sharing.silence(owner)

    def measured(self) -> list[Measurement]:
        """What the service measured of the latest completed runs, the newest first."""
        return self.log.runs.measured()

    def runs(self, digests: Iterable[str]) -> list[LoggedRun]:
        """The rows of these digests, in order."""
        digests = list(digests)
        logged = self.log.runs.read(digests)
        return [logged[digest] for digest in digests]

    def run_states(self, digests: Iterable[str]) -> dict[str, RunState]:
        """Where these runs stand, by digest and in order."""
        digests = list(digests)
        found = self.log.runs.states(digests)
        return {digest: found[digest] for digest in digests}

    def reread(self, run: LoggedRun) -> LoggedRun:
        """The run as the log has it now."""
        return self.runs([run.digest])[0]

    def place(self, run: LoggedRun) -> RunId:
        """The run, told apart from those of other logs and services."""
        return (str(self.log.path), run.service, run.digest)

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=False)

    async def _write(self, write: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, write, *arguments)
