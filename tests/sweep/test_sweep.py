import math
import pickle

import numpy as np
import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL, SAMPLERS

BASE = {"prompt": "TOK at dawn", "finetune_id": "ft"}


def sweep(**parameters):
    return sf.Sweep(**{**BASE, **parameters})


def test_a_grid_is_the_product_in_keyword_order_last_axis_fastest():
    grid = sweep(seed=[1, 2], lora_strength=[0.5, 1])
    assert len(grid) == 4
    assert [(cell.seed, cell.lora_strength) for cell in grid] == [(1, 0.5), (1, 1.0), (2, 0.5), (2, 1.0)]
    assert grid.axes == {"seed": [1, 2], "lora_strength": [0.5, 1.0]}
    assert grid.constants["prompt"] == "TOK at dawn"
    assert "seed" not in grid.constants
    assert repr(grid) == "Sweep(4 runs: 2 seed × 2 lora_strength)"


def test_a_sweep_of_constants_is_one_cell_with_the_defaults():
    (cell,) = sweep()
    assert dict(cell.parameters) == {**{name: p.default for name, p in MODEL.parameters.items()}, **BASE}


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],
        (1, 2, 3),
        range(1, 4),
        np.array([1, 2, 3]),
        pd.Series([1, 2, 3]),
        "1-3",
        "1, 2, .., 3",
        [1.0, 2, 3, 3],
    ],
)
def test_all_kinds_of_axis_values(values):
    assert [cell.seed for cell in sweep(seed=values)] == [1, 2, 3]


def test_linked_parameters_move_together():
    grid = sf.Sweep(sf.linked(lora_strength="0.5-1 (+0.5)", steps=[20, 30]), **BASE, seed=[1, 2])
    assert [(cell.lora_strength, cell.steps, cell.seed) for cell in grid] == [
        (0.5, 20, 1),
        (0.5, 20, 2),
        (1.0, 30, 1),
        (1.0, 30, 2),
    ]
    with pytest.raises(sf.SweepError, match="lora_strength has 2, steps has 3"):
        sf.Sweep(sf.linked(lora_strength=[0.5, 1], steps=[1, 2, 3]), **BASE)


def test_labels_show_but_are_no_part_of_the_identity():
    labelled = sf.Sweep(prompt="TOK", finetune_id={"1200 steps": "a", "2400 steps": "b"})
    bare = sf.Sweep(prompt="TOK", finetune_id=["a", "b"])
    assert [cell.digest for cell in labelled] == [cell.digest for cell in bare]
    assert labelled.labels == {"finetune_id": {"a": "1200 steps", "b": "2400 steps"}}
    assert labelled != bare


def test_placeholders_are_axes():
    grid = sf.Sweep(prompt="TOK {animal}, {light} light {{so}}", finetune_id="a", animal=["fox", "owl"], light="warm")
    assert [cell.prompt for cell in grid] == ["TOK fox, warm light {so}", "TOK owl, warm light {so}"]
    assert grid[1].animal == "owl"
    assert grid.axes == {"animal": ["fox", "owl"]}
    assert grid[0].prompt_template == "TOK {animal}, {light} light {{so}}"
    templates = sf.Sweep(prompt=["a {animal}", "b {animal}"], finetune_id="a", animal=["fox", "owl"])
    assert templates.axes == {"prompt_template": ["a {animal}", "b {animal}"], "animal": ["fox", "owl"]}


def test_where_sample_and_baseline():
    grid = sweep(seed=range(1, 6), lora_strength=[0.5, 1])
    assert {cell.seed for cell in grid.where(lambda cell: cell.seed > 3)} == {4, 5}
    assert grid.where(lambda cell: cell.seed > 3).axes["seed"] == [4, 5]
    assert list(grid.sample(4)) == list(grid.sample(4, seed=0)) != list(grid.sample(4, seed=1))
    based = grid.with_baseline()
    assert len(based) == 15
    assert based.axes["lora_strength"] == [0.0, 0.5, 1.0]
    assert {cell.seed for cell in based if cell.lora_strength == 0} == {1, 2, 3, 4, 5}
    with pytest.raises(sf.SweepError, match="No cell"):
        grid.where(lambda cell: False)
    with pytest.raises(sf.SweepError, match="from 1 to 10"):
        grid.sample(11)


