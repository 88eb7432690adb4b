"""A transport that takes a permit for each request, and limits how many requests are in flight."""

from __future__ import annotations

from ..clock import Clock
from ..errors import TransportError
from ..service.transport import HttpRequest, HttpResponse, Transport
from .policy.rate_control import RequestWindow
from .rate_limiter import RateLimiter
from .turns import Turns


class RateLimitedTransport:
    """Sends requests through another transport, each with a permit of the limiter.

    A submit takes its permit before its intent is written, so that none waits in the state that a crash makes
    unknown; here only its answer is reported.

    Parameters
    ----------
    transport:
        Sends the requests.
    limiter:
        Grants the permits, and learns from the answers.
    clock:
        Source of the current time, replaced in tests.
    """

    def __init__(self, transport: Transport, limiter: RateLimiter, clock: Clock) -> None:
        self._transport = transport
        self._limiter = limiter
        self._clock = clock
        self._window = RequestWindow()
        self._in_flight = Turns(lambda: self._window.limit)

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The answer to a request, once it may be sent; raises as `Transport.send`."""
        if request.purpose == "submit":
            return await self._send(request)
        await self._limiter.acquire(request.purpose, request.urgency)
        try:
            await self._in_flight.enter()
        except BaseException:
            self._limiter.release(request.purpose)
            raise
        try:
            return await self._send(request)
        finally:
            self._in_flight.leave()

    async def prepare_submit(self, url: str) -> None:
        """Make a connection ready for the next submit; see `Transport.prepare_submit`."""
        await self._transport.prepare_submit(url)

    async def close(self) -> None:
        """Close connections."""
        await self._transport.close()

    async def _send(self, request: HttpRequest) -> HttpResponse:
        started = self._clock.monotonic()
        try:
            response = await self._transport.send(request)
        except TransportError:
            self._limiter.answered(request.purpose, None)
            raise
        except BaseException:
            self._limiter.release(request.purpose)
            raise
        if request.purpose != "download":
            self._window.measured(self._clock.monotonic() - started)
        self._limiter.answered(request.purpose, response)
        return response
