"""Connections, and the exchange of one request over each, by aiohttp. The only module that imports it.

Nothing is sent twice, whatever the library would do: `_Connector` gives a request one connection, once.

- A submit has a connection on which nothing was sent: made ready a moment before, or made now. Nothing follows it.
- Other requests use kept connections again. One that the server closes just then costs an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import ssl
import weakref
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Hashable, Mapping
from contextvars import ContextVar
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote, urlsplit

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from yarl import URL

from ..errors import AnswerLost, NotSentError, TransportError
from .exchange import MOST_BYTES, Answer, Kind, Outgoing, lost, not_reached
from .proxies import Proxy

MOST_CONNECTIONS = 100
"""Connections of a kind at a time."""

CONNECT_SECONDS = 10.0
"""How long a connection to an address may take, or a handshake."""

REQUEST_SECONDS = 30.0
"""How long all may take until a request can go: until there is room for a connection, and until it is there."""

KEPT_SECONDS = 5.0
"""How long a connection is kept without a request."""

READY_SECONDS = 2.0
"""How old a connection may be that was made ready for a submit: servers close those on which nothing comes."""

MOST_READY = 75
"""Connections that are ready at a time. Some are never used: another process was faster. The others need room."""

CLOSE_SECONDS = 5.0
"""How long the connections of a kind may take to close."""

MOST_FIELD_BYTES, MOST_FIELDS = 100 << 10, 500
"""The largest header of an answer, and how many it may have."""

_IN_TARGETS = "!$&'()*+,;=:@/?|[]\\^~"
_PLAIN = re.compile(rf"[A-Za-z0-9._{re.escape(_IN_TARGETS)}-]*")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Connections:
    """Connections to any address. They belong to the event loop of the first request.

    Parameters
    ----------
    tls:
        Gives the certificate authorities that are trusted.
    headers:
        Headers that every request has.
    """

    def __init__(self, tls: Callable[[], ssl.SSLContext], headers: Mapping[str, str]) -> None:
        self._tls = tls
        self._headers = headers
        self._connectors: dict[Kind, _Connector] = {}

    async def exchange(self, outgoing: Outgoing) -> Answer:
        """Send a request once, and wait for its whole answer. A redirect is an answer like others.

        Parameters
        ----------
        outgoing:
            The request.

        Raises
        ------
        NotSentError
            Nothing was sent.
        AnswerLost
            It may have arrived.
        """
        sending = _Sending(outgoing)
        failure: TransportError
        token = _current.set(sending)
        try:
            return await self._exchange(outgoing, sending)
        except (TransportError, aiohttp.ClientError, OSError, ValueError) as error:
            failure = sending.failure(error)
        finally:
            _current.reset(token)
        # Raised outside the handlers: the library's errors hold headers, and the key is one.
        raise failure

    async def prepare(self, url: str, proxy: Proxy | None) -> None:
        """Make a connection ready for the next submit to an address.

        Parameters
        ----------
        url:
            The address of the submit.
        proxy:
            The proxy that it goes through; None for none.

        Raises
        ------
        NotSentError
            It did not come about.
        """
        outgoing = Outgoing("submit", "POST", url, 0, proxy=proxy)
        try:
            return await self._connector("submit").prepare(**self._place(outgoing))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = _Sending(outgoing).failure(error)
        raise failure

    async def close(self) -> None:
        """Close connections."""
        await _close(self._connectors)

    def _connector(self, kind: Kind) -> _Connector:
        if not self._connectors:
            weakref.finalize(self, _close_soon, self._connectors, asyncio.get_running_loop()).atexit = False
        if kind not in self._connectors:
            self._connectors[kind] = _Connector(is_kept=kind != "submit")
        return self._connectors[kind]

    async def _exchange(self, outgoing: Outgoing, sending: _Sending) -> Answer:
        headers = {**self._headers, **outgoing.headers}
        headers["connection"] = "close" if outgoing.kind == "submit" else "keep-alive"
        body: bytes | AsyncIterator[bytes] | None = outgoing.content
        if outgoing.fence is not None and outgoing.content:
            headers["content-length"] = str(len(outgoing.content))
            body = sending.body(outgoing.content)
        # A session has state that is of no use here, and complains where it is not closed: each request has its own.
        async with (
            aiohttp.ClientSession(
                connector=self._connector(outgoing.kind),
                connector_owner=False,
                cookie_jar=_no_cookies(),
                trust_env=False,
                auto_decompress=False,
                max_line_size=MOST_FIELD_BYTES,
                max_field_size=MOST_FIELD_BYTES,
                max_headers=MOST_FIELDS,
                timeout=_limits(outgoing.silent),
            ) as session,
            session.request(
                outgoing.method, headers=headers, data=body, allow_redirects=False, **self._place(outgoing)
            ) as response,
        ):
            if response.status == HTTPStatus.SWITCHING_PROTOCOLS:
                raise ValueError("it asks for another protocol")
            pieces, size, most = [], 0, MOST_BYTES[outgoing.kind]
            while piece := await response.content.readany():
                pieces.append(piece)
                size += len(piece)
                if size > most:
                    response.close()
                    raise ValueError(f"it is larger than {most >> 20} MiB")
            return Answer(response.status, _named(response.raw_headers), b"".join(pieces))

    def _place(self, outgoing: Outgoing) -> dict[str, Any]:
        """Where a request goes, as the library's arguments say it: they decide which connections are alike."""
        place: dict[str, Any] = {"url": _parsed(outgoing.url)}
        if outgoing.url.startswith("https"):
            place["ssl"] = self._tls()
        if outgoing.certified_name:
            place["server_hostname"] = outgoing.certified_name
        if outgoing.proxy is not None:
            if not outgoing.proxy.is_known_kind:
                raise ValueError("it is not a proxy for http or https")
            place["proxy"] = _proxy_address(outgoing.proxy.url)
            if outgoing.proxy.authorization:
                place["proxy_headers"] = {"Proxy-Authorization": outgoing.proxy.authorization}
        return place


