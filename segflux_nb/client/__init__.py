"""A drop-in for the inference part of the official SDK, without a log.

The service page's example runs with only its import lines changed::

    from segflux_nb.client import SegmindClient

    client = SegmindClient(api_key="...")
    result = client.run("flux-dev-finetuned", prompt="TOK TOK", lora_strength=1, steps=25, seed=6652105)

It differs from the SDK where money or pictures are at stake. GETs are repeated after errors, and submits never are.
Every error says whether money may have been spent, and has the request id if there is one. `AsyncSegmindClient` does
the same for asynchronous code.
"""

from __future__ import annotations

import atexit
from functools import lru_cache
from typing import Any

from ..errors import InferenceError, InferenceFailed, InferenceTimeout
from .asynchronous import AsyncInferenceJob, AsyncSegmindClient, Response
from .blocking import AsyncJob, SegmindClient

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


def run(slug: str, /, **parameters: Any) -> dict[str, Any]:
    """Submit a job with the environment's key, wait for it, and return the body of the result.

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
    return _default().run(slug, **parameters)


def run_sync(slug: str, /, **parameters: Any) -> Response:
    """Make one blocking v1 call with the environment's key. Its response is the picture.

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
    return _default().run_sync(slug, **parameters)


def submit_async(slug: str, /, **parameters: Any) -> AsyncJob:
    """Submit a job with the environment's key, and return its handle.

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
    return _default().submit_async(slug, **parameters)


@lru_cache(maxsize=1)
def _default() -> SegmindClient:
    """The client of these functions. There is one, because handles outlive the call that made them."""
    client = SegmindClient()
    atexit.register(client.close)
    return client
