"""The simulator as a running service: the protocol behind a standard server on loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..clock import Clock, SystemClock
from .faults import Fault, Faults
from .ledger import Ledger
from .protocol import Call, Protocol, Reply, Settings
from .render import Gallery, painted, tiny

_TRANSPORT = "segflux.transport"
_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]


class Simulator:
    """Segmind's service, simulated: real HTTP on loopback, the same protocol, pictures by a small flow model.

    It begins to serve when its `url` is first asked for, or at the start of a ``with`` block.

    Parameters
    ----------
    port:
        The port on 127.0.0.1, or 0 for a free one.
    key:
        The API key that it demands; None takes any, or none.
    time_scale:
        Scales queue and inference (22 s by default become 0.44 s), not retention or rate windows.
    workers:
        How many jobs run at a time; the others queue.
    rpm:
        Submits per minute before it answers 429, or None for no limit.
    credits:
        US dollars on the account, or None for no limit.
    faults:
        What goes wrong: see `segflux_nb.simulator.faults.KINDS`.
    seed:
        Service times, ids and faults drawn at a rate depend on it.
    paint:
        False answers with tiny valid pictures, for tests of everything else.
    folder:
        Where it keeps its ledger, so that another process goes on with it; None is memory.

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
        key: str | None = None,
        time_scale: float = 0.02,
        workers: int = 64,
        rpm: int | None = None,
        credits: float | None = None,
        faults: Mapping[str, Fault] | None = None,
        seed: int = 0,
        paint: bool = True,
        folder: str | Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._port = port
        self._clock = clock or SystemClock()
        path = None
        if folder is not None:
            Path(folder).mkdir(parents=True, exist_ok=True)
            path = Path(folder) / "ledger.sqlite"
        self.settings = Settings(key, time_scale, workers, rpm, credits, seed)
        self.ledger = Ledger(path, self._clock.now)
        self._gallery = Gallery(painted if paint else tiny)
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
        return f"http://127.0.0.1:{self._start()}"

    def close(self) -> None:
        """Stop serving. What it keeps in a folder stays."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._server is not None and self._thread is not None:
                self._server.should_exit = True
                self._thread.join()
        self._gallery.close()
        self.ledger.close()

    def reply(self, call: Call) -> tuple[Reply, bytes]:
        """The answer to a call and its body, painted if need be: the protocol without a socket."""
        reply = self.protocol.handle(call, self._clock.now())
        if reply.picture is None:
            return reply, reply.body
        return reply, self.protocol.finish_picture(reply.picture, self._gallery.picture(reply.picture).result())

    def _start(self) -> int:
        with self._lock:
            if self._closed:
                raise RuntimeError("the simulator is closed")
            if self._server is None:
                listener = socket.create_server(("127.0.0.1", self._port), backlog=2048)
                self._port = int(listener.getsockname()[1])
                app = Starlette(routes=[Route("/{path:path}", self._endpoint, methods=_METHODS)])
                self._server = _Server(
                    uvicorn.Config(
                        app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False
                    )
                )
                # A daemon: an interpreter that ends does not wait for a service of its own.
                self._thread = threading.Thread(
                    target=self._server.run, args=([listener],), name="segflux-simulator", daemon=True
                )
                self._thread.start()
                self._server.ready.wait()
            return self._port

    async def _endpoint(self, request: Request) -> Response:
        call = Call(
            method=request.method,
            path=request.url.path,
            base_url=str(request.base_url).rstrip("/"),
            query=dict(request.query_params),
            headers=dict(request.headers),
            body=await request.body(),
        )
        reply = self.protocol.handle(call, self._clock.now())
        body = reply.body
        if reply.picture is not None:
            data = await asyncio.wrap_future(self._gallery.picture(reply.picture))
            body = self.protocol.finish_picture(reply.picture, data)
        if reply.cut:
            return _CutResponse(body, reply.status, dict(reply.headers))
        return Response(body, reply.status, dict(reply.headers))


class _CutResponse(Response):
    """An answer that never arrives: the connection is cut before its first byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope[_TRANSPORT].abort()
        while (await receive())["type"] != "http.disconnect":
            pass


class _CuttableProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, handing the connection to the application so that it can be cut."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        cast("dict[str, Any]", self.scope)[_TRANSPORT] = self.transport


class _Server(uvicorn.Server):
    """Uvicorn's server, telling when it has started."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        finally:
            self.ready.set()
