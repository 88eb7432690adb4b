"""A picture file of ours that was deleted is named, blocks nothing, and is fetched again without paying."""

import json
import os
import shutil

import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.sheets.fonts import wrap
from segflux_nb.simulator.app import Simulator

SWEEP = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3], steps=4)


@pytest.fixture
def simulator():
    with Simulator(time_scale=0.002) as simulator:
        yield simulator


@pytest.fixture
def ws(tmp_path, monkeypatch, simulator):
    monkeypatch.chdir(tmp_path)
    with sf.Workspace("study", service=simulator) as ws:
        ws.run(SWEEP)
        yield ws


@pytest.fixture
def gone(ws):
    """The run with seed 1, whose picture was deleted."""
    run = ws.runs(SWEEP).one(seed=1)
    os.remove(run.path)
    return run


def test_plan_frame_and_status_name_it(ws, gone):
    plan, runs = ws.plan(SWEEP), ws.runs(SWEEP)
    assert plan.missing == (gone.run,)
    assert (plan.logged, plan.to_submit, plan.in_flight) == (3, 0, 0)
    assert f"Missing: 1 picture file of run {gone.run}, fetched again without paying" in str(plan)
    row = runs.df.set_index("run").loc[gone.run]
    assert row["status"] == "missing"
    assert gone.path.name in row["error"]
    assert runs.counts == {"completed": 2, "missing": 1}
    assert [run.run for run in runs.failed] == [gone.run]
    assert "2 completed, 1 missing" in ws.report()[0]
    run = runs.one(seed=1)
    assert (run.status, run.path) == ("missing", None)
    with pytest.raises(sf.SegfluxError, match=r"is gone; ws\.verify\(\) fetches it again") as found:
        _ = run.image
    assert str(found.value).count("ws.verify()") == 1


def test_its_cell_says_what_helps_before_the_name_of_the_file(ws, gone):
    sheet = ws.runs(SWEEP).sheet()
    reason = sheet._layout.cells[0].reason
    assert reason.index("ws.verify() fetches it again") < reason.index("pictures/")
    assert gone.path.stem not in reason
    assert gone.path.stem[:8] in reason
    lines = wrap(reason, 0.9 * 300, 20, lines=6)
    assert not lines[-1].endswith("…"), "all of it is shown"
    assert gone.path.stem[:8] in sheet.save("sheet.html").read_text(encoding="utf-8")


def test_a_frame_without_names_of_files_counts_no_pictures(ws):
    frame = ws.runs(SWEEP).df
    whole = frame.pictures.sheet().text
    frame.loc[0, "image"] = pd.NA
    assert frame.pictures.sheet().text.startswith("ContactSheet: 2 pictures, 1 file missing [")
    frame["image"] = pd.NA
    none = frame.pictures.sheet(image="image").text
    assert none.startswith("ContactSheet: 0 pictures, 3 file missing [")
    assert none.splitlines()[0][-10:] != whole.splitlines()[0][-10:], "it has a print of its own"


def test_a_frame_follows_the_disk(ws, gone):
    runs = ws.runs(SWEEP)
    assert "missing" in set(runs.df["status"])
    ws.verify()
    assert set(runs.df["status"]) == {"completed"}


def test_it_blocks_nothing(ws, gone, tmp_path, capsys):
    runs = ws.runs(SWEEP)
    folder = runs.export("out")
    assert len(list((folder / "pictures").iterdir())) == 2
    assert gone.run in (folder / "left-out.txt").read_text()
    assert f"1 picture left out of the export: {gone.run}: The picture's file is missing" in capsys.readouterr().out
    rows = [json.loads(line) for line in (folder / "runs.jsonl").read_text().splitlines()]
    assert [row["status"] for row in rows] == ["missing", "completed", "completed"]
    assert len(list((runs.export_imagefolder("data") / "train").glob("*.jpg"))) == 2
    assert "2 pictures, 1 file missing" in runs.sheet().text
    page = runs.sheet().save("sheet.html").read_text(encoding="utf-8")
    assert page.count("<img ") == 2, "its thumbnail is not shown in its place"
    assert "file missing" in page
    gallery = runs.gallery()
    assert gallery.unreadable == {"0": "The picture's file is missing"}
    assert gallery.table["troubles"]["0"][0] == "missing"
    assert runs.compare(*(run.run for run in runs)).image.width
    ws.verify()
    runs.export("out")
    assert not (folder / "left-out.txt").exists(), "it was of an earlier export"


def test_a_run_of_its_sweep_fetches_it_again(ws, gone, simulator):
    paid = simulator.ledger.submits
    runs = ws.run(SWEEP)
    assert runs.stopped is None
    assert runs.counts == {"completed": 3}
    assert gone.path.exists()
    assert simulator.ledger.submits == paid


def test_retry_lost_fetches_it_again_too(ws, gone):
    assert ws.runs(SWEEP).retry_lost().counts == {"completed": 3}


