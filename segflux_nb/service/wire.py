"""What the service's answers mean: from bodies to outcomes. Pure.

Rules, with the service's documentation as their source: the body's ``status`` is read before the HTTP code; a FAILED
job answers 422 with a body; a submit that answers 200 proves nothing about its parameters; ids are opaque;
``output`` may be a string, a list or an object; a 500 in the gateway's JSON envelope was not accepted, while 502, 504
and anything that is not JSON may have been.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from .. import errors
from ..lifecycle import (
    Accepted,
    Broken,
    ErrorKind,
    Finished,
    Gone,
    NoPicture,
    NotSent,
    PollOutcome,
    Refused,
    Rendered,
    ResultOutcome,
    SubmitOutcome,
    Unclear,
    Unknown,
    Waiting,
)
from ..markup import plain, shorten
from .transport import HttpResponse

_CREDITS = re.compile(r"credit|balance|spend", re.IGNORECASE)
_MODERATED = re.compile(
    r"content.?policy|nsfw|moderat|safety|responsible.?ai|\brai\b|sensitive|prohibited", re.IGNORECASE
)
_INVALID = re.compile(
    r"invalid|unsupported|not in list|validation|must be|not found or not ready|out of range", re.IGNORECASE
)

_BY_CODE: dict[int, type[errors.ServiceError]] = {
    400: errors.BadRequest,
    401: errors.AuthenticationError,
    402: errors.InsufficientCredits,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    405: errors.BadRequest,
    406: errors.NotAcceptable,
    410: errors.ModelRetired,
    422: errors.BadRequest,
    429: errors.RateLimited,
}

_STOPPING = (
    errors.AuthenticationError,
    errors.InsufficientCredits,
    errors.PermissionDenied,
    errors.NotFound,
    errors.ModelRetired,
)
"""Refusals whose reason holds for every submit of a sweep."""


@dataclass(frozen=True)
class HistoryRow:
    """One request of the service's history, as far as we read it."""

    request_id: str
    body: Mapping[str, Any]
    status: str
    picture_url: str | None
    error: str | None
    cost: float | None
    created_at: float | None = None
    """Seconds since 1970 UTC."""


def service_error(response: HttpResponse, now: float) -> errors.ServiceError:
    """The typed error of an answer that is none of success."""
    detail = _detail(response)
    kind = _BY_CODE.get(response.status, errors.ServerError if response.status >= 500 else errors.ServiceError)
    if response.status == 406 and _CREDITS.search(detail):
        kind = errors.InsufficientCredits
    return kind(response.status, detail, retry_after=retry_after(response.headers, now))


def read_submit(response: HttpResponse, now: float) -> SubmitOutcome:
    """What a submit came to."""
    body = _json(response)
    if response.status == 200:
        request_id = body.get("request_id")
        if isinstance(request_id, str) and request_id:
            return Accepted(request_id, _text(body.get("status_url")), _text(body.get("response_url")))
        return Unknown("the service answered 200 without a request id")
    error = service_error(response, now)
    if response.status == 429:
        return NotSent(str(error), error)
    if response.status in (500, 503) and isinstance(body.get("error"), str):
        return NotSent(str(error), error)
    if response.status >= 500 or response.status < 400:
        return Unknown(f"the service answered {response.status}: {error.detail or 'no text'}")
    return Refused(error, stops=isinstance(error, _STOPPING))


def read_status(response: HttpResponse, now: float) -> PollOutcome:
    """What a status call came to.

    Raises
    ------
    ServiceError
        401 or 403: asking again will not help.
    """
    body = _json(response)
    match body.get("status"):
        case "COMPLETED":
            return Finished()
        case "FAILED":
            return _broken(body)
        case str() as other if response.status == 200:
            return Waiting(processing=other == "PROCESSING")
    return _no_news(response, now)


def read_result(response: HttpResponse, now: float) -> ResultOutcome:
    """What a result call came to; raises as `read_status`."""
    body = _json(response)
    match body.get("status"):
        case "FAILED":
            return _broken(body)
        case "COMPLETED":
            url = _picture_url(body)
            metrics = body.get("metrics")
            metrics = metrics if isinstance(metrics, dict) else {}
            if url is None:
                return NoPicture("the result names no picture", metrics)
            return Rendered(url, metrics)
        case str() as other if response.status == 200:
            return Waiting(processing=other == "PROCESSING")
    return _no_news(response, now)


