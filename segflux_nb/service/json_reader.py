"""Read what a service wrote: JSON, numbers and texts. Whatever the bytes contain, nothing here raises.

JSON from outside may be 100,000 levels deep, hold half a surrogate pair, NaN, or a number of 400 digits. Such values
would raise later, where they are compared, computed with or stored. So they end here.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, Final

MOST_LEVELS = 300
"""Levels of lists and objects that are read. Deeper JSON would exhaust the stack of code that follows them."""

MOST_CHARACTERS = 4000
"""Characters of a text that is shown or searched: an error text may have megabytes."""

_EXACT_DIGITS = 40
"""A whole number with more digits is read as a float: such a number counts nothing."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Unreadable:
    """What is read from bytes that are not JSON, or that no program should follow. Its only value is `UNREADABLE`."""


UNREADABLE: Final = Unreadable()


def read_json(data: bytes | str) -> Any:
    """The value that a JSON text stands for, or `UNREADABLE`.

    A lone surrogate, and a byte that is not UTF-8, become U+FFFD. NaN, infinity, and a number beyond the range of
    floats become None. Of a name that stands twice, the value that says something counts; two that contradict each
    other become None.

    Parameters
    ----------
    data:
        The text, or its bytes.

    Example
    -------
    >>> read_json(b'{"steps": 25, "cost": NaN}'), read_json(b"[" * 100_000) is UNREADABLE
    ({'steps': 25, 'cost': None}, True)
    """
    try:
        value = _DECODER.decode(_decoded(data))
        raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
        if raw.count(b"[") + raw.count(b"{") <= MOST_LEVELS and not _may_have_surrogates(data, raw):
            return value
        return _cleaned(value)
    except (ValueError, RecursionError, MemoryError):
        return UNREADABLE


def read_object(data: bytes | str) -> dict[str, Any]:
    """The object that a JSON text stands for. Empty if it is something else."""
    value = read_json(data)
    return value if isinstance(value, dict) else {}


def number(value: object) -> float | None:
    """A value as a finite float. None if it is something else.

    Parameters
    ----------
    value:
        A number, or a text that has one.

    Example
    -------
    >>> number("0.034"), number(10**400), number(True), number("NaN")
    (0.034, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > MOST_CHARACTERS:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def text(value: object) -> str:
    """The beginning of a text. Empty if the value is something else."""
    return value[:MOST_CHARACTERS] if isinstance(value, str) else ""


def _decoded(data: bytes | str) -> str:
    """The text, without a byte-order mark."""
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    try:
        return data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:  # an error text may be cut within a letter, or be in another encoding than the rest
        return data.decode("utf-8", "replace")


def _may_have_surrogates(data: bytes | str, raw: bytes) -> bool:
    if isinstance(data, str) and _SURROGATE.search(data):
        return True
    return b"\x00" in raw or _ESCAPED_SURROGATE.search(raw) is not None  # a NUL: UTF-16 hides the escapes


def _no_number(_: str) -> None:
    return None


def _finite(digits: str) -> float | None:
    found = float(digits)
    return found if math.isfinite(found) else None


def _whole(digits: str) -> int | float | None:
    return int(digits) if len(digits) <= _EXACT_DIGITS else _finite(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object from its names and values."""
    found = dict(pairs)
    if len(found) < len(pairs):
        found = {}
        for name, value in pairs:
            known = found.get(name)
            found[name] = value if not known or known == value else known if not value else None
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_no_number, parse_float=_finite, parse_int=_whole, strict=False
)
"""It takes line breaks in texts too: error texts have them."""


def _cleaned(value: Any) -> Any:
    """The value without lone surrogates. `UNREADABLE` if it has too many levels.

    It is followed level by level, and not by recursion: its depth is what is in question.
    """
    root = [value]
    level: list[Any] = [root]
    for _ in range(MOST_LEVELS + 2):
        following: list[Any] = []
        for holder in level:
            if isinstance(holder, dict):
                for name in [name for name in holder if _SURROGATE.search(name)]:
                    holder[_SURROGATE.sub("\ufffd", name)] = holder.pop(name)
            for place, inner in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
                if isinstance(inner, str):
                    holder[place] = _SURROGATE.sub("\ufffd", inner)
                elif isinstance(inner, list | dict):
                    following.append(inner)
        if not following:
            return root[0]
        level = following
    return UNREADABLE
