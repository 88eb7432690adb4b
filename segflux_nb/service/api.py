"""The v2 client: submit, status, result, picture, history. Each call is sent once; callers decide what follows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from ..clock import Clock, utc
from ..errors import AnswerLost, NotSentError, PictureError, SegfluxError, TransportError
from ..lifecycle import NotSent, PollOutcome, ResultOutcome, SubmitOutcome, Unclear, Unknown
from ..markup import shorten
from ..model import MODEL
from .addresses import Service, is_data, read_data
from .catalogue import PATH, QUERY, Catalogue, read_catalogue
from .history import HistoryRow, read_history
from .moments import read_date
from .observed import Observed
from .secret import Secret, redact
from .transport import HttpRequest, HttpResponse, Transport
from .uploads import PATH as UPLOADS
from .uploads import Uploaded, content_of, read_upload
from .wire import (
    is_same_id,
    is_success,
    read_balance,
    read_number,
    read_result,
    read_status,
    read_submit,
    service_error,
)

HISTORY_ROWS = 100
"""Rows of a page of the history: the maximum that the service allows."""


class Api:
    """The calls of a service, as outcomes.

    Parameters
    ----------
    service:
        The service and its addresses.
    transport:
        Sends requests.
    clock:
        Source of the current time, replaced in tests.
    secret:
        The API key, only to remove it from texts; the transport sends it. None if there is no key.
    observed:
        Compares the answers with the contract; None where nobody asks for that.

    Attributes
    ----------
    history_complete_after:
        Seconds after a submit when the history certainly lists it. None if the service does not declare it. The
        simulator does.
    observed:
        What compares the answers with the contract, if anything does.
    """

    def __init__(
        self,
        service: Service,
        transport: Transport,
        clock: Clock,
        secret: Secret | None,
        observed: Observed | None = None,
    ) -> None:
        self.service = service
        self.observed = observed
        self.history_complete_after: float | None = None
        self._last_dated: tuple[Mapping[str, str], float] = {}, 0.0
        self._transport = transport
        self._clock = clock
        self._secret = secret

    async def prepare_submit(self) -> None:
        """Make a connection ready for the next submit, before there is an intent: its handshakes leave no doubt."""
        await self._transport.prepare_submit(self._submit_url(MODEL.slug))

    async def submit(
        self,
        content: bytes,
        fence: Callable[[], str],
        model: str = MODEL.slug,
        between: Callable[[], Awaitable[str]] | None = None,
    ) -> SubmitOutcome:
        """Submit a job, once. If it is unclear whether the service accepted it, the outcome is `Unknown`.

        Parameters
        ----------
        content:
            The body.
        fence:
            Why it must not leave any more; see `HttpRequest`.
        model:
            The slug of the model.
        between:
            The same, asked between head and body; see `HttpRequest`.
        """
        request = HttpRequest("POST", self._submit_url(model), "submit", content, fence=fence, between=between)
        try:
            return read_submit(await self._send(request), self._clock.now())
        except NotSentError as error:
            return NotSent(error.what)
        except AnswerLost as error:
            return Unknown(error.what)

    async def status(self, request_id: str, address: str | None, urgency: Callable[[], float]) -> PollOutcome:
        """Ask for a job's status.

        Parameters
        ----------
        request_id:
            The service's id of the job.
        address:
            The address that the service gave for it, as stored, or None.
        urgency:
            How urgent the call is; see `HttpRequest`.

        Raises
        ------
        ServiceError
            401 or 403: the key may be wrong.
        """
        url = self.service.request_url(address, request_id, "/status")
        try:
            request = HttpRequest("GET", url, "status", urgency=urgency)
            return read_status(await self._send(request), self._clock.now(), request_id)
        except TransportError as error:
            return Unclear(error.what)

    async def result(self, request_id: str, address: str | None) -> ResultOutcome:
        """Ask for a job's result.

        Parameters
        ----------
        request_id:
            The service's id of the job.
        address:
            The address that the service gave for it, as stored, or None.

        Raises
        ------
        ServiceError
            401 or 403: the key may be wrong.
        """
        url = self.service.request_url(address, request_id)
        try:
            response = await self._send(HttpRequest("GET", url, "result"))
            return read_result(response, self._clock.now(), request_id)
        except TransportError as error:
            return Unclear(error.what)

    async def picture(self, address: str) -> bytes:
        """Fetch the bytes of a picture, without the API key.

        Parameters
        ----------
        address:
            Where the picture is, as stored.

        Raises
        ------
        PictureError
            Pictures are not fetched from this address, or it is a ``data:`` URL that cannot be read.
        ServiceError, TransportError
            The picture cannot be fetched, now or ever.
        """
        if is_data(address):
            if (data := read_data(address)) is None:
                raise PictureError("The picture in the result is not base64")
            return data
        url = self.service.absolute(address)
        if not self.service.may_download(url):
            raise PictureError(f"The picture's address {shorten(url, 300)!r} is neither https nor the service's own")
        response = await self._send(HttpRequest("GET", url, "download"))
        if not is_success(response):
            raise service_error(response, self._clock.now())
        return response.body

    async def upload(self, data: bytes, media: str) -> Uploaded:
        """Store a file at the service, which costs nothing.

        Parameters
        ----------
        data:
            The file.
        media:
            Its media type.

        Raises
        ------
        ServiceError, TransportError
            It was refused, or no address came.
        """
        content = await asyncio.to_thread(content_of, data, media)
        response = await self._send(HttpRequest("POST", self.service.storage + UPLOADS, "upload", content))
        return read_upload(response, self.service, self._clock.now())

    async def is_gone(self, address: str) -> bool:
        """Whether a stored file is certainly not there any more. It is asked without the API key.

        Parameters
        ----------
        address:
            Where it was stored.
        """
        try:
            response = await self._send(HttpRequest("HEAD", self.service.absolute(address), "download"))
        except TransportError:
            return False
        return response.status in (403, 404, 410)

    async def record(self, request_id: str) -> HistoryRow | None:
        """The history's row of a job of any age, or None if it has no such row.

        Raises
        ------
        ServiceError, TransportError
            The history cannot be read.
        """
        url = f"{self.service.history}/inference-request/request-history/{quote(request_id, safe='')}"
        response = await self._send(HttpRequest("GET", url, "history"))
        if response.status == 404:
            return None
        rows = read_history(response, self._clock.now())
        found = [row for row in rows if is_same_id(row.request_id, request_id)]
        if not found and len(rows) == 1 and not rows[0].request_id:
            return rows[0]
        if rows and not found:
            raise AnswerLost("The response of the history is about other jobs")
        return found[0] if found else None

    async def history(self, since: float, page: int, model: str = MODEL.slug) -> list[HistoryRow]:
        """A page of the history, newest first.

        Parameters
        ----------
        since:
            The history begins with the day of this time, in seconds since 1970 UTC.
        page:
            Number of the page, from 1. A page has `HISTORY_ROWS` rows; the last one has fewer.
        model:
            The slug of the model.

        Raises
        ------
        ServiceError, TransportError
            The history cannot be read.
        """
        url = f"{self.service.history}/inference-request/request-history"
        query = {"model_name": model, "from_date": utc(since).date().isoformat()}
        query |= {"per_page": str(HISTORY_ROWS), "page": str(page)}
        return read_history(await self._send(HttpRequest("GET", url, "history", query=query)), self._clock.now())

    async def catalogue(self) -> Catalogue:
        """The models that the service offers. It is asked without the API key.

        Raises
        ------
        ServiceError, TransportError
            The catalogue cannot be read.
        """
        response = await self._send(HttpRequest("GET", self.service.history + PATH, "catalogue", query=QUERY))
        # It may have megabytes, and the loop has other work.
        return await asyncio.to_thread(read_catalogue, response, self._clock.now())

    async def is_simulator(self) -> bool | None:
        """Whether the service says that it is the simulator. None if it cannot be reached."""
        try:
            return "x-segflux-simulator" in (await self._account()).headers
        except TransportError:
            return None

    async def balance(self) -> float | None:
        """US dollars on the account. None if the service does not say."""
        try:
            response = await self._account()
        except TransportError:
            return None
        return read_balance(response)

    async def is_key_refused(self) -> bool | None:
        """Whether the service refuses the key for a question about no job; None if it does not say."""
        try:
            status = (await self._account()).status
        except TransportError:
            return None
        return True if status in (401, 403) else False if status == 200 else None

    async def _account(self) -> HttpResponse:
        return await self._send(HttpRequest("GET", f"{self.service.api}/v1/get-user-credits", "account"))

    def _submit_url(self, model: str) -> str:
        return f"{self.service.api}/v2/{quote(model, safe='')}"

    def redact(self, text: str) -> str:
        """A text of the service without the API key, in case the service repeats it."""
        return self._secret.redact(text) if self._secret is not None else redact(text)

    def error_text(self, error: SegfluxError) -> str:
        """The text of an error, without the API key and without a full stop."""
        return self.redact(str(error)).rstrip(".")

    async def close(self) -> None:
        """Close connections."""
        if self.observed is not None:
            self.observed.write()
        await self._transport.close()

    async def _send(self, request: HttpRequest) -> HttpResponse:
        response = await self._transport.send(request)
        self._learn(response.headers)
        if self.observed is not None:
            self.observed.see(request, response)
        return response

    def _learn(self, headers: Mapping[str, str]) -> None:
        declared = read_number(headers, "x-segflux-history-complete-after")
        if declared is not None:
            self.history_complete_after = declared
        if "date" in headers:
            self._last_dated = headers, self._clock.now()

    @property
    def clock_offset(self) -> float:
        """Seconds that the service's clock is ahead of ours, by its last response. 0 if it is unknown."""
        headers, ours = self._last_dated
        theirs = read_date(headers)
        return 0.0 if theirs is None else theirs - ours
