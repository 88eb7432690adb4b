"""The service's request history: from its pages to rows. Pure.

How a page is built is not published. So a row is known by the names that it has, wherever it is in the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import errors
from .json_reader import UNREADABLE, read_json, text
from .moments import timestamp
from .outputs import picture_urls
from .transport import HttpResponse
from .wire import figure, is_success, request_id, service_error, words

_FIRST_JOB = 1.6e9
"""A job of the history is from after September 2020: the service is no older. Other times are wrong."""

_ROW_NAMES = frozenset({"request_id", "request_body", "model_status", "generation_url"})
_BODY_NAMES = frozenset({"prompt", "seed"})

_NOT_OF_ROWS = re.compile(r"err|warn|message|detail|column", re.IGNORECASE)
"""Names of lists that have no rows: that one of them is empty does not say that the history is."""

_MOST_VALUES = 100_000
_MOST_TEXTS_IN_TEXTS = 3


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
        The body is not JSON, or is no page: it says that something went wrong.
    """
    if not is_success(response):
        raise service_error(response, now)
    rows = _rows(read_json(response.body))
    if rows is None:
        raise errors.AnswerLost("The response of the history cannot be read")
    return [_history_row(row) for row in rows]


def _rows(body: object) -> list[Mapping[str, Any]] | None:
    """The rows of a page. None if the body has neither rows nor an empty list of them.

    They may be nested, each may be wrapped, and a page may have other lists.
    """
    if body is UNREADABLE or body is None:
        return None
    found: list[Mapping[str, Any]] = []
    has_empty_list, waiting = False, [("", body)]
    for _ in range(_MOST_VALUES):
        if not waiting:
            break
        name, value = waiting.pop()
        if isinstance(value, dict):
            if _ROW_NAMES & value.keys():
                found.append(value)
            else:
                waiting.extend(reversed(value.items()))
        elif isinstance(value, list):
            has_empty_list |= not value and not _NOT_OF_ROWS.search(name)
            waiting.extend((name, inner) for inner in reversed(value))
    if found:
        return found
    went_wrong = isinstance(body, dict) and (body.get("error") or body.get("success") is False)
    return [] if has_empty_list and not went_wrong else None


def _history_row(row: Mapping[str, Any]) -> HistoryRow:
    status = text(row.get("model_status") or row.get("status")).strip().upper()
    urls = picture_urls(row.get("generation_url"))
    created = timestamp(row.get("model_created") or row.get("created_at"))
    return HistoryRow(
        request_id=request_id(row.get("request_id")),
        body=_submitted(row.get("request_body")),
        status=status,
        picture_urls=urls,
        error=(words(row.get("error")) or "the service gives no reason") if status == "FAILED" and not urls else None,
        cost=figure("cost", row.get("credits_deduction")),
        simulator_version=figure("simulator_version", row.get("simulator_version")),
        created_at=created if created is not None and created > _FIRST_JOB else None,
    )


def _submitted(body: object) -> Mapping[str, Any]:
    """The body of a submit as a row has it: an object, a JSON text of one, or one within another."""
    for _ in range(_MOST_TEXTS_IN_TEXTS):
        if isinstance(body, str):
            body = read_json(body)
    if not isinstance(body, dict):
        return {}
    if not _BODY_NAMES & body.keys():
        inner = next((one for one in body.values() if isinstance(one, dict) and _BODY_NAMES & one.keys()), None)
        return body if inner is None else inner
    return body
