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
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from ..model import MODEL, Value
from ..paths import nested
from ..values import shown

RUN_DIGITS = 12
"""The length of a run's short name: the first characters of its digest."""


def canonical_json(data: Any) -> str:
    """JSON text that is the same for equal data.

    >>> canonical_json({"b": 1.0, "a": "é"})
    '{"a":"é","b":1}'
    """
    return _CANONICAL.encode(integral(data))


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


_NONE: Mapping[str, Value] = MappingProxyType({})


class _Entries(dict[Any, str]):
    """The entries of a parameter in canonical JSON, by its value: a sweep has few values, each many times."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __missing__(self, value: Value) -> str:
        entry = canonical_json({self.name: value})[1:-1]
        if len(self) >= MOST_VALUES:
            self.clear()
        self[value] = entry
        return entry


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


MOST_VALUES = 5_000
"""Of each parameter, the entries of this many values are kept."""

_SLUG = canonical_json(MODEL.slug)
_DECIDING = sorted(name for name, parameter in MODEL.parameters.items() if parameter.decides_picture)
_ENTRIES = [_Entries(name) for name in _DECIDING]
_values_of = itemgetter(*_DECIDING)


def _deciding(parameters: Mapping[str, Value]) -> str:
    """The entries of the parameters that decide the picture, as canonical JSON has them in an object."""
    try:
        values = _values_of(parameters)
        entries = [known[value] for known, value in zip(_ENTRIES, values, strict=True)]
    except (KeyError, TypeError):  # a log from somebody else may say anything, and a list has no hash
        entries = []
    if not entries or bool in map(type, values):  # True was found as 1
        return canonical_json({name: parameters[name] for name in _DECIDING if name in parameters})[1:-1]
    return ",".join(entries)


@dataclass(frozen=True, init=False)
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
    take: int
    labels: Mapping[str, Value] = field(compare=False)
    model: str

    def __init__(
        self,
        parameters: Mapping[str, Value],
        take: int = 0,
        labels: Mapping[str, Value] = _NONE,
        model: str = MODEL.slug,
    ) -> None:
        own = self.__dict__  # a sweep has many cells: the initialiser of a frozen dataclass takes twice as long
        own["parameters"] = MappingProxyType(dict(parameters))
        own["take"] = take
        own["labels"] = MappingProxyType(dict(labels)) if labels else _NONE
        own["model"] = model

    def __getattr__(self, name: str) -> Any:  # text or number: a type checker cannot know which
        if not name.startswith("__"):
            for source in ("parameters", "labels"):
                values: Mapping[str, Value] = self.__dict__.get(source, {})
                if name in values:
                    return values[name]
        raise AttributeError(f"A request has no {name!r}. It has {', '.join(self.__dict__.get('parameters', ()))}.")

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        values = {**self.parameters, **self.labels, **({"take": self.take} if self.take else {})}
        own = [] if self.model == MODEL.slug else [f"model={self.model!r}"]
        return f"Request({', '.join([*own, *(f'{name}={shown(value)}' for name, value in values.items())])})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self.parameters), self.take, dict(self.labels), self.model)

    @cached_property
    def digest(self) -> str:
        """The identity: 64 hexadecimal digits."""
        if self.model != MODEL.slug:
            named = {"model": self.model, "parameters": nested(self.parameters), "take": self.take}
            return hashlib.sha256(canonical_json(named).encode()).hexdigest()
        identity = f'{{"model":{_SLUG},"parameters":{{{_deciding(self.parameters)}}},"take":{self.take}}}'
        return hashlib.sha256(identity.encode()).hexdigest()

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
