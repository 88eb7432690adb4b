"""Wrong clocks, of the service, of a gateway or of this machine, are never a reason to pay."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

from ..expected import TEN_MINUTES, Expected, RunCall, again, rows_of
from ..scripts import lost_submit, on
from ..server import Answer, Call

HOUR, DAY, YEAR = 3600.0, 86_400.0, 365 * 86_400.0
LATER = Expected(within=TEN_MINUTES)
UNSURE = Expected(kept=3, bad=("completed", "unknown"), within=TEN_MINUTES)
RESUBMIT = again(2, after=60, resubmit_unknown=True)


def dated(date: Any, lost: bool = True) -> Any:
    """Each answer has this Date header; the answer of the submit is lost."""

    def script(call: Call) -> Answer | None:
        if lost and call.kind == "submit" and call.seed == 1 and call.number == 1:
            return lost_submit(call)
        answer = call.contract()
        value = date(call.service.now()) if callable(date) else date
        return Answer(answer.status, {**answer.headers, "date": value}, answer.body)

    return script


DATES: dict[str, Any] = {
    "a day ahead": lambda now: formatdate(now + DAY, usegmt=True),
    "a day behind": lambda now: formatdate(now - DAY, usegmt=True),
    "three hours ahead": lambda now: formatdate(now + 3 * HOUR, usegmt=True),
    "a year ahead": lambda now: formatdate(now + YEAR, usegmt=True),
    "of 1970": "Thu, 01 Jan 1970 00:00:00 GMT",
    "of year 1": "Mon, 01 Jan 0001 00:00:00 GMT",
    "of year 1, east": "Mon, 01 Jan 0001 00:00:00 +2359",
    "of year 9999": "Fri, 31 Dec 9999 23:59:59 GMT",
    "of year 9999, west": "Fri, 31 Dec 9999 23:59:59 -2359",
    "of year 10000": "Fri, 31 Dec 10000 23:59:59 GMT",
    "in local time": lambda now: formatdate(now + 5.5 * HOUR).replace("-0000", "+0530"),
    "as ISO": "2027-01-15T08:00:00Z",
    "a number": "1800000000",
    "of 400 digits": "9" * 400,
    "empty": "",
    "missing": None,
    "words": "yesterday",
    "two dates": "Fri, 15 Jan 2027 08:00:00 GMT, Fri, 15 Jan 2027 08:00:00 GMT",
}

SKEWS = {
    "an hour ahead": HOUR,
    "an hour behind": -HOUR,
    "a day ahead": DAY,
    "a day behind": -DAY,
    "a year ahead": YEAR,
    "ten years behind": -10 * YEAR,
    "at 1970": -1_800_000_000.0 + 100,
}

LOST = on("submit", lost_submit, times=1)


def _no_date(call: Call) -> Answer | None:
    return LOST(call) or dated(None, lost=False)(call)


row = rows_of("clocks", LATER)

TABLE = [
    *(row(f"Date is {name}", dated(date), calls=RESUBMIT) for name, date in DATES.items()),
    row("Date is of year 9999, west, and nothing is lost", dated(DATES["of year 9999, west"], lost=False)),
    *(row(f"our clock is {name}", None, skew=SKEWS[name]) for name in ("a year ahead", "at 1970")),
    *(
        row(f"our clock is {name}, and a submit is lost", LOST, skew=skew, calls=RESUBMIT)
        for name, skew in SKEWS.items()
    ),
    *(
        row(
            f"our clock is {name}, a submit is lost, and no answer has a date",
            _no_date,
            UNSURE,
            skew=SKEWS[name],
            calls=again(2, after=60),
        )
        for name in ("a day ahead", "a day behind", "at 1970")
    ),
    *(
        row(
            f"our clock jumps {name} while jobs are in flight",
            None,
            Expected(within=TEN_MINUTES, others_after=3, others_within=None),
            calls=(RunCall(interrupted=10), RunCall(after=5, skew=skew), RunCall(after=60, skew=skew)),
        )
        for name, skew in {
            "two hours ahead": 2 * HOUR,
            "two hours back": -2 * HOUR,
            "nine days ahead": 9 * DAY,
        }.items()
    ),
]