async def _close(connectors: Mapping[Kind, _Connector]) -> None:
    for connector in connectors.values():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await connector.close()


def _close_soon(connectors: Mapping[Kind, _Connector], loop: asyncio.AbstractEventLoop) -> None:
    """Close connections that nobody holds any more, which the library would complain about.

    Parameters
    ----------
    connectors:
        What holds them.
    loop:
        Their event loop.
    """
    if loop.is_running():
        asyncio.run_coroutine_threadsafe(_close(connectors), loop)


class _Sending:
    """A request on its way.

    Parameters
    ----------
    outgoing:
        The request.
    """

    def __init__(self, outgoing: Outgoing) -> None:
        self._outgoing = outgoing
        self._has_begun = False
        self._closed_between = ""

    def before_connection(self) -> None:
        """Refuse a second attempt; and nothing goes to a proxy either, once the fence is closed.

        Raises
        ------
        NotSentError, AnswerLost
            No connection is needed any more.
        """
        if self._has_begun:
            raise lost(self._outgoing.url, "the connection was closed before it was whole")
        if self._outgoing.proxy is not None:
            self._ask()

    def begin(self) -> None:
        """Ask the fence before the first byte leaves.

        Raises
        ------
        NotSentError
            It is closed.
        """
        self._ask()
        self._has_begun = True

    async def body(self, content: bytes) -> AsyncIterator[bytes]:
        """The body, once the head has left. The fence is asked between: a head alone orders nothing.

        Parameters
        ----------
        content:
            The bytes of the body.
        """
        yield b""  # with this, the library writes the head
        if reason := await self._outgoing.reason_between():
            self._closed_between = reason
            raise AnswerLost(reason)
        yield content

    def failure(self, error: Exception) -> TransportError:
        """What an error means for the request.

        Parameters
        ----------
        error:
            The error, of this package or the library.
        """
        if self._closed_between:
            return AnswerLost(self._closed_between)
        if isinstance(error, TransportError):
            return error.with_traceback(None)
        if self._has_begun:
            return lost(self._outgoing.url, _in_words(error))
        return not_reached(self._outgoing.url, _in_words(error), self._outgoing.proxy)

    def _ask(self) -> None:
        if self._outgoing.fence is not None and (reason := self._outgoing.fence()):
            raise NotSentError(reason)


_current: ContextVar[_Sending] = ContextVar("the request that a connection is asked for")


class _Connector(aiohttp.TCPConnector):
    """Gives a request one connection: one on which nothing came unasked.

    Parameters
    ----------
    is_kept:
        Whether connections serve another request after the first.
    """

    def __init__(self, *, is_kept: bool) -> None:
        kept: dict[str, Any] = {"keepalive_timeout": KEPT_SECONDS} if is_kept else {"force_close": True}
        super().__init__(limit=MOST_CONNECTIONS, resolver=aiohttp.ThreadedResolver(), **kept)
        self._factory = cast("partial[ResponseHandler]", partial(_Protocol, loop=self._loop))
        self._ready: defaultdict[Hashable, deque[tuple[Connection, float]]] = defaultdict(deque)

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the library's
    ) -> Connection:
        """Called by the library when a request needs a connection."""
        sending = _current.get()
        sending.before_connection()
        connection = self._take(req.connection_key) or await super().connect(req, traces, timeout)
        while not _can_be_used(connection):
            connection.close()
            connection = await super().connect(req, traces, timeout)
        try:
            sending.begin()
        except TransportError:
            connection.close()
            raise
        return connection

    async def prepare(self, url: URL, **place: Any) -> None:
        """Make a connection ready.

        Parameters
        ----------
        url, place:
            Where it goes, as for a request.
        """
        request = aiohttp.ClientRequest("POST", url, loop=self._loop, **place)
        key = request.connection_key  # before the library adds to the request what it tells a proxy
        self._drop_old()
        if sum(map(len, self._ready.values())) >= MOST_READY:  # there is one that nobody will take
            return
        connection = await super().connect(request, [], _limits(None))
        self._ready[key].append((connection, self._loop.time()))

    async def close(self, *, abort_ssl: bool = False) -> None:
        """Close connections."""
        for ready in self._ready.values():
            while ready:
                ready.popleft()[0].close()
        await super().close(abort_ssl=abort_ssl)

    def __del__(self, *ignored: object) -> None:
        """Nothing: what is still open when the interpreter ends, ends with it. The library would complain here."""

    def _take(self, key: Hashable) -> Connection | None:
        """A connection that was made ready and leads where this key says."""
        self._drop_old()
        return self._ready[key].popleft()[0] if self._ready[key] else None

    def _drop_old(self) -> None:
        """Close what was made ready and cannot be used any more."""
        for ready in self._ready.values():
            while ready and (ready[0][1] < self._loop.time() - READY_SECONDS or not _can_be_used(ready[0][0])):
                ready.popleft()[0].close()


