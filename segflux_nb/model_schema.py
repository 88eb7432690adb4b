"""What a service's catalogue says of a model, as a `Model`.

A schema comes in three forms: JSON Schema, the OpenAPI form of it, and the older list of fields with their metadata.
Nothing in a schema is fatal. Words that are not checked are kept as notes; a field whose schema contradicts itself,
or cannot be read, takes every value, and a note tells it. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from .model import MODEL, Model, unknown_model
from .parameter import Kind, Parameter
from .schema_words import (
    bodies,
    choices,
    in_order,
    is_of,
    is_picture,
    is_schema,
    length_of,
    listed_fields,
    number_of,
    of_metadata,
    required_names,
    text_of,
    way_of,
)

DEEPEST_SCHEMA = 12
"""The most schemas in each other that are read; what is deeper takes every value."""

MOST_NOTES = 20
"""The most notes that are kept of one schema."""

_TYPES: Mapping[str, Kind] = {
    "string": "text",
    "str": "text",
    "text": "text",
    "textarea": "text",
    "integer": "integer",
    "int": "integer",
    "number": "number",
    "float": "number",
    "double": "number",
    "slider": "number",
    "boolean": "boolean",
    "bool": "boolean",
    "checkbox": "boolean",
    "array": "list",
    "list": "list",
    "object": "object",
    "dict": "object",
    "image": "picture",
    "file": "picture",
    "enum": "any",
    "select": "any",
    "any": "any",
}
"""Our kind for each name of a type."""

_READ = frozenset(
    {
        *(
            "type",
            "enum",
            "const",
            "default",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "min",
            "max",
        ),
        *("properties", "required", "items", "additionalProperties", "nullable", "anyOf", "oneOf", "allOf", "$ref"),
        *(
            "title",
            "description",
            "examples",
            "example",
            "$schema",
            "$id",
            "$defs",
            "definitions",
            "$comment",
            "format",
        ),
        *("contentEncoding", "contentMediaType", "name", "label", "placeholder", "options", "choices", "value"),
        *("minItems", "maxItems", "minLength", "maxLength"),
        *("readOnly", "writeOnly", "deprecated", "components", "info_text", "order", "x-order", "step"),
    }
)
"""The words of a schema that are understood, or that say nothing about which values are allowed."""

_SAYING = ("title", "description", "default")
"""The words that say something about a field, and nothing about which values are allowed."""


def model_from_schema(
    slug: str, schema: object, *, kind: str = "", price: float | None = None, seconds: float | None = None
) -> Model:
    """The model that a schema describes. It never raises an error for what a schema holds.

    Parameters
    ----------
    slug:
        The model's name in the service's URLs.
    schema:
        What the catalogue has: JSON Schema, its OpenAPI form, the older list of fields; or anything else.
    kind:
        What the model makes, in the catalogue's words.
    price:
        US dollars for one call; None if unknown.
    seconds:
        Seconds for one call; None if unknown.

    >>> made = model_from_schema("a", {"properties": {"steps": {"type": "integer", "maximum": 50}}})
    >>> made.parameters["steps"].allowed
    'an integer to 50'
    """
    if slug == MODEL.slug:
        return MODEL
    reader = _Reader(schema)
    parameters, is_open = reader.fields()
    if parameters is None:
        notes = reader.notes or ["The catalogue has no schema of it"]
        made = unknown_model(slug, *notes, "No value is checked before it is sent")
    else:
        made = Model(slug, MappingProxyType(parameters), is_open=is_open, notes=tuple(reader.notes[:MOST_NOTES]))
    return replace(made, kind=str(kind or ""), price=_amount(price), seconds=_amount(seconds))


def _amount(value: object) -> float | None:
    """A price or a time; None where it is no finite number above 0."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) and number > 0 else None


