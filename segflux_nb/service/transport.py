"""Send a request, get a response. The only module that imports the HTTP library, and nothing here retries.

Each purpose has a client of its own:

- submits never reuse a connection. If the server has just closed a kept connection, a POST on it fails in the same
  way as a POST whose response was lost;
- other calls keep their connections;
- downloads have no API key, and follow redirects only to addresses that `downloads` accepts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol

import certifi
import httpx2

from ..errors import AnswerLost, NotSentError, TransportError, WorkspaceError
from ..markup import shorten
from ..version import __version__
from .addresses import Service, is_address, join, origin
from .content_coding import unpacked
from .downloads import MOST_HOPS, MOST_SECONDS, check, is_redirect
from .secret import Secret

MOST_BYTES = {"submit": 1 << 20, "call": 8 << 20, "download": 64 << 20}
"""The largest body that is read, by client: as it comes, and unpacked."""

DOWNLOADS_AT_A_TIME = 4

_CONNECT_SECONDS = 10.0
_READ_SECONDS = {"submit": 90.0, "call": 30.0, "download": 60.0}
"""How long a connection may stay silent, by client."""

_POOL_SECONDS = 30.0

TOTAL_SECONDS = {"submit": 90.0, "call": 30.0, "download": MOST_SECONDS}
"""How long a call may take, by client, even if bytes still arrive."""

_CLOSE_SECONDS = 5.0

Purpose = Literal["submit", "status", "result", "history", "account", "download"]


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
    """

    method: Literal["GET", "POST"]
    url: str
    purpose: Purpose
    content: bytes | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    urgency: Callable[[], float] = field(default=_not_urgent, compare=False, repr=False)
    fence: Callable[[], str] = field(default=_open, compare=False, repr=False)


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

    async def close(self) -> None:
        """Close connections."""
        ...


@cache
def tls_context() -> ssl.SSLContext:
    """The certificate authorities that are trusted. Loaded once, because that takes tens of milliseconds.

    The first of these that exists: the files that ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name, the system's store,
    certifi's list. Without a system store, httpx2 alone would trust no certificate.

    Raises
    ------
    WorkspaceError
        A file that ``SSL_CERT_FILE``, ``SSL_CERT_DIR`` or ``SSLKEYLOGFILE`` names cannot be used.
    """
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if folder and not os.path.isdir(folder):
        raise _wrong_setting(["SSL_CERT_DIR"], "there is no such folder")
    try:
        if file or folder:
            return ssl.create_default_context(cafile=file or None, capath=folder or None)
        context = httpx2.create_ssl_context(trust_env=False)
        if not _has_authorities(context):
            context.load_verify_locations(certifi.where())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _wrong_setting(["SSL_CERT_FILE", "SSLKEYLOGFILE"], reason) from None
    return context


