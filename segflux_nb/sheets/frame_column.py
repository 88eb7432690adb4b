"""One column of a frame: its values, their order, and the labels that stand for them. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cached_property
from typing import Any

from ..markup import decimals, plain, shorten
from ..model import MODEL
from ..values import as_python

LONGEST_OBJECT = 200
"""The most characters of the label of a list, a mapping or an array."""

LARGEST_FIXED = 1e9
"""Greater numbers are written with an exponent."""

SETTING_DECIMALS = 3
"""Floats with more decimals are measurements, not settings."""

_READ_DIGITS = 4
"""Digits of the largest measurement that are shown, at least one of them a decimal."""

_DIGITS = range(6, 16)
"""Significant digits of numbers that need an exponent."""

_URL = re.compile(r"https?://[^\s\"'<>?#]*?([^\s\"'<>?#/]+)/*(?:[?#][^\s\"'<>]*)?(?=[\s\"'<>]|$)")
"""An address; its last part is what tells it apart."""

_LONGEST_WITH_ADDRESSES = 4000
"""A text with more characters is not looked through for addresses."""

_ADDRESS = re.compile(" at 0x[0-9A-Fa-f]+")
"""Where an object is in memory, which differs on each execution."""

MISSING_LABEL = "–"
"""The label of a missing value."""


@dataclass(frozen=True)
class FrameColumn:
    """A column of a frame.

    Attributes
    ----------
    name:
        Its name.
    values:
        The value in each row. Each kind of missing value is None, so that they are equal to each other.
    given_labels:
        The sweep's own labels, by value; empty where it has none.
    order:
        All values in the order that the column declares, as an ordered category does; empty for none.
    is_plain:
        Whether all values are numbers, texts, moments and the like: False where one is a list, a mapping or an array.
    """

    name: str
    values: tuple[Any, ...]
    given_labels: Mapping[Any, Any]
    order: Sequence[Any] = ()
    is_plain: bool = True

    @cached_property
    def distinct(self) -> tuple[Any, ...]:
        """Each value once, in the declared order or that of the rows, a missing value last.

        Floats ascend, unless they descend in the rows.
        """
        values = [value for value in dict.fromkeys(self.values) if value is not None]
        if self.order:
            ranks = {value: rank for rank, value in enumerate(self.order)}
            values.sort(key=lambda value: ranks.get(value, len(ranks)))
        elif all(isinstance(value, float) for value in values) and values != sorted(values, reverse=True):
            values.sort()
        return (*values, *([None] if None in self._seen else []))

    @cached_property
    def _seen(self) -> set[Any]:
        return set(self.values)

    @cached_property
    def label_of(self) -> dict[Any, str]:
        """The label of each distinct value: the sweep's own, or the value. No two values have the same label.

        Floats have equally many decimals.
        """
        floats = [value for value in self.distinct if isinstance(value, float)]
        numbers = float_labels(floats, as_integers=self._are_integers(floats))
        days = _days([value for value in self.distinct if value is not None])
        short = _without_hosts([value for value in self.distinct if isinstance(value, str)])
        labels: dict[Any, str] = {}
        taken: set[str] = set()
        for value in self.distinct:
            own = (
                numbers.get(value) if isinstance(value, float) else text_of(days.get(value, short.get(value, value)))
            )
            own = MISSING_LABEL if value is None or own is None else own
            given = self.given_labels.get(value)
            label = plain(given) if isinstance(given, str) else own
            labels[value] = _untaken(label, own, value, taken)
            taken.add(labels[value])
        return labels

    def _are_integers(self, floats: Sequence[float]) -> bool:
        """Whether floats stand for integers: pandas turns integers into floats where a value is missing."""
        parameter = MODEL.parameters.get(self.name)
        is_integer = parameter.kind == "integer" if parameter is not None else None in self._seen
        return is_integer and all(math.isfinite(value) and value.is_integer() for value in floats)

    @cached_property
    def readings(self) -> dict[Any, str]:
        """The label of each distinct value as one reads it off: of measurements, the digits that can be compared.

        The same as `label_of`, where fewer digits would make two values equal or one of them zero.
        """
        if self.given_labels:
            return self.label_of
        return self.label_of | readable_labels(value for value in self.distinct if isinstance(value, float))

    @property
    def distinct_labels(self) -> tuple[str, ...]:
        """The labels of the distinct values, in their order."""
        return tuple(self.label_of.values())

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The label of the value in each row."""
        return tuple(self.label_of[value] for value in self.values)

    @property
    def varies(self) -> bool:
        """Whether rows have different values."""
        return len(self._seen) > 1


def _without_hosts(texts: Sequence[str]) -> dict[str, str]:
    """Addresses by the last parts of their paths, which people tell apart. Empty where these are not different.

    >>> _without_hosts(["https://example.com/a/fox.png", "https://example.com/b/owl.png"])
    {'https://example.com/a/fox.png': 'fox.png', 'https://example.com/b/owl.png': 'owl.png'}
    """
    # An address alone, or those in a list or an object: a prompt stays as it is.
    near = [text for text in texts if len(text) < _LONGEST_WITH_ADDRESSES]
    found = {text: _URL.sub(r"\1", text) for text in near if _URL.fullmatch(text) or text.startswith(("[", "{"))}
    return found if len(set(found.values())) == len(found) and all(found.values()) else {}


