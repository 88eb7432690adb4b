"""What type checkers see of sweeps and plans. mypy checks this file; nothing here is executed."""

from collections.abc import Mapping
from pathlib import Path
from typing import assert_type

import numpy as np
import pandas as pd

import segflux_nb as sf


def making(path: Path) -> None:
    sweep = sf.Sweep(
        sf.linked(lora_strength=[0.4, 0.8], steps=[20, 30]),
        prompt="TOK {animal}",
        animal=["fox", "owl"],
        finetune_id={"1200 steps": "3f2a", "2400 steps": "9b1c"},
        seed=sf.seeds(4),
        sampler_name=("euler", "heun"),
    )
    sf.Sweep(prompt="TOK", finetune_id="a", lora_strength="0.4-1.4 (+0.2)", seed=range(4))
    sf.Sweep(prompt="TOK", finetune_id="a", lora_strength=sf.span(0.4, 1.4, step=0.2), seed=7)
    sf.Sweep(prompt="TOK", finetune_id="a", lora_strength=np.linspace(0, 1, 5), seed=pd.Series([1, 2]))
    assert_type(sweep, sf.Sweep)
    assert_type(sweep + sweep, sf.Sweep)
    assert_type(sweep.where(lambda cell: cell.steps == 20), sf.Sweep)
    assert_type(sweep.sample(3, seed=1), sf.Sweep)
    assert_type(sweep.replace(seed=3), sf.Sweep)
    assert_type(sweep.with_baseline(), sf.Sweep)
    assert_type(sf.Sweep.from_toml(path), sf.Sweep)
    assert_type(len(sweep), int)


def cells(sweep: sf.Sweep) -> None:
    for cell in sweep:
        assert_type(cell, sf.Request)
        assert_type(cell.digest, str)
        assert_type(cell.take, int)
    assert_type(sweep.where(lambda cell: cell.steps <= 20, seed=[1, 2]), sf.Sweep)  # as the guide writes it


def plans(ws: sf.Workspace, sweep: sf.Sweep) -> None:
    plan = ws.plan(sweep)
    assert_type(plan, sf.Plan)
    assert_type(plan.cells, int)
    assert_type(plan.held, Mapping[str, int])
    assert_type(plan.cost, float | None)
    assert_type(plan.lines, list[str])
    ws.plan("a name")  # type: ignore[arg-type]
