"""One cell's request and its identity.

The digest decides what is paid for: two requests with the same digest are the same picture. It is the sha256 of
canonical JSON: keys sorted, no spaces, whole numbers without a fraction. The JSON holds the model's slug, the
parameters that decide the picture (defaults filled in), and the take. It does not hold ``hardware`` (which changes
only speed and price), labels, order, folders, time-outs, or the service. ``tests/golden/digests.json`` has examples
that never change.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import orjson

from ..model import MODEL, Value

RUN_DIGITS = 12
"""The length of a run's short name: the first characters of its digest."""


def canonical_json(data: Any) -> str:
    """JSON text that is the same for equal data.

    >>> canonical_json({"b": 1.0, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(_integral(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


_DECIDING = frozenset(name for name, parameter in MODEL.parameters.items() if parameter.decides_picture)

_EXACT_INTEGER = 1 << 53


def _is_the_same_in_both(value: Value) -> bool:
    """Whether Python's JSON and orjson write a value alike: not so for numbers with an exponent or many digits."""
    if type(value) is float:
        return 1e-3 <= math.fabs(value) < 1e9
    return type(value) is str or (type(value) is int and -_EXACT_INTEGER < value < _EXACT_INTEGER)


def _integral(data: Any) -> Any:
    if isinstance(data, float):  # the most frequent types are tested first
        return int(data) if data.is_integer() else data
    if isinstance(data, str | int):
        return data
    if isinstance(data, Mapping):
        return {key: _integral(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_integral(value) for value in data]
    return data


@dataclass(frozen=True)
class Request:
    """The request for one cell.

    Parameters, labels and placeholders are attributes too: ``request.lora_strength``.

    Attributes
    ----------
    parameters:
        All request fields as they are sent, defaults included.
    take:
        0 for the first picture; 1 and more for repetitions that the user paid for on purpose.
    labels:
        What the sweep adds: values of placeholders, and the label of a value as ``<parameter>_label``. Labels are
        not part of the identity.
    """

    parameters: Mapping[str, Value]
    take: int = 0
    labels: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}), compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        object.__setattr__(self, "labels", MappingProxyType(dict(self.labels)))

    def __getattr__(self, name: str) -> Value:
        if not name.startswith("__"):
            for source in ("parameters", "labels"):
                values: Mapping[str, Value] = self.__dict__.get(source, {})
                if name in values:
                    return values[name]
        raise AttributeError(f"A request has no {name!r}. It has {', '.join(self.__dict__.get('parameters', ()))}.")

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self.parameters), self.take, dict(self.labels))

    @cached_property
    def digest(self) -> str:
        """The identity: 64 hexadecimal digits."""
        deciding = {
            name: int(value) if type(value) is float and value.is_integer() else value
            for name, value in self.parameters.items()
            if name in _DECIDING
        }
        identity = {"model": MODEL.slug, "parameters": deciding, "take": self.take}
        if all(map(_is_the_same_in_both, deciding.values())):  # a sweep may have many cells
            with suppress(orjson.JSONEncodeError):  # half of a character
                return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()
        return hashlib.sha256(canonical_json(identity).encode()).hexdigest()

    @property
    def body(self) -> dict[str, Value]:
        """The JSON object to submit. It has every field, because the service's own defaults can change."""
        body: dict[str, Value] = _integral(self.parameters)
        return body

    def again(self, take: int) -> Request:
        """The same request as another take, which is another picture.

        Parameters
        ----------
        take:
            The number of the repetition.
        """
        return replace(self, take=take)
