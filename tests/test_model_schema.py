"""A schema becomes a model: every form, what contradicts itself, and values that schemas allow."""

import math
import pickle
import warnings
from contextlib import suppress

import jsonschema
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from segflux_nb.model import MODEL, Model, Parameter
from segflux_nb.model_schema import model_from_schema
from segflux_nb.parameter import NOISE
from segflux_nb.paths import flat, nested

SDXL = {
    "type": "object",
    "required": ["prompt"],
    "properties": {
        "prompt": {"type": "string", "description": "What to paint."},
        "seed": {"type": "integer", "default": -1, "minimum": -1, "maximum": 999999999999},
        "samples": {"type": "integer", "default": 1, "enum": [1, 2, 3, 4]},
        "scheduler": {"type": "string", "enum": ["DDIM", "Euler a", "UniPC"], "default": "UniPC"},
        "num_inference_steps": {"type": "integer", "default": 25, "minimum": 20, "maximum": 100},
        "guidance_scale": {"type": "number", "default": 7.5, "exclusiveMinimum": 0, "maximum": 25},
        "base64": {"type": "boolean", "default": False},
        "image": {"type": "string", "format": "uri"},
        "loras": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path"],
                "additionalProperties": False,
                "properties": {"path": {"type": "string"}, "scale": {"type": "number", "minimum": 0, "maximum": 4}},
            },
        },
        "negative_prompt": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "style": {"$ref": "#/$defs/Style"},
    },
    "$defs": {"Style": {"enum": ["photo", "anime"], "type": "string", "default": "photo"}},
}
OPENAPI = {
    "openapi": "3.0.0",
    "paths": {
        "/sdxl": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}}}
            }
        }
    },
    "components": {
        "schemas": {"Out": {"type": "string"}, "In": {key: SDXL[key] for key in ("type", "required", "properties")}}
    },
    "$defs": SDXL["$defs"],
}
OLDER = {
    "metadata": [
        {"name": "prompt", "type": "string", "required": True, "info_text": "What to paint."},
        {"name": "seed", "type": "integer", "default": -1, "min": -1, "max": 999999999999},
        {"name": "samples", "type": "select", "options": [1, 2, 3, 4], "default": 1},
        {"name": "scheduler", "type": "select", "options": ["DDIM", "Euler a", "UniPC"], "default": "UniPC"},
        {"name": "num_inference_steps", "type": "integer", "default": 25, "min": 20, "max": 100},
        {"name": "guidance_scale", "type": "float", "default": 7.5, "min": 0.1, "max": 25},
        {"name": "base64", "type": "boolean", "default": False},
        {"name": "image", "type": "image"},
        {
            "name": "style",
            "type": "enum",
            "options": [{"label": "Photo", "value": "photo"}, {"label": "Anime", "value": "anime"}],
        },
    ]
}


@pytest.mark.parametrize(
    "schema", [SDXL, OPENAPI, OLDER, OLDER["metadata"]], ids=["schema", "openapi", "older", "list"]
)
def test_every_form_gives_the_same_checks(schema):
    model = model_from_schema("sdxl", schema, kind="textToImage", price=0.01, seconds=3)
    known = model.parameters
    assert (model.slug, model.kind, model.price, model.seconds, model.notes) == ("sdxl", "textToImage", 0.01, 3, ())
    assert known["prompt"].required
    assert known["prompt"].kind == "text"
    assert not known["seed"].required
    assert model.needs_seed == "seed"
    assert known["samples"].normalise(2) == 2
    assert known["scheduler"].allowed == "one of DDIM, Euler a, UniPC"
    assert known["num_inference_steps"].allowed == "an integer from 20 to 100"
    assert known["base64"].normalise(True) is True
    assert known["image"].kind == "picture"
    assert known["style"].choices == ("photo", "anime")
    for name, wrong in {
        "prompt": 3,
        "samples": 5,
        "scheduler": "Euler",
        "num_inference_steps": 19,
        "guidance_scale": 0,
        "base64": 1,
        "style": "oil",
    }.items():
        with pytest.raises(ValueError, match="it must be"):
            known[name].normalise(wrong)


