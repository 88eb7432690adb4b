"""The moment of a rate limit's reset, in whatever form, is a bounded wait, and never stops collecting."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import formatdate

from ..expected import MAX_WAIT, OPEN, Expected, again, rows_of
from ..scripts import Reply, on, says
from ..server import Answer, Call

HOUR = 3600.0

RESET = "x_rate_limit_reset_at_utc"
AFTER = "retry_after"


def iso(moment: float) -> str:
    """A moment as the most usual ISO text."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _at(moment: float, pattern: str, zone: timezone = UTC) -> str:
    return datetime.fromtimestamp(moment, zone).strftime(pattern)


INDIA = timezone(timedelta(hours=5, minutes=30))

FORMS: dict[str, Callable[[float], str]] = {
    "seconds since 1970": lambda at: f"{at:.0f}",
    "seconds since 1970 with a fraction": lambda at: f"{at:.3f}",
    "milliseconds since 1970": lambda at: f"{at * 1e3:.0f}",
    "microseconds since 1970": lambda at: f"{at * 1e6:.0f}",
    "nanoseconds since 1970": lambda at: f"{int(at) * 10**9}",
    "ISO with Z": iso,
    "ISO with a fraction": lambda at: _at(at, "%Y-%m-%dT%H:%M:%S.%fZ"),
    "ISO with +00:00": lambda at: _at(at, "%Y-%m-%dT%H:%M:%S+00:00"),
    "ISO without a zone": lambda at: _at(at, "%Y-%m-%dT%H:%M:%S"),
    "ISO with a blank": lambda at: _at(at, "%Y-%m-%d %H:%M:%S"),
    "ISO with a blank and UTC": lambda at: _at(at, "%Y-%m-%d %H:%M:%S UTC"),
    "ISO in another zone": lambda at: _at(at, "%Y-%m-%dT%H:%M:%S+05:30", INDIA),
    "ISO without separators": lambda at: _at(at, "%Y%m%dT%H%M%SZ"),
    "an HTTP date": lambda at: formatdate(at, usegmt=True),
    "an HTTP date of 1985": lambda at: _at(at, "%A, %d-%b-%y %H:%M:%S GMT"),
    "an asctime": lambda at: _at(at, "%a %b %d %H:%M:%S %Y"),
}
"""Ways to write a moment."""

NEAR = {"retry-after of 5": (AFTER, "5"), "retry-after of 5.0": (AFTER, "5.0"), "5 seconds from now": (RESET, "5")}
PAST = {
    "1999": (RESET, "1999-12-31T23:59:59Z"),
    "1970": (RESET, "1970-01-01T00:00:00Z"),
    "year 1": (RESET, "0001-01-01T00:00:00Z"),
    "seconds of 1999": (RESET, "946684799"),
    "milliseconds of 2001": (RESET, "999999999000"),
    "0": (RESET, "0"),
    "negative": (AFTER, "-5"),
    "an HTTP date of 1994": (AFTER, "Sun, 06 Nov 1994 08:49:37 GMT"),
}
NO_MOMENT = {
    "a word": (RESET, "soon"),
    "nothing": (RESET, ""),
    "not a number": (RESET, "NaN"),
    "10,000 characters": (RESET, "9-" * 5000),
    "two values": (AFTER, "5, 10"),
    "a month 13": (RESET, "2027-13-40T25:61:61Z"),
}
ABSURD = {
    "year 9999": (RESET, "9999-12-31T23:59:59Z"),
    "year 9999, west": (RESET, "9999-12-31T23:59:59-23:59"),
    "year 10000": (RESET, "10000-01-01T00:00:00Z"),
    "seconds of year 9999": (RESET, "253402300799"),
    "an HTTP date of year 9999": (AFTER, "Fri, 31 Dec 9999 23:59:59 GMT"),
    "infinity": (RESET, "inf"),
    "minus infinity": (RESET, "-inf"),
    "1e308": (AFTER, "1e308"),
    "400 digits": (AFTER, "9" * 400),
    "a billion seconds": (AFTER, "999999999"),
}


def limited(header: str, value: str | Callable[[Call], str], status: int = 429) -> Reply:
    """An answer that names a moment."""

    def reply(call: Call) -> Answer:
        error = "rate_limit_exceeded" if status == 429 else "The service is overloaded"
        text = value(call) if callable(value) else value
        return says(status, {"error": error}, **{header: text})

    return reply


def after(form: Callable[[float], str], seconds: float) -> Callable[[Call], str]:
    """A moment this number of seconds from now, in this form."""
    return lambda call: form(call.service.now() + seconds)


