"""Photographs, and a workspace with runs, made once."""

import pytest

import segflux_nb as sf

from .changes import ANOTHER

PROMPT = "TOK on the shore of a mountain lake at dawn"


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    with sf.Workspace(folder / "study", service="simulator") as ws:
        yield ws.run(sf.Sweep(prompt=PROMPT, finetune_id="a", seed=[7, 8], lora_strength=[0.4, 1.0], steps=12))


@pytest.fixture(scope="session")
def photograph(runs):
    ANOTHER[:] = [runs.one(seed=8, lora_strength=1.0).image]
    return runs.one(seed=7, lora_strength=1.0).image
