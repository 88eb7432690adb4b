"""A workspace whose pictures are in an object store, from the outside."""

import hashlib
import shutil
import sqlite3
import zipfile

import pytest

import segflux_nb as sf
from segflux_nb.errors import BundleError, RunError, StoreError, WorkspaceError
from segflux_nb.pictures import mounted
from segflux_nb.pictures.object_store import ObjectStore
from segflux_nb.widgets.assets import thumbnails

SWEEP = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3], steps=2)


@pytest.fixture(scope="module")
def simulator():
    with sf.Simulator(time_scale=0.001, paint=False) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def painted():
    """Its pictures are large enough to have thumbnails."""
    with sf.Simulator(time_scale=0.001) as simulator:
        yield simulator


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mounted, "_mounts", {})
    monkeypatch.delenv("SEGFLUX_PICTURES", raising=False)
    return tmp_path


@pytest.fixture
def open_ws(here, simulator):
    opened = []

    def open_ws(folder="study", pictures="bucket", service=simulator, **settings):
        opened.append(sf.Workspace(folder, service=service, pictures=pictures, **settings))
        return opened[-1]

    yield open_ws
    for ws in opened:
        ws.close()


def forget(here, folder="study"):
    """As on another machine: no copy is here."""
    for kind in ("pictures", "thumbnails"):
        shutil.rmtree(here / folder / kind, ignore_errors=True)


def in_store(here):
    return {path.relative_to(here / "bucket").as_posix() for path in (here / "bucket" / "pictures").glob("*/*")}


def fail(monkeypatch, *calls):
    """Let calls of every store fail."""

    def failing(self, *arguments):
        raise StoreError(f"{self.address}: the store cannot be reached", is_passing=True)

    for call in calls:
        monkeypatch.setattr(ObjectStore, call, failing)


def test_pictures_are_in_the_store_and_are_seen_without_a_copy_here(here, open_ws):
    ws = open_ws()
    runs = ws.run(SWEEP)
    assert runs.stopped is None
    paths = {path.relative_to(here / "study").as_posix() for path in (here / "study" / "pictures").glob("*/*")}
    assert in_store(here) == paths
    assert len(paths) == 3
    forget(here)
    runs = ws.runs(SWEEP)
    assert runs.counts == {"completed": 3}
    assert set(runs.df["status"]) == {"completed"}
    assert ws.plan(SWEEP).to_submit == 0
    assert not (here / "study" / "pictures").exists(), "nothing was read for that"
    assert runs.one(seed=1).image.size == (8, 8)
    assert hashlib.sha256(runs.one(seed=2).path.read_bytes()).hexdigest() in runs.one(seed=2).path.name
    assert runs.measure()["sharpness"].notna().all()


def test_a_sheet_a_gallery_an_export_and_a_bundle_are_made_from_the_store(here, open_ws, painted):
    ws = open_ws(service=painted)
    runs = ws.run(SWEEP)
    with_copies = runs.sheet().save(here / "one.png").read_bytes()
    forget(here)
    assert runs.sheet().save(here / "two.png").read_bytes() == with_copies
    forget(here)
    data, offsets, reasons = thumbnails([run.path for run in runs])
    assert (len(offsets), reasons, bool(data)) == (4, {}, True)
    forget(here)
    exported = runs.export(here / "export")
    assert len(list((here / "export").rglob("*.jpg"))) == 3, exported
    forget(here)
    with zipfile.ZipFile(runs.bundle(here / "study.sfx")) as bundle:
        assert sum(name.endswith(".jpg") for name in bundle.namelist()) == 3
    forget(here)
    assert "3 pictures" in str(runs.fingerprint())


def test_a_bundle_is_not_written_without_pictures_that_nobody_can_read_now(here, open_ws, monkeypatch):
    runs = open_ws().run(SWEEP)
    forget(here)
    fail(monkeypatch, "read")
    with pytest.raises(BundleError, match="cannot be reached"):
        runs.bundle(here / "study.sfx")
    assert not (here / "study.sfx").exists()


