"""Where the service's catalogue differs from what this version says of a model; and the model with both. Pure.

A new value of the catalogue becomes an allowed one (`with_news`). What the catalogue does not have any more stays
allowed: the service may still take it, and a sweep of last month must stay readable. Both are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from .clock import day
from .markup import count, plain, shorten
from .model import Evaluations, Model
from .model_schema import model_from_schema
from .parameter import Parameter
from .service.catalogue import CatalogueEntry
from .values import is_same

Kind = Literal[
    "deprecated",
    "unread",
    "new field",
    "missing field",
    "type",
    "new values",
    "missing values",
    "range",
    "default",
    "price",
]

PRICE_CHANGE = 0.1
"""A published average price moves from day to day. A change by less than this share is not told."""

NAMED = 4
"""Values that a line names, of each kind."""

_NOUNS = {"sampler_name": "sampler", "scheduler": "scheduler", "aspect_ratio": "ratio"}
"""What the values of a field are called; otherwise they are values of it."""


@dataclass(frozen=True)
class Difference:
    """One way in which the catalogue differs from this version.

    Attributes
    ----------
    kind:
        What differs.
    parameter:
        The request field; empty for the model as a whole.
    sentence:
        What is different, in full.
    short:
        The same in a few words.
    """

    kind: Kind
    parameter: str
    sentence: str
    short: str


def differences(ours: Model, entry: CatalogueEntry) -> tuple[Difference, ...]:
    """How the catalogue's entry of a model differs from what this version says of it.

    Parameters
    ----------
    ours:
        The model, as this version has it.
    entry:
        Its entry in the catalogue.
    """
    return tuple(_differences(ours, entry))


def in_one_line(found: Sequence[Difference], read_at: float) -> str:
    """Differences in a line for the plan; empty if there are none.

    Parameters
    ----------
    found:
        The differences.
    read_at:
        When the catalogue was read, in seconds since 1970 UTC.
    """
    if not found:
        return ""
    what = ", ".join(one.short for one in found)
    return f"The service's catalogue of {day(read_at)} differs from this version: {what}. segflux doctor says more"


def with_news(ours: Model, entry: CatalogueEntry) -> Model:
    """The model with what the catalogue alone knows: further values, wider ranges, and its price.

    New fields are not among it: a request has every field of this model, and would become another one.

    Parameters
    ----------
    ours:
        The model, as this version has it.
    entry:
        Its entry in the catalogue.
    """
    theirs = _theirs(entry)
    parameters = {
        name: _wider(one, theirs.parameters[name]) if name in theirs.parameters else one
        for name, one in ours.parameters.items()
    }
    sampler = parameters.get("sampler_name")
    new = {} if sampler is None else {name: _UNKNOWN for name in sampler.choices if name not in ours.samplers}
    made = replace(
        ours,
        parameters=MappingProxyType(parameters),
        samplers=MappingProxyType({**ours.samplers, **new}) if ours.samplers else ours.samplers,
        price=entry.price if entry.price is not None and _is_other_price(ours, entry) else ours.price,
    )
    return ours if made == ours else made


_UNKNOWN = Evaluations(1, bounded=False)
"""What a new sampler evaluates is not known, and so is its price."""


def _theirs(entry: CatalogueEntry) -> Model:
    """The catalogue's fields. A default that the schema itself does not allow says nothing of the other values."""
    schema = entry.schema
    fields = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(fields, Mapping):
        return model_from_schema("", schema)
    parts = {name: one if isinstance(one, Mapping) else {} for name, one in fields.items()}
    bare = {name: {word: said for word, said in one.items() if word != "default"} for name, one in parts.items()}
    # Under its own slug, the table of this version would be the answer.
    made = model_from_schema("", {**schema, "properties": bare})
    defaults = {name: replace(one, default=parts[name].get("default")) for name, one in made.parameters.items()}
    return replace(made, parameters=MappingProxyType(defaults))


def _differences(ours: Model, entry: CatalogueEntry) -> Iterator[Difference]:
    if entry.deprecated:
        yield Difference(
            "deprecated",
            "",
            f"The catalogue says that {ours.slug} is deprecated: it may go at any time, so run what you still need",
            "deprecated",
        )
    theirs = _theirs(entry)
    if not theirs.parameters:
        yield Difference(
            "unread",
            "",
            f"The catalogue says nothing of the fields of {ours.slug} that this version understands, so they are not"
            " compared",
            "fields that cannot be read",
        )
    else:
        for name, mine in ours.parameters.items():
            if name in theirs.parameters:
                yield from _of_field(mine, theirs.parameters[name])
            else:
                yield Difference("missing field", name, f"The catalogue has no field {name}", f"no {name}")
        for name, new in theirs.parameters.items():
            if name not in ours.parameters:
                yield _new_field(plain(name), new)
    if _is_other_price(ours, entry):
        was = "" if ours.price is None else f", and this version counts with ${ours.price:,.4f}"
        yield Difference(
            "price",
            "",
            f"The catalogue's price is ${entry.price:,.4f} for a call{was}",
            f"another price (${entry.price:,.4f})",
        )


