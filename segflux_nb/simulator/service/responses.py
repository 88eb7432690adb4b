"""Requests and responses of the simulated service, and the bodies of its responses. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from ...model import MODEL
from .jobs import complete, seed_of
from .ledger import Entry
from .openapi import parameters_schema
from .version import VERSION


@dataclass(frozen=True)
class ServiceRequest:
    """A request as it arrived.

    Attributes
    ----------
    method:
        The HTTP method, in capitals.
    path:
        The path of the URL, without the query.
    base_url:
        Scheme, host and port under which the client addressed the service.
    query:
        Parameters of the URL.
    headers:
        Values by name. Names are in lower case.
    body:
        The bytes of the body.
    """

    method: str
    path: str
    base_url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def parts(self) -> list[str]:
        """The parts of the path."""
        return self.path.strip("/").split("/")


class ServiceResponse(NamedTuple):
    """A response, and what a server has to do with it.

    Attributes
    ----------
    status:
        The HTTP status code.
    body:
        The bytes of the body.
    headers:
        Values by name. Names are in lower case.
    picture:
        The job whose picture is the body, or None.
    ready_at:
        When the response is sent, in seconds since 1970 UTC. None sends it at once.
    cut:
        ``before``: the connection is cut before the first byte. ``middle``: it is cut in the middle of the body.
    closes:
        Whether the connection is closed after the response, without an announcement.
    corrupted:
        The fault in the picture's bytes, or empty.
    measures:
        The job whose picture's size is named in the body, or None.
    compose:
        Makes the body from that size in bytes.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})
    picture: Entry | None = None
    ready_at: float | None = None
    cut: Literal["", "before", "middle"] = ""
    closes: bool = False
    corrupted: str = ""
    measures: Entry | None = None
    compose: Callable[[int], bytes] | None = None


def json_response(status: int, content: Mapping[str, Any]) -> ServiceResponse:
    """A response with a JSON body.

    Parameters
    ----------
    status:
        The HTTP status code.
    content:
        What the body says.
    """
    return ServiceResponse(status, encode(content), {"content-type": "application/json"})


def encode(content: Mapping[str, Any]) -> bytes:
    """A JSON body."""
    return json.dumps(content).encode()


def html_response(status: int, text: str) -> ServiceResponse:
    """A response with an HTML body, as the gateway sends it.

    Parameters
    ----------
    status:
        The HTTP status code.
    text:
        Title and heading of the page.
    """
    body = f"<html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"
    return ServiceResponse(status, body.encode(), {"content-type": "text/html"})


def gateway_error(status: int) -> ServiceResponse:
    """502 or 504 of the gateway, as HTML."""
    return html_response(status, {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}[status])


def wrong_method() -> ServiceResponse:
    """405, which comes as HTML."""
    return html_response(405, "405 Method Not Allowed")


def not_found(request_id: str) -> ServiceResponse:
    """404 for a job that is unknown or too old."""
    return json_response(404, {"error": f"Request {request_id} not found"})


def rate_limited(reset: float) -> ServiceResponse:
    """429 with the time of reset, and no Retry-After."""
    response = json_response(429, {"error": "rate_limit_exceeded"})
    return response._replace(headers={**response.headers, "x-rate-limit-reset-at-utc": timestamp(reset)})


def timestamp(seconds: float) -> str:
    """A time as ISO text in UTC. The service's format is not published; this is a guess."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def urls(base: str, request_id: str) -> dict[str, str]:
    """The addresses in the response to a submit. They are absolute, as the SDK needs them.

    Parameters
    ----------
    base:
        Base URL of the service.
    request_id:
        Id of the job.
    """
    return {
        "poll_url": f"{base}/v1/requests/{request_id}",
        "status_url": f"{base}/v2/requests/{request_id}/status",
        "response_url": f"{base}/v2/requests/{request_id}",
    }


def waiting(request: ServiceRequest, entry: Entry, step: str) -> dict[str, Any]:
    """Body of status and result of a job that is not done.

    Parameters
    ----------
    request:
        The request for it.
    entry:
        The job.
    step:
        QUEUED or PROCESSING.
    """
    addresses = urls(request.base_url, entry.request_id)
    del addresses["poll_url"]
    return {"status": step, "request_id": entry.request_id, **addresses, "metrics": {}}


def metrics(entry: Entry, credits: float | None) -> dict[str, Any]:
    """What the service measured of a job that is done.

    Parameters
    ----------
    entry:
        The job.
    credits:
        US dollars left on the account, or None if the account has no limit.
    """
    measured = {
        "inference_time": entry.finished_at - entry.started_at,
        "queue_time": entry.started_at - entry.submitted_at,
        "total_time": entry.finished_at - entry.submitted_at,
        "cost": entry.price,
        "simulator_version": VERSION,
    }
    return measured if credits is None else {**measured, "remaining_credits": credits}


def result(request: ServiceRequest, entry: Entry, measured: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Body of the result of a job that completed.

    Parameters
    ----------
    request:
        The request for it.
    entry:
        The job.
    measured:
        Its metrics.
    size:
        Size of its picture in bytes.
    """
    url = picture_url(request.base_url, entry)
    image = {"url": url, "content_type": "image/jpeg", "file_name": url.rsplit("/", 1)[1], "file_size": str(size)}
    return {
        "status": "COMPLETED",
        "error": None,
        "output": url,
        "images": [image],
        "seed": str(seed_of(entry)),
        "prompt": complete(entry.body)["prompt"],
        "timings": {"inference": measured["inference_time"]},
        "metrics": dict(measured),
    }


def history_row(request: ServiceRequest, entry: Entry, now: float) -> dict[str, Any]:
    """A row of the request history.

    Parameters
    ----------
    request:
        The request for it.
    entry:
        The job.
    now:
        When the history is read, in seconds since 1970 UTC.
    """
    done = now >= entry.finished_at
    return {
        "request_id": entry.request_id,
        "model_name": MODEL.slug,
        "model_status": ("FAILED" if entry.error else "COMPLETED") if done else "PENDING",
        "model_created": timestamp(entry.submitted_at),
        "request_body": entry.body,
        "credits_deduction": entry.price if done else None,
        "latency_ms": (entry.finished_at - entry.submitted_at) * 1000 if done else None,
        "generation_url": picture_url(request.base_url, entry) if done and not entry.error else None,
        "error": entry.error if done else None,
        "simulator_version": VERSION,
    }


def catalogue_entry() -> dict[str, Any]:
    """The model's entry in the catalogue."""
    return {
        "slug": MODEL.slug,
        "name": "Flux Dev Finetuned (simulated)",
        "is_depreciated": False,
        "parameters_schema": parameters_schema(),
    }


def picture_url(base: str, entry: Entry) -> str:
    """The URL of a job's picture.

    Parameters
    ----------
    base:
        Base URL of the service.
    entry:
        The job.
    """
    return f"{base}/generations/simulated-{entry.request_id}.jpeg"


def id_of_picture(name: str) -> str:
    """The id of the job whose picture has this name."""
    return name.removeprefix("simulated-").removesuffix(".jpeg")
