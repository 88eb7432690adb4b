"""The way through the proxies of the environment, by httpx2, which only this module imports. Nothing here retries."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2

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

CLOSE_SECONDS = 5.0
"""How long the connections of a kind may take to close."""


def system_authorities() -> ssl.SSLContext:
    """The certificate authorities that the system trusts; none where it has no store."""
    return httpx2.create_ssl_context(trust_env=False)


class Proxied:
    """The way through proxies: a client for each kind of request, so that submits never use a connection again.

    Parameters
    ----------
    tls:
        The certificate authorities that are trusted.
    headers:
        Headers that every request has.
    through:
        Names the proxy in errors.

    Raises
    ------
    ValueError
        A proxy of the environment cannot be used.
    """

    def __init__(self, tls: ssl.SSLContext, headers: Mapping[str, str], through: str) -> None:
        self._through = through

        def client(kept: int) -> httpx2.AsyncClient:
            return httpx2.AsyncClient(
                headers=headers,
                verify=tls,
                limits=httpx2.Limits(
                    max_connections=MOST_CONNECTIONS, max_keepalive_connections=kept, keepalive_expiry=KEPT_SECONDS
                ),
                event_hooks={"response": [_set_location_aside]},
            )

        try:
            self._clients: dict[Kind, httpx2.AsyncClient] = {
                "submit": client(0),
                "call": client(MOST_KEPT),
                "download": client(MOST_KEPT),
            }
        except (ValueError, ImportError, httpx2.InvalidURL) as error:
            raise ValueError(_text(error)) from None

    async def exchange(self, outgoing: Outgoing) -> Answer:
        """Send a request once; see `Way.exchange`."""
        client = self._clients[outgoing.kind]
        extensions: dict[str, Any] = {}
        if outgoing.fence is not None:
            extensions["trace"] = _asking(outgoing)
        if outgoing.certified_name:
            extensions["sni_hostname"] = outgoing.certified_name
        try:
            request = client.build_request(
                outgoing.method,
                outgoing.url,
                content=outgoing.content,
                headers=outgoing.headers,
                timeout=httpx2.Timeout(
                    outgoing.silent, connect=CONNECT_SECONDS, pool=min(outgoing.silent, FREE_SECONDS)
                ),
                extensions=extensions,
            )
            response = await client.send(request, stream=True)
            try:
                return await _read(response, MOST_BYTES[outgoing.kind])
            finally:
                await response.aclose()
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
            raise not_reached(outgoing.url, _text(error), self._through) from None
        except (httpx2.RequestError, httpx2.InvalidURL, ValueError) as error:
            raise lost(outgoing.url, _text(error)) from None

    async def prepare(self, url: str) -> None:
        """Nothing: the library makes a connection when a request goes."""

    async def close(self) -> None:
        """Close connections."""
        for client in self._clients.values():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await client.aclose()


def _asking(outgoing: Outgoing) -> Callable[[str, Mapping[str, Any]], Awaitable[None]]:
    """Ask the fence of a request before its head is written, and again before its body."""

    async def before(event: str, details: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            outgoing.check_before_head()
        if event.endswith(".send_request_body.started"):
            outgoing.check_before_body()

    return before


_LOCATION = "segflux.location"


async def _set_location_aside(response: httpx2.Response) -> None:
    """Keep the target of a redirect from the library: it would raise for a target that it cannot use."""
    location = response.headers.pop("location", None)
    if location is not None:
        response.extensions[_LOCATION] = location


async def _read(response: httpx2.Response, most: int) -> Answer:
    """Read a body of at most `most` bytes.

    Raises
    ------
    ValueError
        It is larger.
    """
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > most:
            raise ValueError(f"it is larger than {most >> 20} MiB")
        chunks.append(chunk)
    headers = dict(response.headers)
    if _LOCATION in response.extensions:
        headers["location"] = response.extensions[_LOCATION]
    return Answer(response.status_code, headers, b"".join(chunks))


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__
