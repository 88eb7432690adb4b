"""Another program has the log open: a browser of databases, a backup, a frame that is read in parts."""

import sqlite3
import threading

import pytest

import segflux_nb as sf
from segflux_nb.errors import LogLocked, WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.runlog import database, opening
from segflux_nb.runlog.journal import Journal
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)))


@pytest.fixture
def log(tmp_path):
    journal = Journal(tmp_path / "log.sqlite", ManualClock())
    journal.of("simulator").runs.plan(CELLS)
    yield journal.of("simulator")
    journal.close()


def opened(log, *statements):
    """Another program that has executed these statements, and reads on."""
    other = sqlite3.connect(log.path, isolation_level=None, check_same_thread=False)
    cursor = other.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.fetchone()
    return other


def row(log):
    return log.runs.read([CELLS[0].digest])[CELLS[0].digest]


HOLDS = {
    "reads": ("BEGIN", "SELECT * FROM runs"),
    "writes": ("BEGIN IMMEDIATE",),
    "has it for itself": ("BEGIN EXCLUSIVE",),
}


@pytest.mark.parametrize("statements", HOLDS.values(), ids=HOLDS)
def test_a_write_waits_until_the_other_program_has_finished(log, statements, monkeypatch):
    """The other program goes on as soon as the write has met its lock, however fast the machine is."""
    other, met = opened(log, *statements), threading.Event()
    begin = database.Database._begin

    def noticed(self, cursor):
        if not (has_begun := begin(self, cursor)):
            met.set()
        return has_begun

    monkeypatch.setattr(database.Database, "_begin", noticed)

    def finish():
        met.wait(30)
        other.close()

    finishing = threading.Thread(target=finish)
    finishing.start()
    log.sharing.heartbeat("me")
    finishing.join()
    assert met.is_set()
    assert log.sharing.last_heartbeat("me") is not None


def test_while_a_write_waits_other_threads_read(log):
    """The event loop reads, and must not stand still for as long as another program reads."""
    other = opened(log, *HOLDS["reads"])
    found = []

    def write():
        with log.waiting_at_most(30):
            found.append(log.runs.move(first, State.SUBMITTING))

    first = row(log)
    writing = threading.Thread(target=write)
    writing.start()
    for _ in range(20):
        assert row(log).state == "planned"
    other.close()
    writing.join()
    assert found[0].state == "submitting"


def test_a_lock_that_stays_is_an_error_that_names_the_log_and_says_what_to_do(log):
    other = opened(log, *HOLDS["writes"])
    with log.waiting_at_most(0.0), pytest.raises(LogLocked) as caught:
        log.runs.move(row(log), State.SUBMITTING)
    assert str(log.path) in str(caught.value)
    assert "Another program" in str(caught.value)
    assert "run again" in str(caught.value)
    assert row(log).state == "planned"
    other.close()
    assert log.runs.move(row(log), State.SUBMITTING) is not None, "the lock has left nothing behind"


def test_a_log_that_another_program_has_for_itself_cannot_be_read_and_says_so(log, monkeypatch):
    log._database.connection.execute("PRAGMA busy_timeout = 1")
    other = opened(log, *HOLDS["has it for itself"])
    with pytest.raises(LogLocked, match="Another program"):
        row(log)
    other.close()
    assert issubclass(LogLocked, WorkspaceError)


def test_a_workspace_opens_while_another_process_is_stopped_in_a_write(log):
    other = opened(log, "BEGIN IMMEDIATE")
    again = Journal(log.path, ManualClock())
    assert set(again.of("simulator").runs.all()) == {cell.digest for cell in CELLS}
    again.close()
    other.close()


def test_a_log_that_cannot_be_opened_because_it_is_locked_says_so(log, monkeypatch):
    monkeypatch.setattr(opening, "READ_SECONDS", 0.01)
    other = opened(log, "PRAGMA journal_mode = TRUNCATE", "BEGIN EXCLUSIVE")
    with pytest.raises(LogLocked, match="stopped"):
        Journal(log.path, ManualClock())
    other.close()