def read_history(response: HttpResponse, now: float) -> list[HistoryRow]:
    """The rows of a page of the request history, or the one row of a call by id.

    Raises
    ------
    ServiceError
        For any answer but 200.
    AnswerLost
        Where the answer is no JSON.
    """
    if response.status != 200:
        raise service_error(response, now)
    try:
        body = json.loads(response.body)
    except ValueError:
        raise errors.AnswerLost("The history's answer cannot be read") from None
    if isinstance(body, dict) and "request_id" not in body:
        body = next((value for value in body.values() if isinstance(value, list)), [])
    rows = body if isinstance(body, list) else [body]
    return [_history_row(row) for row in rows if isinstance(row, dict) and isinstance(row.get("request_id"), str)]


def read_balance(response: HttpResponse) -> float | None:
    """US dollars that the account has, bought and free ones; None where the answer does not say."""
    body = _json(response) if response.status == 200 else {}
    parts = [body.get(name) for name in ("credits", "free-credits")]
    known = [float(part) for part in parts if isinstance(part, int | float) and not isinstance(part, bool)]
    return sum(known) if known else None


def _history_row(row: Mapping[str, Any]) -> HistoryRow:
    asked = row.get("request_body")
    if isinstance(asked, str):
        try:
            asked = json.loads(asked)
        except ValueError:
            asked = {}
    cost = row.get("credits_deduction")
    return HistoryRow(
        request_id=str(row["request_id"]),
        body=asked if isinstance(asked, dict) else {},
        status=_text(row.get("model_status") or row.get("status")),
        picture_url=_text(row.get("generation_url")) or None,
        error=_text(row.get("error")) or None,
        cost=float(cost) if isinstance(cost, int | float) else None,
        created_at=_moment(_text(row.get("model_created") or row.get("created_at"))),
    )


def failure_kind(text: str) -> ErrorKind:
    """The kind of a failure, by the service's words.

    >>> failure_kind("Rejected by the content policy"), failure_kind("Invalid value for steps")
    ('moderated', 'invalid')
    """
    if _MODERATED.search(text):
        return "moderated"
    return "invalid" if _INVALID.search(text) else "server"


def _broken(body: Mapping[str, Any]) -> Broken:
    text = plain(_text(body.get("error")) or "the service gives no reason")
    return Broken(shorten(text, 2000), failure_kind(text))


def _no_news(response: HttpResponse, now: float) -> Gone | Unclear:
    error = service_error(response, now)
    if response.status in (401, 403):
        raise error
    if response.status == 404:
        return Gone(error.detail or "the service does not know the request")
    return Unclear(str(error), error.retry_after)


def _picture_url(body: Mapping[str, Any]) -> str | None:
    candidates: list[Any] = [body.get("output")]
    images = body.get("images")
    if isinstance(images, list):
        candidates.extend(images)
    while candidates:
        candidate = candidates.pop(0)
        if isinstance(candidate, str) and candidate.startswith(("http://", "https://", "/")):
            return candidate
        if isinstance(candidate, list):
            candidates[:0] = candidate
        if isinstance(candidate, dict):
            candidates[:0] = [candidate.get("url")]
    return None


def _json(response: HttpResponse) -> dict[str, Any]:
    try:
        body = json.loads(response.body)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _detail(response: HttpResponse) -> str:
    body = _json(response)
    text = _text(body.get("error")) or _text(body.get("message"))
    if not text and not body:
        text = re.sub(r"<[^>]*>", " ", response.body[:4000].decode("utf-8", "replace"))
    return shorten(" ".join(plain(text).split()), 500)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait: from Retry-After, or the moment of reset, whose format nobody publishes."""
    for name in ("retry-after", "x-rate-limit-reset-at-utc"):
        text = headers.get(name, "").strip()
        if not text:
            continue
        try:
            number = float(text)
        except ValueError:
            moment = _moment(text)
            if moment is None:
                continue
            number = moment
        return max(0.0, number - now if number > 1e9 else number)
    return None


def read_date(headers: Mapping[str, str]) -> float | None:
    """The moment of an answer by the service's clock, in seconds since 1970 UTC; None where it does not say."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return None


def read_number(headers: Mapping[str, str], name: str) -> float | None:
    """A header that is a number; None where it is missing or none."""
    try:
        number = float(headers.get(name, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _moment(text: str) -> float | None:
    """An ISO date and time, in UTC unless it says otherwise, as seconds since 1970; None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