@cache
def own_tls_context() -> ssl.SSLContext:
    """The authorities of certifi's list, whatever the environment says: for plain HTTP on this machine."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certifi.where())
    return context


_PROXIES = (
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
)


def _wrong_setting(names: Sequence[str], reason: str) -> WorkspaceError:
    """The error for settings of the environment that cannot work. It shows no proxy, which may hold a password.

    Parameters
    ----------
    names:
        The environment variables that may be the reason; those that are not set are left out.
    reason:
        What is wrong, in the words of the library.
    """
    found = [name for name in names if os.environ.get(name)] or names
    shown = [f"{name}={os.environ.get(name)!r}" if name.startswith("SSL") else name for name in found]
    return WorkspaceError(
        f"The environment variable {' or '.join(shown)} cannot be used: {reason}", remedy="Correct or remove it"
    )


def _has_authorities(context: ssl.SSLContext) -> bool:
    if sys.platform in ("win32", "darwin"):
        return True  # there the context asks the system at each connection
    folder = ssl.get_default_verify_paths().openssl_capath
    # OpenSSL reads a folder only when it needs a certificate, and finds it by such a name.
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return bool(context.cert_store_stats()["x509_ca"]) or any(
        re.fullmatch(r"[0-9a-f]{8}\.\d", name) for name in names
    )


class HttpTransport:
    """The transport over real connections. Use it from one event loop only.

    Parameters
    ----------
    service:
        The service to talk to. Requests to its origins carry the key; no others do.
    secret:
        The API key, or None to send requests without one.
    read_seconds:
        How long a connection may stay silent. None takes a limit for each purpose.
    """

    def __init__(self, service: Service, secret: Secret | None, read_seconds: float | None = None) -> None:
        self._service = service
        self._read_seconds = read_seconds
        headers = {"user-agent": f"segflux-nb/{__version__}", "accept-encoding": "gzip, deflate"}
        key = _KeyHeader(secret, {service.api, service.history}) if secret is not None else None
        # The environment's proxies and certificates apply to the hosted service. A service on this machine depends on
        # neither.
        proxies = [] if service.is_loopback else [name for name in _PROXIES[:6] if os.environ.get(name)]
        self._way = f" through the proxy of {' or '.join(proxies)}" if proxies else ""
        common: dict[str, Any] = {
            "headers": headers,
            "trust_env": not service.is_loopback,
            "verify": own_tls_context() if service.is_loopback and service.api.startswith("http:") else tls_context(),
            "event_hooks": {"response": [_set_location_aside]},
        }
        try:
            self._open_clients(key, common)
        except (ValueError, ImportError, httpx2.InvalidURL) as error:
            reason = _text(error).split(". ", 1)[0]
            for name in _PROXIES:
                reason = reason.replace(os.environ.get(name) or "\0", f"${name}")
            raise _wrong_setting(_PROXIES, reason) from None
        self._downloads = asyncio.Semaphore(DOWNLOADS_AT_A_TIME)

    def _open_clients(self, key: _KeyHeader | None, common: dict[str, Any]) -> None:
        """A client for each purpose. They read the proxies of the environment.

        Parameters
        ----------
        key:
            Adds the API key; None for no key.
        common:
            What all clients get.
        """
        self._clients = {
            "submit": httpx2.AsyncClient(auth=key, limits=httpx2.Limits(max_keepalive_connections=0), **common),
            "call": httpx2.AsyncClient(auth=key, **common),
            "download": httpx2.AsyncClient(**common),
        }

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request once and return its response; see `Transport.send`."""
        failure: TransportError
        try:
            if request.purpose == "download":
                async with self._downloads, asyncio.timeout(self._total("download")):
                    return await self._download(request)
            kind = "submit" if request.purpose == "submit" else "call"
            async with asyncio.timeout(self._total(kind)):
                return await self._call(request, kind)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
            failure = NotSentError(f"{origin(request.url)} cannot be reached{self._way}: {_text(error)}")
        except TransportError as error:
            failure = error.with_traceback(None)
        except TimeoutError:
            failure = AnswerLost(f"The response of {origin(request.url)} was not complete in time")
        except (httpx2.RequestError, httpx2.InvalidURL, ValueError) as error:
            failure = AnswerLost(f"The response of {origin(request.url)} was lost: {_text(error)}")
        # Raised outside the handlers: the error then has no frames of the HTTP library, whose variables hold headers.
        raise failure

    async def close(self) -> None:
        """Close connections."""
        for client in self._clients.values():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_SECONDS):
                    await client.aclose()

    async def _call(self, request: HttpRequest, kind: str) -> HttpResponse:
        client = self._clients[kind]
        # Only what fails here was certainly not sent. Once a request is under way, the library raises the same errors
        # for an address in the response.
        if not is_address(request.url):
            raise NotSentError(f"{shorten(request.url, 300)!r} is not a valid address")
        sent = client.build_request(
            request.method,
            request.url,
            content=request.content,
            params=dict(request.query) or None,
            headers={"content-type": "application/json"} if request.content is not None else None,
            timeout=self._timeout(kind),
            extensions={"trace": _asking(request.fence)} if kind == "submit" else None,
        )
        response = await client.send(sent, stream=True)
        try:
            return await _read(response, MOST_BYTES[kind])
        finally:
            await response.aclose()

    async def _download(self, request: HttpRequest) -> HttpResponse:
        """Follow redirects. Each target is checked like the first."""
        url = request.url
        for _ in range(MOST_HOPS):
            target = await check(url, self._service)
            async with self._clients["download"].stream(
                "GET",
                target.url,
                headers=target.headers,
                extensions=target.extensions,
                timeout=self._timeout("download"),
            ) as response:
                location = response.extensions.get(_LOCATION)
                if is_redirect(response.status_code) and location:
                    url = join(url, location)
                    continue
                return await _read(response, MOST_BYTES["download"])
        raise NotSentError(f"{request.url!r} leads through more than {MOST_HOPS - 1} redirects")

    def _total(self, kind: str) -> float:
        return max(self._read_seconds or 0.0, TOTAL_SECONDS[kind])

    def _timeout(self, kind: str) -> httpx2.Timeout:
        silent = self._read_seconds or _READ_SECONDS[kind]
        return httpx2.Timeout(silent, connect=_CONNECT_SECONDS, pool=min(silent, _POOL_SECONDS))


class _KeyHeader(httpx2.Auth):
    """Adds the API key to requests for the service's own origins, and to no others.

    Parameters
    ----------
    secret:
        The API key.
    origins:
        Origins that may get it.
    """

    def __init__(self, secret: Secret, origins: set[str]) -> None:
        self._secret = secret
        self._origins = origins

    def auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        if origin(str(request.url)) in self._origins:
            request.headers["x-api-key"] = self._secret.reveal()
        yield request


def _asking(fence: Callable[[], str]) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """Ask a fence before the head of a request is written, and again before its body.

    A process may be stopped between the two. A head alone orders nothing, but some of the request has left then.

    Parameters
    ----------
    fence:
        The fence of the request.
    """

    async def before(event: str, details: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.started") and (reason := fence()):
            raise NotSentError(reason)
        if event.endswith(".send_request_body.started") and (reason := fence()):
            raise AnswerLost(reason)

    return before


_LOCATION = "segflux.location"


async def _set_location_aside(response: httpx2.Response) -> None:
    """Keep the target of a redirect from the library: it would raise for a target that it cannot use."""
    location = response.headers.pop("location", None)
    if location is not None:
        response.extensions[_LOCATION] = location


async def _read(response: httpx2.Response, most: int) -> HttpResponse:
    """Read and unpack a body of at most `most` bytes.

    Raises
    ------
    httpx2.ReadError, ValueError
        It is larger, or damaged.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > most:
            raise httpx2.ReadError(f"it is larger than {most >> 20} MiB")
        chunks.append(chunk)
    body = unpacked(b"".join(chunks), response.headers.get("content-encoding", ""), most)
    return HttpResponse(response.status_code, dict(response.headers), body)


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__
