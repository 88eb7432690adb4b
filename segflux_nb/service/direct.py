"""Connections of our own, without a proxy: HTTP/1.1 on asyncio, answers parsed by llhttp.

A request takes a fraction of the CPU time that an HTTP library takes, and a connection can be made ready before the
request is: the handshakes of a submit are over before its intent is written.

- A submit has a connection on which nothing was sent: made ready a moment before, or made now.
- Other requests use kept connections again. One that the server closes just then costs an answer, as it does with an
  HTTP library.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, cast
from urllib.parse import quote, urlsplit

import httptools

from .exchange import (
    CONNECT_SECONDS,
    FREE_SECONDS,
    KEPT_SECONDS,
    MOST_BYTES,
    MOST_CONNECTIONS,
    MOST_KEPT,
    Answer,
    Kind,
    Outgoing,
    lost,
    not_reached,
)

READY_SECONDS = 2.0
"""How old a connection may be that was made ready for a submit: servers close those on which nothing comes."""

MOST_HEAD_BYTES = 100 << 10
"""The largest head of an answer, with all informational ones before it."""

NEXT_FAMILY_SECONDS = 0.25
"""After this time the host's next address is tried, beside the one that does not answer."""

_IN_TARGETS = "!$&'()*+,;=:@/?|[]\\^~"
_PLAIN = re.compile(rf"[A-Za-z0-9._{re.escape(_IN_TARGETS)}-]*")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Place(NamedTuple):
    """Where a connection goes.

    Attributes
    ----------
    host, port:
        The host, as names are resolved, and the port.
    certified_name:
        The name that the server's certificate must have; empty where no TLS is spoken.
    """

    host: str
    port: int
    certified_name: str


