"""What a proposal says about itself: sentences that make sense, and cells that are worth their price."""

import re

import pytest

from segflux_nb.sweep.refine import refine_axes
from segflux_nb.voting.outlook import expected
from segflux_nb.voting.ranking import rank
from tests.support.people import SIX, Study, along

AXIS = "lora_strength"


@pytest.mark.parametrize(
    ("now", "without", "then", "sentence"),
    [
        (0.08, 0.06, 0.04, "lora_strength within ±0.04 (now ±0.08, without these pictures ±0.06)"),
        (0.08, 0.05, 0.05, "lora_strength within ±0.05 (now ±0.08), with these pictures or without"),
        (0.08, 0.05, 0.07, "lora_strength within ±0.05 (now ±0.08), with these pictures or without"),
        (0.31, 0.32, 0.32, "lora_strength no better than now (±0.31)"),
        (0.31, 0.33, 0.25, "lora_strength within ±0.25 (now ±0.31, without these pictures no better)"),
        (0.0041, 0.0032, 0.0021, "lora_strength within ±0.0021 (now ±0.0041, without these pictures ±0.0032)"),
        (15.1, 15.0, 12.0, "lora_strength within ±12 (now ±15, without these pictures no better)"),
    ],
)
def test_a_gain_is_said_where_there_is_one(now, without, then, sentence):
    assert expected("lora_strength", now, without, then) == sentence


def cells(axes, **more):
    from segflux_nb import Sweep

    sweep = Sweep(prompt="TOK", finetune_id="a", **axes, **more)
    return [cell.parameters for cell in sweep]


def test_an_axis_of_which_nothing_is_known_is_not_refined():
    tried = cells({AXIS: [0.4, 0.6, 0.8], "steps": list(range(5, 50, 5))})
    values = refine_axes(tried, {AXIS: (0.55, 0.7), "steps": (6.2, 45.0)}).axes
    assert values["steps"] == list(range(5, 50, 5)), "these pictures are there"
    assert 3 < len(values[AXIS]) < 7


def test_gaps_of_an_axis_are_filled():
    tried = cells({"steps": [8, 40, 42]})
    values = refine_axes(tried, {"steps": (8, 41)}).axes["steps"]
    assert 5 <= len(values) <= 9
    assert {10, 20, 30} <= set(values)


@pytest.mark.parametrize("ends", [(0.4, 1.4), (0.41, 1.2), (0.9, 0.95), (0.9, 0.9), (0.903, 0.9031), (1.4, 1.4)])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_refined_sweep_is_not_too_large(ends, number):
    tried = cells({AXIS: SIX, "steps": [10, 20, 30], "seed": [1, 2, 3, 4, 5]})
    others = {"steps": (18.0, 22.0), "seed": (2.0, 3.0)}
    bounds = {AXIS: ends, **{name: others[name] for name in list(others)[: number - 1]}}
    values = refine_axes(tried, bounds).axes[AXIS]
    assert 2 <= len(values) <= 9
    assert min(values) <= ends[0] + 1e-9
    assert max(values) >= ends[1] - 1e-9
    assert len(set(values)) == len(values)
    assert all(re.fullmatch(r"\d(\.\d{1,5})?", f"{value!r}") for value in values)


def test_few_and_narrow_votes_give_sentences_without_nonsense():
    from segflux_nb.voting.outlook import outlook

    for votes in (2, 12, 40):
        study = Study(along(SIX, 5, 12), votes)
        study.vote(votes)
        belief = rank(AXIS, SIX, study.votes()).belief
        if belief.blocks < 2:
            continue
        said = outlook(belief, [(value,) for value in SIX], [(0.85,), (0.9,)])
        widths = [float(one) for one in re.findall(r"±([\d.]+)", said)]
        assert said.startswith("Expected after 20 more votes: lora_strength ")
        assert len(set(widths)) == len(widths), said
        assert widths == sorted(widths) or "without these" in said
