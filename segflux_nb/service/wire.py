"""What the service's responses mean: from bodies to outcomes. Pure.

These rules come from the service's documentation:

- The body's ``status`` counts before the HTTP code, in letters of any case. A FAILED job answers 422 with a body.
  FAILED with another code than 422 or 200 comes from something between the service and us, so the job is asked again.
- A submit was accepted if its answer names a job. A code below 400 says so too, and a code that the contract does not
  give to refusals says neither.
- An answer that names another job than the one that was asked for says nothing.
- A submit that answers 200 proves nothing about its parameters.
- Ids are opaque.
- ``output`` may be a string, a list or an object.
- A submit that answers 500 in the gateway's JSON envelope was not accepted. With 502, 504, or a body that is not
  JSON, it may have been.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
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
from .json_reader import number, read_object, text
from .moments import retry_after
from .outputs import picture_urls
from .transport import HttpResponse

_CREDITS = re.compile(r"credit|balance|spend", re.IGNORECASE)
_MODERATED = re.compile(
    r"content.?policy|nsfw|moderat|safety|responsible.?ai|\brai\b|sensitive|prohibited", re.IGNORECASE
)
_INVALID = re.compile(
    r"invalid|unsupported|not in list|validation|must be|not found or not ready|out of range", re.IGNORECASE
)

_NOT_IN_IDS = re.compile(r"[\x00\ufffd\ud800-\udfff]")
_LONGEST_ID = 20_000

_DONE_WORDS = frozenset({"COMPLETE", "SUCCEEDED", "SUCCESS", "DONE", "FINISHED", "OK"})
"""What other services say for COMPLETED."""

_JOB_WORDS = ("QUEUED", "PROCESSING", "COMPLETED")

_RECORD_SECONDS = 3600.0
_LIMITS = {
    "inference_time": (1e-3, _RECORD_SECONDS),
    "queue_time": (0.0, _RECORD_SECONDS),
    "cost": (0.0, 1000.0),
    "simulator_version": (1.0, 1e6),
}
"""Between which values a figure can be true, in seconds and US dollars. A record lives an hour: no time is longer."""

_MOST_CREDITS = 1e9

_TEXT_NAMES = ("message", "error", "detail", "msg", "reason", "description", "code")
_JOB_NAMES = frozenset({"status", "request_id", "output", "error"})

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

_MAYBE_ACCEPTED = (408, 409, 421, 423, 424, 425, 444, 460, 499)
"""Answers to a submit, from 400 to 499, that something between the service and us may give to an accepted one."""

_ASK_AGAIN_CODES = (408, 425, 429)
"""Answers to a poll, from 400 to 499, that say nothing of the job."""

_STOPPING = (errors.AuthenticationError, errors.InsufficientCredits)
"""Refusals whose reason applies to every submit. A model that is private or gone may be that of one cell."""


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
    if response.status in (403, 406) and _CREDITS.search(detail):
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
    body = _body(response)
    named, said = request_id(body.get("request_id")), words(body.get("error"))
    if named and (response.status < 400 or (_status(body) in _JOB_WORDS and not said)):
        return Accepted(named, _call_url(body.get("status_url")), _call_url(body.get("response_url")))
    if is_success(response):
        return Unknown(f"the service answered {response.status} without a request id")
    error = service_error(response, now)
    reason = f"the service answered {response.status}: {error.detail or 'no text'}"
    if named and _status(body) in _JOB_WORDS:
        return Unknown(reason)
    if response.status == 429:
        return NotSent(str(error), error)
    is_its_own = bool(text(body.get("error")))
    if response.status in (500, 503) and is_its_own:
        return NotSent(str(error), error)
    if not 400 <= response.status < 500 or (response.status in _MAYBE_ACCEPTED and not is_its_own):
        return Unknown(reason)
    # A page of something between the service and us concerns one submit.
    return Refused(error, stops=bool(body) and isinstance(error, _STOPPING))


def read_status(response: HttpResponse, now: float, asked: str = "") -> PollOutcome:
    """The outcome of a status call.

    Parameters
    ----------
    response:
        The response.
    now:
        The current time, in seconds since 1970 UTC, to compute how long to wait.
    asked:
        The id of the job that was asked for.

    Raises
    ------
    ServiceError
        401 or 403: the key may be wrong.
    """
    body = _body(response)
    if (other := _other_job(body, asked)) is not None:
        return other
    match _status(body):
        case "COMPLETED":
            urls = picture_urls(body.get("output"), body.get("images"))
            return _rendered(body, urls) if urls else Finished()
        case "FAILED":
            return _failure(body, response, now)
        case str() as other_word if is_success(response):
            return _waiting(other_word)
    return _no_outcome(response, now)


def read_result(response: HttpResponse, now: float, asked: str = "") -> ResultOutcome:
    """The outcome of a result call.

    Parameters
    ----------
    response:
        The response.
    now:
        The current time, in seconds since 1970 UTC, to compute how long to wait.
    asked:
        The id of the job that was asked for.

    Raises
    ------
    ServiceError
        401 or 403: the key may be wrong.
    """
    if is_success(response) and response.headers.get("content-type", "").lower().startswith("image/"):
        return Rendered((f"data:;base64,{b64encode(response.body).decode()}",))
    body = _body(response)
    if (other := _other_job(body, asked)) is not None:
        return other
    urls = picture_urls(body.get("output"), body.get("images"))
    match _status(body):
        case "FAILED":
            return _failure(body, response, now)
        case "COMPLETED" if urls:
            return _rendered(body, urls)
        case None if urls and is_success(response):
            return _rendered(body, urls)
        case "COMPLETED" if is_success(response):
            return NoPicture("the result names no picture", _metrics(body.get("metrics")))
        case str() as other_word if is_success(response):
            return _waiting(other_word)
    return _no_outcome(response, now)


def read_balance(response: HttpResponse) -> float | None:
    """US dollars on the account, bought and free ones. None if the response does not say."""
    body = read_object(response.body) if is_success(response) else {}
    known = [found for name in ("credits", "free-credits") if (found := number(body.get(name))) is not None]
    return sum(known) if known and all(abs(part) < _MOST_CREDITS for part in known) else None


def is_success(response: HttpResponse) -> bool:
    """Whether a response is a success: a proxy may make 203 or 206 of 200."""
    return 200 <= response.status < 300


def words(value: object) -> str:
    """What a service says in a field for errors: a text, or an object or list that has one. Empty for none."""
    waiting = [value]
    for _ in range(100):
        if not waiting:
            break
        found = waiting.pop()
        if isinstance(found, str) and found.strip():
            return text(found)
        if isinstance(found, list):
            waiting.extend(reversed(found))
        elif isinstance(found, dict):
            waiting.extend(found[name] for name in reversed(_TEXT_NAMES) if name in found)
    return ""


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
    reason = plain(words(body.get("error")) or "the service gives no reason")
    return Broken(shorten(reason, 2000), failure_kind(reason))


def _waiting(word: str) -> Waiting:
    documented = word in ("QUEUED", "PROCESSING")
    return Waiting(word == "PROCESSING", "" if documented else shorten(plain(word), 50) or "an empty status")


def _body(response: HttpResponse) -> Mapping[str, Any]:
    """The object that a response has, or the one in it that says something of a job."""
    body = read_object(response.body)
    if not _JOB_NAMES & body.keys():
        return next((one for one in body.values() if isinstance(one, dict) and _JOB_NAMES & one.keys()), body)
    return body


def _status(body: Mapping[str, Any]) -> str | None:
    """The status that a body says, in capitals. None if it says none."""
    word = body.get("status")
    if not isinstance(word, str):
        return None
    word = text(word).strip().upper()
    return "COMPLETED" if word in _DONE_WORDS else word


def _other_job(body: Mapping[str, Any], asked: str) -> Unclear | None:
    """What is said of an answer that names another job than the one that was asked for; None if it does not.

    Parameters
    ----------
    body:
        The body.
    asked:
        The id of the job that was asked for; empty if any will do.
    """
    named = request_id(body.get("request_id"))
    return Unclear("the answer is about another job") if asked and named and not is_same_id(asked, named) else None


def is_same_id(one: str, other: str) -> bool:
    """Whether two ids are the same. The service writes its ids with dashes and without.

    >>> is_same_id("47411f11-0c6f", "47411F110C6F"), is_same_id("47411f11", "47411f12")
    (True, False)
    """
    return one == other or one.replace("-", "").casefold() == other.replace("-", "").casefold()


def _rendered(body: Mapping[str, Any], urls: tuple[str, ...]) -> Rendered:
    return Rendered(urls, _metrics(body.get("metrics")), number(body.get("seed")))


def _no_outcome(response: HttpResponse, now: float) -> Gone | Unclear:
    error = service_error(response, now)
    if response.status in (401, 403):
        raise error
    if 400 <= response.status < 500 and response.status not in _ASK_AGAIN_CODES:
        unknown = "the service does not know the request"
        return Gone(error.detail or (unknown if response.status == 404 else f"the service answers {response.status}"))
    return Unclear(str(error), error.retry_after)


def request_id(value: object) -> str:
    """An id that can be sent, stored and compared. Empty if the value is something else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
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
    checked = {name: figure(name, given.get(name)) for name in _LIMITS}
    return {name: found for name, found in checked.items() if found is not None}


def figure(name: str, value: object) -> float | None:
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
    detail = words(body)
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
