"""Two processes on one workspace in one virtual time: each has a name of its own, and can be stopped."""

import asyncio
import contextvars
from types import SimpleNamespace

from segflux_nb.connection import build_engine
from segflux_nb.pictures.store import PictureStore
from segflux_nb.running import process_table
from segflux_nb.running.context import StopToken
from segflux_nb.running.policy.budget import Budget
from segflux_nb.service.addresses import Service
from segflux_nb.sweep.plan import PUBLISHED
from tests.support.virtual import BASE, SeamTransport

_current = contextvars.ContextVar("current", default="table/1:1:1")


class StoppableClock:
    """The clock of a process. While the process is stopped, nothing that waits on this clock goes on.

    What it shows can be shifted, as for a machine whose clocks stand still while it is stopped.
    """

    def __init__(self, clock):
        self._clock = clock
        self._runs = asyncio.Event()
        self._runs.set()
        self.behind = 0.0

    def now(self):
        return self._clock.now() - self.behind

    def monotonic(self):
        return self._clock.monotonic() - self.behind

    def uptime(self):
        return self._clock.uptime() - self.behind

    async def sleep(self, seconds):
        await self._clock.sleep(seconds)
        await self._runs.wait()

    def stop(self):
        self._runs.clear()

    def go_on(self):
        self._runs.set()


class Process:
    """A process with an engine on the workspace and the simulator of a bench. Make it inside the bench's loop."""

    def __init__(self, bench, name):
        self.name = name
        self.bench = bench
        self.clock = StoppableClock(bench.clock)
        self.transport = SeamTransport(bench.simulator, self.clock)
        self.log = bench.log
        self.changes = []

    def start(self, cells, **options):
        """Run cells: the task."""
        context = contextvars.copy_context()
        context.run(_current.set, self.name)
        self.log.runs.plan(cells)
        return asyncio.create_task(self._run(list(cells), options), context=context)

    async def _run(self, cells, options):
        engine = build_engine(
            Service("simulator", BASE, BASE),
            self.transport,
            log=self.log,
            store=PictureStore(self.bench.folder),
            clock=self.clock,
            max_in_flight=8,
            max_rpm=None,
            rates=PUBLISHED,
            jitter=self.bench.jitter,
        )
        stop = StopToken()
        await engine.run(
            cells,
            stop=stop,
            budget=Budget(None),
            on_change=lambda digest, state: self.changes.append((digest, state.status)),
            on_elsewhere=lambda digest, is_other: self.changes.append((digest, is_other)),
            **options,
        )
        await engine.close()
        return stop.reason


def name_processes(monkeypatch, *, gone=()):
    """Let each process have the name that it was given, and a process table in which all but some are alive."""
    monkeypatch.setattr(process_table, "name_of", lambda pid, namespace: _current.get())
    monkeypatch.setattr(process_table, "is_there", lambda pid, started: pid not in gone)
    return SimpleNamespace(first="table/1:1:1", same_machine="table/1:2:1", other_container="table/2:1:1")
