"""Selections of the log as values: equality, hashing, and the verbs as a reader of `help` sees them."""

import inspect

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator

VERBS = ("sheet", "gallery", "compare", "summary", "mark", "vote", "ranking", "tuner", "retry_failed", "export")
VERBS_OF_WORKSPACE = ("plan", "run", "arun", "start", "builder", "runs", "report")


@pytest.fixture
def ws(tmp_path):
    with (
        Simulator(time_scale=0.002, paint=False) as simulator,
        sf.Workspace(tmp_path, service=simulator) as workspace,
    ):
        yield workspace


def sweep(**parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": [1, 2, 3], **parameters})


def test_runs_are_equal_when_they_hold_the_same_cells_of_the_same_log(ws, tmp_path):
    runs = ws.run(sweep(), name="mine")
    assert runs == ws.runs("mine") == ws.runs(sweep())
    assert hash(runs) == hash(ws.runs("mine"))
    assert {runs, ws.runs("mine")} == {runs}
    assert runs != runs.where(seed=1)
    assert runs.where(seed=1) == ws.runs(sweep()).where(seed=1)
    assert runs != list(runs)
    with sf.Workspace(tmp_path, service="https://gpu.example.org") as other:
        assert other.runs(sweep()) != runs, "another service has other pictures"
    with sf.Workspace(tmp_path / "other", service="simulator") as other:
        assert other.runs(sweep()) != runs


def test_labels_tell_runs_apart_and_do_not_prevent_hashing(ws):
    labelled = sweep(seed={"first": 1, "second": 2})
    assert hash(ws.runs(labelled)) == hash(ws.runs(sweep(seed=[1, 2])))
    assert ws.runs(labelled) != ws.runs(sweep(seed=[1, 2]))


def test_a_run_compares_and_hashes(ws):
    runs = ws.run(sweep())
    assert runs.one(seed=1) == ws.runs(sweep()).one(seed=1)
    assert len({*runs, *ws.runs(sweep())}) == 3


def check_documentation(verb):
    assert inspect.ismethod(verb)
    documentation = inspect.getdoc(verb)
    for parameter in inspect.signature(verb).parameters:
        assert f"\n{parameter}:\n" in documentation
    assert "\nExample\n" in documentation


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_of_runs_is_a_documented_method(ws, name):
    check_documentation(getattr(ws.runs(), name))


@pytest.mark.parametrize("name", VERBS_OF_WORKSPACE)
def test_a_verb_of_a_workspace_is_a_documented_method(ws, name):
    check_documentation(getattr(ws, name))


@pytest.mark.parametrize(
    "name", ["path", "labels", "parameters", "index", "text", "file_name", "caption", "pictures"]
)
def test_a_placeholder_may_be_named_like_anything_but_a_column(ws, tmp_path, name):
    named = sweep(prompt=f"TOK {{{name}}}", seed=1, **{name: {"first": "x", "second": "y"}})
    runs = ws.run(named)
    assert len(runs.where(**{name: "x"})) == 1
    assert runs.one(**{name: "y"}).prompt == "TOK y"
    assert list(runs.df[name]) == ["x", "y"]
    assert "2 pictures" in runs.sheet().text
    assert len(list((runs.export(tmp_path / "out") / "pictures").iterdir())) == 2
    assert ws.builder(named).sweep.axes[name] == ["x", "y"]
