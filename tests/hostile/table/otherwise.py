"""Answers that say what they mean in another way than the contract: understood or looked up, and not paid again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..expected import OPEN, TEN_MINUTES, Expected, Misbehaviour, again, rows_of
from ..scripts import LOST, REMOVED, Reply, accepted, accepting, edited, on, says, text, together
from ..server import Answer, Call, Job, Script

HIDDEN = {"history_delay": 1e12}
"""The history never lists anything."""

NOT_FOUND = says(404, {"error": "none"})
LATER = Expected(within=TEN_MINUTES)
LEFT = Expected(kept=3, bad=("completed", *OPEN), within=TEN_MINUTES)

row = rows_of("otherwise", LATER)


def alone(name: str, script: Script, expected: Expected = LATER) -> Misbehaviour:
    """A row in which the history knows nothing: the answers themselves must be understood."""
    return row(name, together(script, on("record history", NOT_FOUND)), expected)


def whole(status: int) -> Callable[[Call], Answer]:
    """The submit is accepted, and its whole answer comes with another code."""

    def reply(call: Call) -> Answer:
        call.accept()
        answer = call.contract()
        return Answer(status, answer.headers, answer.body)

    return reply


def named(value: Any) -> Callable[[Call], Answer]:
    """The submit is accepted under this id, which the answer has as it is."""

    def reply(call: Call) -> Answer:
        call.accept(str(value))
        return says(200, {**json.loads(call.contract().body), "request_id": value})

    return reply


def done(reply: Reply) -> Callable[[Call], Answer | None]:
    """This reply once the job is done."""

    def script(call: Call) -> Answer | None:
        if call.job is None or not call.service.is_done(call.job):
            return None
        return reply(call) if callable(reply) else reply

    return script


def twice(name: str, first: Any, second: Any) -> Callable[[Call], Answer]:
    """A name that stands twice in the answer. A submit is accepted."""

    def reply(call: Call) -> Answer:
        if call.kind == "submit":
            call.accept()
        body = json.loads(call.contract().body)
        body.pop(name, None)
        values = [json.dumps(value(call) if callable(value) else value) for value in (first, second)]
        return text(f'{{"{name}": {values[0]}, "{name}": {values[1]}, {json.dumps(body)[1:]}')

    return reply


def recoded(change: Callable[[bytes], bytes]) -> Callable[[Call], Answer]:
    """The contract's bytes, changed. A submit is accepted."""

    def reply(call: Call) -> Answer:
        if call.kind == "submit":
            call.accept()
        answer = call.contract()
        return Answer(answer.status, answer.headers, change(answer.body))

    return reply


def another(call: Call) -> Job | None:
    """A job of another cell that is done."""
    return next((job for job in call.service.ledger if job.seed != 1 and call.service.is_done(job)), None)


def about_another(call: Call) -> Answer | None:
    """The answer that is meant for another job: of a cache that looks at no ids."""
    job = another(call)
    if job is None:
        return None
    body = {"status": "COMPLETED", "request_id": job.request_id, "metrics": {}}
    return says(200, {"status": body, "record": call.service.row(job)}.get(call.kind, call.service.result(job)))


def own_id(call: Call) -> str:
    """The id of the job."""
    assert call.job is not None
    return call.job.request_id


def url(call: Call) -> str:
    """The address of the picture."""
    assert call.job is not None
    return call.service.picture_url(call.job)


def wrapped(call: Call) -> Answer:
    """The contract's answer in an envelope."""
    answer = call.contract()
    return says(answer.status, {"data": json.loads(answer.body)})


def nowhere(call: Call) -> Answer:
    """The addresses of the answer are the service's own, and lead to nothing."""
    call.accept()
    origin = call.service.origin
    return edited(status_url=f"{origin}/v2/none", response_url=f"{origin}/v2/nowhere")(call)


