"""What users write never takes the place of a log, of a workspace's pictures, or of the pictures that are shown."""

import pytest
from click.testing import CliRunner
from PIL import Image

import segflux_nb as sf
from segflux_nb.checking.running import Outcome
from segflux_nb.cli import main
from segflux_nb.errors import SegfluxError

SWEEP = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], steps=2)


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    with (
        sf.Simulator(time_scale=0.001, paint=False) as simulator,
        sf.Workspace(tmp_path_factory.mktemp("outputs") / "study", service=simulator) as ws,
    ):
        ws.run(SWEEP)
        yield ws


@pytest.fixture
def runs(ws):
    return ws.runs(SWEEP)


def files(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name}


@pytest.mark.parametrize("inside", [".", "pictures/best", "thumbnails", "Inputs", "simulator/x", "rejected"])
def test_no_folder_is_written_over_a_workspace(ws, runs, inside):
    before = files(ws.path)
    folder = ws.path / inside
    for write in (runs.export, runs.export_imagefolder, runs.df.pictures.export):
        with pytest.raises(SegfluxError, match=r"workspace.*Give"):
            write(folder)
    said = CliRunner().invoke(main, ["export", str(ws.path), "-o", str(folder)])
    assert said.exit_code == 1
    assert "workspace" in said.output
    assert files(ws.path) == before


@pytest.mark.parametrize("inside", ["pictures", "thumbnails/x", "simulator"])
def test_no_file_is_written_between_those_of_a_workspace(ws, runs, inside):
    before = files(ws.path)
    for write, ending in (
        (runs.sheet().save, "png"),
        (runs.sheet().save, "html"),
        (runs.travel("seed").save, "webp"),
        (runs.gallery().save, "html"),
        (runs.bundle, "sfx"),
        (SWEEP.to_toml, "toml"),
    ):
        with pytest.raises(SegfluxError, match=r"workspace.*Give"):
            write(ws.path / inside / f"x.{ending}")
    assert files(ws.path) == before


def test_the_log_is_never_replaced(ws, runs):
    for write in (SWEEP.to_toml, runs.gallery().save):
        with pytest.raises(SegfluxError, match=r"workspace.*Give"):
            write(ws.path / "log.sqlite")
    assert len(ws.runs(SWEEP)) == 2


def test_a_link_to_a_workspace_is_one(ws, runs, tmp_path):
    (tmp_path / "link").symlink_to(ws.path)
    with pytest.raises(SegfluxError, match=r"workspace.*Give"):
        runs.export(tmp_path / "link")


def test_other_places_in_a_workspace_are_free(ws, runs):
    assert runs.export(ws.path / "export").is_dir()
    assert runs.sheet().save(ws.path / "sheet.png").is_file()


def test_a_sheet_is_not_written_over_its_own_pictures(tmp_path):
    import pandas as pd

    paths = [tmp_path / f"{name}.png" for name in "ab"]
    for path in paths:
        Image.new("RGB", (20, 20), (path.stem == "a" and "red") or "blue").save(path)
    (tmp_path / "c.png").symlink_to(paths[0])
    frame = pd.DataFrame({"image": [*map(str, paths)], "seed": [1, 2]})
    before = [path.read_bytes() for path in paths]
    for name in ("a.png", "c.png"):
        with pytest.raises(SegfluxError, match="one of the pictures"):
            frame.pictures.sheet().save(tmp_path / name)
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.parametrize("empty", ["", " ", "\t"])
def test_no_name_is_no_name(runs, empty, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for write in (sf.Workspace, runs.export, runs.bundle, runs.sheet().save, sf.read_folder, SWEEP.to_toml):
        with pytest.raises(SegfluxError, match="empty"):
            write(empty)
    SWEEP.to_toml("sweep.toml")
    for arguments in (
        ["plan", "sweep.toml", "--workspace", empty],
        ["run", "sweep.toml", "--workspace", empty],
        ["demo", "--folder", empty],
        ["export", str(runs.source.folder), "-o", empty],
        ["sheet", str(runs.source.folder), "-o", empty],
        ["doctor", "--workspace", empty],
        ["serve", "--folder", empty],
        ["notebook", "init", empty],
        ["check", empty],
    ):
        said = CliRunner().invoke(main, arguments)
        assert said.exit_code == 2, (arguments, said.output)
        assert "empty" in said.output
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.toml"]


def test_the_report_of_a_check_is_a_page(tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    said = CliRunner().invoke(main, ["check", str(tmp_path / "a.ipynb"), "--report", str(tmp_path / "a.ipynb")])
    assert said.exit_code == 2
    assert ".html" in said.output
    assert (tmp_path / "a.ipynb").read_text() == "{}"


@pytest.mark.parametrize(("pytests", "ours"), [(0, 0), (1, 1), (2, 130), (3, 1), (5, 1)])
def test_a_check_ends_as_all_commands_do(monkeypatch, tmp_path, pytests, ours):
    outcome = Outcome()
    outcome.status = pytests
    monkeypatch.setattr("segflux_nb.checking.running.check", lambda *_, **__: outcome)
    assert CliRunner().invoke(main, ["check", str(tmp_path)]).exit_code == ours
