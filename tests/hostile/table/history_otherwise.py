"""A history whose rows lack ids, order or right dates, and pages that repeat themselves: no reason to pay."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from ..expected import OPEN, TEN_MINUTES, Expected, Misbehaviour, again, rows_of
from ..scripts import REMOVED, lost_submit, on, rows_edited, says, together
from ..server import Answer, Call

LATER = Expected(within=TEN_MINUTES)
UNKNOWN = Expected(kept=3, bad=("unknown",), within=TEN_MINUTES)
OPEN_OR_UNKNOWN = Expected(kept=3, bad=("completed", "unknown", *OPEN), within=TEN_MINUTES)

_row = rows_of("history otherwise", LATER, calls=again(2, after=60, resubmit_unknown=True))


def row(name: str, reply: Any, expected: Expected = LATER) -> Misbehaviour:
    """A submit is lost; the history says this, and the user asks for what is unknown to be submitted again."""
    return _row(name, together(on("submit", lost_submit, times=1), on("history", reply)), expected)


def dated(by: timedelta) -> Any:
    """Rows whose times are wrong by so much."""
    return rows_edited(model_created=lambda row: (datetime.fromisoformat(row["model_created"]) + by).isoformat())


def bodies(change: Any) -> Any:
    """Rows whose bodies are changed."""
    return rows_edited(request_body=lambda row: change(row["request_body"]))


def with_others(number: int, hours: float, order: str = "newest first", times: int = 1) -> Any:
    """A history with jobs of others before ours, in an order; each page of others may come several times."""

    def reply(call: Call) -> Answer:
        begin = call.service.now() - hours * 3600
        others = [
            {
                "request_id": f"other {n}",
                "model_created": datetime.fromtimestamp(begin + n, UTC).isoformat(),
                "request_body": {"seed": -n, "prompt": "x"},
            }
            for n in range(number)
        ]
        if order == "no order":
            random.Random(3).shuffle(others)
        rows = [*(others[::-1] if order == "newest first" else others) * times, *call.service.rows("")]
        page = int(call.message.query.get("page", 1))
        return says(200, {"data": rows[(page - 1) * 100 : page * 100]})

    return reply


def failed_first(call: Call) -> Answer:
    """Each job has an equal one beside it that failed."""
    rows = call.service.rows("")
    changed = {"model_status": "FAILED", "generation_url": None, "error": "no"}
    return says(200, {"data": [*({**one, "request_id": f"f{one['request_id']}"} | changed for one in rows), *rows]})


def endless(call: Call) -> Answer:
    """Each page has 100 new rows of others."""
    rows = [{"request_id": f"{call.number} {n}", "request_body": {"seed": -n}} for n in range(100)]
    return says(200, {"data": rows})


def other_code(code: int) -> Any:
    """The page with another code of success."""
    return lambda call: Answer(code, {}, call.contract().body)


NO_IDS: dict[str, Any] = {"null": None, "missing": REMOVED, "empty": "", "a list": ["x"], "too long": "j" * 100_000}
ENVELOPES: dict[str, Any] = {
    "an object by id": lambda rows: {"data": {one["request_id"]: one for one in rows}},
    "each in an envelope": lambda rows: {"data": [{"node": one} for one in rows]},
    "edges and nodes": lambda rows: {"data": {"edges": [{"cursor": "x", "node": one} for one in rows]}},
}
BODIES: dict[str, Any] = {
    "are in an envelope": lambda body: {"input": body},
    "are JSON texts in JSON texts": lambda body: json.dumps(json.dumps(body)),
    "have numbers of single precision": lambda body: {**body, "lora_strength": 1.0000000001},
    "have names in capitals": lambda body: {name.upper(): value for name, value in body.items()},
    "leave defaults out": lambda body: {n: v for n, v in body.items() if n not in ("steps", "scheduler")},
    "have choices in capitals": lambda body: {**body, "scheduler": body["scheduler"].upper()},
}
NO_PAGES: dict[str, Any] = {
    "no rows and an error": says(200, {"data": [], "error": "upstream timed out"}),
    "no rows and no success": says(200, {"success": False, "data": []}),
    "no list": says(200, {"data": None}),
    "an empty list of errors": says(200, {"errors": [], "message": "later"}),
    "204": Answer(204),
    "a redirect": Answer(302, {"location": "/login"}),
}

TABLE = [
    *(row(f"ids are {name}", rows_edited(request_id=value)) for name, value in NO_IDS.items()),
    row("ids are null, and there is no picture yet", rows_edited(request_id=None, generation_url=None), UNKNOWN),
    row("all ids are one number", rows_edited(request_id=7), OPEN_OR_UNKNOWN),
    *(
        row(f"times are {name}", dated(timedelta(days=days)))
        for name, days in {
            **{"a day early": -1, "30 hours early": -1.25, "a year early": -365, "ten years early": -3650},
            **{"a day late": 1, "a year late": 365},
        }.items()
    ),
    row("times are of 1970", rows_edited(model_created=0)),
    row("the oldest first, after 250 jobs of others", with_others(250, 40, "oldest first")),
    row("in no order, after 350 jobs of others", with_others(350, 40, "no order")),
    row("its first page comes three times", with_others(100, 1, times=3)),
    row("its first page comes for ever", with_others(100, 1, times=100), UNKNOWN),
    row("new rows of others for ever", endless, UNKNOWN),
    row("an equal job that failed stands before each", failed_first),
    *(
        row(f"rows are {name}", lambda call, wrap=wrap: says(200, wrap(call.service.rows(""))))
        for name, wrap in ENVELOPES.items()
    ),
    *(row(f"bodies {name}", bodies(change)) for name, change in BODIES.items()),
    *(row(f"it answers {name}", reply, UNKNOWN) for name, reply in NO_PAGES.items()),
    *(row(f"it answers with {code}", other_code(code)) for code in (203, 206)),
]
