"""What an answer of the service has otherwise than the contract says. Pure.

No value of an answer is in what is told, only names, types, codes and the words of a status: neither key nor account,
prompt or address can be in it. Names are cleaned, because an answer may use anything as a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from ..model import MODEL
from .contract import ERROR, JSON_TYPE, PAGE, Answer, Call, Node
from .json_reader import UNREADABLE, read_json
from .secret import redact
from .transport import HttpResponse

Kind = Literal["unknown field", "missing field", "other type", "other value", "other code", "other form"]

MOST = 50
"""Deviations that are told of one answer."""

_MOST_VALUES = 20
"""Values of a list that are looked at."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_ -]{0,59}")
_WORD = re.compile(r"[A-Za-z][A-Za-z_ -]{0,29}")
_LOOKS_PRIVATE = re.compile(r"[0-9a-fA-F]{8}|\d{5}|[0-9a-fA-F]{4}(?:-[0-9a-fA-F]{4})")
"""A part of an id or a number of some kind: as a name of a field it belongs to one account or job."""

_TYPES: Mapping[type, str] = {
    str: "string", bool: "boolean", int: "integer", float: "number", dict: "object", list: "array",
    type(None): "null",
}  # fmt: skip


class Deviation(NamedTuple):
    """One thing that an answer has otherwise than the contract says.

    Attributes
    ----------
    answer:
        The call and the kind of its answer.
    kind:
        In which way it differs.
    field:
        The field; empty where the answer as a whole differs.
    expected:
        What the contract says.
    found:
        What the answer has.
    """

    answer: str
    kind: Kind
    field: str
    expected: str
    found: str

    def __str__(self) -> str:
        field = f" {self.field}" if self.field else ""
        return f"{self.answer}: {self.kind}{field}: {self.found}, not {self.expected}"


def deviations(call: Call, response: HttpResponse, *, of_any_model: bool = False) -> list[Deviation]:
    """What an answer has otherwise than the contract says; each thing once, the first `MOST` of them.

    Parameters
    ----------
    call:
        The call that is answered.
    response:
        The answer.
    of_any_model:
        Whether it may be about another model than ours, whose answers have fewer fields.
    """
    body = json_of(call, response)
    word = body.get("status") if isinstance(body, dict) else None
    answer = answer_of(call, response.status, word)
    name = f"{call.name}, {answer.name}"
    found: dict[Deviation, None] = {}
    if response.status not in (answer.codes if response.status < 400 or answer.words else call.codes):
        codes = answer.codes if answer.words else call.codes
        found.setdefault(Deviation(name, "other code", "", " or ".join(map(str, codes)), str(response.status)))
    kind = content_type(response)
    if not kind.startswith(answer.type):
        found.setdefault(Deviation(name, "other form", "", f"{answer.type.rstrip('/')}", kind or "no content type"))
    if answer.type != JSON_TYPE:
        return list(found)
    inner = unwrapped(answer, body)
    expected = "array" if "[]" in answer.tree.inner else "object"
    if inner is UNREADABLE or _type(inner) != expected:
        seen = _type(inner) if response.body else "an empty body"
        found.setdefault(Deviation(name, "other form", "", f"JSON {expected}", seen))
        return list(found)
    for deviation in _of_value(name, answer.tree, inner, "", of_any_model):
        found.setdefault(deviation)
        if len(found) >= MOST:
            break
    return list(found)


def answer_of(call: Call, code: int, word: object) -> Answer:
    """The kind of answer that an answer is, or would be.

    Parameters
    ----------
    call:
        The call that is answered.
    code:
        The HTTP code of the answer.
    word:
        What its field ``status`` says.
    """
    if isinstance(word, str) and (upper := word.strip().upper()):
        for answer in call.answers:
            if upper in answer.words:
                return answer
    for answer in call.answers:
        if code in answer.codes:
            return answer
    if code in PAGE.codes:
        return PAGE
    return ERROR if code >= 400 else call.answers[0]


def json_of(call: Call, response: HttpResponse) -> Any:
    """The body of an answer as JSON, or `UNREADABLE`. A picture is not read as such: it may have megabytes.

    Parameters
    ----------
    call:
        The call that is answered.
    response:
        The answer.
    """
    has_json = any(answer.type == JSON_TYPE for answer in call.answers)
    return read_json(response.body) if has_json or response.status >= 400 else UNREADABLE


