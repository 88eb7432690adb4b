"""A small study on the simulator, for tests that read it with other people's tools."""

import pytest

import segflux_nb as sf

SWEEP = sf.Sweep(
    prompt="TOK on the shore of a lake",
    finetune_id={"1200 steps": "aaa", "2400 steps": "bbb"},
    lora_strength=[0.4, 0.8, 1.2],
    seed=[7, 8],
    steps=4,
)


@pytest.fixture
def painted(tmp_path, monkeypatch):
    """The twelve runs with real pictures."""
    monkeypatch.chdir(tmp_path)
    with sf.Workspace("study", service="simulator") as ws:
        yield ws.run(SWEEP)


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Twelve runs with marks, measurements and votes, in a folder of their own."""
    monkeypatch.chdir(tmp_path)
    with sf.Simulator(paint=False) as simulator, sf.Workspace("study", service=simulator) as ws:
        found = ws.run(SWEEP)
        found.measure("sharpness")
        found.mark(found[0], stars=4, note="=good")
        for left, right in zip(
            found.where(finetune_id="1200 steps"), found.where(finetune_id="2400 steps"), strict=True
        ):
            found.vote(left, right, "right", axis="finetune_id")
        yield found
