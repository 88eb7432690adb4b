"""One cell's request and its identity.

The digest decides what is paid for: two requests with the same digest are the same picture. It is the sha256 of
canonical JSON: keys sorted, no spaces, whole numbers without a fraction. The JSON holds the model's slug, the
parameters that decide the picture, and the take. Of our own model these have the defaults filled in. Of every other
model they are what the user gave: the defaults of a schema can be wrong or change, and the same sweep must have the
same digests before and after its schema is known. It does not hold ``hardware`` (which changes
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
from ..paths import nested

RUN_DIGITS = 12
"""The length of a run's short name: the first characters of its digest."""


def canonical_json(data: Any) -> str:
    """JSON text that is the same for equal data.

    >>> canonical_json({"b": 1.0, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(integral(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


_DECIDING = frozenset(name for name, parameter in MODEL.parameters.items() if parameter.decides_picture)

_EXACT_INTEGER = 1 << 53


def _is_the_same_in_both(value: Value) -> bool:
    """Whether Python's JSON and orjson write a value alike: not so for numbers with an exponent or many digits."""
    if type(value) is float:
        return 1e-3 <= math.fabs(value) < 1e9
    return type(value) is str or (type(value) is int and -_EXACT_INTEGER < value < _EXACT_INTEGER)


def integral(data: Any) -> Any:
    """The same data with whole numbers as integers."""
    if isinstance(data, float):  # the most frequent types are tested first
        return int(data) if data.is_integer() else data
    if isinstance(data, str | int):
        return data
    if isinstance(data, Mapping):
        return {key: integral(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [integral(value) for value in data]
    return data


@dataclass(frozen=True)
class Request:
    """The request for one cell.

    Parameters, labels and placeholders are attributes too: ``request.lora_strength``.

    Attributes
    ----------
    parameters:
        All request fields as they are sent, defaults included where we know the model's own; those inside lists and
        objects by their paths, such as ``loras[0].scale``.
    take:
        0 for the first picture; 1 and more for repetitions that the user paid for on purpose.
    labels:
        What the sweep adds: values of placeholders, and the label of a value as ``<parameter>_label``. Labels are
        not part of the identity.
    model:
        The slug of the model.
    """

    parameters: Mapping[str, Value]
    take: int = 0
    labels: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    model: str = MODEL.slug

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
        return type(self), (dict(self.parameters), self.take, dict(self.labels), self.model)

    @cached_property
    def digest(self) -> str:
        """The identity: 64 hexadecimal digits."""
        if self.model != MODEL.slug:
            identity = {"model": self.model, "parameters": nested(self.parameters), "take": self.take}
            return hashlib.sha256(canonical_json(identity).encode()).hexdigest()
        deciding = {
            name: int(value) if type(value) is float and value.is_integer() else value
            for name, value in self.parameters.items()
            if name in _DECIDING
        }
        identity = {"model": self.model, "parameters": deciding, "take": self.take}
        if all(map(_is_the_same_in_both, deciding.values())):  # a sweep may have many cells
            with suppress(orjson.JSONEncodeError):  # half of a character
                return hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).hexdigest()
        return hashlib.sha256(canonical_json(identity).encode()).hexdigest()

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object to submit. It has every field of `parameters`, and no other."""
        body: dict[str, Any] = integral(nested(self.parameters))
        return body

    def again(self, take: int) -> Request:
        """The same request as another take, which is another picture.

        Parameters
        ----------
        take:
            The number of the repetition.
        """
        return replace(self, take=take)


def differences(one: Request, other: Request) -> list[str]:
    """The parameters in which two requests differ; those that one of them does not have are among them."""
    names = dict.fromkeys((*one.parameters, *other.parameters))
    return [name for name in names if _value(one, name) != _value(other, name)]


def _value(request: Request, name: str) -> Any:
    """A value that tells an absent parameter from null."""
    return (request.parameters[name],) if name in request.parameters else None
