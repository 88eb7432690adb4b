"""A drop-in for the inference part of the official SDK, without a log.

The service page's example runs with only its import lines changed::

    from segflux_nb.client import SegmindClient

    client = SegmindClient(api_key="...")
    result = client.run("flux-dev-finetuned", prompt="TOK TOK", lora_strength=1, steps=25, seed=6652105)

What differs is what costs money or loses pictures: GETs are tried again after errors of transport and service,
submits never are; every error says whether money may have been spent, and carries the request id where there is one.
`AsyncSegmindClient` is the twin for asynchronous code.
"""

from __future__ import annotations

import atexit
import json
import random
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Self, cast
from urllib.parse import quote

from . import loopthread
from .backoff import Backoff, RandomSource
from .clock import Clock, SystemClock
from .errors import (
    AnswerLost,
    InferenceError,
    InferenceFailed,
    InferenceTimeout,
    NotSentError,
    SegfluxError,
    ServiceError,
    TransportError,
)
from .service.addresses import HOSTED, Service, at
from .service.keys import find_key
from .service.transport import HttpRequest, HttpResponse, HttpTransport, Transport
from .service.wire import service_error

__all__ = [
    "AsyncInferenceJob",
    "AsyncJob",
    "AsyncSegmindClient",
    "InferenceError",
    "InferenceFailed",
    "InferenceTimeout",
    "Response",
    "SegmindClient",
    "run",
    "run_sync",
    "submit_async",
]

TIMEOUT, INTERVAL = 600.0, 1.0
"""Seconds that `AsyncJob.wait` waits at most, and between its questions."""

GET_TRIES = 6
"""How often a GET is made before its error is passed on."""

GET_PAUSE = Backoff(first=0.5, longest=8.0)
"""Between tries of a GET."""


_LOOK = "Look for it in history() before submitting it again"
_ASK = "Ask again: asking costs nothing"


@dataclass(frozen=True)
class Response:
    """The answer of a v1 call: `content` is the picture, `headers` say cost, seed and request id."""

    status_code: int
    headers: dict[str, str]
    content: bytes = field(repr=False)

    def json(self) -> Any:
        """The body, where it is JSON."""
        return json.loads(self.content)


