"""FAILED is believed where the contract puts it: 422, or 200. Elsewhere the job is asked again."""

from __future__ import annotations

from typing import Any

from ..expected import OPEN, TEN_MINUTES, Expected, again, rows_of
from ..scripts import edited, on, says, text, together
from ..server import Answer, Call

LATER = Expected(within=TEN_MINUTES)
FAILED = {"status": "FAILED", "error": "Internal Server Error", "metrics": {}}
NOT_FOUND = says(404, {"error": "Request not found"})


def failing(error: str) -> Any:
    """The first job of the cell fails."""

    def script(call: Call) -> Answer | None:
        if call.kind == "submit" and call.seed == 1 and call.number == 1:
            call.accept(error=error)
        return None

    return script


FLAPS = Expected(within=TEN_MINUTES, bad=("completed",))
"""The job goes on and is paid for: before it is submitted again, the history is asked."""

row = rows_of("failed", LATER, calls=again(after=30))
"""Two calls, so that a cell that is taken for failed is submitted again."""

TABLE = [
    *(
        row(f"status {code} FAILED, once", on("status", says(code, FAILED), times=1))
        for code in (202, 206, 301, 400, 401, 403, 404, 410, 429, 500, 502, 503, 504)
    ),
    *(
        row(f"status {code} FAILED, ten times", on("status", says(code, FAILED), times=10))
        for code in (429, 500, 502, 503)
    ),
    *(
        row(f"result {code} FAILED, once", on("result", says(code, FAILED), times=1))
        for code in (401, 403, 404, 429, 500, 502, 503, 504)
    ),
    *(
        row(
            f"status {code} FAILED, for ever",
            on("status result", says(code, FAILED)),
            Expected(kept=3, bad=("completed", *OPEN), within=TEN_MINUTES),
        )
        for code in (500, 503)
    ),
    row("status 422 FAILED once, and COMPLETED later", on("status", says(422, FAILED), times=1), FLAPS),
    row("status 200 FAILED once, and COMPLETED later", on("status", says(200, FAILED), times=1), FLAPS),
    row("result 422 FAILED once, and COMPLETED later", on("result", says(422, FAILED), times=1), FLAPS),
    row("status 422 FAILED for ever, and the history says COMPLETED", on("status", says(422, FAILED)), FLAPS),
    row("status 422 without a status", on("status", says(422, {"error": "validation"}), times=2)),
    row("status 422 in HTML", on("status", text("<html>no</html>", 422), times=2)),
    row("status 422 with a list", on("status", says(422, [FAILED]), times=2)),
    row("status 422 says PROCESSING", on("status", says(422, {"status": "PROCESSING"}), times=2)),
    row("status 500 says COMPLETED", on("status", edited(500), times=1)),
    row("result 500 says COMPLETED", on("result", edited(500), times=1)),
    row("result 429 says COMPLETED without a picture", on("result", says(429, {"status": "COMPLETED"}), times=1)),
    row("status 200 says failed in small letters, once", on("status", says(200, {"status": "failed"}), times=1)),
    row("status 500 says failed in a nested object", on("status", says(500, {"data": FAILED}), times=2)),
    row("a submit answers 200, an id and FAILED", on("submit", edited(status="FAILED", error="x"), times=1)),
    row("a submit answers 200, an id and an error", on("submit", edited(error="Something odd"), times=1)),
    row("a submit answers 200, an id and COMPLETED", on("submit", edited(status="COMPLETED"), times=1)),
    row("a job fails, and the next one does not", failing("worker lost"), Expected(first=("failed",))),
    row(
        "a job is moderated",
        failing("content_policy_violation"),
        Expected(paid=3, kept=3, bad=("failed",), first=("failed",), error="content_policy"),
    ),
    row(
        "a job fails, and its record is gone: the history says FAILED",
        together(failing("worker lost"), on("status result", NOT_FOUND, seconds=100)),
        Expected(within=TEN_MINUTES),
    ),
    row(
        "the history says FAILED of a job that goes on",
        together(
            on("status", NOT_FOUND, seconds=60), on("record", edited(model_status="FAILED", error="x"), times=1)
        ),
        Expected(kept=3, bad=("completed", *OPEN), within=TEN_MINUTES),
    ),
    row(
        "the history has a picture and a warning",
        together(on("status result", NOT_FOUND), on("record", edited(error="slow worker"))),
        LATER,
    ),
    row(
        "the history has a warning, and no picture yet",
        together(
            on("status result", NOT_FOUND),
            on("record", edited(error="slow worker", generation_url=None, model_status="COMPLETED"), seconds=60),
        ),
        LATER,
    ),
    row(
        "the history has a warning while the job is PENDING",
        together(
            on("status result", NOT_FOUND),
            on("record", edited(error="queued again", model_status="PENDING", generation_url=None), seconds=60),
        ),
        Expected(within=TEN_MINUTES, bad=("completed", *OPEN), kept=3),
    ),
]
