"""A relay that makes a port far away: each piece that it passes on is some time under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

PIECE = 1 << 16

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

Change = Callable[[bytes], bytes]
"""Sees each piece that comes, and gives the one that is passed on."""

Watching = Callable[[], tuple[Change, Change]]
"""Gives, for a new connection, what sees the pieces of its questions and those of its answers."""


def unchanged(piece: bytes) -> bytes:
    """The piece as it is."""
    return piece


def unwatched() -> tuple[Change, Change]:
    """Pieces are passed on as they are."""
    return unchanged, unchanged


async def pass_on(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, seconds: float, change: Change = unchanged
) -> None:
    """Deliver what comes, each piece after this time and in order.

    Parameters
    ----------
    source, target:
        Where pieces come from, and where they go.
    seconds:
        How long each piece is under way.
    change:
        Sees each piece as it comes.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, piece = await pieces.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                break
            target.write(piece)
        if target.can_write_eof():
            target.write_eof()
        else:
            target.close()

    delivering = asyncio.ensure_future(deliver())
    with suppress(OSError):  # the other side has closed: what is on its way is delivered
        while piece := await source.read(PIECE):
            pieces.put_nowait((loop.time() + seconds, change(piece)))
    pieces.put_nowait((loop.time() + seconds, b""))
    await delivering


def relay(host: str, port: int, seconds: float, watching: Watching = unwatched) -> Handler:
    """Handles connections by passing everything on to another port, and back.

    Parameters
    ----------
    host, port:
        Where to.
    seconds:
        How long each piece is under way.
    watching:
        Gives what sees the pieces.
    """

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, port)
        asked, answered = watching()
        ways = pass_on(reader, back, seconds, asked), pass_on(there, writer, seconds, answered)
        await asyncio.gather(*ways, return_exceptions=True)
        writer.close()
        back.close()

    return handle
