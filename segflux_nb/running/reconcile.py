"""Finding, in the service's history, the job of a submit whose answer was lost. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..service.wire import HistoryRow

SKEW_SECONDS = 120.0
"""How far the service's clock may be behind ours."""


def find(
    body: Mapping[str, Any], submitted_at: float, rows: Sequence[HistoryRow], is_known: Callable[[str], bool]
) -> HistoryRow | None:
    """The oldest row that asked for the same, not before the submit, and is the job of no run of the log.

    The service may echo a body with defaults added, so a row matches when it has all that was sent.

    Parameters
    ----------
    body:
        What was sent.
    submitted_at:
        When (seconds since 1970 UTC).
    rows:
        The history, the newest first.
    is_known:
        Whether the job with this id belongs to a run already.
    """
    for row in reversed(rows):
        in_time = row.created_at is None or row.created_at >= submitted_at - SKEW_SECONDS
        same = all(row.body.get(name) == value for name, value in body.items())
        if in_time and same and not is_known(row.request_id):
            return row
    return None
