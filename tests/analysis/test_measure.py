"""`runs.measure`: what it computes, what it keeps, and functions of the user."""

import sqlite3
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.analysis.metrics import measured
from segflux_nb.errors import RunError
from segflux_nb.pictures.thumbnails import thumbnail_of
from segflux_nb.runs_verbs import measuring
from segflux_nb.runs_verbs.measure import NAMES, version_of

from .conftest import SWEEP


def height(picture):
    return picture.height


def sizes(picture):
    return {"wide": picture.width, "none": None}


def test_numbers_are_those_of_the_thumbnail(runs):
    frame = runs.measure()
    assert list(frame.columns) == ["run", "seed", "lora_strength", "sampler_name", "image", *NAMES[:-2]]
    assert len(frame) == 36
    run = runs.one(seed=2, lora_strength=0.8, sampler_name="euler")
    row = frame.set_index("run").loc[run.run]
    expected = measured(Image.open(thumbnail_of(str(run.path)))).values
    assert {name: row[name] for name in expected} == pytest.approx(expected, rel=1e-6)


def test_drift_is_from_strength_0_and_spread_across_seeds(runs):
    frame = runs.measure("drift", "spread", "overcooking")
    assert (frame.query("lora_strength == 0").drift == 0).all()
    assert (frame.query("lora_strength == 0").overcooking == 0).all()
    means = frame.groupby("lora_strength").drift.mean()
    assert means.is_monotonic_increasing
    assert frame.query("lora_strength == 2").overcooking.min() > 0.5
    assert frame.groupby(["lora_strength", "sampler_name"]).spread.nunique().max() == 3
    assert frame.spread.min() > 1


def test_what_drift_compares_with_need_not_be_selected(runs):
    chosen = runs.where(lora_strength=0.8)
    whole = runs.measure("drift").query("lora_strength == 0.8").drift.tolist()
    assert chosen.measure("drift").drift.tolist() == whole


def test_nothing_is_computed_twice_and_another_notebook_has_it(runs, folder, monkeypatch):
    known = runs.measure()

    def never(path):
        raise AssertionError("decoded again")

    monkeypatch.setattr(measuring, "examine", never)
    pd.testing.assert_frame_equal(runs.measure(), known)
    with sf.Workspace(folder, service="simulator") as other:
        pd.testing.assert_frame_equal(other.runs(SWEEP).measure(), known)


def test_in_small_batches_each_picture_is_decoded_once_and_the_numbers_are_the_same(tmp_path, monkeypatch):
    sweep = SWEEP.replace(seed=[1, 2, 3, 4], lora_strength=[0.5, 1.0, 0.0, 1.5], sampler_name=["euler", "heun"])
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        runs = ws.run(sweep)
        known = runs.measure()
        with sqlite3.connect(tmp_path / "log.sqlite") as database:
            database.execute("DELETE FROM metrics")
        database.close()
        decoded = []

        def examine(path):
            decoded.append(path)
            return kept(path)

        kept = measuring.examine
        monkeypatch.setattr(measuring, "examine", examine)
        monkeypatch.setattr(measuring, "BATCH", 8)
        monkeypatch.setattr(measuring, "KEPT", 20)  # two batches, and what they are compared with
        pd.testing.assert_frame_equal(runs.measure(), known)
        assert sorted(decoded) == sorted({str(run.path) for run in runs})


def test_the_thumbnails_are_a_cache(runs, folder, monkeypatch, tmp_path):
    known = runs.measure("sharpness", "clipping")
    path = runs[0].path
    thumbnail = thumbnail_of(str(path))
    kept = thumbnail.read_bytes()
    thumbnail.unlink()
    try:
        assert measuring.examine(str(path))[0]["sharpness"] == known.sharpness[0]
    finally:
        thumbnail.write_bytes(kept)


def test_numbers_are_in_the_log_in_captions_in_heat_maps_and_in_exports(runs, tmp_path):
    runs.measure("drift", {"height_of": height})
    assert {"drift", "height_of"} <= set(runs.log.columns)
    assert "drift" not in runs.df.columns
    assert runs.sheet(cols="lora_strength", rows="seed", by="sampler_name", captions=["drift"]) is not None
    assert runs.sheet(cols="lora_strength", rows="seed", by="sampler_name", heat="drift") is not None
    export = runs.where(seed=1, sampler_name="euler").export(tmp_path / "export")
    assert "drift" in pd.read_csv(export / "runs.csv").columns


def test_an_own_metric_is_a_function_of_a_picture(runs):
    frame = runs.where(seed=1).measure({"height_of": height, "size": sizes})
    assert frame.height_of.tolist() == [1024] * 12
    assert frame.size_wide.tolist() == [1024] * 12
    assert frame.size_none.isna().all()


def test_an_own_metric_is_computed_again_when_it_has_changed(runs):
    calls = []

    def counted(picture):
        calls.append(picture.size)
        return len(calls)

    chosen = runs.where(seed=1, sampler_name="euler")
    counted.version = "1"
    chosen.measure({"calls": counted})
    chosen.measure({"calls": counted})
    assert len(calls) == 6
    counted.version = "2"
    assert sorted(chosen.measure({"calls": counted}).calls) == list(range(7, 13))
    assert sorted(chosen.log.calls) == list(range(7, 13))
    counted.version = "1"
    assert sorted(chosen.measure({"calls": counted}).calls) == list(range(1, 7))
    assert sorted(chosen.log.calls) == list(range(1, 7)), "frames show what was asked for last"


