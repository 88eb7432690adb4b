"""The one seam to the network: send a request, get a response. Nothing here retries.

Submits use connections of their own without idle reuse: a POST on a connection that the server has just closed
cannot be told from a lost answer. Downloads use a client that never holds the key.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol
from urllib.parse import urljoin

import httpx

from ..errors import AnswerLost, NotSentError, TransportError
from ..version import __version__
from .addresses import Service, origin
from .downloads import MOST_HOPS, MOST_SECONDS, checked, is_redirect
from .secret import Secret

MOST_BYTES = {"submit": 1 << 20, "call": 8 << 20, "download": 64 << 20}
"""The largest body that is read, by kind of connection."""

DOWNLOADS_AT_A_TIME = 4

_READ_SECONDS = {"submit": 90.0, "call": 30.0, "download": 60.0}


Purpose = Literal["submit", "status", "result", "history", "account", "download"]


def _calm() -> float:
    return 0.0


@dataclass(frozen=True)
class HttpRequest:
    """A request as the rooms above see it."""

    method: Literal["GET", "POST"]
    url: str
    purpose: Purpose
    content: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    urgency: Callable[[], float] = field(default=_calm, compare=False, repr=False)
    """How much it matters now that this goes before others of its purpose."""


@dataclass(frozen=True)
class HttpResponse:
    """An answer: header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """What the rooms above need of a network."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request.

        Raises
        ------
        NotSentError
            Nothing of the request left.
        AnswerLost
            It may have arrived; its answer did not.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


@cache
def tls() -> ssl.SSLContext:
    """What is trusted, read once: it takes as long as some sweeps on the simulator."""
    return httpx.create_ssl_context()


class HttpxTransport:
    """The transport over real connections; to be used from one event loop.

    Parameters
    ----------
    service, secret:
        Whom to talk to, and the key for it.
    read_seconds:
        How long an answer may keep silent; None is as long as suits each purpose.
    """

    def __init__(self, service: Service, secret: Secret | None, read_seconds: float | None = None) -> None:
        self._service = service
        self._read_seconds = read_seconds
        # Proxies of the environment serve the hosted service; loopback never goes through one.
        proxies = not service.is_loopback
        agent = {"user-agent": f"segflux-nb/{__version__}"}
        key = _KeyHeader(secret, {service.api, service.history}) if secret is not None else None
        common: dict[str, Any] = {"trust_env": proxies, "verify": tls()}
        self._clients = {
            "submit": httpx.AsyncClient(
                auth=key, headers=agent, limits=httpx.Limits(max_keepalive_connections=0), **common
            ),
            "call": httpx.AsyncClient(auth=key, headers=agent, **common),
            "download": httpx.AsyncClient(headers=agent | {"accept-encoding": "identity"}, **common),
        }
        self._downloads = asyncio.Semaphore(DOWNLOADS_AT_A_TIME)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request; see `Transport`."""
        failure: TransportError
        try:
            if request.purpose == "download":
                async with self._downloads, asyncio.timeout(MOST_SECONDS):
                    return await self._download(request)
            return await self._call(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            failure = NotSentError(f"{origin(request.url)} cannot be reached: {_words(error)}")
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            failure = NotSentError(f"{request.url!r} is no address: {_words(error)}")
        except (httpx.RequestError, TimeoutError) as error:
            failure = AnswerLost(f"The answer of {origin(request.url)} was lost: {_words(error)}")
        # Raised out here, the error drags no frames of the HTTP stack along, whose variables hold headers.
        raise failure

    async def close(self) -> None:
        """Close connections."""
        for client in self._clients.values():
            await client.aclose()

    async def _call(self, request: HttpRequest) -> HttpResponse:
        kind = "submit" if request.purpose == "submit" else "call"
        headers = {"content-type": "application/json"} if request.content is not None else None
        async with self._clients[kind].stream(
            request.method,
            request.url,
            content=request.content,
            params=dict(request.query) or None,
            headers=headers,
            timeout=self._timeout(kind),
        ) as response:
            body = await _read(response.aiter_bytes(), MOST_BYTES[kind])
            return HttpResponse(response.status_code, dict(response.headers), body)

    async def _download(self, request: HttpRequest) -> HttpResponse:
        """Follow redirects, each of which is checked as the first address was."""
        url = request.url
        for _ in range(MOST_HOPS):
            hop = await checked(url, self._service)
            async with self._clients["download"].stream(
                "GET",
                hop.url,
                headers={"host": httpx.URL(url).netloc.decode("ascii")} if hop.host else None,
                extensions={"sni_hostname": hop.host} if hop.host else None,
                timeout=self._timeout("download"),
            ) as response:
                if is_redirect(response.status_code) and "location" in response.headers:
                    url = urljoin(url, response.headers["location"])
                    continue
                body = await _read(response.aiter_raw(), MOST_BYTES["download"])
                return HttpResponse(response.status_code, dict(response.headers), body)
        raise NotSentError(f"{request.url!r} leads through more than {MOST_HOPS - 1} redirects")

    def _timeout(self, kind: str) -> httpx.Timeout:
        return httpx.Timeout(self._read_seconds or _READ_SECONDS[kind], connect=10.0)


class _KeyHeader(httpx.Auth):
    """Adds the key to requests for the service's own origins, and to no others."""

    def __init__(self, secret: Secret, origins: set[str]) -> None:
        self._secret = secret
        self._origins = origins

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if origin(str(request.url)) in self._origins:
            request.headers["x-api-key"] = self._secret.reveal()
        yield request


async def _read(stream: AsyncIterator[bytes], most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in stream:
        size += len(chunk)
        if size > most:
            raise httpx.ReadError(f"the answer is larger than {most >> 20} MiB")
        chunks.append(chunk)
    return b"".join(chunks)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
