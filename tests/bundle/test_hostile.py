"""Files that are no bundles, were cut off or changed, or are built to do harm: each is refused with one sentence, and
nothing is written."""

import json
import os

import pytest

import segflux_nb as sf
from segflux_nb.errors import BundleError, WorkspaceError

from .forms import BUNDLE, FORMS, a_tampered_picture
from .support import SWEEP, entries_of, first_picture, signed, write


def tree(folder):
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


@pytest.mark.parametrize("name", FORMS)
def test_a_hostile_file_is_refused_and_nothing_is_written(name, here):
    damage, says = FORMS[name]
    damage()
    before = tree(here.parent)
    for open_it in (
        lambda: sf.Workspace("study.sfx"),
        lambda: sf.Workspace(here / "mine", service="simulator", reuse=["study.sfx"]),
    ):
        with pytest.raises(BundleError, match=says) as refused:
            open_it()
        text = str(refused.value)
        assert text.startswith("study.sfx is not opened as a bundle: ")
        assert "\n" not in text
        assert text.count(". ") == 0, "one sentence"
        assert len(text) < 400
    assert tree(here.parent) == before


def test_there_are_many_forms():
    assert len(FORMS) >= 50


def test_a_tampered_picture_is_named_with_its_run(here):
    a_tampered_picture()
    name = first_picture(entries_of("study.sfx"))
    line = next(line for line in entries_of("study.sfx")["runs.jsonl"].splitlines() if name.encode() in line)
    with pytest.raises(BundleError, match=name) as refused:
        sf.Workspace("study.sfx")
    assert json.loads(line)["run"][:12] in str(refused.value)


def test_a_file_that_changes_after_it_was_opened_gives_no_other_picture(here):
    with sf.Workspace("study.sfx") as ws:
        runs = ws.run(SWEEP)
        data = bytearray(BUNDLE.read_bytes())
        for at in range(2000, len(data), 100):
            data[at] ^= 0xFF
        BUNDLE.write_bytes(data)
        sheet = runs.sheet()
        assert "cannot" in str(sheet) or "6 " in str(sheet)
        with pytest.raises(WorkspaceError, match=r"study\.sfx has changed since it was opened"):
            runs[0].path.read_bytes()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")
def test_a_pipe_is_refused_at_once(here):
    os.mkfifo("pipe.sfx")
    with pytest.raises(BundleError, match="no regular file"):
        sf.Workspace("pipe.sfx")


@pytest.mark.parametrize("name", ["nowhere.sfx", "nowhere/nothing.sfx"])
def test_a_bundle_that_is_not_there(name, here):
    with pytest.raises(BundleError, match="There is no file"):
        sf.Workspace(name)
    assert not os.path.exists(name)


def test_a_folder_whose_name_ends_as_a_bundles_is_a_workspace(here):
    os.mkdir("folder.sfx")
    with sf.Workspace("folder.sfx", service="simulator") as ws:
        assert len(ws.runs()) == 0


def test_an_entry_of_a_later_version_is_checked_and_passed_over(here):
    entries = entries_of("study.sfx")
    write("study.sfx", signed({**entries, "notes.jsonl": b'{"sharpness": 1}\n'}))
    with sf.Workspace("study.sfx") as ws:
        assert ws.run(SWEEP).counts == {"completed": 6}