def test_lists_and_objects_are_checked_inside():
    loras = model_from_schema("sdxl", SDXL).parameters["loras"]
    assert loras.normalise([{"path": "a", "scale": 0.30000000000000004}]) == [{"path": "a", "scale": 0.3}]
    for wrong, why in [
        ([{"scale": 1}], r"\[0\]: it has no 'path'"),
        ([{"path": "a", "scale": 5}], r"\[0\]\.scale: it must be a number from 0 to 4"),
        ([{"path": "a", "weight": 1}], r"\[0\]: it has 'weight', and there is path, scale"),
        ("a", "it must be a list"),
    ]:
        with pytest.raises(ValueError, match=why):
            loras.normalise(wrong)
    model = model_from_schema("sdxl", SDXL)
    assert model.parameter("loras[0].scale").maximum == 4
    assert model.parameter("loras[3].weight") is None
    assert model.parameter("lora[0].scale") is None


@pytest.mark.parametrize(
    ("field", "allowed", "right", "wrong"),
    [
        ({"type": "array", "minItems": 1, "maxItems": 3}, "a list of 1 to 3 values", [1, 3], [0, 4]),
        ({"type": "array", "minItems": 2}, "a list of 2 values or more", [2, 9], [0, 1]),
        ({"type": "array", "maxItems": 1.0}, "a list of at most 1 value", [0, 1], [2]),
        ({"type": ["array", "null"], "minItems": 2, "maxItems": 2}, "a list of 2 values", [2], [0, 1, 3]),
        ({"type": "string", "minLength": 1, "maxLength": 4}, "text of 1 to 4 characters", [1, 4], [0, 5]),
    ],
)
def test_lengths_that_a_schema_says_are_checked(field, allowed, right, wrong):
    model = model_from_schema("a", {"properties": {"x": field}})
    known = model.parameters["x"]
    unit = "é" if known.kind == "text" else ["é"]
    assert (known.allowed, model.notes) == (allowed, ())
    for length in right:
        assert known.normalise(unit * length) == unit * length
    for length in wrong:
        with pytest.raises(ValueError, match=f"it must be {allowed}, and it has {length}"):
            known.normalise(unit * length)


def test_an_empty_name_inside_an_object_is_a_name():
    schema = {"type": "object", "properties": {"": {"type": "integer"}}, "additionalProperties": False}
    known = model_from_schema("a", {"properties": {"x": schema, "": {"type": "integer"}}}).parameters
    assert list(known) == ["x"]
    assert known["x"].normalise({"": 3}) == {"": 3}
    with pytest.raises(ValueError, match="it has 'y'"):
        known["x"].normalise({"y": 3})


def test_a_path_leads_to_no_value_behind_the_last_one():
    model = model_from_schema(
        "a", {"properties": {"x": {"type": "array", "maxItems": 2, "items": {"type": "integer"}}}}
    )
    assert model.parameter("x[1]").kind == "integer"
    assert model.parameter("x[2]") is None


@pytest.mark.parametrize(
    "schema", [None, {}, [], "", 7, "text", {"properties": []}, {"properties": {}}, [[1]], {"a": 1}]
)
def test_without_a_schema_everything_is_sent_and_a_note_says_so(schema):
    model = model_from_schema("odd", schema)
    assert model.is_open
    assert model.parameters == {}
    assert model.notes[-1] == "No value is checked before it is sent"
    assert model.parameter("anything").normalise([1, {"a": None}]) == [1, {"a": None}]