def _days(values: Sequence[Any]) -> dict[Any, date]:
    """The day of each moment, where all values are the beginnings of days."""
    if not all(isinstance(value, datetime) and not value.tzinfo and value.time() == time() for value in values):
        return {}
    return {value: value.date() for value in values}


def float_labels(values: Iterable[float], *, as_integers: bool = False) -> dict[float, str]:
    """A label for each number: equally many decimals, or an exponent where that would make labels equal.

    Parameters
    ----------
    values:
        The numbers.
    as_integers:
        Whether to write them without decimals.

    >>> float_labels([1.0, 0.75])
    {1.0: '1.00', 0.75: '0.75'}
    >>> float_labels([1e-7, 5e-7])
    {1e-07: '1e-07', 5e-07: '5e-07'}
    """
    values = list(dict.fromkeys(values))
    finite = [value for value in values if math.isfinite(value)]
    if all(abs(value) < LARGEST_FIXED for value in finite):
        places = 0 if as_integers else max(1, *(decimals(value) for value in finite), 1)
        fixed = {value: f"{value:.{places}f}" for value in values}
        nothing_lost = all(value == 0 or float(fixed[value]) != 0 for value in values)
        if nothing_lost and len(set(fixed.values())) == len(values):
            return fixed
    for digits in _DIGITS:
        labels = {value: f"{value:.{digits}g}" for value in values}
        if len(set(labels.values())) == len(values):
            return labels
    return {value: repr(value) for value in values}  # the fewest digits that tell a float from all others


def readable_labels(values: Iterable[float]) -> dict[float, str]:
    """A label for each measurement, with the digits that one can compare at a glance.

    Parameters
    ----------
    values:
        The numbers. Of settings, and where fewer digits would make two numbers equal or one of them zero, nothing is
        returned: all their digits matter.

    >>> readable_labels([712.579828, 6.077281])
    {712.579828: '712.6', 6.077281: '6.1'}
    >>> readable_labels([0.25, 0.5])
    {}
    """
    finite = [value for value in dict.fromkeys(values) if math.isfinite(value)]
    if max(map(decimals, finite), default=0) <= SETTING_DECIMALS:
        return {}
    largest = max(map(abs, finite))
    places = max(1, _READ_DIGITS - (len(str(int(largest))) if largest >= 1 else 0))
    labels = {value: f"{value:.{places}f}" for value in finite}
    is_lossless = len(set(labels.values())) == len(finite) and all(not n or float(labels[n]) for n in finite)
    return labels if is_lossless and largest < LARGEST_FIXED else {}


def text_of(value: Any) -> str:
    """Any value as a text on one line. An object that cannot be written as text is named by its type."""
    try:
        text = plain(value)
    except Exception as error:  # noqa: BLE001 - the text of an object runs its own code, which may raise anything
        return f"{type(value).__name__} without a text ({type(error).__name__})"
    return text if isinstance(value, str) else shorten(_ADDRESS.sub("", text), LONGEST_OBJECT)


def keys_of(values: Sequence[Any]) -> tuple[tuple[Any, ...], bool]:
    """Values by which rows can be grouped, and whether all of them were plain values to begin with.

    Scalars of numpy become those of Python; what has no hash becomes its text. True and 1 stay apart.

    Parameters
    ----------
    values:
        The values of a column, with None for missing ones.
    """
    plain_values = [value if value is None else as_python(value) for value in values]
    kinds = {type(value) for value in plain_values}
    if kinds <= {str, int, float, bool, type(None)}:
        if bool in kinds and kinds & {int, float}:
            plain_values = [str(value) if isinstance(value, bool) else value for value in plain_values]
        return tuple(plain_values), True
    keys = []
    is_plain = True
    for value in plain_values:
        hashed = _has_hash(value)
        is_plain &= hashed
        keys.append(value if hashed else text_of(value))
    return tuple(keys), is_plain


def _has_hash(value: Any) -> bool:
    try:
        hash(value)
        return bool(value == value)  # what is not equal to itself cannot be looked up
    except Exception:  # noqa: BLE001 - both run code of the value's own type, which may raise anything
        return False


def _untaken(label: str, own: str, value: Any, taken: set[str]) -> str:
    """A label that no other value has.

    Parameters
    ----------
    label:
        The label that the value would have.
    own:
        The value as text.
    value:
        The value.
    taken:
        The labels of other values.
    """
    if label not in taken:
        return label
    marked = [f"{label} ({own})"] if label != own else []
    marked += [f"{label} ({type(value).__name__})"]
    numbered = (f"{label} ({n})" for n in range(2, len(taken) + 3))
    return next(other for other in (*marked, *numbered) if other not in taken)
