"""``~`` in paths that users give means a home folder, wherever the path is given; nothing is ever called ``~``."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from PIL import Image

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.model_schema import model_from_schema
from segflux_nb.pictures.store_address import store_address
from segflux_nb.runlog.postgres.address import local_folder
from segflux_nb.service.keys import key_file
from segflux_nb.sheets import fonts
from segflux_nb.values import as_path

UNKNOWN = "~no-such-user-here"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The home folder; the current folder is another one, in which nothing may be made."""
    for name in ("home", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    yield tmp_path / "home"
    assert list(Path(tmp_path / "here").iterdir()) == []


def test_a_path(home):
    assert as_path("~") == as_path(Path("~")) == home
    assert as_path("~/a b/x.png") == as_path(Path("~") / "a b" / "x.png") == home / "a b" / "x.png"
    for plain in ("a/~/b", "a~", "/~", "../~/x"):
        assert as_path(plain) == Path(plain)


def test_of_another_user(home):
    pwd = pytest.importorskip("pwd")
    user = pwd.getpwuid(os.getuid())
    assert as_path(f"~{user.pw_name}/x") == Path(user.pw_dir, "x")


def test_a_name_that_begins_so(home):
    here = Path.cwd()
    for name in ("~", "~/x", UNKNOWN, "~backup.png"):
        path = as_path(f"./{name}")
        assert path == here / name
        assert as_path(path) == path == as_path(str(path))


@pytest.mark.parametrize("name", [UNKNOWN, f"{UNKNOWN}/x", "~backup.png"])
def test_an_unknown_user(home, name):
    with pytest.raises(ValueError, match=rf"no user '{name[1:].split('/')[0]}'.*is written '\./{name}'"):
        as_path(name)
    with pytest.raises(sf.SegfluxError, match=r"^path=.*no user") as caught:
        sf.Workspace(name, service="simulator")
    assert str(caught.value).count("~") == 2


def test_without_a_home(home, monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as where no home folder is known
    with pytest.raises(ValueError, match="your home folder is not known"):
        as_path("~/x")


def test_what_is_written(home):
    sweep = sf.Sweep(prompt="TOK", finetune_id="my-finetune-id", seed=[1, 2], lora_strength=[0.5, 1])
    assert sweep.to_toml("~/s/sweep.toml") == home / "s" / "sweep.toml"
    assert sf.Sweep.from_toml("~/s/sweep.toml") == sweep
    with sf.Workspace("~/study", service=sf.Simulator(time_scale=0.001, paint=False, folder="~/ledger")) as ws:
        runs = ws.run(sweep)
        assert (home / "study" / "log.sqlite").is_file()
        assert (home / "ledger" / "ledger.sqlite").is_file()
        frame = runs.df
        written = [
            runs.export("~/export"),
            runs.export_imagefolder("~/imagefolder"),
            runs.bundle("~/study.sfx"),
            runs.sheet().save("~/sheet.png"),
            runs.gallery().save("~/gallery.html"),
            runs.travel("lora_strength").save("~/travel.gif"),
            frame.pictures.export("~/frame"),
            frame.pictures.bundle("~/frame.sfx"),
            runs.effects().plot().save("~/plot.png"),
            ws.doctor().save("~/doctor.json"),
        ]
        frame.pictures.tuner("lora_strength", votes="~/votes.jsonl")
        with pytest.raises(sf.SegfluxError, match=str(home / "photos")):
            runs.measure("likeness", photos="~/photos")
        shutil.copy(Path(fonts.__file__).parent / "fonts" / "DejaVuSans.ttf", home / "own.ttf")
        assert runs.sheet(font="~/own.ttf").image.size
    assert all(Path(path).exists() and Path(path).is_relative_to(home) for path in written), written
    with sf.Workspace("~/study.sfx") as replayed:
        assert len(replayed.runs()) == 4
    with sf.Workspace("~/again", service="simulator", reuse="~/study") as again:
        assert again.plan(sweep).logged == 4
    assert len(sf.read_folder("~/frame.sfx")) == len(sf.read_folder("~/imagefolder")) == 4
    picture = next((home / "export" / "pictures").iterdir())
    assert sf.read_metadata(f"~/export/pictures/{picture.name}").parameters["prompt"] == "TOK"
    table = pd.DataFrame(
        {"image": [f"~/export/pictures/{picture.name}", "~/gone.png", "~backup.png"], "n": [1, 2, 3]}
    )
    assert "1 picture" in repr(table.pictures.sheet(cols="n"))


def test_input_pictures(home):
    Image.new("RGB", (16, 16)).save(home / "mask.png")
    model = model_from_schema("m", {"properties": {"image": {"type": "string", "format": "uri"}}})
    assert len(sf.Sweep(model=model, image="~/mask.png")) == 1


@pytest.mark.parametrize("variable", ["SEGFLUX_WORKSPACE", "SEGFLUX_REPLAY", "SEGFLUX_CACHE", "SEGFLUX_CONFIG"])
def test_environment_variables(home, monkeypatch, variable):
    monkeypatch.setenv(variable, "~/there")
    if variable == "SEGFLUX_WORKSPACE":
        with sf.Workspace(service="simulator"):
            assert (home / "there" / "log.sqlite").is_file()
    elif variable == "SEGFLUX_REPLAY":
        monkeypatch.setenv(variable, "~/none.sfx")
        with pytest.raises(sf.SegfluxError, match=r"SEGFLUX_REPLAY='~/none.sfx' names no file"):
            sf.Workspace("x")
    elif variable == "SEGFLUX_CACHE":
        assert local_folder("postgresql://db/study").is_relative_to(home / "there")
    else:
        assert key_file() == home / "there" / "key"
    monkeypatch.setenv(variable, UNKNOWN + ("/x.sfx" if variable == "SEGFLUX_REPLAY" else ""))
    with pytest.raises(sf.SegfluxError, match=f"{variable}='?{UNKNOWN}.*no user"):
        {
            "SEGFLUX_CACHE": lambda: local_folder("postgresql://db/study"),
            "SEGFLUX_CONFIG": key_file,
        }.get(variable, sf.Workspace)()


def test_addresses_of_folders(home):
    assert store_address("~/pictures") == (home / "pictures").as_uri()
    assert store_address("./~") == (Path.cwd() / "~").as_uri()
    for wrong in (UNKNOWN, "file://~/pictures", "file://host/pictures"):
        with pytest.raises(sf.SegfluxError, match=r"^pictures="):
            store_address(wrong)


def test_commands(home):
    """A shell does not expand the ~ in --workspace=~/x."""
    sf.Sweep(prompt="TOK", finetune_id="my-finetune-id", seed=[1, 2]).to_toml(home / "s.toml")

    def call(*arguments):
        return CliRunner().invoke(main, list(arguments))

    for arguments in (
        ["run", "~/s.toml", "--workspace=~/w", "--service=simulator"],
        ["plan", "~/s.toml", "--workspace=~/w", "--service=simulator"],
        ["status", "~/w"],
        ["export", "~/w", "--output=~/exported"],
        ["bundle", "~/w", "--output=~/w.sfx"],
        ["sheet", "~/w", "--output=~/w.png"],
        ["copy", "~/w.sfx", "~/copied", "--pictures=~/store"],
        ["bundle", "~/w", "~/s.toml", "--output=~/w2.sfx"],
        ["verify", "~/w"],
        ["worker", "--workspace=~/w", "--service=simulator", "--until-idle"],
        ["doctor", "--workspace=~/w", "--service=simulator", "--report=~/doctor.json"],
        ["notebook", "init", "~"],
    ):
        result = call(*arguments)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
    for name in ("w", "exported", "copied", "store", "w.sfx", "w.png", "doctor.json", "conftest.py"):
        assert (home / name).exists(), name
    refused = call("run", "~/s.toml", f"--workspace={UNKNOWN}/w")
    assert refused.exit_code == 2
    assert "no user" in refused.output
