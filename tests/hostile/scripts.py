"""Words for scripts: when an answer is changed, and how."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .server import Answer, Call, Script, json_answer

BAD = 1
"""The seed of the cell that is treated badly."""

Reply = Answer | Callable[[Call], Answer | None]

LOST = Answer(cut="lost")
UNSENT = Answer(cut="unsent")
DEEP = b"[" * 100_000 + b"]" * 100_000
REMOVED = object()


class Raw(str):
    """A piece of JSON text, put into a body as it is: NaN, numbers of 400 digits."""


def dump(content: Any) -> bytes:
    """JSON text, in which `Raw` pieces stand as they are."""
    pieces: dict[str, str] = {}

    def replaced(value: Any) -> Any:
        if isinstance(value, Raw):
            name = f"@raw {len(pieces)}@"
            pieces[f'"{name}"'] = str(value)
            return name
        if isinstance(value, dict):
            return {name: replaced(one) for name, one in value.items() if one is not REMOVED}
        if isinstance(value, list | tuple):
            return [replaced(one) for one in value]
        return value

    text = json.dumps(replaced(content))
    for name, piece in pieces.items():
        text = text.replace(name, piece)
    return text.encode()


# ---------------------------------------------------------------------- when


def on(
    kinds: str, reply: Reply, *, times: int | None = None, seconds: float | None = None, cell: int | None = BAD
) -> Script:
    """Give this reply to calls of some kinds.

    Parameters
    ----------
    kinds:
        Kinds of calls, with blanks between them.
    reply:
        The answer, or what makes it from the call.
    times:
        Only to the first calls; None for all.
    seconds:
        Only until so long after the job was accepted; None for ever.
    cell:
        The seed of the cell; None for all cells.
    """

    def script(call: Call) -> Answer | None:
        if call.kind not in kinds.split() or (cell is not None and call.seed not in (cell, None)):
            return None
        if (times is not None and call.number > times) or (seconds is not None and call.age > seconds):
            return None
        return reply(call) if callable(reply) else reply

    return script


def together(*scripts: Script) -> Script:
    """The first of some scripts that changes an answer."""

    def script(call: Call) -> Answer | None:
        return next((answer for one in scripts if (answer := one(call)) is not None), None)

    return script


def lost_submit(call: Call) -> Answer:
    """The submit is accepted, and its answer is lost."""
    call.accept()
    return LOST


# ---------------------------------------------------------------------- how


def text(body: bytes | str, status: int = 200, **headers: str) -> Answer:
    """An answer with these bytes; names of headers have _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    data = body if isinstance(body, bytes) else body.encode()
    return Answer(status, {"content-type": "application/json", **named}, data)


def says(status: int, content: Any, **headers: str) -> Answer:
    """An answer with a JSON body."""
    return json_answer(status, content, **headers)


def edited(status: int | None = None, /, **changes: Any) -> Callable[[Call], Answer]:
    """The contract's answer with other fields: a value, `REMOVED`, or what makes the value from the call.

    The status code may be changed too. A submit is accepted.
    """

    def reply(call: Call) -> Answer:
        answer = call.contract()
        body = json.loads(answer.body)
        for name, change in changes.items():
            body[name] = change(call) if callable(change) else change
        return Answer(answer.status if status is None else status, answer.headers, dump(body))

    return reply


def accepting(**changes: Any) -> Callable[[Call], None]:
    """The submit is accepted as the contract says, but its job has other fields: time, picture, error."""

    def reply(call: Call) -> None:
        call.accept(**changes)

    return reply


def accepted(answer: Answer) -> Callable[[Call], Answer]:
    """The submit is accepted, and answered so."""

    def reply(call: Call) -> Answer:
        call.accept()
        return answer

    return reply


def accepted_as(request_id: str, **changes: Any) -> Callable[[Call], Answer]:
    """The submit is accepted under this id."""

    def reply(call: Call) -> Answer:
        call.accept(request_id, **changes)
        return call.contract()

    return reply


def rows_edited(**changes: Any) -> Callable[[Call], Answer]:
    """The history with other fields in each row."""

    def reply(call: Call) -> Answer:
        body = json.loads(call.contract().body)
        for row in body["data"]:
            for name, change in changes.items():
                row[name] = change(row) if callable(change) else change
        return Answer(200, {"content-type": "application/json"}, dump(body))

    return reply
