"""Sweeps from tables of settings."""

import numpy as np
import pandas as pd
import pytest

import segflux_nb as sf

GIVEN = {"prompt": "TOK at dawn", "finetune_id": "a"}


def test_each_row_is_a_cell_and_what_varies_is_an_axis():
    table = pd.DataFrame({"steps": [10, 25, 10], "lora_strength": [0.5, 1.0, 0.5], "note": ["x", "y", "z"]})
    sweep = sf.Sweep.from_frame(table, **GIVEN)
    assert [(cell.steps, cell.lora_strength) for cell in sweep] == [(10, 0.5), (25, 1.0)], "equal rows once"
    assert list(sweep.axes) == ["steps", "lora_strength"]
    assert next(iter(sweep)).digest == next(iter(sf.Sweep(steps=10, lora_strength=0.5, **GIVEN))).digest


def test_missing_values_are_defaults_and_floats_that_are_integers_are():
    table = pd.DataFrame({"steps": [1.0, np.nan], "sampler_name": [None, "heun"]})
    one, other = sf.Sweep.from_frame(table, **GIVEN)
    assert (one.steps, one.sampler_name) == (1, next(iter(sf.Sweep(**GIVEN))).sampler_name)
    assert (other.steps, other.sampler_name) == (next(iter(sf.Sweep(**GIVEN))).steps, "heun")


@pytest.mark.parametrize(
    ("seeds", "says"),
    [
        ([1, None], "Row r1 of the frame has no seed"),
        ([np.nan, pd.NA, 3], "Rows r0 and r1 of the frame have no seed"),
        ([None] * 9, "Rows r0, r1, r2, r3, r4 and 4 more of the frame have no seed"),
    ],
)
def test_a_missing_seed_is_no_default(seeds, says):
    """The same seed for all would be taken for a choice of the study."""
    table = pd.DataFrame(
        {"seed": seeds, "steps": range(1, len(seeds) + 1)}, index=[f"r{at}" for at in range(len(seeds))]
    )
    for frame in (table, table.assign(run="5e748de108ed", status="completed")):
        with pytest.raises(sf.SweepError, match=says) as error:
            sf.Sweep.from_frame(frame, **GIVEN)
        assert 'frame.drop(columns="seed")' in str(error.value)
    assert len(sf.Sweep.from_frame(table.drop(columns="seed"), **GIVEN)) == len(seeds)
    with pytest.raises(sf.SweepError, match="no seed"):
        sf.Sweep.from_frame(table.set_index("seed"), **GIVEN)


def test_a_run_of_another_model_may_have_had_no_seed():
    """It is the same run again."""
    rows = {
        "run": ["5e748de108ed", None],
        "status": "completed",
        "noise_seed": [None, None],
        "hue": [1, 2],
        "prompt": "a",
    }
    with pytest.raises(sf.SweepError, match="Row 1 of the frame has no noise_seed"):
        sf.Sweep.from_frame(pd.DataFrame(rows), model="x")
    assert len(sf.Sweep.from_frame(pd.DataFrame(rows)[:1], model="x")) == 1


def test_parameters_may_be_in_the_index_and_labels_are_kept():
    table = pd.DataFrame({"finetune_id": ["a", "b"], "finetune_id_label": ["first", "second"], "seed": [1, 2]})
    sweep = sf.Sweep.from_frame(table.set_index("seed"), prompt="TOK")
    assert sweep.labels == {"finetune_id": {"a": "first", "b": "second"}}
    assert [cell.seed for cell in sweep] == [1, 2]


def test_placeholders_are_filled_from_their_columns():
    table = pd.DataFrame({"prompt": ["TOK {animal}"] * 2, "animal": ["fox", "owl"], "finetune_id": "a"})
    sweep = sf.Sweep.from_frame(table)
    assert [cell.prompt for cell in sweep] == ["TOK fox", "TOK owl"]
    assert sweep == sf.Sweep(prompt="TOK {animal}", animal=["fox", "owl"], finetune_id="a")
    with pytest.raises(sf.SegfluxError, match=r"Row 0 of the frame.*\{animal\}"):
        sf.Sweep.from_frame(table.drop(columns="animal"))


@pytest.mark.parametrize(
    ("table", "given", "says"),
    [
        (pd.DataFrame({"steps": [10, 0]}), GIVEN, r"Row 1 of the frame: steps=0"),
        (pd.DataFrame({"lora_strenth": [1]}), GIVEN, "Did you mean 'lora_strength'"),
        (pd.DataFrame({"steps": [10]}), {"prompt": "TOK"}, "finetune_id is missing"),
        (pd.DataFrame({"steps": [10]}), {**GIVEN, "steps": 5}, "Give it once"),
        (pd.DataFrame({"steps": [10]}), {**GIVEN, "seed": [1, 2]}, "not one value"),
        (pd.DataFrame({"steps": []}), GIVEN, "no rows"),
        (pd.DataFrame([[1, 2]], columns=["seed", "seed"]), GIVEN, "several columns 'seed'"),
        ({"steps": [10]}, GIVEN, "takes a pandas frame"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(table, given, says):
    with pytest.raises(sf.SegfluxError, match=says):
        sf.Sweep.from_frame(table, **given)
