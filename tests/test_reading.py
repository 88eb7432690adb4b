"""What reads the log reads no more than it needs, and says the same as a look at each run."""

import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter

import numpy as np
import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.connection import Connection
from segflux_nb.pictures import located
from segflux_nb.pictures.located import LocatedPictures
from segflux_nb.pictures.thumbnails import FOLDER
from segflux_nb.runlog import reading
from segflux_nb.runlog.runs import RunLog
from segflux_nb.runlog.side_file import SideFile
from segflux_nb.simulator.app import Simulator

SWEEP = sf.Sweep(
    prompt="TOK at {time}",
    time=["dawn", "noon"],
    finetune_id={"1200 steps": "one", "2400 steps": "two"},
    seed=[1, 2, 3],
    lora_strength=[0.4, 0.8],
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled") / "study"
    with Simulator(time_scale=0.002, paint=False) as simulator, sf.Workspace(folder, service=simulator) as ws:
        assert ws.run(SWEEP, name="all").counts == {"completed": 24}
    return folder


@pytest.fixture
def simulator():
    with Simulator(time_scale=0.002, paint=False) as simulator:
        yield simulator


@pytest.fixture
def ws(filled, tmp_path, monkeypatch, simulator):
    shutil.copytree(filled, tmp_path / "study")
    monkeypatch.chdir(tmp_path)
    with sf.Workspace("study", service=simulator) as ws:
        yield ws


@pytest.fixture(params=["looked up", "read as columns"])
def way(request, monkeypatch):
    """How rows are read: a few are looked up, of many all are read."""
    if request.param == "read as columns":
        monkeypatch.setattr(reading, "LOOKED_UP", 0)
        monkeypatch.setattr(reading, "FEW", 0)


@pytest.fixture
def no_run_is_read(monkeypatch):
    def table(self, digests, columns):
        raise AssertionError(f"{len(digests)} runs are read")

    def start():
        monkeypatch.setattr(RunLog, "table", table)

    return start


# ---------------------------------------------------------------------- where


CONDITIONS = {
    "a number": {"seed": 2},
    "several": {"seed": [1, 3]},
    "a range": {"seed": "2-3"},
    "a number with a fraction": {"lora_strength": 0.8},
    "not as it was written": {"lora_strength": 0.8000000001},
    "of numpy": {"lora_strength": np.float64(0.4), "seed": np.int64(3)},
    "a label": {"finetune_id": "1200 steps"},
    "a value with a label": {"finetune_id": "two"},
    "a label and a value": {"finetune_id": ["1200 steps", "two"]},
    "the name of a label": {"finetune_id_label": "2400 steps"},
    "a placeholder": {"time": "noon"},
    "a prompt": {"prompt": "TOK at dawn"},
    "a status": {"status": "missing"},
    "a fact": {"take": 0, "service": "simulator", "error_kind": ""},
    "none has it": {"seed": 7},
    "no value of it": {"seed": None},
    "an array": {"seed": np.array([2, 3])},
}


def known(run, name):
    facts = ("take", "status", "service", "error_kind", "error", "digest", "run")
    return {**{fact: getattr(run, fact) for fact in facts}, **run.labels, **run.parameters}[name]


def wanted_values(values):
    ranges = {"2-3": [2, 3]}
    several = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in values.items()}
    lists = {name: ranges.get(value, value) if isinstance(value, str) else value for name, value in several.items()}
    return {name: value if isinstance(value, list) else [value] for name, value in lists.items()}


def has(run, name, one):
    rounded = round(float(one), 6) if isinstance(one, float) else one
    return one is not None and rounded in (known(run, name), run.labels.get(f"{name}_label"))


def test_where_finds_what_a_look_at_each_run_finds(ws, way):
    runs = ws.runs("all")
    os.remove(runs[4].path)
    later = runs.where(lambda run: run.seed > 1)
    for what, values in CONDITIONS.items():
        wanted = wanted_values(values)
        found = [run for run in runs if all(any(has(run, name, one) for one in wanted[name]) for name in wanted)]
        chosen = runs.where(**values)
        assert list(chosen) == found, what
        assert later.where(**values) == runs.where(lambda run: run.seed > 1, **values), what
        if len(found) == 1:
            assert runs.one(**values) == found[0], what
    assert len(runs.where(status="missing")) == 1


