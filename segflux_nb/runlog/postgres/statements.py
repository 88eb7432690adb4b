"""Statements as PostgreSQL takes them, and texts as it can keep them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

_QUOTED_OR_PLACE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\?")

NUL, SHOWN_NUL = "\0", "\N{SYMBOL FOR NULL}"
"""PostgreSQL keeps no text with the character NUL: the symbol for it stands in its place."""


@lru_cache(maxsize=1024)
def translated(sql: str) -> str:
    """A statement whose values are numbered; question marks in quotes are none.

    >>> translated("UPDATE x SET a = ?, b = '?' WHERE c = ? AND d LIKE '%'")
    "UPDATE x SET a = $1, b = '?' WHERE c = $2 AND d LIKE '%'"
    """
    number = 0

    def place(found: re.Match[str]) -> str:
        nonlocal number
        if found[0] != "?":
            return found[0]
        number += 1
        return f"${number}"

    return _QUOTED_OR_PLACE.sub(place, sql)


def has_nul(values: Sequence[Any]) -> bool:
    """Whether one of these values is a text with the character NUL, or has one."""
    return any(
        NUL in value if isinstance(value, str) else isinstance(value, list) and has_nul(value) for value in values
    )


def without_nul(values: Sequence[Any]) -> list[Any]:
    """Values that PostgreSQL can keep.

    >>> without_nul(["a\\0b", 1, ["\\0"]])
    ['a␀b', 1, ['␀']]
    """
    return [
        value.replace(NUL, SHOWN_NUL)
        if isinstance(value, str)
        else without_nul(value)
        if isinstance(value, list)
        else value
        for value in values
    ]
