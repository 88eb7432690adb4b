"""Ranges of numbers, in exact decimals. The end is included and never passed.

The text forms are those of A1111's X/Y/Z plot and SwarmUI's grid generator:
``"1-10"``, ``"0.4-1.4 (+0.2)"``, ``"1.4-0.4 (-0.2)"``, ``"0-1 [5]"``, ``"1, 2, .., 10"``.
"""

from __future__ import annotations

import decimal
import functools
import hashlib
import itertools
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from typing import ParamSpec, TypeVar

from ..errors import SweepError
from ..markup import count as counted
from ..values import as_integer, as_number, shown

P = ParamSpec("P")
R = TypeVar("R")

MOST_VALUES = 10_000
"""The most values of an axis, so that a typing error ("0-10 (+0.00001)") does not become a million paid pictures."""

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_RANGE = re.compile(
    rf"(?P<start>{_NUMBER})\s*-\s*(?P<end>{_NUMBER})"
    rf"(?:\s*\(\s*(?P<step>[+-]\s*(?:\d+\.?\d*|\.\d+))\s*\)|\s*\[\s*(?P<points>\d{{1,9}})\s*\])?"
)

_EXACT = decimal.Context(
    prec=28,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-999_999,
    Emax=999_999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
"""Decimal arithmetic as it is when Python starts. A notebook, or a library in it, may have changed its own."""


def _in_exact_decimals(function: Callable[P, list[R]]) -> Callable[P, list[R]]:
    """Run a function with the arithmetic of `_EXACT`."""

    @functools.wraps(function)
    def computed(*args: P.args, **kwargs: P.kwargs) -> list[R]:
        with decimal.localcontext(_EXACT):
            try:
                return function(*args, **kwargs)
            except decimal.DecimalException:
                raise SweepError(
                    f"The numbers of the range {', '.join(map(shown, args))} are too large",
                    remedy="Use smaller numbers",
                ) from None

    return computed


@_in_exact_decimals
def span(start: float, end: float, *, step: float | None = None, num: int | None = None) -> list[float]:
    """Evenly spaced numbers from `start` to `end`, both included.

    Parameters
    ----------
    start:
        The first number.
    end:
        The last number. It may be smaller than `start`.
    step:
        The distance between two numbers; its sign does not matter. If the steps do not meet `end` exactly, the
        list ends with the last number before it.
    num:
        How many numbers there are. Give this or `step`.

    Raises
    ------
    SweepError
        If neither or both of `step` and `num` are given, or a number is not finite.

    Example
    -------
    >>> span(0.4, 1.0, step=0.2)
    [0.4, 0.6, 0.8, 1.0]
    >>> span(0, 1, num=5)
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    if (step is None) == (num is None):
        raise SweepError("span() takes either step= or num=", remedy="Write span(0.4, 1.4, step=0.2), or num=6")
    first, last = _decimal(start), _decimal(end)
    if num is not None:
        try:
            points = as_integer(num)
        except ValueError:
            raise SweepError(f"num={shown(num)} of span() is not an integer", remedy="Write num=6") from None
        if not 2 <= points <= MOST_VALUES:
            raise SweepError(f"num={shown(num)} of span() is not possible", remedy=f"Use 2 to {MOST_VALUES:,}")
        return [float(value) for value in _points(first, last, points)]
    width = abs(_decimal(step))
    return [float(value) for value in _steps(first, last, width if last >= first else -width)]


def seeds(count: int, *, root: int = 0) -> list[int]:
    """Deterministic seeds: the same ones each time.

    ``seeds(8)`` begins with ``seeds(4)``, so a sweep can grow without paying for its old cells again. Seeds have at
    most six digits, so that they are easy to read and type.

    Parameters
    ----------
    count:
        How many seeds.
    root:
        Another number gives other seeds.

    Raises
    ------
    SweepError
        If `count` is not an integer from 1 to 10,000.

    Example
    -------
    >>> seeds(4) == seeds(8)[:4]
    True
    """
    try:
        number = as_integer(count)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST_VALUES:
        raise SweepError(f"seeds({shown(count)}) is not possible", remedy=f"Use an integer from 1 to {MOST_VALUES:,}")
    try:
        first = as_integer(root)
        named = f"segflux_nb seeds {first}"  # Python writes no integer of more than 4,300 digits
    except ValueError:
        raise SweepError(f"root={shown(root)} of seeds() is not an integer", remedy="Write root=1") from None
    found: dict[int, None] = {}
    for index in itertools.count():
        digest = hashlib.sha256(f"{named} {index}".encode()).digest()
        found[1 + int.from_bytes(digest[:8], "big") % 999_999] = None
        if len(found) == number:
            return list(found)
    raise AssertionError("unreachable")


_DECIMAL_COMMA = re.compile(r"(?<![\d.,])(\d+),(\d+)(?!\d|[.,]\d)")
"""What people of many countries write for a number: ``0,8``."""

_INTEGERS = re.compile(r"\d+(,\d+)+")

_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})*,0\d\d(?:,\d{3})*(?!\d|[.,]\d)")
"""A number as people write it where a comma is between thousands: ``1,000``. Nobody writes 000 for a number."""


@_in_exact_decimals
def parse_range(text: str, *, integer: bool) -> list[Decimal]:
    """The numbers that a text names, in its order.

    Parameters
    ----------
    text:
        Numbers and ranges, separated by commas.
    integer:
        Whether the parameter is an integer. If so, ``"1-10"`` has steps of one. If not, a range needs a step or a
        number of points.

    Raises
    ------
    SweepError
        If the text is not a list of numbers and ranges. The error says which part is wrong and what to write.

    Example
    -------

    >>> [str(value) for value in parse_range("0-1 (+0.3)", integer=False)]
    ['0.0', '0.3', '0.6', '0.9']
    >>> [str(value) for value in parse_range("1, 2, .., 5", integer=True)]
    ['1', '2', '3', '4', '5']
    """
    _check_commas(text, integer=integer)
    return _parsed(text, integer=integer)


def _check_commas(text: str, *, integer: bool) -> None:
    """Raise `SweepError` where a comma is probably a part of a number, and does not stand between two.

    Parameters
    ----------
    text:
        What the user wrote.
    integer:
        Whether the parameter is an integer.
    """
    if "," not in text:
        return
    apart = re.sub(r",(?=\d)", ", ", text.strip())
    if integer:
        joined = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text.strip())
        if joined != text.strip():
            raise SweepError(
                f"{shown(text)} may have a number with a comma between its thousands, or several numbers",
                remedy=f'Write "{joined}", or "{apart}"',
            )
        return
    pointed = ", ".join(part.strip() for part in _DECIMAL_COMMA.sub(r"\1.\2", text.strip()).split(";"))
    parts = text.strip().split(",")
    has_a_twin = len(set(parts)) < len(parts)  # nobody lists a number twice
    if has_a_twin and not len(parts) % 2 and _INTEGERS.fullmatch(text.strip()):
        pointed = ", ".join(f"{whole}.{rest}" for whole, rest in zip(parts[::2], parts[1::2], strict=True))
    if pointed == text.strip():
        return
    try:
        _parsed(pointed, integer=False)
    except SweepError:
        return
    is_one = _DECIMAL_COMMA.fullmatch(text.strip().lstrip("+-"))
    raise SweepError(
        f"{shown(text)} may be one number with a decimal comma, or two numbers"
        if is_one
        else f"{shown(text)} may have numbers with a decimal comma",
        remedy=f'Write "{pointed}", or "{apart}"'
        if is_one
        else f'A decimal comma is written as a point: "{pointed}". Put a space after a comma between two numbers',
    )


def _parsed(text: str, *, integer: bool) -> list[Decimal]:
    """The numbers that a text names, in its order.

    Parameters
    ----------
    text:
        Numbers and ranges, separated by commas.
    integer:
        Whether the parameter is an integer.
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
                raise SweepError(f'"{item}" in {shown(text)} must be between numbers', remedy='Write "1, 2, .., 10"')
            values.extend(_continued(values, _number(items[position + 1], text), text, integer=integer))
            position += 2
        else:
            values.extend(_item(item, text, integer=integer))
            position += 1
        if len(values) > MOST_VALUES:
            raise SweepError(f"{shown(text)} has more than {MOST_VALUES:,} values", remedy="Take a larger step")
    if not values:
        raise SweepError(f"{shown(text)} has no value", remedy='Write "0.4-1.4 (+0.2)" or "0.4, 0.8"')
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
            f"The range {shown(item)} has no step",
            remedy=f'Write "{item} (+0.2)" for a step of 0.2, or "{item} [5]" for five values',
        )
    return _steps(start, end, Decimal(1 if end >= start else -1))