class _Reader:
    """Reads one schema.

    Parameters
    ----------
    schema:
        The schema.
    """

    def __init__(self, schema: object) -> None:
        self._root = schema
        self.notes: list[str] = []

    def fields(self) -> tuple[dict[str, Parameter] | None, bool]:
        """The request fields by name, and whether there may be others; None for a schema that has none."""
        fields = listed_fields(self._root)
        if fields is not None:
            return self._of_list(fields)
        found = self._object_schema(self._root)
        if found is None:
            if self._root not in (None, {}, [], ""):
                self.note("", "its schema is in a form that is not known")
            return None, True
        properties = found.get("properties")
        if not isinstance(properties, Mapping) or not properties:
            return None, True
        required = required_names(found.get("required"))
        made = {
            name: self.parameter(name, inner, is_required=name in required, depth=0)
            for name, inner in in_order(properties)
            if name  # no path leads to a field without a name
        }
        if missing := sorted(required - set(made)):
            self.note("", f"it requires {', '.join(missing)}, and describes no such field")
        self._unread("", {key: value for key, value in found.items() if key not in ("paths", "info", "openapi")})
        return made, found.get("additionalProperties") not in (None, False) or bool(missing)

    def note(self, name: str, text: str) -> None:
        """Keep a note.

        Parameters
        ----------
        name:
            The field that it is about; empty for the whole.
        text:
            What it says.
        """
        note = f"{name[:60]}: {text[:200]}" if name else text[:200]
        if note not in self.notes:
            self.notes.append(note)

    def _unread(self, name: str, schema: Mapping[Any, Any]) -> None:
        words = [str(word) for word in schema if word not in _READ and not str(word).startswith(("x-", "ui"))]
        if words:
            self.note(name, f"not checked: {', '.join(words)}")

    # ------------------------------------------------------------------ the three forms

    def _object_schema(self, schema: object, depth: int = 0) -> Mapping[Any, Any] | None:
        """The schema that has the request fields as its properties."""
        schema = self._resolved(schema)
        if not isinstance(schema, Mapping) or depth > DEEPEST_SCHEMA:
            return None
        if isinstance(schema.get("properties"), Mapping):
            return schema
        for inner in bodies(schema):
            if (found := self._object_schema(inner, depth + 1)) is not None:
                return found
        if isinstance(schema.get("allOf"), list):
            merged = self._merged(schema, "")
            return merged if isinstance(merged.get("properties"), Mapping) else None
        if schema and all(isinstance(value, Mapping) and is_schema(value) for value in schema.values()):
            return {"properties": schema}  # the properties alone
        return None

    def _of_list(self, listed: Sequence[Any]) -> tuple[dict[str, Parameter] | None, bool]:
        made: dict[str, Parameter] = {}
        for one in listed:
            name = next((one[key] for key in ("name", "key", "parameter", "id") if isinstance(one.get(key), str)), "")
            if not name:
                self.note("", "a field without a name is left out")
                continue
            if name in made:
                self.note(name, "it is described twice, so every value is sent")
                made[name] = Parameter(name, "any", None, "", required=made[name].required)
                continue
            required = one.get("required")
            schema = of_metadata(one)
            made[name] = self.parameter(name, schema, is_required=required is True or required == "true", depth=0)
        return (made, False) if made else (None, True)

    # ------------------------------------------------------------------ one field

    def parameter(self, name: str, schema: object, *, is_required: bool, depth: int, path: str = "") -> Parameter:
        """One field.

        Parameters
        ----------
        name:
            Its name.
        schema:
            Its schema.
        is_required:
            Whether it must be given.
        depth:
            How many schemas are around it.
        path:
            Where it is, for notes.
        """
        path = path or name
        schema = self._resolved(schema)
        anything = Parameter(name, "any", None, "", required=is_required)
        if depth > DEEPEST_SCHEMA or not isinstance(schema, Mapping):
            if not isinstance(schema, bool):
                self.note(path, "its schema cannot be read, so every value is sent")
            return anything
        if "allOf" in schema:
            schema = self._merged(schema, path)
        schema, is_nullable = self._one_of(schema, path)
        self._unread(path, schema)
        meaning = text_of(schema, "description") or text_of(schema, "title") or text_of(schema, "info_text")
        default = schema.get("default")
        made = self._typed(replace(anything, default=default, meaning=meaning), schema, path, depth)
        if is_nullable or schema.get("nullable") is True:
            made = replace(made, nullable=True)
        made = self._without_contradiction(made, path)
        return self._with_checked_default(made, path)

    def _typed(self, made: Parameter, schema: Mapping[Any, Any], path: str, depth: int) -> Parameter:
        named = schema.get("type")
        types = [one for one in (named if isinstance(named, list) else [named]) if isinstance(one, str)]
        if "null" in types:
            made = replace(made, nullable=True)
        known = [_TYPES[one.casefold()] for one in types if one.casefold() in _TYPES]
        if unknown := [one for one in types if one.casefold() not in _TYPES and one != "null"]:
            self.note(path, f"its type {', '.join(unknown)} is not known, so every value is sent")
            known = []
        kind: Kind = known[0] if len(set(known)) == 1 else "any"
        if set(known) == {"integer", "number"}:
            kind = "number"
        if not types and not unknown:
            kind = "object" if "properties" in schema else "list" if "items" in schema else "any"
            if kind != "any":  # without a type, its words hold for values of that type alone
                return made
        listed = choices(schema)
        if listed is not None:
            return self._listed(made, kind, listed, path)
        if kind in ("integer", "number"):
            return self._range(replace(made, kind=kind), schema, path)
        if kind == "list":
            made = self._length(made, schema, ("minItems", "maxItems"), path)
            if isinstance(items := schema.get("items"), Mapping):
                inner = self.parameter("", items, is_required=False, depth=depth + 1, path=f"{path}[]")
                if inner.kind == "text" and is_picture(made.name, items):
                    said = {**{word: schema[word] for word in _SAYING if word in schema}, **items}
                    inner = replace(inner, kind="picture", sent_as=way_of(made.name, said))
                return replace(made, kind="list", items=inner)
            return replace(made, kind="list")
        if kind == "object":
            return self._object(made, schema, path, depth)
        if kind == "text" and is_picture(made.name, schema):
            return replace(made, kind="picture", sent_as=way_of(made.name, schema))
        if kind == "text":
            made = self._length(made, schema, ("minLength", "maxLength"), path)
        return replace(made, kind=kind)

    def _object(self, made: Parameter, schema: Mapping[Any, Any], path: str, depth: int) -> Parameter:
        properties = schema.get("properties")
        required = required_names(schema.get("required"))
        fields = {
            key: self.parameter(key, inner, is_required=key in required, depth=depth + 1, path=f"{path}.{key}")
            for key, inner in (in_order(properties) if isinstance(properties, Mapping) else ())
        }
        for key in sorted(required - set(fields)):
            fields[key] = Parameter(key, "any", None, "", required=True)
        return replace(made, kind="object", fields=fields, is_open=schema.get("additionalProperties") is not False)

    def _listed(self, made: Parameter, kind: Kind, listed: Sequence[Any], path: str) -> Parameter:
        """A field whose values are listed."""
        if any(isinstance(one, Mapping | list) for one in listed):
            self.note(path, "not checked: its listed values, which are lists or objects")
            return made
        fitting = [one for one in listed if one is not None and is_of(kind, one)]
        if None in listed:
            made = replace(made, nullable=True)
        if not fitting:
            if listed != [None]:
                self.note(path, "its type allows none of its listed values, so every value is sent")
            return made
        if all(isinstance(one, str) for one in fitting):
            return replace(made, kind="choice", choices=tuple(dict.fromkeys(fitting)))
        if all(isinstance(one, bool) for one in fitting):
            return replace(made, kind="boolean", choices=tuple(dict.fromkeys(fitting)))
        numbers = [one for one in fitting if not isinstance(one, bool | str)]
        if len(numbers) < len(fitting):
            kind = "any"
        elif kind == "any":
            kind = "integer" if all(isinstance(one, int) for one in numbers) else "number"
        return replace(made, kind=kind, choices=tuple(fitting))

    def _range(self, made: Parameter, schema: Mapping[Any, Any], path: str) -> Parameter:
        least, above = self._ends(schema, ("minimum", "min", "exclusiveMinimum"), path)
        most, below = self._ends(schema, ("maximum", "max", "exclusiveMaximum"), path)
        return replace(made, minimum=least, maximum=most, above=above, below=below)

    def _length(self, made: Parameter, schema: Mapping[Any, Any], names: tuple[str, str], path: str) -> Parameter:
        """A list or a text with the lengths that it may have."""
        ends = [length_of(schema.get(name)) for name in names]
        for name, end in zip(names, ends, strict=True):
            if end is None and schema.get(name) is not None:
                self.note(path, f"its {name} is no length")
        fewest, most = ends
        if fewest is not None and most is not None and fewest > most:
            self.note(path, f"its {names[0]} is greater than its {names[1]}, so every length is sent")
            return made
        return replace(made, fewest=fewest or 0, most=most)

    def _ends(
        self, schema: Mapping[Any, Any], names: tuple[str, str, str], path: str
    ) -> tuple[float | None, float | None]:
        """The end of a range that is in it, and the one that is not."""
        for name in names:
            if name in schema and not isinstance(schema[name], bool) and number_of(schema[name]) is None:
                self.note(path, f"its {name} is no number")
        inclusive = next((number_of(schema[name]) for name in names[:2] if name in schema), None)
        exclusive = schema.get(names[2])
        if exclusive is True:  # the form of older drafts, and of OpenAPI 3.0
            return None, inclusive
        return inclusive, None if exclusive is False else number_of(exclusive)

    # ------------------------------------------------------------------ schemas of several

    def _resolved(self, schema: object) -> object:
        for _ in range(DEEPEST_SCHEMA):
            reference = schema.get("$ref") if isinstance(schema, Mapping) else None
            if not isinstance(reference, str):
                return schema
            found: Any = self._root
            for part in reference.removeprefix("#").strip("/").split("/") if reference.startswith("#/") else [""]:
                part = part.replace("~1", "/").replace("~0", "~")
                found = found.get(part) if isinstance(found, Mapping) else None
            schema = found
        return None

    def _merged(self, schema: Mapping[Any, Any], path: str) -> dict[Any, Any]:
        """One schema for all of ``allOf``, where these have no word in common; else one that takes every value."""
        parts = schema.get("allOf")
        merged = {word: value for word, value in schema.items() if word != "allOf"}
        for part in parts if isinstance(parts, list) else ():
            part = self._resolved(part)
            if not isinstance(part, Mapping):
                continue
            for word, value in part.items():
                if word == "properties" and isinstance(value, Mapping) and isinstance(merged.get(word), Mapping):
                    merged[word] = {**merged[word], **value}
                elif word == "required" and isinstance(value, list) and isinstance(merged.get(word), list):
                    merged[word] = [*merged[word], *value]
                elif word in merged and merged[word] != value and word not in _SAYING:
                    self.note(path, f"its schemas differ in {word}, so every value is sent")
                    return {
                        word: value for word, value in merged.items() if word in ("title", "description", "default")
                    }
                else:
                    merged.setdefault(word, value)
        if "allOf" in merged:
            self.note(path, "not checked: allOf")
            del merged["allOf"]
        return merged

    def _one_of(self, schema: Mapping[Any, Any], path: str) -> tuple[Mapping[Any, Any], bool]:
        """A schema without ``anyOf`` and ``oneOf``, and whether null is one of them."""
        for word in ("anyOf", "oneOf"):
            given = schema.get(word)
            if word not in schema:
                continue
            others = {key: value for key, value in schema.items() if key not in ("anyOf", "oneOf")}
            parts = [self._resolved(one) for one in given] if isinstance(given, list) else []
            real = [one for one in parts if not (isinstance(one, Mapping) and one.get("type") == "null")]
            says = {key for key in others if key not in ("title", "description", "default", "examples", "nullable")}
            if len(real) == 1 and isinstance(real[0], Mapping) and not says and not {"anyOf", "oneOf"} & set(real[0]):
                only = self._merged(real[0], path) if "allOf" in real[0] else real[0]
                return {**only, **others}, len(real) < len(parts)
            self.note(path, f"not checked: {word}, so every value is sent")
            kept = {key: value for key, value in others.items() if key in (*_SAYING, "nullable")}
            return kept, len(real) < len(parts)
        return schema, False

    # ------------------------------------------------------------------ contradictions

    def _without_contradiction(self, made: Parameter, path: str) -> Parameter:
        least = max((end for end in (made.minimum, made.above) if end is not None), default=-math.inf)
        most = min((end for end in (made.maximum, made.below) if end is not None), default=math.inf)
        is_open = made.above == least or made.below == most
        if least > most or (least == most and is_open and math.isfinite(least)):
            self.note(path, "its range is empty, so every number is sent")
            return replace(made, minimum=None, maximum=None, above=None, below=None)
        return made

    def _with_checked_default(self, made: Parameter, path: str) -> Parameter:
        if made.default is None:
            return made
        try:
            made.normalise(made.default)
        except ValueError:
            if made.name == "seed" and made.default == -1:
                return made  # a random seed
            self.note(path, f"its own default {made.default!r} is not allowed by its schema, so every value is sent")
            return Parameter(made.name, "any", made.default, made.meaning, required=made.required)
        return made
