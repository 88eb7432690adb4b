"""How the log's file is opened: locks, modes, versions, damage, and folders that cannot be written.

A log in PostgreSQL has no file here. What its server does in their place is in `test_postgres`,
`test_postgres_settings`, and, for a disk that is full, `tests/running/test_accepted_ids.py`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.clock import SystemClock
from segflux_nb.errors import WorkspaceError
from segflux_nb.runlog import files, opening
from segflux_nb.runlog.files import file_system, is_local, locks_work, wal_is_sound
from segflux_nb.runlog.journal import Journal

MOUNTS = """\
21 1 254:0 / / rw,relatime - ext4 /dev/vda rw
36 21 0:31 / /home rw,relatime - nfs4 server:/home rw,vers=4.2
37 36 0:32 / /home/two\\040words rw - tmpfs tmpfs rw
38 21 0:33 / /mnt/old rw,relatime - nfs server:/old rw,nolock
39 21 0:34 / /mnt/box rw - fuse.sshfs box: rw
"""


def open_journal(folder):
    return Journal(folder / "log.sqlite", SystemClock())


@pytest.mark.parametrize(
    ("folder", "kind", "local"),
    [
        ("/var/data", "ext4", True),
        ("/home/me", "nfs4", False),
        ("/home/two words/me", "tmpfs", True),
        ("/mnt/box", "fuse.sshfs", False),
    ],
)
def test_the_file_system_of_a_folder(folder, kind, local):
    found, _ = file_system(Path(folder), MOUNTS)
    assert found == kind
    assert is_local(found) is local


def test_locks_that_hold_on_one_machine_alone_do_not_count(tmp_path):
    _, options = file_system(Path("/mnt/old"), MOUNTS)
    assert not locks_work(tmp_path, options)
    assert locks_work(tmp_path, file_system(tmp_path)[1])


def test_without_locks_a_workspace_is_refused_with_a_way_on(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_lock", lambda descriptor: True)  # nobody is ever kept out
    with pytest.raises(WorkspaceError, match=r"without working locks.*Copy the workspace to a local disk"):
        sf.Workspace(tmp_path / "w")


@pytest.mark.parametrize(
    ("version", "sound"),
    [((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 7), True),
     ((3, 51, 2), False), ((3, 51, 3), True), ((3, 53, 0), True)],
)  # fmt: skip
def test_write_ahead_journalling_only_with_a_sound_sqlite(version, sound):
    assert wal_is_sound(version) is sound


@pytest.mark.parametrize(
    ("sound", "local", "mode"), [(True, True, "wal"), (False, True, "truncate"), (True, False, "truncate")]
)
def test_the_mode_follows_version_and_file_system(tmp_path, monkeypatch, sound, local, mode):
    monkeypatch.setattr(opening, "wal_is_sound", lambda: sound)
    monkeypatch.setattr(opening, "is_local", lambda kind: local)
    journal = open_journal(tmp_path)
    assert journal._database.connection.execute("PRAGMA journal_mode").fetchone()[0] == mode
    assert journal._database.connection.execute("PRAGMA synchronous").fetchone()[0] == 2, "FULL in both"
    journal.close()


def test_a_log_that_another_process_keeps_with_a_newer_sqlite_is_refused(tmp_path, monkeypatch):
    with monkeypatch.context() as newer:
        newer.setattr(opening, "wal_is_sound", lambda: True)
        newer.setattr(opening, "is_local", lambda kind: True)
        theirs = open_journal(tmp_path)
    theirs._database.connection.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(opening, "wal_is_sound", lambda: False)
    with pytest.raises(WorkspaceError, match=r"open in another process.*Close it there"):
        open_journal(tmp_path)
    theirs._database.connection.execute("COMMIT")
    theirs.close()
    open_journal(tmp_path).close()


def test_a_damaged_log_says_so(tmp_path):
    journal = open_journal(tmp_path)
    journal.of("simulator").runs.plan(sf.Sweep(prompt="TOK " * 200, finetune_id="a", seed=range(200)))
    journal.close()
    path = tmp_path / "log.sqlite"
    data = bytearray(path.read_bytes())
    data[8192:16384] = os.urandom(8192)
    path.write_bytes(data)
    with pytest.raises(WorkspaceError, match=r"damaged|malformed"):
        sf.Workspace(tmp_path)
    path.write_bytes(b"something else entirely" * 100)
    with pytest.raises(WorkspaceError, match="not a database"):
        sf.Workspace(tmp_path)


READ_ONLY = """
import os, sys
sys.path.insert(0, sys.argv[2])
import segflux_nb as sf
os.setuid(65534)
try:
    os.chdir("/")
    ws = sf.Workspace(sys.argv[1], service="simulator")
    print(len(ws.runs()), ws.runs().counts, ws.plan(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(3))).logged)
    done = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(2)), name="mine")
    part = ws.start(sf.Sweep(prompt="TOK", finetune_id="a", seed=1)).wait()
    print(done, done.counts, part.counts)
    ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(3)))
