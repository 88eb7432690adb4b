"""Errors are sentences: one mark at the end of each, none of them said twice."""

import re

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL

WRONG = [
    *({name: value} for name in MODEL.parameters for value in ([], None, True, "", -1, 0, 10**9, 3.5, float("nan"))),
    *({name: "eulr"} for name in MODEL.parameters if name not in ("prompt", "finetune_id")),
    *({name: "1-x"} for name in ("steps", "seed", "lora_strength")),
    *(
        {name: 1}
        for name in ("lora_strenght", "cfg", "sampler", "lora_scale", "guidance", "x", "num_inference_steps")
    ),
    *({"prompt": text} for text in ("TOK {animal}", "TOK {lora_strength}", "TOK {image}", "TOK {a} {b}", ["a", ""])),
    {"prompt": "TOK {image}", "image": ["a"]},
    {"steps": {"few": 1, "none": 0}},
    {"seed": "1-3 (+0)"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_an_error_is_made_of_whole_sentences(wrong):
    try:
        sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", **wrong})
    except sf.SweepError as error:
        said = str(error)
        assert not re.search(r"[?!.…]\.|\.\.$|\s[?.]|  ", re.sub(r"\[\.\.\.\]|, \.\., 10", "", said)), said
        assert said[-1] in ".?"
        ranges = re.findall(r"(?:an integer|a number) from [-\d]+ to [-\d]+", said)
        assert len(ranges) == len(set(ranges)), said
        sentences = re.split(r"(?<=[.?]) (?=[A-Z])", said)
        assert len(sentences) == len(set(sentences)), said
        assert not any(part[0].islower() and part[0] != said[0] for part in sentences), said


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({"sampler_name": "euler, heun"}, "sampler_name=['euler', 'heun']"),
        ({"sampler_name": ["euler,heun"]}, "sampler_name=['euler', 'heun']"),
        ({"aspect_ratio": "16:9, 1:1"}, "aspect_ratio=['16:9', '1:1']"),
        ({"scheduler": "simple, beta,"}, "scheduler=['simple', 'beta']"),
        ({"seed": ["7", "8"]}, "Write 7 without quotes"),
        ({"lora_strength": [0.4, " 0.8 "]}, "Write 0.8 without quotes"),
    ],
    ids=str,
)
def test_a_slip_of_writing_is_answered_with_what_to_write(wrong, remedy):
    with pytest.raises(sf.SweepError, match=re.escape(remedy)):
        sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", **wrong})


def test_text_that_is_no_allowed_number_is_not_told_to_lose_its_quotes():
    with pytest.raises(sf.SweepError, match=r"Use an integer") as caught:
        sf.Sweep(prompt="TOK", finetune_id="a", steps=["500", "many"])
    assert "quotes" not in str(caught.value)


def test_axes_that_are_no_grid_are_not_shown_as_a_product():
    linked = sf.Sweep(sf.linked(lora_strength=[0.4, 0.8], steps=[10, 20]), prompt="TOK", finetune_id="a", seed=1)
    assert repr(linked) == "Sweep(2 runs: 2 lora_strength, 2 steps)"
    grid = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], steps=[10, 20])
    assert repr(grid) == "Sweep(4 runs: 2 seed × 2 steps)"
    assert repr(grid.sample(3)).startswith("Sweep(3 runs: ")
    assert "×" not in repr(grid.sample(3))
