"""Finding, in the service's history, the job of a submit whose answer was lost. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...service.wire import HistoryRow

SKEW_SECONDS = 120.0
"""How far the service's clock may differ, after what is known of its difference was taken into account."""

FAR_SECONDS = 2 * 3600.0
"""How far the clocks may have differed when the submit was made: an hour's step, and some more."""


class History:
    """Rows of the service's history, to be searched by the body of a submit.

    Parameters
    ----------
    rows:
        The rows, in any order.
    names:
        The fields of a body that must be equal. The service may add defaults to the body that it shows, so a row
        matches when it has all that was sent.
    """

    def __init__(self, rows: Iterable[HistoryRow], names: Iterable[str]) -> None:
        self._names = sorted(names)
        self._by_body: dict[tuple[Any, ...], list[HistoryRow]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: row.created_at or 0.0):
            if row.request_id:
                self._by_body[self._key(row.body)].append(row)

    def find(
        self, body: Mapping[str, Any], submitted_at: float, is_known: Callable[[str], bool]
    ) -> HistoryRow | None:
        """The oldest row with this body that is not older than the submit and belongs to no run of the log.

        If there is none, the latest one of the two hours before: a clock may have been wrong when the submit was
        made, and it is better to adopt an equal job that is paid for already than to pay again.

        Parameters
        ----------
        body:
            What was sent.
        submitted_at:
            When it was sent, by the service's clock (seconds since 1970 UTC).
        is_known:
            Whether the job with this id belongs to a run already.
        """
        rows = [row for row in self._by_body.get(self._key(body), ()) if not is_known(row.request_id)]
        later = [row for row in rows if row.created_at is None or row.created_at >= submitted_at - SKEW_SECONDS]
        if later:
            return later[0]
        near = [row for row in rows if (row.created_at or 0.0) >= submitted_at - FAR_SECONDS]
        return near[-1] if near else None

    def _key(self, body: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(repr(_comparable(body.get(name))) for name in self._names)


def _comparable(value: object) -> object:
    """A number as a float: 1 and 1.0 are equal to the service."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
