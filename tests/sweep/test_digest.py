"""The identity of a request never changes between releases: a changed digest would pay for old pictures again."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.sweep.axes import axis
from segflux_nb.sweep.order import ordered
from segflux_nb.sweep.request import Request, canonical_json

CELL = sf.Sweep(prompt="TOK", finetune_id="a")[0]

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "digests.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["digest"][:12])
def test_golden_digests(case):
    cell = sf.Sweep(**case["parameters"])[0]
    assert cell.again(case["take"]).digest == case["digest"]


def test_only_what_decides_the_picture_decides_the_digest():
    base = {"prompt": "TOK", "finetune_id": "a"}
    digest = sf.Sweep(**base)[0].digest
    same = [
        {"hardware": "fast"},
        {"lora_strength": 1},
        {"lora_strength": 1.0000000001},
        {"seed": 6652105.0},
        {"sampler_name": "euler"},
        {"finetune_id": {"my first": "a"}},
    ]
    other = [
        {"seed": 1},
        {"prompt": "tok"},
        {"lora_strength": 1.000001},
        {"steps": 26},
        {"aspect_ratio": "3:2"},
    ]
    assert {sf.Sweep(**{**base, **change})[0].digest for change in same} == {digest}
    assert len({sf.Sweep(**{**base, **change})[0].digest for change in other} | {digest}) == len(other) + 1
    assert sf.Sweep(prompt="TOK", finetune_id="a", lora_strength=-0.0)[0].body["lora_strength"] == 0


@given(
    strength=st.floats(allow_nan=False, allow_infinity=False),
    seed=st.integers(-(2**70), 2**70),
    prompt=st.text(),
)
def test_the_quick_way_to_a_digest_is_the_canonical_one(strength, seed, prompt):
    """Numbers with an exponent, of many digits, and every character."""
    parameters = {**dict(CELL.parameters), "lora_strength": strength, "seed": seed, "prompt": prompt}
    deciding = {name: value for name, value in parameters.items() if name != "hardware"}
    text = canonical_json({"model": MODEL.slug, "parameters": deciding, "take": 0})
    assert Request(parameters).digest == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("changes", [{"steps": True}, {"steps": [1, 2]}, {"steps": None}, {"seed": 1.0}])
@pytest.mark.parametrize("without", [(), ("seed",), ("prompt", "seed")])
def test_values_that_only_a_foreign_log_has_do_not_take_the_digest_of_others(changes, without):
    """True is equal to 1 and is written otherwise; a list has no hash; a parameter may be missing."""
    assert Request({**CELL.parameters, "steps": 1, "seed": 1}).digest  # so that equal values are known
    parameters = {name: value for name, value in {**CELL.parameters, **changes}.items() if name not in without}
    deciding = {name: value for name, value in parameters.items() if name != "hardware"}
    text = canonical_json({"model": MODEL.slug, "parameters": deciding, "take": 0})
    assert Request(parameters).digest == hashlib.sha256(text.encode()).hexdigest()


def test_more_values_than_are_kept_have_their_own_digests(monkeypatch):
    monkeypatch.setattr("segflux_nb.sweep.request.MOST_VALUES", 3)
    seeds = [*range(8), *range(8)]
    digests = [Request({**CELL.parameters, "seed": seed}).digest for seed in seeds]
    assert digests[:8] == digests[8:]
    assert len(set(digests)) == 8


def test_an_axis_of_many_values_takes_no_time_that_grows_with_their_square():
    """Each value of an axis is looked up in a set: comparisons of numbers do not grow faster than their number."""
    compared = 0

    class Counting(int):
        def __eq__(self, other):
            nonlocal compared
            compared += 1
            return int(self) == int(other)

        __hash__ = int.__hash__

    seen = {Counting(value): None for value in range(1000)}
    assert ordered(seen, [axis("seed", range(1000))], "seed") == list(range(1000))
    assert compared < 10_000
