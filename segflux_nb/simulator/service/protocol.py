"""The service's protocol without I/O: ``handle(request, now) -> response``. It has no socket and no clock.

It serves v1 (one blocking call), v2 submit, status and result, the legacy poll, credits, the request history, the
model catalogue, an OpenAPI description, and pictures on another path without a key. Apart from the service it serves
the ledger. The rules come from the service's public documentation and its official SDK 1.3.0; ``docs/simulator.md``
lists them.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ...model import MODEL
from . import responses
from .assets import Assets
from .fault_responses import afterwards, instead, operation_of
from .faults import INSTEAD, Faults
from .jobs import Settings, content_of, make_job, price_of, seed_of
from .ledger import Entry, Ledger
from .offers import OFFERS, Offer, catalogue, enveloped, is_in_json, pictures_of
from .openapi import description
from .responses import ServiceRequest, ServiceResponse
from .timeline import FILE_SECONDS, RECORD_SECONDS, phase

SIMULATOR_HEADER = "x-segflux-simulator"
HISTORY_HEADER = "x-segflux-history-complete-after"
"""Seconds after an accepted submit when the history certainly lists it. Absent if that is not declared."""

WINDOW_SECONDS = 60.0
"""Length of the rate limit's window."""

V1_SECONDS = 60.0
"""The gateway cuts off a v1 call that takes longer, before scaling."""

HISTORY_DAYS = 7
"""How far back the history goes by default."""


