"""The service's protocol, sans I/O: ``handle(call, now) -> reply``. No socket and no clock of its own.

What is served: v1 (one blocking call); v2 submit, status and result; the legacy poll; credits; the request history;
the model catalogue; pictures, on another path and without a key; an OpenAPI description; and, apart from the service,
the ledger. Sources of each rule: the service's public documentation and its official SDK 1.3.0, as gathered in
``docs/simulator.md``.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ...model import MODEL
from . import responses
from .faults import AFTERWARDS, DELAY_SECONDS, INSTEAD, Faults
from .jobs import Settings, content_of, make_job, price_of, seed_of
from .ledger import Entry, Ledger
from .openapi import description
from .responses import ServiceRequest, ServiceResponse
from .timeline import FILE_SECONDS, RECORD_SECONDS, phase

SIMULATOR_HEADER = "x-segflux-simulator"
HISTORY_HEADER = "x-segflux-history-complete-after"
"""How many seconds after a submit the history is sure to list it, if it was accepted; absent where nobody knows."""

WINDOW_SECONDS = 60.0
"""The window of the rate limit."""

V1_SECONDS = 60.0
"""A v1 call that takes longer, unscaled, is cut off by the gateway."""

HISTORY_DAYS = 7
"""How far back the history goes by default."""


_REFUSALS = {
    "403": "This model is private to another account",
    "406": "Your team's spend limit is reached",
    "410": "This model is retired",
    "500": "Internal server error",
}


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
        declared = settings.history_complete
        self._headers = {SIMULATOR_HEADER: "1"} | ({} if declared is None else {HISTORY_HEADER: f"{declared:g}"})
        self._numbers: Counter[object] = Counter()
        self._heads: Counter[str] = Counter()
        self._recent: deque[float] = deque()

    def handle(self, call: ServiceRequest, now: float) -> ServiceResponse:
        """The answer to a call at a moment."""
        operation, request_id = _operation(call)
        entry = self.ledger.entry(request_id) if request_id is not None else None
        body = entry.body if entry is not None else _body(call) or {}
        fault = None
        if operation is not None and self.faults:
            key = (operation, entry.request_id if entry is not None else content_of(body))
            self._numbers[operation] += 1
            self._numbers[key] += 1
            fault = self.faults.of_call(operation, body, self._numbers[operation], *key, self._numbers[key])
        if fault in INSTEAD:
            reply = self._instead(fault or "", call, now)
        else:
            reply = self._route(call, entry, now)
            if fault is not None:
                reply = _afterwards(fault, reply, now)
        return reply._replace(headers={**reply.headers, **self._headers})

    def leaves_unread(self, method: str, path: str) -> bool:
        """Whether the connection is to be cut now that a call's head has come; to be asked once for each call."""
        operation, _ = _operation(ServiceRequest(method, path, ""))
        if operation is None:
            return False
        self._heads[operation] += 1
        return self.faults.leaves_unread(operation, self._heads[operation])

    def _route(self, call: ServiceRequest, entry: Entry | None, now: float) -> ServiceResponse:
        match (call.method, *call.parts):
            case ("GET", "generations", _):
                return self._picture(entry, now)
            case ("GET", "inference-model-information", "list"):
                return responses.json_reply(200, {"models": [responses.catalogue_entry()]})
            case ("GET", "openapi.json"):
                return responses.json_reply(200, description(call.base_url))
            case (_, "generations" | "inference-model-information" | "openapi.json", *_):
                return responses.wrong_method()
        refusal = self._unauthorised(call)
        if refusal is None and call.parts[0] == "simulator":  # not the service's: no limit counts it
            return (
                self._ledger()
                if (call.method, call.path) == ("GET", "/simulator/ledger")
                else responses.wrong_method()
            )
        refusal = refusal or self._rate_limited(call, now)
        if refusal is not None:
            return refusal
        match (call.method, *call.parts):
            case ("GET", "v2", "requests", request_id, "status"):
                return self._record(call, request_id, entry, now, result=False)
            case ("GET", "v2" | "v1", "requests", request_id):
                return self._record(call, request_id, entry, now, result=True)
            case ("GET", "v1", "get-user-credits"):
                return responses.json_reply(200, {"credits": self._balance(now), "free-credits": 0.0})
            case ("GET", "inference-request", "request-history"):
                return self._history(call, now)
            case ("GET", "inference-request", "request-history", request_id):
                entry = self.ledger.entry(request_id)
                if entry is None or now < entry.listed_at:
                    return responses.not_found(request_id)
                return responses.json_reply(200, responses.history_row(call, entry, now))
            case ("POST", "v2", slug):
                return self._submit(call, slug, now)
            case ("POST", "v1", slug):
                return self._run(call, slug, now)
            case (_, "v1" | "v2", *_) | (_, "inference-request", "request-history", *_):
                return responses.wrong_method()
        return responses.json_reply(404, {"error": "Not found"})

    # ------------------------------------------------------------------ submit

    def _submit(self, call: ServiceRequest, slug: str, now: float) -> ServiceResponse:
        accepted = self._accept(call, slug, now, no_credits=402)
        if isinstance(accepted, ServiceResponse):
            return accepted
        urls = responses.urls(call.base_url, accepted.request_id)
        return responses.json_reply(200, {"request_id": accepted.request_id, "status": "QUEUED", **urls})

    def _run(self, call: ServiceRequest, slug: str, now: float) -> ServiceResponse:
        """v1: one call that answers with the picture once it is done."""
        accepted = self._accept(call, slug, now, no_credits=406)
        if isinstance(accepted, ServiceResponse):
            return accepted
        limit = now + V1_SECONDS * self.settings.time_scale
        if accepted.finished_at > limit:
            return responses.gateway(504)._replace(ready_at=limit)
        if accepted.error is not None:
            return responses.json_reply(500, {"error": accepted.error})._replace(ready_at=accepted.finished_at)
        headers = {
            "content-type": "image/jpeg",
            "x-cost": f"{accepted.price:.8f}",
            "x-remaining-credits": f"{self._balance(now):.8f}",
            "x-request-id": accepted.request_id,
            "x-generation-time": f"{accepted.finished_at - accepted.started_at:.6f}",
            "x-seed-value": str(seed_of(accepted)),
            "x-rate-limit-reset-at-utc": responses.moment(now + WINDOW_SECONDS),
        }
        self.ledger.served(accepted, "picture", now)
        return ServiceResponse(200, b"", headers, accepted, ready_at=accepted.finished_at)

    def _accept(self, call: ServiceRequest, slug: str, now: float, *, no_credits: int) -> Entry | ServiceResponse:
        """The job of a submit, or the refusal. What is checked here: type, model, credits, room. Not parameters."""
        if call.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return responses.json_reply(406, {"error": "Invalid content type"})
        if slug != MODEL.slug:
            return responses.json_reply(404, {"error": f"Model {slug} not found"})
        body = _body(call)
        if body is None:
            return responses.json_reply(400, {"error": "The body is not a JSON object"})
        settings = self.settings
        if settings.credits is not None and (balance := self._balance(now)) < (price := price_of(settings, body)):
            needed = "" if no_credits == 402 else f" This call needs {price:.4f}."
            text = f"Insufficient credits. You have {max(0.0, balance):.4f} credits.{needed}"
            return responses.json_reply(no_credits, {"error": text})
        if refusal := self._no_room(now):
            return refusal
        entry = self.ledger.accept(
            content_of(body), settings.workers, now, lambda room: make_job(settings, self.faults, body, now, room)
        )
        self._on_accept(entry)
        return entry

    def _no_room(self, now: float) -> ServiceResponse | None:
        most, queue = self.settings.max_in_flight, self.settings.queue_limit
        if most is None and queue is None:
            return None
        flying, queued = self.ledger.unfinished(now)
        if most is not None and flying >= most:
            return responses.json_reply(429, {"error": "rate_limit_exceeded"})
        if queue is not None and queued >= queue:
            return responses.json_reply(503, {"error": "The queue is full"})
        return None

    # ------------------------------------------------------------------ records, history, pictures

    def _record(
        self, call: ServiceRequest, request_id: str, entry: Entry | None, now: float, *, result: bool
    ) -> ServiceResponse:
        if entry is None or now > entry.submitted_at + RECORD_SECONDS:
            return responses.not_found(request_id)
        step = phase(now, entry.started_at, entry.finished_at)
        if step != "DONE":
            return responses.json_reply(200, responses.waiting(call, entry, step))
        credits = None if self.settings.credits is None else self._balance(now)
        metrics = responses.metrics(entry, credits)
        if entry.error is not None:
            return responses.json_reply(422, {"status": "FAILED", "error": entry.error, "metrics": metrics})
        if not result:
            return responses.json_reply(
                200, {"status": "COMPLETED", "request_id": entry.request_id, "metrics": metrics}
            )
        self.ledger.served(entry, "result", now)
        reply = responses.json_reply(200, {})
        return reply._replace(
            measures=entry,
            compose=lambda size: responses.encode(
                self._misshapen(entry, responses.result(call, entry, metrics, size))
            ),
        )

    def _misshapen(self, entry: Entry, result: dict[str, Any]) -> dict[str, Any]:
        """A result with the job's faults in it."""

        def strikes(kind: str) -> bool:
            return self.faults.strikes(f"job:{kind}", entry.body, 1, entry.request_id)

        if strikes("no_output"):
            return {name: value for name, value in result.items() if name not in ("output", "images")}
        if strikes("output_list"):
            return {**result, "output": [result["output"]]}
        if strikes("output_object"):
            return {**result, "output": {"url": result["output"]}}
        return result

    def _history(self, call: ServiceRequest, now: float) -> ServiceResponse:
        try:
            page, per_page = int(call.query.get("page", 1)), int(call.query.get("per_page", 20))
            today = datetime.fromtimestamp(now, UTC).date()
            start = _date(call.query.get("from_date"), today - timedelta(days=HISTORY_DAYS))
            end = _date(call.query.get("to_date"), today)
        except ValueError:
            return responses.json_reply(400, {"error": "page and per_page are numbers, dates are YYYY-MM-DD"})
        if page < 1 or not 1 <= per_page <= 100 or page > 1_000_000 or (end - start).days > 31:
            return responses.json_reply(400, {"error": "per_page is 1 to 100, and the window at most 31 days"})
        entries, total = self.ledger.listed(
            now, _midnight(start), _midnight(end) + 86_400, per_page, (page - 1) * per_page
        )
        rows = [responses.history_row(call, entry, now) for entry in entries]
        wanted = call.query.get("status")
        rows = [row for row in rows if wanted is None or row["model_status"] == wanted]
        if call.query.get("model_name", "") not in MODEL.slug:
            rows, total = [], 0
        return responses.json_reply(200, {"data": rows, "page": page, "per_page": per_page, "total": total})

    def _picture(self, entry: Entry | None, now: float) -> ServiceResponse:
        if entry is None or entry.error or not entry.finished_at <= now <= entry.finished_at + FILE_SECONDS:
            return responses.page(404, "404 Not Found")
        self.ledger.served(entry, "picture", now)
        return ServiceResponse(
            200, b"", {"content-type": "image/jpeg", "cache-control": "public, max-age=604800"}, entry
        )

    def _ledger(self) -> ServiceResponse:
        entries = [entry._asdict() for entry in self.ledger.entries()]
        return responses.json_reply(
            200, {"submits": self.ledger.submits, "billed": self.ledger.billed, "entries": entries}
        )

    # ------------------------------------------------------------------ gates and faults

    def _unauthorised(self, call: ServiceRequest) -> ServiceResponse | None:
        if self.settings.key is None:
            return None
        given = call.headers.get("x-api-key")
        if given is None:
            return responses.json_reply(401, {"error": "Missing Authorization or x-api-key in header"})
        if given != self.settings.key:
            return responses.json_reply(401, {"error": "Unauthorized. API key is invalid or may have expired..."})
        return None

    def _rate_limited(self, call: ServiceRequest, now: float) -> ServiceResponse | None:
        rpm = self.settings.rpm
        if rpm is None or (call.method == "GET" and not self.settings.count_gets):
            return None
        while self._recent and self._recent[0] <= now - WINDOW_SECONDS:
            self._recent.popleft()
        if len(self._recent) < rpm:
            self._recent.append(now)
            return None
        return responses.rate_limited(self._recent[0] + WINDOW_SECONDS)

    def _instead(self, fault: str, call: ServiceRequest, now: float) -> ServiceResponse:
        match fault:
            case "drop_before":
                return ServiceResponse(500, cut="before")
            case "404":
                if call.parts[0] == "generations":
                    return responses.page(404, "404 Not Found")
                return responses.not_found(call.parts[2] if len(call.parts) > 2 else call.parts[-1])
            case "429":
                return responses.rate_limited(now + WINDOW_SECONDS / 2)
            case "403" | "406" | "410" | "500":
                return responses.json_reply(int(fault), {"error": _REFUSALS[fault]})
        return responses.gateway(int(fault))

    def _balance(self, now: float) -> float:
        if self.settings.credits is None:
            return 1000.0
        return self.settings.credits - self.ledger.billed_at(now) - self.ledger.reserved_at(now)


