"""Bundles and other workspaces as a cache, and a bundle that stands in for every workspace of a process."""

import hashlib
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.errors import MissingKey, WorkspaceError
from segflux_nb.simulator.app import Simulator

from .support import SWEEP, entries_of, first_picture, signed, write

MORE = SWEEP.replace(seed=[1, 2, 3])


@pytest.fixture
def simulator():
    with Simulator(time_scale=0.002, paint=False) as running:
        yield running


def bytes_of(runs):
    return [hashlib.sha256(run.path.read_bytes()).hexdigest() for run in runs]


@pytest.mark.parametrize("source", ["bundle", "folder"])
def test_what_is_there_is_copied_and_the_rest_is_paid(source, made, here, simulator):
    shutil.copytree(made / "study", here / "folder")
    cache = "study.sfx" if source == "bundle" else here / "folder"
    with sf.Workspace("study.sfx") as ws:
        original = bytes_of(ws.run(SWEEP))
    with sf.Workspace("mine", service=simulator, reuse=[cache]) as ws:
        assert str(ws.plan(MORE)).startswith("9 runs: 6 logged, 3 to submit")
        runs = ws.run(MORE)
        assert simulator.ledger.submits == 3
        assert runs.counts == {"completed": 9}
        assert bytes_of(ws.runs(SWEEP)) == original
        assert runs.log["cost_usd"].count() == 3, "what was paid elsewhere was not paid here"
        assert ws.verify().ok
        ws.run(SWEEP)
    os.remove("study.sfx")
    shutil.rmtree("folder")
    with sf.Workspace("mine", service=simulator) as ws:
        assert ws.runs(MORE).counts == {"completed": 9}
        assert bytes_of(ws.runs(SWEEP)) == original
    assert simulator.ledger.submits == 3


def test_another_take_is_a_new_picture_even_where_the_source_has_takes(here, simulator):
    cell = SWEEP.where(lambda request: request.seed == 1 and request.lora_strength == 1.0)
    with sf.Workspace("theirs", service=simulator) as ws:
        ws.run(cell)
        ws.run(cell, again=True)
    assert simulator.ledger.submits == 2
    with sf.Workspace("mine", service=simulator, reuse=["theirs"]) as ws:
        assert ws.run(cell).counts == {"completed": 1}
        assert simulator.ledger.submits == 2
        assert ws.run(cell, again=True).counts == {"completed": 2}, "both takes are kept"
        assert simulator.ledger.submits == 3, "the user asked for a picture that nobody has"


def test_without_a_key_what_is_there_is_enough(here, made):
    with sf.Workspace("study.sfx") as ws:
        as_hosted("study.sfx", "hosted.sfx")
        assert ws.service == "simulator"
    with sf.Workspace("mine", reuse="hosted.sfx") as ws:
        assert ws.service == "segmind"
        assert ws.run(SWEEP).counts == {"completed": 6}
        with pytest.raises(MissingKey):
            ws.run(MORE)
    with sf.Workspace("hosted.sfx") as ws:
        assert ws.run(MORE, max_cost=math.inf).counts == {"completed": 6, "planned": 3}
        assert "3 planned, not in hosted.sfx" in str(ws.plan(MORE))


def as_hosted(path, other):
    entries = entries_of(path)
    entries = {
        name: data if name.startswith("pictures/") else data.replace(b'"simulator"', b'"segmind"')
        for name, data in entries.items()
    }
    write(other, signed(entries))


def test_runs_of_another_service_do_not_count(here, simulator):
    as_hosted("study.sfx", "hosted.sfx")
    with sf.Workspace("mine", service=simulator, reuse=["hosted.sfx"]) as ws:
        assert ws.plan(SWEEP).to_submit == 6


def test_the_first_source_that_has_a_run_gives_it(here, simulator):
    with sf.Workspace("study.sfx") as ws:
        ws.runs().where(seed=1).bundle("part.sfx")
    with sf.Workspace("mine", service=simulator, reuse=["part.sfx", Path("study.sfx")]) as ws:
        assert ws.run(SWEEP).counts == {"completed": 6}
    assert simulator.ledger.submits == 0


def test_what_is_no_picture_is_left_to_the_service(here, simulator):
    entries = entries_of("study.sfx")
    name = first_picture(entries)
    data = b"<script>alert(1)</script>"
    forged = hashlib.sha256(data).hexdigest()
    place = f"pictures/{forged[:2]}/{forged}.jpg"
    forgery = {
        other: content.replace(name.encode(), place.encode()) if other == "runs.jsonl" else content
        for other, content in entries.items()
        if other != name
    }
    write("forged.sfx", signed({**forgery, place: data}))
    with sf.Workspace("mine", service=simulator, reuse=["forged.sfx"]) as ws:
        assert ws.run(SWEEP).counts == {"completed": 6}
    assert simulator.ledger.submits == 1
    with sf.Workspace("forged.sfx") as ws:
        runs = ws.run(SWEEP)
        _ = runs.sheet().image
        runs.export("exported")
        assert len(list(Path("exported/pictures").iterdir())) == 5
        assert b"<script>alert(1)" not in b"".join(path.read_bytes() for path in Path("exported").glob("*.*"))


