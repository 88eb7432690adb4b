"""Nothing that is paid for is given up while record, history or picture may still answer."""

from __future__ import annotations

from typing import Any

from ..expected import OPEN, SOON, TEN_MINUTES, Expected, RunCall, again, rows_of
from ..scripts import LOST, REMOVED, UNSENT, edited, lost_submit, on, says, text, together
from ..server import Answer, Call

MINUTE = 60.0
DAY = 86_400.0

NOT_FOUND = says(404, {"error": "Request not found"})
PORTAL = text("<html><title>Log in to the hotel's network</title></html>", content_type="text/html")

LATER = Expected(within=TEN_MINUTES)
NOT_YET = Expected(within=TEN_MINUTES, first=OPEN, stopped="picture")
"""The first call gives up for now, and says that something is paid for and not served yet. The next one has it."""
STILL_OPEN = Expected(kept=3, bad=OPEN, within=TEN_MINUTES, stopped="picture")
GIVEN_UP = Expected(kept=3, bad=("lost",), first=OPEN, within=TEN_MINUTES)

AFTER_AN_HOUR = again(after=3700.0)
AFTER_HALF_AN_HOUR = again(after=1800.0)
AFTER_NINE_DAYS = again(after=9 * DAY)


def cut(call: Call) -> Answer:
    """Half of the picture."""
    answer = call.contract()
    return Answer(answer.status, answer.headers, answer.body[: len(answer.body) // 2])


NO_PICTURE: dict[str, Any] = {
    **{
        f"answers {code}": text(f"<Error>{code}</Error>", code, content_type="application/xml")
        for code in (401, 403, 404, 408, 410, 429, 500, 503)
    },
    "answers 202 without a body": Answer(202),
    "answers 304": Answer(304),
    "is HTML of a captive portal": PORTAL,
    "is empty": Answer(200, {"content-type": "image/jpeg"}),
    "is an error in JSON": says(200, {"error": "not ready"}),
    "is cut in half": cut,
    "is other bytes": Answer(200, {"content-type": "image/jpeg"}, b"\xff\xd8" + b"\x00" * 500),
    "is lost on the way": LOST,
    "cannot be reached": UNSENT,
}

NO_OUTPUT: dict[str, Any] = {
    "null": {"output": None, "images": None},
    "missing": {"output": REMOVED, "images": REMOVED},
    "an empty text": {"output": "", "images": []},
    "an empty list": {"output": [], "images": []},
    "an empty object": {"output": {}, "images": [{}]},
}


def nowhere(**changes: Any) -> Any:
    """The result has no picture, and the history has none either."""
    return together(on("result", edited(**changes)), on("record", edited(generation_url=None)))


row = rows_of("paid")

TABLE = [
    *(
        row(f"the picture {n} for a minute", on("picture", a, seconds=80), Expected(within=TEN_MINUTES))
        for n, a in NO_PICTURE.items()
    ),
    *(
        row(f"the picture {n} for five minutes", on("picture", NO_PICTURE[n], seconds=320), LATER)
        for n in ("answers 403", "answers 404", "answers 503", "is HTML of a captive portal", "is cut in half")
    ),
    *(
        row(
            f"the picture {n} for half an hour",
            on("picture", NO_PICTURE[n], seconds=1800),
            NOT_YET,
            calls=AFTER_HALF_AN_HOUR,
        )
        for n in (
            *("answers 403", "answers 404", "answers 500", "is empty"),
            *("is HTML of a captive portal", "is cut in half", "cannot be reached"),
        )
    ),
    *(
        row(
            f"the picture {n} for two days",
            on("picture", NO_PICTURE[n], seconds=2 * DAY),
            NOT_YET,
            calls=again(after=2 * DAY),
        )
        for n in ("answers 404", "is cut in half")
    ),
    *(
        row(f"the picture {n} for ever", on("picture", NO_PICTURE[n]), GIVEN_UP, calls=AFTER_NINE_DAYS)
        for n in ("answers 404", "answers 403")
    ),
    *(
        row(f"output is {n}, twice", on("result", edited(**c), times=2), Expected(within=SOON))
        for n, c in NO_OUTPUT.items()
    ),
    *(
        row(f"output is {n} for ever, and the history has it", on("result", edited(**NO_OUTPUT[n])), LATER)
        for n in ("null", "missing", "an empty object")
    ),
    row(
        "output is null for five minutes, in the history too",
        together(
            on("result", edited(output=None, images=None), seconds=320),
            on("record", edited(generation_url=None), seconds=320),
        ),
        LATER,
    ),
    *(
        row(
            f"output is {n} for half an hour, in the history too",
            together(
                on("result", edited(**NO_OUTPUT[n]), seconds=1800),
                on("record", edited(generation_url=None), seconds=1800),
            ),
            NOT_YET,
            calls=AFTER_HALF_AN_HOUR,
        )
        for n in ("null", "missing")
    ),
    row("output is null for ever, in the history too", nowhere(output=None, images=None), STILL_OPEN),
    row(
        "output is null for nine days, in the history too",
        nowhere(output=None, images=None),
        GIVEN_UP,
        calls=AFTER_NINE_DAYS,
    ),
    *(
        row(f"a record is not found for {name}", on("status result record", NOT_FOUND, seconds=seconds), LATER)
        for name, seconds in {"18 s": 18, "a minute": 60, "five minutes": 300}.items()
    ),
    row(
        "a record is not found for five minutes, and the history has it",
        on("status result", NOT_FOUND, seconds=300),
        LATER,
    ),
    row(
        "a record is not found for five minutes, and the history is lost",
        together(on("status result", NOT_FOUND, seconds=300), on("record", LOST, seconds=300)),
        LATER,
    ),
    row(
        "a record is not found for half an hour",
        on("status result record", NOT_FOUND, seconds=1800),
        Expected(within=TEN_MINUTES, first=OPEN),
        calls=AFTER_HALF_AN_HOUR,
    ),
    row(
        "a record is not found for a day",
        on("status result record", NOT_FOUND, seconds=DAY),
        Expected(within=TEN_MINUTES, first=OPEN),
        calls=again(after=DAY),
    ),
    row(
        "a record is not found, but the list of the history has it",
        on("status result record", NOT_FOUND),
        Expected(kept=3, bad=("completed", *OPEN), within=TEN_MINUTES),
    ),
    row(
        "a record is not found for ever",
        on("status result record history", NOT_FOUND),
        GIVEN_UP,
        calls=AFTER_NINE_DAYS,
    ),
    row("a result is not found for a minute", on("result", NOT_FOUND, seconds=80), LATER),
    row("a result is not found for ever", on("result", NOT_FOUND), LATER),
    row(
        "status says QUEUED after COMPLETED",
        on("result", says(200, {"status": "QUEUED", "metrics": {}}), times=3),
        LATER,
    ),
    row(
        "the result says PROCESSING and COMPLETED without a picture in turn",
        on("result", lambda call: says(200, {"status": ("COMPLETED", "PROCESSING")[call.number % 2]}), times=4),
        LATER,
    ),
    *(
        row(
            f"a process that ends after {seconds} s is followed by another {name} later",
            None,
            Expected(within=TEN_MINUTES, others_after=2, others_within=None),
            calls=(RunCall(interrupted=seconds), RunCall(after=after)),
        )
        for seconds in (0.15, 10, 20.2)
        for name, after in {"a second": 1.0, "two hours": 7200.0, "five days": 5 * DAY}.items()
    ),
    row(
        "a process that ends is followed by another nine days later",
        None,
        Expected(kept=0, bad=("lost",), others_after=9, within=TEN_MINUTES),
        calls=(RunCall(interrupted=10), RunCall(after=9 * DAY)),
    ),
    *(
        row(f"a submit that arrived {name}", on("submit", reply, times=1), LATER, calls=again(3, after=60))
        for name, reply in {
            "is lost on the way back": lost_submit,
            "answers 502": lambda call: _arrived(call, text("<html>Bad gateway</html>", 502)),
            "answers 504": lambda call: _arrived(call, text("<html>Timeout</html>", 504)),
            "answers 500 in HTML": lambda call: _arrived(call, text("<html>Error</html>", 500)),
            "answers 503 in HTML": lambda call: _arrived(call, text("<html>Busy</html>", 503)),
            "answers 504 in JSON": lambda call: _arrived(call, says(504, {"error": "timeout"})),
            "answers 502 in JSON": lambda call: _arrived(call, says(502, {"message": "bad gateway"})),
            "answers 520": lambda call: _arrived(call, text("<html>Unknown error</html>", 520)),
            "answers 202": lambda call: _arrived(call, says(202, call.service.submitted(call.accept()))),
            "answers 302": lambda call: _arrived(call, Answer(302, {"location": "https://www.segmind.com/login"})),
            "answers 200 without an id": lambda call: _arrived(call, says(200, {"status": "QUEUED"})),
            "answers after 1,000 s": lambda call: _arrived(call, Answer(delay=1000)),
        }.items()
    ),
    *(
        row(f"a submit that did not arrive {name}", on("submit", reply, times=2), LATER)
        for name, reply in {
            "cannot be sent": UNSENT,
            "answers 503": says(503, {"error": "overloaded"}),
            "answers 500": says(500, {"error": "internal"}),
            "answers 429": says(429, {"error": "rate_limit_exceeded"}),
        }.items()
    ),
    *(
        row(
            f"a submit answers {code} once",
            on("submit", says(code, {"error": error}), times=1),
            Expected(others_after=2, within=TEN_MINUTES, stopped="."),
            calls=again(),
        )
        for code, error in {
            401: "Unauthorized. API key is invalid or may have expired...",
            402: "Insufficient credits. You have 0.0 credits.",
            406: "You have 0.01 credits, the call needs 0.03 credits",
        }.items()
    ),
    *(
        row(
            f"a submit answers {code} once, which concerns its cell",
            on("submit", says(code, {"error": error}), times=1),
            Expected(first=("refused",), within=TEN_MINUTES, stopped="^$"),
            calls=again(),
        )
        for code, error in {403: "This model is private", 404: "Model not found", 410: "retired"}.items()
    ),
    *(
        row(
            f"a submit answers {code} with a page of HTML once",
            on("submit", text("<html>", code), times=1),
            Expected(first=("refused",), within=TEN_MINUTES, stopped="^$"),
            calls=again(),
        )
        for code in (401, 403, 404)
    ),
    *(
        row(
            f"a submit answers {code} for ever",
            on("submit", says(code, {"error": error})),
            Expected(paid=3, kept=3, bad=("refused",)),
            calls=again(),
        )
        for code, error in {
            400: "seed must be a number",
            405: "no",
            409: "no",
            413: "too large",
            422: "validation",
        }.items()
    ),
]


def _arrived(call: Call, answer: Answer) -> Answer:
    call.accept()
    return answer
