"""The service's catalogue: from the bytes of its list to models as data. Pure.

How the list is built is not published, and clients have seen several forms: a list, an object with ``models``, an
object with a long name for its list, and the request fields as a JSON schema or as the older list of ``metadata``. So
an entry is known by the names that it has. What an entry contains ends at most that entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import AnswerLost
from ..markup import plain, shorten
from ..model import is_slug
from .json_reader import UNREADABLE, number, read_json, text
from .transport import HttpResponse
from .wire import is_success, service_error

PATH = "/inference-model-information/list"
"""Where the list is, at the host of the history."""

QUERY = {"segmind_model": "True"}

LONG_NAME = "Inference Segmind Model Information List With Details"
"""The name that the hosted service gives its list, by clients that read it."""

MOST_BYTES = 32 << 20
MOST_ENTRIES = 5000
MOST_SCHEMA = 300_000
"""Characters of the schema of one model, as JSON."""

_LONGEST = {"title": 200, "kind": 60}
_LISTS = (LONG_NAME, "models", "data", "results", "items", "list")
_SLUGS = ("slug", "model_slug", "model_id")
_TITLES = ("title", "name", "display_name")
_KINDS = ("type", "model_type", "category")
_DEPRECATED = ("is_depreciated", "is_deprecated", "deprecated", "depreciated")
_SCHEMAS = ("parameters_schema", "parameters")
_PRICES = ("price", "cost", "avg_cost", "average_cost", "avg_price", "average_price", "cost_per_call")
_SECONDS = ("seconds", "avg_latency", "average_latency", "latency", "average_time", "avg_time", "inference_time")

_MOST_DOLLARS, _MOST_SECONDS = 1000.0, 86_400.0
_AMOUNT = re.compile(r"\s*~?\s*\$?\s*([0-9.eE+-]+)\s*(?:\$|USD|s|sec|secs|seconds)?\s*", re.IGNORECASE)

_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0", "")


@dataclass(frozen=True)
class CatalogueEntry:
    """One model of the catalogue.

    Attributes
    ----------
    slug:
        Its name in the service's URLs.
    title:
        Its name for people; the slug where it has none.
    kind:
        What it makes of what, in the service's own word: ``textToImage``. Empty if unknown.
    price:
        US dollars of one call; None if unknown.
    seconds:
        Seconds of one call; None if unknown.
    deprecated:
        Whether the service says that it will go.
    schema:
        What the service says of its request fields, as it says it: a JSON schema, or the older ``parameters``. None
        if it says nothing.
    known:
        What is known of it, a few words each: where its request fields are from, and what could not be understood.
    versions:
        The versions of the API that answer for it, such as ``v2``; empty if unknown.
    """

    slug: str
    title: str
    kind: str
    price: float | None
    seconds: float | None
    deprecated: bool
    schema: Any
    known: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """What a service offers.

    Attributes
    ----------
    entries:
        Its models by their slugs, in the service's order.
    read_at:
        When it was read, in seconds since 1970 UTC.
    left_out:
        What of the list is no model that can be asked for, a sentence each.
    """

    entries: Mapping[str, CatalogueEntry]
    read_at: float
    left_out: tuple[str, ...] = ()


def read_catalogue(response: HttpResponse, now: float) -> Catalogue:
    """The catalogue out of the service's answer.

    Parameters
    ----------
    response:
        The answer.
    now:
        The current time, in seconds since 1970 UTC.

    Raises
    ------
    ServiceError, AnswerLost
        The answer is an error, or has no list of models.
    """
    if not is_success(response):
        raise service_error(response, now)
    if len(response.body) > MOST_BYTES:
        raise AnswerLost(f"The catalogue of the service is larger than {MOST_BYTES >> 20} MB")
    return catalogue_of(read_json(response.body), now)


def catalogue_of(value: Any, now: float) -> Catalogue:
    """The catalogue out of a value as JSON has it.

    Parameters
    ----------
    value:
        The list, in any of its envelopes.
    now:
        When it was read, in seconds since 1970 UTC.

    Raises
    ------
    AnswerLost
        It has no list of models.

    Example
    -------
    >>> list(catalogue_of({"models": [{"slug": "sdxl", "type": "textToImage"}]}, 0.0).entries)
    ['sdxl']
    """
    listed = None if value is UNREADABLE else _list_in(value)
    if listed is None:
        raise AnswerLost("The catalogue of the service has no list of models")
    entries: dict[str, CatalogueEntry] = {}
    strange = twice = 0
    for each in listed[:MOST_ENTRIES]:
        entry = entry_of(each)
        if entry is None:
            strange += 1
        elif entry.slug in entries:
            twice += 1
        else:
            entries[entry.slug] = entry
    if not entries:
        raise AnswerLost("The catalogue of the service names no model that can be asked for")
    counted = (
        (strange, "without a name that an address can have"),
        (twice, "whose name an earlier one has"),
        (len(listed) - MOST_ENTRIES, f"beyond the first {MOST_ENTRIES:,}"),
    )
    left_out = tuple(f"{of:,} of {len(listed):,} entries {why}" for of, why in counted if of > 0)
    return Catalogue(entries, now, left_out)


def entry_of(value: Any) -> CatalogueEntry | None:
    """One model out of an object of the list; None if it has no slug that an address can have.

    Parameters
    ----------
    value:
        What the list has in one place.

    Example
    -------
    >>> entry_of({"slug": "old", "is_depreciated": "True", "parameters": {"metadata": []}}).deprecated
    True
    """
    if not isinstance(value, dict):
        return None
    slug = next((found for found in map(text, _values(value, _SLUGS)) if found), "").strip()
    if not is_slug(slug):
        return None
    known: list[str] = []
    schema, deprecated = _schema(value, known), _deprecated(value, known)
    price = _figure(value, _PRICES, _MOST_DOLLARS, "price", known)
    seconds = _figure(value, _SECONDS, _MOST_SECONDS, "time", known)
    title, kind = _words(value, _TITLES, "title") or slug, _words(value, _KINDS, "kind")
    listed = value.get("api_versions")
    versions = tuple(text(one)[:10] for one in listed[:9]) if isinstance(listed, list) else ()
    return CatalogueEntry(slug, title, kind, price, seconds, deprecated, schema, tuple(known), versions)


def _list_in(value: Any, levels: int = 2) -> list[Any] | None:
    """The list of models in its envelope; None if there is none.

    Parameters
    ----------
    value:
        The envelope, or the list itself.
    levels:
        How many envelopes may be around it.
    """
    if isinstance(value, list):
        return value
    if not isinstance(value, dict) or not levels:
        return None
    lists: list[list[Any]] = [value[name] for name in _LISTS if isinstance(value.get(name), list)]
    lists += [inner for inner in value.values() if isinstance(inner, list)]
    of_objects = [inner for inner in lists if any(isinstance(one, dict) for one in inner[:MOST_ENTRIES])]
    if of_objects or lists:
        return (of_objects or lists)[0]
    inside = (_list_in(inner, levels - 1) for inner in value.values() if isinstance(inner, dict))
    return next((found for found in inside if found is not None), None)


def _values(value: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Any]:
    """What an entry says under some names.

    Parameters
    ----------
    value:
        The entry.
    names:
        The names, the likeliest first.
    """
    return (value[name] for name in names if value.get(name) is not None)


def _words(value: Mapping[str, Any], names: tuple[str, ...], what: str) -> str:
    """A short text of an entry, on one line; empty if it has none.

    Parameters
    ----------
    value:
        The entry.
    names:
        The names that it may have.
    what:
        What it is, which decides how long it may be.
    """
    found = (plain(text(one)).strip() for one in _values(value, names))
    return shorten(next((one for one in found if one), ""), _LONGEST[what])


def _schema(value: Mapping[str, Any], known: list[str]) -> Any:
    """What an entry says of its request fields; None if it says nothing that can be one.

    Parameters
    ----------
    value:
        The entry.
    known:
        Is told what was found.
    """
    for name in _SCHEMAS:
        found = value.get(name)
        if isinstance(found, str) and found.lstrip()[:1] in ("{", "["):  # JSON within JSON
            found = read_json(found)
        if isinstance(found, dict | list) and found:
            if (size := _size(found)) > MOST_SCHEMA:
                known.append(f"its {name} has {size:,} characters, more than the {MOST_SCHEMA:,} that are read")
                continue
            return found
        if found not in (None, "", {}, []):
            known.append(f"its {name} is neither an object nor a list")
    known.append("it says nothing of its request fields")
    return None


def _size(value: Any) -> int:
    try:
        return len(json.dumps(value))
    except RecursionError:  # deeper than any schema is
        return MOST_SCHEMA + 1


def _deprecated(value: Mapping[str, Any], known: list[str]) -> bool:
    """Whether an entry says that its model will go.

    Parameters
    ----------
    value:
        The entry.
    known:
        Is told if what it says is neither yes nor no.
    """
    for found in _values(value, _DEPRECATED):
        said = str(found).strip().lower() if isinstance(found, bool | int | str) else "?"
        if said in _TRUE:
            return True
        if said not in _FALSE:
            known.append("whether it is deprecated cannot be read")
    return False


def _figure(
    value: Mapping[str, Any], names: tuple[str, ...], most: float, what: str, known: list[str]
) -> float | None:
    """A price or a time of an entry; None if it has none that can be true.

    Parameters
    ----------
    value:
        The entry.
    names:
        The names that it may have.
    most:
        The largest that can be true.
    what:
        What it is, for what is told.
    known:
        Is told if there is one that cannot be read.
    """
    wrong = False
    for found in _values(value, names):
        match = _AMOUNT.fullmatch(found[:100]) if isinstance(found, str) else None
        amount = number(match[1] if match else found)
        if amount is not None and 0 < amount <= most:
            return amount
        wrong = wrong or (found != "" and amount != 0)
    if wrong:
        known.append(f"its {what} cannot be read")
    return None