@pytest.mark.parametrize("reuse", ["nowhere", ["nowhere"], 7, [None]])
def test_what_is_no_workspace_cannot_be_reused(reuse, here):
    with pytest.raises(WorkspaceError, match="reuse"):
        sf.Workspace("mine", service="simulator", reuse=reuse)
    assert not Path("mine").exists()
    assert not Path("nowhere").exists()


# ---------------------------------------------------------------------- a bundle in place of everything

NOTEBOOK = """
import segflux_nb as sf
ws = sf.Workspace("tok-study", service="simulator")
sweep = sf.Sweep(prompt="TOK at dawn", finetune_id="a", seed=[1, 2], lora_strength=[0.5, 1.0, 1.5], steps=3)
print(ws.plan(sweep))
runs = ws.run(sweep, name="first look")
print(runs.df.to_string())
print(runs.sheet(), runs.counts)
runs.vote(runs[0], runs[1], "left", rater="ada")
print(len(runs.votes), runs.axes)
print(str(ws.plan(sweep)).splitlines()[0])
"""


def played(script, folder, **environment):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_notebook_says_the_same_when_it_is_replayed(tmp_path):
    first, again = tmp_path / "first", tmp_path / "again"
    first.mkdir()
    again.mkdir()
    bundling = f"{NOTEBOOK}\nprint('end')\nruns.bundle('study.sfx')"
    said = played(bundling, first).partition("end\n")[0]
    shutil.copy(first / "study.sfx", again)
    replayed = played(NOTEBOOK, again, SEGFLUX_REPLAY="study.sfx")
    assert replayed == said
    assert "6 runs: 6 to submit" in replayed
    assert [path.name for path in again.iterdir()] == ["study.sfx"], "no folder and no simulator"


def test_a_notebook_that_only_reads_gets_everything(here, monkeypatch):
    monkeypatch.setenv("SEGFLUX_REPLAY", str(here / "study.sfx"))
    with sf.Workspace("anything") as ws:
        assert ws.service == "simulator"
        assert ws.runs("first look").title == "first look"
        assert len(ws.runs()) == 6
        assert list(ws.sweeps["name"]) == ["first look"]
    with sf.Workspace("anything") as ws:
        assert list(ws.sweeps["done"]) == [6]
        with pytest.raises(WorkspaceError, match="no sweep"):
            ws.runs("second look")
    with sf.Workspace("anything", service=sf.Simulator()) as ws:
        runs = ws.runs(SWEEP)
        assert runs.counts == {"completed": 6}
        assert runs.df["stars"].tolist()[0] == 4
        assert len(runs.votes) == 2
        runs.vote(runs[0], runs[1], "left", rater="ada")
        assert len(runs.votes) == 2, "the notebook casts a vote again that is in the bundle"
        runs.vote(runs[0], runs[1], "left", rater="ada")
        assert len(runs.votes) == 3
    assert not Path("anything").exists()


def test_what_is_not_in_it_stays_planned(here, monkeypatch):
    monkeypatch.setenv("SEGFLUX_REPLAY", "study.sfx")
    with sf.Workspace("anything") as ws:
        assert ws.run(MORE).counts == {"completed": 6, "planned": 3}
        assert "are not in study.sfx" in ws.run(MORE).stopped


def test_a_stand_in_that_is_no_bundle_is_refused(here, monkeypatch):
    monkeypatch.setenv("SEGFLUX_REPLAY", "nothing.txt")
    with pytest.raises(WorkspaceError, match=r"SEGFLUX_REPLAY='nothing\.txt' is no bundle"):
        sf.Workspace("anything")
    monkeypatch.setenv("SEGFLUX_REPLAY", "")
    with sf.Workspace("anything", service="simulator") as ws:
        assert len(ws.runs()) == 0


def test_a_folder_is_read_again_after_a_replay(here, monkeypatch, made):
    shutil.copytree(made / "study", here / "mine")
    monkeypatch.setenv("SEGFLUX_REPLAY", "study.sfx")
    with sf.Workspace("mine") as ws:
        ws.run(SWEEP)
    monkeypatch.delenv("SEGFLUX_REPLAY")
    with sf.Workspace("mine", service="simulator") as ws:
        runs = ws.runs("first look")
        assert runs[0].path.is_relative_to(here)
        runs[0].path.unlink()
        assert runs.counts == {"completed": 5, "missing": 1}