class _Protocol(ResponseHandler):
    """Reads answers, and mends what the library makes of damaged ones."""

    _last = b""

    def data_received(self, data: bytes) -> None:
        """A piece of an answer came. If not all of it is HTTP, the library forgets an answer that is whole.

        So the end of a head is the end of a piece: what follows the answer then takes nothing away.
        """
        end = (self._last + data).find(b"\r\n\r\n") + 4 - len(self._last)
        self._last = data[-3:]
        if 0 < end < len(data):
            super().data_received(data[:end])
            data = data[end:]
        super().data_received(data)

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection has ended. The library takes a reset for the end of a body that says no length."""
        if exc is not None:
            self._end_body()
        super().connection_lost(exc)

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """The answer is damaged. The library tells who waits for its head, not who waits for its body."""
        self._end_body()
        super().set_exception(exc, *cause)

    def _end_body(self) -> None:
        if self._payload is not None and not self._payload.is_eof():
            self._payload.set_exception(aiohttp.ClientPayloadError())


def _can_be_used(connection: Connection) -> bool:
    """Whether a connection is open, and nothing came on it that nobody asked for."""
    return not connection.closed and connection.protocol is not None and not connection.protocol.should_close


@lru_cache(maxsize=64)
def _limits(silent: float | None) -> aiohttp.ClientTimeout:
    """How long the parts of an exchange may take.

    Parameters
    ----------
    silent:
        How long the connection may stay silent, in seconds.
    """
    return aiohttp.ClientTimeout(connect=REQUEST_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=silent)


def _no_cookies() -> aiohttp.abc.AbstractCookieJar:
    return aiohttp.DummyCookieJar()


@lru_cache(maxsize=64)
def _proxy_address(address: str) -> URL:
    """The address of a proxy.

    Raises
    ------
    ValueError
        It is not valid. The address is not shown.
    """
    try:
        parsed = URL(address)
    except ValueError:
        raise ValueError("its address is not valid") from None
    if not parsed.host:
        raise ValueError("its address is not valid")
    return parsed


@lru_cache(maxsize=1024)
def _parsed(url: str) -> URL:
    """A URL for the library, which leaves it as it is.

    Parameters
    ----------
    url:
        A valid address.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host.encode("idna").decode("ascii")
    port = "" if parts.port is None else f":{parts.port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not _PLAIN.fullmatch(target):
        target = quote(_LONE_PERCENT.sub("%25", target), safe=f"%{_IN_TARGETS}")
    return URL(f"{parts.scheme}://{shown}{port}{target}", encoded=True)


def _named(raw: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    """Headers by name.

    Parameters
    ----------
    raw:
        The headers as they came.
    """
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), _text(value)
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _in_words(error: Exception) -> str:
    """What went wrong, without what the library adds: addresses of proxies, and the request."""
    match error:
        case aiohttp.ConnectionTimeoutError():
            return "no connection came about in time"
        case TimeoutError():
            return "nothing came for too long"
        case aiohttp.ClientHttpProxyError():
            return f"it answered {error.status} {error.message}"
        case aiohttp.ClientConnectorCertificateError():
            return str(error.certificate_error)
        case aiohttp.ClientConnectorError():
            return _in_words_of_the_system(error.os_error)
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError():
            return "the connection was closed before it was whole"
        case aiohttp.ClientResponseError():
            return f"it is not HTTP: {error.message.partition(chr(10))[0]}"
        case OSError():
            return _in_words_of_the_system(error)
        case _:
            return str(error) or type(error).__name__


def _in_words_of_the_system(error: OSError) -> str:
    if not isinstance(error, socket.gaierror | ssl.SSLError) and error.errno:
        return os.strerror(error.errno)
    return error.strerror or str(error) or type(error).__name__
