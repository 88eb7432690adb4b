"""Scalars of frames in the arguments of a workspace and of its runs."""

import decimal
import enum

import numpy as np
import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.errors import RunError, SegfluxError, WorkspaceError
from segflux_nb.values import as_python


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


@pytest.mark.parametrize(
    "values",
    [
        np.array([0.3, 0.4]),
        pd.Series([0.3, 0.4]),
        pd.Index(["0.3", 0.3, 0.4]),
        {0.3, 0.4},
        iter([0.3, 0.4]),
        np.array([0.3, 0.4], dtype="float32"),
        pd.Categorical([0.3, 0.4]),
    ],
)
def test_several_values_in_any_form_mean_any_of_them(study, values):
    _, _, runs = study
    assert len(runs.where(seed=1, lora_strength=values)) == 2


class Unshown:
    def __repr__(self):
        raise RuntimeError("it does not say what it is")


ODD = {
    "object": Unshown(),
    "digits": 10**5000,
    "long": "x" * 100_000,
    "array": np.array([[1, 2], [3, 4]]),
    "frame": pd.DataFrame({"a": [1, 2]}),
    "moment": np.datetime64("2020-01-01", "ns"),
    "span": np.timedelta64(3, "ns"),
    "bytes": bytearray(b"12"),
    "view": memoryview(b"12"),
    "mapping": {"a": {1}},
    "nothing": np.array([]),
}


@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_what_cannot_be_a_value_is_an_error_in_a_sentence(study, tmp_path, value):
    ws, sweep, runs = study
    run, other = runs[0], runs[1]
    for name, attempt in {
        "seed": lambda: sf.Sweep(prompt="TOK", finetune_id="a", seed=value),
        "steps": lambda: sf.Sweep(sf.linked(steps=value, seed=[1, 2]), prompt="TOK", finetune_id="a"),
        "x": lambda: sf.Sweep(prompt="TOK {x}", finetune_id="a", x=[value, {1}]),
        "sample": lambda: sweep.sample(value),
        "where": lambda: sweep.where(value),
        "span": lambda: sf.span(0, 1, num=value),
        "seeds": lambda: sf.seeds(value),
        "root": lambda: sf.seeds(2, root=value),
        "max_cost": lambda: ws.run(sweep, max_cost=value),
        "where()": lambda: runs.where(value),
        "one": lambda: runs.one(seed=value),
        "stars": lambda: runs.mark(run, stars=value),
        "pick": lambda: runs.mark(run, pick=value),
        "vote": lambda: runs.vote(run, other, value),
        "axis": lambda: runs.vote(run, other, "left", axis=value),
        "theme": lambda: runs.sheet(theme=value),
        "column": lambda: runs.sheet(by=[value]),
        "relative_to": lambda: runs.sheet(relative_to=value),
        "lora_strength": lambda: runs.sheet(relative_to={"lora_strength": value}),
        "names=": lambda: runs.export(tmp_path / "out", names=value),
        "not a sweep": lambda: ws.builder(value),
        "service": lambda: sf.Workspace(tmp_path / "study", service=value),
        "is not a service": lambda: sf.Workspace(tmp_path / "study", service="https://"),
        "max_wait": lambda: sf.Workspace(tmp_path / "study", max_wait=value),
    }.items():
        if isinstance(value, int) and name in ("max_cost", "max_wait"):
            continue  # an integer is an amount
        with pytest.raises(SegfluxError) as error:
            attempt()
        assert len(str(error.value)) < 1500
        assert name in str(error.value) or name in ("one", "column", "vote", "axis")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "study").exists()


def test_numbers_of_32_bits_are_what_their_decimals_say():
    assert sf.span(0, 1, step=np.float32(0.1)) == sf.span(0, 1, step=0.1)
    assert len(sf.span(np.float16(0.1), np.float32(0.7), num=3)) == 3
    assert sf.Sweep(prompt="TOK", finetune_id="a", lora_strength=np.longdouble(0.5))[0].lora_strength == 0.5
    assert [as_python(np.float16(v)) for v in (65504, 0.1, np.inf)] == [65504, 0.1, np.inf]
    with pytest.raises(sf.SweepError, match="more than"):
        sf.span(0, 1, step=decimal.Decimal("1e-999999"))
    with pytest.raises(sf.SweepError, match="finite"):
        sf.span(0, decimal.Decimal("1e999999"), num=3)


@pytest.mark.parametrize("name", ["a\ud800", "a\0b"])
def test_a_path_that_no_file_can_have_is_refused(study, tmp_path, name):
    _, sweep, runs = study
    for attempt in (
        lambda: sf.Workspace(f"{tmp_path}/{name}"),
        lambda: runs.export(f"{tmp_path}/{name}"),
        lambda: sweep.to_toml(f"{tmp_path}/{name}"),
        lambda: sf.Sweep.from_toml(f"{tmp_path}/{name}"),
        lambda: sf.read_metadata(f"{tmp_path}/{name}"),
    ):
        with pytest.raises(SegfluxError):
            attempt()


@pytest.mark.parametrize("value", [-1, float("nan"), float("inf"), "1", [1], pd.Timedelta("1s"), 10**400])
@pytest.mark.parametrize("name", ["time_scale", "credits", "rpm", "workers", "history_complete"])
def test_a_setting_of_the_simulator_that_is_not_possible_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        sf.Simulator(**{name: value})


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
