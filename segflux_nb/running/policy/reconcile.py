"""Finding, in the service's history, the job of a submit whose answer was lost. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from decimal import Context, Decimal
from typing import Any

from ...input_pictures import as_kept
from ...model import MODEL
from ...paths import flat
from ...service.history import HistoryRow

SKEW_SECONDS = 120.0
"""How far the service's clock may differ, after what is known of its difference was taken into account."""

FAR_SECONDS = 2 * 3600.0
"""How far the clocks may have differed when the submit was made: an hour's step, and some more."""

FARTHEST_SECONDS = 26 * 3600.0
"""The history is read back to so long before the first submit, whose rows may have a wrong date."""

EVER = float("inf")
"""Right before a run is paid for again, an equal job of any date counts: a wrong date is no reason to pay."""

_STEP, _CONTEXT, _LARGEST = Decimal("1e-6"), Context(prec=60), Decimal("1e50")
"""Numbers are compared to six decimals. A service may keep them as single-precision floats: 0.8 as 0.800000012."""

NUMBERS = frozenset(name for name, field in MODEL.parameters.items() if field.kind in ("integer", "number"))
"""The fields whose values are numbers, however the service writes them."""

DEFAULTS = {name: field.default for name, field in MODEL.parameters.items() if not field.required}
"""What a row means that leaves a field out."""


class History:
    """Rows of the service's history, to be searched by the body of a submit.

    Parameters
    ----------
    rows:
        The first rows, in any order.
    names:
        The fields of a body that must be equal. The service may add defaults to the body that it shows, so a row
        matches when it has all that was sent. What it leaves out is a default. None for a model whose fields are not
        known: bodies are equal then if they have the same fields.
    stored:
        The texts of input pictures by the addresses with which they were sent.

    Attributes
    ----------
    is_whole:
        Whether these are all rows of the time that was asked for. Otherwise a row that is missing proves nothing.
    """

    def __init__(
        self, rows: Iterable[HistoryRow], names: Iterable[str] | None, stored: Mapping[str, str] | None = None
    ) -> None:
        self._stored = stored or {}
        self._names = None if names is None else sorted(names)
        self._by_body: dict[tuple[Any, ...], list[HistoryRow]] = defaultdict(list)
        self._seen: set[Any] = set()
        self.is_whole = True
        self.add(rows)

    def add(self, rows: Iterable[HistoryRow]) -> bool:
        """Add rows; whether one of them is new."""
        before = len(self._seen)
        for row in rows:
            key = self._key(row.body)
            seen = (name_of(row) or row.created_at, key)
            if seen not in self._seen:
                self._seen.add(seen)
                self._by_body[key].append(row)
        return len(self._seen) > before

    def has_nameless(self, body: Mapping[str, Any]) -> bool:
        """Whether there is an equal row that has neither an id nor a picture yet, and did not fail."""
        rows = self._by_body.get(self._key(body), ())
        return any(not name_of(row) and row.status != "FAILED" for row in rows)

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
        wrong when the submit was made, and it is better to adopt an equal job that is paid for than to pay again. A
        job that did not fail comes before one that did.

        Parameters
        ----------
        body:
            What was sent.
        submitted_at:
            When it was sent, by our clock (seconds since 1970 UTC).
        clock_offset:
            Seconds that the service's clock is ahead of ours, as far as it is known.
        is_known:
            Whether the job with this name (see `name_of`) belongs to a run already.
        far:
            How many seconds before the submit a row may be.
        """
        equal = self._by_body.get(self._key(body), ())
        rows = [row for row in equal if (name := name_of(row)) and not is_known(name)]
        rows.sort(key=lambda row: (row.status == "FAILED", row.created_at or 0.0))
        moments = (submitted_at + clock_offset, submitted_at)
        for moment in moments:
            later = [row for row in rows if row.created_at is None or row.created_at >= moment - SKEW_SECONDS]
            if later:
                return later[0]
        near = [row for row in rows if (row.created_at or 0.0) >= min(moments) - far]
        return near[-1] if near else None

    def _kept(self, value: object) -> object:
        """The text that stands for a picture, which was sent as its bytes or by its address; else the value."""
        return self._stored.get(value) or as_kept(value) if isinstance(value, str) else value

    def _key(self, body: Mapping[str, Any]) -> tuple[Any, ...]:
        if self._names is None:
            own = {path: one for name, value in body.items() for path, one in _flat(name, value).items()}
            return tuple((name, _comparable_unknown(name, self._kept(own[name]))) for name in sorted(own))
        given = {name.casefold(): value for name, value in body.items()}
        return tuple(_comparable(name, given.get(name, DEFAULTS.get(name))) for name in self._names)


def _flat(name: str, value: object) -> Mapping[str, Any]:
    try:
        return flat(name, value)
    except ValueError:  # nested more deeply than what we send
        return {name: repr(value)}


def _comparable_unknown(name: str, value: object) -> object:
    """A value of a field of which nothing is known, in the form in which equal ones are equal.

    Parameters
    ----------
    name:
        The field.
    value:
        Its value.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return _number_of(value) if is_number else _comparable(name, value)


def name_of(row: HistoryRow) -> str:
    """What names a job: its id, or else the address of its picture. Empty for a row that has neither."""
    return row.request_id or (row.picture_urls[0] if row.picture_urls else "")


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
            return _number_of(value)
    if isinstance(value, str):
        return value.strip() if name == "prompt" else value.strip().casefold()
    return repr(value)


def _number_of(value: object) -> object:
    number = Decimal(str(value).strip())
    if not number.is_finite() or abs(number) > _LARGEST:
        return repr(value)
    return number.quantize(_STEP, context=_CONTEXT)