def test_where_is_about_runs_that_the_log_has(ws, way):
    more = sf.Sweep(prompt="TOK", finetune_id="one", seed=[1, 5], lora_strength=[0.4, 0.6])
    ws.run(more.where(lambda cell: cell.seed == 5))
    runs = ws.runs(more)
    assert (len(runs), len(runs.where()), len(list(runs))) == (4, 2, 2)
    assert [run.seed for run in runs.where(lora_strength=0.6)] == [5]
    assert runs.where().axes == {"seed": [5], "lora_strength": [0.4, 0.6]}


def test_where_knows_no_other_names(ws, way):
    with pytest.raises(sf.SegfluxError, match="Runs have no 'sead'"):
        ws.runs("all").where(seed=1, sead=2)
    assert len(ws.runs("all")[:0].where(sead=2)) == 0


def test_counts_and_frames_are_the_same_either_way(ws, monkeypatch):
    runs = ws.runs("all")
    os.remove(runs[1].path)
    ws._launcher.source.log.runs.plan(list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[8, 9])))  # no pictures yet
    everything = ws.runs()
    counts, frame = everything.counts, everything.log
    assert counts == {"planned": 2, "completed": 23, "missing": 1}
    monkeypatch.setattr(reading, "LOOKED_UP", 0)
    monkeypatch.setattr(reading, "FEW", 0)
    again = ws.runs()
    assert again.counts == counts
    pd.testing.assert_frame_equal(again.log, frame)


# ---------------------------------------------------------------------- marks


def counted(runs):
    """The counts by a look at each run."""
    return dict(Counter(run.status for run in runs))


def test_counts_are_those_of_a_look_at_each_run(ws, way, tmp_path):
    """Of a part, of none, of two takes, with a file gone, a picture discarded, and another sweep beside."""
    ws.run(SWEEP.replace(prompt="TOK at {time}, again", seed=4))
    runs = ws.runs("all")
    assert runs.counts == {"completed": 24}
    runs[3].path.unlink()
    runs[5:7].discard(pictures=True)
    assert runs.counts == counted(runs) == {"completed": 21, "missing": 1, "discarded": 2}
    assert runs[4:6].counts == counted(runs[4:6]) == {"completed": 1, "discarded": 1}
    assert ws.runs().counts == counted(ws.runs()) == {"completed": 29, "missing": 1, "discarded": 2}
    assert runs[:0].counts == {}
    again = ws.run(SWEEP.where(lambda cell: cell.seed == 3), again=True)
    assert again.counts == counted(again)
    ws.runs("all")[8:].bundle(tmp_path / "part.sfx")
    with sf.Workspace(tmp_path / "part.sfx") as opened:
        assert opened.runs().counts == counted(opened.runs()) == {"completed": 16}


def test_runs_of_another_service_are_not_counted(ws, way):
    ws._journal.of("segmind").runs.plan(list(SWEEP))
    assert ws.runs("all").counts == {"completed": 24}
    with sf.Workspace("study") as hosted:
        assert hosted.runs(SWEEP).counts == counted(hosted.runs(SWEEP)) == {"planned": 24}
        assert hosted.runs(SWEEP.replace(steps=3)).counts == {}


@pytest.fixture
def no_engine(monkeypatch):
    def engine(self):
        raise AssertionError("the engine was started")

    monkeypatch.setattr(Connection, "engine", engine)


def test_a_sweep_that_is_done_starts_no_server_and_makes_no_connection(ws, way, no_engine):
    assert ws.run(SWEEP).counts == {"completed": 24}
    assert ws.run(SWEEP, first=3).counts == {"completed": 3}
    done: list[int] = []
    live = ws.start(ws.runs("all")[:5], on_done=lambda runs: done.append(len(runs)))
    assert live.wait().stopped is None
    assert (live.done, done) == (True, [5])


