"""What an error says about a value: what was wrong, once, and what to do."""

import pytest

import segflux_nb as sf


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("steps", 0, "steps=0 is not allowed. Use an integer from 1 to 100."),
        ("lora_strength", 99, "lora_strength=99 is not allowed. Use a number from -10 to 10."),
        ("prompt", 3, "prompt=3 is not allowed. Use text."),
        ("animal", [["fox"]], "animal=['fox'] is not allowed. Use text or numbers."),
    ],
)
def test_a_value_that_is_not_allowed_is_explained_once(name, value, text):
    parameters = {"prompt": "TOK", "finetune_id": "a", name: value}
    if name == "animal":
        parameters["prompt"] = "TOK {animal}"
    with pytest.raises(sf.SweepError) as error:
        sf.Sweep(**parameters)
    assert str(error.value) == text


def test_a_misspelt_choice_gets_one_suggestion():
    with pytest.raises(sf.SweepError) as error:
        sf.Sweep(prompt="TOK", finetune_id="a", sampler_name="eulr")
    assert str(error.value) == "sampler_name='eulr' is not allowed. Did you mean 'euler'?"


def test_a_choice_like_no_other_gets_the_list_once():
    with pytest.raises(sf.SweepError) as error:
        sf.Sweep(prompt="TOK", finetune_id="a", sampler_name="zzz")
    assert str(error.value).count("dpm_adaptive") == 1
