"""The scripted service on a socket, client and server in one loop, in virtual time.

The loop looks at its sockets first. Only where nothing has come for a moment of real time does it jump to its next
timer. So bytes that drip for an hour take a second.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
import struct
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.virtual import VirtualClock, VirtualLoop

from .server import Answer, Message, ScriptedService

QUIET_SECONDS = 0.0005
"""Real seconds without a byte after which nothing more will come before the next timer."""


class _SocketSelector(selectors.DefaultSelector):
    skipped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            return super().select()
        events = super().select(0)
        if events or timeout <= 0:
            return events
        events = super().select(QUIET_SECONDS)
        if not events:
            self.skipped += timeout
        return events


class SocketLoop(VirtualLoop):
    """A loop in virtual time that has sockets."""

    def __init__(self) -> None:
        self._jumping = _SocketSelector()
        asyncio.SelectorEventLoop.__init__(self, self._jumping)

    async def end(self) -> None:
        """End all tasks and connections that are left, as a dying process does."""
        others = asyncio.all_tasks(self) - {asyncio.current_task(self)}
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=60)
        for transport in list(self._transports.values()):
            transport.abort()
        for _ in range(3):
            await asyncio.sleep(0)

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:
        """Find addresses, but no names: nothing is asked outside this machine."""
        name = host.encode("idna") if isinstance(host, str) else host
        if name not in (b"127.0.0.1", b"::1"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return await super().getaddrinfo(host, port, **options)


class SocketClock(VirtualClock):
    """The time of such a loop, going on where an earlier loop stopped."""

    def run(self, coroutine: Any) -> Any:
        self.loop = SocketLoop()
        try:
            with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
                try:
                    return runner.run(coroutine)
                finally:
                    runner.run(self.loop.end())
        finally:
            self.before, self.loop = self.monotonic(), None


class Loopback:
    """Serves a scripted service on 127.0.0.1, on the same port each time.

    Parameters
    ----------
    service:
        The service. Its origin becomes the socket's.
    """

    def __init__(self, service: ScriptedService) -> None:
        self.service = service
        self._port = 0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=1 << 20)
        self._port = self._server.sockets[0].getsockname()[1]
        self.service.origin = f"http://127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Stop listening, and end all connections."""
        assert self._server is not None
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._connections.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read a request and answer it; whether the connection is kept."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length") or 0))
        parts = urlsplit(target)
        answer = self.service.answer(Message(method, parts.path, dict(parse_qsl(parts.query)), headers, body))
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.wire is not None:
            await answer.wire(writer)
            return False
        if answer.cut:
            reset(writer)
            return False
        writer.write(head_of(answer, self.service.now()) + answer.body)
        await writer.drain()
        return True


def head_of(answer: Answer, now: float, **changes: str | None) -> bytes:
    """Status line and headers of an answer; names of changed headers have _ for -."""
    headers: dict[str, str | None] = {"date": formatdate(now, usegmt=True), "content-length": str(len(answer.body))}
    headers |= dict(answer.headers) | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value is not None]
    return f"HTTP/1.1 {answer.status} Status\r\n{''.join(lines)}\r\n".encode("latin-1")


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a TCP reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