class AsyncSegmindClient:
    """The service's inference calls, for asynchronous code; to be used from one event loop.

    Parameters
    ----------
    api_key:
        The key; else the one that `segflux_nb.Workspace` would find.
    base_url:
        Where the service is, as the official SDK takes it: with ``/v1``.
    timeout:
        Seconds that an answer may keep silent; left out, long enough for a v1 call.
    """

    def __init__(
        self, api_key: str | None = None, base_url: str = HOSTED.api + "/v1", timeout: float | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._service: Service = HOSTED if base_url.startswith(HOSTED.api) else at(base_url)
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
        """Submit a job, wait for it, and give the result's body. All parameters go to the model."""
        return await (await self.submit_async(slug, **parameters)).wait()

    async def run_sync(self, slug: str, /, **parameters: Any) -> Response:
        """One blocking v1 call: the answer holds the picture."""
        answer = await self._post(f"{self._service.api}/v1/{quote(slug)}", parameters)
        return Response(answer.status, dict(answer.headers), answer.body)

    async def submit_async(self, slug: str, /, **parameters: Any) -> AsyncInferenceJob:
        """Submit a job and give its handle."""
        answer = await self._post(f"{self._service.api}/v2/{quote(slug)}", parameters)
        body = _json(answer)
        request_id = body.get("request_id")
        if not isinstance(request_id, str) or not request_id:
            raise InferenceError(
                "The service took the request and gave no id",
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
        """The account's requests with cost, inputs and outcome; or one of any age, by its id.

        Parameters
        ----------
        request_id:
            One request.
        **filters:
            ``page``, ``per_page``, ``from_date``, ``to_date``, ``model_name``, ``status``: as the service takes them.
        """
        url = f"{self._service.history}/inference-request/request-history"
        if request_id is not None:
            return await self._get(f"{url}/{quote(request_id, safe='')}", request_id=request_id)
        return await self._get(url, query={name: str(value) for name, value in filters.items()})

    # ------------------------------------------------------------------ calls

    async def _post(self, url: str, parameters: dict[str, Any]) -> HttpResponse:
        """A submit: made once, whatever happens."""
        content = json.dumps(parameters).encode()
        try:
            answer = await self._transport.send(HttpRequest("POST", url, "submit", content))
        except NotSentError as error:
            raise InferenceError(error.what, money="nothing was billed", remedy="Submit it again") from None
        except AnswerLost as error:
            raise InferenceError(error.what, money="something may have been billed", remedy=_LOOK) from None
        if answer.status != 200:
            # A page instead of the gateway's JSON: the job may have been taken behind it.
            maybe = answer.status in (502, 504) or (answer.status >= 500 and not _json(answer))
            raise self._told(answer, None, maybe_billed=maybe)
        return answer

    async def _get(
        self, url: str, *, request_id: str | None = None, query: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """A GET: made again after errors of transport, 429 and 5xx. A body with a final status counts as it is."""
        for attempt in range(1, GET_TRIES + 1):
            pause = GET_PAUSE.seconds(attempt, self._jitter)
            failure: SegfluxError
            try:
                answer = await self._transport.send(HttpRequest("GET", url, "status", query=query or {}))
            except TransportError as error:
                failure = InferenceError(error.what, request_id=request_id, remedy=_ASK)
            else:
                body = _json(answer)
                if body and (answer.status == 200 or body.get("status") in ("COMPLETED", "FAILED")):
                    return body
                failure = self._told(answer, request_id)
                if answer.status != 429 and 300 <= answer.status < 500:
                    raise failure
                pause = max(pause, failure.retry_after or 0.0)
            if attempt == GET_TRIES:
                raise failure
            await self._clock.sleep(pause)
        raise AssertionError("unreachable")

    def _told(self, answer: HttpResponse, request_id: str | None, *, maybe_billed: bool = False) -> ServiceError:
        """The typed error of an answer, without the key should the service echo it."""
        error = service_error(answer, self._clock.now())
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
    """A job at the service, for asynchronous code."""

    request_id: str
    status_url: str
    response_url: str
    submit_response: dict[str, Any]
    _client: AsyncSegmindClient = field(repr=False)

    async def status(self) -> dict[str, Any]:
        """Where the job stands."""
        return await self._ask(self.status_url, "/status")

    async def result(self) -> dict[str, Any]:
        """The job's result; for a failed job the body that says so."""
        return await self._ask(self.response_url, "")

    # The official SDK's signature, time-out included.
    async def wait(self, timeout: float = TIMEOUT, interval: float = INTERVAL) -> dict[str, Any]:  # noqa: ASYNC109 - as the SDK has it
        """The result, once the job is done.

        Parameters
        ----------
        timeout:
            Seconds to wait at most.
        interval:
            Seconds between questions.

        Raises
        ------
        InferenceFailed, InferenceTimeout
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


@dataclass(frozen=True)
class AsyncJob:
    """A job at the service: the handle that `SegmindClient.submit_async` gives, as the official SDK's."""

    request_id: str
    status_url: str
    response_url: str
    submit_response: dict[str, Any]
    _job: AsyncInferenceJob = field(repr=False)

    def status(self) -> dict[str, Any]:
        """Where the job stands."""
        return loopthread.wait(loopthread.submit(self._job.status()))

    def result(self) -> dict[str, Any]:
        """The job's result; for a failed job the body that says so."""
        return loopthread.wait(loopthread.submit(self._job.result()))

    def wait(self, timeout: float = TIMEOUT, interval: float = INTERVAL) -> dict[str, Any]:
        """The result, once the job is done; parameters and errors are those of `AsyncInferenceJob.wait`."""
        return loopthread.wait(loopthread.submit(self._job.wait(timeout, interval)))


class SegmindClient:
    """The service's inference calls; parameters are those of `AsyncSegmindClient`.

    Example
    -------
    ::

        with SegmindClient() as client:
            url = client.run("flux-dev-finetuned", prompt="TOK at dawn", finetune_id="...")["output"]
    """

    def __init__(
        self, api_key: str | None = None, base_url: str = HOSTED.api + "/v1", timeout: float | None = None
    ) -> None:
        self.base_url = base_url.rstrip("/")

        async def make() -> AsyncSegmindClient:
            return AsyncSegmindClient(api_key, base_url, timeout)

        self._client = loopthread.wait(loopthread.submit(make()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close connections."""
        loopthread.wait(loopthread.submit(self._client.aclose()))

    def run(self, slug: str, /, **parameters: Any) -> dict[str, Any]:
        """Submit a job, wait for it, and give the result's body. All parameters go to the model."""
        return loopthread.wait(loopthread.submit(self._client.run(slug, **parameters)))

    def run_sync(self, slug: str, /, **parameters: Any) -> Response:
        """One blocking v1 call: the answer holds the picture."""
        return loopthread.wait(loopthread.submit(self._client.run_sync(slug, **parameters)))

    def submit_async(self, slug: str, /, **parameters: Any) -> AsyncJob:
        """Submit a job and give its handle."""
        job = loopthread.wait(loopthread.submit(self._client.submit_async(slug, **parameters)))
        return AsyncJob(job.request_id, job.status_url, job.response_url, job.submit_response, job)

    def credits(self) -> dict[str, Any]:
        """The account's credits, in US dollars."""
        return loopthread.wait(loopthread.submit(self._client.credits()))

    def history(self, request_id: str | None = None, **filters: str | int) -> dict[str, Any]:
        """The account's requests; see `AsyncSegmindClient.history`."""
        return loopthread.wait(loopthread.submit(self._client.history(request_id, **filters)))


def run(slug: str, /, **parameters: Any) -> dict[str, Any]:
    """Submit a job with the key of the environment, wait for it, and give the result's body."""
    return _default().run(slug, **parameters)


def run_sync(slug: str, /, **parameters: Any) -> Response:
    """One blocking v1 call with the key of the environment."""
    return _default().run_sync(slug, **parameters)


def submit_async(slug: str, /, **parameters: Any) -> AsyncJob:
    """Submit a job with the key of the environment, and give its handle."""
    return _default().submit_async(slug, **parameters)


@lru_cache(maxsize=1)
def _default() -> SegmindClient:
    """The client behind the functions: one, so that handles outlive the call that made them."""
    client = SegmindClient()
    atexit.register(client.close)
    return client


def _json(answer: HttpResponse) -> dict[str, Any]:
    try:
        body = json.loads(answer.body)
    except ValueError:
        return {}
    return cast("dict[str, Any]", body) if isinstance(body, dict) else {}