WAITED = Expected(others_within=300.0, stopped="^$")
HONOURED = Expected(others_within=300.0, not_before=75.0, stopped="^$")
BOUNDED = Expected(kept=4, within=MAX_WAIT, others_after=2, others_within=None)
"""Whether it is waited for or not: the call ends, and the next one completes all."""
STOPPED = Expected(within=MAX_WAIT, others_after=2, others_within=None, first=("planned",), stopped=r"\d")
"""Submits end, and the reason says when to come back."""
COLLECTED = Expected(within=MAX_WAIT, others_within=MAX_WAIT)
NEXT = again(after=1000)
IN_AN_HOUR = again(after=HOUR)

row = rows_of("limits")

TABLE = [
    *(
        row(f"submit: in a minute, {n}", on("submit", limited(RESET, after(f, 60)), times=1), HONOURED)
        for n, f in FORMS.items()
    ),
    *(row(f"submit: {n}", on("submit", limited(*h), times=1), WAITED) for n, h in NEAR.items()),
    *(row(f"submit: past, {n}", on("submit", limited(*h), times=1), WAITED) for n, h in PAST.items()),
    *(row(f"submit: no moment, {n}", on("submit", limited(*h), times=1), WAITED) for n, h in NO_MOMENT.items()),
    *(row(f"submit: {n}", on("submit", limited(*h), times=1), BOUNDED, calls=NEXT) for n, h in ABSURD.items()),
    *(
        row(
            f"submit: in an hour, {n}",
            on("submit", limited(RESET, after(FORMS[n], HOUR)), times=1),
            STOPPED,
            calls=IN_AN_HOUR,
        )
        for n in ("seconds since 1970", "milliseconds since 1970", "ISO with Z", "an HTTP date")
    ),
    row(
        "submit: in a minute, an HTTP date as retry-after",
        on("submit", limited(AFTER, after(FORMS["an HTTP date"], 60)), times=1),
        HONOURED,
    ),
    row("submit: in a minute, retry-after of 60", on("submit", limited(AFTER, "60"), times=1), HONOURED),
    row("submit: retry-after of an hour", on("submit", limited(AFTER, "3600"), times=1), STOPPED, calls=IN_AN_HOUR),
    row(
        "submit: in ten minutes, which is waited for",
        on("submit", limited(RESET, after(iso, 600)), times=1),
        Expected(within=MAX_WAIT, others_within=None, stopped="^$"),
    ),
    row(
        "submit: in 5 s, each time",
        on("submit", limited(AFTER, "5")),
        Expected(paid=3, kept=3, bad=("planned",), within=MAX_WAIT, others_within=MAX_WAIT, stopped="."),
    ),
    row(
        "submit: in an hour and in 5 s, by two headers",
        on(
            "submit",
            lambda call: says(429, {"error": "x"}, **{RESET: iso(call.service.now() + HOUR), AFTER: "5"}),
            times=1,
        ),
        BOUNDED,
        calls=NEXT,
    ),
    *(
        row(f"{kind}: in an hour", on(kind, limited(RESET, after(iso, HOUR)), times=1), COLLECTED)
        for kind in ("status", "result", "picture")
    ),
    *(
        row(f"status: {n}", on("status", limited(*ABSURD[n]), times=1), COLLECTED)
        for n in ("year 9999", "year 9999, west", "infinity", "1e308", "400 digits")
    ),
    *(row(f"status: past, {n}", on("status", limited(*PAST[n]), times=1), WAITED) for n in ("1999", "0", "negative")),
    *(
        row(f"picture: {n}", on("picture", limited(*ABSURD[n]), times=1), COLLECTED)
        for n in ("year 9999", "infinity", "400 digits")
    ),
    row(
        "status: in an hour, each time",
        on("status", limited(RESET, after(iso, HOUR))),
        Expected(kept=3, bad=("completed", *OPEN), within=MAX_WAIT, others_within=MAX_WAIT),
    ),
    *(
        row(f"submit: 503, {n}", on("submit", limited(*h, status=503), times=1), WAITED)
        for n, h in {**NEAR, "in 5 s, an HTTP date": (AFTER, after(FORMS["an HTTP date"], 5))}.items()
    ),
    *(
        row(f"submit: 503, {n}", on("submit", limited(*ABSURD[n], status=503), times=1), BOUNDED, calls=NEXT)
        for n in ("year 9999", "an HTTP date of year 9999", "infinity", "1e308", "400 digits")
    ),
    row(
        "submit: 503 for an hour",
        on("submit", limited(AFTER, "3600", status=503), times=1),
        Expected(within=MAX_WAIT, others_after=2, others_within=None),
        calls=IN_AN_HOUR,
    ),
    *(
        row(f"status: 503, {n}", on("status", limited(*ABSURD[n], status=503), times=1), COLLECTED)
        for n in ("year 9999", "an HTTP date of year 9999", "infinity", "1e308")
    ),
    row("status: 503 for an hour", on("status", limited(AFTER, "3600", status=503), times=1), COLLECTED),
]