def test_verify_fetches_again_what_is_missing_or_damaged(ws, gone, simulator):
    paid = simulator.ledger.submits
    damaged = ws.runs(SWEEP).one(seed=2)
    damaged.path.write_bytes(damaged.path.read_bytes()[:-9])
    found = ws.verify()
    assert found.ok
    verdicts = {one.run: (one.verdict, one.reason) for one in found.pictures}
    assert verdicts[gone.run] == ("fetched again", "its file was missing")
    assert verdicts[damaged.run] == ("fetched again", "its file was damaged")
    assert str(found).startswith("3 picture files: ")
    assert repr(found) == "Verification(3 picture files)", "the same on every execution"
    assert sorted(found.df["verdict"]) == ["fetched again", "fetched again", "fine"]
    assert [path.name for path in (ws.path / "rejected").iterdir()] == [f"{damaged.run}-damaged.jpg"]
    damaged.image.load()
    assert simulator.ledger.submits == paid
    assert [one.verdict for one in ws.verify().pictures] == ["fine"] * 3


def test_where_nothing_can_be_fetched_verify_names_it_and_leaves_what_is_there(tmp_path, monkeypatch, ws, gone):
    damaged = ws.runs(SWEEP).one(seed=2)
    damaged.path.write_bytes(b"damaged")
    ws.close()
    with sf.Workspace("study", service="http://127.0.0.1:9") as other:
        verdicts = {one.run: one for one in other.verify().pictures}
    assert verdicts[gone.run].verdict == "missing"
    assert "open the workspace with the service" in verdicts[gone.run].reason
    assert verdicts[damaged.run].verdict == "damaged"
    assert damaged.path.read_bytes() == b"damaged"


def test_a_file_that_comes_back_is_found_again(ws, gone):
    log = ws._journal.of("simulator")
    run = log.runs.read([gone.digest])[gone.digest]
    log.runs.move(run, State.LOST, error="gone", error_kind="expired")
    ws.run(SWEEP)  # it was lost a moment ago: a run asks again
    log.runs.move(log.runs.read([gone.digest])[gone.digest], State.LOST, error="gone", error_kind="expired")
    assert {one.run: one.verdict for one in ws.verify().pictures}[gone.run] == "found again"
    assert ws.runs(SWEEP).counts == {"completed": 3}


def test_a_workspace_whose_pictures_are_all_gone_opens_and_gets_them_back(ws):
    shutil.rmtree(ws.path / "pictures")
    shutil.rmtree(ws.path / "thumbnails")
    assert ws.runs(SWEEP).counts == {"missing": 3}
    assert len(ws.plan(SWEEP).missing) == 3
    assert ws.runs(SWEEP).sheet().image.width
    assert ws.verify().ok
    assert ws.runs(SWEEP).counts == {"completed": 3}


# ---------------------------------------------------------------------- what is on disk


def test_usage_says_what_the_workspace_holds(ws):
    (ws.path / "pictures" / "stray.txt").write_bytes(b"12345")
    (ws.path / "notes.md").write_bytes(b"123")
    usage = ws.usage()
    assert usage.loc["pictures", "files"] == 3
    assert usage.loc["pictures", "bytes"] == sum(run.path.stat().st_size for run in ws.runs())
    assert usage.loc["thumbnails", "files"] == 3
    assert usage.loc["pictures not in the log", "bytes"] == 5
    assert usage.loc["other", "bytes"] == 3
    assert usage.loc["log", "bytes"] > 0
    assert usage.loc["total", "bytes"] == usage["bytes"].drop("total").sum()


def test_discarding_removes_pictures_and_keeps_what_was_paid(ws, simulator):
    paid, cost = simulator.ledger.submits, ws.runs(SWEEP).log["cost_usd"].tolist()
    chosen = ws.runs(SWEEP).where(seed=1)
    with pytest.raises(sf.SegfluxError, match=r"Write discard\(pictures=True\)"):
        chosen.discard()
    size = chosen.one().path.stat().st_size
    done = chosen.discard(pictures=True)
    assert done.pictures == 1
    assert done.bytes > size
    assert len(list(ws.path.glob("pictures/*/*"))) == len(list(ws.path.glob("thumbnails/*/*"))) == 2
    assert ws.runs(SWEEP).counts == {"completed": 2, "discarded": 1}
    assert ws.runs(SWEEP).log["cost_usd"].tolist() == cost
    plan = ws.plan(SWEEP)
    assert (plan.to_submit, plan.missing, plan.discarded) == (0, (), 1)
    assert ws.run(SWEEP).stopped is None
    assert ws.verify().ok
    assert simulator.ledger.submits == paid
    assert len(list(ws.path.glob("pictures/*/*"))) == 2, "it is not fetched again"
    assert ws.runs(SWEEP).where(seed=1).discard(pictures=True).pictures == 0
    with pytest.raises(sf.SegfluxError, match="was discarded; the log keeps"):
        _ = ws.runs(SWEEP).one(seed=1).image
    assert ws.runs(SWEEP).sheet().image.width
    assert ws.runs(SWEEP).gallery().table["troubles"]["0"][0] == "discarded"


def test_a_picture_that_other_runs_have_too_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Simulator(time_scale=0.002) as simulator, sf.Workspace("study", service=simulator) as ws:
        runs = ws.run(SWEEP.replace(steps=1))  # after one step, the seed does not show yet
        first, second, third = (run.path for run in runs)
        assert first == second == third
        done = runs.where(seed=1).discard(pictures=True)
        assert (done.pictures, done.kept) == (0, 1)
        assert runs.counts == {"discarded": 1, "completed": 2}
        runs.one(seed=2).image.load()
        assert runs.discard(pictures=True).pictures == 1
        assert not first.exists()