@pytest.mark.parametrize("left", ["a file", "an id aside", "another take", "a cell"])
def test_a_sweep_that_is_not_done_starts_it(ws, way, no_engine, left):
    sweep = SWEEP
    if left == "a file":
        ws.runs("all")[7].path.unlink()
    if left == "an id aside":
        aside = SideFile(ws.path / "log.sqlite", "simulator", "another-machine/0:1:0.00")
        aside.reserve(4)
    if left == "a cell":
        sweep = SWEEP + SWEEP.replace(seed=4)
    with pytest.raises(AssertionError, match="the engine was started"):
        ws.run(sweep, again=left == "another take")


def test_what_a_reused_workspace_has_is_done_and_starts_none(ws, way, no_engine):
    with sf.Workspace("other", service="simulator", reuse=["study"]) as other:
        assert other.plan(SWEEP).to_submit == 0
        assert other.run(SWEEP).counts == {"completed": 24}


def test_a_sweep_is_entered_once_and_its_takes_after_it(ws):
    """Cells that the log has in their order are not entered again; what is new comes after them."""
    log = ws.runs("all").source.log
    number = log.sweeps.find(name="all").number
    before = log.sweeps.cells(number)
    assert [(cell.digest, cell.labels) for cell in SWEEP] == before
    ws.run(SWEEP, name="a new title")
    assert log.sweeps.cells(number) == before
    ws.run(SWEEP.where(lambda cell: cell.seed == 3))
    ws.run(SWEEP, again=True)
    ws.run(SWEEP)
    cells = log.sweeps.cells(number)
    assert cells[:24] == before
    assert [labels for _, labels in cells[24:]] == [labels for _, labels in before]
    assert len({digest for digest, _ in cells}) == 48


def test_labels_that_are_longer_than_a_text_of_sqlite_are_read_row_by_row(ws):
    log = ws.runs("all").source.log
    cells = log.sweeps.cells(1)
    limit = log._database.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 2_000)
    try:
        assert log.sweeps.cells(1) == cells
    finally:
        log._database.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, limit)


def test_a_mark_is_in_the_next_frame_and_no_run_is_read_again(ws, no_run_is_read):
    runs = ws.runs("all")
    shown, log = runs.df, runs.log
    one, other = runs[3], runs[7]
    no_run_is_read()
    runs.mark(one, stars=4, note="best hands")
    runs.mark(other, pick=True)
    assert shown["stars"].isna().all(), "a frame that was given stays as it is"
    marked = runs.df
    assert marked.loc[3, ["stars", "note"]].tolist() == [4, "best hands"]
    assert bool(marked.loc[7, "pick"])
    assert marked[["stars", "pick", "note"]].notna().sum().tolist() == [1, 1, 1]
    runs.mark(one, stars=0)
    assert (runs.df.loc[3, "stars"], runs.log.loc[3, "stars"], marked.loc[3, "stars"]) == (0, 0, 4)
    assert list(runs.log.columns) == list(log.columns)


def test_a_frame_that_was_mended_is_one_that_is_built(ws, tmp_path):
    runs = ws.runs("all")
    for number, run in enumerate(runs):
        runs.mark(run, stars=number % 6, note=f"{number}" if number % 3 else None)
        mended = runs.df
    pd.testing.assert_frame_equal(mended, ws.runs("all").df)
    pd.testing.assert_frame_equal(runs.log, ws.runs("all").log)
    assert mended.attrs == ws.runs("all").df.attrs


MARK = """
import sys, getpass
import segflux_nb as sf
getpass.getuser = lambda: "somebody"
with sf.Workspace("study", service=sys.argv[1]) as ws:
    runs = ws.runs("all")
    runs.mark(runs[0], stars=1, note="by somebody")
    runs.mark(runs[1], pick=True)
"""