def unwrapped(answer: Answer, body: Any) -> Any:
    """The list of an answer that has it under a name. Of a catalogue, the entry of our model alone, if it has one.

    Parameters
    ----------
    answer:
        What the contract says of the answer.
    body:
        The body, as JSON.
    """
    if not answer.envelopes:
        return body
    found = body
    if isinstance(body, dict):
        lists = [body.get(name) for name in answer.envelopes] + list(body.values())
        found = next((one for one in lists if isinstance(one, list)), body)
    if isinstance(found, list):
        own = [one for one in found if isinstance(one, dict) and one.get("slug") == MODEL.slug]
        return own or found
    return found


def content_type(response: HttpResponse) -> str:
    """The content type of an answer, without its parameters; what is no content type is not repeated."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind if re.fullmatch(r"[a-z]+/[a-z0-9.+-]{1,60}", kind) or not kind else "something else"


def clean_name(name: str) -> str:
    """The name of a field as it may be shown: what may be a key, an id or a person is not.

    >>> clean_name("inference_time"), clean_name("someone@example.com"), clean_name("SG_0123456789abcdef")
    ('inference_time', '(a name of 19 characters)', '(a name of 19 characters)')
    """
    is_plain = _NAME.fullmatch(name) and redact(name) == name and not _LOOKS_PRIVATE.search(name)
    return name if is_plain else f"(a name of {len(name)} characters)"


def host_of(url: str) -> str:
    """The host of an address, as a report may show it.

    >>> host_of("https://images.segmind.com/generations/x.jpeg"), host_of("/x.jpeg")
    ('https://images.segmind.com/…', '(string)')
    """
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname or ""
    except ValueError:
        return "(string)"
    is_plain = re.fullmatch(r"[a-z0-9.-]{1,100}", host) and redact(host) == host and parts.scheme in ("http", "https")
    return f"{parts.scheme}://{host}/…" if is_plain else "(string)"


def _of_value(answer: str, node: Node, value: Any, path: str, of_any_model: bool) -> Iterator[Deviation]:
    """The deviations of a value and what is in it. It goes no deeper than the contract does.

    Parameters
    ----------
    answer:
        The call and the kind of its answer.
    node:
        What the contract says of it.
    value:
        The value.
    path:
        Where it is; empty for the whole body.
    of_any_model:
        See `deviations`.
    """
    field, kind = node.field, _type(value)
    if path and kind not in field.types and not (kind == "integer" and "number" in field.types):
        yield Deviation(answer, "other type", path, " or ".join(field.types), kind)
        return
    if field.values and path and value not in field.values:
        yield Deviation(answer, "other value", path, " or ".join(field.values), _shown_word(value))
    if field.is_open and path:
        return
    if isinstance(value, dict):
        known = node.inner
        if value.keys() != known.keys():
            for name in (name for name in value if name not in known):
                yield Deviation(
                    answer, "unknown field", _joined(path, clean_name(name)), "no such field", _type(value[name])
                )
            for name, inner in known.items():
                if name not in value and name != "[]" and _is_missed(inner, of_any_model):
                    yield Deviation(
                        answer, "missing field", _joined(path, name), " or ".join(inner.field.types), "nothing"
                    )
        for name, inner in known.items():
            if name in value:
                yield from _of_value(answer, inner, value[name], _joined(path, name), of_any_model)
    elif isinstance(value, list) and "[]" in node.inner:
        for one in value[:_MOST_VALUES]:
            yield from _of_value(answer, node.inner["[]"], one, f"{path}[]", of_any_model)


def _is_missed(node: Node, of_any_model: bool) -> bool:
    return node.field.required or (node.field.is_usual and not of_any_model)


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _type(value: Any) -> str:
    return _TYPES.get(type(value), "something else")


def _shown_word(value: Any) -> str:
    """A word of a status, if it is one."""
    is_word = isinstance(value, str) and _WORD.fullmatch(value) and not _LOOKS_PRIVATE.search(value)
    return value if is_word and redact(value) == value else "another text"
