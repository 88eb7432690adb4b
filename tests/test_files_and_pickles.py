"""Files that users name, and what can be sent to another process."""

import copy
import pickle

import pytest

import segflux_nb as sf
from segflux_nb.errors import LayoutError, SegfluxError, SweepError, SweepInterrupted, WorkspaceError

SWEEP = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], steps=2)
KEY = "SG_0123456789abcdef"


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    simulator = sf.Simulator(time_scale=0.001, paint=False)
    with sf.Workspace(tmp_path_factory.mktemp("pickles"), service=simulator, api_key=KEY) as ws:
        ws.run(SWEEP)
        yield ws


@pytest.fixture
def runs(ws):
    return ws.runs(SWEEP)


def test_folders_of_files_are_made(runs, tmp_path):
    for ending in ("png", "pdf", "html"):
        assert runs.sheet().save(tmp_path / "a" / ending / f"sheet.{ending}").is_file()
    assert runs.gallery().save(tmp_path / "b" / "c" / "gallery.html").is_file()
    assert SWEEP.to_toml(tmp_path / "d" / "sweep.toml").is_file()
    assert sf.Sweep.from_toml(tmp_path / "d" / "sweep.toml") == SWEEP


def test_a_folder_that_cannot_be_made_is_named(runs, tmp_path):
    (tmp_path / "file").write_text("")
    for save in (runs.sheet().save, runs.gallery().save):
        with pytest.raises(SegfluxError, match=r"x\.html cannot be written: .*Give a file in a folder"):
            save(tmp_path / "file" / "x.html")
    with pytest.raises(SegfluxError, match="cannot be written"):
        SWEEP.to_toml(tmp_path / "file" / "x.toml")
    with pytest.raises(SegfluxError, match="cannot be written"):
        SWEEP.to_toml(tmp_path)
    with pytest.raises(LayoutError, match="End the name in"):
        runs.sheet().save(tmp_path / "new" / "sheet.docx")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("value", [3, None, 2.5, True, b"study", ["study"], object(), "a\0b"])
def test_what_is_no_path_is_named_with_its_argument(runs, value):
    if value is not None:  # the workspace that SEGFLUX_WORKSPACE names
        with pytest.raises(
            WorkspaceError, match=r"^path=.* is not possible: .*Give the path .* as text or a pathlib\.Path"
        ):
            sf.Workspace(value, service="simulator")
    for write in (runs.export, runs.export_imagefolder, runs.df.pictures.export):
        with pytest.raises(SegfluxError, match=r"^folder=.* is not possible"):
            write(value)
    for write in (runs.sheet().save, runs.gallery().save, SWEEP.to_toml, sf.Sweep.from_toml, sf.read_metadata):
        with pytest.raises(SegfluxError, match=r"^path=.* is not possible"):
            write(value)
    with pytest.raises(SweepError):
        sf.Sweep.from_toml(value)


def test_what_reads_the_log_says_that_it_cannot_be_pickled(ws, runs):
    for held, words in (
        (runs, r"Send list\(runs\) or runs\.df"),
        (ws, "Open it there"),
        (ws.start(SWEEP), "Wait for its end"),
    ):
        with pytest.raises(TypeError, match=words) as caught:
            pickle.dumps(held)
        assert KEY not in str(caught.value)
    assert copy.deepcopy(runs) == runs
    assert copy.copy(runs) == runs


def test_an_interrupt_can_be_pickled_without_its_runs(runs):
    data = pickle.dumps(SweepInterrupted("1 of 2 kept", runs))
    found = pickle.loads(data)
    assert (str(found), found.runs) == ("1 of 2 kept", None)
    assert KEY.encode() not in data


def test_runs_plans_and_frames_can_be_pickled_without_a_key(ws, runs):
    for held in (list(runs), ws.plan(SWEEP), runs.df, SWEEP):
        data = pickle.dumps(held)
        assert KEY.encode() not in data
        assert repr(pickle.loads(data)) == repr(held)
