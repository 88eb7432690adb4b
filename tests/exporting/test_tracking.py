"""How runs are grouped for trackers, and what is said where one is not installed. Trackers: tests/ecosystem."""

import importlib.util
import subprocess
import sys

import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.exporting.dataset_card import dataset_card
from segflux_nb.exporting.tracking import study_of
from segflux_nb.sheets.frame_view import FrameView

BASE = {"prompt": "TOK", "service": "segmind", "status": "completed", "image": "a.jpg"}


def studied(rows, axes, by=None, step=None):
    frame = pd.DataFrame([{**BASE, "run": f"r{at}", **row} for at, row in enumerate(rows)])
    return study_of(FrameView.of(frame, image="image", axes=list(axes)), axes, rows, by, step)


def places(study):
    return {(group.label, one.key, one.step): one.row for group in study.groups for one in group.placed}


def test_the_slider_is_an_axis_of_numbers_and_the_key_is_the_rest():
    rows = [{"finetune_id": f, "steps": s, "seed": n} for f in "ab" for s in (8, 20) for n in (5, 6)]
    study = studied(rows, {"finetune_id": ["a", "b"], "seed": [5, 6], "steps": [8, 20]})
    assert (study.by, study.step) == ("finetune_id", "steps")
    assert study.steps == {8: "8", 20: "20"}, "numbers of steps are steps"
    assert set(places(study)) == {(f, f"seed {n}", s) for f in "ab" for s in (8, 20) for n in (5, 6)}


def test_what_is_linked_to_a_group_or_step_is_not_in_the_key():
    rows = [{"lora_strength": s, "steps": n, "seed": seed} for s, n in ((0.5, 8), (1.0, 20)) for seed in (5, 6)]
    study = studied(rows, {"lora_strength": [0.5, 1.0], "steps": [8, 20], "seed": [5, 6]}, step="seed")
    assert set(places(study)) == {(s, "picture", n) for s in ("0.5", "1.0") for n in (0, 1)}
    assert study.groups[0].parameters["steps"] == "8"
    assert study.groups[0].parameters["seed"] == "5, 6"


def test_rows_of_one_place_have_keys_of_their_own_and_odd_texts_stay_apart():
    rows = [
        {"lora_strength": s, "animal": a} for s in (0.5, 1.0) for a in ("Fuchs/é", "Fuchs é", "x" * 200, "+step+")
    ]
    study = studied(
        [*rows, rows[0]], {"lora_strength": [0.5, 1.0], "animal": ["Fuchs/é", "Fuchs é", "x" * 200, "+step+"]}
    )
    keys = {key for _, key, _ in places(study)}
    assert len(places(study)) == 9
    assert all(len(key) <= 102 and set(key) <= set(" -._") | set(map(chr, range(48, 123))) for key in keys)
    assert not any("+" in key or "/" in key for key in keys)


def test_labels_do_not_change_with_the_runs_that_are_there():
    axes = {"lora_strength": [0.5, 0.75], "seed": [1, 2]}
    rows = [{"lora_strength": s, "seed": n} for s in (0.5, 0.75) for n in (1, 2)]
    whole = studied(rows, axes)
    frame = pd.DataFrame([{**BASE, "run": "r0", **rows[0]}])
    part = study_of(FrameView.of(frame, image="image", axes=list(axes)), axes, rows, None, None)
    assert set(places(part)) <= set(places(whole))
    assert part.groups[0].parameters == whole.groups[0].parameters
    assert part.groups[0].label == "0.50"


def test_one_group_where_nothing_varies():
    study = studied([{"seed": 1}], {})
    assert [(group.name, len(group.placed)) for group in study.groups] == [("all runs", 1)]


def test_a_wrong_axis_is_named_with_the_right_ones():
    rows = [{"lora_strength": s} for s in (0.5, 1.0)]
    with pytest.raises(sf.SegfluxError, match="lora_strength"):
        studied(rows, {"lora_strength": [0.5, 1.0]}, by="lora_strenth")
    with pytest.raises(sf.SegfluxError, match="seed"):
        studied(rows, {"lora_strength": [0.5, 1.0]}, step="seed")


@pytest.fixture
def runs(tmp_path):
    with sf.Simulator(paint=False) as simulator, sf.Workspace(tmp_path / "tok", service=simulator) as ws:
        yield ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=1, lora_strength=[0.5, 1.0]))


@pytest.mark.parametrize(("verb", "package"), [("to_mlflow", "mlflow"), ("to_wandb", "wandb")])
def test_a_tracker_that_is_not_installed_is_named(verb, package, runs, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(sf.SegfluxError, match=rf"pip install \"segflux-nb\[{package}\]\""):
        getattr(runs, verb)("tok")


def test_a_dataset_has_a_card(runs, tmp_path):
    folder = runs.export_imagefolder(tmp_path / "out", license="My own: ask --- me", title="A | study")
    text = (folder / "README.md").read_text("utf-8")
    head = text.split("---\n")[1]
    assert 'license: "other"' in head
    assert 'license_name: "My own: ask --- me"' in head
    assert "# A \\| study" in text
    assert "| **lora\\_strength** | 0.5, 1.0 |" in text
    assert "2 pictures, painted by segflux_nb's own simulator" in text
    assert text == (
        runs.export_imagefolder(tmp_path / "again", license="My own: ask --- me", title="A | study") / "README.md"
    ).read_text("utf-8")
    plain = (runs.export_imagefolder(tmp_path / "plain") / "README.md").read_text("utf-8")
    assert 'license: "unknown"' in plain
    assert "Ask the authors" in plain
    for given in ({"license": 3}, {"title": ["a"]}):
        with pytest.raises(sf.SegfluxError, match="Give text"):
            runs.export_imagefolder(tmp_path / "wrong", **given)


@pytest.mark.parametrize(
    ("stated", "fields"),
    [
        ("CC-BY-4.0", 'license: "cc-by-4.0"'),
        ("https://example.org/licence", 'license_link: "https://example.org/licence"'),
        ("a\n---\nb: c", 'license_name: "a --- b: c"'),
    ],
)
def test_a_licence_is_a_field_and_nothing_else(stated, fields):
    frame = pd.DataFrame([{**BASE, "run": "a", "seed": 1}])
    card = dataset_card(FrameView.of(frame, image="image"), 1, title="", license=stated)
    assert fields in card.split("\n---\n")[0]
    assert "trainedAlgorithmicMedia" in card


def test_without_widgets_all_else_works_and_a_widget_says_what_is_missing(tmp_path):
    code = """
import sys
for name in ("IPython", "ipykernel", "ipywidgets", "anywidget", "traitlets", "jupyterlab", "comm"):
    sys.modules[name] = None
import segflux_nb as sf
with sf.Simulator(paint=False) as simulator, sf.Workspace("tok", service=simulator) as ws:
    runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=1, lora_strength=[0.5, 1.0]))
    runs.sheet().save("sheet.png")
    runs.export("out")
    live = ws.start(runs.sweep)
    live.wait()
    repr(live), runs.df, runs.summary(), ws.plan(runs.sweep)
    for ask in (runs.gallery, runs.tuner, ws.builder, runs.df.pictures.gallery):
        try:
            ask()
        except sf.SegfluxError as error:
            assert "pip install anywidget ipywidgets" in str(error), error
        else:
            raise AssertionError(ask)
print("fine")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1:] == ["fine"], done.stdout + done.stderr


def test_trackers_are_not_loaded_by_an_import():
    code = "import sys, segflux_nb; segflux_nb.Runs; print({'mlflow', 'wandb'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
    assert importlib.util.find_spec("segflux_nb.exporting.mlflow_store")
