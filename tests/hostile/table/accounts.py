"""Jobs of another account on the same workspace are left as they are."""

from __future__ import annotations

from typing import Any

from ..expected import KEY, OPEN, OTHER_KEY, TEN_MINUTES, Expected, RunCall, rows_of
from ..scripts import lost_submit, on, says
from ..server import Answer, Call

HOUR = 3600.0
TWO_ACCOUNTS = {"accounts": {KEY: "one", OTHER_KEY: "two"}}
ONE_ACCOUNT = {"accounts": {KEY: "one", OTHER_KEY: "one"}}
WRONG_KEY = "SG_00000000deadbeef"

BEGUN = RunCall(interrupted=10)
"""All jobs are accepted, and none is collected."""


def collected(after: int) -> Expected:
    """All cells are completed after this number of calls. None is given up before."""
    return Expected(first=OPEN, others_after=after, others_within=None, within=TEN_MINUTES)


def left(**more: Any) -> Expected:
    """All cells stay open."""
    return Expected(kept=0, bad=OPEN, others_after=9, within=TEN_MINUTES, **more)


def history_alone(call: Call) -> Answer | None:
    """A replaced key: records are not found under it, the history of the account is."""
    key = call.message.headers.get("x-api-key", "")
    if call.kind in ("status", "result") and key == OTHER_KEY:
        return says(404, {"error": "Request not found"})
    return None


row = rows_of("accounts", service=TWO_ACCOUNTS)

TABLE = [
    row("another key within the hour", None, left(), calls=(BEGUN, RunCall(after=5, key=OTHER_KEY))),
    row("another key after the hour", None, left(), calls=(BEGUN, RunCall(after=2 * HOUR, key=OTHER_KEY))),
    row("another key after two days", None, left(), calls=(BEGUN, RunCall(after=48 * HOUR, key=OTHER_KEY))),
    row(
        "another key, then the first one within the hour",
        None,
        collected(3),
        calls=(BEGUN, RunCall(after=5, key=OTHER_KEY), RunCall(after=5)),
    ),
    row(
        "another key, then the first one after two hours",
        None,
        collected(3),
        calls=(BEGUN, RunCall(after=5, key=OTHER_KEY), RunCall(after=2 * HOUR)),
    ),
    row(
        "another key after two hours, then the first one",
        None,
        collected(3),
        calls=(BEGUN, RunCall(after=2 * HOUR, key=OTHER_KEY), RunCall(after=60)),
    ),
    row(
        "a replaced key of the same account",
        None,
        collected(2),
        calls=(BEGUN, RunCall(after=5, key=OTHER_KEY)),
        service=ONE_ACCOUNT,
    ),
    row(
        "a replaced key of the same account, after two hours",
        None,
        collected(2),
        calls=(BEGUN, RunCall(after=2 * HOUR, key=OTHER_KEY)),
        service=ONE_ACCOUNT,
    ),
    row(
        "a replaced key that finds jobs in the history alone",
        history_alone,
        collected(2),
        calls=(BEGUN, RunCall(after=2 * HOUR, key=OTHER_KEY)),
        service=ONE_ACCOUNT,
    ),
    row(
        "a key that is not valid, then the first one",
        None,
        collected(3),
        calls=(BEGUN, RunCall(after=5, key=WRONG_KEY), RunCall(after=5)),
    ),
    row(
        "a submit is lost, and another key looks it up",
        on("submit", lost_submit, times=1, cell=None),
        Expected(kept=0, bad=("unknown",), others_after=9, within=TEN_MINUTES),
        calls=(RunCall(interrupted=0.22), RunCall(after=60, key=OTHER_KEY)),
    ),
    row(
        "a submit is lost, another key looks it up, then the first one",
        on("submit", lost_submit, times=1, cell=None),
        Expected(others_after=3, others_within=None, within=TEN_MINUTES),
        calls=(RunCall(interrupted=0.22), RunCall(after=60, key=OTHER_KEY), RunCall(after=60)),
    ),
    row(
        "new cells under another key, beside jobs of the first one",
        None,
        Expected(paid=6, kept=2, bad=OPEN, others_after=9, within=TEN_MINUTES),
        calls=(BEGUN, RunCall(after=5, key=OTHER_KEY, cells=6)),
    ),
]
