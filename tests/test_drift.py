"""Where the catalogue differs from this version's table, and what a model learns of it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segflux_nb.drift import differences, in_one_line, with_news
from segflux_nb.model import MODEL
from segflux_nb.service.catalogue import entry_of
from segflux_nb.simulator.service.offers import catalogue

READ_AT = 1_800_691_200.0


def changed(change=lambda own, fields: None):
    own = catalogue()[0]
    change(own, own["parameters_schema"]["properties"])
    return entry_of(own)


def of(change):
    return differences(MODEL, changed(change))


def test_the_simulators_own_entry_does_not_differ():
    entry = changed()
    assert differences(MODEL, entry) == ()
    assert in_one_line((), READ_AT) == ""
    assert with_news(MODEL, entry) == MODEL


def much(own, fields):
    fields["sampler_name"]["enum"] += ["deis", "res_multistep"]
    fields["scheduler"]["enum"].remove("beta")
    fields["aspect_ratio"]["enum"].append("7:5")
    own["price"] = "$0.05"


def test_28_samplers_one_scheduler_less_a_new_ratio_and_another_price():
    found = of(much)
    assert [(one.kind, one.parameter) for one in found] == [
        ("new values", "sampler_name"),
        ("missing values", "scheduler"),
        ("new values", "aspect_ratio"),
        ("price", ""),
    ]
    assert in_one_line(found, READ_AT) == (
        "The service's catalogue of 23 Jan differs from this version: 2 new samplers (deis, res_multistep),"
        " 1 scheduler less (beta), 1 new ratio (7:5), another price ($0.0500). segflux doctor says more"
    )
    for one in found:
        assert one.sentence.split()[0][0].isupper() or one.sentence.startswith(one.parameter)


def test_what_the_catalogue_alone_knows_is_allowed_and_what_it_lacks_stays():
    model = with_news(MODEL, changed(much))
    assert len(model.parameters["sampler_name"].choices) == 28
    assert model.parameters["sampler_name"].normalise("deis") == "deis"
    assert model.parameters["aspect_ratio"].normalise("7:5") == "7:5"
    assert model.parameters["scheduler"].normalise("beta") == "beta"
    assert model.evaluations({"sampler_name": "deis", "steps": 25}) is None, "nobody knows what it evaluates"
    assert model.evaluations({"sampler_name": "heun", "steps": 25}) == 49
    assert (model.price, MODEL.price) == (0.05, pytest.approx(0.03397, rel=1e-3))
    assert len(MODEL.parameters["sampler_name"].choices) == 26


@pytest.mark.parametrize(
    ("change", "kind", "parameter", "says"),
    [
        (lambda own, fields: own.update(is_depreciated=True), "deprecated", "", "is deprecated"),
        (lambda own, fields: own.update(parameters_schema="gone"), "unread", "", "says nothing of the fields"),
        (lambda own, fields: own.update(parameters_schema={"properties": []}), "unread", "", "says nothing"),
        (lambda own, fields: fields.pop("lora_strength"), "missing field", "lora_strength", "no field lora_strength"),
        (lambda own, fields: fields.update(guidance={"type": "number"}), "new field", "guidance", "a number"),
        (lambda own, fields: fields["steps"].update(maximum=150), "range", "steps", "ends at 150 in the"),
        (lambda own, fields: fields["steps"].update(minimum=5), "range", "steps", "begins at 5 in the"),
        (lambda own, fields: fields["steps"].update(default=28), "default", "steps", "28 in the catalogue"),
        (lambda own, fields: fields.update(steps={"type": "string"}), "type", "steps", "is text in the catalogue"),
        (lambda own, fields: own.update(avg_cost=0.01), "price", "", "this version counts with $0.0340"),
    ],
)  # fmt: skip
def test_each_kind(change, kind, parameter, says):
    (found,) = of(change)
    assert (found.kind, found.parameter) == (kind, parameter)
    assert says in found.sentence
    assert found.short in in_one_line([found], READ_AT)


def test_a_new_field_that_must_be_given_says_so():
    def change(own, fields):
        fields["guidance"] = {"type": "number"}
        own["parameters_schema"]["required"].append("guidance")

    (found,) = of(change)
    assert "requests may fail" in found.sentence


@pytest.mark.parametrize(
    "change",
    [
        lambda own, fields: own.update(price=0.034),  # an average of another day
        lambda own, fields: own["parameters_schema"].update(required=[]),
        lambda own, fields: fields["seed"].update(default=-1),
        lambda own, fields: fields["steps"].pop("default"),
        lambda own, fields: fields["lora_strength"].update(default=1.0),
        lambda own, fields: fields["sampler_name"]["enum"].reverse(),
        lambda own, fields: fields["prompt"].update(description="other words", default="TOK"),
    ],
)
def test_what_is_no_difference(change):
    assert of(change) == ()


def test_wider_ranges_are_allowed_and_narrower_ones_stay():
    def change(own, fields):
        fields["steps"].update(minimum=5, maximum=150)
        fields["lora_strength"].update(minimum=-20, exclusiveMaximum=20)
        fields["lora_strength"].pop("maximum")

    model = with_news(MODEL, changed(change))
    steps, strength = model.parameters["steps"], model.parameters["lora_strength"]
    assert (steps.minimum, steps.maximum) == (1, 150)
    assert (strength.minimum, strength.maximum) == (-20, 20)
    assert model.parameters["seed"].minimum == 0, "a random seed cannot be repeated"


def test_a_default_that_is_none_of_the_values_hides_no_other_difference():
    def change(own, fields):
        fields["sampler_name"].update(enum=["heun", "deis"], default="a placeholder")

    kinds = [one.kind for one in of(change)]
    assert kinds == ["new values", "missing values", "default"]
    assert "deis" in with_news(MODEL, changed(change)).parameters["sampler_name"].choices


def test_new_fields_do_not_change_requests():
    model = with_news(MODEL, changed(lambda own, fields: fields.update(guidance={"type": "number", "default": 3})))
    assert list(model.parameters) == list(MODEL.parameters)


def test_text_of_the_service_is_cleaned_and_cut():
    def change(own, fields):
        fields["sampler_name"]["enum"] += ["a\x1b[31mb", "x" * 5000, *(f"s{n}" for n in range(9))]
        fields["z" * 3000] = {"type": "string", "enum": ["y" * 3000]}

    line = in_one_line(of(change), READ_AT)
    assert len(line) < 500
    assert "11 new samplers (ab, xxx" in line
    assert "and 7 more" in line
    assert all(len(one.sentence) < 500 for one in of(change))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    ["type", "enum", "minimum", "maximum", "exclusiveMinimum", "default", "anyOf", "$ref", "properties"]
)
FIELDS = st.dictionaries(
    st.sampled_from(list(MODEL.parameters)), st.dictionaries(WORDS, VALUES, max_size=4) | VALUES, max_size=5
)


@given(FIELDS)
def test_no_schema_breaks_it(fields):
    entry = replace(changed(), schema={"properties": fields})
    for one in differences(MODEL, entry):
        assert one.sentence
        assert one.short
    model = with_news(MODEL, entry)
    for name, mine in MODEL.parameters.items():
        assert model.parameters[name].normalise(mine.default) == mine.default
