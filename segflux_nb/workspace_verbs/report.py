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
        statuses, digests = dict(by_run), log.sweeps.digests()
        for sweep in log.sweeps.all():
            states = Counter(
                statuses[digest] for digest in dict.fromkeys(digests[sweep.number]) if digest in statuses
            )
            counts = ", ".join(f"{number:,} {status}" for status, number in sorted(states.items()))
            paid = f", ${sweep.paid:.2f} paid" if service != SIMULATOR else ""
            lines.append(f"{service}: {sweep.title or sweep.name}: {counts}{paid}")
    return lines