except sf.SegfluxError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs to become somebody else")
def test_a_folder_that_cannot_be_written_is_read_and_a_run_says_what_to_do():
    with tempfile.TemporaryDirectory() as parent:
        _open_as_somebody_else(Path(parent))


def _open_as_somebody_else(parent):
    folder = parent / "study"
    with sf.Simulator(time_scale=0, paint=False) as simulator, sf.Workspace(folder, service=simulator) as ws:
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(2)))
    for path in (parent, folder):
        path.chmod(0o755)
    (folder / "log.sqlite").chmod(0o644)
    root = Path(sf.__file__).parents[1]
    # Somebody else may not read the packages that are loaded at their first use.
    loaded = "import numpy, pandas, segflux_nb.simulator.app, segflux_nb.runlog.frame, segflux_nb.workspace"
    script = READ_ONLY.replace("os.setuid(65534)", f"{loaded}\nos.setuid(65534)")
    done = subprocess.run(
        [sys.executable, "-c", script, str(folder), str(root)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SEGFLUX_CONFIG": str(parent)},
    )
    assert done.stdout.count("\n") == 3, done.stdout
    seen, again, error = done.stdout.splitlines()
    assert again == "Runs(2 runs: 2 seed) {'completed': 2} {'completed': 1}", "what is done is read"
    assert seen == "2 {'completed': 2} 2"
    assert "can only be read" in error
    assert "Copy the workspace" in error


FULL = """
import resource, sys
sys.path.insert(0, sys.argv[3])
import segflux_nb as sf
ws = sf.Workspace(sys.argv[1], service=sys.argv[2])
sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(200))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]), resource.RLIM_INFINITY))
try:
    ws.run(sweep)
except sf.SegfluxError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(ws.run(sweep).counts)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs a limit on the size of files")
@pytest.mark.parametrize("kilobytes", [100, 250, 400])
def test_a_full_disk_is_an_error_and_the_next_run_goes_on(tmp_path, kilobytes):
    """Files cannot grow beyond a size: what SQLite sees of a full disk. The history is declared complete."""
    root = Path(sf.__file__).parents[1]
    with sf.Simulator(time_scale=0.001, paint=False) as simulator:
        script = [sys.executable, "-c", FULL, str(tmp_path / "w"), simulator.url, str(root), str(kilobytes * 1024)]
        done = subprocess.run(script, capture_output=True, text=True, check=True)
        error, counts = done.stdout.strip().splitlines()
        assert "Check the disk" in error or "cannot be written" in error
        assert counts == "{'completed': 200}"
        seeds = [entry.body["seed"] for entry in simulator.ledger.entries()]
        assert sorted(seeds) == list(range(200)), "each was paid for once"


@pytest.mark.skipif(os.name != "posix", reason="elsewhere an open file cannot be moved")
@pytest.mark.parametrize("wal", [True, False])
@pytest.mark.parametrize(
    ("happens", "says"),
    [
        (lambda folder: folder.rename(folder.with_name("moved")), r"The workspace \S+study is gone: it was moved"),
        (shutil.rmtree, r"The workspace \S+study is gone"),
        (lambda folder: (folder / "log.sqlite").unlink(), r"The run log \S+log.sqlite is gone"),
        (
            lambda folder: (folder.rename(folder.with_name("old")), folder.mkdir(), (folder / "log.sqlite").touch()),
            r"is not the file that was opened",
        ),
    ],
    ids=["moved", "deleted", "log deleted", "replaced"],
)
def test_a_folder_that_is_gone_is_said_and_not_made_again(tmp_path, monkeypatch, wal, happens, says):
    monkeypatch.setattr(opening, "wal_is_sound", lambda: wal)
    folder = tmp_path / "study"
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(2))
    with sf.Simulator(time_scale=0, paint=False) as simulator, sf.Workspace(folder, service=simulator) as ws:
        runs = ws.run(sweep)
        happens(folder)
        left = sorted(folder.rglob("*")) if folder.exists() else None
        for ask in (
            lambda: ws.run(sweep),
            lambda: ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=9)),
            lambda: runs.mark(runs[0], stars=3),
            lambda: ws.plan(sweep),
            lambda: runs.counts,
            ws.verify,
        ):
            with pytest.raises(WorkspaceError, match=says + r".*Open the workspace where it is now"):
                ask()
        assert (sorted(folder.rglob("*")) if folder.exists() else None) == left
        assert simulator.ledger.submits == 2