class Protocol:
    """The service without sockets and clocks.

    Parameters
    ----------
    settings:
        How it behaves.
    ledger:
        Its memory.
    faults:
        Which faults it commits.
    on_accept:
        Called with each accepted job, so that its picture can be painted before somebody asks for it.

    Attributes
    ----------
    catalogue:
        The list of models that the catalogue gives. It may be changed.
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
        self.catalogue = catalogue()
        self._assets = Assets(ledger)
        self._on_accept = on_accept
        declared = settings.history_complete
        self._headers = {SIMULATOR_HEADER: "1"} | ({} if declared is None else {HISTORY_HEADER: f"{declared:g}"})
        self._numbers: Counter[object] = Counter()
        self._heads: Counter[str] = Counter()
        self._recent: deque[float] = deque()

    def handle(self, request: ServiceRequest, now: float) -> ServiceResponse:
        """Respond to a request.

        Parameters
        ----------
        request:
            The request.
        now:
            When it arrived, in seconds since 1970 UTC.
        """
        operation, request_id = operation_of(request)
        entry = self.ledger.entry(request_id) if request_id is not None else None
        body = entry.body if entry is not None else _body(request) or {}
        fault = None
        if operation is not None and self.faults:
            key = (operation, content_of(body))
            self._numbers[operation] += 1
            self._numbers[key] += 1
            fault = self.faults.of_call(operation, body, self._numbers[operation], *key, self._numbers[key])
        if fault in INSTEAD:
            response = instead(fault or "", request, now)
        else:
            response = self._route(request, entry, now)
            if fault == "vanished" and response.status == 200:
                self._assets.lose(response)
            elif fault is not None:
                response = afterwards(fault, response, now)
        return response._replace(headers={**response.headers, **self._headers})

    def leaves_unread(self, method: str, path: str) -> bool:
        """Whether to cut the connection after a request's head. Call it once for each request, as it counts them.

        Parameters
        ----------
        method:
            The HTTP method.
        path:
            The path of the URL.
        """
        operation, _ = operation_of(ServiceRequest(method, path, ""))
        if operation is None:
            return False
        self._heads[operation] += 1
        return self.faults.leaves_unread(operation, self._heads[operation])

    def _route(self, request: ServiceRequest, entry: Entry | None, now: float) -> ServiceResponse:
        """Handle a request by method and path.

        Parameters
        ----------
        request:
            The request.
        entry:
            The job that it is about, or None.
        now:
            When it arrived, in seconds since 1970 UTC.
        """
        match (request.method, *request.parts):
            case ("GET", "generations", name):
                return self._picture(entry, responses.number_of_picture(name), now)
            case ("GET", "inference-model-information", "list"):
                return responses.json_response(200, enveloped(self.catalogue, self.settings.envelope))
            case ("GET", "openapi.json"):
                return responses.json_response(200, description(request.base_url))
            case ("GET" | "HEAD", "assets", name):
                return self._assets.serve(name)
            case (_, "assets" | "generations" | "inference-model-information" | "openapi.json", *_):
                return responses.wrong_method()
        refusal = self._unauthorised(request)
        if refusal is None and request.parts[0] == "simulator":  # not part of the service, so no limit counts it
            return (
                self._ledger()
                if (request.method, request.path) == ("GET", "/simulator/ledger")
                else responses.wrong_method()
            )
        if refusal is None and request.parts == ["upload-asset"]:  # another host at the real service
            return self._assets.upload(request, now)
        refusal = refusal or self._rate_limited(request, now)
        if refusal is not None:
            return refusal
        match (request.method, *request.parts):
            case ("GET", "v2", "requests", request_id, "status"):
                return self._record(request, request_id, entry, now, result=False)
            case ("GET", "v2" | "v1", "requests", request_id):
                return self._record(request, request_id, entry, now, result=True)
            case ("GET", "v1", "get-user-credits"):
                return responses.json_response(200, {"credits": self._balance(now), "free-credits": 0.0})
            case ("GET", "inference-request", "request-history"):
                return self._history(request, now)
            case ("GET", "inference-request", "request-history", request_id):
                entry = self.ledger.entry(request_id)
                if entry is None or now < entry.listed_at:
                    return responses.not_found(request_id)
                return responses.json_response(200, responses.history_row(request, entry, now))
            case ("POST", "v2", slug):
                return self._submit(request, slug, now)
            case ("POST", "v1", slug):
                return self._run(request, slug, now)
            case (_, "v1" | "v2", *_) | (_, "inference-request", "request-history", *_):
                return responses.wrong_method()
        return responses.json_response(404, {"error": "Not found"})

    # ------------------------------------------------------------------ submit

    def _submit(self, request: ServiceRequest, slug: str, now: float) -> ServiceResponse:
        """v2: accept a job, and respond at once.

        Parameters
        ----------
        request:
            The request.
        slug:
            The model in the path.
        now:
            When it arrived, in seconds since 1970 UTC.
        """
        accepted = self._accept(request, slug, now, no_credits=402)
        if isinstance(accepted, ServiceResponse):
            return accepted
        urls = responses.urls(request.base_url, accepted.request_id)
        return responses.json_response(200, {"request_id": accepted.request_id, "status": "QUEUED", **urls})

    def _run(self, request: ServiceRequest, slug: str, now: float) -> ServiceResponse:
        """v1: accept a job, and respond with its picture once it is done.

        Parameters
        ----------
        request:
            The request.
        slug:
            The model in the path.
        now:
            When it arrived, in seconds since 1970 UTC.
        """
        accepted = self._accept(request, slug, now, no_credits=406)
        if isinstance(accepted, ServiceResponse):
            return accepted
        limit = now + V1_SECONDS * self.settings.time_scale
        if accepted.finished_at > limit:
            return responses.gateway_error(504)._replace(ready_at=limit)
        if accepted.error is not None:
            return responses.json_response(500, {"error": accepted.error})._replace(ready_at=accepted.finished_at)
        headers = {
            "content-type": "image/jpeg",
            "x-cost": f"{accepted.price:.8f}",
            "x-remaining-credits": f"{self._balance(now):.8f}",
            "x-request-id": accepted.request_id,
            "x-generation-time": f"{accepted.finished_at - accepted.started_at:.6f}",
            "x-seed-value": str(seed_of(accepted)),
            "x-rate-limit-reset-at-utc": responses.timestamp(now + WINDOW_SECONDS),
        }
        self.ledger.served(accepted, "picture", now)
        if slug not in OFFERS:
            return ServiceResponse(200, b"", headers, accepted, ready_at=accepted.finished_at)
        return self._run_other(request, OFFERS[slug], accepted, headers)

    def _run_other(
        self, request: ServiceRequest, offer: Offer, accepted: Entry, headers: dict[str, str]
    ) -> ServiceResponse:
        """The answer of v1 for another model than the fine-tuned one: a file where there is one, else JSON.

        Parameters
        ----------
        request:
            The request.
        offer:
            The model.
        accepted:
            The job.
        headers:
            What each answer of v1 says of its job.
        """
        ready = accepted.finished_at
        if offer.makes == "video":
            return ServiceResponse(200, responses.VIDEO, {**headers, "content-type": "video/mp4"}, ready_at=ready)
        is_json = is_in_json(offer.slug, accepted.body) or pictures_of(offer.slug, accepted.body) > 1
        if offer.makes == "pictures" and not is_json:
            return ServiceResponse(200, b"", headers, accepted, ready_at=ready)
        return ServiceResponse(
            200,
            b"",
            {**headers, "content-type": "application/json"},
            ready_at=ready,
            measures=accepted,
            compose=lambda pictures: responses.encode(
                responses.result(request, accepted, responses.metrics(accepted, None), pictures)
            ),
        )

    def _accept(self, request: ServiceRequest, slug: str, now: float, *, no_credits: int) -> Entry | ServiceResponse:
        """The job of a submit, or the refusal. This checks type, model, credits and capacity, but not parameters.

        Parameters
        ----------
        request:
            The request.
        slug:
            The model in the path.
        now:
            When it arrived, in seconds since 1970 UTC.
        no_credits:
            The status that says that credits are missing: 402 on v2, 406 on v1.
        """
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
            return responses.json_response(406, {"error": "Invalid content type"})
        if refusal := _not_offered(slug, request.parts[0]):
            return refusal
        body = _body(request)
        if body is None:
            return responses.json_response(400, {"error": "The body is not a JSON object"})
        settings = self.settings
        if settings.credits is not None and (balance := self._balance(now)) < (
            price := price_of(settings, body, slug)
        ):
            needed = "" if no_credits == 402 else f" This call needs {price:.4f}."
            text = f"Insufficient credits. You have {max(0.0, balance):.4f} credits.{needed}"
            return responses.json_response(no_credits, {"error": text})
        if refusal := self._over_capacity(now):
            return refusal
        entry = self.ledger.accept(
            content_of(body, slug),
            settings.workers,
            now,
            lambda backlog: make_job(settings, self.faults, body, now, backlog, slug, self._assets.missing(body)),
        )
        self._on_accept(entry)
        return entry

    def _over_capacity(self, now: float) -> ServiceResponse | None:
        most, queue = self.settings.max_in_flight, self.settings.queue_limit
        if most is None and queue is None:
            return None
        unfinished, queued = self.ledger.unfinished(now)
        if most is not None and unfinished >= most:
            return responses.json_response(429, {"error": "rate_limit_exceeded"})
        if queue is not None and queued >= queue:
            return responses.json_response(503, {"error": "The queue is full"})
        return None

    # ------------------------------------------------------------------ records, history, pictures

    def _record(
        self, request: ServiceRequest, request_id: str, entry: Entry | None, now: float, *, result: bool
    ) -> ServiceResponse:
        """Status or result of a job.

        Parameters
        ----------
        request:
            The request.
        request_id:
            The id in the path.
        entry:
            The job that it is about, or None.
        now:
            When it arrived, in seconds since 1970 UTC.
        result:
            Whether the result is asked for, rather than the status.
        """
        if entry is None or now > entry.submitted_at + RECORD_SECONDS:
            return responses.not_found(request_id)
        step = phase(now, entry.started_at, entry.finished_at)
        if step != "DONE":
            return responses.json_response(200, responses.waiting(request, entry, step))
        credits = None if self.settings.credits is None else self._balance(now)
        metrics = responses.metrics(entry, credits)
        if entry.error is not None:
            return responses.json_response(422, {"status": "FAILED", "error": entry.error, "metrics": metrics})
        if not result:
            return responses.json_response(
                200, {"status": "COMPLETED", "request_id": entry.request_id, "metrics": metrics}
            )
        self.ledger.served(entry, "result", now)
        response = responses.json_response(200, {})
        return response._replace(
            measures=entry,
            compose=lambda pictures: responses.encode(
                self._with_faults(entry, responses.result(request, entry, metrics, pictures))
            ),
        )

    def _with_faults(self, entry: Entry, result: dict[str, Any]) -> dict[str, Any]:
        """A result with the faults of its job."""

        def strikes(kind: str) -> bool:
            return self.faults.strikes(f"job:{kind}", entry.body, 1, entry.request_id)

        if strikes("no_output"):
            return {name: value for name, value in result.items() if name not in ("output", "images")}
        if strikes("output_list"):
            return {**result, "output": [result["output"]]}
        if strikes("output_object"):
            return {**result, "output": {"url": result["output"]}}
        return result

    def _history(self, request: ServiceRequest, now: float) -> ServiceResponse:
        try:
            page, per_page = int(request.query.get("page", 1)), int(request.query.get("per_page", 20))
            today = datetime.fromtimestamp(now, UTC).date()
            start = _date(request.query.get("from_date"), today - timedelta(days=HISTORY_DAYS))
            end = _date(request.query.get("to_date"), today)
        except ValueError:
            return responses.json_response(400, {"error": "page and per_page are numbers, dates are YYYY-MM-DD"})
        if page < 1 or not 1 <= per_page <= 100 or page > 1_000_000 or (end - start).days > 31:
            return responses.json_response(400, {"error": "per_page is 1 to 100, and the window at most 31 days"})
        entries, total = self.ledger.listed(
            now,
            _midnight(start),
            _midnight(end) + 86_400,
            per_page,
            (page - 1) * per_page,
            request.query.get("model_name", ""),
        )
        rows = [responses.history_row(request, entry, now) for entry in entries]
        wanted = request.query.get("status")
        rows = [row for row in rows if wanted is None or row["model_status"] == wanted]
        return responses.json_response(200, {"data": rows, "page": page, "per_page": per_page, "total": total})

    def _picture(self, entry: Entry | None, number: int, now: float) -> ServiceResponse:
        """A picture or a video as a file.

        Parameters
        ----------
        entry:
            The job, or None.
        number:
            Which of its pictures, from 0.
        now:
            When it is asked for, in seconds since 1970 UTC.
        """
        if entry is None or entry.error or not entry.finished_at <= now <= entry.finished_at + FILE_SECONDS:
            return responses.html_response(404, "404 Not Found")
        offer, kept = OFFERS.get(entry.slug), {"cache-control": "public, max-age=604800"}
        is_video = offer is not None and offer.makes == "video"
        if number >= (1 if is_video else pictures_of(entry.slug, entry.body)):
            return responses.html_response(404, "404 Not Found")
        self.ledger.served(entry, "picture", now)
        if is_video:
            return ServiceResponse(200, responses.VIDEO, {"content-type": "video/mp4", **kept})
        return ServiceResponse(200, b"", {"content-type": "image/jpeg", **kept}, entry, number=number)

    def _ledger(self) -> ServiceResponse:
        entries = [entry._asdict() for entry in self.ledger.entries()]
        return responses.json_response(
            200, {"submits": self.ledger.submits, "billed": self.ledger.billed, "entries": entries}
        )

    # ------------------------------------------------------------------ refusals

    def _unauthorised(self, request: ServiceRequest) -> ServiceResponse | None:
        if self.settings.key is None:
            return None
        given = request.headers.get("x-api-key")
        if given is None:
            return responses.json_response(401, {"error": "Missing Authorization or x-api-key in header"})
        if given != self.settings.key:
            return responses.json_response(401, {"error": "Unauthorized. API key is invalid or may have expired..."})
        return None

    def _rate_limited(self, request: ServiceRequest, now: float) -> ServiceResponse | None:
        rpm = self.settings.rpm
        if rpm is None or (request.method == "GET" and not self.settings.count_gets):
            return None
        while self._recent and self._recent[0] <= now - WINDOW_SECONDS:
            self._recent.popleft()
        if len(self._recent) < rpm:
            self._recent.append(now)
            return None
        return responses.rate_limited(self._recent[0] + WINDOW_SECONDS)

    def _balance(self, now: float) -> float:
        if self.settings.credits is None:
            return 1000.0
        return self.settings.credits - self.ledger.billed_at(now) - self.ledger.reserved_at(now)


def _body(request: ServiceRequest) -> dict[str, Any] | None:
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _not_offered(slug: str, version: str) -> ServiceResponse | None:
    """The refusal of a model that cannot be called; None where it can.

    Parameters
    ----------
    slug:
        The model.
    version:
        The version of the API that is called: ``v1`` or ``v2``.
    """
    offer = OFFERS.get(slug)
    if offer is None:
        return None if slug == MODEL.slug else responses.json_response(404, {"error": f"Model {slug} not found"})
    if offer.retired:
        return responses.json_response(410, {"error": f"Model {slug} is retired"})
    if version not in offer.versions:
        return responses.json_response(400, {"error": f"Model {slug} is not supported on {version}"})
    return None


def _date(text: str | None, default: date) -> date:
    return default if text is None else date.fromisoformat(text)


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
