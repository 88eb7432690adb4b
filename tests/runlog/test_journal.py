import sqlite3

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import TRANSITIONS, State
from segflux_nb.runlog.frame import DF_COLUMNS, LOG_COLUMNS
from segflux_nb.runlog.journal import Journal
from tests.support.corpus import PAYLOADS
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3]))


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "log.sqlite", ManualClock())
    opened.of("simulator").runs.plan(CELLS)
    yield opened
    opened.close()


@pytest.fixture
def log(journal):
    return journal.of("simulator")


def row(log, number=0):
    return log.runs.read([CELLS[number].digest])[CELLS[number].digest]


def test_each_change_is_an_event_and_events_stay(log, tmp_path):
    first = log.runs.move(row(log), State.SUBMITTING, owner="me", attempts=1)
    log.runs.move(first, State.SUBMITTED, request_id="abc", owner=None)
    events = log.runs.events(CELLS[0].digest)
    assert [(before, after) for _, before, after, _ in events] == [
        ("planned", "submitting"),
        ("submitting", "submitted"),
    ]
    assert events[1][3] == {"request_id": "abc"}
    with sqlite3.connect(tmp_path / "log.sqlite") as other:
        for statement in ("UPDATE events SET at = 0", "DELETE FROM events"):
            with pytest.raises(sqlite3.IntegrityError, match="never"):
                other.execute(statement)
    other.close()


def test_only_one_of_two_processes_moves_a_run(log, tmp_path):
    journal = Journal(tmp_path / "log.sqlite", ManualClock())
    other = journal.of("simulator")
    mine, theirs = row(log), row(other)
    assert log.runs.move(mine, State.SUBMITTING, owner="me") is not None
    assert other.runs.move(theirs, State.SUBMITTING, owner="them") is None
    assert row(other).owner == "me"
    journal.close()


def test_illegal_arrows_and_unknown_columns_are_refused(log):
    with pytest.raises(ValueError, match="from planned to completed"):
        log.runs.move(row(log), State.COMPLETED)
    with pytest.raises(ValueError, match="not columns"):
        log.runs.move(row(log), State.SUBMITTING, digest="x")
    assert row(log).state == "planned"
    assert all(State.PLANNED not in TRANSITIONS[state] for state in (State.COMPLETED, State.LOST, State.SUBMITTED))


def test_an_accepted_job_is_entered_even_under_an_id_that_was_seen_before(log):
    """A simulator that begins anew gives its ids again; refusing the row would lose a paid picture."""
    for number in (0, 1):
        submitting = log.runs.move(row(log, number), State.SUBMITTING)
        assert log.runs.move(submitting, State.SUBMITTED, request_id="abc") is not None
    assert log.runs.knows_request("abc")


def test_services_do_not_see_each_others_runs(journal):
    hosted = journal.of("segmind")
    assert hosted.runs.read([CELLS[0].digest]) == {}
    hosted.runs.plan(CELLS[:1])
    assert journal.services() == ["segmind", "simulator"]
    assert hosted.runs.all().keys() == {CELLS[0].digest}


def test_hardware_is_taken_anew_as_long_as_nothing_is_submitted(log):
    (faster,) = sf.Sweep(prompt="TOK", finetune_id="a", seed=1, hardware="fast")
    log.runs.plan([faster])
    assert row(log).parameters["hardware"] == "fast"
    log.runs.move(row(log), State.SUBMITTING)
    log.runs.plan(CELLS)
    assert row(log).parameters["hardware"] == "fast"


def test_files_that_are_no_logs_of_ours(tmp_path):
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE x (y)")
    other.close()
    with pytest.raises(sf.SegfluxError, match="another program"):
        Journal(tmp_path / "other.sqlite", ManualClock())
    Journal(tmp_path / "newer.sqlite", ManualClock()).close()
    with sqlite3.connect(tmp_path / "newer.sqlite") as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(sf.SegfluxError, match="newer version"):
        Journal(tmp_path / "newer.sqlite", ManualClock())
    with pytest.raises(sf.SegfluxError, match="cannot be opened"):
        Journal(tmp_path / "absent" / "log.sqlite", ManualClock())


def test_a_log_that_was_half_made_is_made_whole(tmp_path, monkeypatch):
    from segflux_nb.runlog import schema

    monkeypatch.setattr(schema, "SCHEMA", schema.SCHEMA + "CREATE TABLE runs (x);\n")
    with pytest.raises(sf.SegfluxError):
        Journal(tmp_path / "log.sqlite", ManualClock())
    monkeypatch.undo()
    Journal(tmp_path / "log.sqlite", ManualClock()).close()


def test_columns_are_declared_once():
    names = [column.name for column in LOG_COLUMNS]
    assert len(names) == len(set(names))
    assert LOG_COLUMNS[: len(DF_COLUMNS)] == DF_COLUMNS
    assert all(column.stable for column in DF_COLUMNS)
    assert all(column.meaning.endswith(".") for column in LOG_COLUMNS)


def test_many_rows_are_read_as_few_are(tmp_path, monkeypatch):
    prompts = [*PAYLOADS, 'quotes " and \\ and \x00']
    cells = list(sf.Sweep(prompt=prompts, finetune_id="a", lora_strength=[0.1, 1.0], seed=2**32 - 1))
    journal = Journal(tmp_path / "log.sqlite", ManualClock())
    log = journal.of("simulator").runs
    log.plan(cells[::-1])
    journal.of("elsewhere").runs.plan(cells[:3])
    first = log.read([cells[0].digest])[cells[0].digest]
    first = log.move(first, State.SUBMITTING, owner="me", submitted_at=1_800_000_000.123457)
    log.move(first, State.REFUSED, error="".join(PAYLOADS), error_kind="invalid", owner=None)
    wanted = [cells[5].digest, "nobody", *(cell.digest for cell in cells[:-1]), cells[5].digest]
    names = ("state", "picture", "width", "take", "error", "parameters")

    def rows(*columns):
        table = log.table(wanted, columns)
        assert len(table["digest"]) == len(set(wanted)) - 1, "each once, and none that nobody asked for"
        return {digest: [table[name][at] for name in columns] for at, digest in enumerate(table["digest"])}

    few, exact = rows(*names), rows(*names, "submitted_at")
    monkeypatch.setattr("segflux_nb.runlog.columns.LOOKED_UP", 0)
    assert rows(*names) == few
    assert rows(*names, "submitted_at") == exact
    assert all(few[cell.digest][-1]["prompt"] == cell.prompt for cell in cells[:-1])
    assert few[cells[0].digest][names.index("error")] == "".join(PAYLOADS)
    assert exact[cells[0].digest][-1] == 1_800_000_000.123457, "no digit is lost"
    assert len(journal.of("nowhere").runs.table(wanted, names)["digest"]) == 0
    journal.close()