def test_what_neither_has_is_missing_and_is_fetched_again_without_paying(here, open_ws, monkeypatch):
    ws = open_ws()
    run = ws.run(SWEEP).one(seed=1)
    name = f"pictures/{run.path.parent.name}/{run.path.name}"
    (here / "bucket" / name).unlink()
    assert ws.runs(SWEEP).counts == {"completed": 3}, "the copy is here"
    forget(here)
    monkeypatch.setattr(mounted, "_mounts", {})
    ws = open_ws()
    assert ws.runs(SWEEP).counts == {"completed": 2, "missing": 1}
    assert ws.run(SWEEP).counts == {"completed": 3}
    assert name in in_store(here)


def test_the_log_remembers_the_store_and_nobody_is_sent_there_by_a_copied_log(here, open_ws, monkeypatch):
    ws = open_ws()
    ws.run(SWEEP)
    ws.close()
    forget(here)
    monkeypatch.setattr(mounted, "_mounts", {})
    fail(monkeypatch, "read", "pages", "create", "__init__")
    ws = open_ws(pictures=None)
    assert ws.runs(SWEEP).counts == {"completed": 3}, "nothing is missing, and nothing is asked"
    text = ws.runs(SWEEP).sheet().text
    assert text
    with pytest.raises(WorkspaceError, match="opened without"):
        _ = ws.runs(SWEEP).one(seed=1).path
    more = sf.Sweep(prompt="TOK", finetune_id="a", seed=[7], steps=2)
    with pytest.raises(WorkspaceError, match=r"pictures=\"file://.*bucket\"") as raised:
        ws.run(more)
    assert "nothing was billed" in str(raised.value).lower()
    with pytest.raises(WorkspaceError, match="opened"):
        ws.verify()


def test_another_workspace_of_this_process_goes_on_with_what_was_opened(here, open_ws):
    open_ws().run(SWEEP)
    ws = open_ws(pictures=None)
    forget(here)
    assert ws.runs(SWEEP).one(seed=1).image.size == (8, 8)


def test_the_environment_names_a_store(here, open_ws, monkeypatch):
    monkeypatch.setenv("SEGFLUX_PICTURES", "bucket")
    open_ws(pictures=None).run(SWEEP)
    assert len(in_store(here)) == 3


def test_a_folder_that_had_its_pictures_itself_is_uploaded_by_the_next_run(here, open_ws):
    ws = open_ws(pictures=None)
    ws.run(SWEEP)
    ws.close()
    assert not (here / "bucket").exists()
    ws = open_ws()
    assert ws.runs(SWEEP).counts == {"completed": 3}
    assert {one.verdict for one in ws.verify().pictures} == {"uploaded"}
    assert len(in_store(here)) == 3
    forget(here)
    assert ws.runs(SWEEP).one(seed=1).image.size == (8, 8)