def _operation(call: ServiceRequest) -> tuple[str | None, str | None]:
    """Which operation a call is, as far as faults know it, and the id of the job it is about."""
    match (call.method, *call.parts):
        case ("POST", "v2", _):
            return "submit", None
        case ("POST", "v1", _):
            return "v1", None
        case ("GET", "v2", "requests", request_id, "status"):
            return "status", request_id
        case ("GET", "v2" | "v1", "requests", request_id):
            return "result", request_id
        case ("GET", "inference-request", "request-history", *_):
            return "history", None
        case ("GET", "v1", "get-user-credits"):
            return "credits", None
        case ("GET", "generations", name):
            return "picture", responses.id_of_picture(name)
    return None, None


def _afterwards(fault: str, reply: ServiceResponse, now: float) -> ServiceResponse:
    """An answer with a fault in it; what is done to a picture's bytes is left to whoever has them."""
    match fault:
        case "drop_after":
            return reply._replace(cut="before")
        case "drop_middle":
            return reply._replace(cut="middle")
        case "stale":
            return reply._replace(closes=True)
        case "delay":
            return reply._replace(ready_at=(reply.ready_at or now) + DELAY_SECONDS)
        case "502_after" | "504_after":
            return responses.gateway(int(fault[:3]))
        case "no_id":
            return responses.json_reply(reply.status, {"status": "QUEUED"}) if reply.status == 200 else reply
        case _ if reply.picture is not None or reply.measures is not None:
            return reply._replace(corrupted=fault)
        case "truncated":
            return reply._replace(body=reply.body[: len(reply.body) // 2])
        case "not_json" | "wrong_type":
            return reply._replace(body=responses.page(reply.status, "Something else").body)
    assert fault not in AFTERWARDS or fault == "huge", fault  # noqa: S101 - a fault that is declared and not built
    return reply


def _body(call: ServiceRequest) -> dict[str, Any] | None:
    try:
        body = json.loads(call.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _date(text: str | None, default: date) -> date:
    return default if text is None else date.fromisoformat(text)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