CACHE = on("status result record", about_another)
IDS: dict[str, Any] = {
    **{
        "a number": 12345,
        "zero": 0,
        "a point": ".",
        "points inside": "a/../b",
        "an address": "http://host.example/x",
    },
    **{"with a line break": "a\nb", "with a header in it": "a\r\nX: y", "with a tab": "a\tb", "with DEL": "a\x7fb"},
    **{"with blanks around": " job ", "slashes": "///", "an emoji": "\U0001f600", "turned around": "a\u202eb"},
}
WORDS = ("completed", " Completed ", "SUCCEEDED", "success", "DONE", "finished", "complete", "ok")
BODIES: dict[str, Callable[[bytes], bytes]] = {
    "bytes of Latin-1": lambda body: body[:-1] + b', "prompt": "caf\xe9"}',
    "half a letter": lambda body: body[:-1] + b', "prompt": "cut \xf0\x9f"}',
    "line breaks in texts": lambda body: body[:-1] + b', "prompt": "a\nb\tc\x00"}',
    "a mark": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "UTF-32": lambda body: body.decode().encode("utf-32"),
}

TABLE = [
    *(
        row(f"a submit is accepted with {code}", on("submit", whole(code), times=1), service=HIDDEN, calls=again())
        for code in (201, 202, 203, 206, 303, 307, 408, 429, 502, 503)
    ),
    *(
        row(
            f"an accepted submit answers {code} in HTML",
            on("submit", accepted(text("<html>", code)), times=1),
            calls=again(after=60),
        )
        for code in (408, 409, 423, 425, 460, 499)
    ),
    *(
        row(f"the id is {name}", on("submit", named(value), times=1), service=HIDDEN, calls=again())
        for name, value in IDS.items()
    ),
    *(
        row(f"the id is {name}, and the history shows it", on("submit", named(value), times=1), calls=again(after=60))
        for name, value in {"30,000 letters": "j" * 30_000, "half a pair": "a\ufffdb"}.items()
    ),
    *(alone(f"COMPLETED is {word!r}", on("status result", done(edited(status=word)))) for word in WORDS),
    row(
        "FAILED is in small letters",
        together(on("submit", accepting(error="no")), on("status result", done(edited(status="failed")))),
        Expected(paid=3, kept=3, bad=("failed",), within=TEN_MINUTES),
    ),
    *(alone(f"status and result answer with {code}", on("status result", edited(code))) for code in (202, 203, 206)),
    *(
        alone(f"status answers {code} for ever, and the result is there", on("status", text("<html>", code)))
        for code in (200, 400, 404, 500)
    ),
    alone("status is lost for ever, and the result is there", on("status", LOST)),
    alone(
        "status has the result, and the result cannot be had",
        together(
            on("status", done(lambda call: says(200, call.service.result(call.job)))),
            on("result", text("<html>", 500)),
        ),
    ),
    *(
        row(f"{kind} answers {code} once, {name}", on(kind, reply, times=1), Expected(stopped="^$"))
        for kind in ("status", "result")
        for code in (401, 403)
        for name, reply in (("in JSON", says(code, {"error": "forbidden"})), ("in HTML", text("<html>", code)))
    ),
    *(row(f"status answers {code} for ever", on("status", text("<html>", code)), LATER) for code in (401, 403)),
    row("the result of another job, twice", on("result", about_another, times=2)),
    row("status and result of another job, for a time", on("status result", about_another, times=3)),
    row("the record of another job", together(on("status result", NOT_FOUND), on("record", about_another)), LEFT),
    row("each answer is about another job", CACHE, LEFT),
    row(
        "the record is the list of all jobs",
        together(
            on("status result", NOT_FOUND), on("record", lambda call: says(200, {"data": call.service.rows("")}))
        ),
    ),
    row("two ids, the other one first", on("submit", twice("request_id", "f" * 32, own_id), times=1), calls=again()),
    row("two ids, the other one last", on("submit", twice("request_id", own_id, "f" * 32), times=1), calls=again()),
    alone("two outputs, of which one is null", on("result", twice("output", url, None))),
    row("two statuses", on("status", twice("status", "COMPLETED", "PROCESSING"), times=3)),
    row("two statuses, FAILED last", on("status", twice("status", "PROCESSING", "FAILED"), times=1)),
    *(alone(f"answers with {name}", on("submit status result", recoded(change))) for name, change in BODIES.items()),
    alone("the result has no status", on("result", done(edited(status=REMOVED)))),
    alone("the result is in an envelope", on("result", wrapped)),
    alone("status is in an envelope", on("status", wrapped)),
    alone(
        "the result is the picture itself",
        on("result", done(lambda call: Answer(200, {"content-type": "image/jpeg"}, call.job.picture))),
    ),
    alone(
        "the addresses of the answer lead nowhere",
        on("submit", nowhere, times=1),
    ),
]
