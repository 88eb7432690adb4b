"""Ranges of numbers, in exact decimals: the end is included and never passed.

The text forms are the ones users of A1111's X/Y/Z plot and SwarmUI's grid generator know:
``"1-10"``, ``"0.4-1.4 (+0.2)"``, ``"1.4-0.4 (-0.2)"``, ``"0-1 [5]"``, ``"1, 2, .., 10"``.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from ..errors import SweepError

MOST_VALUES = 10_000
"""No axis is longer: a typing slip ("0-10 (+0.00001)") must not become a million paid pictures."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_RANGE = re.compile(
    rf"(?P<start>{_NUMBER})\s*-\s*(?P<end>{_NUMBER})"
    rf"(?:\s*\(\s*(?P<step>[+-]\s*(?:\d+\.?\d*|\.\d+))\s*\)|\s*\[\s*(?P<points>\d+)\s*\])?"
)


def span(start: float, end: float, *, step: float | None = None, num: int | None = None) -> list[float]:
    """Evenly spaced numbers from `start` to `end`, both included.

    Give either `step` (its sign may be left out) or `num`, how many numbers there are to be.
    With a step that does not meet the end exactly, the last number is the last one before it.

    Raises
    ------
    SweepError
        Where neither or both of `step` and `num` are given, or they make no range.

    >>> span(0.4, 1.0, step=0.2)
    [0.4, 0.6, 0.8, 1.0]
    >>> span(0, 1, num=5)
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if (step is None) == (num is None):
        raise SweepError("span() takes either step= or num=", remedy="Write span(0.4, 1.4, step=0.2) or num=6")
    first, last = _decimal(start), _decimal(end)
    if num is not None:
        if isinstance(num, bool) or not isinstance(num, int):
            raise SweepError(f"span(num={num!r}) takes an integer")
        return [float(value) for value in _points(first, last, num)]
    width = abs(_decimal(step))
    return [float(value) for value in _steps(first, last, width if last >= first else -width)]


def seeds(count: int, *, root: int = 0) -> list[int]:
    """Deterministic seeds: the same ones each time, different ones for another `root`.

    ``seeds(4)`` begins ``seeds(8)``, so a sweep can grow without paying for its old cells again. They have at
    most six digits, to be read and typed easily.

    >>> seeds(4) == seeds(8)[:4]
    True
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST_VALUES:
        raise SweepError(f"seeds({count!r}) takes an integer from 1 to {MOST_VALUES:,}")
    found: dict[int, None] = {}
    for index in itertools.count():
        digest = hashlib.sha256(f"segflux_nb seeds {root} {index}".encode()).digest()
        found[1 + int.from_bytes(digest[:8], "big") % 999_999] = None
        if len(found) == count:
            return list(found)
    raise AssertionError("unreachable")


def parse_range(text: str, *, integer: bool) -> list[Decimal]:
    """The numbers that a text names, in its order.

    Parameters
    ----------
    text:
        Numbers and ranges, separated by commas.
    integer:
        Whether the parameter is an integer: then ``"1-10"`` has steps of one; otherwise a step or a count
        of points is needed.

    Raises
    ------
    SweepError
        Where the text cannot be read or means no number; the text says which part and what to write.

    >>> [str(value) for value in parse_range("0-1 (+0.3)", integer=False)]
    ['0.0', '0.3', '0.6', '0.9']
    >>> [str(value) for value in parse_range("1, 2, .., 5", integer=True)]
    ['1', '2', '3', '4', '5']
    """
    items = [item.strip() for item in text.split(",")]
    if items and not items[-1]:
        items.pop()  # a trailing comma
    values: list[Decimal] = []
    position = 0
    while position < len(items):
        item = items[position]
        if item in ("..", "...", "…"):
            if position == 0 or not values or position + 1 >= len(items):
                raise SweepError(f'"{item}" in {text!r} stands between numbers', remedy='Write "1, 2, .., 10"')
            values.extend(_continued(values, _number(items[position + 1], text), text, integer=integer))
            position += 2
        else:
            values.extend(_item(item, text, integer=integer))
            position += 1
        if len(values) > MOST_VALUES:
            raise SweepError(f"{text!r} has more than {MOST_VALUES:,} values", remedy="Take a larger step")
    if not values:
        raise SweepError(f"{text!r} names no value", remedy='Write "0.4-1.4 (+0.2)" or "0.4, 0.8"')
    return values


def _item(item: str, text: str, *, integer: bool) -> Iterator[Decimal]:
    match = _RANGE.fullmatch(item)
    if match is None:
        return iter([_number(item, text)])
    start, end = Decimal(match["start"]), Decimal(match["end"])
    if match["points"] is not None:
        return iter(_points(start, end, int(match["points"])))
    if match["step"] is not None:
        return _steps(start, end, Decimal(match["step"].replace(" ", "")))
    if not integer:
        raise SweepError(
            f"{item!r} has no step, and the parameter is not an integer",
            remedy=f'Write "{item} (+0.2)" for steps or "{item} [5]" for five values',
        )
    return _steps(start, end, Decimal(1 if end >= start else -1))


def _continued(values: list[Decimal], end: Decimal, text: str, *, integer: bool) -> Iterator[Decimal]:
    if len(values) >= 2:
        step = values[-1] - values[-2]
    elif integer:
        step = Decimal(1 if end >= values[-1] else -1)
    else:
        raise SweepError(f'".." in {text!r} needs two numbers before it', remedy='Write "0.4, 0.6, .., 1.4"')
    following = _steps(values[-1], end, step)
    next(following)  # the number that stands there already
    return following


def _steps(start: Decimal, end: Decimal, step: Decimal) -> Iterator[Decimal]:
    if step == 0:
        raise SweepError(f"A range from {start} to {end} cannot have a step of zero", remedy="Give it another step")
    if (end - start) * step < 0:
        raise SweepError(
            f"The step {step:+} points away from the end of the range {start} to {end}",
            remedy=f"Write ({-step:+})",
        )
    number = int((end - start) / step) + 1
    if number > MOST_VALUES:
        raise SweepError(
            f"The range {start} to {end} in steps of {step} has {number:,} values, more than {MOST_VALUES:,}",
            remedy="Take a larger step",
        )
    return (start + index * step for index in range(number))


def _points(start: Decimal, end: Decimal, points: int) -> list[Decimal]:
    if not 2 <= points <= MOST_VALUES:
        raise SweepError(
            f"The range {start} to {end} cannot have {points} points",
            remedy=f"Give it from 2 to {MOST_VALUES:,} points",
        )
    return [start + (end - start) * index / (points - 1) for index in range(points)]


def _number(item: str, text: str) -> Decimal:
    try:
        number = Decimal(item)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise SweepError(
            f"{item!r} in {text!r} is no number and no range"
            if item != text
            else f"{text!r} is no number and no range",
            remedy='Ranges are written "1-10", "0.4-1.4 (+0.2)", "0-1 [5]" or "1, 2, .., 10"',
        )
    return number


def _decimal(value: object) -> Decimal:
    # str() of a float is its shortest decimal: 0.1 means one tenth, not the binary number nearest to it.
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite():
        raise SweepError(f"A range cannot use {value!r}", remedy="Give finite numbers")
    return number