def test_marks_of_two_notebooks_are_in_the_frames_of_both(ws, simulator):
    runs = ws.runs("all")
    runs.mark(runs[0], stars=5)
    assert runs.df["stars"].count() == 1
    runs.mark(runs[2], stars=2)
    subprocess.run([sys.executable, "-c", MARK, simulator.url], check=True)
    assert runs.df.loc[0, ["stars", "note"]].tolist() == [1, "by somebody"], "who marked last says it"
    assert bool(runs.df.loc[1, "pick"])
    assert runs.df.loc[2, "stars"] == 2
    runs.mark(runs[0], pick=True)
    assert runs.df.loc[0, ["stars", "pick", "note"]].tolist() == [5, True, "by somebody"]
    pd.testing.assert_frame_equal(runs.df, ws.runs("all").df)


def test_a_run_that_changes_beside_marks_is_read_again(ws, simulator):
    more = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2])
    ws._launcher.source.log.runs.plan(list(more))
    runs = ws.runs(more)
    assert runs.df["status"].tolist() == ["planned", "planned"]
    with sf.Workspace("study", service=simulator) as second:
        runs.mark(runs[0], stars=3)
        second.run(more)
        runs.mark(runs[1], stars=4)
        assert runs.df["status"].tolist() == ["completed", "completed"]
        assert runs.df["stars"].tolist() == [3, 4]
    other = sf.Sweep(prompt="TOK", finetune_id="a", seed=[3])
    ws._launcher.source.log.runs.plan(list(other))
    runs = ws.runs(other)
    assert runs.df["status"].tolist() == ["planned"]
    runs.mark(runs[0], stars=1)
    ws.run(other)
    runs.mark(runs[0], stars=2)
    assert runs.df.loc[0, ["status", "stars"]].tolist() == ["completed", 2]


def test_a_picture_that_goes_is_seen_beside_marks(ws):
    runs = ws.runs("all")
    assert set(runs.df["status"]) == {"completed"}
    os.remove(runs[0].path)
    runs.mark(runs[1], stars=1)
    assert runs.df["status"].tolist()[:2] == ["missing", "completed"]


def test_own_columns_are_seen_after_marks(ws):
    runs = ws.runs("all")
    assert "score" not in runs.df
    runs.mark(runs[0], stars=1)
    runs.annotate(pd.DataFrame({"run": [runs[0].run], "score": [0.5]}))
    runs.mark(runs[1], stars=2)
    assert (runs.df.loc[0, "score"], runs.df["stars"].count()) == (0.5, 2)


def test_a_vote_leaves_the_frame_as_it_is(ws, no_run_is_read):
    runs = ws.runs("all")
    before = runs.df
    runs.vote(runs[0], runs[1], "left")
    no_run_is_read()
    pd.testing.assert_frame_equal(runs.df, before)


# ---------------------------------------------------------------------- two of many


def test_a_vote_and_a_comparison_read_the_two_runs_alone(ws, monkeypatch):
    runs = ws.runs("all")
    left, right = runs[0], runs[1]
    asked = []
    table = RunLog.table

    def counted(self, digests, columns):
        asked.append(len(digests))
        return table(self, digests, columns)

    monkeypatch.setattr(RunLog, "table", counted)
    runs.vote(left, right.run, "left")
    runs.compare(left, right.run)
    assert set(asked) == {2}
    assert runs.votes["outcome"].tolist() == ["left"]


def test_a_vote_that_is_not_possible_says_what_all_runs_say(ws):
    runs = ws.runs("all")
    one, other = runs.one(seed=1, lora_strength=0.4, time="dawn", finetune_id="one"), runs.where(seed=2)[0]
    for left, right, why in (
        (one, one, "differ in nothing"),
        (one, other, "differ in seed"),
    ):
        with pytest.raises(sf.SegfluxError, match=f"{why}, not in lora_strength alone"):
            runs.vote(left, right, "left")
    os.remove(one.path)
    with pytest.raises(sf.SegfluxError, match="One of the two runs has no picture"):
        runs.vote(one, other, "left")
    with pytest.raises(sf.SegfluxError, match="steps has 1 value with pictures"):
        runs.vote(runs[1], other, "left", axis="steps")
    with pytest.raises(sf.SegfluxError, match="There is no run 'abc' among these"):
        runs.vote(runs[1], "abc", "left")


# ---------------------------------------------------------------------- sweeps


