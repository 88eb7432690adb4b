"""What the service's responses mean: from bodies to outcomes. Pure.

These rules come from the service's documentation:

- The body's ``status`` counts before the HTTP code. A FAILED job answers 422 with a body.
- A submit that answers 200 proves nothing about its parameters.
- Ids are opaque.
- ``output`` may be a string, a list or an object.
- A submit that answers 500 in the gateway's JSON envelope was not accepted. With 502, 504, or a body that is not
  JSON, it may have been.
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
"""Refusals whose reason applies to every submit of a sweep."""


@dataclass(frozen=True)
class HistoryRow:
    """One job in the service's history.

    Attributes
    ----------
    request_id:
        The service's id of the job.
    body:
        Body of its submit.
    status:
        PENDING, COMPLETED or FAILED.
    picture_url:
        Where its picture is, or None.
    error:
        Why it failed, or None.
    cost:
        US dollars that it was billed. None if the service does not say.
    created_at:
        When it was submitted, in seconds since 1970 UTC. None if the service does not say.
    """

    request_id: str
    body: Mapping[str, Any]
    status: str
    picture_url: str | None
    error: str | None
    cost: float | None
    created_at: float | None = None


def service_error(response: HttpResponse, now: float) -> errors.ServiceError:
    """The typed error of a response that is not a success.

    Parameters
    ----------
    response:
        The response.
    now:
        The current time, in seconds since 1970 UTC, to compute how long to wait.
    """
    detail = _detail(response)
    kind = _BY_CODE.get(response.status, errors.ServerError if response.status >= 500 else errors.ServiceError)
    if response.status == 406 and _CREDITS.search(detail):
        kind = errors.InsufficientCredits
    return kind(response.status, detail, retry_after=retry_after(response.headers, now))


def read_submit(response: HttpResponse, now: float) -> SubmitOutcome:
    """The outcome of a submit.

    Parameters
    ----------
    response:
        The response.
    now:
        The current time, in seconds since 1970 UTC, to compute how long to wait.
    """
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
    """The outcome of a status call.

    Parameters
    ----------
    response:
        The response.
    now:
        The current time, in seconds since 1970 UTC, to compute how long to wait.

    Raises
    ------
    ServiceError
        401 or 403: another try will not help.
    """
    body = _json(response)
    match body.get("status"):
        case "COMPLETED":
            return Finished()
        case "FAILED":
            return _failure(body)
        case str() as other if response.status == 200:
            return Waiting(processing=other == "PROCESSING")
    return _no_outcome(response, now)


def read_result(response: HttpResponse, now: float) -> ResultOutcome:
    """The outcome of a result call.

    Parameters
    ----------
    response:
        The response.
    now:
        The current time, in seconds since 1970 UTC, to compute how long to wait.

    Raises
    ------
    ServiceError
        401 or 403: another try will not help.
    """
    body = _json(response)
    match body.get("status"):
        case "FAILED":
            return _failure(body)
        case "COMPLETED":
            url = _picture_url(body)
            metrics = body.get("metrics")
            metrics = metrics if isinstance(metrics, dict) else {}
            if url is None:
                return NoPicture("the result names no picture", metrics)
            return Rendered(url, metrics)
        case str() as other if response.status == 200:
            return Waiting(processing=other == "PROCESSING")
    return _no_outcome(response, now)


def read_history(response: HttpResponse, now: float) -> list[HistoryRow]:
    """The rows of a page of the request history, or the one row of a call by id.

    Parameters
    ----------
    response:
        The response.
    now:
        The current time, in seconds since 1970 UTC, to compute how long to wait.

    Raises
    ------
    ServiceError
        The status is not 200.
    AnswerLost
        The body is not JSON.
    """
    if response.status != 200:
        raise service_error(response, now)
    try:
        body = json.loads(response.body)
    except ValueError:
        raise errors.AnswerLost("The response of the history cannot be read") from None
    if isinstance(body, dict) and "request_id" not in body:
        body = next((value for value in body.values() if isinstance(value, list)), [])
    rows = body if isinstance(body, list) else [body]
    return [_history_row(row) for row in rows if isinstance(row, dict) and isinstance(row.get("request_id"), str)]


def read_balance(response: HttpResponse) -> float | None:
    """US dollars on the account, bought and free ones. None if the response does not say."""
    body = _json(response) if response.status == 200 else {}
    parts = [body.get(name) for name in ("credits", "free-credits")]
    known = [float(part) for part in parts if isinstance(part, int | float) and not isinstance(part, bool)]
    return sum(known) if known else None


def _history_row(row: Mapping[str, Any]) -> HistoryRow:
    body = row.get("request_body")
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            body = {}
    cost = row.get("credits_deduction")
    return HistoryRow(
        request_id=str(row["request_id"]),
        body=body if isinstance(body, dict) else {},
        status=_text(row.get("model_status") or row.get("status")),
        picture_url=_text(row.get("generation_url")) or None,
        error=_text(row.get("error")) or None,
        cost=float(cost) if isinstance(cost, int | float) else None,
        created_at=_timestamp(_text(row.get("model_created") or row.get("created_at"))),
    )


def failure_kind(text: str) -> ErrorKind:
    """The kind of a failure, by the service's text.

    >>> failure_kind("Rejected by the content policy"), failure_kind("Invalid value for steps")
    ('moderated', 'invalid')
    """
    if _MODERATED.search(text):
        return "moderated"
    return "invalid" if _INVALID.search(text) else "server"


def _failure(body: Mapping[str, Any]) -> Broken:
    text = plain(_text(body.get("error")) or "the service gives no reason")
    return Broken(shorten(text, 2000), failure_kind(text))


def _no_outcome(response: HttpResponse, now: float) -> Gone | Unclear:
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
    """Seconds to wait: from Retry-After, or from the time of reset. None if neither is there.

    The format of the time of reset is not published, so this reads several.

    Parameters
    ----------
    headers:
        Headers of a response, names in lower case.
    now:
        The current time, in seconds since 1970 UTC.
    """
    for name in ("retry-after", "x-rate-limit-reset-at-utc"):
        text = headers.get(name, "").strip()
        if not text:
            continue
        try:
            number = float(text)
        except ValueError:
            moment = _timestamp(text)
            if moment is None:
                continue
            number = moment
        return max(0.0, number - now if number > 1e9 else number)
    return None


def read_date(headers: Mapping[str, str]) -> float | None:
    """The time of a response by the service's clock, in seconds since 1970 UTC. None if it does not say."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return None


def read_number(headers: Mapping[str, str], name: str) -> float | None:
    """A header as a finite number. None if it is missing or something else.

    Parameters
    ----------
    headers:
        Headers of a response, names in lower case.
    name:
        Name of the header.
    """
    try:
        number = float(headers.get(name, ""))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _timestamp(text: str) -> float | None:
    """An ISO date and time as seconds since 1970 UTC. None if the text is something else."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
