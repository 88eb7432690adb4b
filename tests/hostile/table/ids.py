"""An accepted id is kept until it is written, and an id that is another job's is not believed."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

from ..expected import OPEN, TEN_MINUTES, Expected, RunCall, again, rows_of
from ..scripts import BAD, Raw, accepted_as, edited, on
from ..server import Answer, Call

LATER = Expected(within=TEN_MINUTES)
HIDDEN = {"history_delay": 7200.0}
"""The history lists nothing for two hours: an id that is dropped is lost."""


OPAQUE = {
    "has dashes": "47411f11-0c6f-4fe0-5dcb-9ffed2c1962f",
    "has a slash": "eu/west/1",
    "is two points": "..",
    "has a question mark": "job?x=1",
    "has a number sign": "job#1",
    "has a percent sign": "job%2Fone",
    "has a blank": "job one",
    "has letters of another script": "задание-一",
    "has a quote": "job'; DROP TABLE runs; --",
    "has 5,000 characters": "j" * 5000,
    "is status": "status",
}

NO_IDS: dict[str, Any] = {
    "null": None,
    "an empty text": "",
    "a blank": "   ",
    "a number": 12345,
    "a number of 400 digits": Raw("9" * 400),
    "true": True,
    "a list": ["a"],
    "an object": {"id": "a"},
    "half a surrogate": "\ud83d",
    "a NUL byte": "a\x00b",
}


def same_id_as_first(call: Call) -> Answer | None:
    """The second submit is answered with the job of the first one."""
    if call.kind != "submit" or "second" in call.service.notes:
        return None
    job = call.accept()
    first = call.service.notes.setdefault("first", job)
    if job is first:
        return None
    call.service.notes["second"] = job
    return call.service.contract(Call(call.service, call.message, "submit", first, first.seed))


def always_the_first(call: Call) -> Answer | None:
    """Each submit is answered with the job of the first one: a proxy that caches."""
    if call.kind != "submit":
        return None
    job = call.accept()
    first = call.service.notes.setdefault("first", job)
    return call.service.contract(Call(call.service, call.message, "submit", first, first.seed))


def moved_meanwhile(state: str) -> Any:
    """While the submit is on its way, another process writes this state."""

    def reply(call: Call) -> Answer:
        call.accept()
        with sqlite3.connect(call.service.notes["log"], timeout=1) as log:
            where = "json_extract(parameters, '$.seed') = 1"
            log.execute(f"UPDATE runs SET state = ?, owner = NULL WHERE {where}", (state,))
        log.close()
        return call.contract()

    return reply


def locked_for(seconds: float | None) -> Any:
    """When the submit has arrived, another program locks the log for so long; None is until the second call."""

    def script(call: Call) -> Answer | None:
        notes = call.service.notes
        if "lock" in notes and (call.service.now() >= notes["until"] or (call.kind == "credits" and call.number > 1)):
            notes.pop("lock").close()
        if call.kind != "submit" or call.seed != BAD or "until" in notes:
            return None
        call.accept()
        notes["lock"] = log = sqlite3.connect(notes["log"], timeout=1, isolation_level=None)
        log.execute("BEGIN IMMEDIATE")
        notes["until"] = call.service.now() + (1e9 if seconds is None else seconds)
        if seconds is not None:
            asyncio.get_running_loop().call_later(seconds, log.close)
        return None

    return script


row = rows_of("ids", LATER, calls=again(after=60))

TABLE = [
    *(row(f"an id {name}", on("submit", accepted_as(name_), times=1)) for name, name_ in OPAQUE.items()),
    *(row(f"the id is {name}", on("submit", edited(request_id=value), times=1)) for name, value in NO_IDS.items()),
    *(
        row(
            f"the id is {name}, and the history lists nothing",
            on("submit", edited(request_id=NO_IDS[name]), times=1),
            Expected(kept=3, bad=("unknown", "completed"), within=TEN_MINUTES),
            service=HIDDEN,
        )
        for name in ("null", "a number", "half a surrogate")
    ),
    row("the second submit has the id of the first", same_id_as_first, Expected(within=TEN_MINUTES, others_after=2)),
    row(
        "each submit has the id of the first",
        always_the_first,
        Expected(within=TEN_MINUTES, others_after=3),
        calls=again(3, after=60),
    ),
    row(
        "each submit has the id of the first, and the history lists nothing",
        always_the_first,
        Expected(kept=1, bad=("completed", "unknown", *OPEN), within=TEN_MINUTES, others_after=9),
        service=HIDDEN,
    ),
    row(
        "the id of no job",
        on("submit", edited(request_id="f" * 32, status_url=None, response_url=None), times=1),
        Expected(kept=3, bad=("completed", "unknown", *OPEN), within=TEN_MINUTES),
    ),
    row(
        "status_url of another job",
        on("submit", lambda call: _other_addresses(call), times=1),
        Expected(kept=3, bad=("completed", *OPEN), within=TEN_MINUTES),
    ),
    row(
        "another process takes the submit for unknown",
        on("submit", moved_meanwhile("unknown"), times=1),
        service=HIDDEN,
    ),
    row(
        "another process takes the submit for planned",
        on("submit", moved_meanwhile("planned"), times=1),
        Expected(within=TEN_MINUTES, bad=("completed", *OPEN), kept=3),
        service=HIDDEN,
    ),
    *(
        row(
            f"the log is locked for {seconds} s when an id comes",
            locked_for(seconds),
            Expected(within=TEN_MINUTES, others_after=2, others_within=None),
            service=HIDDEN,
        )
        for seconds in (1, 13, 60)
    ),
    row(
        "the log is locked until the process ends when an id comes",
        locked_for(None),
        Expected(within=TEN_MINUTES, others_after=2, others_within=None),
        service=HIDDEN,
    ),
    row(
        "the log is locked for 30 s, and the process is interrupted",
        locked_for(30),
        Expected(within=TEN_MINUTES, others_after=2, others_within=None),
        calls=(RunCall(interrupted=5), RunCall(after=60)),
        service=HIDDEN,
    ),
]


def _other_addresses(call: Call) -> Answer:
    other = next((job for job in call.service.ledger if job.seed != 1), None)
    call.accept()
    return edited(**(call.service.addresses(other) if other is not None else {}))(call)
