"""What goes over a connection and comes back, and in which words it is told that it did not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..errors import AnswerLost, NotSentError
from .addresses import origin
from .proxies import Proxy

Kind = Literal["submit", "call", "download"]

MOST_BYTES: Mapping[Kind, int] = {"submit": 1 << 20, "call": 8 << 20, "download": 64 << 20}
"""The largest body that is read: as it comes, and unpacked."""


def not_reached(url: str, reason: str, proxy: Proxy | None = None) -> NotSentError:
    """The error where no connection came about: nothing was sent.

    Parameters
    ----------
    url:
        Where the request was to go.
    reason:
        Why there is none.
    proxy:
        The proxy that it was to go through; None for none.
    """
    through = f" through the proxy of {proxy.setting}" if proxy else ""
    return NotSentError(f"{origin(url)} cannot be reached{through}: {reason}")


def lost(url: str, reason: str) -> AnswerLost:
    """The error where the request may have arrived, and no whole answer came.

    Parameters
    ----------
    url:
        Where the request went.
    reason:
        What came instead.
    """
    return AnswerLost(f"The response of {origin(url)} was lost: {reason}")


@dataclass(frozen=True)
class Outgoing:
    """A request, ready to be sent.

    Attributes
    ----------
    kind:
        The kind decides which connections are used, and the limits.
    method:
        The HTTP method.
    url:
        A valid address, with its query.
    silent:
        How long the connection may stay silent, in seconds.
    headers:
        Values by name, besides those that every request has.
    content:
        The body; None for none.
    certified_name:
        The name that the server's certificate must have, where that is not the host of the URL.
    proxy:
        The proxy that the request goes through; None for none.
    fence, between:
        See `segflux_nb.service.transport.HttpRequest`; None for a request that has none.
    """

    kind: Kind
    method: str
    url: str
    silent: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = None
    certified_name: str = ""
    proxy: Proxy | None = None
    fence: Callable[[], str] | None = None
    between: Callable[[], Awaitable[str]] | None = None

    async def reason_between(self) -> str:
        """Why the body must not leave, once the head has; empty if it may."""
        if self.between is not None:
            return await self.between()
        return self.fence() if self.fence is not None else ""


class Answer(NamedTuple):
    """An answer as it came.

    Attributes
    ----------
    status:
        The HTTP status code.
    headers:
        Values by name. Names are in lower case.
    body:
        The bytes of the body, packed as the server packed them.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
