"""Points of axes that are the same: linked lists keep their pairs, and what counts once is said."""

import pytest

import segflux_nb as sf
from segflux_nb.model import unknown_model
from segflux_nb.sweep.form import code_of
from segflux_nb.sweep.refine import refine

BASE = {"prompt": "TOK at dawn", "finetune_id": "ft"}


def pairs(sweep, *names):
    return [tuple(getattr(cell, name) for name in names) for cell in sweep]


@pytest.mark.parametrize(
    ("steps", "strengths", "expected"),
    [
        ([20, 20, 30], [0.5, 1, 1], [(20, 0.5), (20, 1), (30, 1)]),
        ([20, 20, 30, 30], [0.5, 1, 0.5, 1], [(20, 0.5), (20, 1), (30, 0.5), (30, 1)]),
        ([10, 20, 10], [0.1, 0.2, 0.3], [(10, 0.1), (20, 0.2), (10, 0.3)]),
        ([10, 10.0, 10], [0.1, 0.2, 0.1], [(10, 0.1), (10, 0.2)]),
        ([30, 20, 30, 20], [1, 0.5, 1, 0.5], [(30, 1), (20, 0.5)]),
        ("10, 10, 20", "0.4-0.8 (+0.2)", [(10, 0.4), (10, 0.6), (20, 0.8)]),
        ("10, 10", [0.5, 1], [(10, 0.5), (10, 1)]),
        ([10, 20], {"a": 0.5, "b": 0.5}, [(10, 0.5), (20, 0.5)]),
        ([5], [0.5], [(5, 0.5)]),
    ],
)
def test_linked_values_keep_their_pairs(tmp_path, steps, strengths, expected):
    sweep = sf.Sweep(sf.linked(steps=steps, lora_strength=strengths), **BASE, seed=[1, 2])
    assert pairs(sweep, "steps", "lora_strength", "seed") == [(*pair, seed) for pair in expected for seed in (1, 2)]
    assert sf.Sweep.from_toml(sweep.to_toml(tmp_path / "s.toml")) == sweep
    assert eval(code_of(sweep).partition("=")[2], {"sf": sf}) == sweep
    assert pairs(sweep.replace(seed=3), "steps", "lora_strength") == expected


def test_linked_values_keep_their_pairs_in_a_file_by_hand(tmp_path):
    file = tmp_path / "s.toml"
    linked = '[[linked]]\nsteps = [20, 20, 30]\nlora_strength = "0.5, 1, 1"\n'
    file.write_text(f'{linked}[sweep]\nprompt = "TOK"\nfinetune_id = "a"\n')
    assert pairs(sf.Sweep.from_toml(file), "steps", "lora_strength") == [(20, 0.5), (20, 1), (30, 1)]


def test_linked_placeholders_pictures_and_other_models(tmp_path):
    sweep = sf.Sweep(
        sf.linked(animal=["fox", "fox", "owl"], lora_strength=[0.5, 1, 1]), prompt="TOK {animal}", finetune_id="a"
    )
    assert pairs(sweep, "prompt", "lora_strength") == [("TOK fox", 0.5), ("TOK fox", 1), ("TOK owl", 1)]
    other = sf.Sweep(
        sf.linked(hue=[None, None, True, 1], strength=[1, 2, 1, 1]), model=unknown_model("x"), prompt="p"
    )
    assert [(cell.parameters["hue"], cell.strength) for cell in other] == [(None, 1), (None, 2), (True, 1), (1, 1)]


def test_a_refined_sweep_of_linked_values():
    sweep = sf.Sweep(sf.linked(steps=[20, 20, 30], lora_strength=[0.5, 1, 1]), **BASE)
    refined = refine([cell.parameters for cell in sweep], "lora_strength", 0.5, 1)
    assert {cell.steps for cell in refined} == {20, 30}


def test_lists_of_different_lengths_say_how_long_they_are():
    with pytest.raises(sf.SweepError, match=r"steps has 3, lora_strength has 2.*equally long"):
        sf.Sweep(sf.linked(steps=[20, 20, 30], lora_strength=[0.5, 1]), **BASE)
    with pytest.raises(sf.SweepError, match=r"steps has 1, lora_strength has 2.*give it to Sweep itself"):
        sf.Sweep(sf.linked(steps=20, lora_strength=[0.5, 1]), **BASE)


def test_what_is_given_twice_counts_once_and_is_said():
    linked = sf.Sweep(sf.linked(steps=[20, 20, 30], lora_strength=[0.5, 0.5, 1]), **BASE)
    assert len(linked) == 2
    assert linked.notes == ("steps + lora_strength: 3 points were given, 2 of them different; equal ones count once",)
    assert sf.Sweep(**BASE, seed=[1, 1, 2]).notes == (
        "seed: 3 points were given, 2 of them different; equal ones count once",
    )
    assert sf.Sweep(**BASE, seed=[1, 2]).notes == ()


def test_two_labels_of_one_value_are_one_run_that_has_both(tmp_path):
    sweep = sf.Sweep(prompt="TOK", finetune_id={"late": "x", "end": "x", "early": "y"}, seed=[1, 2])
    assert repr(sweep) == "Sweep(4 runs: 2 finetune_id × 2 seed)"
    assert sweep.labels == {"finetune_id": {"x": "late = end", "y": "early"}}
    assert sweep.notes == ("finetune_id: 'late' and 'end' are labels of one value, 'x', and share its runs",)
    assert sf.Sweep.from_toml(sweep.to_toml(tmp_path / "s.toml")) == sweep
    assert len(sweep.where(finetune_id="end")) == len(sweep.where(finetune_id="late = end")) == 2


def test_labels_that_come_together_in_a_sum_share_the_run():
    one, two = (sf.Sweep(prompt="TOK", finetune_id={label: "x"}, seed=[1, 2]) for label in ("a", "b"))
    assert [cell.finetune_id_label for cell in one + two] == ["a = b", "a = b"]
    again = (one + two) + one
    assert [cell.finetune_id_label for cell in again] == ["a = b", "a = b"]


def test_linked_labels_that_stand_for_one_value_keep_their_points():
    sweep = sf.Sweep(sf.linked(finetune_id={"a": "x", "b": "x"}, steps=[20, 30]), prompt="TOK")
    assert [(cell.finetune_id_label, cell.steps) for cell in sweep] == [("a", 20), ("b", 30)]


def test_cells_that_ask_for_the_same_picture_are_told():
    sweep = sf.Sweep(prompt="TOK {one}{two}", finetune_id="a", one=["x", "xy"], two=["yz", "z"])
    assert sweep.notes == (
        "1 of its 4 cells ask for the same picture as another one: a run is shared, and paid once",
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: sf.Sweep(**BASE, seed=range(20_000), steps=range(1, 101)),
        lambda: sf.Sweep(sf.linked(seed=range(20_000), lora_strength=[0.1] * 20_000), **BASE, steps="1-100"),
        lambda: sf.Sweep(**BASE, seed=range(20_000)).replace(steps="1-100"),
    ],
)
def test_a_sweep_that_is_too_large_is_refused_before_its_cells_are_made(make, monkeypatch):
    monkeypatch.setattr("segflux_nb.sweep.product.Product.cells", lambda self: pytest.fail("cells were made"))
    with pytest.raises(sf.SweepError, match=r"2,000,000 cells.*1,000,000") as error:
        make()
    assert "steps" in str(error.value)
