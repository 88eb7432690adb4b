"""What the service promises, as data: for each call its answers, and for each answer codes, fields and types. Pure.

Nobody of this project could call the hosted service yet. So each field says where it is known from (`SOURCES`), and
`segflux_nb.service.deviations` tells what real answers have otherwise. What is read of an answer is decided elsewhere
(`wire`, `history`): it is read in many more forms than these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from .catalogue import LONG_NAME, PATH

Json = Literal["string", "number", "integer", "boolean", "object", "array", "null"]
"""The types of JSON. An integer is a number, too."""

Source = Literal["docs", "seen", "sdk", "inferred", "simulator"]

SOURCES: Mapping[Source, str] = {
    "docs": "the service's public documentation",
    "seen": "real answers that users of the service noted in public code",
    "sdk": "the official SDK 1.3.0 and what comes with it",
    "inferred": "nobody publishes it: deduced from the others",
    "simulator": "the simulator of this package alone has it",
}
"""Where a part of the contract is known from."""

JSON_TYPE = "application/json"


@dataclass(frozen=True)
class Field:
    """A field of an answer.

    Attributes
    ----------
    path:
        Its name, after the names that it is in: ``metrics.cost``, ``images[].url``.
    types:
        The types that its value may have.
    source:
        Where it is known from.
    required:
        Whether each such answer has it, about whichever model.
    is_usual:
        Whether those about the model of this package have it. Others may leave it out.
    values:
        The texts that it may be; empty for any.
    is_open:
        Whether what is in it is not part of the contract.
    tells:
        What a report may show of its value: ``value`` where it says nothing of the user, ``host`` of an address,
        ``text`` for an error without numbers, names and addresses, ``type`` for nothing but the type.
    """

    path: str
    types: tuple[Json, ...]
    source: Source
    required: bool = True
    values: tuple[str, ...] = ()
    is_open: bool = False
    is_usual: bool = False
    tells: Literal["value", "host", "text", "type"] = "type"


@dataclass(frozen=True)
class Answer:
    """One kind of answer to a call.

    Attributes
    ----------
    name:
        What it says, in words.
    codes:
        The HTTP codes that it has.
    fields:
        Its fields; empty for an answer that is not JSON.
    words:
        What its field ``status`` says, for answers that are told apart by it.
    type:
        The beginning of its content type.
    envelopes:
        Names under which a list may be that is the answer; it may also be the answer as it is.
    """

    name: str
    codes: tuple[int, ...]
    fields: tuple[Field, ...]
    words: tuple[str, ...] = ()
    type: str = JSON_TYPE
    envelopes: tuple[str, ...] = ()

    @cached_property
    def tree(self) -> Node:
        """The fields as they are in each other."""
        root = Node(Field("", ("object", "array"), "inferred"), {})
        for field in self.fields:
            node = root
            for part in field.path.replace("[]", ".[]").removeprefix(".").split("."):
                node = node.inner.setdefault(part, Node(field, {}))
        return root


@dataclass(frozen=True)
class Node:
    """A field with the fields in it.

    Attributes
    ----------
    field:
        The field.
    inner:
        The fields in it by name; ``[]`` stands for the values of a list.
    """

    field: Field
    inner: dict[str, Node]


@dataclass(frozen=True)
class Call:
    """A call of the service.

    Attributes
    ----------
    name:
        The name of the call.
    method:
        The HTTP method.
    path:
        The path, with ``{slug}`` and ``{id}``.
    host:
        Which of the service's hosts it goes to.
    answers:
        Its answers.
    codes:
        All codes that it may answer with, errors included.
    source:
        Where it is known from.
    needs_key:
        Whether it needs the API key.
    """

    name: str
    method: str
    path: str
    host: Literal["api", "history", "pictures", "uploads"]
    answers: tuple[Answer, ...]
    codes: tuple[int, ...]
    source: Source
    needs_key: bool = True


def _words(path: str, *values: str, source: Source = "docs") -> Field:
    return Field(path, ("string",), source, values=values, tells="value")


_ID = Field("request_id", ("string",), "docs")
_TEXT: tuple[Json, ...] = ("string",)


def _url(path: str, source: Source, *, required: bool = True, types: tuple[Json, ...] = _TEXT) -> Field:
    return Field(path, types, source, required, tells="host")


def _figure(name: str, source: Source, *, required: bool, is_shown: bool = True) -> tuple[Field, Field]:
    """A figure of a job, in the answers where it must be there, and in the others.

    Parameters
    ----------
    name:
        Its name.
    source:
        Where it is known from.
    required:
        Whether answers about completed jobs of the model of this package have it.
    is_shown:
        Whether a report may show it.
    """
    tells: Literal["value", "type"] = "value" if is_shown else "type"
    there = Field(f"metrics.{name}", ("number",), source, False, is_usual=required, tells=tells)
    return there, Field(f"metrics.{name}", ("number",), source, False, tells=tells)


_METRICS = Field("metrics", ("object",), "docs")
_FIGURES = (
    _figure("inference_time", "docs", required=True),
    _figure("queue_time", "docs", required=False),
    _figure("total_time", "docs", required=False),
    _figure("cost", "seen", required=True),
    _figure("remaining_credits", "seen", required=False, is_shown=False),
    _figure("retry_count", "docs", required=False),
    _figure("simulator_version", "simulator", required=False),
)
_OF_COMPLETED = (_METRICS, *(there for there, _ in _FIGURES))
_OF_OTHERS = (_METRICS, *(maybe for _, maybe in _FIGURES))

ERROR = Answer(
    "error",
    (400, 401, 402, 403, 404, 406, 410, 429, 500, 503),
    (
        Field("error", ("string",), "docs", tells="text"),
        Field("error_description", ("string",), "docs", False, tells="text"),
        Field("status_code", ("integer",), "docs", False, tells="value"),
    ),
)
"""A refusal, or something that went wrong."""

PAGE = Answer("page of the gateway", (405, 502, 504), (), type="text/html")

_ERRORS = (401, 403, 404, 405, 429, 500, 502, 504)
"""The codes of errors that any call may answer with."""

_ACCEPTED = Answer(
    "accepted",
    (200,),
    (
        _ID,
        _words("status", "QUEUED"),
        _url("poll_url", "seen"),
        _url("status_url", "docs"),
        _url("response_url", "docs"),
    ),
    ("QUEUED",),
)
_WAITING = Answer(
    "waiting job",
    (200,),
    (
        _words("status", "QUEUED", "PROCESSING"),
        _ID,
        _url("status_url", "docs"),
        _url("response_url", "docs"),
        *_OF_OTHERS,
    ),
    ("QUEUED", "PROCESSING"),
)
_FAILED = Answer(
    "failed job",
    (422,),
    (
        _words("status", "FAILED", source="seen"),
        Field("error", ("string",), "seen", tells="text"),
        Field("request_id", ("string",), "inferred", False),
        *_OF_OTHERS,
    ),
    ("FAILED",),
)
_COMPLETED_STATUS = Answer(
    "completed job", (200,), (_words("status", "COMPLETED"), _ID, *_OF_COMPLETED), ("COMPLETED",)
)
_RESULT = Answer(
    "completed job",
    (200,),
    (
        _words("status", "COMPLETED"),
        Field("error", ("null",), "sdk", False),
        _url("output", "seen", types=("string", "array")),
        Field("images", ("array",), "seen", False, is_usual=True),
        Field("images[]", ("object",), "docs"),
        _url("images[].url", "docs"),
        Field("images[].content_type", ("string",), "docs", tells="value"),
        Field("images[].file_name", ("string",), "docs"),
        Field("images[].file_size", ("string",), "docs", tells="value"),
        Field("seed", ("string",), "docs", False, is_usual=True, tells="value"),
        Field("prompt", ("string",), "docs", False, is_usual=True),
        Field("timings", ("object",), "seen", False, is_usual=True),
        Field("timings.inference", ("number",), "inferred", False, tells="value"),
        *_OF_COMPLETED,
    ),
    ("COMPLETED",),
)


def _row(prefix: str) -> tuple[Field, ...]:
    """The fields of a row of the history.

    Parameters
    ----------
    prefix:
        What stands before their names.
    """
    return (
        Field(f"{prefix}request_id", ("string",), "sdk"),
        Field(f"{prefix}model_name", ("string",), "sdk", tells="value"),
        Field(
            f"{prefix}model_status",
            ("string",),
            "sdk",
            values=("COMPLETED", "FAILED", "PENDING"),
            tells="value",
        ),
        Field(f"{prefix}model_created", ("string",), "sdk"),
        Field(f"{prefix}request_body", ("object",), "sdk", is_open=True),
        Field(f"{prefix}credits_deduction", ("number", "null"), "sdk", tells="value"),
        Field(f"{prefix}latency_ms", ("number", "null"), "sdk", tells="value"),
        _url(f"{prefix}generation_url", "sdk", types=("string", "null")),
        Field(f"{prefix}error", ("string", "null"), "sdk", False, tells="text"),
        Field(f"{prefix}simulator_version", ("number",), "simulator", False, tells="value"),
    )


_HISTORY = Answer(
    "page",
    (200,),
    (
        Field("data", ("array",), "inferred"),
        Field("data[]", ("object",), "inferred"),
        *_row("data[]."),
        Field("page", ("integer",), "inferred", False, tells="value"),
        Field("per_page", ("integer",), "inferred", False, tells="value"),
        Field("total", ("integer",), "inferred", False),
    ),
)

_CATALOGUE = Answer(
    "catalogue",
    (200,),
    (
        Field("[]", ("object",), "sdk"),
        Field("[].slug", ("string",), "sdk", tells="value"),
        Field("[].is_depreciated", ("boolean",), "sdk", tells="value"),
        Field("[].parameters_schema", ("object",), "sdk", False, is_open=True),
        Field("[].parameters", ("object",), "seen", False, is_open=True),
        *(Field(f"[].{name}", ("string",), "seen", False) for name in ("title", "type", "description", "thumbnail")),
        *(
            Field(f"[].{name}", ("number", "string", "object"), "inferred", False, is_open=True)
            for name in ("price", "cost", "avg_cost", "seconds", "avg_latency")
        ),
        Field("[].api_versions", ("array",), "inferred", False),
    ),
    envelopes=(LONG_NAME, "models"),
)

_UPLOADED = Answer(
    "uploaded",
    (200,),
    (
        Field("file_urls", ("array",), "sdk"),
        _url("file_urls[]", "sdk"),
        Field("message", ("string",), "sdk", False, tells="text"),
    ),
)

CALLS: Mapping[str, Call] = {
    call.name: call
    for call in (
        Call(
            "submit",
            "POST",
            "/v2/{slug}",
            "api",
            (_ACCEPTED,),
            (200, 400, 402, 406, 410, 503, *_ERRORS),
            "docs",
        ),
        Call(
            "status",
            "GET",
            "/v2/requests/{id}/status",
            "api",
            (_WAITING, _COMPLETED_STATUS, _FAILED),
            (200, 422, *_ERRORS),
            "docs",
        ),
        Call("result", "GET", "/v2/requests/{id}", "api", (_WAITING, _RESULT, _FAILED), (200, 422, *_ERRORS), "docs"),
        Call(
            "poll",
            "GET",
            "/v1/requests/{id}",
            "api",
            (_WAITING, _RESULT, _FAILED),
            (200, 422, *_ERRORS),
            "inferred",
        ),
        Call(
            "run",
            "POST",
            "/v1/{slug}",
            "api",
            (Answer("picture", (200,), (), type="image/"),),
            (200, 400, 406, 410, 503, *_ERRORS),
            "inferred",
        ),
        Call(
            "account",
            "GET",
            "/v1/get-user-credits",
            "api",
            (
                Answer(
                    "balance",
                    (200,),
                    (Field("credits", ("number",), "docs"), Field("free-credits", ("number",), "docs")),
                ),
            ),
            (200, *_ERRORS),
            "docs",
        ),
        Call(
            "history",
            "GET",
            "/inference-request/request-history",
            "history",
            (_HISTORY,),
            (200, 400, *_ERRORS),
            "sdk",
        ),
        Call(
            "record",
            "GET",
            "/inference-request/request-history/{id}",
            "history",
            (Answer("row", (200,), _row("")),),
            (200, *_ERRORS),
            "sdk",
        ),
        Call(
            "catalogue",
            "GET",
            PATH,
            "history",
            (_CATALOGUE,),
            (200, *_ERRORS),
            "sdk",
            needs_key=False,
        ),
        Call(
            "upload",
            "POST",
            "/upload-asset",
            "uploads",
            (_UPLOADED,),
            (200, 400, 402, 406, 413, *_ERRORS),
            "sdk",
        ),
        Call(
            "picture",
            "GET",
            "/generations/{id}.jpeg",
            "pictures",
            (Answer("picture", (200,), (), type="image/"), Answer("no picture", (404, 403, 410), (), type="")),
            (200, 403, 404, 405, 410, 502, 504),
            "seen",
            needs_key=False,
        ),
    )
}
"""The calls by name."""