def _is_other_price(ours: Model, entry: CatalogueEntry) -> bool:
    if entry.price is None:
        return False
    return ours.price is None or abs(entry.price - ours.price) > PRICE_CHANGE * ours.price


def _new_field(name: str, new: Parameter) -> Difference:
    must = ", which must be given: until this version knows it, requests may fail" if new.required else ""
    return Difference(
        "new field",
        name,
        f"The catalogue has a field {shorten(name, 60)}, not sent by this version: {_shown(new.allowed)}{must}",
        f"a new field {shorten(name, 30)}",
    )


def _of_field(mine: Parameter, other: Parameter) -> Iterator[Difference]:
    """The differences of one field.

    Parameters
    ----------
    mine:
        The field, as this version has it.
    other:
        The field in the catalogue.
    """
    name = mine.name
    if _is_number(mine) != _is_number(other) and other.kind != "any":
        yield Difference(
            "type",
            name,
            f"{name} is {_shown(other.allowed)} in the catalogue, and here {mine.allowed}",
            f"another type of {name}",
        )
        return
    if mine.choices and other.choices:
        yield from _of_values(mine, other)
    if _is_number(mine) and _is_number(other):
        for end, mine_end, other_end in (
            ("begins", mine.minimum, _first(other.minimum, other.above)),
            ("ends", mine.maximum, _first(other.maximum, other.below)),
        ):
            if mine_end is None or other_end is None or mine_end == other_end or _is_random_seed(name, other_end):
                continue
            yield Difference(
                "range",
                name,
                f"{name} {end} at {other_end:.10g} in the catalogue, and at {mine_end:.10g} here",
                f"another range of {name}",
            )
    is_told = not mine.required and other.default is not None and not _is_random_seed(name, other.default)
    if is_told and not is_same(mine.default, other.default):
        yield Difference(
            "default",
            name,
            f"{name} is {_shown(other.default)} in the catalogue if it is left out; requests of this version say"
            f" {mine.default} then, as before",
            f"another default of {name}",
        )


def _of_values(mine: Parameter, other: Parameter) -> Iterator[Difference]:
    name, noun = mine.name, _NOUNS.get(mine.name, f"value of {mine.name}")
    new = [plain(str(one)) for one in other.choices if one not in mine.choices]
    gone = [str(one) for one in mine.choices if one not in other.choices]
    if new:
        yield Difference(
            "new values",
            name,
            f"{name} may be {_listed(new)} too, by the catalogue: Sweep(model=ws.model(slug)) takes it",
            f"{_plural(len(new), noun, 'new')} ({_listed(new)})",
        )
    if gone:
        yield Difference(
            "missing values",
            name,
            f"The catalogue does not have {name} {_listed(gone)} any more: try one picture before a sweep",
            f"{_plural(len(gone), noun)} less ({_listed(gone)})",
        )


def _plural(number: int, noun: str, adjective: str = "") -> str:
    """A number of things.

    Parameters
    ----------
    number:
        How many.
    noun:
        What they are, for one.
    adjective:
        A word before them.
    """
    first, _, rest = noun.partition(" ")
    return f"{count(number, f'{adjective} {first}'.strip())}{f' {rest}' if rest else ''}"


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - NAMED:,} more" if len(values) > NAMED else ""
    return ", ".join(shorten(one, 40) for one in values[:NAMED]) + more


def _shown(value: Any) -> str:
    return shorten(plain(str(value)), 80)


def _first(*ends: float | None) -> float | None:
    return next((end for end in ends if end is not None), None)


def _is_number(parameter: Parameter) -> bool:
    return parameter.kind in ("integer", "number")


def _is_random_seed(name: str, value: Any) -> bool:
    """Whether a value is -1 for a seed: the service draws one then, which no sweep may ask for.

    Parameters
    ----------
    name:
        The field.
    value:
        A value, or the least one.
    """
    return name == "seed" and not isinstance(value, bool) and value == -1


def _wider(mine: Parameter, other: Parameter) -> Parameter:
    """A field with the values that the catalogue alone knows.

    Parameters
    ----------
    mine:
        The field, as this version has it.
    other:
        The field in the catalogue.
    """
    if mine.choices and other.choices:
        new = [one for one in other.choices if one not in mine.choices and isinstance(one, str)]
        return replace(mine, choices=(*mine.choices, *new)) if new else mine
    if not (_is_number(mine) and _is_number(other)):
        return mine
    least, most = _first(other.minimum, other.above), _first(other.maximum, other.below)
    if (
        least is not None
        and mine.minimum is not None
        and least < mine.minimum
        and not _is_random_seed(mine.name, least)
    ):
        mine = replace(mine, minimum=least)
    if most is not None and mine.maximum is not None and most > mine.maximum:
        mine = replace(mine, maximum=most)
    return mine
