"""Everything that a log holds goes along, with its pictures, and comes back."""

import json
import os
import sqlite3
import tracemalloc

import pandas as pd
import pytest
from click.testing import CliRunner

from segflux_nb.cli import main
from segflux_nb.clock import SystemClock
from segflux_nb.errors import WorkspaceError
from segflux_nb.pictures.store import PictureStore
from segflux_nb.runlog import opening, schema
from segflux_nb.runlog.copied_tables import LEFT, LISTS, PICTURES, RUNS, SIMPLE, SWEEPS
from segflux_nb.runlog.journal import Journal
from segflux_nb.running.ownership import this_process
from tests.copying.studies import copy, execute, fill, opened, picture, sweep, tables


@pytest.fixture
def study(tmp_path):
    fill(tmp_path / "a")
    return tmp_path


def frames(place):
    with opened(place) as ws:
        runs = ws.runs("Study")
        return [
            runs.df.drop(columns=["image", "more_images"]),
            runs.log.drop(columns=["image", "more_images"]),
            runs.marks,
            ws.sweeps,
            runs.axes,
        ]


def assert_equal(found, expected):
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one, other) if isinstance(one, pd.DataFrame) else one == other


@pytest.mark.parametrize("place", ["folders", "both", "databases"], indirect=True)
def test_a_workspace_goes_along_and_comes_back(place):
    fill(place("a"))
    for source, target in (("a", "b"), ("b", "c")):
        found = copy(place(source), place(target))
        assert found.ok
        assert all(table.kept == 0 and table.source == table.target for table in found.tables)
        assert tables(place(target)) == tables(place("a"))
        assert_equal(frames(place(target)), frames(place("a")))
    with opened(place("c")) as ws:
        assert (ws.path / "inputs" / "ab" / "input.png").read_bytes() == picture(9999)
        assert ws.verify().ok
        assert ws.trigger_word("a") == "TOK"


def test_every_table_is_copied_or_left_on_purpose():
    with sqlite3.connect(":memory:") as database:
        database.executescript(schema.SCHEMA)
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        columns = {name: {row[1] for row in database.execute(f"PRAGMA table_info({name})")} for name in names}
    database.close()
    copied = {table.name: set(table.columns) for table in (RUNS, PICTURES, *SIMPLE, *LISTS, SWEEPS)}
    assert set(copied) | LEFT | {"cells", "properties"} == names
    assert {name: columns[name] for name in copied} == copied


def test_a_second_copy_changes_nothing(place):
    fill(place("a"))
    copy(place("a"), place("b"))
    before = tables(place("b"))
    again = copy(place("a"), place("b"))
    assert tables(place("b")) == before
    assert (again.files.written, again.files.there) == (0, 6)


def test_2000_runs_there_and_back(place):
    fill(place("a"), 2000, pictures=50)
    copy(place("a"), place("b"))
    copy(place("b"), place("c"))
    assert tables(place("c")) == tables(place("a"))
    assert_equal(frames(place("c")), frames(place("a")))


def test_a_bundle_is_a_source_and_a_copy_makes_the_same_bundle(study):
    def bundle(place, name):
        with opened(place) as ws:
            ws.runs("Study").bundle(study / name)
        return (study / name).read_bytes()

    made = bundle(study / "a", "a.sfx")
    copy(study / "a", study / "b")
    assert bundle(study / "b", "b.sfx") == made
    assert copy(study / "a.sfx", study / "c").ok
    with opened(study / "c") as ws:
        assert ws.runs("Study").counts == {"completed": 6}
        assert ws.verify().ok
        assert ws.plan(sweep()).to_submit == 0
    assert copy(study / "a", study / "c").ok, "and the workspace itself is merged with it"
    with opened(study / "c") as ws:
        assert len(ws.runs("Study")) == 6
        assert ws._launcher.source.log.runs.knows_request("job-Study-0")


def test_files_that_are_missing_or_damaged_are_reported(study):
    first, second, *_ = sorted((study / "a" / "pictures").rglob("*.png"))
    first.unlink()
    second.write_bytes(b"other bytes")
    done = CliRunner().invoke(main, ["copy", str(study / "a"), str(study / "b")])
    assert done.exit_code == 1
    assert "1 picture file missing in the source: " in done.output
    assert "1 picture file damaged in the source: " in done.output
    assert first.relative_to(study / "a").as_posix() in done.output
    assert second.relative_to(study / "a").as_posix() in done.output
    assert not (study / "b" / second.relative_to(study / "a")).exists()
    with opened(study / "b") as ws:
        assert ws.runs("Study").counts["missing"] == 2
        assert ws.plan(sweep()).to_submit == 0, "they are paid for"
    second.write_bytes(picture(0))
    facts = json.loads(CliRunner().invoke(main, ["copy", str(study / "a"), str(study / "b"), "--json"]).stdout)
    assert not facts["ok"]


