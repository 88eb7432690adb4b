"""Whatever one answer contains, it ends at most its own cell."""

from __future__ import annotations

import json
from typing import Any

from ..expected import OPEN, TEN_MINUTES, Expected, Misbehaviour, RunCall, again, rows_of
from ..scripts import (
    DEEP,
    REMOVED,
    Raw,
    accepted,
    accepting,
    edited,
    lost_submit,
    on,
    rows_edited,
    says,
    text,
    together,
)
from ..server import Answer, Call

SURROGATE = "half a \ud83d emoji"
HUGE = Raw("9" * 400)
NAN, INFINITY, TOO_LARGE, LARGE = Raw("NaN"), Raw("-Infinity"), Raw("1e999"), Raw("1e308")
MEGABYTE = "x" * 1_000_000

UNREADABLE = {
    "JSON 100,000 levels deep": text(DEEP),
    "no body": text(b""),
    "bytes that are no UTF-8": text(b'{"status": "\xff\xfe\x80"}'),
    "UTF-16 without a mark": text(json.dumps({"status": "x"}).encode("utf-16-le")),
    "a NUL byte": text(b"\x00"),
    "JSON with a tail": text(b'{"status": "COMPLETED"} trailing'),
    "a list": says(200, [{"status": "COMPLETED"}]),
    "a text": says(200, "COMPLETED"),
    "a number": says(200, 200),
    "a number of 5,000 digits": text(b"9" * 5000),
    "null": says(200, None),
    "HTML": text("<html><body>Welcome</body></html>", content_type="text/html"),
    "a megabyte of blanks": text(b" " * 1_000_000),
}

SOME = ("JSON 100,000 levels deep", "no body", "bytes that are no UTF-8", "a list", "null", "HTML")
FOR_EVER = ("JSON 100,000 levels deep", "no body", "HTML")

NO_URLS = {
    "a host that ends in a bracket": "http://[::1/x",
    "a host that IDNA refuses": f"https://{'a' * 64}.example/x.jpeg",
    "a label that is empty": "https://xn--/x.jpeg",
    "a port out of range": "https://images.example:99999/x.jpeg",
    "a port that is a word": "https://images.example:port/x.jpeg",
    "a NUL in the host": "https://images\x00.example/x.jpeg",
    "a line break": "https://images.example/a\r\nx-api-key: b",
    "half a surrogate": f"https://images.example/{SURROGATE}",
    "a scheme alone": "https://",
    "a number": 17,
    "an object in a list": [{"a": ["b"]}],
}

NO_NUMBERS: dict[str, Any] = {
    "400 digits": HUGE,
    "NaN": NAN,
    "minus infinity": INFINITY,
    "1e999": TOO_LARGE,
    "1e308": LARGE,
    "negative": -5.0,
    "milliseconds": 19_500,
    "zero": 0,
    "a text": "19.5",
    "a list": [19.5],
    "true": True,
}

SOME_NUMBERS = ("400 digits", "NaN", "1e308", "negative", "a list")

OVERFLOWING = {
    "year 9999, west": "9999-12-31T23:59:59-23:59",
    "year 1, east": "0001-01-01T00:00:00+23:59",
    "year 10000": "10000-01-01T00:00:00Z",
    "half a surrogate": SURROGATE,
    "a number of 400 digits": HUGE,
    "a list": [2027],
}


def quick(call: Call) -> Answer:
    """This job is done before all others."""
    call.accept(seconds=3.0)
    return call.contract()


def measured(name: str, value: Any) -> Any:
    """The result of a quick job says this of its time or its price."""

    def metrics(call: Call) -> dict[str, Any]:
        assert call.job is not None
        return {**call.service.metrics(call.job), name: value}

    return together(on("submit", quick), on("result", edited(metrics=metrics)))


NOT_FOUND = says(404, {"error": "Request not found"})
LOOKED_UP = on("status result", NOT_FOUND)
"""The record is gone: the history is asked by id."""

LOST = on("submit", lost_submit, times=1)
"""The answer of the submit is lost: the history is read."""

LEFT = Expected(kept=3, bad=OPEN, within=TEN_MINUTES)
LATER = Expected(within=TEN_MINUTES)

row = rows_of("isolation")

