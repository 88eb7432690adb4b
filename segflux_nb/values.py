"""Values as notebooks have them, as plain values of Python.

Numbers and text come out of frames and arrays as numpy and pandas scalars, out of configurations as members of an
`enum.Enum`, and out of money and ranges as `Decimal` and `Fraction`. SQLite, JSON and comparisons treat these in ways
of their own: an ``int64`` becomes a BLOB, the text of a `str` enum becomes the name of its member. So each public
argument passes one of these functions first.
"""

from __future__ import annotations

import enum
import math
import numbers
import os
import struct
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

BYTES = (bytes, bytearray, memoryview)
"""Types of raw bytes. They can be iterated over, but nobody means their numbers."""

MOST_SHOWN = 200
"""The most characters of what a user gave that an error shows."""

_MISSING = {"NAType", "NaTType", "MaskedConstant"}
"""The types of ``pandas.NA``, ``pandas.NaT`` and ``numpy.ma.masked``, by name: neither library is loaded for this."""


class OtherProgram:
    """A value that a picture of another program has, and that our model does not take.

    Such a value is a text or a number like others. `Sweep` leaves it out and says so, where it would refuse one that
    a person has written.
    """

    __slots__ = ()


class _OtherText(str, OtherProgram):
    pass


class _OtherInteger(int, OtherProgram):
    pass


class _OtherFloat(float, OtherProgram):
    pass


def of_other_program(value: str | int | float) -> str | int | float:
    """The same value, marked as one that our model does not take.

    >>> of_other_program(3.5), isinstance(of_other_program("blurry"), OtherProgram)
    (3.5, True)
    """
    kind = _OtherText if isinstance(value, str) else _OtherFloat if isinstance(value, float) else _OtherInteger
    return kind(value)


def as_python(value: Any) -> Any:
    """The value as a plain `str`, `int`, `float`, `bool` or None. What is no such scalar stays as it is.

    None stands for a missing value of pandas or numpy, apart from NaN, which stays a number.

    >>> import fractions
    >>> as_python(Decimal("0.5")), as_python(fractions.Fraction(1, 2)), as_python(Decimal(4))
    (0.5, 0.5, 4)
    """
    if type(value) in (str, int, float, bool):  # the most frequent types are tested first
        return value
    if type(value).__name__ in _MISSING:
        return None
    if isinstance(value, enum.Enum) and isinstance(value, str | int | float):
        return as_python(value.value)
    if callable(getattr(value, "item", None)) and getattr(value, "shape", None) == ():
        return _of_array(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Decimal):
        return _number_of_decimal(value)
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return _float(value)
    return value


def as_number(value: Any) -> float | int:
    """The value as a number.

    Raises
    ------
    ValueError
        If it is not a number, or it is NaN. Booleans are not numbers.
    """
    plain = as_python(value)
    if isinstance(plain, bool) or not isinstance(plain, int | float) or plain != plain:
        raise ValueError(f"{shown(value)} is not a number")
    return plain


def as_integer(value: Any) -> int:
    """The value as an integer.

    Raises
    ------
    ValueError
        If it is not an integer. 4.0, as frames have it, is one; a boolean is not.

    >>> as_integer(4.0)
    4
    """
    number = as_number(value)
    if isinstance(number, float) and not number.is_integer():
        raise ValueError(f"{shown(value)} is not an integer")
    return int(number)


def as_text(value: Any) -> str:
    """The value as text.

    Raises
    ------
    ValueError
        If it is not text, or it holds a half of a surrogate pair, which no file and no request can hold.
    """
    plain = as_python(value)
    if not isinstance(plain, str):
        raise ValueError(f"{shown(value)} is not text")
    if not is_encodable(plain):
        raise ValueError(f"{shown(value)} holds half a character")
    return plain


