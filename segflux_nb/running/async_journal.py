"""The journal for asynchronous code: its own thread writes, so that the event loop does not wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from ..daemon_executor import DaemonExecutor
from ..lifecycle import State
from ..runlog.journal import ServiceLog
from ..runlog.rows import LoggedRun, Measurement, MorePicture, RunState
from .ownership import RunId, this_process

T = TypeVar("T")


class AsyncJournal:
    """A service's runs in the log. Writes are awaited; reads are short, and answer at once.

    Parameters
    ----------
    log:
        What the log holds of the service.
    """

    def __init__(self, log: ServiceLog) -> None:
        self._log = log
        self._thread = DaemonExecutor(1, "segflux-journal")

    # ------------------------------------------------------------------ writes

    async def move(self, run: LoggedRun, to: State, *, traceback: str = "", **changes: Any) -> LoggedRun | None:
        """Change a run's state durably; None where another process was faster.

        Parameters
        ----------
        run:
            The run as it was last read.
        to:
            The new state.
        traceback:
            Where an error that nothing foresees came from; empty for none.
        changes:
            New values of columns.
        """
        return await self._write(partial(self._log.runs.move, run, to, traceback=traceback, **changes))

    async def move_or_reload(self, run: LoggedRun, to: State, **changes: Any) -> LoggedRun:
        """Change a run's state durably; where another process was faster, the run as it is now.

        Parameters
        ----------
        run:
            The run as it was last read.
        to:
            The new state.
        changes:
            New values of columns.
        """
        return await self.move(run, to, **changes) or self.reload(run)

    async def claim(self, run: LoggedRun) -> LoggedRun:
        """Take over a run that no process holds; where another process was faster, the run as it is now."""
        return await self._write(self._log.sharing.claim, run, this_process()) or self.reload(run)

    async def keep_picture(self, run: LoggedRun, picture: MorePicture) -> None:
        """Enter the file of one more picture of a run; see `RunLog.keep_picture`.

        Parameters
        ----------
        run:
            The run.
        picture:
            The picture, with its file.
        """
        await self._write(self._log.runs.keep_picture, run, picture)

    def more_pictures(self, run: LoggedRun) -> list[MorePicture]:
        """The pictures of a run beside its first one, in order."""
        return self._log.runs.more_pictures(run.digest)

    async def heartbeat(self) -> None:
        """Write this process's heartbeat."""
        await self._write(self._log.sharing.heartbeat, this_process())

    async def take_turn(self, per_minute: int) -> float:
        """Take one of this many requests a minute, which all processes share: 0, or the seconds to wait for one."""
        return await self._write(self._log.sharing.take_turn, per_minute)

    # ------------------------------------------------------------------ reads

    def run(self, digest: str) -> LoggedRun:
        """The row of this digest."""
        return self._log.runs.read([digest])[digest]

    def runs(self, digests: Iterable[str]) -> list[LoggedRun]:
        """The rows of these digests, in order."""
        digests = list(digests)
        logged = self._log.runs.read(digests)
        return [logged[digest] for digest in digests]

    def run_states(self, digests: Iterable[str]) -> dict[str, RunState]:
        """The states of these runs, by digest and in order."""
        digests = list(digests)
        found = self._log.runs.states(digests)
        return {digest: found[digest] for digest in digests}

    def reload(self, run: LoggedRun) -> LoggedRun:
        """The run as the log has it now."""
        return self.run(run.digest)

    def run_id(self, run: LoggedRun) -> RunId:
        """What tells the run apart from runs of other logs and services."""
        return RunId(str(self._log.path), run.service, run.digest)

    def heartbeat_age(self, owner: str) -> float | None:
        """Seconds since the last heartbeat of a process; None where it never wrote one."""
        return self._log.sharing.heartbeat_age(owner)

    def knows_request(self, request_id: str) -> bool:
        """Whether a run of the log has, or had, the job with this id."""
        return self._log.runs.knows_request(request_id)

    def measured(self) -> list[Measurement]:
        """What the service measured of the latest completed runs, the newest first."""
        return self._log.runs.measured()

    def close(self) -> None:
        """Stop the thread once everything is written."""
        self._thread.shutdown(wait=False)

    async def _write(self, write: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, write, *arguments)
