"""Strength 0 has its place in the axis."""

import pytest

import segflux_nb as sf

BASE = {"prompt": "TOK", "finetune_id": "a"}


def strengths(sweep):
    return [cell.lora_strength for cell in sweep]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("0.4-1 (+0.2)", [0.0, 0.4, 0.6, 0.8, 1.0]),
        ("1-0.4 (-0.2)", [1.0, 0.8, 0.6, 0.4, 0.0]),
        ([-1, -0.5, 0.5], [-1.0, -0.5, 0.0, 0.5]),
        ([-1, -0.5], [-1.0, -0.5, 0.0]),
        ([0.5, 0, 1], [0.5, 0.0, 1.0]),
        ([0.8, 0.4, 1.2], [0.0, 0.8, 0.4, 1.2]),
        ({"strong": 1.0, "weak": 0.5}, [1.0, 0.5, 0.0]),
        ([0.5], [0.0, 0.5]),
        (0.8, [0.0, 0.8]),
        (0, [0.0]),
    ],
)
def test_it_stands_where_its_size_puts_it(given, wanted):
    sweep = sf.Sweep(**BASE, lora_strength=given).with_baseline()
    assert strengths(sweep) == wanted
    assert list(sweep.axes["lora_strength"]) == wanted


@pytest.mark.parametrize("order", [("seed", "lora_strength", "steps"), ("lora_strength", "steps", "seed")])
def test_the_cells_are_those_of_the_axis_with_0_in_it(order):
    values = {"seed": [3, 1], "lora_strength": [0.4, 0.8], "steps": [10, 5]}
    axes = {name: values[name] for name in order}
    with_0 = {**axes, "lora_strength": [0, 0.4, 0.8]}
    assert sf.Sweep(**BASE, **axes).with_baseline() == sf.Sweep(**BASE, **with_0)
    placed = sf.Sweep(prompt="{a} {b}", b=["y", "x"], finetune_id="a", a=["v", "u"], **axes).with_baseline()
    assert placed == sf.Sweep(prompt="{a} {b}", b=["y", "x"], finetune_id="a", a=["v", "u"], **with_0)


def test_a_filtered_sweep_and_a_linked_one():
    sweep = sf.Sweep(**BASE, lora_strength=[0.4, 0.8], seed=[1, 2]).where(
        lambda c: c.seed == 1 or c.lora_strength > 0.5
    )
    assert [(c.lora_strength, c.seed) for c in sweep.with_baseline()] == [
        (0, 1),
        (0, 2),
        (0.4, 1),
        (0.8, 1),
        (0.8, 2),
    ]
    linked = sf.Sweep(sf.linked(lora_strength=[0.5, 1.0], steps=[30, 20]), **BASE).with_baseline()
    assert [(c.lora_strength, c.steps) for c in linked] == [(0, 30), (0, 20), (0.5, 30), (1.0, 20)]


def test_a_sum_keeps_its_order_and_0_stands_beside_what_it_belongs_to():
    both = sf.Sweep(**BASE, seed=5, lora_strength=[0.8]) + sf.Sweep(**BASE, seed=1, lora_strength=[0.8, -0.5])
    assert [(c.seed, c.lora_strength) for c in both.with_baseline()] == [
        (5, 0),
        (5, 0.8),
        (1, 0),
        (1, 0.8),
        (1, -0.5),
    ]


def test_the_first_of_equal_cells_has_the_place():
    one, other = sf.Sweep(**BASE, seed=[1, 2, 3]), sf.Sweep(**BASE, seed=[2, 4])
    assert [cell.seed for cell in one + other] == [1, 2, 3, 4]


def test_it_stays_when_a_strength_is_replaced():
    sweep = sf.Sweep(**BASE, lora_strength=[0.4, 0.8], seed=[1, 2]).with_baseline()
    assert (
        strengths(sweep.replace(lora_strength=1.1)) == [0.0, 1.1, 0.0, 1.1]
        or len(sweep.replace(lora_strength=1.1)) == 4
    )
    assert sweep.with_baseline() == sweep