TABLE = [
    *(row(f"submit: {name}", on("submit", accepted(a), times=1), calls=again()) for name, a in UNREADABLE.items()),
    *(row(f"status: {name}, once", on("status", a, times=1)) for name, a in UNREADABLE.items()),
    *(row(f"status: {name}, always", on("status", UNREADABLE[name]), LATER) for name in FOR_EVER),
    *(row(f"result: {name}, once", on("result", UNREADABLE[name], times=1)) for name in SOME),
    *(row(f"result: {name}, always", on("result", UNREADABLE[name]), LATER) for name in FOR_EVER),
    *(row(f"record: {name}", together(LOOKED_UP, on("record", UNREADABLE[name])), LEFT) for name in SOME),
    *(
        row(
            f"history: {name}, once",
            together(LOST, on("history", UNREADABLE[name], times=1)),
            LATER,
            calls=again(after=60),
        )
        for name in SOME
    ),
    *(row(f"credits: {name}", on("credits", UNREADABLE[name])) for name in SOME),
    *(
        row(f"status_url and response_url: {name}", on("submit", edited(status_url=u, response_url=u)), calls=again())
        for name, u in NO_URLS.items()
        if name not in ("a port out of range", "a NUL in the host", "a scheme alone")
    ),
    *(
        row(
            f"generation_url: {name}",
            together(LOOKED_UP, on("record", edited(generation_url=NO_URLS[name]))),
            LEFT,
            calls=again(),
        )
        for name in ("a host that ends in a bracket", "half a surrogate", "a port that is a word", "a number")
    ),
    *(
        row(
            f"inference_time: {name}",
            measured("inference_time", number),
            Expected(paid=6, kept=6),
            calls=(RunCall(), RunCall(after=60, cells=6)),
        )
        for name, number in NO_NUMBERS.items()
    ),
    *(row(f"cost: {name}", measured("cost", NO_NUMBERS[name]), calls=again()) for name in SOME_NUMBERS),
    *(row(f"credits are {name}", on("credits", edited(credits=NO_NUMBERS[name]))) for name in SOME_NUMBERS),
    *(
        row(
            f"record: credits_deduction {name}",
            together(LOOKED_UP, on("record", edited(credits_deduction=NO_NUMBERS[name]))),
            LATER,
        )
        for name in SOME_NUMBERS
    ),
    *(
        row(f"history: model_created {name}", together(LOST, on("history", rows_edited(model_created=moment))), LATER)
        for name, moment in OVERFLOWING.items()
    ),
    row(
        "history: numbers of 400 digits",
        together(LOST, on("history", rows_edited(credits_deduction=HUGE))),
        LATER,
    ),
    row(
        "history: bodies of other jobs are 100,000 levels deep",
        together(
            LOST,
            on(
                "history",
                rows_edited(request_body=lambda row: row["request_body"] if _is_bad(row) else DEEP.decode()),
            ),
        ),
        LATER,
    ),
    row("metrics are a list", on("result", edited(metrics=[1, 2]))),
    row("metrics are a text", on("result", edited(metrics="fast"))),
    row("metrics are missing", on("result", edited(metrics=REMOVED))),
    row("status is a list", on("status", edited(status=["COMPLETED"]), times=2)),
    row("status is a number", on("status", edited(status=200), times=2)),
    row("status is missing", on("status", edited(status=REMOVED), times=2)),
    row("status is half a surrogate", on("status", edited(status=SURROGATE), times=2), LATER),
    row("the prompt of the result is a megabyte", on("result", edited(prompt=MEGABYTE))),
    row("the seed of the result is null", on("result", edited(seed=None))),
    row("the result names another job", on("result", edited(request_id="f" * 32, status="COMPLETED"))),
    *(
        row(
            f"a refusal whose text is {name}",
            on("submit", says(400, {"error": words})),
            Expected(paid=3, kept=3, bad=("refused",)),
            calls=again(),
        )
        for name, words in {"a megabyte": MEGABYTE, "half a surrogate": SURROGATE, "NUL": "a\x00b"}.items()
    ),
    *(
        row(
            f"a failure whose text is {name}",
            on("submit", accepting(error=words)),
            Expected(paid=3, kept=3, bad=("failed",)),
        )
        for name, words in {"a megabyte": MEGABYTE, "half a surrogate": SURROGATE, "NUL": "a\x00b"}.items()
    ),
    row("a failure whose text is a list", on("status", says(500, {"error": ["a", {"b": 1}]}), times=2)),
    *(
        row(f"status answers {code}, once", on("status", Answer(code), times=1))
        for code in (100, 204, 299, 304, 600, 999)
    ),
]


def _is_bad(row: dict[str, Any]) -> bool:
    return row["request_body"].get("seed") == 1


def _raising(error: Exception) -> list[Misbehaviour]:
    """A programming error of the client, at each place."""
    name = type(error).__name__
    raises = Answer(raises=error)
    left = Expected(first=OPEN, error=name)
    return [
        row(f"{name} in a status", on("status", raises, times=1), left, calls=again()),
        row(f"{name} in each status", on("status", raises), Expected(kept=3, bad=OPEN, error=name), calls=again()),
        row(f"{name} in a result", on("result", raises, times=1), left, calls=again()),
        row(f"{name} in a picture", on("picture", raises, times=1), left, calls=again()),
        row(
            f"{name} in a record",
            together(LOOKED_UP, on("record", raises, times=1)),
            Expected(bad=("completed", *OPEN), kept=3, within=TEN_MINUTES),
            calls=again(),
        ),
        row(f"{name} in a submit that arrived", on("submit", accepted(raises), times=1), LATER, calls=again(3)),
        row(
            f"{name} in a submit that did not arrive",
            on("submit", raises),
            Expected(paid=3, kept=3, bad=("unknown",), error=name, within=TEN_MINUTES),
            calls=again(),
        ),
        row(f"{name} in the history", together(LOST, on("history", raises, times=1)), LATER, calls=again(3)),
    ]


TABLE += _raising(ZeroDivisionError("planted"))
TABLE += _raising(MemoryError("planted"))[:3]
TABLE += _raising(RecursionError("planted"))[:3]
TABLE += _raising(UnicodeEncodeError("utf-8", "\ud800", 0, 1, "planted"))[:3]
TABLE += _raising(AssertionError("planted"))[:3]
