"""The service's inference calls under the names of the official SDK. Each call waits for that of `asynchronous`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from .. import loopthread
from ..service.addresses import HOSTED
from .asynchronous import INTERVAL, TIMEOUT, AsyncInferenceJob, AsyncSegmindClient, Response


@dataclass(frozen=True)
class AsyncJob:
    """A job at the service: what `SegmindClient.submit_async` returns, as in the official SDK.

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
    _job: AsyncInferenceJob = field(repr=False)

    def status(self) -> dict[str, Any]:
        """The body of the job's status."""
        return loopthread.wait(loopthread.submit(self._job.status()))

    def result(self) -> dict[str, Any]:
        """The body of the job's result. For a failed job, it says so."""
        return loopthread.wait(loopthread.submit(self._job.result()))

    def wait(self, timeout: float = TIMEOUT, interval: float = INTERVAL) -> dict[str, Any]:
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
        return loopthread.wait(loopthread.submit(self._job.wait(timeout, interval)))


class SegmindClient:
    """The service's inference calls.

    Parameters
    ----------
    api_key:
        The key. None takes the one that `segflux_nb.Workspace` finds.
    base_url:
        Where the service is, with ``/v1`` as the official SDK takes it.
    timeout:
        Seconds that a connection may stay silent. None is long enough for a v1 call.

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
        return loopthread.wait(loopthread.submit(self._client.run(slug, **parameters)))

    def run_sync(self, slug: str, /, **parameters: Any) -> Response:
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
        return loopthread.wait(loopthread.submit(self._client.run_sync(slug, **parameters)))

    def submit_async(self, slug: str, /, **parameters: Any) -> AsyncJob:
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
        job = loopthread.wait(loopthread.submit(self._client.submit_async(slug, **parameters)))
        return AsyncJob(job.request_id, job.status_url, job.response_url, job.submit_response, job)

    def credits(self) -> dict[str, Any]:
        """The account's credits, in US dollars."""
        return loopthread.wait(loopthread.submit(self._client.credits()))

    def history(self, request_id: str | None = None, **filters: str | int) -> dict[str, Any]:
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
        return loopthread.wait(loopthread.submit(self._client.history(request_id, **filters)))
