"""A server of single steps, in the event loop of the test: bytes as they are written, and how connections end."""

import asyncio
import contextlib
import socket
import ssl
import struct
from pathlib import Path

PEM = Path(__file__).parent / "server.pem"
"""The key and the certificate of servers here; as SSL_CERT_FILE, it makes them trusted."""

RESET = "reset"
SILENCE = "silence"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


def tls():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


async def let_it_be_read():
    for _ in range(20):
        await asyncio.sleep(0)


class Scripted:
    """Answers each request on each connection with the steps of a script, and notes what it got.

    Parameters
    ----------
    steps:
        Bytes, RESET or SILENCE.
    piece:
        How many bytes are written at a time; 0 for all.
    is_kept:
        Whether a connection stays open after an answer.
    """

    def __init__(self, *steps, piece=0, is_kept=False):
        self.steps, self.piece, self.is_kept = steps, piece, is_kept
        self.requests: list[bytes] = []
        self.connections: list[asyncio.StreamWriter] = []
        self.ended = 0
        self.changed = asyncio.Condition()
        self.got_head = asyncio.Event()

    @contextlib.asynccontextmanager
    async def serving(self, context=None):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"{'https' if context else 'http'}://localhost:{self.port}"
        try:
            yield self
        finally:
            server.close()
            for writer in self.connections:
                writer.transport.abort()
            await let_it_be_read()

    async def has_connections(self, number):
        async with self.changed:
            await self.changed.wait_for(lambda: len(self.connections) >= number)

    async def has_ended(self, number):
        async with self.changed:
            await self.changed.wait_for(lambda: self.ended >= number)

    async def _serve(self, reader, writer):
        async with self.changed:
            self.connections.append(writer)
            self.changed.notify_all()
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.got_head.set()
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(int(length[0][15:])) if length else b""
                self.requests.append(head + body)
                await self.answer(reader, writer, head)
                if not self.is_kept:
                    break
            writer.write_eof() if writer.can_write_eof() else writer.close()
            await reader.read()
        writer.close()
        async with self.changed:
            self.ended += 1
            self.changed.notify_all()

    async def answer(self, reader, writer, head):
        for step in self.steps:
            if step is RESET:
                await let_it_be_read()
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
                await reader.read()
            elif step is SILENCE:
                await reader.read()
            elif not self.piece:
                writer.write(step)
            else:
                for start in range(0, len(step), self.piece):
                    writer.write(step[start : start + self.piece])
                    await let_it_be_read()


class Tunnels(Scripted):
    """A proxy: each tunnel leads to one port; or it answers with its script."""

    to = 0

    async def answer(self, reader, writer, head):
        if not self.to:
            return await super().answer(reader, writer, head)
        there, back = await asyncio.open_connection("127.0.0.1", self.to)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(source, target):
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
    target.close()
