"""The bodies and envelopes of the service's answers. Pure."""

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


@dataclass(frozen=True)
class ServiceRequest:
    """A request as it came: header names in lower case, `base_url` as the caller addressed the service."""

    method: str
    path: str
    base_url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def parts(self) -> list[str]:
        """The path's parts."""
        return self.path.strip("/").split("/")


class ServiceResponse(NamedTuple):
    """An answer.

    Attributes
    ----------
    status, body, headers:
        As HTTP has them.
    picture:
        The job whose picture is the body.
    ready_at:
        When the answer goes out (seconds since 1970 UTC), or None for at once.
    cut:
        ``before``: the connection is cut before the first byte; ``middle``: in the middle of the body.
    closes:
        Whether the connection is closed afterwards, without announcing it.
    corrupted:
        The fault in the picture's bytes, or empty.
    measures, compose:
        The job whose picture's size the body names, and the body for a size in bytes.
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


def json_reply(status: int, content: Mapping[str, Any]) -> ServiceResponse:
    """An answer in JSON."""
    return ServiceResponse(status, encode(content), {"content-type": "application/json"})


def encode(content: Mapping[str, Any]) -> bytes:
    """A body in JSON."""
    return json.dumps(content).encode()


def page(status: int, text: str) -> ServiceResponse:
    """An answer as a page of HTML."""
    body = f"<html><head><title>{text}</title></head><body><h1>{text}</h1></body></html>"
    return ServiceResponse(status, body.encode(), {"content-type": "text/html"})


def gateway(status: int) -> ServiceResponse:
    """The gateway's page for 502 and 504."""
    return page(status, {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}[status])


def wrong_method() -> ServiceResponse:
    """405, which comes as HTML."""
    return page(405, "405 Method Not Allowed")


def not_found(request_id: str) -> ServiceResponse:
    """404 for a request that is unknown or too old."""
    return json_reply(404, {"error": f"Request {request_id} not found"})


def rate_limited(reset: float) -> ServiceResponse:
    """429, with the moment of reset and no Retry-After."""
    reply = json_reply(429, {"error": "rate_limit_exceeded"})
    return ServiceResponse(reply.status, reply.body, {**reply.headers, "x-rate-limit-reset-at-utc": moment(reset)})


def moment(seconds: float) -> str:
    """A moment as the service writes it, as far as anybody knows: ISO, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def urls(base: str, request_id: str) -> dict[str, str]:
    """The addresses that a submit's answer names, absolute as the SDK needs them."""
    return {
        "poll_url": f"{base}/v1/requests/{request_id}",
        "status_url": f"{base}/v2/requests/{request_id}/status",
        "response_url": f"{base}/v2/requests/{request_id}",
    }


def waiting(call: ServiceRequest, entry: Entry, step: str) -> dict[str, Any]:
    """The status, and the result, of a job that is not done."""
    addresses = urls(call.base_url, entry.request_id)
    del addresses["poll_url"]
    return {"status": step, "request_id": entry.request_id, **addresses, "metrics": {}}


def metrics(entry: Entry, credits: float | None) -> dict[str, Any]:
    """What the service measured of a job that is done."""
    measured = {
        "inference_time": entry.finished_at - entry.started_at,
        "queue_time": entry.started_at - entry.submitted_at,
        "total_time": entry.finished_at - entry.submitted_at,
        "cost": entry.price,
    }
    return measured if credits is None else {**measured, "remaining_credits": credits}


def result(call: ServiceRequest, entry: Entry, measured: Mapping[str, Any], size: int) -> dict[str, Any]:
    """The result of a job that completed, with a picture of so many bytes."""
    url = picture_url(call.base_url, entry)
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


def history_row(call: ServiceRequest, entry: Entry, now: float) -> dict[str, Any]:
    """A row of the request history."""
    done = now >= entry.finished_at
    return {
        "request_id": entry.request_id,
        "model_name": MODEL.slug,
        "model_status": ("FAILED" if entry.error else "COMPLETED") if done else "PENDING",
        "model_created": moment(entry.submitted_at),
        "request_body": entry.body,
        "credits_deduction": entry.price if done else None,
        "latency_ms": (entry.finished_at - entry.submitted_at) * 1000 if done else None,
        "generation_url": picture_url(call.base_url, entry) if done and not entry.error else None,
        "error": entry.error if done else None,
    }


def catalogue_entry() -> dict[str, Any]:
    """The model in the catalogue."""
    return {
        "slug": MODEL.slug,
        "name": "Flux Dev Finetuned (simulated)",
        "is_depreciated": False,
        "parameters_schema": parameters_schema(),
    }


def picture_url(base: str, entry: Entry) -> str:
    """Where a job's picture is."""
    return f"{base}/generations/simulated-{entry.request_id}.jpeg"


def id_of_picture(name: str) -> str:
    """The job whose picture has this name."""
    return name.removeprefix("simulated-").removesuffix(".jpeg")
