"""An examination, put together. It raises nothing: a check that fails is a line that says so."""

from __future__ import annotations

import platform
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from .. import loopthread
from ..errors import SegfluxError
from ..runlog.deviations import CountedDeviation
from ..service.contract import CALLS
from ..service.deviations import Deviation, deviations
from ..service.transport import HttpResponse
from . import answers as answered
from . import logged, machine
from .examination import CHECKS, Examination, Line, attention, broken, cleaned, fine
from .questions import HISTORY_SECONDS, Asked, ask
from .report import report
from .subject import Subject

_OF_CERTIFICATES = re.compile(r"certificate|\bSSL\b|\bTLS\b", re.IGNORECASE)
_OF_PROXIES = "through the proxy of"

_NO_PICTURE = fine("paid picture", "not asked for: segflux doctor --spend 0.05 has one made, and checks each step")


@dataclass(frozen=True)
class Paid:
    """What became of the picture that was asked for.

    Attributes
    ----------
    line:
        The line of the check.
    answers:
        The answers on the way, each after the name of its call.
    hidden:
        Texts that the report must not show, each with what it shows in its place.
    """

    line: Line
    answers: Sequence[tuple[str, HttpResponse]] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)


def examine(subject: Subject, pay: Callable[[], Paid] | None = None) -> Examination:
    """Examine everything.

    Parameters
    ----------
    subject:
        Who is examined.
    pay:
        Has one picture made; None where that is not asked for.
    """
    answers, problem = _asked(subject)
    free = [(call, asked.response) for call, asked in answers.items() if asked.response is not None and call in _FREE]
    checks: dict[str, Callable[[], Line]] = {
        "Python": lambda: machine.python(subject),
        "SQLite": lambda: machine.sqlite(subject),
        "folder": lambda: machine.folder(subject),
        "disk": lambda: machine.disk(subject),
        "log": lambda: logged.state(subject),
        "store": lambda: machine.store(subject),
        "proxies": lambda: _blamed(machine.proxies(subject), answers, _is_of_proxies),
        "certificates": lambda: _blamed(machine.certificates(subject), answers, _is_of_certificates),
        "key": lambda: machine.key(subject),
        "history": lambda: answered.history(subject, answers, _jobs(subject)),
        "limits": lambda: logged.limits(subject),
        "JupyterLab": lambda: machine.jupyterlab(subject),
        "widgets": lambda: machine.widgets(subject),
        "Pillow": lambda: machine.pillow(subject),
        **{name: _from_answers(check, subject, answers) for name, check in answered.FROM_ANSWERS.items()},
    }
    if problem:
        checks["service"] = lambda: broken("service", problem)
    lines = {name: _guarded(name, check) for name, check in checks.items()}
    paid = Paid(_NO_PICTURE) if pay is None else _guarded_pay(lines, pay)
    found = _counted(subject, free, paid.answers)
    lines |= {
        "limits": _guarded("limits", checks["limits"]),
        "answers": _guarded("answers", lambda: logged.otherwise(found)),
        "paid picture": paid.line,
    }
    shown = [_shown(subject, lines[name]) for name in CHECKS]
    seen, hide = [*free, *paid.answers], _hiding(subject, paid.hidden)
    return Examination(shown, found, report(shown, found, seen, _facts(subject), hide))


_FREE = ("account", "history", "catalogue")
"""The questions whose answers are compared with the contract: what the pictures' host says at its root is in none."""


def _asked(subject: Subject) -> tuple[Mapping[str, Asked], str]:
    """The answers of the service, and what kept the questions from being asked."""
    if subject.service is None:
        return {}, ""
    try:
        return loopthread.wait(loopthread.submit(ask(subject.service, subject.secret, subject.clock))), ""
    except SegfluxError as error:
        return {}, error.what
    except Exception as error:  # noqa: BLE001 - each fault is a finding
        return {}, f"it cannot be asked: {_in_words(error)}"


def _guarded(name: str, check: Callable[[], Line]) -> Line:
    """The line of a check, whatever happens in it.

    Parameters
    ----------
    name:
        The check.
    check:
        Gives its line.
    """
    try:
        return check()
    except SegfluxError as error:
        return broken(name, error.what, error.remedy)
    except Exception as error:  # noqa: BLE001 - each fault is a finding
        return broken(name, f"it cannot be examined: {_in_words(error)}")


