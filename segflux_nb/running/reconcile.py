"""Finding, in the service's history, the job of a submit whose answer was lost. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..service.wire import HistoryRow


def find(body: Mapping[str, Any], rows: Sequence[HistoryRow], is_known: Callable[[str], bool]) -> HistoryRow | None:
    """The oldest row that asked for the same and belongs to no run of the log.

    The service may echo a body with defaults added, so a row matches when it has all that was sent.

    Parameters
    ----------
    body:
        What was sent.
    rows:
        The history, the newest first.
    is_known:
        Whether a request id belongs to a run already.
    """
    for row in reversed(rows):
        if all(row.body.get(name) == value for name, value in body.items()) and not is_known(row.request_id):
            return row
    return None
