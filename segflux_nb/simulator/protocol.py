"""The service's protocol, sans I/O: ``handle(call, now) -> reply``. No socket and no clock of its own.

What is served: v2 submit, status and result; credits; the request history; pictures, on another path and without a
key. Sources of each rule: the service's public documentation and its official SDK 1.3.0, as gathered in
``docs/simulator.md``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from ..model import MODEL
from .faults import Faults
from .flow import supported
from .ledger import Entry, Ledger
from .timeline import FILE_SECONDS, RECORD_SECONDS, phase, service_seconds, start_time

SIMULATOR_HEADER = "x-segflux-simulator"
HISTORY_HEADER = "x-segflux-history-complete-after"
"""How many seconds after a submit the history is sure to list it, if it was accepted."""

HISTORY_COMPLETE = 1
"""Rows land at once; the second is for a submit that is still on its way when its sender dies."""

FAILING_SHARE = 0.2
"""A job that fails takes this share of its service time."""


@dataclass(frozen=True)
class Call:
    """A request as it came: header names in lower case, `base_url` as the caller addressed the service."""

    method: str
    path: str
    base_url: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """An answer. `picture` names a job whose picture is the body; `cut` says that the answer never arrives."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    picture: Entry | None = None
    cut: bool = False


@dataclass(frozen=True)
class Settings:
    """How the simulated service behaves; see `Simulator`."""

    key: str | None = None
    time_scale: float = 1.0
    workers: int = 64
    rpm: int | None = None
    credits: float | None = None
    seed: int = 0