def test_sweeps_are_counted_each_by_its_own_cells(ws, simulator):
    part = SWEEP.where(lambda cell: cell.seed < 3)
    ws.run(part, name="part")
    ws._launcher.source.log.runs.plan(list(more := sf.Sweep(prompt="TOK", finetune_id="a", seed=[8, 9])))
    ws._launcher.source.log.sweeps.enter(more.identity, more.name, "later", more.axes, list(more))
    with sf.Workspace("study", service="https://gpu.example.org") as other:
        assert len(other.sweeps) == 0, "another service has its own"
    table = ws.sweeps.set_index("name")
    assert table["cells"].to_dict() == {"all": 24, "part": 16, "later": 2}
    assert table["done"].to_dict() == {"all": 24, "part": 16, "later": 0}
    paid = ws.runs("part").log["cost_usd"].sum()
    assert table["paid_usd"]["part"] == pytest.approx(paid)
    os.remove(ws.runs("part")[0].path)
    assert [line.partition(": ")[2] for line in ws.report()] == [
        "all: 23 completed, 1 missing",
        "part: 15 completed, 1 missing",
        "later: 2 planned",
    ]


# ---------------------------------------------------------------------- files


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_links_are_found_among_many_files_as_among_few(tmp_path, monkeypatch):
    names = [f"{number:02x}/{number:064x}" for number in range(40)]
    for name in names:
        for place, ending in (("pictures", "png"), (FOLDER, "jpg")):
            (tmp_path / place / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place / f"{name}.{ending}").write_bytes(b"")
    outside = tmp_path / "outside"
    outside.mkdir()

    def lead_away(path, target=outside / "secret"):
        if path.is_dir():
            path.rename(tmp_path / f"was-{path.name}-{path.parent.name}")
        else:
            path.unlink()
        path.symlink_to(target)

    lead_away(tmp_path / "pictures" / f"{names[1]}.png")
    lead_away(tmp_path / FOLDER / f"{names[2]}.jpg")
    lead_away(tmp_path / "pictures" / names[3][:2], outside)
    lead_away(tmp_path / FOLDER / names[4][:2], outside)
    two_in_one = f"pictures/{names[5]}.png\npictures/{names[6]}.png"
    paths = [*(f"pictures/{name}.png" for name in names), None, "../secret", "pictures/zz", "/etc/passwd", two_in_one]
    few, many = LocatedPictures(tmp_path), LocatedPictures(tmp_path)
    monkeypatch.setattr(located, "MANY", 10)
    expected = [few.own(path) for path in paths]
    assert many.owned(paths) == many.owned(paths) == expected
    assert [at for at, path in enumerate(expected) if path is None] == [1, 2, 3, 4, 40, 41, 42, 43, 44]


def test_a_run_tells_its_file_to_another_process(ws):
    run = ws.runs("all")[0]
    copied = pickle.loads(pickle.dumps(run))
    assert copied == run
    assert hash(copied) == hash(run)
    assert (copied.path, copied.more_paths, copied.image.size) == (run.path, (), run.image.size)
    assert copied != ws.runs("all")[1]


# ---------------------------------------------------------------------- the start


HEAVY = {"pandas", "numpy", "anywidget", "ipywidgets", "starlette", "uvicorn", "matplotlib", "scipy", "pyarrow"}
STARTS = {
    "import": "import segflux_nb",
    "a workspace": "import segflux_nb; segflux_nb.Workspace('w')",
    "a simulated workspace": "import segflux_nb; segflux_nb.Workspace('w', service='simulator').runs()",
    "help": "import sys; from segflux_nb.cli import main; main(['--help'], standalone_mode=False)",
    "status": "import sys; from segflux_nb.cli import main; main(['status', 'w'], standalone_mode=False)",
}
MODULES = "import json, sys\n{start}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"


@pytest.mark.parametrize("start", STARTS)
def test_what_a_start_does_not_need_is_not_loaded(tmp_path, start):
    with sf.Workspace(tmp_path / "w"):
        pass
    code = MODULES.format(start=STARTS[start])
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & HEAVY
    if start == "help":
        assert not loaded & {"PIL", "httpx2", "asyncio", "sqlite3"}
