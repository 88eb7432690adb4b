"""What a bundle holds, and what a workspace that opens one can do."""

import contextlib
import gc
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.errors import BundleError, RunError, WorkspaceError
from segflux_nb.pictures.store import PictureStore
from segflux_nb.simulator.app import Simulator

from .support import SWEEP, entries_of, manifest_of

REPLAY = """
import hashlib, json, socket, sys

def no_network(*arguments, **options):
    raise AssertionError("the network was used")

socket.socket.connect = socket.socket.connect_ex = socket.socket.sendto = no_network
socket.getaddrinfo = socket.create_connection = no_network

import segflux_nb as sf

sweep = sf.Sweep.from_toml("sweep.toml")
with sf.Workspace("study.sfx") as ws:
    runs = ws.run(sweep)
    found = {run.run: hashlib.sha256(run.path.read_bytes()).hexdigest() for run in runs}
    runs.sheet(cols="seed", rows="lora_strength", by="sampler_name").save("sheet.png")
    runs.export("exported")
    print(json.dumps([found, runs.counts, str(ws.plan(sweep)), runs.df["image"].tolist()]))
"""


def digests(runs):
    return {run.run: hashlib.sha256(run.path.read_bytes()).hexdigest() for run in runs}


def test_48_runs_are_replayed_in_another_process_without_a_network(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep = sf.Sweep(
        prompt="TOK on the shore of a mountain lake at dawn",
        finetune_id="my-finetune-id",
        seed=sf.seeds(4),
        lora_strength="0.4-1.4 (+0.2)",
        sampler_name=["euler", "dpmpp_2m"],
        steps=8,
    )
    sweep.to_toml("sweep.toml")
    with Simulator(time_scale=0.002) as simulator:
        with sf.Workspace("study", service=simulator) as ws:
            runs = ws.run(sweep)
            before = digests(runs)
            runs.bundle("study.sfx")
        shutil.rmtree("study")
        environment = {name: value for name, value in os.environ.items() if name != "SEGMIND_API_KEY"}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", REPLAY],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert simulator.ledger.submits == 48, "no more than before"
    assert done.returncode == 0, done.stderr
    found, counts, plan, images = json.loads(done.stdout.splitlines()[-1])
    assert found == before
    assert len(set(found.values())) == 48
    assert counts == {"completed": 48}
    assert plan.startswith("48 runs: 48 logged, 0 to submit")
    assert all(image.startswith("study.sfx/pictures/") for image in images)
    assert len(list(Path("exported/pictures").iterdir())) == 48


def test_everything_works_on_a_bundle(here):
    before = Path("study.sfx").read_bytes()
    with sf.Workspace("study.sfx") as ws:
        assert repr(ws) == "Workspace('study.sfx')"
        assert ws.service == "simulator"
        assert list(ws.sweeps["name"]) == ["first look"]
        assert ws.report() == ["simulator: first look: 6 completed"]
        runs = ws.run(SWEEP)
        assert (runs.counts, runs.title, runs.stopped) == ({"completed": 6}, "first look", None)
        assert runs == ws.runs("first look") == ws.runs(SWEEP)
        assert len(ws.runs()) == 6
        assert runs.df["stars"].tolist()[0] == 4
        assert runs.df["score"].tolist() == list(range(6))
        assert runs.log["sha256"].tolist() == list(digests(runs).values())
        assert runs.one(seed=1, lora_strength=0.5).image.size == (1024, 1024)
        assert "6 pictures" in str(runs.sheet())
        assert "2 pictures" in str(runs.compare(runs[0], runs[1]))
        runs.gallery()
        runs.gallery().save("gallery.html")
        runs.export("exported", names="{seed}-{lora_strength}")
        assert sf.read_metadata("exported/pictures/1-0.5.jpg").parameters["prompt"] == "TOK at dawn"
        assert ws.verify().ok
        assert ws.usage().loc["pictures", "files"] == 6
        print(runs.summary())
        assert [cell.digest for cell in runs.where(seed=2).sweep] == [cell.digest for cell in SWEEP if cell.seed == 2]
    assert Path("study.sfx").read_bytes() == before
    assert sorted(path.name for path in here.iterdir()) == ["exported", "gallery.html", "study.sfx"]


def test_pictures_as_frames_show_them(here, monkeypatch):
    with sf.Workspace("study.sfx") as ws:
        frame = ws.run(SWEEP).df
        assert "6 pictures" in str(frame.pictures.sheet(cols="seed", rows="lora_strength"))
        frame.pictures.export("frames")
        assert len(list(Path("frames/pictures").iterdir())) == 6
    monkeypatch.chdir(here.parent)
    assert "cannot" not in str(frame.assign(image="here/" + frame["image"]).pictures.sheet())


def test_a_sheet_of_a_bundle_is_the_sheet_of_the_folder(made, here):
    shutil.copytree(made / "study", here / "study")
    with sf.Workspace(here / "study", service="simulator") as ws:
        original = ws.run(SWEEP).sheet().image
    with sf.Workspace("study.sfx") as ws:
        assert ws.run(SWEEP).sheet().image.tobytes() == original.tobytes()


def test_marks_and_votes_stay_in_memory_and_can_be_saved(here):
    with sf.Workspace("study.sfx") as ws:
        runs = ws.run(SWEEP)
        runs.mark(runs[1], stars=2)
        runs.vote(runs[0], runs[2], "right", rater="eve")
        assert runs.df["stars"].tolist()[:2] == [4, 2]
        runs.votes.to_csv("votes.csv", index=False)
        assert runs.tuner("lora_strength").ranking is not None
    assert [line.split(",")[1] for line in Path("votes.csv").read_text().splitlines()] == [
        "rater",
        "ada",
        "bob",
        "eve",
    ]
    with sf.Workspace("study.sfx") as ws:
        runs = ws.run(SWEEP)
        assert len(runs.votes) == 2
        assert runs.df["stars"].count() == 1


def test_a_cell_that_is_not_in_it_is_planned_and_says_so(here, capsys):
    more = SWEEP.replace(seed=[1, 2, 3])
    with sf.Workspace("study.sfx") as ws:
        assert "3 planned, not in study.sfx" in str(ws.plan(more))
        assert "nothing is sent" in str(ws.plan(more))
        runs = ws.run(more)
        assert runs.counts == {"completed": 6, "planned": 3}
        assert "3 runs of 9 are not in study.sfx" in runs.stopped
        assert "3 runs of 9 are not in study.sfx" in capsys.readouterr().out
        assert all("it is not in study.sfx" in error for error in runs.df.query("status == 'planned'")["error"])
        assert "3 planned" in str(runs.sheet())
        with pytest.raises(RunError, match=r"not in study\.sfx"):
            _ = runs.one(seed=3, lora_strength=1.0).image
        assert ws.run(SWEEP, again=True).counts == {"completed": 6, "planned": 6}
        assert ws.start(more).wait().counts["planned"] == 3


def test_what_would_change_a_bundle_is_refused(here):
    with sf.Workspace("study.sfx") as ws:
        runs = ws.run(SWEEP)
        with pytest.raises(RunError, match="read-only"):
            runs.discard(pictures=True)
        assert runs.counts == {"completed": 6}


def test_a_failed_run_is_in_it_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    faults = {"job:failed": lambda body: body["seed"] == 2}
    with (
        Simulator(time_scale=0.002, paint=False, faults=faults) as simulator,
        sf.Workspace("study", service=simulator) as ws,
    ):
        runs = ws.run(SWEEP)
        reasons = runs.df["error"].tolist()
        runs.bundle("study.sfx")
    with sf.Workspace("study.sfx") as ws:
        runs = ws.run(SWEEP)
        assert runs.counts == {"completed": 3, "failed": 3}
        assert runs.df["error"].tolist() == reasons
        assert "tries again" in runs.retry_failed().stopped
        assert runs.retry_lost().counts == {"completed": 3, "failed": 3}


def test_the_same_log_gives_the_same_bytes(made, here):
    shutil.copytree(made / "study", here / "elsewhere" / "study")
    with sf.Workspace(here / "elsewhere" / "study", service="simulator") as ws:
        ws.runs("first look").bundle("one.sfx")
    os.utime("elsewhere/study/log.sqlite", (1, 1))
    with sf.Workspace(here / "elsewhere" / "study", service="simulator") as ws, contextlib.chdir("elsewhere"):
        ws.runs("first look").bundle("two.sfx")
    one = Path("one.sfx").read_bytes()
    assert one == Path("elsewhere/two.sfx").read_bytes() == Path("study.sfx").read_bytes()
    with sf.Workspace("study.sfx") as ws:
        ws.runs("first look").bundle("again.sfx")
    assert Path("again.sfx").read_bytes() == one, "a bundle of a bundle"


def test_a_part_of_a_study(here):
    with sf.Workspace("study.sfx") as ws:
        ws.runs("first look").where(seed=1).bundle("part.sfx", cost=False)
    with sf.Workspace("part.sfx") as ws:
        runs = ws.runs()
        assert len(runs) == 3
        assert runs.log["cost_usd"].isna().all()
        assert ws.run(SWEEP).counts == {"completed": 3, "planned": 3}
        assert len(ws.sweeps) == 2
    assert len(manifest_of(entries_of("part.sfx"))["pictures"]) == 3
    assert b"cost_usd" not in Path("part.sfx").read_bytes()


@pytest.mark.parametrize(
    "sweep",
    [
        SWEEP,
        SWEEP.with_baseline(),
        sf.Sweep(prompt="TOK {animal}", animal=["fox", "owl"], finetune_id={"early": "a", "late": "b"}, seed=[1, 2]),
        SWEEP.where(lambda cell: cell.seed * cell.lora_strength < 2.5),
        sf.Sweep(prompt="TOK", finetune_id="a"),
        sf.Sweep(sf.linked(steps=[4, 8], lora_strength=[0.5, 1.0]), prompt="TOK", finetune_id="a", seed=[1, 2]),
    ],
    ids=["product", "baseline", "labels", "filtered", "one", "linked"],
)
def test_the_sweep_in_it_is_the_sweep(sweep, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Simulator(time_scale=0.002, paint=False) as simulator, sf.Workspace("study", service=simulator) as ws:
        runs = ws.run(sweep)
        frame = runs.df
        runs.bundle("study.sfx")
    Path("sweep.toml").write_bytes(entries_of("study.sfx")["sweeps/1.toml"])
    assert [cell.digest for cell in sf.Sweep.from_toml("sweep.toml")] == [cell.digest for cell in sweep]
    assert [dict(cell.labels) for cell in sf.Sweep.from_toml("sweep.toml")] == [dict(cell.labels) for cell in sweep]
    with sf.Workspace("study.sfx") as ws:
        replayed = ws.run(sweep)
        assert replayed.axes == runs.axes
        assert replayed.counts == {"completed": len(sweep)}
        assert replayed.df.drop(columns="image").equals(frame.drop(columns="image"))
        assert len(ws.sweeps) == 1


def test_further_pictures_of_an_output(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with (
        Simulator(time_scale=0.002, paint=False) as simulator,
        sf.Workspace("study", service=simulator) as ws,
    ):
        runs = ws.run(SWEEP)
        log, digest = runs.source.log, runs[0].digest
        stored = [store_one(ws.path, colour) for colour in ("red", "blue")]
        for number, one in enumerate(stored):
            log.pictures.add(digest, f"https://a.example/{number}.png", vars(one), 70)
        runs.bundle("study.sfx")
    with sf.Workspace("study.sfx") as ws:
        first = ws.run(SWEEP)[0]
        assert len(first.paths) == 3
        assert [image.getpixel((0, 0)) for image in first.images[1:]] == [(255, 0, 0), (0, 0, 255)]
        assert ws.run(SWEEP).df["picture_count"].tolist()[0] == 3


def store_one(folder, colour):
    path = folder / "one.png"
    Image.new("RGB", (9, 9), colour).save(path)
    data = path.read_bytes()
    path.unlink()
    return PictureStore(folder).put(data)


def test_pictures_that_are_gone_or_damaged_are_left_out_and_counted(made, here, capsys):
    shutil.copytree(made / "study", here / "study")
    with sf.Workspace(here / "study", service="simulator") as ws:
        runs = ws.runs("first look")
        runs[0].path.unlink()
        runs[1].path.write_bytes(b"something else")
        runs.where(seed=2).discard(pictures=True)
        runs.bundle("part.sfx")
    said = capsys.readouterr().out
    assert "6 runs, 1 picture," in said
    assert "3 discarded" in said
    assert "2 whose file is gone or damaged" in said
    with sf.Workspace("part.sfx") as ws:
        assert ws.runs("first look").counts == {"missing": 2, "completed": 1, "discarded": 3}
        assert not ws.verify().ok


def test_a_run_on_its_way_is_planned_in_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with Simulator(time_scale=5, paint=False) as simulator, sf.Workspace("study", service=simulator) as ws:
        live = ws.start(SWEEP)
        live.interrupt()
        live.runs.bundle("study.sfx")
    assert "planned" in capsys.readouterr().out
    with sf.Workspace("study.sfx") as ws:
        runs = ws.run(SWEEP)
        assert set(runs.counts) <= {"planned", "unknown"}


def test_overhead(made):
    entries = entries_of(made / "study.sfx")
    pictures = sum(len(data) for name, data in entries.items() if name.startswith("pictures/"))
    assert (made / "study.sfx").stat().st_size - pictures <= 10_000 + 6 * 2_000


@pytest.mark.parametrize("words", [8, 50])
def test_overhead_of_a_sweep_that_is_no_product(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prompt = " ".join(["TOK", "{animal}", *["mountain"] * words])
    sweep = sf.Sweep(prompt=prompt, animal=["fox", "owl", "cat"], finetune_id="my-finetune-id", seed=range(20))
    sweep = sweep.where(lambda cell: cell.seed % 7 != len(cell.animal))
    with Simulator(time_scale=0.002, paint=False) as simulator, sf.Workspace("study", service=simulator) as ws:
        ws.run(sweep).bundle("study.sfx")
    pictures = sum(manifest_of(entries_of("study.sfx"))["pictures"].values())
    assert Path("study.sfx").stat().st_size - pictures <= 10_000 + len(sweep) * 2_000
    with sf.Workspace("study.sfx") as ws:
        assert ws.run(sweep).counts == {"completed": len(sweep)}


def test_memory_does_not_grow_with_the_pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Simulator(time_scale=0.002, paint=False) as simulator, sf.Workspace("study", service=simulator) as ws:
        runs = ws.run(SWEEP)
        log, store = runs.source.log, PictureStore(ws.path)
        for number, digest in enumerate(runs.log["digest"].repeat(2)):
            Image.effect_noise((1200, 1200), 90 + number).save("noise.png", compress_level=1)
            log.pictures.add(digest, "", vars(store.put(Path("noise.png").read_bytes())), 1)
        tracemalloc.start()
        runs.bundle("study.sfx")
        written = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        with sf.Workspace("study.sfx"):
            opened = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    size = Path("study.sfx").stat().st_size
    assert size > 12_000_000
    assert max(written, opened) < size / 2


def test_a_bundle_that_cannot_be_written_leaves_nothing(here):
    with sf.Workspace("study.sfx") as ws:
        runs = ws.runs("first look")
        with pytest.raises(BundleError, match=r"does not end in \.sfx"):
            runs.bundle("study.zip")
        os.mkdir("folder.sfx")
        with pytest.raises(sf.SegfluxError, match="cannot be written"):
            runs.bundle("folder.sfx")
        with pytest.raises(sf.SegfluxError, match="no runs"):
            runs.where(seed=99).bundle("none.sfx")
        with pytest.raises(sf.SegfluxError, match="license"):
            runs.bundle("one.sfx", license=7)
        runs.bundle("new/folder/one.sfx")
    assert sorted(path.name for path in here.iterdir()) == ["folder.sfx", "new", "study.sfx"]


def test_a_bundle_that_is_larger_than_narrow_numbers(here, monkeypatch):
    """Files of more than 2 GiB have another end: here everything beyond 100 kB counts as that large."""
    with monkeypatch.context() as patch, sf.Workspace("study.sfx") as ws:
        patch.setattr("zipfile.ZIP64_LIMIT", 100_000)
        ws.runs("first look").bundle("large.sfx")
    assert Path("large.sfx").stat().st_size > Path("study.sfx").stat().st_size
    with sf.Workspace("large.sfx") as ws:
        assert ws.run(SWEEP).counts == {"completed": 6}
        assert ws.verify().ok


def test_runs_keep_their_files_when_the_bundle_is_opened_again(here):
    with sf.Workspace("study.sfx") as ws:
        paths = [run.path for run in ws.run(SWEEP)]
    del ws
    gc.collect()
    with sf.Workspace("study.sfx") as ws:
        assert [run.path for run in ws.run(SWEEP)] == paths
        assert all(path.exists() for path in paths)


def test_copies_are_private_and_removed_at_the_end(here):
    code = """
import os, stat, segflux_nb as sf
with sf.Workspace("study.sfx") as ws:
    folder = ws.runs()[0].path.parents[2]
    print(folder, stat.S_IMODE(os.stat(folder).st_mode) == 0o700)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    folder, is_private = done.stdout.split()
    assert is_private == "True"
    assert not Path(folder).exists()


def test_an_open_bundle_is_not_written_over_with_something_else(here, monkeypatch):
    before = Path("study.sfx").read_bytes()
    with sf.Workspace("study.sfx") as ws:
        runs = ws.run(SWEEP)
        runs.bundle("study.sfx")
        assert Path("study.sfx").read_bytes() == before, "the same again is no change"
        runs.mark(runs[0], stars=1)
        for name in ("study.sfx", here / "study.sfx", "../here/study.sfx"):
            with pytest.raises(BundleError, match=r"study\.sfx is open in this workspace.*another name"):
                runs.bundle(name)
        assert ws.verify().ok
        runs.bundle("more.sfx")
    monkeypatch.setenv("SEGFLUX_REPLAY", str(here / "study.sfx"))
    with sf.Workspace("study") as ws:
        runs = ws.run(SWEEP.replace(seed=1))
        with pytest.raises(BundleError, match=r"is open in this workspace"):
            runs.bundle("study.sfx")
        assert ws.verify().ok
    assert Path("study.sfx").read_bytes() == before
    assert sorted(path.name for path in here.iterdir()) == ["more.sfx", "study.sfx"]


def test_a_relative_stand_in_that_is_not_here_says_where_it_was_looked_for(here, monkeypatch):
    monkeypatch.setenv("SEGFLUX_REPLAY", "study.sfx")
    (here / "sub").mkdir()
    monkeypatch.chdir(here / "sub")
    with pytest.raises(WorkspaceError, match=r"SEGFLUX_REPLAY='study.sfx' names no file.*whole path"):
        sf.Workspace("study")
    monkeypatch.setenv("SEGFLUX_REPLAY", "~/study.sfx")
    monkeypatch.setenv("HOME", str(here))
    with sf.Workspace("study") as ws:
        assert ws.run(SWEEP).counts == {"completed": 6}
