"""The v2 client: submit, status, result, picture, history. Each call is made once; the rooms above decide again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from ..clock import Clock, utc
from ..errors import AnswerLost, NotSentError, PictureError, SegfluxError, TransportError
from ..lifecycle import NotSent, PollOutcome, ResultOutcome, SubmitOutcome, Unclear, Unknown
from ..model import MODEL
from .addresses import Service
from .secret import Secret, redact
from .transport import HttpRequest, HttpResponse, Transport
from .wire import (
    HistoryRow,
    read_balance,
    read_date,
    read_history,
    read_number,
    read_result,
    read_status,
    read_submit,
    service_error,
)

HISTORY_ROWS = 100
"""Rows on a page of the history: the most that the service gives."""


class Api:
    """A service's calls as outcomes.

    Attributes
    ----------
    history_complete_after:
        Seconds after a submit when the history is sure to list it, as far as the service declares it (the
        simulator does); None where it is unknown.
    """

    def __init__(self, service: Service, transport: Transport, clock: Clock, secret: Secret | None) -> None:
        self.service = service
        self.history_complete_after: float | None = None
        self._dated: tuple[Mapping[str, str], float] = {}, 0.0
        self._transport = transport
        self._clock = clock
        self._secret = secret

    async def submit(self, content: bytes) -> SubmitOutcome:
        """Queue a job. Never repeats itself; what cannot be told is `Unknown`."""
        request = HttpRequest("POST", f"{self.service.api}/v2/{MODEL.slug}", "submit", content)
        try:
            return read_submit(await self._send(request), self._clock.now())
        except NotSentError as error:
            return NotSent(error.what)
        except AnswerLost as error:
            return Unknown(error.what)

    async def status(self, request_id: str, address: str | None, urgency: Callable[[], float]) -> PollOutcome:
        """Ask how a job stands. Raises a `ServiceError` where asking again will not help (401, 403)."""
        url = self.service.request_url(address, request_id, "/status")
        try:
            request = HttpRequest("GET", url, "status", urgency=urgency)
            return read_status(await self._send(request), self._clock.now())
        except TransportError as error:
            return Unclear(error.what)

    async def result(self, request_id: str, address: str | None) -> ResultOutcome:
        """Ask for a job's result; raises as `status`."""
        url = self.service.request_url(address, request_id)
        try:
            return read_result(await self._send(HttpRequest("GET", url, "result")), self._clock.now())
        except TransportError as error:
            return Unclear(error.what)

    async def picture(self, address: str) -> bytes:
        """The bytes of a picture, fetched without the key.

        Raises
        ------
        PictureError
            Where the address is none that we fetch from.
        ServiceError, TransportError
            Where it cannot be fetched, now or ever.
        """
        url = self.service.absolute(address)
        if not self.service.may_download(url):
            raise PictureError(f"The picture's address is neither https nor the service's own: {url}")
        response = await self._send(HttpRequest("GET", url, "download"))
        if response.status != 200:
            raise service_error(response, self._clock.now())
        return response.body

    async def record(self, request_id: str) -> HistoryRow | None:
        """The history's row for a request of any age, or None where it has none.

        Raises
        ------
        ServiceError, TransportError
            Where the history cannot be read.
        """
        url = f"{self.service.history}/inference-request/request-history/{quote(request_id, safe='')}"
        response = await self._send(HttpRequest("GET", url, "history"))
        if response.status == 404:
            return None
        rows = read_history(response, self._clock.now())
        return rows[0] if rows else None

    async def history(self, since: float, page: int) -> list[HistoryRow]:
        """A page of the requests from the day of `since` (seconds since 1970 UTC) on, the newest first.

        Pages have `HISTORY_ROWS` rows and count from 1; the last one has fewer. Raises as `record`.
        """
        url = f"{self.service.history}/inference-request/request-history"
        query = {"model_name": MODEL.slug, "from_date": utc(since).date().isoformat()}
        query |= {"per_page": str(HISTORY_ROWS), "page": str(page)}
        return read_history(await self._send(HttpRequest("GET", url, "history", query=query)), self._clock.now())

    async def is_simulator(self) -> bool:
        """Whether the service says that it is the simulator; False where it cannot be reached."""
        try:
            return "x-segflux-simulator" in (await self._account()).headers
        except TransportError:
            return False

    async def balance(self) -> float | None:
        """US dollars on the account; None where the service does not say."""
        try:
            response = await self._account()
        except TransportError:
            return None
        return read_balance(response)

    async def _account(self) -> HttpResponse:
        return await self._send(HttpRequest("GET", f"{self.service.api}/v1/get-user-credits", "account"))

    def redact(self, text: str) -> str:
        """A text of the service without the key, should it echo it."""
        return self._secret.redact(text) if self._secret is not None else redact(text)

    def says(self, error: SegfluxError) -> str:
        """An error in words, without the key and without a full stop."""
        return self.redact(str(error)).rstrip(".")

    async def close(self) -> None:
        """Close connections."""
        await self._transport.close()

    async def _send(self, request: HttpRequest) -> HttpResponse:
        response = await self._transport.send(request)
        self._learn(response.headers)
        return response

    def _learn(self, headers: Mapping[str, str]) -> None:
        declared = read_number(headers, "x-segflux-history-complete-after")
        if declared is not None:
            self.history_complete_after = declared
        if "date" in headers:
            self._dated = headers, self._clock.now()

    @property
    def ahead(self) -> float:
        """Seconds by which the service's clock is ahead of ours, by its last answer."""
        headers, ours = self._dated
        theirs = read_date(headers)
        return 0.0 if theirs is None else theirs - ours
