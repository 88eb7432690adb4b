"""Every wait has an upper bound, and what waits delays nothing else."""

from __future__ import annotations

from typing import Any

from ..expected import AN_HOUR, OPEN, TEN_MINUTES, Expected, RunCall, rows_of
from ..scripts import LOST, UNSENT, accepting, edited, lost_submit, on, says, text, together
from ..server import Answer

LATER = Expected(within=TEN_MINUTES)
LEFT = Expected(kept=3, bad=OPEN, within=TEN_MINUTES)
EITHER = Expected(kept=3, bad=("completed", *OPEN), within=TEN_MINUTES)
UNKNOWN = Expected(kept=3, bad=("unknown",), within=TEN_MINUTES)

LATER_ALL = Expected(within=TEN_MINUTES, others_after=2)

WORDS = ("ABORTED", "CANCELLED", "EXPIRED", "STARTING", "completed", "")
HTML = "<html><title>Bad gateway</title></html>"
NOT_FOUND = says(404, {"error": "Request not found"})


def word(status: str) -> Answer:
    """A status that nobody knows."""
    return says(200, {"status": status, "metrics": {}})


def _history_down(answer: Answer) -> Any:
    return together(on("submit", lost_submit, times=1), on("history", answer))


FULL_PAGE = says(
    200, {"data": [{"request_id": f"other {n}", "request_body": {"seed": -n, "prompt": "x"}} for n in range(100)]}
)
"""A page of the history that says that there are more."""

UNKNOWN_THEN_NEW = (RunCall(cells=1), RunCall(after=30))
"""One cell is unknown; then the other cells are asked for."""

row = rows_of("bounds")

