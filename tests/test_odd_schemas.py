"""Schemas as catalogues may have them, each the whole way: plan, builder, file, run, sheet, bundle."""

import pytest

import segflux_nb as sf
from segflux_nb.errors import SegfluxError
from segflux_nb.simulator.app import Simulator

SLUG = "schema-that-is-missing"
TEXT = {"type": "string"}
SEED = {"type": "integer", "default": -1}


def fields(**properties):
    return {"type": "object", "properties": {"prompt": TEXT, "seed": SEED, **properties}, "required": ["prompt"]}


def deep(depth):
    schema = {"type": "number"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"in": schema}}
    return schema


SCHEMAS = {
    "a reference to itself": {**fields(x={"$ref": "#/$defs/T"}), "$defs": {"T": {"$ref": "#/$defs/T"}}},
    "two that refer to each other": {
        **fields(x={"$ref": "#/$defs/A"}),
        "$defs": {"A": {"anyOf": [{"$ref": "#/$defs/B"}]}, "B": {"allOf": [{"$ref": "#/$defs/A"}]}},
    },
    "a tree": {
        **fields(x={"$ref": "#/$defs/T"}),
        "$defs": {"T": {"type": "object", "properties": {"in": {"$ref": "#/$defs/T"}, "v": {"type": "number"}}}},
    },
    "a reference to elsewhere": fields(x={"$ref": "https://example.com/schema.json"}),
    "allOf with a range in each": fields(x={"allOf": [{"type": "number", "minimum": 0}, {"maximum": 5}]}),
    "allOf that contradicts": fields(x={"allOf": [{"type": "number"}, {"type": "string"}]}),
    "oneOf of consts": fields(x={"oneOf": [{"const": 1}, {"const": 2, "title": "two"}]}),
    "anyOf of numbers and null": fields(x={"anyOf": [{"type": "number"}, {"type": "null"}]}),
    "all three": fields(x={"allOf": [{}], "anyOf": [{"type": "number"}], "oneOf": [{"type": "number"}]}),
    "nullable of OpenAPI": fields(x={"type": "number", "nullable": True, "default": None}),
    "exclusive ends as booleans": fields(
        x={"type": "number", "minimum": 0, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False}
    ),
    "an exclusive end without an end": fields(x={"type": "number", "exclusiveMinimum": True}),
    "an enum with null and twice the same": fields(x={"enum": [None, 1, 1, 2, 2]}),
    "an enum with true and 1": fields(x={"enum": [True, 1, 2]}),
    "an enum of numbers as texts": fields(x={"type": "number", "enum": ["1", "2"]}),
    "a const beside an enum": fields(x={"const": 1, "enum": [2, 3]}),
    "a default out of its range": fields(x={"type": "number", "minimum": 0, "maximum": 5, "default": 50}),
    "a default of another type": fields(x={"type": "number", "default": "one"}),
    "a default that is a list": fields(x={"type": "number", "default": [1, 2]}),
    "ends as texts": fields(x={"type": "number", "minimum": "0", "maximum": "5"}),
    "ends that are no numbers": fields(x={"type": "number", "minimum": "low", "maximum": {}}),
    "an end of a hundred digits": fields(x={"type": "integer", "maximum": 10**100}),
    "a step of zero": fields(x={"type": "number", "multipleOf": 0}),
    "a pattern that backtracks": fields(note={"type": "string", "pattern": "^(a+)+$"}, x={"type": "number"}),
    "a title with markup": fields(
        x={"type": "number", "title": "<script>alert(1)</script>", "description": "**bold** ${a} `b`"}
    ),
    "a description of a megabyte": fields(x={"type": "number", "description": "word " * 20_000}),
    "a type that is a list of unknown ones": fields(x={"type": ["quaternion", 7, None]}),
    "properties that are no schemas": fields(x=7, y=None, z=[1], w="number"),
    "true and false": fields(x=True, y=False),
    "required twice and unknown": {**fields(x={"type": "number"}), "required": ["prompt", "prompt", 7, None]},
    "required as a boolean of draft 3": fields(x={"type": "number", "required": False}),
    "lists as properties": {"properties": [{"name": "x"}]},
    "dependent schemas": {**fields(x={"type": "number"}), "if": {}, "then": {"required": ["x"]}},
    "names in need of quotes": fields(**{"x": {"type": "number"}, "a b": TEXT, 'q"u': TEXT, "é": TEXT, "a.b": TEXT}),
    "names of ours": fields(x={"type": "number"}, status=TEXT, run=TEXT, model=TEXT, width={"type": "integer"}),
    "thirty deep": fields(x={"type": "number"}, y=deep(30)),
    "a thousand fields": fields(x={"type": "number"}, **{f"f{at}": TEXT for at in range(1000)}),
    "an enum of five thousand": fields(x={"type": "number"}, style={"enum": [f"s{at}" for at in range(5000)]}),
    "tuples of draft 4": fields(x={"type": "number"}, y={"type": "array", "items": [TEXT, TEXT]}),
    "an array that must have two": fields(x={"type": "number"}, y={"type": "array", "items": TEXT, "minItems": 2}),
    "an array of arrays": fields(x={"type": "number"}, y={"type": "array", "items": {"type": "array"}}),
    "the older list with odd entries": [{"name": "prompt"}, {"name": "seed"}, {"key": "x"}, {"type": 7}],
    "a list of texts": ["prompt", "x"],
}  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    simulator = Simulator(time_scale=0, paint=False)
    with simulator, sf.Workspace(tmp_path_factory.mktemp("ws"), service=simulator) as ws:
        yield simulator, ws


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_the_whole_way(place, tmp_path, name):
    simulator, ws = place
    entry = next(one for one in simulator.protocol.catalogue if one["slug"] == SLUG)
    entry["parameters_schema"] = SCHEMAS[name]
    ws.refresh_models()
    model = ws.model(SLUG)
    known = model.parameter("x")
    assert known is not None or not model.is_open
    values = [1, 2] if known is not None and name != "an enum of numbers as texts" else None
    swept = {"x": values} if values and _takes(known, values) else {}
    sweep = sf.Sweep(model=model, prompt="a<b> & c", seed=1 if swept else [1, 2], **swept)
    assert str(ws.plan(sweep))
    sweep.to_toml(tmp_path / "s.toml")
    assert sf.Sweep.from_toml(tmp_path / "s.toml", model=ws.model) == sweep
    builder = ws.builder(sweep)
    assert builder.sweep == sweep
    runs = ws.run(sweep)
    assert set(runs.df["status"]) == {"completed"}
    assert runs.sheet().image.size[0] > 50
    runs.bundle(tmp_path / "s.sfx")
    with sf.Workspace(tmp_path / "s.sfx") as opened:
        assert len(opened.runs().df) == len(sweep)
        assert list(opened.model(SLUG).parameters) == list(model.parameters)
    assert ws.models["known"].map(str).str.len().max() < 3000


def _takes(parameter, values):
    try:
        return [parameter.normalise(value) for value in values] == values
    except (ValueError, SegfluxError):
        return False
