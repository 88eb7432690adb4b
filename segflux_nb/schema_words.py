"""The words of a schema, in the forms that services write them. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .parameter import Kind, Way

_PICTURE_FORMATS = ("uri", "url", "image", "binary", "byte", "data-url", "base64")

_DATA_FORMATS = ("data-url", "data-uri", "dataurl", "datauri")

_BASE64_FORMATS = ("base64", "byte", "binary")

_URL_FORMATS = ("uri", "url", "uri-reference", "iri")

_SENTENCE = re.compile(r"[.;!\n]+")
_NOT = re.compile(r"\b(?:no|not|nor|never|without|cannot|unsupported)\b|n't\b")
_DATA_WORDS = re.compile(r"\bdata[ -]ur[il]s?\b|\bdata:(?:image)?")
_BASE64_WORDS = re.compile(r"\bbase[ -]?64\b|\bb64\b")
_URL_WORDS = re.compile(r"\b(?:ur[il]s?|links?|https?)\b")

_PICTURE_NAMES = ("image", "picture", "photo", "mask", "img")


def bodies(schema: Mapping[Any, Any]) -> Iterator[object]:
    """Where the OpenAPI form, or a wrapping object, has the schema of a request."""
    paths = schema.get("paths")
    for operations in paths.values() if isinstance(paths, Mapping) else ():
        for operation in operations.values() if isinstance(operations, Mapping) else ():
            if isinstance(operation, Mapping):
                yield operation
    body = schema.get("requestBody")
    content = body.get("content") if isinstance(body, Mapping) else schema.get("content")
    if isinstance(content, Mapping):
        for media in content.values():
            if isinstance(media, Mapping):
                yield media.get("schema")
    for word in ("schema", "input_schema", "parameters_schema", "input", "Input"):
        yield schema.get(word)
    parts = schema.get("components")
    schemas = parts.get("schemas") if isinstance(parts, Mapping) else None
    if isinstance(schemas, Mapping):
        yield next((schemas[name] for name in schemas if "input" in str(name).casefold()), None)
        yield next(iter(schemas.values()), None)


def listed_fields(schema: object) -> list[Mapping[Any, Any]] | None:
    """The fields of the older form: a list, or an object that has it."""
    if isinstance(schema, Mapping):
        if isinstance(schema.get("properties"), Mapping):
            return None
        words = ("metadata", "parameters")
        return next((found for word in words if (found := listed_fields(schema.get(word))) is not None), None)
    if isinstance(schema, list) and schema and all(isinstance(one, Mapping) for one in schema):
        return schema
    return None


def of_metadata(one: Mapping[Any, Any]) -> dict[Any, Any]:
    """The JSON Schema of a field of the older list, whose words stand beside its name or under ``schema``."""
    inner = one.get("schema")
    words = {key: value for key, value in one.items() if key not in ("required", "in", "schema", "key", "id")}
    found = {**words, **(inner if isinstance(inner, Mapping) else {})}
    if isinstance(kind := found.get("type"), str) and kind.casefold() in ("slider", "number"):
        found.setdefault("minimum", found.get("min")) if found.get("min") is not None else None
    return {key: value for key, value in found.items() if value is not None}


def is_schema(value: Mapping[Any, Any]) -> bool:
    """Whether an object has a word that a schema has."""
    return any(
        word in value for word in ("type", "enum", "default", "anyOf", "oneOf", "allOf", "$ref", "description")
    )


def in_order(properties: Mapping[Any, Any]) -> list[tuple[str, Any]]:
    """The properties in the order that ``x-order`` gives them, if all have one."""
    named = [(key, value) for key, value in properties.items() if isinstance(key, str)]
    orders: dict[str, Any] = {name: value.get("x-order") for name, value in named if isinstance(value, Mapping)}
    if all(isinstance(orders.get(name), int) for name, _ in named):
        named.sort(key=lambda pair: int(orders[pair[0]]))
    return named


def required_names(required: object) -> set[str]:
    """The names that a schema requires."""
    return {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()


def choices(schema: Mapping[Any, Any]) -> list[Any] | None:
    """The values that are listed; None if none are."""
    if "const" in schema:
        return [schema["const"]]
    for word in ("enum", "options", "choices"):
        found = schema.get(word)
        if isinstance(found, list) and found:
            return [one.get("value", one) if word != "enum" and isinstance(one, Mapping) else one for one in found]
    return None


def is_of(kind: Kind, value: object) -> bool:
    """Whether a listed value is of a kind.

    Parameters
    ----------
    kind:
        The kind.
    value:
        The value.
    """
    if kind in ("text", "picture"):
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "number"):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and (kind == "number" or isinstance(value, int) or float(str(value)).is_integer())
    return kind == "any"


def number_of(value: object) -> float | None:
    """A limit of a range: a number, or a text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, int):
        return value
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def length_of(value: object) -> int | None:
    """A length of lists or texts: a whole number that is not below 0.

    >>> length_of(3), length_of("3"), length_of(2.5), length_of(-1)
    (3, 3, None, None)
    """
    number = number_of(value)
    return int(number) if number is not None and number >= 0 and number == int(number) else None


def text_of(schema: Mapping[Any, Any], word: str) -> str:
    """The text under a word of a schema, on one line; empty if there is none.

    Parameters
    ----------
    schema:
        The schema.
    word:
        The word.
    """
    found = schema.get(word)
    return " ".join(found.split()) if isinstance(found, str) else ""


def is_picture(name: str, schema: Mapping[Any, Any]) -> bool:
    """Whether a text field takes a picture: its media type, or its format and its name, tell it.

    Parameters
    ----------
    name:
        The field.
    schema:
        Its schema.
    """
    media = schema.get("contentMediaType")
    if isinstance(media, str):
        return media.startswith("image/")
    words = [word for word in name.casefold().replace("-", "_").split("_") if word]
    is_named = any(word.rstrip("s0123456789") in _PICTURE_NAMES for word in words)
    told = schema.get("format", schema.get("contentEncoding"))
    if told in ("image", "binary"):
        return True
    return (
        is_named and told in _PICTURE_FORMATS if isinstance(told, str) else is_named and words[-1] in ("image", "url")
    )


def way_of(name: str, schema: Mapping[Any, Any]) -> Way:
    """How the words of a schema say that a picture is sent.

    What says base64 alone gets base64. What says a URL, in its format, name or description, gets a URL: a ``data:``
    URL where the schema says that, or that base64 is taken too; else the address at which the picture was stored.

    Parameters
    ----------
    name:
        The field.
    schema:
        Its schema.

    >>> way_of("image", {"format": "uri"}), way_of("image", {"format": "uri", "description": "URL or base64"})
    ('url', 'data')
    """
    told = {str(schema[word]).casefold() for word in ("format", "contentEncoding") if word in schema}
    said = f"{text_of(schema, 'title')}. {text_of(schema, 'description')}. {text_of(schema, 'info_text')}".casefold()
    said = ". ".join(one for one in _SENTENCE.split(said) if not _NOT.search(one))
    shown = [schema.get(word) for word in ("default", "example", "pattern", "placeholder")]
    if told & {*_DATA_FORMATS} or _DATA_WORDS.search(said) or any("data:image" in str(one)[:100] for one in shown):
        return "data"
    if told & {*_BASE64_FORMATS}:
        return "base64"
    is_named = name.casefold().rstrip("s0123456789_").endswith(("url", "uri"))
    is_url = bool(told & {*_URL_FORMATS}) or is_named or _URL_WORDS.search(said) is not None
    if not is_url:
        return "base64"
    return "data" if _BASE64_WORDS.search(said) else "url"
