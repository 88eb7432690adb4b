"""Logs of other versions in files: older ones are brought up to date, newer ones are only read.

PostgreSQL has only had version 10; `test_postgres_migrations` leads it to one that is made up.
"""

import json
import sqlite3
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.clock import SystemClock
from segflux_nb.errors import WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.runlog import migrations, schema
from segflux_nb.runlog.journal import Journal

GOLDEN = Path(__file__).parents[1] / "golden"
CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3, 4]))


def log_of_version(folder, version):
    """A log as an older version of the program left it."""
    with sqlite3.connect(folder / "log.sqlite") as old:
        old.executescript((GOLDEN / f"log-v{version}.sql").read_text(encoding="utf-8"))
    old.close()


def structure(database):
    """Everything that decides how a database behaves: not the order of columns, and not the comments."""
    tables = {
        name: (strict, without_rowid)
        for _, name, kind, _, without_rowid, strict in database.execute("PRAGMA table_list")
        if kind == "table" and not name.startswith("sqlite_")
    }
    columns = {
        name: sorted(tuple(row)[1:] for row in database.execute(f"PRAGMA table_info({name})")) for name in tables
    }
    others = database.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') ORDER BY name")
    return tables, columns, others.fetchall()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_log_gets_the_tables_of_a_new_one(tmp_path, version):
    log_of_version(tmp_path, version)
    Journal(tmp_path / "log.sqlite", SystemClock()).close()
    with sqlite3.connect(tmp_path / "log.sqlite") as migrated, sqlite3.connect(":memory:") as fresh:
        fresh.executescript(schema.SCHEMA)
        assert structure(migrated) == structure(fresh)
        assert migrated.execute("PRAGMA user_version").fetchone() == (schema.VERSION,)
    migrated.close()
    fresh.close()


def test_a_log_of_version_1_keeps_what_it_holds(tmp_path):
    log_of_version(tmp_path, 1)
    with sqlite3.connect(tmp_path / "log.sqlite") as old:
        old.execute(
            "INSERT INTO runs (service, digest, first_digest, take, parameters, state)"
            " VALUES ('simulator', ?, ?, 0, ?, 'lost')",
            (CELLS[0].digest, CELLS[0].digest, '{"prompt": "TOK"}'),
        )
    old.close()
    journal = Journal(tmp_path / "log.sqlite", SystemClock())
    log = journal.of("simulator")
    assert log.runs.read([CELLS[0].digest])[CELLS[0].digest].state == "lost"
    log.sharing.heartbeat("me:1:1.0")
    assert log.sharing.last_heartbeat("me:1:1.0") > 1.7e9
    journal.close()


@pytest.mark.parametrize("version", [2, 3])
def test_an_older_log_keeps_runs_pictures_marks_and_events(tmp_path, version):
    log_of_version(tmp_path, version)
    journal = Journal(tmp_path / "log.sqlite", SystemClock())
    log = journal.of("simulator")
    runs = log.runs.read([cell.digest for cell in CELLS])
    first, second, loading, refused = (runs[cell.digest] for cell in CELLS)
    assert [run.state for run in (first, second, loading, refused)] == [
        *(State.COMPLETED, State.COMPLETED, State.DOWNLOADING, State.REFUSED)
    ]
    assert first.picture == "pictures/ab/0.jpg"
    assert (first.width, first.height, first.bytes, first.sha256) == (1024, 768, 123456, "0" * 64)
    assert (loading.picture_url, loading.picture) == ("/pictures/id-2.jpeg", None)
    assert (refused.picture_url, refused.picture, refused.error_kind) == (None, None, "invalid")
    assert (first.cost_usd, first.render_seconds, first.request_id) == (0.034, 18.25, "id-0")
    assert log.marks.latest() == {
        CELLS[0].digest: {"stars": 4, "pick": 1, "note": "best"},
        CELLS[1].digest: {"stars": 2, "pick": None, "note": None},
    }
    assert len(log.runs.events(CELLS[0].digest)) == 5
    assert log.runs.knows_request("id-2")
    (sweep,) = log.sweeps.all()
    assert (sweep.title, sweep.cells, sweep.done, round(sweep.paid, 3)) == ("Study", 4, 2, 0.102)
    assert len(log.votes.all()) == (1 if version == 3 else 0)
    done = log.runs.move(loading, State.COMPLETED, picture="pictures/ab/2.jpg", owner=None)
    assert log.runs.read([done.digest])[done.digest] == done, "and it goes on"
    journal.close()


@pytest.mark.parametrize("version", [2, 3])
def test_a_workspace_of_an_older_version_opens_and_shows_its_marks(tmp_path, version):
    log_of_version(tmp_path, version)
    with sf.Workspace(tmp_path, service="simulator") as ws:
        runs = ws.runs("Study")
        runs.mark(runs.one(seed=1), stars=5)
        frame = runs.df.set_index("seed")
        assert frame.stars.fillna(0).tolist() == [5, 2, 0, 0]
        assert frame.note[1] == "best", "a mark of a rater who was not noted stays"
        assert frame.image.notna().tolist() == [True, True, False, False]