def _continued(values: list[Decimal], end: Decimal, text: str, *, integer: bool) -> Iterator[Decimal]:
    if len(values) >= 2:
        step = values[-1] - values[-2]
    elif integer:
        step = Decimal(1 if end >= values[-1] else -1)
    else:
        raise SweepError(f'".." in {shown(text)} needs two numbers before it', remedy='Write "0.4, 0.6, .., 1.4"')
    following = _steps(values[-1], end, step)
    next(following)  # the last of `values`
    return following


def _steps(start: Decimal, end: Decimal, step: Decimal) -> Iterator[Decimal]:
    if step == 0:
        raise SweepError(f"The range {start} to {end} has a step of zero", remedy="Give it another step")
    if (end - start) * step < 0:
        raise SweepError(
            f"The step {step:+} points away from the end of the range {start} to {end}",
            remedy=f"Write ({-step:+})",
        )
    ratio = (end - start) / step
    number = int(min(ratio, Decimal(MOST_VALUES))) + 1  # the integer of a huge ratio has millions of digits
    if number > MOST_VALUES:
        raise SweepError(
            f"The range {start} to {end} in steps of {step} has more than {MOST_VALUES:,} values",
            remedy="Take a larger step",
        )
    return (start + index * step for index in range(number))


def _points(start: Decimal, end: Decimal, points: int) -> list[Decimal]:
    if not 2 <= points <= MOST_VALUES:
        raise SweepError(
            f"The range {start} to {end} has {counted(points, 'point')}",
            remedy=f"Use 2 to {MOST_VALUES:,} points",
        )
    return [start + (end - start) * index / (points - 1) for index in range(points)]


def _number(item: str, text: str) -> Decimal:
    try:
        number = Decimal(item)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise SweepError(
            shown(item) + (f" in {shown(text)}" if item != text else "") + " is not a number and not a range",
            remedy='Write ranges like "1-10", "0.4-1.4 (+0.2)", "0-1 [5]" or "1, 2, .., 10"',
        )
    return number


def _decimal(value: object) -> Decimal:
    # str() gives the shortest decimal of a float. So 0.1 is one tenth here, not the nearest binary number.
    try:
        number = value if isinstance(value, Decimal) else Decimal(str(as_number(value)))
    except (InvalidOperation, ValueError):
        number = Decimal("NaN")
    if not number.is_finite() or math.isinf(float(number)):
        raise SweepError(f"{shown(value)} is not a finite number", remedy="Give finite numbers")
    return number
