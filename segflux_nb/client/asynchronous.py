"""The service's inference calls, for asynchronous code."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import quote

from ..backoff import Backoff, RandomSource
from ..clock import Clock, SystemClock
from ..errors import (
    AnswerLost,
    InferenceError,
    InferenceFailed,
    InferenceTimeout,
    NotSentError,
    SegfluxError,
    ServiceError,
    TransportError,
)
from ..service.addresses import HOSTED, Service, at, origin
from ..service.json_reader import read_object
from ..service.keys import find_key
from ..service.transport import HttpRequest, HttpResponse, HttpTransport, Transport
from ..service.wire import service_error

TIMEOUT, INTERVAL = 600.0, 1.0
"""Seconds that `AsyncJob.wait` waits at most, and seconds between its status calls."""

GET_TRIES = 6
"""How often a GET is sent before its error is raised."""

LONGEST_PAUSE = 120.0
"""If the service says to wait longer, in seconds, its error is raised at once."""

GET_PAUSE = Backoff(first=0.5, longest=8.0)
"""Between tries of a GET."""


_LOOK = "Look for it in history() before submitting it again"
_ASK = "Ask again: asking costs nothing"


@dataclass(frozen=True)
class Response:
    """The response of a v1 call.

    Attributes
    ----------
    status_code:
        The HTTP status code, which is 200.
    headers:
        Cost, seed, request id and more, by names in lower case.
    content:
        The bytes of the picture.
    """

    status_code: int
    headers: dict[str, str]
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.content)


class AsyncSegmindClient:
    """The service's inference calls, for asynchronous code. Use it from one event loop only.

    Parameters
    ----------
    api_key:
        The key. None takes the one that `segflux_nb.Workspace` finds.
    base_url:
        Where the service is, with ``/v1`` as the official SDK takes it.
    timeout:
        Seconds that a connection may stay silent. None is long enough for a v1 call.
    """

    def __init__(
        self, api_key: str | None = None, base_url: str = HOSTED.api + "/v1", timeout: float | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._service: Service = HOSTED if origin(base_url) == HOSTED.api else at(base_url)
        self._secret = find_key(api_key)
        self._clock: Clock = SystemClock()
        self._jitter: RandomSource = random.random
        self._transport: Transport = HttpTransport(self._service, self._secret, timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close connections."""
        await self._transport.close()

    async def run(self, slug: str, /, **parameters: Any) -> dict[str, Any]:
        """Submit a job, wait for it, and return the body of the result.

        Parameters
        ----------
        slug:
            Name of the model, such as ``flux-dev-finetuned``.
        **parameters:
            Parameters of the model.

        Raises
        ------
        ServiceError
            The service refused the submit, or a call failed repeatedly.
        InferenceError
            The submit or a response was lost.
        InferenceFailed
            The job failed.
        InferenceTimeout
            The job was not done in time.
        """
        return await (await self.submit_async(slug, **parameters)).wait()

    async def run_sync(self, slug: str, /, **parameters: Any) -> Response:
        """Make one blocking v1 call, whose response is the picture.

        Parameters
        ----------
        slug:
            Name of the model, such as ``flux-dev-finetuned``.
        **parameters:
            Parameters of the model.

        Raises
        ------
        ServiceError
            The service refused the submit, or a call failed repeatedly.
        InferenceError
            The submit or a response was lost.
        """
        response = await self._post(f"{self._service.api}/v1/{quote(slug)}", parameters)
        return Response(response.status, dict(response.headers), response.body)

    async def submit_async(self, slug: str, /, **parameters: Any) -> AsyncInferenceJob:
        """Submit a job and return its handle.

        Parameters
        ----------
        slug:
            Name of the model, such as ``flux-dev-finetuned``.
        **parameters:
            Parameters of the model.

        Raises
        ------
        ServiceError
            The service refused the submit, or a call failed repeatedly.
        InferenceError
            The submit or a response was lost.
        """
        response = await self._post(f"{self._service.api}/v2/{quote(slug)}", parameters)
        body = read_object(response.body)
        request_id = body.get("request_id")
        if not isinstance(request_id, str) or not request_id:
            raise InferenceError(
                "The service accepted the request and gave no id",
                money="something may have been billed",
                remedy=_LOOK,
            )
        return AsyncInferenceJob(
            request_id, str(body.get("status_url", "")), str(body.get("response_url", "")), body, self
        )

    async def credits(self) -> dict[str, Any]:
        """The account's credits, in US dollars."""
        return await self._get(f"{self._service.api}/v1/get-user-credits")

    async def history(self, request_id: str | None = None, **filters: str | int) -> dict[str, Any]:
        """The account's jobs with cost, inputs and outcome, or one job of any age.

        Parameters
        ----------
        request_id:
            Id of one job. None lists jobs.
        **filters:
            ``page``, ``per_page``, ``from_date``, ``to_date``, ``model_name`` and ``status``, as the service takes
            them.

        Raises
        ------
        ServiceError, InferenceError
            The history cannot be read.
        """
        url = f"{self._service.history}/inference-request/request-history"
        if request_id is not None:
            return await self._get(f"{url}/{quote(request_id, safe='')}", request_id=request_id)
        return await self._get(url, query={name: str(value) for name, value in filters.items()})

    # ------------------------------------------------------------------ calls

    async def _post(self, url: str, parameters: dict[str, Any]) -> HttpResponse:
        """Send a submit. It is sent once, whatever happens."""
        content = json.dumps(parameters).encode()
        try:
            response = await self._transport.send(HttpRequest("POST", url, "submit", content))
        except NotSentError as error:
            raise InferenceError(error.what, money="nothing was billed", remedy="Submit it again") from None
        except AnswerLost as error:
            raise InferenceError(error.what, money="something may have been billed", remedy=_LOOK) from None
        if response.status != 200:
            # Without the gateway's JSON envelope, the service behind the gateway may have accepted the job.
            maybe = response.status in (502, 504) or (response.status >= 500 and not read_object(response.body))
            raise self._service_error(response, None, maybe_billed=maybe)
        return response

    async def _get(
        self, url: str, *, request_id: str | None = None, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a GET, again after transport errors, 429 and 5xx. FAILED is a result only in a 200 or 422.

        Parameters
        ----------
        url:
            Where to send it.
        request_id:
            The job that it is about, for errors.
        query:
            Parameters that are added to the URL.
        """
        for attempt in range(1, GET_TRIES + 1):
            pause = GET_PAUSE.seconds(attempt, self._jitter)
            failure: SegfluxError
            try:
                response = await self._transport.send(HttpRequest("GET", url, "status", query=query or {}))
            except TransportError as error:
                failure = InferenceError(error.what, request_id=request_id, remedy=_ASK)
            else:
                body = read_object(response.body)
                status = body.get("status")
                if body and (
                    response.status == 200 or status == "COMPLETED" or (status == "FAILED" and response.status == 422)
                ):
                    return body
                failure = self._service_error(response, request_id)
                if response.status != 429 and 300 <= response.status < 500 and status != "FAILED":
                    raise failure
                pause = max(pause, failure.retry_after or 0.0)
                if pause > LONGEST_PAUSE:
                    raise failure
            if attempt == GET_TRIES:
                raise failure
            await self._clock.sleep(pause)
        raise AssertionError("unreachable")

    def _service_error(
        self, response: HttpResponse, request_id: str | None, *, maybe_billed: bool = False
    ) -> ServiceError:
        """The typed error of a response, without the API key in case the service repeats it.

        Parameters
        ----------
        response:
            The response.
        request_id:
            The job that was asked about. None for a submit.
        maybe_billed:
            Whether the job may have been accepted.
        """
        error = service_error(response, self._clock.now())
        asked = request_id is not None
        return type(error)(
            error.status,
            self._redact(error.detail),
            retry_after=error.retry_after,
            request_id=request_id,
            money="something may have been billed" if maybe_billed else "" if asked else "nothing was billed",
            remedy=_LOOK if maybe_billed else error.advice or (_ASK if asked else ""),
        )

    def _redact(self, text: str) -> str:
        return self._secret.redact(text) if self._secret else text


@dataclass(frozen=True)
class AsyncInferenceJob:
    """A job at the service, for asynchronous code.

    Attributes
    ----------
    request_id:
        The service's id of the job.
    status_url:
        Where the service says to ask for its status.
    response_url:
        Where the service says to ask for its result.
    submit_response:
        Body of the response to the submit.
    """

    request_id: str
    status_url: str
    response_url: str
    submit_response: dict[str, Any]
    _client: AsyncSegmindClient = field(repr=False)

    async def status(self) -> dict[str, Any]:
        """The body of the job's status."""
        return await self._ask(self.status_url, "/status")

    async def result(self) -> dict[str, Any]:
        """The body of the job's result. For a failed job, it says so."""
        return await self._ask(self.response_url, "")

    # The official SDK's signature, time-out included.
    async def wait(self, timeout: float = TIMEOUT, interval: float = INTERVAL) -> dict[str, Any]:  # noqa: ASYNC109 - as the SDK has it
        """Wait until the job is done, and return the body of its result.

        Parameters
        ----------
        timeout:
            Seconds to wait at most.
        interval:
            Seconds between status calls.

        Raises
        ------
        InferenceFailed
            The job failed.
        InferenceTimeout
            The job was not done in time. It continues at the service.
        ServiceError, InferenceError
            A call failed repeatedly.
        """
        clock = self._client._clock
        started = clock.monotonic()
        while True:
            body = await self.status()
            if body.get("status") == "COMPLETED":
                return await self.result()
            if body.get("status") == "FAILED":
                raise InferenceFailed(self.request_id, body)
            elapsed = clock.monotonic() - started
            if elapsed >= timeout:
                raise InferenceTimeout(self.request_id, elapsed)
            await clock.sleep(min(interval, timeout - elapsed))

    async def _ask(self, address: str, tail: str) -> dict[str, Any]:
        url = self._client._service.request_url(address, self.request_id, tail)
        return await self._client._get(url, request_id=self.request_id)