@pytest.mark.parametrize("version", range(2, schema.VERSION + 1))
@pytest.mark.parametrize("name", ["image", "status", "note", "run", "width", "error", "digest", "more_images"])
def test_a_placeholder_with_the_name_of_a_column_is_shown_under_another_one(tmp_path, version, name, capsys):
    """Earlier versions allowed it. A frame with two columns of one name is no frame."""
    log_of_version(tmp_path, min(version, 3))
    with sqlite3.connect(tmp_path / "log.sqlite") as old:
        for number in range(3, version):
            old.executescript(migrations._migration(number) + f"PRAGMA user_version = {number + 1}")
        old.execute("UPDATE sweeps SET axes = ?", (json.dumps({name: ["x", "y"], "seed": [1, 2]}),))
        for position in range(4):
            labels = json.dumps({name: "xy"[position % 2], "text": "mine"})
            old.execute("UPDATE cells SET labels = ? WHERE position = ?", (labels, position))
    old.close()
    with sf.Workspace(tmp_path, service="simulator") as ws:
        assert len(ws.sweeps) == 1
        runs = ws.runs("Study")
        for frame in (runs.df, runs.log):
            assert frame.columns.is_unique
            assert frame[f"{name}_placeholder"].tolist() == ["x", "y", "x", "y"]
            assert frame["text"].tolist() == ["mine"] * 4
        assert f"{{{name}}}" in capsys.readouterr().out
        assert list(runs.axes) == [f"{name}_placeholder", "seed"]
        assert len(runs.where(**{f"{name}_placeholder": "x"})) == 2
        assert f"{name}_placeholder" in runs.sheet().text
        runs.gallery(), runs.varying, runs.summary(), list(runs), repr(runs)
        assert ws.plan(runs).logged
        assert capsys.readouterr().out == "", "it is said once"


@pytest.fixture
def newer(tmp_path):
    """A workspace that a later version of the program wrote, with a table and a column that we do not know."""
    with sf.Simulator(time_scale=0, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
    with sqlite3.connect(tmp_path / "log.sqlite") as database:
        database.execute("CREATE TABLE measures (digest TEXT PRIMARY KEY) STRICT")
        database.execute("ALTER TABLE runs ADD COLUMN colour TEXT")
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    database.close()
    return tmp_path


SENTENCE = r"log\.sqlite was written by a newer version of segflux_nb and can only be read\. Run: pip install"


def test_a_log_of_a_newer_version_is_read_and_left_alone(newer):
    before = (newer / "log.sqlite").read_bytes()
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3])
    with pytest.warns(UserWarning, match=SENTENCE):
        ws = sf.Workspace(newer, service="simulator")
    assert ws.runs().counts == {"completed": 2}
    assert len(ws.runs().df) == 2
    assert ws.plan(sweep).logged == 2
    with pytest.raises(WorkspaceError, match=SENTENCE):
        ws.run(sweep)
    with pytest.raises(WorkspaceError, match=SENTENCE):
        ws.runs().mark(next(iter(ws.runs())), stars=3)
    ws.close()
    assert (newer / "log.sqlite").read_bytes() == before


def test_what_cannot_be_read_of_a_newer_log_says_so(newer):
    with sqlite3.connect(newer / "log.sqlite") as database:
        database.execute("ALTER TABLE runs RENAME COLUMN error TO failure")
    database.close()
    with pytest.warns(UserWarning, match="newer version"):
        ws = sf.Workspace(newer, service="simulator")
    with pytest.raises(WorkspaceError, match=r"newer version.*no such column.*pip install --upgrade"):
        list(ws.runs())
    ws.close()


def test_a_log_that_is_updated_while_it_is_open_says_so(tmp_path):
    with sf.Workspace(tmp_path, service="simulator") as ws:
        with sqlite3.connect(tmp_path / "log.sqlite") as database:
            database.executescript(
                f"ALTER TABLE marks RENAME COLUMN note TO words; PRAGMA user_version = {schema.VERSION + 1}"
            )
        database.close()
        runs = ws.runs()
        for use in (lambda: runs.df, lambda: runs.source.log.marks.set("x", "me", stars=1, pick=None, note=None)):
            with pytest.raises(WorkspaceError, match=r"newer version.*pip install --upgrade"):
                use()


def test_the_hosted_service_has_one_name(tmp_path):
    """Earlier versions knew it by its address too, where the user gave that. Its runs must not be paid for again."""
    log_of_version(tmp_path, 3)
    with sqlite3.connect(tmp_path / "log.sqlite") as old:
        for number in range(3, 7):
            old.executescript(migrations._migration(number) + f"PRAGMA user_version = {number + 1}")
        before = old.execute("SELECT count(*) FROM runs").fetchone()
        old.execute("DROP TRIGGER events_stay")
        for table in ("runs", "pictures", "events", "sweeps", "marks", "votes"):
            old.execute(f"UPDATE {table} SET service = 'https://api.segmind.com'")
        old.executescript("CREATE TRIGGER events_stay BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'x'); END;")
    old.close()
    with sf.Workspace(tmp_path, service="https://API.segmind.com:443/v1") as ws:
        assert len(ws.sweeps) == 1
        assert len(ws.runs()) == before[0]
        assert ws.plan(ws.runs("Study")).logged
    with sqlite3.connect(tmp_path / "log.sqlite") as log:
        assert log.execute("SELECT DISTINCT service FROM runs").fetchall() == [("segmind",)]
        with pytest.raises(sqlite3.IntegrityError, match="never changed"):
            log.execute("UPDATE events SET at = 0")
