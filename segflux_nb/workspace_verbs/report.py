"""``ws.report()``: the log in a few lines."""

from __future__ import annotations

from collections import Counter

from ..model import SIMULATOR
from ..pictures.mounted import pictures_of
from ..runlog.picture_files import missing_files, status_with_file
from ..running.in_hands import as_seen
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
        for sweep in log.sweeps.all():
            digests = [digest for digest, _ in log.sweeps.cells(sweep.number)]
            logged = as_seen(log, log.runs.read(digests)).values()
            missing = missing_files((run.picture for run in logged), pictures)
            states = Counter(status_with_file(run.state, run.picture, missing) for run in logged)
            counts = ", ".join(f"{number:,} {status}" for status, number in sorted(states.items()))
            paid = f", ${sweep.paid:.2f} paid" if service != SIMULATOR else ""
            lines.append(f"{service}: {sweep.title or sweep.name}: {counts}{paid}")
    return lines