_FIRST = ("folder", "log", "store", "service", "key", "key accepted")
"""What must not be broken before money is spent."""


def _guarded_pay(lines: Mapping[str, Line], pay: Callable[[], Paid]) -> Paid:
    """Have the picture made, whatever happens; nothing is spent where that cannot go well.

    Parameters
    ----------
    lines:
        The lines of the other checks.
    pay:
        Has it made.
    """
    if wrong := [name for name in _FIRST if lines[name].verdict == "broken"]:
        text = "none was made, and nothing was spent"
        return Paid(attention("paid picture", text, f"Mend first what is broken: {', '.join(wrong)}"))
    try:
        return pay()
    except SegfluxError as error:
        return Paid(
            broken("paid picture", f"{error.what}; {error.money}" if error.money else error.what, error.remedy)
        )
    except Exception as error:  # noqa: BLE001 - each fault is a finding
        return Paid(
            broken("paid picture", f"it ended with {_in_words(error)}", "What was paid is in the log: run again")
        )


def _from_answers(
    check: Callable[[Subject, Mapping[str, Asked]], Line], subject: Subject, answers: Mapping[str, Asked]
) -> Callable[[], Line]:
    return lambda: check(subject, answers)


def _in_words(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text.partition("\n")[0]


def _shown(subject: Subject, line: Line) -> Line:
    """The line without key and control characters."""
    return cleaned(replace(line, finding=subject.hide_key(line.finding), remedy=subject.hide_key(line.remedy)))


def _is_of_certificates(error: str) -> bool:
    return _OF_CERTIFICATES.search(error) is not None


def _is_of_proxies(error: str) -> bool:
    return _OF_PROXIES in error and not _is_of_certificates(error)


def _blamed(line: Line, answers: Mapping[str, Asked], is_to_blame: Callable[[str], bool]) -> Line:
    """The line of a setting, broken where it is the reason that the service cannot be reached.

    Parameters
    ----------
    line:
        The line.
    answers:
        What became of the questions.
    is_to_blame:
        Whether an error is about it.
    """
    error = next((asked.error for asked in answers.values() if asked.error and is_to_blame(asked.error)), "")
    if not error:
        return line
    remedies = {
        "certificates": "If your network has its own authority, name its file in SSL_CERT_FILE; check the clock",
        "proxies": "Correct the address of the proxy, or name the service in NO_PROXY",
    }
    return broken(line.check, error, remedies[line.check])


def _jobs(subject: Subject) -> list[logged.KnownJob]:
    return [] if subject.log is None else logged.jobs(subject.log, subject.clock.now() - HISTORY_SECONDS)


def _counted(
    subject: Subject, free: Sequence[tuple[str, HttpResponse]], paid: Sequence[tuple[str, HttpResponse]]
) -> list[CountedDeviation]:
    """What answers have otherwise: by the log, and in the answers of just now.

    Parameters
    ----------
    subject:
        Who is examined.
    free:
        Answers to the questions of just now, each after the name of its call.
    paid:
        The answers on the way to a picture.
    """
    now = subject.clock.now()
    found: dict[Deviation, CountedDeviation] = {}
    if subject.log is not None:
        with suppress(SegfluxError):  # the line on the log says it
            found = {one.deviation: one for one in subject.log.deviations.all()}
    for one, number in _number(free).items():
        known = found.get(one, CountedDeviation(one, 0, now, now))
        found[one] = known._replace(answers=known.answers + number, last_at=now)
    for one, number in _number(paid).items():  # they are in the log already, if it can be written
        found.setdefault(one, CountedDeviation(one, number, now, now))
    return sorted(found.values())


def _number(answers: Iterable[tuple[str, HttpResponse]]) -> Counter[Deviation]:
    return Counter(one for call, response in answers for one in deviations(CALLS[call], response))


def _hiding(subject: Subject, hidden: Mapping[str, str]) -> Callable[[str], str]:
    """What takes the key and other texts out of a text.

    Parameters
    ----------
    subject:
        Who is examined.
    hidden:
        The other texts, each with what stands in its place.
    """

    def hide(text: str) -> str:
        text = subject.hide_key(text)
        for private, shown in hidden.items():
            text = text.replace(private, shown) if private else text
        return text

    return hide


def _facts(subject: Subject) -> dict[str, str]:
    service = subject.service
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "sqlite": sqlite3.sqlite_version,
        "service": "none" if service is None else service.name if service.is_loopback else service.api,
    }
