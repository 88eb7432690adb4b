"""What the service's answers mean for an examination. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..drift import differences
from ..errors import SegfluxError
from ..markup import count
from ..model import MODEL
from ..service.catalogue import Catalogue, read_catalogue
from ..service.deviations import content_type, host_of
from ..service.history import HistoryRow, read_history
from ..service.json_reader import UNREADABLE, read_json
from ..service.moments import read_date
from ..service.transport import HttpResponse
from ..service.wire import is_same_id, is_success, read_balance, service_error
from .examination import Line, attention, broken, fine
from .logged import KnownJob
from .questions import NOT_ASKED, Asked
from .subject import Subject

OFF_SECONDS, FAR_OFF_SECONDS = 60.0, 3600.0
"""From which difference on a clock is worth a look, and from which on it is broken."""

LATE_SECONDS = 5.0
"""A job that is younger need not be in the history yet."""

FEW_PICTURES = 10

Answers = Mapping[str, Asked]


def of_service(subject: Subject, answers: Answers) -> Line:
    """Whether the service answers, as a service does."""
    if subject.service is None:
        return fine("service", subject.no_service) if subject.read_only else broken("service", subject.no_service)
    asked = answers.get("account", NOT_ASKED)
    if asked.response is None:
        remedy = "Check the network of this machine, and the lines on proxies and certificates"
        return broken("service", asked.error or "it was not asked", remedy)
    response, where = asked.response, subject.service.api
    if 300 <= response.status < 400:
        to = host_of(response.headers.get("location", ""))
        to = to if to != "(string)" else "another address"
        return broken(
            "service",
            f"{where} answers {response.status} and sends us to {to}: the key is not sent there",
            "If this network has a sign-in page, sign in; else check the address of the service",
        )
    if not _is_json(response):
        kind = content_type(response) or "something of no type"
        return broken(
            "service",
            f"{where} answers {response.status} with {kind} in place of JSON: something between the service and this"
            " machine answers, such as a sign-in page or a proxy",
            "Sign in to the network, or check proxy and address",
        )
    if response.status >= 500 or response.status == 429:
        return attention("service", f"{where} answers {response.status}", _LATER)
    milliseconds = max(0.0, asked.answered_at - asked.sent_at) * 1000
    name = " (the simulator)" if "x-segflux-simulator" in response.headers else ""
    return fine("service", f"{where}{name} answers in {milliseconds:,.0f} ms")


def clock(subject: Subject, answers: Answers) -> Line:
    """This machine's clock against the service's."""
    asked = next((one for one in answers.values() if one.response and read_date(one.response.headers)), NOT_ASKED)
    if asked.response is None:
        return _unknown("clock", subject, "no answer says the service's time")
    theirs = read_date(asked.response.headers) or 0.0
    off = (asked.sent_at + asked.answered_at) / 2 - (theirs + 0.5)  # the header has whole seconds
    text = f"this machine is {_span(abs(off))} {'ahead of' if off > 0 else 'behind'} the service"
    remedy = "Set the clock of this machine, or let it set itself (NTP)"
    if abs(off) >= FAR_OFF_SECONDS:
        return broken("clock", f"{text}: certificates and the history's days may be judged wrongly", remedy)
    return attention("clock", text, remedy) if abs(off) >= OFF_SECONDS else fine("clock", "as the service's")


def key_accepted(subject: Subject, answers: Answers) -> Line:
    """Whether the service accepts the key."""
    asked = answers.get("account", NOT_ASKED)
    response = asked.response
    if response is None:
        return _unreached("key accepted", subject, asked)
    if not _is_json(response):
        return _unknown("key accepted", subject, "the service does not say")
    said = _said(subject, response)
    if subject.secret is None:
        if response.status in (401, 403):
            lacks = attention if subject.needs_key else broken
            return lacks("key accepted", "there is no key to accept, and the service asks for one", subject.ways)
        return fine("key accepted", "the service asks for none")
    if response.status in (401, 403):
        return broken(
            "key accepted",
            f"refused: {response.status}{said}",
            "Make a new key in your account on segmind.com, then run `segflux login`",
        )
    if response.status in (200, 404):
        return fine("key accepted", "accepted")
    return _unknown("key accepted", subject, f"the service answers {response.status}{said}")


def balance(subject: Subject, answers: Answers) -> Line:
    """US dollars on the account."""
    asked = answers.get("account", NOT_ASKED)
    response = asked.response
    if response is None:
        return _unreached("balance", subject, asked)
    if response.status in (401, 403) or not _is_json(response):
        return _unknown("balance", subject, "the service does not say")
    if response.status == 404 and "credit" in _said(subject, response).lower():
        return broken("balance", f"the account has no credits{_said(subject, response)}", _TOP_UP)
    dollars = read_balance(response)
    if dollars is None:
        return _unknown("balance", subject, f"it cannot be read from the answer ({response.status})")
    price = MODEL.price or 0.0
    pictures = int(max(0.0, dollars) / price)
    text = f"${dollars:,.2f}, enough for about {count(pictures, 'picture')} at ${price:,.3f}"
    if not pictures:
        return broken("balance", f"${dollars:,.4f} is less than a picture costs (about ${price:,.3f})", _TOP_UP)
    return attention("balance", text, _TOP_UP) if pictures < FEW_PICTURES else fine("balance", text)


_TOP_UP = "Top up your account on segmind.com; nothing is accepted without credits"


def pictures(subject: Subject, answers: Answers) -> Line:
    """Whether the host that serves pictures can be reached."""
    if "picture" not in answers:
        where = "the service itself serves them" if subject.service is not None else "they are not fetched"
        return fine("pictures", where)
    asked = answers["picture"]
    if asked.response is None:
        return broken("pictures", asked.error, "Let this machine reach images.segmind.com, where pictures are kept")
    return fine("pictures", f"images.segmind.com answers ({asked.response.status})")


def history(subject: Subject, answers: Answers, jobs: list[KnownJob]) -> Line:
    """Whether the request history can be read, and how late it is, as far as jobs of the log tell."""
    asked = answers.get("history", NOT_ASKED)
    response = asked.response
    if response is None:
        return _unreached("history", subject, asked)
    if response.status in (401, 403):
        if subject.secret is None:
            return attention("history", f"not readable without a key ({response.status})")
        return broken("history", f"the key is refused there: {response.status}{_said(subject, response)}", _LOOK_UP)
    if response.status >= 500 or response.status == 429:
        return attention("history", f"it answers {response.status}{_said(subject, response)}", _LATER)
    try:
        rows = read_history(response, asked.answered_at)
    except SegfluxError as error:
        return broken("history", error.what, _LOOK_UP)
    text = f"readable, {count(len(rows), 'row')} of the last six days"
    late = _lateness(rows, jobs, asked.answered_at)
    if late is None:
        return fine("history", f"{text}; how late it is shows once a job was run (--spend)")
    return (
        fine("history", f"{text}; it lists the newest job of the log")
        if not late
        else attention(
            "history",
            f"{text}; it does not list a job that was accepted {_span(late)} ago: it is at least that late",
            "A submit whose answer is lost can be looked up only once the history lists it",
        )
    )


_LATER = "Try again in a few minutes"
_LOOK_UP = "Sweeps run all the same, but a submit whose answer is lost cannot be looked up, and stays unknown"


def _lateness(rows: list[HistoryRow], jobs: list[KnownJob], now: float) -> float | None:
    """By how many seconds the history is late, at least; None where no job of the log tells.

    Parameters
    ----------
    rows:
        The history's first page.
    jobs:
        Accepted jobs of the log, newest first.
    now:
        When the history was read.
    """
    ids = [row.request_id for row in rows if row.request_id]
    old = [job for job in jobs if now - job.accepted_at >= LATE_SECONDS]
    missing = [job for job in old if not any(is_same_id(job.request_id, one) for one in ids)]
    if not old:
        return None
    oldest_listed = min((row.created_at for row in rows if row.created_at is not None), default=0.0)
    missing = [job for job in missing if len(rows) < FULL_PAGE or job.accepted_at > oldest_listed]
    return max((now - job.accepted_at for job in missing), default=0.0)


FULL_PAGE = 100
"""A page with as many rows may not be the last one: older jobs are on the next."""


def catalogue(subject: Subject, answers: Answers) -> Line:
    """Whether the list of the service's models can be read."""
    asked = answers.get("catalogue", NOT_ASKED)
    if asked.response is None:
        return _unreached("catalogue", subject, asked)
    try:
        found = _read(asked)
    except SegfluxError as error:
        return attention("catalogue", f"it cannot be read: {error.what}", f"Sweeps of {MODEL.slug} need none")
    left_out = f"; {', '.join(found.left_out)}" if found.left_out else ""
    if MODEL.slug not in found.entries:
        return attention(
            "catalogue",
            f"{count(len(found.entries), 'model')}, and {MODEL.slug} is not among them{left_out}",
            "Try one picture before a sweep: segflux doctor --spend 0.05",
        )
    return fine("catalogue", f"{count(len(found.entries), 'model')}, {MODEL.slug} among them{left_out}")


