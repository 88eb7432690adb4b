"""Moments and waits as servers write them: times of reset, ``Retry-After``, ``Date``, times of rows. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .json_reader import number

LONGEST_WAIT = 366 * 86400.0
"""The longest wait that is told apart, in seconds. Infinity and the year 9999 become this."""

_LONGEST_TEXT = 100
_FIRST_MOMENT = 1e8
"""In a field that has a moment, a smaller number is a number of seconds from now."""

_FIRST_EPOCH = 1e9
"""In a field that has seconds, a larger number is seconds since 1970. Smaller ones are too old for a moment."""

_UNITS = ((2.6e17, 1e9), (2.6e14, 1e6), (2.6e11, 1e3))
"""From which number on a moment is in nanoseconds, microseconds or milliseconds, and how many a second has.

The seconds of the year 9999 are just below."""

_ZONE_IN_WORDS = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)
_SIGN = re.compile(r"([+-]?)(?:inf|infinity)", re.IGNORECASE)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait: from Retry-After, or from the time of reset. None if neither can be read.

    Both may have seconds, a date or a time since 1970. The result is between 0 and `LONGEST_WAIT`. The server's
    clock and ours may differ, so a moment is compared with both.

    Parameters
    ----------
    headers:
        Headers of a response, names in lower case.
    now:
        The current time, in seconds since 1970 UTC.

    Example
    -------
    >>> retry_after({"retry-after": "12"}, 0.0)
    12.0
    >>> retry_after({"x-rate-limit-reset-at-utc": "2027-01-15 08:00:30 UTC"}, 1_800_000_000.0)
    30.0
    """
    theirs = read_date(headers)
    nows = [now] if theirs is None else [now, theirs]
    for name, smallest in (("retry-after", _FIRST_EPOCH), ("x-rate-limit-reset-at-utc", _FIRST_MOMENT)):
        found = _seconds(headers.get(name, "").strip(), smallest, nows)
        if found is not None:
            return min(max(0.0, found), LONGEST_WAIT)
    return None


def _seconds(text: str, smallest: float, nows: list[float]) -> float | None:
    """Seconds to wait, by one header.

    Parameters
    ----------
    text:
        The header.
    smallest:
        The smallest number that is a moment, and not a number of seconds.
    nows:
        The current time by our clock, and by the server's.
    """
    if (match := _SIGN.fullmatch(text)) is not None:
        return 0.0 if match[1] == "-" else LONGEST_WAIT
    if text.isascii() and text.isdecimal() and number(text) is None:
        return LONGEST_WAIT
    found = number(text)
    if found is not None and found < smallest:
        return found
    moment = timestamp(text)
    if moment is None:
        return None
    waits = [moment - now for now in nows]
    return min((wait for wait in waits if wait > 0), default=0.0)


def timestamp(value: object) -> float | None:
    """A moment as seconds since 1970 UTC: from an ISO date, an HTTP date, or a number. None if it is something else.

    Parameters
    ----------
    value:
        A text, or a number of seconds, milliseconds, microseconds or nanoseconds since 1970.

    Example
    -------
    >>> timestamp("Fri, 15 Jan 2027 08:00:30 GMT"), timestamp(1_800_000_030_000), timestamp("soon")
    (1800000030.0, 1800000030.0, None)
    """
    found = number(value)
    if found is not None:
        return found / next((unit for least, unit in _UNITS if found > least), 1.0)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return None
    text = value.strip()
    moment = _from_iso(text)
    if moment is None:
        moment = _from_iso(_ZONE_IN_WORDS.sub("", text))
    if moment is None:
        moment = _from_http(text)
    if moment is None:
        return None
    # Without its zone first: with it, the last hours of the year 9999 would overflow.
    offset = moment.utcoffset()
    return moment.replace(tzinfo=UTC).timestamp() - (offset.total_seconds() if offset is not None else 0.0)


def read_date(headers: Mapping[str, str]) -> float | None:
    """The time of a response by the service's clock, in seconds since 1970 UTC. None if it does not say."""
    return timestamp(headers.get("date", ""))


def _from_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _from_http(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
