"""The journal for asynchronous code: its own thread writes, so that the event loop does not wait for the disk.

A log that another program has locked is waited for here, a short attempt at a time. The id of a job that was accepted
meanwhile waits in memory, and in a side file in case this process ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..backoff import Backoff, RandomSource
from ..clock import Clock
from ..daemon_executor import DaemonExecutor
from ..errors import LogLocked, WorkspaceError
from ..lifecycle import State
from ..pictures.store import StoredPicture
from ..runlog.journal import ServiceLog
from ..runlog.rows import AcceptedJob, LoggedRun, Measurement, MorePicture, RunState, is_of_another_key
from ..runlog.seam import Outcome
from ..runlog.side_file import SideFile, is_open_here, side_files
from ..service.stored_pictures import Stored
from .group_commit import GroupCommit
from .log_trouble import LogTrouble
from .news import News
from .ownership import RunId, is_alive, this_process

T = TypeVar("T")

LOCKED_SECONDS = 120.0
"""How long a change waits for a log that another program has locked, before the sweep ends with an error."""

SIDE_FILE_SECONDS = 86_400.0
"""The side file of a process elsewhere that sent no heartbeat for this long is removed, once its ids are entered."""

READERS = 3
"""Threads that read a log through a network."""

LOCKED_PAUSE = Backoff(first=0.1, longest=2.0)
"""Between attempts to write a log that is locked."""

logger = logging.getLogger(__name__)


class AsyncJournal:
    """A service's runs in the log. Writes are awaited; reads are short, and answer at once.

    Parameters
    ----------
    log:
        What the log holds of the service.
    clock:
        Source of the current time, replaced in tests.
    jitter:
        Source of random numbers for pauses, replaced in tests.
    account:
        The account of the present key, as the log names it; None without a key.

    Attributes
    ----------
    account:
        That account.
    trouble:
        What keeps the log from being written or read.
    """

    def __init__(self, log: ServiceLog, clock: Clock, jitter: RandomSource, account: str | None = None) -> None:
        self.account = account
        self.trouble = LogTrouble()
        self._log = log
        self._clock = clock
        self._jitter = jitter
        self._thread = DaemonExecutor(1, "segflux-journal")
        self._group = GroupCommit(self._thread, self._together)
        self._readers: DaemonExecutor | None = None
        self._server_ahead: float | None = None
        self._news: News | None = None
        self._side_file = SideFile(log.path, log.service, this_process())

    @property
    def service(self) -> str:
        """The service."""
        return self._log.service

    @property
    def folder(self) -> Path:
        """The workspace's folder."""
        return self._log.path.parent

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
        return await self.move(run, to, **changes) or await self.reload(run)

    async def accept(self, job: AcceptedJob) -> LoggedRun | None:
        """Give a run the job that was accepted for it; None if the id is that of another run's job.

        The id is kept until the log takes it: the side file has it from the first attempt that fails.

        Parameters
        ----------
        job:
            The job. It is paid for.

        Raises
        ------
        WorkspaceError
            If the log cannot be written for two minutes. The next run of a sweep enters what the side file has.
        """
        run = await self._write(
            self._log.runs.accept,
            job,
            waits_for=WorkspaceError,
            meanwhile=partial(self._keep_aside, job),
        )
        self._side_file.entered(job)
        return run

    async def _keep_aside(self, job: AcceptedJob) -> None:
        try:
            await self._attempt(self._side_file.add, job)
        except OSError as error:
            logger.warning(
                "The service accepted job %s, and neither the log nor %s can be written (%s). It is kept in memory.",
                job.request_id,
                self._side_file.path,
                error.strerror,
            )

    async def reserve_side_file(self, most: int) -> None:
        """Take the space for ids that the log cannot take at once; before the first submit.

        Parameters
        ----------
        most:
            Submits that are ever on the wire at a time.

        Raises
        ------
        WorkspaceError
            If the disk is full.
        """
        if not self._side_file.is_reserved:
            await self._attempt(self._side_file.reserve, most)

    async def enter_accepted(self) -> None:
        """Enter the ids that side files hold in the log: those of this process, and those that others left."""
        await self._write(self._enter_accepted, alone=True)

    def _enter_accepted(self) -> None:
        for job in self._side_file.left:
            self._log.runs.accept(job._replace(owner=None))
            self._side_file.entered(job)
        for found in side_files(self._log.path, self._log.service):
            if is_open_here(found.path):
                continue
            for job in found.jobs:
                self._log.runs.accept(job)
            is_here = found.owner == this_process()
            if is_here or not is_alive(found.owner, self.was_seen, SIDE_FILE_SECONDS):
                found.path.unlink(missing_ok=True)  # else it is its own process's to remove

    def was_seen(self, owner: str, seconds: float) -> bool:
        """Whether a process on another machine, or in another container, was seen lately.

        Parameters
        ----------
        owner:
            The process.
        seconds:
            How long ago its last heartbeat may be.
        """
        silence = self._log.sharing.silence(owner)
        return silence is not None and silence < seconds

    async def claim(self, run: LoggedRun) -> LoggedRun:
        """Take over a run that no process holds; where another process was faster, the run as it is now."""
        return await self._write(self._log.sharing.claim, run, this_process()) or await self.reload(run)

    async def keep_picture(self, run: LoggedRun, picture: MorePicture) -> None:
        """Enter the file of one more picture of a run; see `PictureLog.keep`.

        Parameters
        ----------
        run:
            The run.
        picture:
            The picture, with its file.
        """
        await self._write(self._log.pictures.keep, run, picture)

    async def add_picture(self, run: LoggedRun, url: str, stored: StoredPicture, size: int) -> None:
        """Enter one more picture of a run; see `PictureLog.add`.

        Parameters
        ----------
        run:
            The run.
        url:
            Where the service has it.
        stored:
            Its file.
        size:
            Bytes.
        """
        await self._write(self._log.pictures.add, run.digest, url, vars(stored), size)

    async def more_pictures(self, run: LoggedRun) -> list[MorePicture]:
        """The pictures of a run beside its first one, in order."""
        return await self.read(self._log.pictures.more, run.digest)

    async def incomplete(self, digests: Iterable[str]) -> list[LoggedRun]:
        """Those of these completed runs whose outputs have more pictures that are not on disk."""
        return await self.runs(await self.read(self._log.pictures.incomplete, digests))

    async def heartbeat(self) -> None:
        """Write this process's heartbeat."""
        await self._write(self._log.sharing.heartbeat, this_process())

    async def take_turn(self, per_minute: int) -> float:
        """Take one of this many requests a minute, which all processes share: 0, or the seconds to wait for one."""
        return await self._write(self._log.sharing.take_turn, per_minute)

    # ------------------------------------------------------------------ reads

    async def run(self, digest: str) -> LoggedRun:
        """The row of this digest."""
        return (await self.read(self._log.runs.read, [digest]))[digest]

    async def runs(self, digests: Iterable[str]) -> list[LoggedRun]:
        """The rows of these digests, in order."""
        digests = list(digests)
        logged = await self.read(self._log.runs.read, digests)
        return [logged[digest] for digest in digests]

    def runs_now(self, digests: Iterable[str]) -> list[LoggedRun]:
        """The rows of these digests, in order, for code that may wait for the log."""
        digests = list(digests)
        logged = self._log.runs.read(digests)
        return [logged[digest] for digest in digests]

    async def run_states(self, digests: Iterable[str]) -> dict[str, RunState]:
        """The states of these runs, by digest and in order."""
        digests = list(digests)
        found = await self.read(self._log.runs.states, digests)
        return {digest: found[digest] for digest in digests}

    async def reload(self, run: LoggedRun) -> LoggedRun:
        """The run as the log has it now."""
        return await self.run(run.digest)

    @property
    def is_far(self) -> bool:
        """Whether the log is asked through a network, for which nothing should stand still."""
        return self._log.is_far

    def look(self, run: LoggedRun) -> LoggedRun:
        """The run as the log has it now, for code that may wait for the log."""
        return self._log.runs.read([run.digest])[run.digest]

    async def look_soon(self, run: LoggedRun) -> LoggedRun:
        """The run as the log has it now; an error at once where the log does not answer."""
        return await self._in_reader(self.look, (run,))

    def run_id(self, run: LoggedRun) -> RunId:
        """What tells the run apart from runs of other logs and services."""
        return RunId(str(self._log.path), run.service, run.digest)

    def last_heartbeat(self, owner: str) -> float | None:
        """When a process wrote its last heartbeat, by its own clock; None where it never wrote one."""
        return self._log.sharing.last_heartbeat(owner)

    async def heartbeat_of(self, owner: str) -> float | None:
        """When a process wrote its last heartbeat; None where it never wrote one.

        The clock of a server wrote it, if there is one: then it is told by the clock of this process.
        """
        found = await self.read(self._log.sharing.last_heartbeat, owner)
        if found is None or not self.is_far:
            return found
        if self._server_ahead is None:
            self._server_ahead = await self.read(self._log.sharing.server_ahead)
        return found - self._server_ahead

    async def knows_request(self, request_id: str) -> bool:
        """Whether a run of the log has, or had, the job with this id."""
        return await self.read(self._log.runs.knows_request, request_id)

    async def knows_picture(self, url: str) -> bool:
        """Whether a run of the log has a picture from this address, as stored."""
        return await self.read(self._log.pictures.knows, url)

    async def input_addresses(self) -> list[Stored]:
        """Where the service has input pictures, by what all machines have noted."""
        return await self.read(self._log.inputs.addresses)

    async def note_input_address(self, stored: Stored) -> None:
        """Let other machines know where the service has an input picture, before anything is submitted with it.

        Parameters
        ----------
        stored:
            The picture and its address.
        """
        if self.is_far:
            await self._write(self._log.inputs.add_address, stored)

    async def wait_for_news(self, digests: Collection[str], seconds: float) -> set[str]:
        """Wait until the log may say something new of these runs. Returns those of which it does; all after a while.

        Where the log tells news, it is looked at rarely without any, for runs whose process is gone.

        Parameters
        ----------
        digests:
            The runs. They may change while it waits.
        seconds:
            Between looks at a log that tells no news.
        """
        if self._news is None:
            self._news = News(self._log, self._clock)
        return await self._news.wait(digests, seconds)

    def measured(self) -> list[Measurement]:
        """What the service measured of the latest completed runs, the newest first."""
        return self._log.runs.measured()

    def is_of_another_key(self, run: LoggedRun) -> bool:
        """Whether a run was submitted with a key that is not the present one."""
        return is_of_another_key(run, self.account)

    async def close(self) -> None:
        """Stop the thread once everything is written."""
        await self._group.flush()
        await self._attempt(self._close_side_file)
        self._thread.shutdown(wait=False)
        if self._readers is not None:
            self._readers.shutdown(wait=False)
        if self._news is not None:
            self._news.close()

    def _close_side_file(self) -> None:
        with suppress(WorkspaceError):  # then the next run of a sweep enters them
            for job in self._side_file.left:
                self._log.runs.accept(job._replace(owner=None))
                self._side_file.entered(job)
        self._side_file.close()

    async def _write(
        self,
        write: Callable[..., T],
        *arguments: Any,
        alone: bool = False,
        waits_for: type[WorkspaceError] = LogLocked,
        meanwhile: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        """Write, and wait while another program has the log locked.

        Parameters
        ----------
        write:
            Makes one transaction.
        arguments:
            Its arguments.
        alone:
            Whether it does more than write, and so must not be committed together with others.
        waits_for:
            The errors after which it is tried again.
        meanwhile:
            Called after the first of them.
        """
        end, tries = self._clock.monotonic() + LOCKED_SECONDS, 0
        while True:
            try:
                if alone:
                    found = await self._attempt(write, *arguments)
                else:
                    found = await self._group.write(partial(self._at_once, write, arguments))
            except waits_for as error:
                tries += 1
                self.trouble.met(error, self._clock.monotonic(), end)
                if meanwhile is not None and tries == 1:
                    await meanwhile()
                if self._clock.monotonic() >= end:
                    raise
            else:
                self.trouble.ended()
                return found
            await self._clock.sleep(LOCKED_PAUSE.seconds(tries, self._jitter))

    async def read(self, read: Callable[..., T], *arguments: Any) -> T:
        """Read: at once from a file; from a server in a thread. Again while the log is locked, or does not answer.

        Parameters
        ----------
        read:
            Reads the log.
        arguments:
            Its arguments.
        """
        end, tries = self._clock.monotonic() + LOCKED_SECONDS, 0
        while True:
            try:
                found = await self._in_reader(read, arguments) if self.is_far else read(*arguments)
            except LogLocked as error:
                tries += 1
                self.trouble.met(error, self._clock.monotonic(), end)
                if self._clock.monotonic() >= end:
                    raise
            else:
                self.trouble.ended()
                return found
            await self._clock.sleep(LOCKED_PAUSE.seconds(tries, self._jitter))

    async def _in_reader(self, read: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        """Read once, in a thread.

        Parameters
        ----------
        read:
            Reads the log.
        arguments:
            Its arguments.
        """
        if self._readers is None:
            self._readers = DaemonExecutor(READERS, "segflux-reader")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._at_once, read, arguments)

    async def _attempt(self, write: Callable[..., T], *arguments: Any) -> T:
        """Write now, alone, or raise.

        Parameters
        ----------
        write:
            Makes one transaction.
        arguments:
            Its arguments.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._at_once, write, arguments)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do some work on the thread of the journal, which takes work until the engine is closed.

        Parameters
        ----------
        work:
            Reads files of the workspace.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _together(self, writes: Sequence[Callable[[], Any]]) -> list[Outcome]:
        with self._log.waiting_at_most(0.0):
            return self._log.write_group(writes)

    def _at_once(self, write: Callable[..., T], arguments: tuple[Any, ...]) -> T:
        with self._log.waiting_at_most(0.0):
            return write(*arguments)
