"""Requests and responses of the simulated service, and the bodies of its responses. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from .jobs import complete, seed_of
from .ledger import Entry
from .offers import OFFERS, is_in_json, pictures_of
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
    number:
        Which picture of the job is the body, from 0.
    measures:
        The job whose pictures are named in the body with their sizes, or are in it; or None.
    compose:
        Makes the body from the bytes of these pictures.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})
    picture: Entry | None = None
    ready_at: float | None = None
    cut: Literal["", "before", "middle"] = ""
    closes: bool = False
    corrupted: str = ""
    number: int = 0
    measures: Entry | None = None
    compose: Callable[[Sequence[bytes]], bytes] | None = None

    @property
    def wanted(self) -> list[tuple[Entry, int]]:
        """The pictures that a server needs to send it: each with its job and its number."""
        if self.picture is not None:
            return [(self.picture, self.number)]
        job = self.measures
        return [] if job is None else [(job, number) for number in range(pictures_of(job.slug, job.body))]

    def sent(self, pictures: Sequence[bytes]) -> bytes:
        """The body that is sent, with the bytes of the pictures that are wanted."""
        if self.compose is not None:
            return self.compose(pictures)
        return pictures[0] if pictures else self.body


def json_response(status: int, content: Any) -> ServiceResponse:
    """A response with a JSON body.

    Parameters
    ----------
    status:
        The HTTP status code.
    content:
        What the body says.
    """
    return ServiceResponse(status, encode(content), {"content-type": "application/json"})


def encode(content: Any) -> bytes:
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


VIDEO = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08mdat"
"""A file of a video without a picture in it."""


def result(
    request: ServiceRequest, entry: Entry, measured: Mapping[str, Any], pictures: Sequence[bytes]
) -> dict[str, Any]:
    """Body of the result of a job that completed.

    Parameters
    ----------
    request:
        The request for it.
    entry:
        The job.
    measured:
        Its metrics.
    pictures:
        The bytes of its pictures.
    """
    offer = OFFERS.get(entry.slug)
    known = complete(entry.body) if offer is None else entry.body
    body = {
        "status": "COMPLETED",
        "error": None,
        "seed": str(seed_of(entry)),
        "prompt": known.get("prompt"),
        "timings": {"inference": measured["inference_time"]},
        "metrics": dict(measured),
    }
    if offer is not None and offer.makes == "text":
        return {**body, "output": SAID}
    if offer is not None and offer.makes == "video":
        return {**body, "output": output_url(request.base_url, entry), "content_type": "video/mp4"}
    if is_in_json(entry.slug, entry.body):
        encoded = [b64encode(data).decode() for data in pictures]
        return {**body, "output": encoded[0] if len(encoded) == 1 else encoded, "image": encoded[0]}
    urls = [output_url(request.base_url, entry, number) for number in range(len(pictures))]
    images = [
        {"url": url, "content_type": "image/jpeg", "file_name": url.rsplit("/", 1)[1], "file_size": str(len(data))}
        for url, data in zip(urls, pictures, strict=True)
    ]
    return {**body, "output": urls[0] if len(urls) == 1 else urls, "images": images}


SAID = "A text, as the simulator writes it."
"""The output of models of texts."""


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
        "model_name": entry.slug,
        "model_status": ("FAILED" if entry.error else "COMPLETED") if done else "PENDING",
        "model_created": timestamp(entry.submitted_at),
        "request_body": entry.body,
        "credits_deduction": entry.price if done else None,
        "latency_ms": (entry.finished_at - entry.submitted_at) * 1000 if done else None,
        "generation_url": output_url(request.base_url, entry) if done and not entry.error else None,
        "error": entry.error if done else None,
        "simulator_version": VERSION,
    }


_NAME = re.compile(r"simulated-(?P<id>[^.]+)(?:\.(?P<number>[1-9]))?\.(?:jpeg|mp4)")


def output_url(base: str, entry: Entry, number: int = 0) -> str:
    """The URL of a job's picture or video.

    Parameters
    ----------
    base:
        Base URL of the service.
    entry:
        The job.
    number:
        Which picture of the job it is, from 0.
    """
    which = f".{number}" if number else ""
    offer = OFFERS.get(entry.slug)
    ending = "mp4" if offer is not None and offer.makes == "video" else "jpeg"
    return f"{base}/generations/simulated-{entry.request_id}{which}.{ending}"


def id_of_picture(name: str) -> str:
    """The id of the job whose picture has this name."""
    match = _NAME.fullmatch(name)
    return name if match is None else match["id"]


def number_of_picture(name: str) -> int:
    """Which picture of its job has this name, from 0."""
    match = _NAME.fullmatch(name)
    return int(match["number"] or 0) if match else 0
