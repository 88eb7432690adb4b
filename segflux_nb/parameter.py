"""One request field of a model as data: its type, its range, and what is sent for a value that is given. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .input_pictures import is_given, text_for
from .paths import DEEPEST, MOST_IN_A_LIST, Part
from .values import as_python, is_encodable

Value = str | int | float
Kind = Literal["text", "integer", "number", "choice", "boolean", "picture", "list", "object", "any"]

Way = Literal["base64", "data", "url"]

_IN_WORDS = {
    "text": "text",
    "boolean": "True or False",
    "picture": "a picture: a file, a Pillow image, its URL, or data in base64",
    "list": "a list",
    "object": "an object: a dictionary",
    "any": "text, a number, True, False, a list or a dictionary",
}

DECIMALS = 6
"""The number of decimals to which floats are rounded before they are digested, sent or labelled."""

NOISE = 1e-12
"""A float that is nearer to zero is what arithmetic left of zero."""


@dataclass(frozen=True)
class Parameter:
    """One request field, or a part of one that is a list or an object.

    Attributes
    ----------
    name:
        The service's name of the field.
    kind:
        Its type. ``any`` is a field of which nothing is known: every value is sent as it is given.
    default:
        The default on the service's page; None if there is none.
    meaning:
        What it does.
    minimum:
        The least value of an integer or number that is allowed; None if there is no least one.
    maximum:
        The greatest value that is allowed.
    choices:
        The allowed values, if they are listed.
    decides_picture:
        False if the value changes cost and speed but not the picture. Such a field is not part of a request's
        identity, and it is not an axis.
    required:
        True if the user must give a value, because no default is useful.
    above:
        Numbers must be greater than this one.
    below:
        Numbers must be less than this one.
    nullable:
        Whether the field may be null.
    items:
        What each value of a list is.
    fields:
        What an object has, by name.
    is_open:
        Whether an object may have other names.
    sent_as:
        How a picture is sent: in ``base64``, as a ``data`` URL, or by the ``url`` at which it was stored first.
    fewest:
        The least number of values that a list has, or of characters that a text has.
    most:
        The greatest number of them; None if there is none.
    """

    name: str
    kind: Kind
    default: Any
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    decides_picture: bool = True
    required: bool = False
    above: float | None = None
    below: float | None = None
    nullable: bool = False
    items: Parameter | None = None
    fields: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    is_open: bool = True
    sent_as: Way = "base64"
    fewest: int = 0
    most: int | None = None

    @property
    def allowed(self) -> str:
        """The allowed values in words.

        >>> Parameter("steps", "integer", 25, "Steps.", minimum=1, maximum=100).allowed
        'an integer from 1 to 100'
        """
        if self.choices:
            return "one of " + ", ".join(str(choice) for choice in self.choices)
        if self.kind in _IN_WORDS:
            return f"{_IN_WORDS[self.kind]}{self._length}"
        ends = [f"from {self.minimum:.10g}"] if self.minimum is not None else []
        ends += [f"above {self.above:.10g}"] if self.above is not None else []
        ends += [f"to {self.maximum:.10g}"] if self.maximum is not None else []
        ends += [f"below {self.below:.10g}"] if self.below is not None else []
        return " ".join(["an integer" if self.kind == "integer" else "a number", *ends])

    @property
    def _length(self) -> str:
        """How long a list or a text may be, in words; empty if it may have any length."""
        if self.kind not in ("list", "text") or (not self.fewest and self.most is None):
            return ""
        noun = "value" if self.kind == "list" else "character"
        last = self.fewest if self.most is None else self.most
        nouns = f"{last:,} {noun}{'' if last == 1 else 's'}"
        if self.most is None:
            return f" of {nouns} or more"
        if self.fewest == self.most:
            return f" of {nouns}"
        return f" of {f'{self.fewest:,} to' if self.fewest else 'at most'} {nouns}"

    def _checked_length(self, length: int) -> None:
        if length < self.fewest or (self.most is not None and length > self.most):
            raise ValueError(f"it must be {self.allowed}, and it has {length:,}")

    def normalise(self, value: object) -> Any:
        """The value as it is digested, sent and labelled.

        Parameters
        ----------
        value:
            The value that was given.

        Raises
        ------
        ValueError
            If the value has the wrong type or is outside the allowed range. The text says which.

        >>> Parameter("strength", "number", 1.0, "How strong.").normalise(0.30000000000000004)
        0.3
        """
        return self._normalised(value, 0)

    def _normalised(self, value: object, depth: int) -> Any:
        plain = as_python(value)
        if plain is None and (self.nullable or self.kind == "any"):
            return None
        if depth > DEEPEST:
            raise ValueError(f"lists and objects are nested more than {DEEPEST} deep")
        if self.choices:
            return self._chosen(plain, value)
        if self.kind == "any":
            return self._whatever(plain, depth)
        if self.kind == "list":
            return self._list(plain, depth)
        if self.kind == "object":
            return self._object(plain, depth)
        if self.kind == "boolean":
            if not isinstance(plain, bool):
                raise self._wrong(value)
            return plain
        if self.kind == "picture" and is_given(plain):
            return text_for(plain)
        if self.kind in ("text", "picture", "choice"):
            if not isinstance(plain, str):
                raise self._wrong(value)
            if not is_encodable(plain):
                raise ValueError(f"it must be {self.allowed}")
            self._checked_length(len(plain))
            return plain
        if isinstance(plain, bool) or not isinstance(plain, int | float):
            raise self._wrong(value)
        return self._number(plain)

    def _wrong(self, value: object) -> ValueError:
        return ValueError(f"it must be {self.allowed}, not {type(value).__name__}")

    def _chosen(self, plain: Any, value: object) -> Any:
        for choice in self.choices:
            if choice == plain and isinstance(choice, bool) == isinstance(plain, bool):
                return choice
        if isinstance(plain, float) and math.isfinite(plain):
            for choice in self.choices:
                if isinstance(choice, int | float) and choice == round(plain, DECIMALS):
                    return choice
        raise ValueError(f"it must be {self.allowed}") if isinstance(plain, str) else self._wrong(value)

    def _number(self, plain: int | float) -> int | float:
        if isinstance(plain, float):
            if not math.isfinite(plain):
                raise ValueError(f"it must be {self.allowed}")
            if self.kind == "integer":
                if not plain.is_integer():
                    raise ValueError(f"it must be {self.allowed}")
                plain = int(plain)
        result = rounded(float(plain)) if self.kind != "integer" and _is_small(plain) else plain
        if self._is_in_range(result):
            return result
        if self._is_in_range(plain):  # rounding alone has led out of the range
            return plain
        raise ValueError(f"it must be {self.allowed}")

    def _is_in_range(self, number: int | float) -> bool:
        return (
            (self.minimum is None or number >= self.minimum)
            and (self.maximum is None or number <= self.maximum)
            and (self.above is None or number > self.above)
            and (self.below is None or number < self.below)
        )

    def _list(self, plain: Any, depth: int) -> list[Any]:
        if not isinstance(plain, list | tuple):
            raise self._wrong(plain)
        if len(plain) > MOST_IN_A_LIST:
            raise ValueError(f"it has {len(plain):,} values, and at most {MOST_IN_A_LIST:,} are sent")
        self._checked_length(len(plain))
        item = self.items or ANY
        return [_inside(f"[{at}]", item, one, depth) for at, one in enumerate(plain)]

    def _object(self, plain: Any, depth: int) -> dict[str, Any]:
        if not isinstance(plain, Mapping) or not all(isinstance(key, str) and is_encodable(key) for key in plain):
            raise self._wrong(plain)
        if unknown := [key for key in plain if key not in self.fields and not self.is_open]:
            raise ValueError(f"it has {unknown[0]!r}, and there is {', '.join(self.fields) or 'nothing else'}")
        if missing := [name for name, inner in self.fields.items() if inner.required and name not in plain]:
            raise ValueError(f"it has no {missing[0]!r}")
        return {key: _inside(f".{key}", self.fields.get(key, ANY), one, depth) for key, one in plain.items()}

    def _whatever(self, plain: Any, depth: int) -> Any:
        if isinstance(plain, Mapping):
            return replace(self, fields={}, is_open=True)._object(plain, depth)
        if isinstance(plain, list | tuple):
            return replace(self, items=None)._list(plain, depth)
        if isinstance(plain, bool):
            return plain
        if isinstance(plain, int | float):
            return self._number(plain) if isinstance(plain, float) else plain
        if isinstance(plain, str) and is_encodable(plain):
            return plain
        if is_given(plain):
            raise ValueError("nothing says that it takes a picture: give model=ws.model(...), a URL, or base64")
        raise self._wrong(plain)

    def at(self, parts: Sequence[Part]) -> Parameter | None:
        """The part of a list or an object that a path leads to; None if there is none.

        Parameters
        ----------
        parts:
            The keys and places after the field's own name.
        """
        if not parts:
            return self
        if self.kind == "any":
            return ANY
        step, *rest = parts
        if isinstance(step, int):
            is_there = self.kind == "list" and (self.most is None or step < self.most)
            return (self.items or ANY).at(rest) if is_there else None
        inner = self.fields.get(step, ANY if self.is_open else None) if self.kind == "object" else None
        return None if inner is None else inner.at(rest)


def rounded(number: float) -> float:
    """A float as it is digested, sent and labelled: rounded to 6 decimals.

    What arithmetic leaves of zero, such as 1e-17, is zero.

    Parameters
    ----------
    number:
        A finite number.

    Raises
    ------
    ValueError
        If it is small and not zero: rounding would make another value of it.
    """
    result = round(number, DECIMALS) + 0.0  # + 0.0 makes zero of minus zero
    if result == 0 and math.fabs(number) > NOISE:
        raise ValueError(f"numbers are rounded to {DECIMALS} decimals, which would make 0 of it")
    return result


def _is_small(number: int | float) -> bool:
    try:
        return math.isfinite(float(number))
    except OverflowError:
        return False


def _inside(where: str, inner: Parameter, value: object, depth: int) -> Any:
    try:
        return inner._normalised(value, depth + 1)
    except ValueError as error:
        text = str(error)
        raise ValueError(f"{where}{text}" if text.startswith(("[", ".")) else f"{where}: {text}") from None


ANY = Parameter("any", "any", None, "A field of which nothing is known.")
"""What takes every value."""
