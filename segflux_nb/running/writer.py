"""The journal, written on a thread of its own so that the event loop does not wait for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from ..lifecycle import State
from ..runlog.journal import Journal, LoggedRun
from ..sweep.request import Request
from .owner import Place
from .threads import DaemonExecutor

T = TypeVar("T")


class Writer:
    """A service's runs in a journal.

    Parameters
    ----------
    journal:
        The log.
    service:
        Whose runs.
    """

    def __init__(self, journal: Journal, service: str) -> None:
        self.journal = journal
        self.service = service
        self._thread = DaemonExecutor(1, "segflux-journal")

    async def plan(self, requests: Iterable[Request]) -> None:
        """Enter the requests that the log does not know yet."""
        await self._write(self.journal.plan, self.service, list(requests))

    async def move(self, run: LoggedRun, to: State, **changes: Any) -> LoggedRun | None:
        """Change a run's state durably; None where another process was faster."""
        return await self._write(partial(self.journal.move, run, to, **changes))

    async def settle(self, run: LoggedRun, to: State, **changes: Any) -> LoggedRun:
        """`move`, and where another process was faster, what it made of the run."""
        return await self.move(run, to, **changes) or self.reread(run)

    def runs(self, digests: Iterable[str]) -> list[LoggedRun]:
        """The rows of these digests, in order."""
        digests = list(digests)
        logged = self.journal.runs(self.service, digests)
        return [logged[digest] for digest in digests]

    def reread(self, run: LoggedRun) -> LoggedRun:
        """The run as the log has it now."""
        return self.runs([run.digest])[0]

    def place(self, run: LoggedRun) -> Place:
        """The run, told apart from those of other logs and services."""
        return (str(self.journal.path), run.service, run.digest)

    def close(self) -> None:
        """Stop the thread."""
        self._thread.shutdown(wait=False)

    async def _write(self, write: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, write, *arguments)
