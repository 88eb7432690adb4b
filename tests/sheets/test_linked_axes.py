"""Axes that move together are one axis: no empty cell that nobody asked for."""

import re

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator
from tests.support.frames import coloured

PAIRS = [(4, 0.4), (8, 0.8), (12, 1.2)]


def linked(pairs=PAIRS, seeds=(1, 2)):
    """A frame of pairs of steps and strengths, with some seeds each."""
    table = coloured(pair=range(len(pairs)), seed=seeds)
    table["steps"] = [pairs[at][0] for at in table["pair"]]
    table["lora_strength"] = [pairs[at][1] for at in table["pair"]]
    table.attrs["segflux_axes"] = ["steps", "lora_strength", "seed"]
    return table.drop(columns="pair")


def test_a_sweep_of_linked_parameters_shows_them_as_one_axis(tmp_path):
    sweep = sf.Sweep(
        sf.linked(steps=[4, 8, 12], lora_strength=[0.4, 0.8, 1.2]), prompt="TOK", finetune_id="a", seed=[1, 2]
    )
    with Simulator(time_scale=0.002, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        runs = ws.run(sweep)
        text = runs.sheet().text
        assert re.match(r"ContactSheet: 6 pictures \[", text), "and none is empty"
        assert "columns steps + lora_strength: 4, 0.4; 8, 0.8; 12, 1.2\nrows seed: 1, 2" in text
        loop = runs.travel("lora_strength")
        assert "empty" not in loop.text
        assert "lora_strength + steps" in loop.text
        assert {term for share in runs.effects().shares for term in share.term} == {"steps + lora_strength", "seed"}
        gallery = runs.gallery()
        assert gallery.view["by"] == ""
        folder = runs.export(tmp_path / "out")
        assert "steps + lora_strength" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "axes"),
    [
        ({}, ["columns steps + lora_strength", "rows seed"]),
        ({"cols": "lora_strength"}, ["columns lora_strength + steps", "rows seed"]),
        ({"cols": "lora_strength", "rows": "seed"}, ["columns lora_strength + steps", "rows seed"]),
        ({"rows": "steps"}, ["columns seed", "rows steps + lora_strength"]),
        ({"by": "lora_strength"}, ["columns seed", "groups lora_strength + steps"]),
        ({"by": ["lora_strength", "steps"]}, ["columns seed", "groups lora_strength + steps"]),
        ({"cols": "seed", "rows": "steps", "by": []}, ["columns seed", "rows steps + lora_strength"]),
    ],
)
def test_one_of_them_stands_for_all(options, axes):
    text = linked().pictures.sheet(**options).text
    assert text.startswith("ContactSheet: 6 pictures [")
    assert re.findall(r"^((?:columns|rows|groups) [^:]+):", text, re.MULTILINE) == axes


def test_two_that_are_named_for_two_directions_are_shown_as_asked():
    text = linked().pictures.sheet(cols="steps", rows="lora_strength").text
    assert "columns steps: 4, 8, 12\nrows lora_strength: 0.4, 0.8, 1.2" in text


@pytest.mark.parametrize("pairs", [[(20, 0.5), (20, 1.0), (30, 0.7)], [(30, 1.0), (20, 0.5), (10, 0.7)]])
def test_values_may_repeat_or_come_in_any_order(pairs):
    text = linked(pairs).pictures.sheet().text
    assert "6 pictures [" in text
    assert (
        "columns steps + lora_strength: "
        + "; ".join(f"{steps}, {strength}" for steps, strength in dict.fromkeys(_in_order(pairs)))
        in text
    )


def _in_order(pairs):
    ranks = {steps: at for at, steps in enumerate(dict.fromkeys(steps for steps, _ in pairs))}
    return sorted(pairs, key=lambda pair: (ranks[pair[0]], pair[1]))


def test_a_whole_grid_stays_one():
    text = linked([(20, 0.5), (20, 1.0), (30, 0.5), (30, 1.0)]).pictures.sheet().text
    assert "columns steps: 20, 30\nrows lora_strength: 0.5, 1.0\ngroups seed: 1, 2" in text


def test_differences_from_a_value_of_one_of_them():
    table = linked()
    for reference in ({"lora_strength": 0.4}, {"steps": 4}, {"steps": 4, "lora_strength": 0.4}):
        sheet = table.pictures.sheet(relative_to=reference)
        assert "its difference from steps + lora_strength 4, 0.4." in sheet.text
        assert sum(cell.reference is not None for cell in sheet._layout.cells) == 4
    for wrong, says in (
        ({"lora_strength": 9}, r"lora_strength=9, which this sheet does not have. It has 0\.4, 0\.8, 1\.2"),
        ({"lora_strength": 0.4, "steps": 8}, "no place of the axis steps"),
    ):
        with pytest.raises(sf.SegfluxError, match=says):
            table.pictures.sheet(relative_to=wrong)
    with pytest.raises(sf.SegfluxError, match=r"several places .*: 20, 0\.5; 20, 1\.0\. Give a value to each"):
        linked([(20, 0.5), (20, 1.0), (30, 0.7)]).pictures.sheet(relative_to={"steps": 20})


def test_a_loop_goes_along_all_of_them(tmp_path):
    for axis in ("steps", "lora_strength"):
        loop = linked().pictures.travel(axis)
        other = {"steps": "lora_strength", "lora_strength": "steps"}[axis]
        assert f"{axis} + {other}" in loop.text
        assert loop.save(tmp_path / "a.webp").stat().st_size
    loop = linked([(4, 0.0), (8, 0.5), (12, 2.0)]).pictures.travel("lora_strength")
    assert loop._places == [0.0, 0.25, 1.0], "where the strengths are"