def test_a_damaged_file_of_the_target_is_set_aside_and_replaced(study):
    copy(study / "a", study / "b")
    damaged = next((study / "b" / "pictures").rglob("*.png"))
    damaged.write_bytes(b"damaged")
    found = copy(study / "a", study / "b")
    assert (found.ok, found.files.written, found.files.there) == (True, 1, 5)
    assert [path.read_bytes() for path in (study / "b" / "rejected").iterdir()] == [b"damaged"]


def test_memory_does_not_grow_with_pictures(tmp_path):
    fill(tmp_path / "a", 40)
    with sqlite3.connect(tmp_path / "a" / "log.sqlite") as log:
        for (path,) in log.execute("SELECT DISTINCT path FROM pictures").fetchall():
            with (tmp_path / "a" / path).open("ab") as file:
                file.write(os.urandom(1 << 20))
        log.execute("UPDATE pictures SET sha256 = NULL")
    log.close()
    tracemalloc.start()
    copy(tmp_path / "a", tmp_path / "b")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 << 20


def test_a_source_that_changes_meanwhile_is_copied_again(study, monkeypatch):
    raters = iter(["carl", "dora"])
    keep = PictureStore.keep

    def keep_and_mark(self, path, data, small):
        keep(self, path, data, small)
        if rater := next(raters, ""):
            journal = Journal(study / "a" / "log.sqlite", SystemClock())
            journal.of("simulator").marks.set(next(iter(sweep())).digest, rater, stars=1, pick=None, note=None)
            journal.close()

    monkeypatch.setattr(PictureStore, "keep", keep_and_mark)
    copy(study / "a", study / "b")
    assert tables(study / "b") == tables(study / "a")
    assert {row["rater"] for row in tables(study / "b")["marks"]} == {"ann", "bob", "carl", "dora"}


# ---------------------------------------------------------------------- what is refused


def refused(source, target):
    with pytest.raises(WorkspaceError) as error:
        copy(source, target)
    return str(error.value)


def test_a_copy_onto_itself_is_refused(study):
    (study / "link").symlink_to(study / "a")
    for target in (study / "a", study / "link", study / "a" / ".." / "a"):
        assert "are the same workspace" in refused(study / "a", target)


def test_what_is_no_source_and_no_target_is_refused(study, monkeypatch):
    assert "is no workspace" in refused(study / "nowhere", study / "b")
    assert "is no workspace" in refused(study, study / "b")
    assert not (study / "nowhere").exists()
    assert not (study / "b").exists()
    assert "a bundle is never changed" in refused(study / "a", study / "b.sfx")
    monkeypatch.setenv("SEGFLUX_REPLAY", str(study / "b.sfx"))
    assert "SEGFLUX_REPLAY is set" in refused(study / "a", study / "b")


@pytest.mark.parametrize("which", ["a", "b"])
def test_a_log_of_a_newer_version_is_neither_source_nor_target(study, which):
    fill(study / "b")
    with sqlite3.connect(study / which / "log.sqlite") as log:
        log.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    log.close()
    assert "was written by a newer version" in refused(study / "a", study / "b")


def test_a_source_that_can_only_be_read_is_read(study, monkeypatch):
    write = opening._open_to_write

    def forbidden(path, *, durable):
        if path.parent.name == "a":
            raise PermissionError(13, "Permission denied")
        return write(path, durable=durable)

    before = {path: path.read_bytes() for path in (study / "a").rglob("*") if path.is_file()}
    monkeypatch.setattr(opening, "_open_to_write", forbidden)
    assert copy(study / "a", study / "b").ok
    assert tables(study / "b") == tables(study / "a")
    assert "can only be read" in refused(study / "b", study / "a")
    assert {path: path.read_bytes() for path in (study / "a").rglob("*") if path.is_file()} == before


def test_a_source_on_which_a_process_works_is_refused_while_runs_are_left(study):
    with opened(study / "a") as ws:
        log = ws._launcher.source.log
        log.sharing.heartbeat(this_process())
        log.runs.plan(sweep(1, prompt="more"))
        assert "A process works on" in refused(study / "a", study / "b")
    execute(study / "a", "DELETE FROM runs WHERE state = 'planned'")
    assert copy(study / "a", study / "b").ok, "an idle notebook is no reason to wait"
