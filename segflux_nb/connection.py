"""A workspace's connection to its service: which service it is, and the engine that runs requests against it."""

from __future__ import annotations

import asyncio
import random
import threading
import weakref
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from . import loopthread
from .backoff import RandomSource
from .clock import Clock
from .markup import count
from .model import MODEL, SIMULATOR, Model
from .pictures.mounted import tier_of
from .pictures.store import PictureStore
from .pictures.tier import Tier
from .runlog.journal import Journal, ServiceLog
from .runlog.picture_files import PictureFile
from .running.async_journal import AsyncJournal
from .running.engine import Engine
from .running.rate_limited_transport import RateLimitedTransport
from .running.rate_limiter import MAX_WAIT, RateLimiter
from .running.refetching import Refetched
from .service.addresses import HOSTED, Service, at
from .service.api import Api
from .service.catalogue import Catalogue
from .service.observed import Observed
from .service.remembered import remember_name, remembered_name
from .service.secret import Secret
from .service.transport import HttpTransport, Transport
from .sweep.plan import Rates, published

T = TypeVar("T")

CAUTIOUS_SECONDS = 3600.0
"""A new engine starts slowly if the log knows of a 429 that is younger than this."""

QUESTION_SECONDS = 5.0
"""How long a question that nothing depends on may take."""

START_SECONDS = 3.0
"""How long the start of a sweep waits for a service that does not answer, to learn which one it is."""

START_PAUSE = 0.25
"""Between these questions."""

ENOUGH = 5
"""With this many measured runs, the log's own means replace the published figures."""


def build_engine(
    service: Service,
    transport: Transport,
    *,
    log: ServiceLog,
    store: PictureStore,
    tier: Tier | None = None,
    clock: Clock,
    secret: Secret | None = None,
    max_in_flight: int,
    max_rpm: int | None,
    max_wait: float = MAX_WAIT,
    rates: Rates,
    jitter: RandomSource = random.random,
) -> Engine:
    """An engine with everything that it needs, as users run it. Tests hand in their own transport, clock and store.

    Parameters
    ----------
    service:
        The service and its addresses.
    transport:
        Sends the requests.
    log:
        What the log holds of the service.
    store:
        Keeps the pictures.
    tier:
        The object store with the copies in the folder; None where the folder keeps the pictures.
    clock:
        Source of the current time.
    secret:
        The API key, which is removed from every text of the service; None where there is none.
    max_in_flight:
        Jobs at the service at a time.
    max_rpm:
        Requests per minute, for all processes that share the log; None for no limit.
    max_wait:
        Seconds for which submits wait for the reset of a rate limit.
    rates:
        What an evaluation costs and takes.
    jitter:
        Source of random numbers for pauses.
    """
    account = None if secret is None else secret.account(log.runs.salt())
    journal = AsyncJournal(log, clock, jitter, account)
    limited_since = clock.now() - CAUTIOUS_SECONDS
    limiter = RateLimiter(
        clock,
        max_in_flight=max_in_flight,
        shared_window=None if max_rpm is None else partial(journal.take_turn, max_rpm),
        max_rpm=max_rpm,
        max_wait=max_wait,
        on_limit=log.note_limit,
        cautious=any(noted_at > limited_since for noted_at, *_ in log.sharing.limits()),
        jitter=jitter,
    )
    observed = Observed(clock, log.note_deviations)
    api = Api(service, RateLimitedTransport(transport, limiter, clock), clock, secret, observed)
    return Engine(
        journal,
        api,
        limiter,
        store,
        tier,
        clock,
        max_in_flight=max_in_flight,
        rates=rates,
        jitter=jitter,
    )


class SweepEngine(Protocol):
    """What the launcher asks of an engine; see `segflux_nb.running.engine.Engine`."""

    def held_elsewhere(self, digests: Iterable[str]) -> dict[str, bool]:
        """The runs among these that are held elsewhere, and whether by another process."""
        ...

    @property
    def run(self) -> Callable[..., Coroutine[Any, Any, None]]:
        """Brings requests as far as they go."""
        ...

    def refetch(self, missing: Collection[PictureFile]) -> Coroutine[Any, Any, list[Refetched]]:
        """Fetch again pictures whose files are gone."""
        ...


class ServiceConnection(Protocol):
    """What a workspace asks of the connection to its service; `Connection` is one."""

    @property
    def service(self) -> str:
        """The service's name."""
        ...

    replays: str
    """The bundle that is replayed in place of a service; empty where there is a service."""

    submits: bool
    """Whether requests are sent: not where a bundle is replayed."""

    def confirm_name(self) -> None:
        """Ask a service that did not answer for its name again."""

    def account(self) -> str | None:
        """The account of the key, as the log names it; None without a key."""

    def hide_key(self, text: str) -> str:
        """A text without the API key."""
        ...

    def balance(self) -> float | None:
        """US dollars on the account; None where that is unknown."""

    def located(self) -> Service | None:
        """The service with its addresses; None where a bundle is replayed."""
        ...

    @property
    def secret(self) -> Secret | None:
        """The API key; None where there is none."""
        ...

    def catalogue(self) -> Future[Catalogue]:
        """Ask for the service's catalogue."""
        ...

    def engine(self) -> SweepEngine:
        """The engine that runs requests against the service."""
        ...

    def rates(self, model: Model = MODEL) -> Rates:
        """What an evaluation of a model costs and takes."""
        ...

    def close(self) -> None:
        """Close it."""


