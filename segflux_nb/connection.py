"""A workspace's connection to its service: who the service is, and the engine that runs requests against it."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Awaitable, Callable
from functools import cached_property
from pathlib import Path
from typing import Protocol, TypeVar

from . import loopthread
from .clock import Clock
from .model import MODEL
from .pictures.store import PictureStore
from .runlog.journal import Journal, ServiceLog
from .running.engine import Engine
from .running.rate_limiter import RateLimitedTransport, RateLimiter
from .service.addresses import HOSTED, Service, at
from .service.api import Api
from .service.secret import Secret
from .service.transport import HttpTransport
from .sweep.plan import PUBLISHED, Rates

T = TypeVar("T")

SIMULATOR = "simulator"

CAUTIOUS_SECONDS = 3600.0
"""So long after a 429 a new connection begins slowly."""

ASKING_SECONDS = 5.0
"""How long a question that nothing depends on may take."""

ENOUGH = 5
"""So many measured runs, and the log's own means replace what is published."""

_SCALED = "the simulator's time scale, painting not counted"


class Running(Protocol):
    """A service that runs on this machine."""

    @property
    def url(self) -> str:
        """Where it serves."""
        ...

    def close(self) -> None:
        """Stop it."""
        ...


class Connection:
    """A service, reached from one workspace. Nothing is sent before something is asked for.

    Parameters
    ----------
    address:
        ``segmind``, ``simulator``, or a base URL.
    start:
        Gives the simulator, where that is the service.
    closes:
        Whether that simulator is closed with the connection.
    time_scale:
        How fast the simulator runs, where it is the service and that is known.
    folder:
        The workspace's folder, where pictures are kept.
    journal, clock, secret:
        Where it writes, what time it is, and the key.
    max_in_flight, max_rpm:
        Jobs at the service at a time, and requests per minute.

    Raises
    ------
    WorkspaceError
        Where the address is none.
    """

    def __init__(
        self,
        address: str,
        start: Callable[[], Running] | None,
        *,
        closes: bool,
        time_scale: float | None,
        folder: Path,
        journal: Journal,
        clock: Clock,
        secret: Secret | None,
        max_in_flight: int,
        max_rpm: int | None,
    ) -> None:
        if address not in (HOSTED.name, SIMULATOR):
            at(address)  # refuses what is no address, now and not at the first call
        self._address = address
        self._start = start
        self._closes = closes
        self._time_scale = time_scale
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._secret = secret
        self._max_in_flight = max_in_flight
        self._max_rpm = max_rpm
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self._api: Api | None = None
        self._running: Running | None = None

    @cached_property
    def service(self) -> str:
        """The service's name: ``segmind``, ``simulator``, or a custom origin without its port."""
        if self._address in (HOSTED.name, SIMULATOR):
            return self._address
        # A base URL: a simulator says that it is one, so that its pictures are never taken for a model's.
        return SIMULATOR if self._ask(at(self._address), Api.is_simulator) else at(self._address).name

    @property
    def _log(self) -> ServiceLog:
        return self._journal.of(self.service)

    def balance(self) -> float | None:
        """US dollars on the account, where the service keeps one for us and says so in time."""
        if self.service == SIMULATOR or self._secret is None:
            return None
        return self._ask(self._where(), Api.balance)

    def engine(self) -> Engine:
        """The engine that runs requests against the service."""
        with self._lock:
            if self._engine is None:
                pacer = self._pacer()
                service = self._where()
                transport = RateLimitedTransport(HttpTransport(service, self._secret), pacer, self._clock)
                self._api = Api(service, transport, self._clock, self._secret)
                store = PictureStore(self._folder)
                store.tidy(self._clock.now())
                self._engine = Engine(
                    self._log,
                    self._api,
                    pacer,
                    store,
                    self._clock,
                    max_in_flight=self._max_in_flight,
                    rates=self.rates(),
                )
            return self._engine

    def rates(self) -> Rates:
        """What an evaluation costs and takes here: from the log once it has some, else as published."""
        measured = [
            (evaluations, found.queue + found.render, found.cost)
            for found in self._log.runs.measured()
            if (evaluations := MODEL.evaluations(found.parameters))
        ]
        cost, cost_source = PUBLISHED.cost, PUBLISHED.cost_source
        priced = [(evaluations, cost) for evaluations, _, cost in measured if cost]
        if self.service != SIMULATOR and len(priced) >= ENOUGH:
            cost = sum(paid for _, paid in priced) / sum(evaluations for evaluations, _ in priced)
            cost_source = f"the mean of {len(priced)} runs in the log"
        if len(measured) >= ENOUGH:
            seconds: float | None = sum(s for _, s, _ in measured) / sum(
                evaluations for evaluations, _, _ in measured
            )
            return Rates(cost, seconds, cost_source, f"the mean of {len(measured)} runs in the log")
        if self.service != SIMULATOR:
            return Rates(cost, PUBLISHED.seconds, cost_source, PUBLISHED.seconds_source)
        scale = self._time_scale
        seconds = None if scale is None or PUBLISHED.seconds is None else PUBLISHED.seconds * scale
        return Rates(cost, seconds, cost_source, _SCALED if scale else "no run has been timed yet")

    def close(self) -> None:
        """Let submits on the wire end, and close connections."""
        with self._lock:
            engine, api, running = self._engine, self._api, self._running
            self._engine = self._api = self._running = None
        if engine is not None and api is not None:
            loopthread.wait(loopthread.submit(_close(engine, api)))
        if running is not None and self._closes:
            running.close()

    def _where(self) -> Service:
        if self.service == HOSTED.name:
            return HOSTED
        if self._start is None:
            return at(self._address, name=self.service)
        if self._running is None:
            self._running = self._start()
            if self._closes:
                # Whoever forgets to close leaves no server behind; at the interpreter's end the workspace does it.
                weakref.finalize(self, self._running.close).atexit = False
        return at(self._running.url, name=self.service)

    def _pacer(self) -> RateLimiter:
        sharing, most = self._log.sharing, self._max_rpm

        async def window() -> float:
            return await asyncio.to_thread(sharing.take_turn, most or 1)

        lately = self._clock.now() - CAUTIOUS_SECONDS
        return RateLimiter(
            self._clock,
            max_in_flight=self._max_in_flight,
            window=window if most is not None else None,
            max_rpm=most,
            on_limit=lambda what, value, why: sharing.note_limit(what, value, why),
            cautious=any(at > lately for at, *_ in sharing.limits()),
        )

    def _ask(self, service: Service, question: Callable[[Api], Awaitable[T]]) -> T:
        """Ask the service something on a connection of its own, soon closed."""

        async def ask() -> T:
            api = Api(service, HttpTransport(service, self._secret, ASKING_SECONDS), self._clock, self._secret)
            try:
                return await question(api)
            finally:
                await api.close()

        return loopthread.wait(loopthread.submit(ask()))


async def _close(engine: Engine, api: Api) -> None:
    await engine.close()
    await api.close()
