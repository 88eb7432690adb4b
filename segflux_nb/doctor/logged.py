"""What the log tells an examination: jobs, limits of the service, and what its answers had otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..clock import minute
from ..markup import begun_small, count
from ..runlog.deviations import CountedDeviation
from ..runlog.journal import ServiceLog
from .examination import Line, attention, broken, fine
from .subject import Subject

MOST_JOBS = 20

_COLUMNS = ("request_id", "accepted_at")

_KINDS = {"unknown field": "unknown", "missing field": "missing", "other type": "of another type"}


class KnownJob(NamedTuple):
    """A job that the service accepted.

    Attributes
    ----------
    request_id:
        The service's id of it.
    accepted_at:
        When it was accepted, in seconds since 1970 UTC.
    """

    request_id: str
    accepted_at: float


def jobs(log: ServiceLog, since: float) -> list[KnownJob]:
    """The newest jobs of the log, newest first.

    Parameters
    ----------
    log:
        What the log holds of the service.
    since:
        Older ones are left out, in seconds since 1970 UTC.
    """
    table = log.runs.table(None, _COLUMNS)
    found = [
        KnownJob(request_id, accepted_at)
        for request_id, accepted_at in zip(table["request_id"], table["accepted_at"], strict=True)
        if request_id and accepted_at is not None and accepted_at > since
    ]
    return sorted(found, key=lambda job: -job.accepted_at)[:MOST_JOBS]


def state(subject: Subject) -> Line:
    """Whether the log is open, and what it holds."""
    log = subject.log
    if log is None:
        return (broken if subject.log_is_broken else fine)("log", subject.no_log)
    runs = log.runs.table(None, ["state"])["state"]
    text = f"{count(len(runs), 'run')} on this service"
    if log.refusal and not subject.read_only:
        return broken("log", f"{text}, but {begun_small(log.refusal)}", "Nothing can be run here")
    return fine("log", text)


def limits(subject: Subject) -> Line:
    """Limits of the service as they were learned."""
    if subject.log is None:
        return fine("limits", "no log to look in")
    learned = subject.log.sharing.limits()
    if not learned:
        return fine("limits", "none was met")
    newest = {what: (at, value, why) for at, what, value, why in learned}
    text = "; ".join(f"{what}: {value:,g} ({why}, {minute(at)})" for what, (at, value, why) in newest.items())
    return fine("limits", f"{text}. Sweeps keep to them by themselves")


def otherwise(found: Sequence[CountedDeviation]) -> Line:
    """What answers have otherwise than the contract says.

    Parameters
    ----------
    found:
        The deviations, with their counts.
    """
    if not found:
        return fine("answers", "as this version expects, as far as there were any")
    named = [
        f"{one.deviation.field or one.deviation.answer} ({_KINDS.get(one.deviation.kind, one.deviation.kind)})"
        for one in found[:4]
    ]
    more = f" and {len(found) - 4} more" if len(found) > 4 else ""
    return attention(
        "answers",
        f"{count(len(found), 'difference')} from what this version expects: {', '.join(named)}{more}",
        "Sweeps may run all the same. Send the report: segflux doctor --report doctor.json",
    )
