"""What the service's responses mean: from bodies to outcomes. Pure.

These rules come from the service's documentation:

- The body's ``status`` counts before the HTTP code. A FAILED job answers 422 with a body. FAILED with another code
  than 422 or 200 comes from something between the service and us, so the job is asked again.
- A submit that answers 200 proves nothing about its parameters.
- Ids are opaque.
- ``output`` may be a string, a list or an object.
- A submit that answers 500 in the gateway's JSON envelope was not accepted. With 502, 504, or a body that is not
  JSON, it may have been.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
from .addresses import is_address
from .json_reader import UNREADABLE, number, read_json, read_object, text
from .moments import retry_after, timestamp
from .outputs import picture_urls
from .transport import HttpResponse

_CREDITS = re.compile(r"credit|balance|spend", re.IGNORECASE)
_MODERATED = re.compile(
    r"content.?policy|nsfw|moderat|safety|responsible.?ai|\brai\b|sensitive|prohibited", re.IGNORECASE
)
_INVALID = re.compile(
    r"invalid|unsupported|not in list|validation|must be|not found or not ready|out of range", re.IGNORECASE
)

_NOT_IN_IDS = re.compile(r"[\x00-\x1f\x7f-\x9f\ufffd\ud800-\udfff]")
_LONGEST_ID = 20_000

_RECORD_SECONDS = 3600.0
_LIMITS = {
    "inference_time": (1e-3, _RECORD_SECONDS),
    "queue_time": (0.0, _RECORD_SECONDS),
    "cost": (0.0, 1000.0),
    "simulator_version": (1.0, 1e6),
}
"""Between which values a figure can be true, in seconds and US dollars. A record lives an hour: no time is longer."""

_MOST_CREDITS = 1e9

_FIRST_JOB = 1.6e9
"""A job of the history is from after September 2020: the service is no older. Other times are wrong."""

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

_ASK_AGAIN_CODES = (408, 425, 429)
"""Answers to a poll, from 400 to 499, that say nothing of the job."""

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
        The service's id of the job; empty if the row does not say.
    body:
        Body of its submit.
    status:
        PENDING, COMPLETED or FAILED, in capitals.
    picture_urls:
        Where its pictures are; empty if the service names none.
    error:
        Why it failed. None if its status is not FAILED: a warning is no failure.
    cost:
        US dollars that it was billed. None if the service does not say.
    created_at:
        When it was submitted, in seconds since 1970 UTC. None if the service does not say.
    simulator_version:
        The version of the simulator that painted it. None if the service is another one.
    """

    request_id: str
    body: Mapping[str, Any]
    status: str
    picture_urls: tuple[str, ...]
    error: str | None
    cost: float | None
    created_at: float | None = None
    simulator_version: float | None = None

    @property
    def metrics(self) -> dict[str, Any]:
        """What the history says of the job, as a result says it."""
        return {"cost": self.cost, "simulator_version": self.simulator_version}


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
    body = read_object(response.body)
    if response.status == 200:
        request_id = _request_id(body.get("request_id"))
        if request_id:
            return Accepted(request_id, _call_url(body.get("status_url")), _call_url(body.get("response_url")))
        return Unknown("the service answered 200 without a request id")
    error = service_error(response, now)
    if response.status == 429:
        return NotSent(str(error), error)
    if response.status in (500, 503) and text(body.get("error")):
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
    body = read_object(response.body)
    match body.get("status"):
        case "COMPLETED":
            return Finished()
        case "FAILED":
            return _failure(body, response, now)
        case str() as other if response.status == 200:
            return _waiting(other)
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
    body = read_object(response.body)
    urls = picture_urls(body.get("output"), body.get("images"))
    match body.get("status"):
        case "FAILED":
            return _failure(body, response, now)
        case "COMPLETED" if urls:
            return Rendered(urls, _metrics(body.get("metrics")))
        case "COMPLETED" if response.status == 200:
            return NoPicture("the result names no picture", _metrics(body.get("metrics")))
        case str() as other if response.status == 200:
            return _waiting(other)
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
    rows = _rows(read_json(response.body))
    if rows is None:
        raise errors.AnswerLost("The response of the history cannot be read")
    return [_history_row(row) for row in rows]


def read_balance(response: HttpResponse) -> float | None:
    """US dollars on the account, bought and free ones. None if the response does not say."""
    body = read_object(response.body) if response.status == 200 else {}
    known = [found for name in ("credits", "free-credits") if (found := number(body.get(name))) is not None]
    return sum(known) if known and all(abs(part) < _MOST_CREDITS for part in known) else None


_ROW_NAMES = frozenset({"request_id", "request_body", "model_status", "generation_url"})


