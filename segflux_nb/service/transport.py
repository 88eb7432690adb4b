"""Send a request, get a response. Nothing here retries.

What goes over which connection is decided here; `connections` sends the bytes. Each kind of request has its own
connections:

- submits never reuse a connection. If the server has just closed a kept connection, a POST on it fails in the same
  way as a POST whose response was lost. A connection can be made ready before a submit (`prepare_submit`);
- other calls keep their connections;
- downloads have no API key, and follow redirects only to addresses that `downloads` accepts.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import urlencode

from ..errors import AnswerLost, NotSentError, TransportError
from ..markup import shorten
from ..version import __version__
from .addresses import Service, is_address, join, origin
from .certificates import own_tls_context, tls_context
from .content_coding import unpacked
from .downloads import MOST_HOPS, MOST_SECONDS, check, is_redirect
from .exchange import MOST_BYTES, Answer, Kind, Outgoing, lost
from .proxies import Proxy, check_proxies, proxy_of
from .secret import Secret

if TYPE_CHECKING:
    from .connections import Connections

DOWNLOADS_AT_A_TIME = 8

_READ_SECONDS: Mapping[Kind, float] = {"submit": 90.0, "call": 30.0, "download": 60.0}
"""How long a connection may stay silent."""

TOTAL_SECONDS: dict[Kind, float] = {"submit": 90.0, "call": 30.0, "download": MOST_SECONDS}
"""How long a call may take, even if bytes still arrive."""

Purpose = Literal["submit", "status", "result", "history", "account", "catalogue", "upload", "download"]

_KINDS: Mapping[Purpose, Kind] = {"submit": "submit", "catalogue": "download", "upload": "download"}
"""The kinds of requests that are not calls. The catalogue is as large as a picture, and an upload is one."""


def _not_urgent() -> float:
    return 0.0


def _open() -> str:
    return ""


@dataclass(frozen=True)
class HttpRequest:
    """A request to the service.

    Attributes
    ----------
    method:
        The HTTP method.
    url:
        The address, without the query.
    purpose:
        Which call of the service it is. The purpose decides client, limits and priority.
    content:
        The body, which is JSON; None if the request has none.
    query:
        Parameters that are added to the URL.
    urgency:
        How urgent the request is now, compared with others of its purpose. A higher number goes first.
    fence:
        Asked when the connection is there, right before bytes are written: why they must not leave any more; empty
        if they may.
    between:
        Asked in place of the fence between head and body, where the answer takes a while; None for the fence.
    """

    method: Literal["GET", "HEAD", "POST"]
    url: str
    purpose: Purpose
    content: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    urgency: Callable[[], float] = field(default=_not_urgent, compare=False, repr=False)
    fence: Callable[[], str] = field(default=_open, compare=False, repr=False)
    between: Callable[[], Awaitable[str]] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class HttpResponse:
    """A response of the service.

    Attributes
    ----------
    status:
        The HTTP status code.
    headers:
        Values by name. Names are in lower case.
    body:
        The bytes of the body.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """What the rest of the package needs of a network. Tests implement it without one."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once and return its response, whatever its status.

        Raises
        ------
        NotSentError
            The request did not leave this machine; for example, because its fence was closed.
        AnswerLost
            The request may have arrived. Its response did not.
        """
        ...

    async def prepare_submit(self, url: str) -> None:
        """Make a connection ready for the next submit to this address, so that its handshakes are over by then.

        What goes wrong is the submit's to tell.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class HttpTransport:
    """The transport over real connections. Use it from one event loop only.

    Parameters
    ----------
    service:
        The service to talk to. Requests to its origins carry the key; no others do.
    secret:
        The API key, or None to send requests without one.
    read_seconds:
        How long a connection may stay silent. None takes a limit for each kind.
    """

    def __init__(self, service: Service, secret: Secret | None, read_seconds: float | None = None) -> None:
        self._service = service
        self._secret = secret
        self._with_key = {service.api, service.history, service.storage}
        self._read_seconds = read_seconds
        self._connections = self._open_connections()
        self._proxies: dict[str, Proxy | None] = {}
        self._downloads = asyncio.Semaphore(DOWNLOADS_AT_A_TIME)

    def _open_connections(self) -> Connections:
        """Connections to the service: the environment's proxies and certificates apply to all but this machine."""
        is_here = self._service.is_loopback
        if not is_here:
            tls_context()  # a setting that cannot work is told at once
            check_proxies()
        headers = {
            "accept": "*/*",
            "accept-encoding": "gzip, deflate",
            "user-agent": f"segflux-nb/{__version__}",
        }
        tls = own_tls_context if is_here and self._service.api.startswith("http:") else tls_context
        return _loaded()(tls, headers)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once and return its response; see `Transport.send`."""
        failure: TransportError
        try:
            if request.purpose == "download":
                async with self._downloads, asyncio.timeout(self._total("download")):
                    return await self._download(request)
            kind: Kind = _KINDS.get(request.purpose, "call")
            async with asyncio.timeout(self._total(kind)):
                return await self._call(request, kind)
        except TransportError as error:
            failure = error.with_traceback(None)
        except TimeoutError:
            failure = AnswerLost(f"The response of {origin(request.url)} was not complete in time")
        except ValueError as error:
            failure = lost(request.url, str(error))
        # Raised outside the handlers: the error then has no frames of those below, whose variables hold headers.
        raise failure

    async def prepare_submit(self, url: str) -> None:
        """Make a connection ready; see `Transport.prepare_submit`."""
        if is_address(url):
            try:
                await self._connections.prepare(url, self._proxy(url))
            except NotSentError:
                return  # the submit tries again, and tells

    async def close(self) -> None:
        """Close connections."""
        await self._connections.close()

    async def _call(self, request: HttpRequest, kind: Kind) -> HttpResponse:
        # Only what fails here was certainly not sent.
        if not is_address(request.url):
            raise NotSentError(f"{shorten(request.url, 300)!r} is not a valid address")
        headers = {"content-type": "application/json"} if request.content is not None else {}
        is_open = request.purpose == "catalogue"  # it needs no key, so it gets none
        if self._secret is not None and not is_open and origin(request.url) in self._with_key:
            headers["x-api-key"] = self._secret.reveal()
        outgoing = Outgoing(
            kind,
            request.method,
            f"{request.url}?{urlencode(request.query)}" if request.query else request.url,
            self._read_seconds or _READ_SECONDS[kind],
            headers,
            request.content,
            proxy=self._proxy(request.url),
            fence=request.fence if kind == "submit" else None,
            between=request.between if kind == "submit" else None,
        )
        return _unpacked(await self._connections.exchange(outgoing), kind)

    async def _download(self, request: HttpRequest) -> HttpResponse:
        """Follow redirects. Each target is checked like the first."""
        url = request.url
        for _ in range(MOST_HOPS):
            target = await check(url, self._service)
            silent = self._read_seconds or _READ_SECONDS["download"]
            answer = await self._connections.exchange(
                Outgoing(
                    "download",
                    request.method,
                    target.url,
                    silent,
                    target.headers,
                    certified_name=target.certified_name,
                    proxy=target.proxy,
                )
            )
            location = answer.headers.get("location")
            if is_redirect(answer.status) and location:
                url = join(url, location)
                continue
            return _unpacked(answer, "download")
        raise NotSentError(f"{request.url!r} leads through more than {MOST_HOPS - 1} redirects")

    def _proxy(self, url: str) -> Proxy | None:
        """The proxy for a request of the service. The environment is read once."""
        if self._service.is_loopback:
            return None
        there = origin(url)
        if there not in self._proxies:
            self._proxies[there] = proxy_of(there)
        return self._proxies[there]

    def _total(self, kind: Kind) -> float:
        return max(self._read_seconds or 0.0, TOTAL_SECONDS[kind])


def _loaded() -> type[Connections]:
    """Load the HTTP library, which takes a while, where it is needed.

    It makes contexts for TLS at once, and so cannot be loaded where ``SSLKEYLOGFILE`` names a file that cannot be
    written: then it is loaded without that setting, which is told by `tls_context` where it matters.
    """
    try:
        from .connections import Connections
    except OSError:
        file = os.environ.pop("SSLKEYLOGFILE", None)
        if file is None:
            raise
        try:
            from .connections import Connections
        finally:
            os.environ["SSLKEYLOGFILE"] = file
    return Connections


def _unpacked(answer: Answer, kind: Kind) -> HttpResponse:
    """A response with its body unpacked.

    Parameters
    ----------
    answer:
        What came.
    kind:
        The kind of the request, which has a limit.

    Raises
    ------
    ValueError
        It is damaged, or larger than the limit.
    """
    body = unpacked(answer.body, answer.headers.get("content-encoding", ""), MOST_BYTES[kind])
    return HttpResponse(answer.status, answer.headers, body)