@pytest.mark.parametrize(
    ("field", "value", "note"),
    [
        ({"type": "integer", "minimum": 9, "maximum": 1}, 500, "its range is empty"),
        ({"type": "number", "exclusiveMinimum": 1, "exclusiveMaximum": 1}, 500, "its range is empty"),
        ({"type": "integer", "enum": ["a", "b"]}, 3, "its type allows none of its listed values"),
        ({"type": "integer", "maximum": 5, "default": 9}, 7, "its own default 9 is not allowed"),
        ({"type": "quantum"}, "x", "its type quantum is not known"),
        ("text", 3, "its schema cannot be read"),
        ({"type": "integer", "minimum": "low"}, -3, "its minimum is no number"),
        ({"$ref": "#/nowhere"}, 3, "its schema cannot be read"),
        ({"type": "string", "pattern": "^a", "sparkle": 2}, "b", "not checked: pattern, sparkle"),
        ({"type": "array", "minItems": 3, "maxItems": 1}, [], "its minItems is greater than its maxItems"),
        ({"type": "array", "maxItems": -1}, [1], "its maxItems is no length"),
        ({"type": "string", "minLength": True}, "", "its minLength is no length"),
        ({"type": "array", "minItems": 1, "default": []}, [], "its own default [] is not allowed"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "b", "not checked: anyOf"),
        ({"allOf": [{"type": "integer"}, {"type": "string"}]}, "b", "its schemas differ in type"),
    ],
)
def test_what_contradicts_itself_or_is_not_known_is_permitted_with_a_note(field, value, note):
    model = model_from_schema("odd", {"properties": {"x": field}})
    assert model.parameters["x"].normalise(value) == value
    assert note in " ".join(model.notes)


@pytest.mark.parametrize(
    ("schema", "seed"),
    [
        ({"type": "integer", "default": -1}, "seed"),
        ({"type": "integer"}, "seed"),
        ({"type": "integer", "default": 42}, ""),
        ({"type": ["integer", "null"], "default": None}, "seed"),
        ({"type": "string"}, ""),
    ],
)
def test_a_seed_must_be_given_where_it_is_random_otherwise(schema, seed):
    assert model_from_schema("a", {"properties": {"seed": schema}}).needs_seed == seed


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("textToImage", ""),
        ("imageTOImage", ""),
        ("", ""),
        ("image-to-video", "a makes videos, and sweeps are of pictures"),
        ("textToVideo", "a makes videos, and sweeps are of pictures"),
        ("textToSpeech", "a makes audio, and sweeps are of pictures"),
        ("imageToText", "a makes text, and sweeps are of pictures"),
        ("LLM", "a makes text, and sweeps are of pictures"),
    ],
)
def test_models_that_make_no_pictures_are_refused(kind, why):
    assert model_from_schema("a", SDXL, kind=kind).refusal() == why


def test_the_model_of_this_page_stays_and_models_can_be_pickled():
    assert model_from_schema(MODEL.slug, SDXL) is MODEL
    assert pickle.loads(pickle.dumps(MODEL)) is MODEL
    model = model_from_schema("sdxl", SDXL)
    assert pickle.loads(pickle.dumps(model)) == model


# ---------------------------------------------------------------------- random schemas