def test_union_has_each_cell_once():
    one, two = sweep(seed=[1, 2]), sweep(seed=[2, 3])
    both = one + two
    assert [cell.seed for cell in both] == [1, 2, 3]
    assert both.axes == {"seed": [1, 2, 3]}
    mixed = one + sweep(seed=1, steps=[10, 20])
    assert list(mixed.axes) == ["seed", "steps"]
    assert "steps" not in mixed.constants


def test_replace_keeps_axes_in_place_and_applies_filters_again():
    grid = sweep(seed=[1, 2], lora_strength=[0.5, 1]).where(lambda cell: cell.lora_strength > 0.6)
    other = grid.replace(seed=[7, 8, 9], prompt="TOK by night")
    assert [(cell.seed, cell.lora_strength) for cell in other] == [(7, 1.0), (8, 1.0), (9, 1.0)]
    assert other[0].prompt == "TOK by night"
    assert list(other.axes) == ["seed", "lora_strength"]
    linked = sf.Sweep(sf.linked(lora_strength=[0.5, 1], steps=[1, 2]), **BASE)
    with pytest.raises(sf.SweepError, match="moves together with steps"):
        linked.replace(lora_strength=[1, 2])


@pytest.mark.parametrize(
    "make",
    [
        lambda: sweep(seed="1-3", lora_strength=[0.5, 1], hardware="fast"),
        lambda: sf.Sweep(sf.linked(steps=[1, 2], seed=[3, 4]), **BASE, sampler_name=["euler", "heun"]),
        lambda: sf.Sweep(prompt="a {x} {{b}}", finetune_id={"one": "1", "two": "2"}, x={"short": "long é"}),
        lambda: sweep(seed=range(6), lora_strength=[0.5, 1]).sample(5).with_baseline(),
        lambda: sf.Sweep(prompt="a {{b}} {x}", finetune_id="1", x=["y", "z"]).where(lambda cell: cell.x == "y"),
    ],
)
def test_toml_round_trip(tmp_path, make):
    original = make()
    read = sf.Sweep.from_toml(original.to_toml(tmp_path / "sweep.toml"))
    assert read == original
    assert read.axes == original.axes
    assert [dict(cell.labels) for cell in read] == [dict(cell.labels) for cell in original]


