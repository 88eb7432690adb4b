"""Scalars of frames in the arguments of a workspace and of its runs."""

import decimal
import enum

import numpy as np
import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.errors import RunError, WorkspaceError


class Choice(str, enum.Enum):  # noqa: UP042 - as people write it
    EULER = "euler"
    LEFT = "left"
    STUDY = "first look"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    with (
        sf.Simulator(time_scale=0.001, paint=False, port=np.int64(0), workers=np.int64(8)) as simulator,
        sf.Workspace(folder, service=simulator, max_in_flight=np.int64(4), max_rpm=decimal.Decimal(6000)) as ws,
    ):
        sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], lora_strength=[0.3, 0.4], steps=2)
        yield ws, sweep, ws.run(sweep, max_cost=np.int64(5), name=Choice.STUDY)


def test_money_and_names(study):
    ws, sweep, _ = study
    for cost in (decimal.Decimal("0.5"), np.float32(5), 10**400, float("inf")):
        assert ws.run(sweep, max_cost=cost).stopped is None
    for cost in (float("nan"), decimal.Decimal("NaN"), "5", True, 0, -1, np.bool_(True)):
        with pytest.raises(sf.SweepError, match="max_cost"):
            ws.run(sweep, max_cost=cost)
    assert len(ws.runs(np.str_("first look"))) == 4
    for name in (5, b"a", "\ud83d"):
        with pytest.raises(sf.SweepError, match="name"):
            ws.run(sweep, name=name)


@pytest.mark.parametrize("value", [0.1 + 0.2, decimal.Decimal("0.3"), np.float32(0.3)])
def test_runs_are_chosen_by_the_number_that_is_meant(study, value):
    _, _, runs = study
    assert runs.one(seed=np.int64(1), lora_strength=value, sampler_name=Choice.EULER).lora_strength == 0.3
    sheet = runs.sheet(cols="seed", rows="lora_strength", relative_to={"lora_strength": value})
    same = runs.sheet(cols="seed", rows="lora_strength", relative_to={"lora_strength": 0.3})
    assert sheet.image.tobytes() == same.image.tobytes()


def test_a_value_that_no_run_has_is_not_found(study):
    _, _, runs = study
    for value in (99, pd.NA, None, [0.3], float("nan")):
        with pytest.raises(RunError):
            runs.one(seed=1, lora_strength=value)


def test_marks_are_taken_from_a_frame(study):
    _, _, runs = study
    run = runs.one(seed=1, lora_strength=0.3)
    runs.mark(run, stars=np.int64(4), pick=np.bool_(True), note=np.str_("good"))
    runs.mark(np.str_(run.run), stars=pd.NA, pick=pd.NA, note=float("nan"))
    runs.mark(run, pick=None, stars=4.0)
    row = runs.df.set_index("run").loc[run.run]
    assert (row["stars"], row["pick"], row["note"]) == (4, True, "good")
    for wrong in ({"stars": 6}, {"stars": True}, {"stars": 2.5}, {"stars": "4"}, {"pick": "yes"}, {"pick": 2}):
        with pytest.raises(RunError, match=next(iter(wrong))):
            runs.mark(run, **wrong)
    for note in (5, b"a", "\ud83d"):
        with pytest.raises(RunError, match="note"):
            runs.mark(run, note=note)
    with pytest.raises(RunError):
        runs.mark(None, stars=1)


def test_votes_are_plain_text(study):
    _, _, runs = study
    left, right = (runs.one(seed=2, lora_strength=strength) for strength in (0.3, 0.4))
    runs.vote(left, right, Choice.LEFT, axis=np.str_("lora_strength"), rater=np.str_("me"))
    assert runs.votes.iloc[-1][["rater", "axis", "outcome"]].tolist() == ["me", "lora_strength", "left"]
    with pytest.raises(RunError, match="rater"):
        runs.vote(left, right, "left", rater=5)


@pytest.mark.parametrize("name", ["max_in_flight", "max_rpm"])
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "8", float("nan"), 10**30])
def test_counts_of_a_workspace_are_checked(tmp_path, name, value):
    with pytest.raises(WorkspaceError, match=name):
        sf.Workspace(tmp_path / "study", service="simulator", **{name: value})
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize("port", [-1, 65_536, 99_999, 1.5, True])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(ValueError, match=r"port|number|integer"):
        sf.Simulator(port=port)