def test_the_version_of_a_function_is_its_source():
    assert version_of(height) == version_of(height) != version_of(sizes)
    assert version_of(np.mean) != ""
    made = {}
    exec("def made(picture): return 1", made)
    other = {}
    exec("def made(picture): return 2", other)
    assert version_of(made["made"]) != version_of(other["made"])


def test_in_other_processes_the_numbers_are_the_same(runs, tmp_path):
    frame = runs.measure()
    with sf.Workspace(tmp_path, service="simulator") as other, ProcessPoolExecutor(2) as pool:
        sweep = SWEEP.replace(lora_strength=[0.0, 1.2], sampler_name="euler")
        there = other.run(sweep).measure(executor=pool)
        assert other.runs(sweep).measure({"height_of": height}, executor=pool).height_of.tolist() == [1024] * 6
        with pytest.raises(RunError, match="cannot be sent to another process"):
            other.runs(sweep).measure({"one": lambda picture: 1}, executor=pool)
    own = frame[(frame.sampler_name == "euler") & frame.lora_strength.isin([0.0, 1.2])]
    names = ["seed", "lora_strength", "drift", "sharpness", "clipping"]
    pd.testing.assert_frame_equal(
        there[names].sort_values(["seed", "lora_strength"], ignore_index=True),
        own[names].sort_values(["seed", "lora_strength"], ignore_index=True),
    )


class OtherProcess:
    """An executor whose processes see files, and no bundle that is open here."""

    def submit(self, function, *arguments):
        pictures = arguments[-1] if isinstance(arguments[-1], list) else []
        assert not any(isinstance(picture, str) and not Path(picture).exists() for picture in pictures)
        future = Future()
        future.set_result(function(*arguments))
        return future


def test_in_other_processes_pictures_of_a_bundle_are_measured_too(runs, tmp_path):
    chosen = runs.where(sampler_name="euler")
    known = chosen.measure("sharpness", "drift")
    with sf.Workspace(chosen.bundle(tmp_path / "study.sfx")) as other:
        there = other.runs().measure("sharpness", "drift", {"height_of": height}, executor=OtherProcess())
    assert sorted(there.sharpness) == sorted(known.sharpness)
    assert there.height_of.tolist() == [1024] * 18


def test_what_goes_wrong_with_one_picture_stops_no_other(runs):
    def picky(picture):
        if picky.calls == 0:
            picky.calls += 1
            raise ZeroDivisionError("of the test")
        return 1.0

    picky.calls, picky.version = 0, "picky"
    chosen = runs.where(seed=1, sampler_name="euler")
    with pytest.warns(UserWarning, match=r"picky failed for 1 picture of 6: ZeroDivisionError: of the test"):
        frame = chosen.measure({"picky": picky})
    assert frame.picky.isna().sum() == 1
    assert chosen.measure({"picky": picky}).picky.tolist() == [1.0] * 6, "it is tried again"


def test_a_function_that_always_fails_is_an_error(runs):
    with pytest.raises(RunError, match="failed for 6 pictures of 6: ValueError"):
        runs.where(seed=1, sampler_name="euler").measure({"word": lambda picture: "high"})


@pytest.mark.parametrize(
    ("metrics", "text"),
    [
        (("sharpnes",), "There is no metric 'sharpnes'"),
        ((3,), "There is no metric 3"),
        (("difference",), "difference needs a reference"),
        (({"drift": height},), "cannot be the name of a metric of your own"),
        (({"seed": height},), "cannot be the name"),
        (({"": height},), "cannot be the name"),
        (({"own": 3},), "is a int, not a function"),
    ],
)
def test_what_is_no_metric_is_refused_with_words(runs, metrics, text):
    with pytest.raises(RunError, match=text):
        runs.measure(*metrics)


def test_difference_is_from_the_reference_that_is_named(runs):
    frame = runs.measure("difference", relative_to={"lora_strength": 0.0})
    assert frame.difference.tolist() == runs.measure("drift").drift.tolist()
    with pytest.raises(RunError, match="colour is no parameter"):
        runs.measure("difference", relative_to={"colour": 1})


def test_without_pictures_there_is_nothing_to_measure(ws):
    with pytest.raises(RunError, match="None of these runs has a picture"):
        ws.runs(SWEEP.replace(steps=3)).measure()


def test_a_log_from_somebody_else_cannot_replace_a_column(tmp_path):
    sweep = SWEEP.replace(lora_strength=1.0, sampler_name="euler", seed=1)
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        runs = ws.run(sweep)
        runs.measure("sharpness")
        image = runs.log.image[0]
        with sqlite3.connect(tmp_path / "log.sqlite") as database:
            database.execute("UPDATE metrics SET name = 'image' WHERE name = 'sharpness'")
        database.close()
        assert ws.runs(sweep).log.image[0] == image
