"""The report that goes into an issue: what was found, without anything that belongs to the user. Pure.

Of an answer it has what the contract says may be shown. All else is shown by its type alone, so a field that nobody
knows shows nothing: not an account, not a name, not an address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..markup import count, plain, shorten
from ..runlog.deviations import CountedDeviation
from ..service.contract import CALLS, JSON_TYPE, SOURCES, Node
from ..service.deviations import answer_of, clean_name, content_type, host_of, json_of, unwrapped
from ..service.json_reader import UNREADABLE
from ..service.transport import HttpResponse
from ..version import __version__
from .examination import Line

FORMAT = "segflux doctor report, version 1"

_MOST_NAMES, _MOST_VALUES, _LONGEST = 60, 3, 200

_HEADERS = re.compile(r"content-type|content-length|date|retry-after|x-cost|x-generation-time|x-rate-limit[a-z-]*")
"""Headers whose values a report shows."""

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*:(?://)?\S+", re.IGNORECASE)
_PERSON = re.compile(r"\S+@\S+")
_ID = re.compile(r"\b(?=\w*\d)[\w-]{8,}")
_DIGITS = re.compile(r"\d+")
_PLAIN = re.compile(r"[\w .,:;/+()-]{0,100}", re.ASCII)

Hide = Callable[[str], str]


def report(
    lines: Sequence[Line],
    deviations: Sequence[CountedDeviation],
    answers: Sequence[tuple[str, HttpResponse]],
    facts: Mapping[str, str],
    hide: Hide,
) -> dict[str, Any]:
    """The report.

    Parameters
    ----------
    lines:
        The checks. Their findings name folders and the balance, so only their verdicts are in the report.
    deviations:
        What answers have otherwise than the contract says.
    answers:
        Answers, each after the name of its call.
    facts:
        Versions, by name.
    hide:
        Takes key, prompt and fine-tune out of a text.
    """
    return {
        "format": FORMAT,
        "segflux_nb": __version__,
        **facts,
        "checks": {line.check: line.verdict for line in lines},
        "differences": [{**found.deviation._asdict(), "answers": found.answers} for found in deviations],
        "answers": [_answer(call, response, hide) for call, response in answers],
        "contract": {name: SOURCES[call.source] for name, call in CALLS.items()},
    }


def _answer(call: str, response: HttpResponse, hide: Hide) -> dict[str, Any]:
    """An answer as the report shows it.

    Parameters
    ----------
    call:
        The name of the call.
    response:
        The answer.
    hide:
        See `report`.
    """
    body = json_of(CALLS[call], response)
    answer = answer_of(CALLS[call], response.status, body.get("status") if isinstance(body, dict) else None)
    shown: Any = f"({count(len(response.body), 'byte')}, {content_type(response) or 'no content type'})"
    if body is not UNREADABLE and answer.type == JSON_TYPE:
        inner = unwrapped(answer, body)
        shown = _value(answer.tree, inner, hide)
        if inner is not body and isinstance(body, dict):
            items = list(body.items())[:_MOST_NAMES]
            shown = {_name(name, hide): shown if isinstance(one, list) else _type(one) for name, one in items}
    return {"call": call, "code": response.status, "headers": _headers(response, hide), "body": shown}


def _headers(response: HttpResponse, hide: Hide) -> dict[str, str]:
    found = {}
    for name, value in list(response.headers.items())[:_MOST_NAMES]:
        found[_name(name, hide)] = _text(value, hide) if _HEADERS.fullmatch(name) else "(string)"
    return found


def _value(node: Node | None, value: Any, hide: Hide) -> Any:
    """A value of an answer as the report shows it. It goes no deeper than the contract.

    Parameters
    ----------
    node:
        What the contract says of it; None for nothing.
    value:
        The value.
    hide:
        See `report`.
    """
    if node is None or (node.field.is_open and node.field.path):
        return _type(value)
    if isinstance(value, dict):
        items = list(value.items())[:_MOST_NAMES]
        return {_name(name, hide): _value(node.inner.get(name), one, hide) for name, one in items}
    if isinstance(value, list):
        more = [f"({len(value) - _MOST_VALUES:,} more)"] if len(value) > _MOST_VALUES else []
        return [_value(node.inner.get("[]"), one, hide) for one in value[:_MOST_VALUES]] + more
    tells = node.field.tells
    if isinstance(value, str):
        if tells == "host":
            return hide(host_of(value))
        if tells == "text":
            return anonymous(hide(value))
        return _text(value, hide) if tells == "value" else _type(value)
    return value if tells == "value" or value is None else _type(value)


def anonymous(text: str) -> str:
    """The text of an error without addresses, people, ids and numbers.

    >>> anonymous("Insufficient credits. You have 3.25 credits, ada@example.com")
    'Insufficient credits. You have #.# credits, (person)'
    """
    text = _PERSON.sub("(person)", _URL.sub(lambda found: host_of(found[0]), text))
    return shorten(plain(_DIGITS.sub("#", _ID.sub("(id)", text))), _LONGEST)


def _text(value: str, hide: Hide) -> str:
    """A text that may be shown, if it is a plain one.

    Parameters
    ----------
    value:
        The text.
    hide:
        See `report`.
    """
    return hide(value) if _PLAIN.fullmatch(value) else "(string)"


def _name(name: str, hide: Hide) -> str:
    return hide(clean_name(name))


def _type(value: Any) -> str:
    kinds = {str: "string", bool: "boolean", int: "number", float: "number", dict: "object", list: "array"}
    return f"({kinds.get(type(value), 'null')})"
