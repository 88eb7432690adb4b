"""The history as services keep it: a submit whose answer was lost is found by what was asked for."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from ..expected import TEN_MINUTES, Expected, Misbehaviour, RunCall, again, rows_of
from ..scripts import REMOVED, Raw, Reply, lost_submit, on, rows_edited, says, text, together
from ..server import Answer, Call

LOST = on("submit", lost_submit, times=1)
INDIA, HAWAII = timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-10))


_row = rows_of("history", Expected(within=TEN_MINUTES), calls=again(3, after=60))


def row(name: str, reply: Reply | None, *expected: Expected, **more: Any) -> Misbehaviour:
    """A row of this kind: the answer of a submit is lost, and the history is as `reply` says."""
    return _row(name, LOST if reply is None else together(LOST, on("history", reply)), *expected, **more)


def moment(change: Any) -> Reply:
    """The time of each row, written in another way."""
    return rows_edited(model_created=lambda row: change(datetime.fromisoformat(row["model_created"])))


def body(**changes: Any) -> Reply:
    """The echo of what was asked for, with other values."""

    def changed(row: dict[str, Any]) -> dict[str, Any]:
        asked = dict(row["request_body"])
        for name, change in changes.items():
            asked[name] = change(asked.get(name)) if callable(change) else change
        return asked

    return rows_edited(request_body=changed)


def wrapped(wrap: Any) -> Reply:
    """The page in another envelope."""

    def reply(call: Call) -> Answer:
        return says(200, wrap(json.loads(call.contract().body)["data"]))

    return reply


def among(before: int, *, page_size: int = 100, change: Any = None) -> Reply:
    """This number of jobs of others come before ours in the history."""

    def reply(call: Call) -> Answer:
        rows = others(call, before) + call.service.rows(call.message.headers.get("x-api-key", ""))
        size = min(page_size, int(call.message.query.get("per_page", 20)))
        page = int(call.message.query.get("page", 1))
        shown = rows[(page - 1) * size : page * size]
        if change is not None:
            shown = change(shown, page)
        return says(200, {"data": shown, "page": page, "total": len(rows)})

    return reply


def others(call: Call, number: int) -> list[dict[str, Any]]:
    """Jobs of others, a moment ago."""
    created = datetime.fromtimestamp(call.service.now(), UTC).isoformat()
    shown = {"model_name": "flux-dev-finetuned", "model_status": "COMPLETED", "model_created": created}
    return [{"request_id": f"other {n}", **shown, "request_body": {"seed": -n, "prompt": "x"}} for n in range(number)]


def without_an_id(rows: list[dict[str, Any]], page: int) -> list[dict[str, Any]]:
    """One row of the first page has no id."""
    return [{**one, "request_id": None} if page == 1 and n == 50 else one for n, one in enumerate(rows)]


def shifting(call: Call) -> Answer:
    """Between two pages ten more jobs come: rows move to the next page."""
    number = int(call.message.query.get("page", 1))
    rows = others(call, 60 + 10 * number) + call.service.rows(call.message.headers.get("x-api-key", ""))
    return says(200, {"data": rows[(number - 1) * 100 : number * 100], "total": len(rows)})


def at_first(reply: Reply, calls: int = 1) -> Reply:
    """Ten minutes later, the first calls are answered so."""

    def changed(call: Call) -> Answer | None:
        began = call.service.notes.setdefault("began", call.service.now())
        if call.service.now() < began + 300:
            return says(200, {"data": []})
        call.service.notes["later"] = call.service.notes.get("later", 0) + 1
        return (reply(call) if callable(reply) else reply) if call.service.notes["later"] <= calls else None

    return changed


def leaving(call: Call) -> Answer:
    """Between two pages ten jobs go: rows move to the page before, and no page shows ours."""
    number = int(call.message.query.get("page", 1))
    rows = others(call, 115 - 10 * number) + call.service.rows(call.message.headers.get("x-api-key", ""))
    return says(200, {"data": rows[(number - 1) * 100 : number * 100], "total": len(rows)})


def an_equal_job_of_somebody_else(call: Call) -> Answer:
    """Ten minutes before, somebody asked for the same."""
    page = json.loads(call.contract().body)
    ours = next((one for one in page["data"] if one["request_body"]["seed"] == 1), None)
    if ours is not None:
        created = (datetime.fromisoformat(ours["model_created"]) - timedelta(minutes=10)).isoformat()
        page["data"].append(
            {**ours, "request_id": "somebody else's", "model_created": created, "generation_url": None}
        )
    return says(200, page)


ENVELOPES = {
    "a bare list": lambda rows: rows,
    "requests": lambda rows: {"requests": rows},
    "a list of errors first": lambda rows: {"errors": [], "data": rows},
    "a list of columns first": lambda rows: {"columns": ["request_id", "status"], "rows": rows},
    "nested": lambda rows: {"data": {"items": rows, "total": len(rows)}},
    "nested twice": lambda rows: {"result": {"page": {"rows": rows}}},
}

RESUBMIT = again(2, after=60, resubmit_unknown=True)

TABLE = [
    row("as the contract says", None),
    *(row(f"the page is {name}", wrapped(wrap)) for name, wrap in ENVELOPES.items()),
    row("the body is a JSON text", rows_edited(request_body=lambda row: json.dumps(row["request_body"]))),
    row(
        "the body is a text of Python",
        rows_edited(request_body=lambda row: str(row["request_body"])),
        Expected(kept=3, bad=("completed", "unknown"), within=TEN_MINUTES),
    ),
    row("whole numbers as 1.0", body(seed=float, steps=float, lora_strength=float)),
    row("numbers as texts", body(seed=str, steps=str, lora_strength=str)),
    row("numbers with exponents", body(seed=lambda seed: Raw(f"{seed}e0"), steps=Raw("2.5e1"))),
    row("more fields, and defaults", body(negative_prompt="", guidance=3.5, samples=1, base64=False)),
    row("fields in another order", rows_edited(request_body=lambda row: dict(reversed(row["request_body"].items())))),
    row("without the hardware", body(hardware=REMOVED)),
    row("the prompt has blanks cut off", body(prompt=lambda prompt: prompt.strip())),
    row("a time in India", moment(lambda at: at.astimezone(INDIA).isoformat())),
    row("a time in Hawaii", moment(lambda at: at.astimezone(HAWAII).isoformat())),
    row("a time without a zone", moment(lambda at: at.replace(tzinfo=None).isoformat())),
    row("a time with a blank", moment(lambda at: at.strftime("%Y-%m-%d %H:%M:%S"))),
    row("a time with a blank and UTC", moment(lambda at: at.strftime("%Y-%m-%d %H:%M:%S UTC"))),
    row("a time with Z", moment(lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"))),
    row("a time as an HTTP date", moment(lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT"))),
    row("a time in seconds since 1970", moment(lambda at: at.timestamp())),
    row("a time in milliseconds since 1970", moment(lambda at: int(at.timestamp() * 1000))),
    row("a time as a text of seconds", moment(lambda at: str(at.timestamp()))),
    row("a time in local words", moment(lambda at: at.strftime("%d/%m/%Y %H:%M"))),
    row("no time", rows_edited(model_created=REMOVED)),
    row("a time that is null", rows_edited(model_created=None)),
    row("a time a minute early", moment(lambda at: (at - timedelta(minutes=1)).isoformat())),
    row("the oldest row first", wrapped(lambda rows: {"data": rows[::-1]})),
    row("each row twice", wrapped(lambda rows: {"data": rows + rows})),
    row("rows that are null between the others", wrapped(lambda rows: {"data": [None, *rows, None, 7, "x"]})),
    row("a row without an id on a full page", among(120, change=without_an_id)),
    row(
        "ids that are numbers in other rows",
        among(
            120,
            change=lambda rows, page: [
                {**one, "request_id": n} if "other" in str(one["request_id"]) else one for n, one in enumerate(rows)
            ],
        ),
    ),
    row("pages of 20 rows where 100 were asked for", among(35, page_size=20)),
    row("pages of 50 rows where 100 were asked for", among(120, page_size=50)),
    row("pages that shift, with more rows", shifting),
    row("300 jobs of others before ours", among(300)),
    row("an equal job of somebody else, ten minutes before", an_equal_job_of_somebody_else),
    row("the status is in small letters", rows_edited(model_status=lambda row: row["model_status"].lower())),
    row("no status", rows_edited(model_status=REMOVED)),
    row("the name of the model is another one", rows_edited(model_name="Flux Dev Finetuned")),
    row("the first page is empty once", lambda call: says(200, {"data": []}) if call.number == 1 else None),
    *(
        row(f"it answers {code} once", lambda call, code=code: text("<html>", code) if call.number == 1 else None)
        for code in (404, 429, 500, 502, 503)
    ),
    row("it answers 401 once", lambda call: says(401, {"error": "x"}) if call.number == 1 else None),
    *(
        row(
            f"it lists a job after {name}",
            None,
            Expected(within=TEN_MINUTES, first=("unknown", "completed")),
            service={"history_delay": delay},
            calls=(RunCall(), RunCall(after=60), RunCall(after=delay + 60)),
        )
        for name, delay in {"ten seconds": 10, "two minutes": 120, "half an hour": 1800, "two hours": 7200}.items()
    ),
    row("resubmit_unknown, and it lists the job", None, calls=RESUBMIT),
    *(
        row(
            f"resubmit_unknown, and {name}",
            at_first(reply, calls),
            calls=again(2, after=600, resubmit_unknown=True),
        )
        for name, reply, calls in (
            ("it lists the job a moment later", says(200, {"data": []}), 1),
            ("pages shift while they are read", leaving, 2),
            ("its first page is HTML once", text("<html>"), 1),
            ("its first page is an error in 200", says(200, {"error": "try again"}), 1),
        )
    ),
    row(
        "resubmit_unknown, and it never lists the job",
        None,
        Expected(paid=4, paid_twice=1, within=TEN_MINUTES),
        service={"history_delay": 1e9},
        calls=RESUBMIT,
    ),
    row(
        "resubmit_unknown, and it cannot be read",
        text("<html>", 500),
        Expected(kept=3, bad=("unknown",), within=TEN_MINUTES),
        calls=RESUBMIT,
    ),
    row(
        "resubmit_unknown, and a row before it is unreadable",
        rows_edited(credits_deduction=Raw("9" * 400)),
        calls=RESUBMIT,
    ),
    row(
        "resubmit_unknown, and times are a day off",
        moment(lambda at: (at - timedelta(days=1)).isoformat()),
        calls=RESUBMIT,
    ),
    row("resubmit_unknown, and numbers are texts", body(seed=str, steps=str, lora_strength=str), calls=RESUBMIT),
]