def as_path(value: Any) -> Path:
    """The value as a path: the one place where ``~`` and ``~name`` become the home folder of a user.

    The result never begins with ``~``: it can be given again, also as text.

    Raises
    ------
    ValueError
        If it is neither text nor a path, no file can have such a name, or there is no such user.
    """
    plain = as_python(value)
    if isinstance(plain, os.PathLike):
        plain = os.fspath(plain)
    if not isinstance(plain, str):
        raise ValueError(f"{shown(value)} is not the path of a file or folder")
    if not plain.strip():
        raise ValueError("it is empty")
    if "\0" in plain:
        raise ValueError("a path has no null character")
    try:
        os.fsencode(plain)
    except UnicodeEncodeError:
        raise ValueError(f"no file can be called {shown(plain)}") from None
    path = Path(plain)
    if not str(path).startswith("~"):
        return path
    if not plain.startswith("~"):  # written as ./~, which pathlib shortens
        return path.absolute()
    home = Path(os.path.expanduser(plain))
    if str(home).startswith("~"):
        name = path.parts[0][1:]
        why = f"this machine has no user {shown(name)}" if name else "your home folder is not known"
        raise ValueError(f"{why}; what is really called so is written {shown(f'./{plain}')}")
    return home


def is_encodable(text: str) -> bool:
    """Whether a text can be written as UTF-8: it holds no half of a surrogate pair.

    >>> is_encodable("fox \\ud83d")
    False
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_missing(value: Any) -> bool:
    """Whether a value stands for nothing: None, NaN, ``pandas.NA``, ``NaT``."""
    plain = as_python(value)
    return plain is None or (isinstance(plain, float) and math.isnan(plain))


def several(value: Any) -> list[Any] | None:
    """The values in a list, array, Series, range or the like; None for what is one value.

    >>> several((1, 2)), several(range(2)), several("euler"), several(5)
    ([1, 2], [0, 1], None, None)
    """
    value = as_python(value)
    if isinstance(value, (str, Mapping, *BYTES)) or not isinstance(value, Iterable):
        return None
    try:
        return list(value)
    except TypeError:  # an array without dimensions
        return None


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal. An array is equal to nothing.

    Parameters
    ----------
    one:
        A value.
    other:
        Another one, such as what a user gave.
    """
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - a user's object; arrays have no truth value
        return False


def shown(value: Any, most: int = MOST_SHOWN) -> str:
    """What a user gave, as a part of an error: on one line, not too long, and never an error of its own.

    Parameters
    ----------
    value:
        What the user gave.
    most:
        The most characters of the result.

    >>> shown("x" * 1000, 5), len(shown(10**5000)) < 201
    ("'xxx…", True)
    """
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - a user's object; and Python shows no integer of more than 4,300 digits
        text = f"<{type(value).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _of_array(value: Any) -> Any:
    """A scalar of numpy, or an array without dimensions, as a plain value. Dates and times stay: they are no numbers.

    A number of 32 or 16 bits becomes the shortest decimal that stands for it: 0.7 and not 0.699999988079071.
    """
    dtype = getattr(value, "dtype", None)
    kind = getattr(dtype, "kind", "")
    if kind in ("m", "M"):
        return value
    if kind == "f":
        return _shortest(float(value), getattr(dtype, "itemsize", 8))
    inner = value.item()
    return inner if type(inner) is type(value) else as_python(inner)


def _shortest(number: float, size: int) -> float:
    """The shortest decimal that is this number where numbers have this many bytes."""
    form = {2: "e", 4: "f"}.get(size)
    if form is None or not math.isfinite(number) or number.is_integer():
        return number
    for digits in range(1, 10):
        candidate = float(f"{number:.{digits}g}")
        try:
            if struct.unpack(form, struct.pack(form, candidate))[0] == number:
                return candidate
        except OverflowError:  # rounded up, beyond the largest number of this size
            continue
    return number


def _number_of_decimal(value: Decimal) -> int | float:
    # No step depends on the decimal context of the notebook, as a comparison or an operation would.
    if value.is_nan():
        return math.nan
    number = float(value)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