TABLE = [
    *(row(f"status is {name!r} for ever", on("status", word(name)), LATER) for name in WORDS),
    row(
        "status is 'ABORTED' for ever, and the history says PENDING",
        together(on("status", word("ABORTED")), on("record", edited(model_status="PENDING", generation_url=None))),
        LATER,
    ),
    *(
        row(f"status answers {code} for ever", on("status", says(code, {"error": "no"})), LATER)
        for code in (400, 404, 405, 410, 451)
    ),
    *(
        row(f"result answers {code} for ever", on("result", says(code, {"error": "no"})), LATER)
        for code in (400, 404, 410, 422)
    ),
    *(
        row(
            f"status and result answer {code} for ever, history too",
            on("status result record", text(HTML, code)),
            LEFT,
        )
        for code in (400, 410, 500)
    ),
    *(row(f"status answers {code} for ever", on("status", text(HTML, code)), EITHER) for code in (500, 503, 599)),
    *(row(f"result answers {code} for ever", on("result", text(HTML, code)), EITHER) for code in (500,)),
    *(
        row(f"status answers {code} without a body, for ever", on("status", Answer(code)), EITHER)
        for code in (204, 206, 301)
    ),
    row("the answer to status is lost for ever", on("status", LOST), EITHER),
    row("the answer to status comes after 80 s", on("status", lambda call: _slow(call, 80)), EITHER),
    row("the answer to status comes after 1,000 s", on("status", lambda call: _slow(call, 1000)), EITHER),
    row("the answer to result is lost for ever", on("result", LOST), EITHER),
    row("status cannot be reached for ever", on("status", UNSENT), EITHER),
    row("status says COMPLETED, the result PROCESSING, for ever", on("result", word("PROCESSING")), EITHER),
    row("status says COMPLETED, the result QUEUED, ten times", on("result", word("QUEUED"), times=10), LATER),
    row(
        "the job is PROCESSING for ever",
        on("submit", accepting(seconds=1e9)),
        Expected(kept=3, bad=OPEN, within=AN_HOUR),
    ),
    row(
        "the job is QUEUED for ever, and its record never expires",
        together(
            on("submit", accepting(seconds=1e9)),
            on("status result", lambda call: says(200, {"status": "QUEUED", **call.service.addresses(call.job)})),
        ),
        Expected(kept=3, bad=OPEN, within=AN_HOUR),
    ),
    row(
        "a job takes half an hour",
        on("submit", accepting(seconds=1800)),
        Expected(within=AN_HOUR),
    ),
    row(
        "the record is gone, and the history is lost for ever",
        together(on("status", NOT_FOUND), on("record", LOST)),
        LATER,
    ),
    row(
        "the record and its result are gone, and the history is lost for ever",
        together(on("status result", NOT_FOUND), on("record", LOST)),
        LEFT,
    ),
    *(
        row(f"the history answers {code} while a submit is unknown", _history_down(text(HTML, code)), UNKNOWN)
        for code in (400, 401, 404, 429, 500)
    ),
    row("the history is lost while a submit is unknown", _history_down(LOST), UNKNOWN),
    row("the history cannot be reached while a submit is unknown", _history_down(UNSENT), UNKNOWN),
    row("the history takes 80 s while a submit is unknown", _history_down(Answer(500, delay=80)), UNKNOWN),
    *(
        row(
            f"the history {name} while new cells wait",
            _history_down(answer),
            Expected(kept=3, bad=("unknown",), others_after=2, within=TEN_MINUTES),
            calls=UNKNOWN_THEN_NEW,
        )
        for name, answer in {
            "answers 500": text(HTML, 500),
            "answers 429": says(429, {"error": "rate_limit_exceeded"}),
            "is lost": LOST,
            "takes 60 s": Answer(500, delay=60),
            "is HTML": text(HTML),
        }.items()
    ),
    row(
        "the history answers 500 while jobs are in flight",
        _history_down(text(HTML, 500)),
        Expected(kept=3, bad=("unknown",), others_after=2, within=TEN_MINUTES),
        calls=(RunCall(interrupted=10), RunCall(after=1)),
    ),
    row(
        "the same page of the history for ever",
        together(on("submit", lost_submit, times=1), on("history", FULL_PAGE)),
        Expected(kept=3, bad=("unknown", "completed"), within=TEN_MINUTES),
    ),
    *(
        row(
            f"a submit {name} when the user interrupts",
            script,
            expected,
            calls=(RunCall(interrupted=20), RunCall(after=5)),
        )
        for name, script, expected in (
            ("is not answered", on("submit", lambda call: _slow_submit(call), times=1), LATER_ALL),
            ("is refused for want of a connection", on("submit", UNSENT, times=3), LATER_ALL),
        )
    ),
    row(
        "no submit can be sent",
        on("submit", UNSENT, cell=None),
        Expected(paid=0, kept=0, bad=("planned",), others_after=9, within=TEN_MINUTES, stopped="reached"),
    ),
    row(
        "each submit answers 503",
        on("submit", says(503, {"error": "overloaded"}), cell=None),
        Expected(paid=0, kept=0, bad=("planned", "refused"), others_after=9, within=TEN_MINUTES),
    ),
    row(
        "each submit answers 429, and names no moment",
        on("submit", says(429, {"error": "rate_limit_exceeded"}), cell=None),
        Expected(paid=0, kept=0, bad=("planned",), others_after=9, within=1900.0, stopped="."),
    ),
    row(
        "the submit of one cell answers 429, and names no moment",
        on("submit", says(429, {"error": "rate_limit_exceeded"})),
        Expected(paid=3, kept=3, bad=("planned",), within=1900.0, stopped="."),
    ),
    *(row(f"credits: {name}", on("credits", answer)) for name, answer in (("lost", LOST), ("refused", UNSENT))),
    *(row(f"credits: {code}", on("credits", text(HTML, code))) for code in (401, 404, 429, 500)),
]


def _slow(call: Any, seconds: float) -> Answer:
    answer = call.contract()
    return Answer(answer.status, answer.headers, answer.body, delay=seconds)


def _slow_submit(call: Any) -> Answer:
    call.accept()
    return Answer(delay=1000)
