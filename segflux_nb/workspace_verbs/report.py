"""``ws.report()``: the log in a few lines."""

from __future__ import annotations

from collections import Counter

from ..model import SIMULATOR
from ..pictures.mounted import pictures_of
from ..runlog.picture_files import missing_files, statuses_with_files
from ..running.in_hands import with_states_as_seen
from ..session import Session


def report(ws: Session) -> list[str]:
    """What the log holds: a line for each sweep of each service.

    Example
    -------
    ``print(*ws.report(), sep="\\n")``
    """
    lines = []
    journal, pictures = ws._journal, pictures_of(ws.path)
    for service in journal.services():
        log = journal.of(service)
        table, _ = with_states_as_seen(log, log.runs.table(None, ["state", "picture"]))
        missing = missing_files(table["picture"], pictures)
        by_run = zip(table["digest"], statuses_with_files(table["state"], table["picture"], missing), strict=True)
        statuses = dict(by_run)
        paid = {} if service == SIMULATOR else {sweep.number: sweep.paid for sweep in log.sweeps.all()}
        for number, name, digests in log.sweeps.digests():
            states = Counter(statuses[digest] for digest in digests if digest in statuses)
            if not states:
                continue
            counts = ", ".join(f"{cells:,} {status}" for status, cells in sorted(states.items()))
            money = f", ${paid[number]:.2f} paid" if number in paid else ""
            lines.append(f"{service}: {name}: {counts}{money}")
    return lines
