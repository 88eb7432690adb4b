"""One cell's request and its identity.

The digest decides what is paid for: two requests with one digest are one picture. It is the sha256 of canonical
JSON (keys sorted, no spaces, integral numbers without a fraction) of the model's slug, the parameters that decide
the picture with defaults filled in, and the take. Not part of it: ``hardware`` (it changes speed and price only),
labels, order, folders, time-outs, the service. ``tests/golden/digests.json`` holds examples that never change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

from ..model import MODEL, Value

RUN_DIGITS = 12
"""A run's short name is so much of the beginning of its digest."""


def canonical_json(data: Any) -> str:
    """JSON text that is the same for equal data.

    >>> canonical_json({"b": 1.0, "a": "é"})
    '{"a":"é","b":1}'
    """
    return json.dumps(_integral(data), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _integral(data: Any) -> Any:
    if isinstance(data, float):  # first what is most frequent
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
    """What is asked of the service for one cell.

    Parameters are attributes too: ``request.lora_strength``. So are the sweep's labels and placeholders.

    Attributes
    ----------
    parameters:
        All request fields, normalised, defaults filled in.
    take:
        0, or the number of a repetition that the user paid for on purpose.
    labels:
        What the sweep says about the cell: values of placeholders, and labels of values under
        ``<parameter>_label``. No part of the identity.
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
        raise AttributeError(f"a request has no {name!r}; it has {', '.join(self.__dict__.get('parameters', ()))}")

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self.parameters), self.take, dict(self.labels))

    @cached_property
    def digest(self) -> str:
        """The identity: 64 hexadecimal digits."""
        deciding = {name: value for name, value in self.parameters.items() if MODEL.parameters[name].decides_picture}
        identity = {"model": MODEL.slug, "parameters": deciding, "take": self.take}
        return hashlib.sha256(canonical_json(identity).encode()).hexdigest()

    @property
    def body(self) -> dict[str, Value]:
        """The body of the submit: every field, since the service's own defaults may be mere placeholders."""
        body: dict[str, Value] = _integral(self.parameters)
        return body

    def again(self, take: int) -> Request:
        """The same request as another take, which is another picture."""
        return replace(self, take=take)