TEXT = st.text(max_size=8)
NUMBER = st.one_of(
    st.integers(-(10**20), 10**20), st.floats(-1e6, 1e6), st.floats(allow_nan=False, allow_infinity=False)
)
SCALAR = st.one_of(st.none(), st.booleans(), NUMBER, TEXT)
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=6
)
ANYTHING = st.recursive(
    st.one_of(SCALAR, st.floats()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
TYPES = ("string", "integer", "number", "boolean", "array", "object", "null")
SMALL = st.integers(-20, 20) | st.floats(-20, 20)
OTHER_WORDS = {
    "description": TEXT,
    "multipleOf": st.integers(1, 9),
    "minLength": st.integers(0, 3),
    "pattern": st.just("^a"),
    "format": st.sampled_from(["uri", "date", "binary"]),
    "minItems": st.integers(0, 2),
    "maxItems": st.integers(0, 2),
    "maxLength": st.integers(0, 9),
    "sparkle": SCALAR,
}


def one_in(draw, n):
    return draw(st.integers(1, n)) == n


def a_schema(draw, depth=0):
    """A schema of the common words. Mostly they fit its type, now and then they do not."""
    if one_in(draw, 30):
        return draw(st.booleans())
    kinds = TYPES if depth < 2 else TYPES[:4]
    kind = draw(st.sampled_from(kinds))
    schema = {"type": kind if not one_in(draw, 6) else [kind, draw(st.sampled_from(kinds))]}
    if isinstance(schema["type"], list) and schema["type"][0] == schema["type"][1]:
        schema["type"] = kind
    if kind in ("integer", "number") or one_in(draw, 12):
        for word in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
            if one_in(draw, 3):
                schema[word] = draw(SMALL if not one_in(draw, 5) else NUMBER)
    if kind == "array":
        schema["items"] = a_schema(draw, depth + 1)
    if kind == "object":
        names = draw(st.lists(TEXT, max_size=3, unique=True))
        schema["properties"] = {name: a_schema(draw, depth + 1) for name in names}
        schema["required"] = [name for name in names if one_in(draw, 2)]
        if one_in(draw, 2):
            schema["additionalProperties"] = draw(st.booleans())
    if one_in(draw, 6):
        schema["enum"] = [of_type(draw, schema) for _ in range(draw(st.integers(1, 4)))]
    if one_in(draw, 6):
        schema["default"] = of_type(draw, schema)
    for word, value in OTHER_WORDS.items():
        if one_in(draw, 16):
            schema[word] = draw(value)
    if depth < 2 and one_in(draw, 8):
        word = draw(st.sampled_from(["anyOf", "oneOf", "allOf"]))
        schema = {**(schema if one_in(draw, 3) else {}), word: [a_schema(draw, depth + 1), {"type": "null"}]}
    if one_in(draw, 25):
        del schema[draw(st.sampled_from(sorted(schema)))]
    return schema


def of_type(draw, schema):
    """A value that a schema probably allows."""
    if not isinstance(schema, dict) or one_in(draw, 40):
        return draw(VALUE)
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return of_type(draw, draw(st.sampled_from(schema[word])))
    named = schema.get("type", "string")
    kind = draw(st.sampled_from(named)) if isinstance(named, list) else named
    if kind in ("integer", "number"):
        ends = [
            schema[word] for word in ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum") if word in schema
        ]
        least, most = min(ends, default=-5), max(ends, default=30)
        if kind == "integer":
            return draw(st.integers(math.ceil(least), max(math.ceil(least), math.floor(most))))
        return draw(st.sampled_from([least, most]) | SMALL | st.floats(-1e-5, 1e-5))
    if kind == "string":
        return draw(TEXT)
    if kind == "boolean":
        return draw(st.booleans())
    if kind == "array":
        return [of_type(draw, schema.get("items", {})) for _ in range(draw(st.integers(0, 2)))]
    if kind == "object":
        fields, required = schema.get("properties", {}), schema.get("required", ())
        return {key: of_type(draw, inner) for key, inner in fields.items() if key in required or one_in(draw, 2)}
    return None


@st.composite
def schemas_and_values(draw):
    schema = a_schema(draw)
    return schema, of_type(draw, schema)


def is_refused_for_every_model(value):
    """Our own rules: the table in docs/any-model.md."""
    if isinstance(value, dict):
        return any(map(is_refused_for_every_model, value.values()))
    if isinstance(value, list):
        return any(map(is_refused_for_every_model, value))
    if isinstance(value, float):
        return not math.isfinite(value) or (abs(value) > NOISE and round(value, 6) == 0)
    return False


def is_allowed(schema, value):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return jsonschema.Draft202012Validator(schema).is_valid(value)


FAST = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@FAST
@given(schemas_and_values())
def test_what_a_schema_allows_is_accepted(pair):
    schema, value = pair
    model = model_from_schema("random", {"properties": {"x": schema}})
    if not is_allowed(schema, value) or is_refused_for_every_model(value):
        return
    event(model.parameters["x"].kind)
    sent = model.parameters["x"].normalise(value)
    assert nested(flat("x", sent)) == {"x": sent}


@FAST
@given(schema=st.composite(a_schema)() | ANYTHING, value=ANYTHING)
def test_whatever_a_schema_holds_only_our_errors_are_raised(schema, value):
    for whole in (schema, {"properties": {"x": schema}}, {"metadata": [schema]}, [{"name": "x", "schema": schema}]):
        model = model_from_schema("random", whole)
        assert isinstance(model, Model)
        for parameter in (*model.parameters.values(), Parameter("x", "any", None, "")):
            assert parameter.allowed
            with suppress(ValueError):
                parameter.normalise(value)
