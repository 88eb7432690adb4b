"""``ws.report()``: the log in a few lines."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ..model import SIMULATOR
from ..pictures.mounted import pictures_of
from ..runlog.picture_files import missing_files, statuses_with_files
from ..running.in_hands import with_states_as_seen
from ..session import Session


class LoggedSweep(NamedTuple):
    """A sweep in the log.

    Attributes
    ----------
    service:
        The service of its runs.
    sweep:
        Its name.
    counts:
        The number of its runs by status.
    paid:
        US dollars; None where nothing is paid.
    """

    service: str
    sweep: str
    counts: dict[str, int]
    paid: float | None

    def __str__(self) -> str:
        counts = ", ".join(f"{cells:,} {status}" for status, cells in self.counts.items())
        money = "" if self.paid is None else f", ${self.paid:,.2f} paid"
        return f"{self.service}: {self.sweep}: {counts}{money}"


def report(ws: Session) -> list[str]:
    """What the log holds: a line for each sweep of each service.

    Example
    -------
    ``print(*ws.report(), sep="\\n")``
    """
    return [str(sweep) for sweep in logged_sweeps(ws)]


def logged_sweeps(ws: Session) -> list[LoggedSweep]:
    """Each sweep of each service, with its counts.

    Parameters
    ----------
    ws:
        The workspace.
    """
    found = []
    journal, pictures = ws._journal, pictures_of(ws.path)
    for service in journal.services():
        log = journal.of(service)
        table, _ = with_states_as_seen(log, log.runs.table(None, ["state", "picture"]))
        missing = missing_files(table["picture"], pictures)
        by_run = zip(table["digest"], statuses_with_files(table["state"], table["picture"], missing), strict=True)
        statuses = dict(by_run)
        paid = {} if service == SIMULATOR else {sweep.number: sweep.paid for sweep in log.sweeps.all()}
        for number, name, digests in log.sweeps.digests():
            counts = Counter(statuses[digest] for digest in digests if digest in statuses)
            if counts:
                found.append(LoggedSweep(service, name, dict(sorted(counts.items())), paid.get(number)))
    return found