class LocalService(Protocol):
    """A service that runs on this machine."""

    @property
    def url(self) -> str:
        """Its base URL."""
        ...

    def close(self) -> None:
        """Stop it."""
        ...


@dataclass(frozen=True)
class Simulated:
    """What is known of a simulator of this process without a question.

    Attributes
    ----------
    rates:
        Gives what an evaluation takes there, and painting.
    has_credits:
        Whether its account has a limit.
    """

    rates: Callable[[], Rates]
    has_credits: Callable[[], bool]


class Connection:
    """A service, as one workspace reaches it. It sends nothing before something is asked for.

    Every request of a sweep, and the question for the balance, takes a permit of one rate limiter. One request does
    not: whether a base URL is the simulator is asked before the service has a name, and so before its limits in the
    log are known.

    Parameters
    ----------
    address:
        ``segmind``, ``simulator``, or a base URL.
    start:
        Starts the simulator, or gives one that runs; None for another service.
    closes:
        Whether to close that simulator with the connection.
    simulated:
        What a simulator of this process takes and has on its account; None for another service.
    folder:
        The workspace's folder, where pictures are kept.
    journal:
        The log.
    clock:
        Source of the current time, replaced in tests.
    secret:
        The API key; None where there is none.
    max_in_flight:
        Jobs at the service at a time.
    max_rpm:
        Requests per minute; None for no limit.
    max_wait:
        Seconds for which submits wait for the reset of a rate limit.

    Raises
    ------
    WorkspaceError
        For an address that is not one of the three.
    """

    def __init__(
        self,
        address: str,
        start: Callable[[], LocalService] | None,
        *,
        closes: bool,
        simulated: Simulated | None,
        folder: Path,
        journal: Journal,
        clock: Clock,
        secret: Secret | None,
        max_in_flight: int,
        max_rpm: int | None,
        max_wait: float,
    ) -> None:
        if address not in (HOSTED.name, SIMULATOR) and at(address).api == HOSTED.api:  # `at` refuses wrong addresses
            address = HOSTED.name  # or what was paid there would count as not done here
        self._address = address
        self._start = start
        self._closes = closes
        self._simulated = simulated
        self._folder = folder
        self._journal = journal
        self._clock = clock
        self._secret = secret
        self._max_in_flight = max_in_flight
        self._max_rpm = max_rpm
        self._max_wait = max_wait
        self._lock = threading.RLock()
        self._name: str | None = None
        self._is_confirmed = False
        self._engine: Engine | None = None
        self._local: LocalService | None = None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let no other thread decide on the name or the engine. The thread of a forked child may be gone."""
        self._journal.check_process()
        with self._lock:
            yield

    @property
    def service(self) -> str:
        """The service's name: ``segmind``, ``simulator``, or a custom origin without its port."""
        with self._alone():
            if self._name is None:
                self._name, self._is_confirmed = self._ask_for_name(seconds=0.0)
            return self._name

    replays = ""
    """It is a service, and no bundle."""

    submits = True

    def confirm_name(self) -> None:
        """Ask a service that did not answer for its name again, for some seconds. The name that it has then stays."""
        with self._alone():
            if self.service and not self._is_confirmed:
                self._name, _ = self._ask_for_name(START_SECONDS)
                self._is_confirmed = True

    def _ask_for_name(self, seconds: float) -> tuple[str, bool]:
        """The service's name, and whether it is sure: a service that does not answer has the name that is likely.

        A simulator says that it is one, so that its pictures are never taken for a model's. A service that does not
        answer has the name that it had here before. Without one, it is a simulator if it is on this machine and the
        log is empty.

        Parameters
        ----------
        seconds:
            How long a service may take to start.
        """
        if self._address in (HOSTED.name, SIMULATOR):
            return self._address, True
        service = at(self._address)
        is_simulator = loopthread.wait(loopthread.submit(self._is_simulator(service, seconds)))
        if is_simulator is None:
            is_likely = service.is_loopback and not self._journal.services()
            likely = SIMULATOR if is_likely else service.name
            before = remembered_name(self._folder, service.api)  # a copied folder may hold anything
            return before if before in (SIMULATOR, service.name) else likely, False
        name = SIMULATOR if is_simulator else service.name
        remember_name(self._folder, service.api, name)
        return name, True

    @property
    def _log(self) -> ServiceLog:
        return self._journal.of(self.service)

    def account(self) -> str | None:
        """The account of the key, as the log names it; None without a key."""
        return None if self._secret is None else self._secret.account(self._log.runs.salt())

    @property
    def secret(self) -> Secret | None:
        """The API key; None where there is none."""
        return self._secret

    def hide_key(self, text: str) -> str:
        """A text without the API key."""
        return text if self._secret is None else self._secret.redact(text)

    def balance(self) -> float | None:
        """US dollars on the account; None where the service keeps none for us, or does not answer in time."""
        if self.service == SIMULATOR:
            if self._simulated is not None and not self._simulated.has_credits():
                return None
        elif self._secret is None:
            return None
        return loopthread.wait(loopthread.submit(_within(QUESTION_SECONDS, self.engine().api.balance())))

    def catalogue(self) -> Future[Catalogue]:
        """Ask for the service's catalogue, without the key."""
        return loopthread.submit(self.engine().api.catalogue())

    def engine(self) -> Engine:
        """The engine that runs requests against the service."""
        with self._alone():
            if self._engine is None:
                service = self.located()
                self._is_confirmed = True  # the engine keeps the name
                store = PictureStore(self._folder)
                store.tidy(self._clock.now())
                self._engine = build_engine(
                    service,
                    HttpTransport(service, self._secret),
                    log=self._log,
                    store=store,
                    tier=tier_of(self._folder),
                    clock=self._clock,
                    secret=self._secret,
                    max_in_flight=self._max_in_flight,
                    max_rpm=self._max_rpm,
                    max_wait=self._max_wait,
                    rates=self.rates(),
                )
            return self._engine

    def rates(self, model: Model = MODEL) -> Rates:
        """What an evaluation of a model costs and takes: by the log once it has enough runs, else as published."""
        return rates_of(self._log, self._simulated, model)

    def close(self) -> None:
        """Wait until submits on the wire have ended, and close connections."""
        with self._lock:
            engine, local = self._engine, self._local
            self._engine = self._local = None
        if engine is not None:
            loopthread.wait(loopthread.submit(engine.close()))
        if local is not None and self._closes:
            local.close()

    def located(self) -> Service:
        """The service with its addresses. Starts the simulator, if that is the service."""
        if self.service == HOSTED.name:
            return HOSTED
        if self._start is None:
            return at(self._address, name=self.service)
        if self._local is None:
            self._local = self._start()
            if self._closes:
                # Stops the server of a connection that is not closed; at the interpreter's end the workspace does it.
                weakref.finalize(self, self._local.close).atexit = False
        return at(self._local.url, name=self.service)

    async def _is_simulator(self, service: Service, seconds: float) -> bool | None:
        """Ask the service on a connection of its own, which is closed then. None if it does not answer.

        Parameters
        ----------
        service:
            The service.
        seconds:
            How long it may take to start.
        """
        transport = HttpTransport(service, self._secret, QUESTION_SECONDS)
        api = Api(service, transport, self._clock, self._secret)
        end = self._clock.monotonic() + seconds
        try:
            while True:
                answer = await _within(QUESTION_SECONDS, api.is_simulator())
                if answer is not None or self._clock.monotonic() >= end:
                    return answer
                await self._clock.sleep(START_PAUSE)
        finally:
            await transport.close()