class Direct:
    """The way without a proxy.

    Parameters
    ----------
    tls:
        Gives the certificate authorities that are trusted.
    headers:
        Headers that every request has, as they are sent.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext], headers: str) -> None:
        self._tls = tls
        self._headers = headers
        self._kept: dict[tuple[Kind, Place], deque[Connection]] = defaultdict(deque)
        self._ready: dict[Place, deque[Connection]] = defaultdict(deque)
        self._free = {kind: asyncio.Semaphore(MOST_CONNECTIONS) for kind in MOST_BYTES}

    async def exchange(self, outgoing: Outgoing) -> Answer:
        """Send a request once; see `Way.exchange`."""
        place, head = self._place_and_head(outgoing)
        free = self._free[outgoing.kind]
        if free.locked():
            await _wait_for(free, outgoing.url)
        else:
            await free.acquire()
        try:
            if outgoing.kind == "submit":
                connection = _take(self._ready[place], READY_SECONDS) or await self._connect(place, outgoing.url)
                try:
                    return await connection.exchange(outgoing, head)
                finally:
                    connection.close()
            kept = self._kept[outgoing.kind, place]
            connection = _take(kept, KEPT_SECONDS) or await self._connect(place, outgoing.url)
            answer = await connection.exchange(outgoing, head)
            if connection.can_be_kept and len(kept) < MOST_KEPT:
                kept.append(connection)
            else:
                connection.close()
            return answer
        finally:
            free.release()

    async def prepare(self, url: str) -> None:
        """Make a connection ready for the next submit; see `Way.prepare`."""
        place, _ = _where(url, "")
        self._ready[place].append(await self._connect(place, url))

    async def close(self) -> None:
        """Close connections."""
        for connections in (*self._kept.values(), *self._ready.values()):
            while connections:
                connections.pop().abort()
        await asyncio.sleep(0)  # they close in the loop's next round

    async def _connect(self, place: Place, url: str) -> Connection:
        """A new connection.

        Parameters
        ----------
        place:
            Where it goes.
        url:
            What is asked for there, for the error.
        """
        loop, is_secure = asyncio.get_running_loop(), bool(place.certified_name)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                _, connection = await loop.create_connection(
                    Connection,
                    place.host,
                    place.port,
                    ssl=self._tls() if is_secure else None,
                    server_hostname=place.certified_name if is_secure else None,
                    happy_eyeballs_delay=None if _is_literal(place.host) else NEXT_FAMILY_SECONDS,
                )
        except TimeoutError:
            raise not_reached(url, f"no connection within {CONNECT_SECONDS:.0f} s") from None
        except (OSError, ValueError) as error:
            raise not_reached(url, _in_words(error)) from None
        return connection

    def _place_and_head(self, outgoing: Outgoing) -> tuple[Place, bytes]:
        """Where a request goes, and its head. The head may hold the key: nothing keeps it."""
        place, target = _where(outgoing.url, outgoing.certified_name)
        headers = {"host": _host_header(urlsplit(outgoing.url).scheme, place), **outgoing.headers}
        if outgoing.content is not None or outgoing.method == "POST":
            headers["content-length"] = str(len(outgoing.content or b""))
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        return place, f"{outgoing.method} {target} HTTP/1.1\r\n{lines}{self._headers}\r\n".encode("latin-1")


class Connection(asyncio.Protocol):
    """One connection, on which one request is sent at a time.

    Attributes
    ----------
    is_open:
        Whether neither side has closed it.
    can_be_kept:
        Whether another request can be sent on it.
    free_since:
        When it was made, or its last answer was whole, by the loop's clock.
    """

    def __init__(self) -> None:
        self.is_open, self.can_be_kept, self.free_since = False, False, 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._url = ""
        self._heard_at = 0.0

    async def exchange(self, outgoing: Outgoing, head: bytes) -> Answer:
        """Send a request and wait for its whole answer. Whatever goes wrong closes the connection.

        Parameters
        ----------
        outgoing:
            The request.
        head:
            Its head, as bytes.

        Raises
        ------
        NotSentError, AnswerLost
            See `Way.exchange`.
        """
        try:
            self._url = outgoing.url
            outgoing.check_before_head()
            answer = self._expect(MOST_BYTES[outgoing.kind])
            self._listen(outgoing.silent)
            if outgoing.fence is None:
                self._write(head + (outgoing.content or b""))
            else:
                self._write(head)
                outgoing.check_before_body()
                self._write(outgoing.content or b"")
            return await answer
        except BaseException:
            self.abort()
            raise
        finally:
            self._answer = None
            if self._timer is not None:
                self._timer.cancel()

    def close(self) -> None:
        """Close it, once what was written has left."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close it now."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    # ------------------------------------------------------------------ the answer

    def _expect(self, most: int) -> asyncio.Future[Answer]:
        """Get ready to read an answer whose body has at most this many bytes."""
        self.can_be_kept = self._is_whole = False
        self._most, self._size, self._head_size, self._fields_size = most, 0, 0, 0
        self._begin()
        self._parser = httptools.HttpResponseParser(self)
        self._answer = self._loop.create_future()
        return self._answer

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._has_head = False

    def _listen(self, seconds: float) -> None:
        """Give the answer up when nothing was heard for this long. One timer looks, however many pieces come."""
        self._heard_at = self._loop.time()

        def look() -> None:
            left = self._heard_at + seconds - self._loop.time()
            if left <= 0:
                self._fail(f"nothing came for {seconds:.0f} s")
            else:
                self._timer = self._loop.call_later(left, look)

        self._timer = self._loop.call_later(seconds, look)

    def _fail(self, reason: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(lost(self._url, reason))
        self.abort()

    def _finish(self, *, can_be_kept: bool) -> None:
        self._is_whole, self.can_be_kept, self.free_since = True, can_be_kept, self._loop.time()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(Answer(self._status, self._headers, b"".join(self._body)))

    # ------------------------------------------------------------------ called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is there."""
        self._transport = cast(asyncio.Transport, transport)
        self.is_open, self.free_since = True, self._loop.time()

    def data_received(self, data: bytes) -> None:
        """A piece of an answer came."""
        if self._answer is None or self._is_whole:
            self.is_open = self.can_be_kept = False  # nobody asked for it
            self.abort()
            return
        self._heard_at = self._loop.time()
        if not self._has_head:
            self._head_size += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(f"it is not HTTP: {error}")
            return
        if self._size > self._most:
            self._fail(f"it is larger than {self._most >> 20} MiB")
        elif (self._fields_size if self._has_head else self._head_size) > MOST_HEAD_BYTES:
            self._fail(f"its head is larger than {MOST_HEAD_BYTES >> 10} KiB")

    def eof_received(self) -> None:
        """The server sends nothing more: the end of an answer that says no length."""
        if self._has_head and not self._is_whole and not self._says_its_end:
            self._finish(can_be_kept=False)
        self.is_open = self.can_be_kept = False

    def connection_lost(self, error: Exception | None) -> None:
        """The connection has ended."""
        self.is_open = self.can_be_kept = False
        self._fail("the connection was closed before it was whole" if error is None else _in_words(error))

    @property
    def _says_its_end(self) -> bool:
        return "content-length" in self._headers or "chunked" in self._headers.get("transfer-encoding", "").lower()

    # ------------------------------------------------------------------ called by the parser

    def on_message_begin(self) -> None:
        """An answer begins; a second one was not asked for."""
        if self._is_whole:
            self.is_open = self.can_be_kept = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header came."""
        if self._is_whole:
            return
        self._fields_size += len(name) + len(value)
        key, text = name.decode("latin-1").lower(), _text(value)
        self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """The head is there."""
        if not self._is_whole:
            self._status = self._parser.get_status_code()
            self._has_head = self._status >= 200 or self._status == 101

    def on_body(self, body: bytes) -> None:
        """A piece of the body came; nothing is kept beyond the limit."""
        if not self._is_whole:
            self._size += len(body)
            if self._size <= self._most:
                self._body.append(body)

    def on_message_complete(self) -> None:
        """The answer is whole; an informational one is followed by the answer."""
        if self._is_whole:
            return
        if not self._has_head:
            self._begin()
        elif self._size <= self._most and self._fields_size <= MOST_HEAD_BYTES:
            self._finish(can_be_kept=self.is_open and self._parser.should_keep_alive())


def _take(connections: deque[Connection], seconds: float) -> Connection | None:
    """The newest of these connections, the oldest first, if it can be used; those that are too old are closed.

    Parameters
    ----------
    connections:
        The connections.
    seconds:
        How old one may be.
    """
    oldest = asyncio.get_running_loop().time() - seconds
    while connections and connections[0].free_since < oldest:
        connections.popleft().close()
    while connections:
        if (connection := connections.pop()).is_open:
            return connection
    return None


async def _wait_for(free: asyncio.Semaphore, url: str) -> None:
    """Wait for one of the connections of a kind.

    Parameters
    ----------
    free:
        Counts them.
    url:
        What is asked for, for the error.
    """
    try:
        async with asyncio.timeout(FREE_SECONDS):
            await free.acquire()
    except TimeoutError:
        raise not_reached(url, f"{MOST_CONNECTIONS} requests were under way for {FREE_SECONDS:.0f} s") from None


def _where(url: str, certified_name: str) -> tuple[Place, str]:
    """Where a URL leads, and what to ask for there.

    Parameters
    ----------
    url:
        A valid address.
    certified_name:
        The name that the server's certificate must have; empty for the host.
    """
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    host = _encoded(parts.hostname or "")
    place = Place(host, parts.port or (443 if is_secure else 80), (certified_name or host) if is_secure else "")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _PLAIN.fullmatch(target):
        target = quote(_LONE_PERCENT.sub("%25", target), safe=f"%{_IN_TARGETS}")
    return place, target


@lru_cache(maxsize=256)
def _encoded(host: str) -> str:
    """The name of a host as it is resolved; an address stays as it is."""
    return host if ":" in host else host.encode("idna").decode("ascii")


@lru_cache(maxsize=256)
def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _host_header(scheme: str, place: Place) -> str:
    """The header ``host`` of requests that go to a place.

    Parameters
    ----------
    scheme:
        The scheme of the URL.
    place:
        The place.
    """
    shown = f"[{place.host}]" if ":" in place.host else place.host
    return shown if place.port == (443 if scheme == "https" else 80) else f"{shown}:{place.port}"


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _in_words(error: Exception) -> str:
    """Why a connection failed, without the addresses that asyncio names."""
    if isinstance(error, OSError) and not isinstance(error, socket.gaierror | ssl.SSLError) and error.errno:
        return os.strerror(error.errno)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
