"""What goes over a connection and comes back, as the two ways to send it see it: `direct` and `proxied`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from ..errors import AnswerLost, NotSentError
from .addresses import origin

Kind = Literal["submit", "call", "download"]

MOST_BYTES: Mapping[Kind, int] = {"submit": 1 << 20, "call": 8 << 20, "download": 64 << 20}
"""The largest body that is read: as it comes, and unpacked."""

CONNECT_SECONDS = 10.0
"""How long a connection may take until a request can go."""

FREE_SECONDS = 30.0
"""How long a request waits for one of `MOST_CONNECTIONS`."""

MOST_CONNECTIONS, MOST_KEPT, KEPT_SECONDS = 100, 20, 5.0
"""Connections of a kind at a time, those of them that are kept without a request, and for how long."""


def not_reached(url: str, reason: str, through: str = "") -> NotSentError:
    """The error where no connection came about: nothing was sent.

    Parameters
    ----------
    url:
        Where the request was to go.
    reason:
        Why not.
    through:
        Through which proxy, in words that begin with a space; empty for none.
    """
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
    headers:
        Values by name; the ways add those that every request has.
    content:
        The body; None for none.
    silent:
        How long the connection may stay silent, in seconds.
    certified_name:
        The name that the server's certificate must have, where that is not the host of the URL.
    fence:
        See `segflux_nb.service.transport.HttpRequest`; None for a request that has none.
    """

    kind: Kind
    method: str
    url: str
    silent: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = None
    certified_name: str = ""
    fence: Callable[[], str] | None = None

    def check_before_head(self) -> None:
        """Ask the fence before the first byte leaves.

        Raises
        ------
        NotSentError
            It is closed.
        """
        if self.fence is not None and (reason := self.fence()):
            raise NotSentError(reason)

    def check_before_body(self) -> None:
        """Ask the fence again: the process may have been stopped since the head left, which alone orders nothing.

        Raises
        ------
        AnswerLost
            It is closed.
        """
        if self.fence is not None and (reason := self.fence()):
            raise AnswerLost(reason)


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


class Way(Protocol):
    """A way to send requests. Nothing in it sends one twice, or follows a redirect."""

    async def exchange(self, outgoing: Outgoing) -> Answer:
        """Send a request once.

        Raises
        ------
        NotSentError
            Nothing was sent.
        AnswerLost
            It may have arrived.
        """
        ...

    async def prepare(self, url: str) -> None:
        """Make a connection ready, if that is possible, for the next submit to this address.

        Raises
        ------
        NotSentError
            It cannot be made.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