def rates_of(log: ServiceLog, simulated: Simulated | None, model: Model = MODEL) -> Rates:
    """What an evaluation costs and takes: as a simulator of this process says, else by the log once it has enough
    runs, else as published.

    Parameters
    ----------
    log:
        What the log holds of the service.
    simulated:
        The simulator; None for another service, or one of another process.
    model:
        The model.
    """
    if simulated is not None and log.service == SIMULATOR and model.slug == MODEL.slug:
        return simulated.rates()
    measured = [
        (evaluations, found.queue + found.render, found.cost)
        for found in log.runs.measured(model=model.slug)
        if (evaluations := model.evaluations(found.parameters))
    ]
    on_page = published(model)
    cost, cost_source = on_page.cost, on_page.cost_source
    priced = [(evaluations, cost) for evaluations, _, cost in measured if cost]
    if log.service != SIMULATOR and len(priced) >= ENOUGH:
        cost = sum(paid for _, paid in priced) / sum(evaluations for evaluations, _ in priced)
        cost_source = f"the mean of {count(len(priced), 'run')} in the log"
    if len(measured) >= ENOUGH:
        seconds: float | None = sum(s for _, s, _ in measured) / sum(evaluations for evaluations, _, _ in measured)
        return Rates(cost, seconds, cost_source, f"the mean of {count(len(measured), 'run')} in the log")
    if log.service != SIMULATOR:
        return Rates(cost, on_page.seconds, cost_source, on_page.seconds_source)
    return Rates(cost, None, cost_source, "no run has been timed yet")


async def _within(seconds: float, question: Awaitable[T]) -> T | None:
    """The answer to a question; None where it takes longer than this."""
    try:
        async with asyncio.timeout(seconds):
            return await question
    except TimeoutError:
        return None
