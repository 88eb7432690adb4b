"""Virtual time: an event loop that jumps to its next timer instead of waiting, and a service without a socket."""

import asyncio
import random
import selectors
import signal
from email.utils import formatdate
from functools import lru_cache
from pathlib import Path

from segflux_nb.connection import build_engine
from segflux_nb.errors import AnswerLost, NotSentError
from segflux_nb.pictures.store import PictureStore
from segflux_nb.runlog.journal import Journal
from segflux_nb.running.context import StopToken
from segflux_nb.running.policy.budget import Budget
from segflux_nb.service.addresses import Service
from segflux_nb.service.secret import Secret
from segflux_nb.service.transport import HttpResponse
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.service.protocol import HISTORY_HEADER
from segflux_nb.simulator.service.responses import ServiceRequest
from segflux_nb.sweep.plan import PUBLISHED

BASE = "http://127.0.0.1:1"
EPOCH = 1_800_000_000.0


class _JumpingSelector(selectors.DefaultSelector):
    skipped = 0.0

    def select(self, timeout=None):
        if timeout is None:  # no timer is left: nothing but a thread can wake the loop
            return super().select()
        self.skipped += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self):
        return self._jumping.skipped

    def run_in_executor(self, executor, function, *arguments):
        future = self.create_future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future


def _interrupt(number, frame):
    raise KeyboardInterrupt


class VirtualClock:
    """The loop's time, going on where an earlier loop stopped."""

    def __init__(self):
        self.before = 0.0
        self.loop = None

    def monotonic(self):
        return self.before + (self.loop.time() if self.loop is not None else 0.0)

    uptime = monotonic

    def now(self):
        return EPOCH + self.monotonic()

    async def sleep(self, seconds):
        await asyncio.sleep(seconds)

    def run(self, coroutine):
        """Run a coroutine to its end; tasks left behind are cancelled, as a dying process leaves them."""
        self.loop = VirtualLoop()
        # With the usual handler, `Runner` installs one of its own, whose text is made at each transaction of the log.
        handler = signal.signal(signal.SIGINT, _interrupt)
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                return runner.run(coroutine)
        finally:
            self.before, self.loop = self.monotonic(), None
            signal.signal(signal.SIGINT, handler)


class SkewedClock:
    """A clock of the client's own, which may be wrong about the date."""

    def __init__(self, clock):
        self.clock = clock
        self.skew = 0.0
        self.monotonic, self.uptime, self.sleep = clock.monotonic, clock.uptime, clock.sleep

    def now(self):
        return self.clock.now() + self.skew


@lru_cache(maxsize=1)
def _date(second):
    """A moment as a header: many answers come in one second."""
    return formatdate(second, usegmt=True)


class SeamTransport:
    """Calls a simulator's protocol directly."""

    def __init__(self, simulator, clock, *, key=None, latency=0.05, declares_history=True):
        self.simulator, self.clock, self.key = simulator, clock, key
        self.latency, self.declares_history = latency, declares_history
        self.handshake = 0.0
        self.ready = 0
        self.reachable = True
        self.stale = False
        self.sent = []
        self.statuses = []

    async def prepare_submit(self, url):
        if self.handshake and self.reachable:
            await self.clock.sleep(self.handshake)
            self.ready += 1

    async def send(self, request):
        if not self.reachable:
            raise NotSentError("http://127.0.0.1:1 cannot be reached: connection refused")
        self.sent.append((request.purpose, request.url))
        if request.purpose == "submit" and self.handshake:
            self.ready -= 1
            if self.ready < 0:
                self.ready = 0
                await self.clock.sleep(self.handshake)
        await self.clock.sleep(self.latency)
        if reason := request.fence():
            raise NotSentError(reason)
        if request.between is not None and (reason := await request.between()):
            raise AnswerLost(reason)
        headers = {"content-type": "application/json"} if request.content is not None else {}
        if self.key and request.purpose != "download":
            headers["x-api-key"] = self.key
        path = request.url.removeprefix(BASE)
        if self.stale and request.purpose not in ("submit", "download"):
            self.stale = False
            raise AnswerLost("the connection that was kept had been closed")
        reply, body = self.simulator.reply(
            ServiceRequest(request.method, path, BASE, request.query, headers, request.content or b"")
        )
        if reply.ready_at is not None:
            await self.clock.sleep(max(0.0, reply.ready_at - self.clock.now()))
        await self.clock.sleep(self.latency)
        # Submits have their own connections, which are not used again.
        self.stale = self.stale or (reply.closes and request.purpose not in ("submit", "download"))
        if reply.cut:
            raise AnswerLost("the connection was closed before the answer came")
        answered = {k: v for k, v in reply.headers.items() if self.declares_history or k != HISTORY_HEADER}
        answered["date"] = _date(int(self.clock.now()))
        self.statuses.append(reply.status)
        return HttpResponse(reply.status, answered, body)

    async def close(self):
        pass


class Bench:
    """A workspace's engine on a simulated service in virtual time.

    `build_engine` builds the engine, as for users; its transport, clock, store and random numbers are handed in.
    """

    def __init__(self, folder: Path, /, *, key=None, declares_history=True, durable=True, address="", **settings):
        self.folder = folder
        self.address = address
        self.durable = durable
        self.clock = VirtualClock()
        self.client_clock = SkewedClock(self.clock)
        self.simulator = Simulator(**{"time_scale": 1, "paint": False, **settings}, key=key, clock=self.clock)
        self.ledger = self.simulator.ledger
        self.transport = SeamTransport(self.simulator, self.clock, key=key, declares_history=declares_history)
        self.journal = self.open_journal()
        self.jitter = random.Random(0).random
        self.stop = StopToken()
        self.tier = None

    def open_journal(self):
        if self.address:
            clock = self.client_clock
            return Journal(self.folder / "log", clock, address=self.address, durable=self.durable, plays=True)
        return Journal(self.folder / "log.sqlite", self.client_clock, durable=self.durable)

    @property
    def log(self):
        return self.journal.of("simulator")

    def engine(self, max_in_flight=8, max_rpm=None):
        return build_engine(
            Service("simulator", BASE, BASE),
            self.transport,
            log=self.log,
            store=PictureStore(self.folder, durable=self.durable),
            tier=self.tier,
            clock=self.client_clock,
            secret=Secret(self.transport.key) if self.transport.key else None,
            max_in_flight=max_in_flight,
            max_rpm=max_rpm,
            rates=PUBLISHED,
            jitter=self.jitter,
        )

    def run(self, requests, **options):
        self.drive(requests, **options)
        return self.rows(requests)

    def drive(self, requests, *, cap=None, max_in_flight=8, max_rpm=None, during=None, **options):
        self.stop = StopToken()
        requests = list(requests)
        self.log.runs.plan(requests)

        async def main():
            engine = self.engine(max_in_flight, max_rpm)
            work = asyncio.ensure_future(
                engine.run(
                    requests,
                    stop=self.stop,
                    budget=Budget(cap),
                    on_change=lambda digest, state: None,
                    **options,
                )
            )
            if during is not None:
                await during(work)
            await work
            await engine.close()

        self.clock.run(main())

    def rows(self, requests):
        logged = self.log.runs.read([request.digest for request in requests])
        return [logged[request.digest] for request in requests]

    def states(self, requests):
        return [row.state.value for row in self.rows(requests)]
