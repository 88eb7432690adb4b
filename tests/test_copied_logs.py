"""A log that was copied from somebody else shows, sends and exports no file but pictures of its workspace."""

import os
import sqlite3
from pathlib import Path

import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.errors import RunError
from segflux_nb.widgets.live_view import LiveView

SECRET = b"TOP SECRET"


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("secret.txt").write_bytes(SECRET)
    Image.new("RGB", (20, 20), "red").save("private.png")
    Path("study").mkdir()
    with sf.Workspace("study", service="simulator") as ws:
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], steps=8))
    return tmp_path


def renamed(picture):
    """The picture of the run with seed 1 has another name in the log."""
    log = sqlite3.connect("study/log.sqlite")
    log.execute(
        "UPDATE pictures SET path = ? WHERE digest ="
        " (SELECT digest FROM runs WHERE json_extract(parameters, '$.seed') = 1)",
        (picture,),
    )
    log.commit()
    log.close()


def linked(target):
    """The picture of the run with seed 1 is a link to another file."""
    path = own_picture()
    path.unlink()
    path.symlink_to(os.path.abspath(target))


def linked_thumbnail(target):
    path = own_picture()
    small = path.parents[2] / "thumbnails" / path.parent.name / f"{path.stem}.jpg"
    small.unlink(missing_ok=True)
    small.parent.mkdir(parents=True, exist_ok=True)
    small.symlink_to(os.path.abspath(target))


def own_picture():
    with sf.Workspace("study", service="simulator") as ws:
        return ws.runs().one(seed=1).path


@pytest.mark.parametrize(
    "change",
    [
        lambda: renamed("../secret.txt"),
        lambda: renamed("../private.png"),
        lambda: renamed(os.path.abspath("private.png")),
        lambda: renamed("pictures/../../private.png"),
        lambda: renamed("pictures/aa/../../../private.png"),
        lambda: renamed("log.sqlite"),
        lambda: renamed("pictures\\..\\..\\private.png"),
        lambda: renamed("C:private.png"),
        lambda: renamed("file:///etc/passwd"),
        lambda: renamed("pictures/ab/" + 64 * "a" + ".png\n"),
        lambda: linked("secret.txt"),
        lambda: linked("private.png"),
        lambda: linked_thumbnail("secret.txt"),
    ],
)
def test_files_elsewhere_are_not_shown_sent_or_exported(study, change):
    change()
    secrets = SECRET, Path("private.png").read_bytes()
    with sf.Workspace("study", service="simulator") as ws:
        runs = ws.runs()
        frame = runs.df
        run = runs.one(seed=1)
        assert run.path is None
        assert run.status == "completed"
        with pytest.raises(RunError, match="no file of this workspace"):
            _ = run.image
        assert frame["image"].notna().tolist().count(True) == 1
        assert not any(secret in LiveView(frame, 2, None).thumbs for secret in secrets)
        assert [shot.picture for shot in ws._launcher.snapshots([run.digest]).values()] == [None]
        gallery = runs.gallery()
        assert not any(secret in gallery.thumbs for secret in secrets)
        folder = runs.export("out", metadata=False)
        runs.sheet().save("sheet.html")
    written = [path.read_bytes() for path in [*folder.rglob("*"), Path("sheet.html")] if path.is_file()]
    assert not any(secret in data for secret in secrets for data in written)
    assert len(list(folder.glob("pictures/*"))) == 1


def test_a_folder_of_pictures_on_another_disk_is_still_the_workspaces_own(study):
    Path("study/pictures").rename("disk")
    Path("study/pictures").symlink_to(study / "disk")
    with sf.Workspace("study", service="simulator") as ws:
        assert ws.runs().df["image"].notna().all()
        assert ws.runs().one(seed=1).image.size