def drift(subject: Subject, answers: Answers) -> Line:
    """What the catalogue says of the model otherwise than this version."""
    asked = answers.get("catalogue", NOT_ASKED)
    if asked.response is None:
        return _unreached("drift", subject, asked)
    try:
        entry = _read(asked).entries.get(MODEL.slug)
    except SegfluxError:
        entry = None
    if entry is None:
        return _unknown("drift", subject, "the catalogue says nothing of the model")
    found = differences(MODEL, entry)
    if not found:
        return fine("drift", "the catalogue says of the model what this version says")
    told = ". ".join(one.sentence for one in found)
    return attention(
        "drift", f"{count(len(found), 'difference')}: {told}", "Update segflux_nb, or try one picture first"
    )


def _read(asked: Asked) -> Catalogue:
    """The catalogue of an answer.

    Raises
    ------
    SegfluxError
        It cannot be read.
    """
    assert asked.response is not None  # noqa: S101 - its callers have checked it
    return read_catalogue(asked.response, asked.answered_at)


def _unknown(check: str, subject: Subject, why: str) -> Line:
    """The line where it could not be found out.

    Parameters
    ----------
    check:
        What was examined.
    subject:
        Who is examined.
    why:
        Why not.
    """
    return (
        fine(check, "a bundle is replayed: nothing is asked")
        if subject.read_only
        else attention(check, f"not known: {why}")
    )


def _unreached(check: str, subject: Subject, asked: Asked) -> Line:
    """The line where no answer came.

    Parameters
    ----------
    check:
        What was examined.
    subject:
        Who is examined.
    asked:
        The question.
    """
    return _unknown(check, subject, asked.error or "the service was not asked")


def _is_json(response: HttpResponse) -> bool:
    return read_json(response.body) is not UNREADABLE


def _said(subject: Subject, response: HttpResponse) -> str:
    """What an answer says of an error, after a colon; empty for nothing."""
    if is_success(response):
        return ""
    detail = service_error(response, 0.0).detail
    return f": {subject.hide_key(detail)}" if detail else ""


def _span(seconds: float) -> str:
    """A length of time in words.

    >>> _span(42), _span(600), _span(7500)
    ('42 seconds', '10 minutes', '2.1 hours')
    """
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


FROM_ANSWERS: Mapping[str, Callable[[Subject, Answers], Line]] = {
    "service": of_service,
    "clock": clock,
    "key accepted": key_accepted,
    "balance": balance,
    "pictures": pictures,
    "catalogue": catalogue,
    "drift": drift,
}
"""What gives the line of a check that depends on answers alone."""
