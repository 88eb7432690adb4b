"""How many runs have each status. Of many runs no row is read: only which are completed, and which have files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from .lifecycle import State
from .pictures.located import LocatedPictures
from .runlog.journal import ServiceLog
from .runlog.picture_files import DISCARDED, MISSING, missing_files
from .running.in_hands import with_states_as_seen

_STATUSES = {state.value: state.status for state in State}


def counts_of(log: ServiceLog, pictures: LocatedPictures, digests: Collection[str]) -> tuple[dict[str, int], bool]:
    """The number of runs by status; and whether that may change without the log, because a submit is on the wire.

    Parameters
    ----------
    log:
        The log of their service.
    pictures:
        The files of the workspace.
    digests:
        The runs, each once, in what is quickly searched. Those that the log does not have are not counted.
    """
    completed, others, states = log.completion.by_state(digests)
    table = {"digest": others, "state": states}
    if others:
        kept = [at for at, digest in enumerate(others) if digest in digests]
        table = {name: [column[at] for at in kept] for name, column in table.items()}
    seen, may_change = with_states_as_seen(log, table)
    files = log.completion.files(digests)
    done = set(completed).intersection(digests)
    counts = Counter({State.COMPLETED.status: len(done)})
    if discarded := log.completion.without_first(completed, digests, files):
        counts[DISCARDED] = len(discarded & done)
    if gone := missing_files(files.paths, pictures):
        without = {picture.digest for picture in log.completion.at(gone, digests) if picture.number == 0}
        counts[MISSING] = len(without & done)
    counts[State.COMPLETED.status] -= counts[DISCARDED] + counts[MISSING]
    counts.update(_STATUSES.get(state, state) for state in seen["state"])
    return dict(+counts), may_change
