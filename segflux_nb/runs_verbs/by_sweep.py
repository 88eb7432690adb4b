"""Runs of several sweeps, apart: a sheet shows each sweep with its own axes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from ..selection import Selection


def by_sweep(runs: Selection) -> list[Selection]:
    """What there is of each sweep among these runs, the oldest first; then the runs that no sweep has.

    A sweep whose runs are all in another one is not repeated.

    Parameters
    ----------
    runs:
        The runs.
    """
    log = runs.source.log
    wanted = set(runs._digests)
    found = {number: (title, digests & wanted) for number, title, digests in log.sweeps.digests()}

    sweeps_of: defaultdict[str, set[int]] = defaultdict(set)
    for number, (_, digests) in found.items():
        for digest in digests:
            sweeps_of[digest].add(number)

    def is_repeated(number: int) -> bool:
        own = found[number][1]
        whole = set.intersection(*(sweeps_of[digest] for digest in own)) - {number}
        return any(len(found[other][1]) > len(own) or other < number for other in whole)

    kept = [number for number, (_, own) in found.items() if own and not is_repeated(number)]
    axes = {entry.number: entry.axes for entry in log.sweeps.all()}
    parts: list[Selection] = []
    for number in kept:
        title, own = found[number]
        cells = [cell for cell in log.sweeps.cells(number) if cell[0] in own]
        part = replace(runs, name=title, title=title, axes=axes.get(number, {}))
        parts.append(part._with_cells(cells))
    in_sweeps = {digest for number in kept for digest in found[number][1]}
    rest = [cell for cell in runs.cells if cell[0] not in in_sweeps]
    if rest:
        parts.append(replace(runs, name="", title="Runs of no sweep")._with_cells(rest))
    return parts
