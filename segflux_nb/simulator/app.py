"""The simulator as a running service: the protocol behind a standard server."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..clock import Clock, SystemClock
from ..model import MODEL
from .render import PaintCache, corrupted, painted, tiny
from .service.faults import Fault, Faults
from .service.jobs import Settings
from .service.ledger import Ledger
from .service.protocol import Protocol
from .service.responses import ServiceRequest, ServiceResponse

_TRANSPORT = "segflux.transport"
LINGER_SECONDS = 0.3
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Simulator:
    """Segmind's service, simulated: real HTTP, the same protocol, pictures by a small flow model.

    It begins to serve when its `url` is first asked for, or at the start of a ``with`` block.

    Parameters
    ----------
    port, host:
        Where it listens: a free port of 127.0.0.1 unless told otherwise. Anywhere else it demands a key.
    key:
        The API key that it demands; None takes any, or none.
    time_scale:
        Scales queue and inference (22 s by default become 0.44 s), not retention or rate windows.
    mean_seconds, spread:
        Service time of 25 Euler steps, unscaled: mean, and coefficient of variation. Other samplers and steps take
        as much longer as they evaluate more.
    price:
        US dollars for 25 Euler steps.
    cold_start:
        Seconds, unscaled, that the first job after ten idle minutes waits.
    workers, queue_limit:
        How many jobs run at a time; how many may wait before a submit is answered 503 (None: any number).
    max_in_flight:
        Jobs queued or running before a submit is answered 429, or None.
    rpm, count_gets:
        Calls per minute before 429, or None for no limit; whether GETs count, or submits alone.
    credits:
        US dollars on the account, or None for no limit.
    history_delay, history_complete:
        Seconds after a submit when its row comes to the history; and after which the history is declared complete
        (None: not declared).
    faults:
        What goes wrong: see `segflux_nb.simulator.faults.KINDS`.
    seed:
        Service times, ids and faults drawn at a rate depend on it.
    paint:
        False answers with tiny valid pictures, for tests of everything else.
    folder:
        Where it keeps its ledger, so that another process goes on with it; None is memory.
    clock:
        What time it is, for tests.

    Attributes
    ----------
    ledger:
        Every accepted submit and what it is billed: `submits`, `billed`, `entries()`.

    Example
    -------
    ::

        with Simulator() as simulator:
            ws = Workspace("study", service=simulator)
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        key: str | None = None,
        time_scale: float = 0.02,
        mean_seconds: float = MODEL.seconds,
        spread: float = 0.15,
        price: float = MODEL.price,
        cold_start: float = 0.0,
        workers: int = 64,
        queue_limit: int | None = None,
        max_in_flight: int | None = None,
        rpm: int | None = None,
        count_gets: bool = False,
        credits: float | None = None,
        history_delay: float = 0.0,
        history_complete: float | None = 1.0,
        faults: Mapping[str, Fault] | None = None,
        seed: int = 0,
        paint: bool = True,
        folder: str | Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        if host not in _LOOPBACK and not key:
            raise ValueError(f"listening on {host}, beyond this machine, the simulator demands a key: give key=")
        self._host, self._port = host, port
        self._clock = clock or SystemClock()
        path = None
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = Path(folder) / "ledger.sqlite"
        self.settings = Settings(
            key=key,
            time_scale=time_scale,
            mean_seconds=mean_seconds,
            spread=spread,
            price=price,
            cold_start=cold_start,
            workers=workers,
            queue_limit=queue_limit,
            max_in_flight=max_in_flight,
            rpm=rpm,
            count_gets=count_gets,
            credits=credits,
            history_delay=history_delay,
            history_complete=history_complete,
            seed=seed,
        )
        self.ledger = Ledger(path, self._clock.now)
        self._gallery = PaintCache(painted) if paint else PaintCache(tiny, painters=0)
        self.protocol = Protocol(self.settings, self.ledger, Faults(faults or {}, seed), self._gallery.ahead)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def __repr__(self) -> str:
        return "Simulator()"

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where it serves: ``http://127.0.0.1:<port>``."""
        return f"http://{self._host}:{self._start()}"

    def close(self) -> None:
        """Stop serving. What it keeps in a folder stays."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._server is not None and self._thread is not None:
                self._server.leave()
                self._thread.join()
        self._gallery.close()
        self.ledger.close()

    def reply(self, call: ServiceRequest) -> tuple[ServiceResponse, bytes]:
        """The answer to a call and its body, painted if need be: the protocol without a socket."""
        if self.protocol.leaves_unread(call.method, call.path):
            return ServiceResponse(500, cut="before"), b""
        reply = self.protocol.handle(call, self._clock.now())
        entry = reply.picture or reply.measures
        return reply, reply.body if entry is None else _body(reply, self._gallery.picture(entry).result())

    def _start(self) -> int:
        with self._lock:
            if self._closed:
                raise RuntimeError("the simulator is closed")
            if self._server is None:
                listener = _listener(self._host, self._port)
                self._port = int(listener.getsockname()[1])
                app = Starlette()
                app.router.default = self._serve  # one way in: the protocol knows the paths
                self._server = _Server(
                    uvicorn.Config(
                        app,
                        http=cast("type[Any]", partial(_CuttableProtocol, leaves_unread=self.protocol.leaves_unread)),
                        ws="none",
                        lifespan="off",
                        log_config=None,
                        access_log=False,
                        timeout_graceful_shutdown=5,
                    )
                )
                # A daemon: an interpreter that ends does not wait for a service of its own.
                self._thread = threading.Thread(
                    target=self._server.run, args=([listener],), name="segflux-simulator", daemon=True
                )
                self._thread.start()
                self._server.ready.wait()
            return self._port

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            content = await request.body()
        except ClientDisconnect:  # nobody waits for an answer
            return
        call = ServiceRequest(
            method=request.method,
            path=request.url.path,
            base_url=str(request.base_url).rstrip("/"),
            query=dict(request.query_params),
            headers=dict(request.headers),
            body=content,
        )
        reply = self.protocol.handle(call, self._clock.now())
        entry, body = reply.picture or reply.measures, reply.body
        if entry is not None:
            body = _body(reply, await asyncio.wrap_future(self._gallery.picture(entry)))
        if reply.ready_at is not None:
            await self._clock.sleep(max(0.0, reply.ready_at - self._clock.now()))
        response = Response(body, reply.status, dict(reply.headers))
        transport: asyncio.Transport = scope[_TRANSPORT]
        if reply.cut:
            await _cut(response, transport, receive, send, middle=reply.cut == "middle")
            return
        await response(scope, receive, send)
        if reply.closes:
            transport.close()


def _body(reply: ServiceResponse, picture: bytes) -> bytes:
    """The body of an answer that is a picture, or names its size."""
    return corrupted(picture if reply.compose is None else reply.compose(len(picture)), reply.corrupted)


def _listener(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    # The protocol is named, because asyncio switches Nagle's algorithm off (40 ms an answer) only where it is.
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(2048)
    return listener


async def _cut(
    response: Response, transport: asyncio.Transport, receive: Receive, send: Send, *, middle: bool
) -> None:
    """Cut the connection before an answer, or after the first half of its body."""
    if middle:
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        half = bytes(response.body[: len(response.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        transport.close()  # what was sent still leaves
    else:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


class _CuttableProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which hands the connection to the application so that it can be cut, or cuts it itself."""

    def __init__(self, *arguments: Any, leaves_unread: Callable[[str, str], bool], **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._leaves_unread = leaves_unread

    def on_headers_complete(self) -> None:
        path = self.url.split(b"?")[0].decode("ascii", "replace")
        if self._leaves_unread(self.parser.get_method().decode("ascii"), path):
            self.transport.abort()
            return
        super().on_headers_complete()
        cast("dict[str, Any]", self.scope)[_TRANSPORT] = self.transport

    def on_body(self, body: bytes) -> None:
        if not self.transport.is_closing():
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self.transport.is_closing():
            super().on_message_complete()


class _Server(uvicorn.Server):
    """Uvicorn's server, telling when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._leaving: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def leave(self) -> None:
        """Stop serving, from any thread; at once, where uvicorn would look ten times a second."""
        self.should_exit = True
        if self._loop is not None and self._leaving is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._leaving.set)

    async def main_loop(self) -> None:
        self._loop, self._leaving = asyncio.get_running_loop(), asyncio.Event()
        counter = 0
        while not (self.should_exit or await self.on_tick(counter)):
            counter = (counter + 1) % 864_000
            with suppress(TimeoutError):
                async with asyncio.timeout(0.1):
                    await self._leaving.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Clients that keep a connection open get a moment to be answered, and no more.
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._hang_up)
        await super().shutdown(sockets)

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
