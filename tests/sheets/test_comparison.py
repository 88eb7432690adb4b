"""Comparisons are about what was asked for, whatever was measured or written beside it since."""

import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator
from tests.support.frames import coloured


@pytest.fixture
def ws(tmp_path):
    with (
        Simulator(time_scale=0.002) as simulator,
        sf.Workspace(tmp_path, service=simulator) as workspace,
    ):
        yield workspace


def sweep(**parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": 1, "steps": 2, **parameters})


def test_what_was_measured_or_noted_is_no_parameter(ws):
    runs = ws.run(sweep(lora_strength=[0.0, 0.5], seed=[1, 2]))
    before = runs.compare(runs[0], runs[3]).text
    assert "seed: 1 → 2; lora_strength: 0.0 → 0.5" in before or "lora_strength: 0.0 → 0.5; seed: 1 → 2" in before
    runs.curve("lora_strength")
    runs.measure("sharpness", "colourfulness")
    frame = runs.df[["run"]].copy()
    runs.annotate(frame.assign(mood=["calm", "wild", "odd", "dull"], weight=[0.123456, 0.2, 0.3, 0.4]))
    runs.mark(runs[0], stars=4, note="good")
    after = runs.compare(runs[0], runs[3]).text
    assert after.splitlines()[1:] == before.splitlines()[1:]
    shown = runs.df.pictures.compare(0, 3).text
    assert not any(name in shown for name in ("sharpness", "mood", "weight"))
    assert "lora_strength: 0.0 → 0.5" in shown


def test_columns_that_a_user_adds_to_runs_df_are_no_parameters(ws):
    table = ws.run(sweep(lora_strength=[0.0, 0.5])).df
    table["likeness"], table["words"] = [0.5, 0.25], ["good", "bad"]
    assert table.pictures.compare(0, 1).text.splitlines()[1] == "lora_strength: 0.0 → 0.5"


def test_placeholders_labels_and_takes_say_what_was_asked(ws):
    runs = ws.run(sweep(prompt="TOK {animal}", animal=["fox", "owl"], finetune_id={"early": "a", "late": "b"}))
    text = runs.compare(runs[0], runs[-1]).text
    assert "animal: fox → owl" in text
    assert "finetune_id: early → late" in text
    assert "prompt: " not in text, "the placeholder says it already"


def test_parameters_of_another_model_are_compared():
    table = coloured(guidance=[1.5, 2.5], steps=[4, 8])
    table["service"] = "simulator"
    table.attrs["segflux_parameters"] = ["guidance", "steps"]
    table["sharpness"] = [0.123456, 0.223456, 0.323456, 0.423456]
    table.attrs["segflux_axes"] = []
    text = table.pictures.compare(0, 3).text
    assert "guidance: 1.5 → 2.5; steps: 4 → 8" in text
    assert "sharpness" not in text


def test_frames_of_others_leave_out_measurements_unless_nothing_else_differs():
    table = pd.DataFrame({"image": coloured(seed=[1, 2, 3])["image"], "cfg": [1.5, 2.5, 3.5]})
    table["clip_score"] = [0.312345, 0.298765, 0.301111]
    assert table.pictures.compare(0, 2).text.splitlines()[1] == "cfg: 1.5 → 3.5"
    assert "clip_score: 0.3" in table[["image", "clip_score"]].pictures.compare(0, 2).text