def _rows(body: object) -> list[Mapping[str, Any]] | None:
    """The rows of a page. None if the body has no list of rows.

    A page may have other lists, and its rows may be nested. The list that has rows is theirs. An empty list of rows
    is told from a body without one.
    """
    if body is UNREADABLE or body is None:
        return None
    if isinstance(body, dict) and _ROW_NAMES & body.keys():
        return [body]
    lists = list(_lists(body))
    found: list[list[Mapping[str, Any]]] = [
        [row for row in rows if isinstance(row, dict) and _ROW_NAMES & row.keys()] for rows in lists
    ]
    return max(found, key=len) if any(found) or any(not rows for rows in lists) else None


def _lists(body: object) -> Iterator[list[Any]]:
    """The lists in a body, and in the objects in it."""
    waiting = [body]
    while waiting:
        value = waiting.pop(0)
        if isinstance(value, list):
            yield value
        elif isinstance(value, dict):
            waiting.extend(value.values())


def _history_row(row: Mapping[str, Any]) -> HistoryRow:
    body = row.get("request_body")
    if isinstance(body, str):
        body = read_object(body)
    status = text(row.get("model_status") or row.get("status")).strip().upper()
    urls = picture_urls(row.get("generation_url"))
    created = timestamp(row.get("model_created") or row.get("created_at"))
    return HistoryRow(
        request_id=_request_id(row.get("request_id")),
        body=body if isinstance(body, dict) else {},
        status=status,
        picture_urls=urls,
        error=(text(row.get("error")) or "the service gives no reason") if status == "FAILED" and not urls else None,
        cost=_figure("cost", row.get("credits_deduction")),
        simulator_version=_figure("simulator_version", row.get("simulator_version")),
        created_at=created if created is not None and created > _FIRST_JOB else None,
    )


def failure_kind(text: str) -> ErrorKind:
    """The kind of a failure, by the service's text.

    >>> failure_kind("Rejected by the content policy"), failure_kind("Invalid value for steps")
    ('moderated', 'invalid')
    """
    if _MODERATED.search(text):
        return "moderated"
    return "invalid" if _INVALID.search(text) else "server"


def _failure(body: Mapping[str, Any], response: HttpResponse, now: float) -> Broken | Unclear:
    if response.status not in (200, 422):
        error = service_error(response, now)
        return Unclear(f"FAILED with {error}", error.retry_after)
    reason = plain(text(body.get("error")) or "the service gives no reason")
    return Broken(shorten(reason, 2000), failure_kind(reason))


def _waiting(word: str) -> Waiting:
    documented = word in ("QUEUED", "PROCESSING")
    return Waiting(word == "PROCESSING", "" if documented else shorten(plain(word), 50) or "an empty status")


def _no_outcome(response: HttpResponse, now: float) -> Gone | Unclear:
    error = service_error(response, now)
    if response.status in (401, 403):
        raise error
    if 400 <= response.status < 500 and response.status not in _ASK_AGAIN_CODES:
        unknown = "the service does not know the request"
        return Gone(error.detail or (unknown if response.status == 404 else f"the service answers {response.status}"))
    return Unclear(str(error), error.retry_after)


def _request_id(value: object) -> str:
    """An id that can be sent, stored and compared. Empty if the value is something else."""
    if not isinstance(value, str) or len(value) > _LONGEST_ID or not value.strip():
        return ""
    return "" if _NOT_IN_IDS.search(value) else value


def _call_url(value: object) -> str:
    """An address of a job's calls. Empty if it cannot be sent: the address then follows from the id."""
    url = value.strip() if isinstance(value, str) else ""
    return url if is_address(url) or (url.startswith("/") and is_address(f"https://host.example{url}")) else ""


def _metrics(value: object) -> dict[str, Any]:
    """The figures of a result that can be true. Only these are kept and learned from."""
    given = value if isinstance(value, dict) else {}
    checked = {name: _figure(name, given.get(name)) for name in _LIMITS}
    return {name: found for name, found in checked.items() if found is not None}


def _figure(name: str, value: object) -> float | None:
    """A figure of the service, or None if it cannot be true.

    Parameters
    ----------
    name:
        Name of the figure.
    value:
        What the service says.
    """
    found = number(value)
    least, most = _LIMITS[name]
    return found if found is not None and least <= found <= most else None


def _detail(response: HttpResponse) -> str:
    body = read_object(response.body)
    detail = text(body.get("error")) or text(body.get("message"))
    if not detail and not body:
        detail = re.sub(r"<[^>]*>", " ", response.body[:4000].decode("utf-8", "replace"))
    return shorten(" ".join(plain(detail).split()), 500)


def read_number(headers: Mapping[str, str], name: str) -> float | None:
    """A header as a finite number. None if it is missing or something else.

    Parameters
    ----------
    headers:
        Headers of a response, names in lower case.
    name:
        Name of the header.
    """
    return number(headers.get(name))