def test_a_sweep_file_by_hand(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('[sweep]\nprompt = "TOK"\nfinetune_id = "a"\nlora_strength = "0.4-1.4 (+0.2)"\nseed = [1, 2]\n')
    assert len(sf.Sweep.from_toml(file)) == 12
    file.write_text('[sweep]\nprompt = "TOK"\n')
    with pytest.raises(sf.SweepError, match="finetune_id is missing"):
        sf.Sweep.from_toml(file)
    for wrong in ("prompt = 'x'", "[[[", "", "[sweep]\n[other]\n"):
        file.write_text(wrong)
        with pytest.raises(sf.SweepError, match="not a sweep file"):
            sf.Sweep.from_toml(file)
    with pytest.raises(sf.SweepError, match=r"absent\.toml cannot be read: No such file"):
        sf.Sweep.from_toml(tmp_path / "absent.toml")


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"steps": True}, ["steps=True", "integer from 1 to 100"]),
        ({"steps": "1.5"}, ["steps", "1.5", "integer"]),
        ({"steps": [10, 2.5]}, ["steps=2.5"]),
        ({"steps": 0}, ["steps=0", "from 1 to 100"]),
        ({"steps": []}, ["steps is an empty axis"]),
        ({"steps": {}}, ["steps is an empty axis"]),
        ({"lora_strength": math.nan}, ["lora_strength=nan", "from -10 to 10"]),
        ({"lora_strength": math.inf}, ["lora_strength=inf"]),
        ({"lora_strength": [0.5, 11]}, ["lora_strength=11"]),
        ({"lora_strength": "0.4-1.4"}, ["lora_strength='0.4-1.4'", "(+0.2)"]),
        ({"lora_strength": "1-0 (+0.5)"}, ["lora_strength", "(-0.5)"]),
        ({"lora_strength": "0-20 (+10)"}, ["lora_strength", "20"]),
        ({"lora_strength": None}, ["lora_strength=None"]),
        ({"seed": -1}, ["seed=-1", "sf.seeds(4)"]),
        ({"seed": [3, -1]}, ["seed=-1"]),
        ({"seed": "-1"}, ["seed=-1", "random"]),
        ({"seed": 2**32}, ["seed"]),
        ({"sampler_name": "dpmpp2m"}, ["sampler_name='dpmpp2m'", "'dpmpp_2m'"]),
        ({"sampler_name": 3}, ["sampler_name=3"]),
        ({"prompt": ""}, ["prompt is empty"]),
        ({"prompt": 7}, ["prompt=7"]),
        ({"hardware": ["fast", "cost"]}, ["hardware", "is not an axis"]),
        ({"lora_scale": 1}, ["'lora_scale'", "'lora_strength'"]),
        ({"sampler_nam": "euler"}, ["'sampler_name'"]),
        ({"colour": ["red"]}, ["'colour'", "{colour}"]),
        ({"prompt": "a {animal}"}, ["{animal}", "animal=[...]"]),
        ({"prompt": "a {animal}", "animal": []}, ["animal is an empty axis"]),
        ({"prompt": "a {animal}", "animal": [None]}, ["animal=None"]),
        ({"prompt": "a {seed}"}, ["{seed}", "another name"]),
        ({"finetune_id": {3: "a"}}, ["label 3"]),
    ],
)
def test_bad_input_is_refused_naming_parameter_value_and_remedy(parameters, says):
    with pytest.raises(sf.SweepError) as error:
        sweep(**parameters)
    for text in says:
        assert text in str(error.value)


def test_prompt_and_finetune_id_have_no_default():
    with pytest.raises(sf.SweepError, match="finetune_id is missing"):
        sf.Sweep(prompt="TOK")
    with pytest.raises(sf.SweepError, match="prompt is missing"):
        sf.Sweep(finetune_id="a")
    with pytest.raises(sf.SweepError, match="by name"):
        sf.Sweep("TOK")
    with pytest.raises(sf.SweepError, match="given twice"):
        sf.Sweep(sf.linked(seed=[1], steps=[2]), **BASE, seed=3)


def test_requests_are_values():
    cell = sweep(seed=4)[0]
    assert pickle.loads(pickle.dumps(cell)) == cell
    assert cell.again(1).digest != cell.digest
    with pytest.raises(AttributeError, match="no 'sede'"):
        _ = cell.sede
    with pytest.raises(TypeError):
        cell.parameters["seed"] = 5


def test_long_and_hostile_prompts_are_escaped_where_a_sweep_shows():
    html = sweep(prompt="<script>alert(1)</script> " + "long " * 200)._repr_html_()
    assert "<script" not in html
    assert "&lt;script" in html
    assert len(html) < 4000


def test_the_table_of_the_model():
    assert len(SAMPLERS) == 26
    assert len(MODEL.parameters) == 9
    assert len(MODEL.parameters["scheduler"].choices) == 7
    assert len(MODEL.sizes) == 13
    assert all(width % 64 == height % 64 == 0 for width, height in MODEL.sizes.values())
    assert SAMPLERS["heunpp2"].total(25) == 72
    assert SAMPLERS["heun"].total(1) == 1
    assert SAMPLERS["dpm_adaptive"].total(25) is None
