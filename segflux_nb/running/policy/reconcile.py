"""Finding, in the service's history, the job of a submit whose answer was lost. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from ...model import MODEL
from ...service.history import HistoryRow

SKEW_SECONDS = 120.0
"""How far the service's clock may differ, after what is known of its difference was taken into account."""

FAR_SECONDS = 2 * 3600.0
"""How far the clocks may have differed when the submit was made: an hour's step, and some more."""

FARTHEST_SECONDS = 26 * 3600.0
"""The same right before a run is paid for again, where a wrong date of the service must be no reason to pay."""

NUMBERS = frozenset(name for name, field in MODEL.parameters.items() if field.kind in ("integer", "number"))
"""The fields whose values are numbers, however the service writes them."""


class History:
    """Rows of the service's history, to be searched by the body of a submit.

    Parameters
    ----------
    rows:
        The first rows, in any order.
    names:
        The fields of a body that must be equal. The service may add defaults to the body that it shows, so a row
        matches when it has all that was sent.
    """

    def __init__(self, rows: Iterable[HistoryRow], names: Iterable[str]) -> None:
        self._names = sorted(names)
        self._by_body: dict[tuple[Any, ...], list[HistoryRow]] = defaultdict(list)
        self._ids: set[str] = set()
        self.add(rows)

    def add(self, rows: Iterable[HistoryRow]) -> bool:
        """Add rows; whether one of them is new."""
        before = len(self._ids)
        for row in rows:
            if row.request_id not in self._ids:
                self._ids.add(row.request_id)
                if row.request_id:
                    self._by_body[self._key(row.body)].append(row)
        return len(self._ids) > before

    def find(
        self,
        body: Mapping[str, Any],
        submitted_at: float,
        clock_offset: float,
        is_known: Callable[[str], bool],
        *,
        far: float = FAR_SECONDS,
    ) -> HistoryRow | None:
        """The oldest row with this body that is not older than the submit and belongs to no run of the log.

        The service's clock is believed first, then our own, because a gateway may write a wrong date. If no row is
        later than the submit by either of them, the latest one of some time before counts: a clock may have been
        wrong when the submit was made, and it is better to adopt an equal job that is paid for than to pay again.

        Parameters
        ----------
        body:
            What was sent.
        submitted_at:
            When it was sent, by our clock (seconds since 1970 UTC).
        clock_offset:
            Seconds that the service's clock is ahead of ours, as far as it is known.
        is_known:
            Whether the job with this id belongs to a run already.
        far:
            How many seconds before the submit a row may be.
        """
        rows = [row for row in self._by_body.get(self._key(body), ()) if not is_known(row.request_id)]
        rows.sort(key=lambda row: row.created_at or 0.0)
        moments = (submitted_at + clock_offset, submitted_at)
        for moment in moments:
            later = [row for row in rows if row.created_at is None or row.created_at >= moment - SKEW_SECONDS]
            if later:
                return later[0]
        near = [row for row in rows if (row.created_at or 0.0) >= min(moments) - far]
        return near[-1] if near else None

    def _key(self, body: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(_comparable(name, body.get(name)) for name in self._names)


def _comparable(name: str, value: object) -> object:
    """A value in the form in which equal ones are equal: 1, 1.0, "1" and 1e0 are one number.

    Parameters
    ----------
    name:
        The field.
    value:
        Its value.
    """
    if name in NUMBERS and isinstance(value, int | float | str) and not isinstance(value, bool):
        with suppress(ArithmeticError, ValueError):
            number = Decimal(str(value).strip())
            return number if number.is_finite() else repr(value)
    return value.strip() if isinstance(value, str) else repr(value)