def test_verify_says_what_it_uploaded_and_what_it_restored(here, open_ws):
    ws = open_ws()
    runs = ws.run(SWEEP)
    names = [runs.one(seed=seed).path.relative_to(here / "study").as_posix() for seed in (1, 2, 3)]
    (here / "bucket" / names[0]).unlink()
    (here / "study" / names[1]).write_bytes(b"damaged")
    (here / "study" / names[2]).unlink()
    (here / "bucket" / names[2]).write_bytes(b"damaged in the store")
    found = ws.verify()
    verdicts = {one.path: one.verdict for one in found.pictures}
    assert verdicts == {names[0]: "uploaded", names[1]: "restored", names[2]: "fetched again"}
    assert found.ok
    for name in names:
        data = (here / "bucket" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() in name
        assert (here / "study" / name).read_bytes() == data
    assert {one.verdict for one in ws.verify().pictures} == {"fine"}


def test_verify_takes_a_store_that_does_not_answer_for_no_damage(here, open_ws, monkeypatch):
    ws = open_ws()
    ws.run(SWEEP)
    forget(here)
    fail(monkeypatch, "read")
    with pytest.raises(WorkspaceError, match="cannot be reached"):
        ws.verify()
    assert ws.runs(SWEEP).counts == {"completed": 3}


def test_a_store_that_does_not_answer_leaves_no_picture_without_numbers(here, open_ws, painted, monkeypatch):
    ws = open_ws(service=painted)
    runs = ws.run(SWEEP)
    forget(here)
    with monkeypatch.context() as failing:
        fail(failing, "read")
        with pytest.raises(RunError, match=r"cannot be measured: .*cannot be reached"):
            runs.measure()
    for tier in mounted._mounts.values():
        tier._objects._failures = 0
    assert runs.measure()["sharpness"].notna().all()


def test_another_store_is_refused_unless_it_has_the_pictures(here, open_ws):
    open_ws().run(SWEEP)
    open_ws("other", pictures="elsewhere").close()
    forget(here)
    with pytest.raises(WorkspaceError, match=r"3 of them are not in file://.*elsewhere"):
        open_ws(pictures="elsewhere")
    shutil.copytree(here / "bucket" / "pictures", here / "elsewhere" / "pictures")
    shutil.rmtree(here / "bucket")
    ws = open_ws(pictures="elsewhere")
    assert ws.runs(SWEEP).one(seed=1).image.size == (8, 8)


@pytest.mark.parametrize("address", ["study", "study/pictures"])
def test_the_workspaces_own_folder_is_no_store(here, open_ws, address):
    with pytest.raises(WorkspaceError, match="own folder"):
        open_ws(pictures=address)


def test_discarded_pictures_are_removed_from_the_store_too(here, open_ws, painted):
    ws = open_ws(service=painted)
    runs = ws.run(SWEEP)
    forget(here)
    removed = runs.where(seed=1).discard(pictures=True)
    assert "1 picture removed" in str(removed)
    assert len(in_store(here)) == 2
    assert len(list((here / "bucket" / "thumbnails").glob("*/*"))) == 2
    assert ws.runs(SWEEP).counts == {"completed": 2, "discarded": 1}


def test_pictures_are_reused_from_a_store_and_into_one(here, open_ws, simulator, monkeypatch):
    open_ws().run(SWEEP)
    before = simulator.ledger.submits
    forget(here)
    ws = open_ws("second", pictures="second bucket", reuse="study")
    assert ws.run(SWEEP).counts == {"completed": 3}
    assert len(list((here / "second bucket" / "pictures").glob("*/*"))) == 3
    assert simulator.ledger.submits == before, "nothing was paid for again"
    monkeypatch.setattr(mounted, "_mounts", {})
    with pytest.raises(WorkspaceError, match="which was not named"):
        open_ws("third", pictures=None, reuse="study")


def test_what_cannot_be_copied_now_is_not_paid_for_again(here, open_ws, simulator, monkeypatch):
    open_ws().run(SWEEP)
    forget(here)
    before = simulator.ledger.submits
    ws = open_ws("second", pictures=None, reuse="study")
    fail(monkeypatch, "read")
    with pytest.raises(WorkspaceError, match="cannot be copied"):
        ws.run(SWEEP)
    assert simulator.ledger.submits == before


def test_a_copied_log_names_nothing_but_pictures_of_the_store(here, open_ws):
    open_ws().run(SWEEP)
    (here / "bucket" / "secret.txt").write_text("secret")
    (here / "secret.png").write_bytes(next((here / "bucket" / "pictures").glob("*/*")).read_bytes())
    with sqlite3.connect(here / "study" / "log.sqlite") as log:
        paths = [path for (path,) in log.execute("SELECT path FROM pictures ORDER BY path")]
        for old, new in zip(paths, ("../secret.png", "secret.txt", str(here / "secret.png")), strict=True):
            log.execute("UPDATE pictures SET path = ? WHERE path = ?", (new, old))
    ws = open_ws()
    assert ws.runs(SWEEP).df["image"].isna().all()


def test_no_secret_is_kept_or_shown(here, open_ws, monkeypatch):
    with pytest.raises(WorkspaceError) as raised:
        open_ws(pictures="s3://key:hunter2@bucket/x")
    assert "hunter2" not in str(raised.value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    ws = open_ws()
    runs = ws.run(SWEEP)
    assert "hunter2" not in f"{ws!r}{runs!r}{vars(ws)}"
    runs.bundle(here / "study.sfx")
    ws.close()
    assert b"hunter2" not in (here / "study" / "log.sqlite").read_bytes()
    assert b"bucket" not in (here / "study.sfx").read_bytes()