class Protocol:
    """The service, apart from sockets and clocks.

    Parameters
    ----------
    settings, faults:
        How it behaves and misbehaves.
    ledger:
        Its memory.
    on_accept:
        Called with each accepted job, to paint ahead.
    """

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        faults: Faults,
        on_accept: Callable[[Entry], None] = lambda entry: None,
    ) -> None:
        self.settings = settings
        self.ledger = ledger
        self.faults = faults
        self._on_accept = on_accept
        self._calls: dict[str, int] = {}

    def handle(self, call: Call, now: float) -> Reply:
        """The answer to a call at a moment."""
        reply = self._route(call, now)
        return replace(reply, headers={**reply.headers, SIMULATOR_HEADER: "1", HISTORY_HEADER: str(HISTORY_COMPLETE)})

    def _route(self, call: Call, now: float) -> Reply:
        match (call.method, *call.path.strip("/").split("/")):
            case ("GET", "generations", name):
                return self._picture(name, now)
            case (_, "generations", _):
                return _wrong_method()
        refusal = self._unauthorised(call)
        if refusal is not None:
            return refusal
        match (call.method, *call.path.strip("/").split("/")):
            case ("GET", "v2", "requests", request_id, "status"):
                return self._status(call, request_id, now, result=False)
            case ("GET", "v2", "requests", request_id):
                return self._status(call, request_id, now, result=True)
            case ("GET", "v1", "get-user-credits"):
                return _json(200, {"credits": self._balance(now), "free-credits": 0.0})
            case ("GET", "inference-request", "request-history"):
                return self._history(call, now)
            case ("GET", "inference-request", "request-history", request_id):
                entry = self.ledger.entry(request_id)
                return _not_found(request_id) if entry is None else _json(200, self._history_row(call, entry, now))
            case ("POST", "v2", slug):
                return self._submit(call, slug, now)
            case (_, "v1" | "v2" | "inference-request", *_):
                return _wrong_method()
        return _json(404, {"error": "Not found"})

    # ------------------------------------------------------------------ submit

    def _submit(self, call: Call, slug: str, now: float) -> Reply:
        if call.headers.get("content-type", "").split(";")[0].strip() != "application/json":
            return _json(406, {"error": "Invalid content type"})
        if slug != MODEL.slug:
            return _json(404, {"error": f"Model {slug} not found"})
        try:
            body = json.loads(call.body)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return _json(400, {"error": "The body is not a JSON object"})
        limited = self._rate_limited(now)
        if limited is not None:
            return limited
        content = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        attempt = self._count("submit " + content)
        if self.faults.strikes("submit_500", body, content, attempt):
            return _json(500, {"error": "Internal server error"})
        price = self._price(body)
        balance = self._balance(now)
        if self.settings.credits is not None and balance < price:
            return _json(402, {"error": f"Insufficient credits. You have {balance:.4f} credits."})
        entry = self.ledger.accept(content, lambda repetition, ends: self._job(content, repetition, ends, body, now))
        self._on_accept(entry)
        urls = _urls(call.base_url, entry.request_id)
        accepted = _json(200, {"request_id": entry.request_id, "status": "QUEUED", **urls})
        lost = self.faults.strikes("submit_lost", body, content, attempt)
        return replace(accepted, cut=lost)

    def _job(self, content: str, repetition: int, ends: list[float], body: dict[str, Any], now: float) -> Entry:
        """The row of a job: all that will happen to it. The id depends on the request and its repetition alone."""
        request_id = hashlib.sha256(f"{self.settings.seed} {content} {repetition}".encode()).hexdigest()[:32]
        error = _mistake(body)
        if error is None and self.faults.strikes("failed", body, request_id):
            error = "Inference failed: the worker ran out of memory"
        if error is None and self.faults.strikes("moderated", body, request_id):
            error = "The prompt was rejected by the content policy (NSFW)"
        seconds = service_seconds(self._mean_seconds(body), self.settings.seed, request_id)
        seconds *= self.settings.time_scale * (FAILING_SHARE if error else 1.0)
        started = start_time(now, ends, self.settings.workers)
        return Entry(
            request_id=request_id,
            body=body,
            submitted_at=now,
            started_at=started,
            finished_at=started + seconds,
            price=0.0 if error else self._price(body),
            billed=0.0,
            error=error,
        )

    def _rate_limited(self, now: float) -> Reply | None:
        if self.settings.rpm is None:
            return None
        recent = self.ledger.submitted_since(now - 60)
        if len(recent) < self.settings.rpm:
            return None
        reset = datetime.fromtimestamp(recent[-self.settings.rpm] + 60, UTC).isoformat()
        limited = _json(429, {"error": "rate_limit_exceeded"})
        return replace(limited, headers={**limited.headers, "x-rate-limit-reset-at-utc": reset})

    # ------------------------------------------------------------------ status and result

    def _status(self, call: Call, request_id: str, now: float, *, result: bool) -> Reply:
        entry = self.ledger.entry(request_id)
        if entry is None or now > entry.submitted_at + RECORD_SECONDS:
            return _not_found(request_id)
        occasion = self._count(f"{'result' if result else 'status'} {entry.request_id}")
        if self.faults.strikes("status_404", entry.body, entry.request_id):
            return _not_found(request_id)
        if self.faults.strikes("status_500", entry.body, entry.request_id, result, occasion):
            return _json(500, {"error": "Internal server error"})
        step = phase(now, entry.started_at, entry.finished_at)
        if step != "DONE":
            urls = _urls(call.base_url, entry.request_id)
            del urls["poll_url"]
            return _json(200, {"status": step, "request_id": entry.request_id, **urls, "metrics": {}})
        metrics = self._metrics(entry, now)
        if entry.error is not None:
            return _json(422, {"status": "FAILED", "error": entry.error, "metrics": metrics})
        if not result:
            return _json(200, {"status": "COMPLETED", "request_id": entry.request_id, "metrics": metrics})
        return _json(200, self._result(call, entry, metrics))

    def _result(self, call: Call, entry: Entry, metrics: dict[str, Any]) -> dict[str, Any]:
        url = _picture_url(call.base_url, entry)
        output: Any = url
        if self.faults.strikes("output_list", entry.body, entry.request_id):
            output = [url]
        elif self.faults.strikes("output_object", entry.body, entry.request_id):
            output = {"url": url}
        result = {
            "status": "COMPLETED",
            "error": None,
            "output": output,
            "images": [{"url": url, "content_type": "image/jpeg", "file_name": url.rsplit("/", 1)[1]}],
            "seed": str(entry.body.get("seed", MODEL.parameters["seed"].default)),
            "prompt": entry.body.get("prompt", MODEL.parameters["prompt"].default),
            "timings": {"inference": metrics["inference_time"]},
            "metrics": metrics,
        }
        if self.faults.strikes("no_output", entry.body, entry.request_id):
            del result["output"], result["images"]
        return result

    def _metrics(self, entry: Entry, now: float) -> dict[str, Any]:
        metrics = {
            "inference_time": entry.finished_at - entry.started_at,
            "queue_time": entry.started_at - entry.submitted_at,
            "total_time": entry.finished_at - entry.submitted_at,
            "cost": entry.price,
        }
        if self.settings.credits is not None:
            metrics["remaining_credits"] = self._balance(now)
        return metrics

    # ------------------------------------------------------------------ history, money, pictures

    def _history(self, call: Call, now: float) -> Reply:
        page, per_page = int(call.query.get("page", 1)), min(100, int(call.query.get("per_page", 20)))
        rows = [
            self._history_row(call, entry, now)
            for entry in reversed(self.ledger.entries())
            if call.query.get("model_name", "") in MODEL.slug
            and call.query.get("from_date", "") <= _day(entry.submitted_at) <= call.query.get("to_date", "9999")
        ]
        shown = rows[(page - 1) * per_page : page * per_page]
        return _json(200, {"data": shown, "page": page, "per_page": per_page, "total": len(rows)})

    def _history_row(self, call: Call, entry: Entry, now: float) -> dict[str, Any]:
        done = now >= entry.finished_at
        return {
            "request_id": entry.request_id,
            "model_name": MODEL.slug,
            "model_status": ("FAILED" if entry.error else "COMPLETED") if done else "PENDING",
            "model_created": datetime.fromtimestamp(entry.submitted_at, UTC).isoformat(),
            "request_body": entry.body,
            "credits_deduction": entry.price if done else None,
            "latency_ms": (entry.finished_at - entry.submitted_at) * 1000 if done else None,
            "generation_url": _picture_url(call.base_url, entry) if done and not entry.error else None,
            "error": entry.error if done else None,
        }

    def _picture(self, name: str, now: float) -> Reply:
        entry = self.ledger.entry(name.rsplit("-", 1)[-1].removesuffix(".jpeg"))
        kept = entry is not None and entry.finished_at <= now <= entry.finished_at + FILE_SECONDS
        if (
            entry is None
            or not kept
            or entry.error
            or self.faults.strikes("picture_404", entry.body, entry.request_id)
        ):
            return Reply(404, b"<html><body>404 Not Found</body></html>", {"content-type": "text/html"})
        return Reply(200, b"", {"content-type": "image/jpeg", "cache-control": "public, max-age=604800"}, entry)

    def finish_picture(self, entry: Entry, data: bytes) -> bytes:
        """The bytes that are served for a job's picture: cut off where a fault says so."""
        return data[: len(data) // 2] if self.faults.strikes("bad_picture", entry.body, entry.request_id) else data

    def _unauthorised(self, call: Call) -> Reply | None:
        if self.settings.key is None:
            return None
        given = call.headers.get("x-api-key")
        if given is None:
            return _json(401, {"error": "Missing Authorization or x-api-key in header"})
        if given != self.settings.key:
            return _json(401, {"error": "Unauthorized. API key is invalid or may have expired..."})
        return None

    def _balance(self, now: float) -> float:
        if self.settings.credits is None:
            return 1000.0
        return self.settings.credits - self.ledger.billed_at(now) - self.ledger.reserved_at(now)

    def _price(self, body: Mapping[str, Any]) -> float:
        return MODEL.price * self._evaluations(body) / MODEL.price_evaluations

    def _mean_seconds(self, body: Mapping[str, Any]) -> float:
        return MODEL.seconds * self._evaluations(body) / MODEL.price_evaluations

    def _evaluations(self, body: Mapping[str, Any]) -> int:
        if _mistake(body) is not None:
            return MODEL.price_evaluations
        return MODEL.evaluations(complete(body)) or 3 * MODEL.price_evaluations

    def _count(self, what: str) -> int:
        self._calls[what] = self._calls.get(what, 0) + 1
        return self._calls[what]


def complete(body: Mapping[str, Any]) -> dict[str, Any]:
    """A request's body with the service's defaults filled in; without a fine-tune it runs the base model."""
    filled = {name: field.default for name, field in MODEL.parameters.items() if name != "finetune_id"}
    return {**filled, **{name: value for name, value in body.items() if name in MODEL.parameters}}


def _mistake(body: Mapping[str, Any]) -> str | None:
    """What is wrong with a body. The service accepts it all the same, and the job fails later."""
    filled = complete(body)
    for name, value in filled.items():
        if name == "seed" and value == -1:
            continue
        try:
            MODEL.parameters[name].normalise(value)
        except ValueError as error:
            return f"Invalid value for {name}: {error}"
    lacking = supported(filled)
    return None if lacking is None else f"Unsupported value: {lacking}"


def _urls(base: str, request_id: str) -> dict[str, str]:
    return {
        "poll_url": f"{base}/v1/requests/{request_id}",
        "status_url": f"{base}/v2/requests/{request_id}/status",
        "response_url": f"{base}/v2/requests/{request_id}",
    }


def _picture_url(base: str, entry: Entry) -> str:
    return f"{base}/generations/simulated-{entry.request_id}.jpeg"


def _json(status: int, content: Mapping[str, Any]) -> Reply:
    return Reply(status, json.dumps(content).encode(), {"content-type": "application/json"})


def _not_found(request_id: str) -> Reply:
    return _json(404, {"error": f"Request {request_id} not found"})


def _wrong_method() -> Reply:
    return Reply(405, b"<html><body>405 Method Not Allowed</body></html>", {"content-type": "text/html"})


def _day(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).date().isoformat()
