"""The identity of a request never changes between releases: a changed digest would pay for old pictures again."""

import json
from pathlib import Path

import pytest

import segflux_nb as sf

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
