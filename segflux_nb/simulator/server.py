"""An ASGI application on a thread of its own, behind uvicorn. Connections can be cut, as a faulty network would."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LINGER_SECONDS = 0.3
"""Clients that keep a connection open have this time to get their responses when the server stops."""

_TRANSPORT = "segflux.transport"
"""Where the scope of a request has its connection."""


class Server:
    """Serves an application from a daemon thread, from its construction until `close`.

    Parameters
    ----------
    app:
        The application.
    host:
        Address to listen at.
    port:
        Port to listen at. 0 is any free one.
    leaves_unread:
        Called with method and path of each request. If it returns True, the connection is cut before the body is
        read.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, leaves_unread: Callable[[str, str], bool]) -> None:
        listener = _listener(host, port)
        self.port = int(listener.getsockname()[1])
        self._server = _UvicornServer(
            uvicorn.Config(
                app,
                http=cast("type[Any]", partial(_CuttableProtocol, leaves_unread=leaves_unread)),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=5,
            )
        )
        # A daemon, so that an interpreter that ends does not wait for it.
        self._thread = threading.Thread(target=self._run, args=(listener,), name="segflux-simulator", daemon=True)
        self._error: BaseException | None = None
        self._thread.start()
        self._server.ready.wait()
        if self._error is not None:
            listener.close()
            raise RuntimeError(f"the simulator does not start: {self._error}") from self._error

    def _run(self, listener: socket.socket) -> None:
        try:
            self._server.run([listener])
        except BaseException as error:
            if self._server.ready.is_set():
                raise
            self._error = error
        finally:
            self._server.ready.set()  # or who waits for the start would wait for ever

    def close(self) -> None:
        """Stop serving, and wait for the thread to end."""
        self._server.leave()
        self._thread.join()


def _listener(host: str, port: int) -> socket.socket:
    """A socket that listens."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    # asyncio switches Nagle's algorithm off only if the protocol is named. It would cost 40 ms a response.
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(address)
    listener.listen(2048)
    return listener


async def cut(response: Response, scope: Scope, receive: Receive, send: Send, *, middle: bool) -> None:
    """Cut the connection of a request instead of sending its whole response.

    Parameters
    ----------
    response:
        The response.
    scope:
        The request, as ASGI gives it to the application.
    receive:
        Receives what comes over the connection.
    send:
        Sends over the connection.
    middle:
        Whether the head and the first half of the body are sent.
    """
    transport: asyncio.Transport = scope[_TRANSPORT]
    if middle:
        await send({"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers})
        half = bytes(response.body[: len(response.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
        transport.close()  # what was sent still leaves
    else:
        transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


def close_connection(scope: Scope) -> None:
    """Close the connection of a request, without an announcement."""
    scope[_TRANSPORT].close()


class _CuttableProtocol(HttpToolsProtocol):
    """Uvicorn's protocol, which cuts the connection itself, or gives it to the application to cut.

    Parameters
    ----------
    leaves_unread:
        See `Server`.
    arguments:
        What uvicorn passes to its protocol by position.
    named:
        What uvicorn passes to its protocol by name.
    """

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


class _UvicornServer(uvicorn.Server):
    """Uvicorn's server. It says when it has started, and stops at once.

    Parameters
    ----------
    config:
        Uvicorn's settings.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._leaving: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def leave(self) -> None:
        """Stop serving, from any thread. Uvicorn alone would look ten times a second whether to stop."""
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
        asyncio.get_running_loop().call_later(LINGER_SECONDS, self._hang_up)
        await super().shutdown(sockets)

    def _hang_up(self) -> None:
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
