"""Another program keeps the log: a browser of databases, a backup, a console in the middle of a transaction.

A file is locked as a whole. In PostgreSQL it is a table, a row, or the lock of transactions; a program that only
reads keeps nobody waiting there.
"""

import re
import sqlite3
import threading

import pytest

import segflux_nb as sf
from segflux_nb.errors import LogLocked, WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.runlog import database, opening
from segflux_nb.runlog.postgres import connections, faults
from segflux_nb.runlog.postgres import database as postgres_database
from segflux_nb.runlog.postgres.opening import LOCK
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)))


@pytest.fixture
def log(place, monkeypatch):
    one_attempt = connections._SESSION.replace(f"'{connections.LOCK_SECONDS}s'", "'1ms'")
    monkeypatch.setattr(connections, "_SESSION", one_attempt)
    journal = place.journal(ManualClock())
    journal.of("simulator").runs.plan(CELLS)
    yield journal.of("simulator")
    journal.close()


def opened(place, *statements):
    """Another program that has executed these statements, and reads on."""
    if place.kind == "postgres":
        import psycopg

        other = psycopg.connect(place.address)
        for statement in statements:
            other.execute(statement)
        return other
    other = sqlite3.connect(place.path, isolation_level=None, check_same_thread=False)
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
LOCKS = {
    "a heartbeat": ("INSERT INTO processes (owner, seen_at) VALUES ('me', 0)",),
    "a table": ("LOCK TABLE processes, marks IN EXCLUSIVE MODE",),
    "a table, to the last reader": ("LOCK TABLE processes, marks IN ACCESS EXCLUSIVE MODE",),
    "the turn": (f"SELECT pg_advisory_xact_lock({LOCK})",),
}
PLACES = [
    *(pytest.param("sqlite", statements, id=name) for name, statements in HOLDS.items()),
    *(pytest.param("postgres", statements, id=name) for name, statements in LOCKS.items()),
]


@pytest.mark.parametrize(("place", "statements"), PLACES, indirect=["place"])
def test_a_write_waits_until_the_other_program_has_finished(log, place, statements, monkeypatch):
    """The other program goes on as soon as the write has met its lock, however fast the machine is."""
    other, met = opened(place, *statements), threading.Event()
    begin, told = database.Database._begin, faults.Faults.of

    def noticed(self, cursor):
        if not (has_begun := begin(self, cursor)):
            met.set()
        return has_begun

    def noticed_by_the_server(self, error, connection):
        met.set()  # an attempt has ended
        return told(self, error, connection)

    monkeypatch.setattr(database.Database, "_begin", noticed)
    monkeypatch.setattr(faults.Faults, "of", noticed_by_the_server)

    def finish():
        met.wait(30)
        other.close()

    finishing = threading.Thread(target=finish)
    finishing.start()
    if "advisory" in statements[0]:
        log.marks.set(CELLS[0].digest, "ada", stars=3, pick=None, note=None)
    log.sharing.heartbeat("me")
    finishing.join()
    assert met.is_set()
    assert log.sharing.last_heartbeat("me") > 0


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_transaction_that_has_begun_waits_for_a_row_and_a_reader_for_a_table(log, place, postgres):
    """What it has done cannot be tried again, so it waits for longer than one attempt."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def finish(other):
        while not postgres.execute(place.address, waiting)[0][0]:
            pass
        other.close()

    for statements, act in (
        (LOCKS["a table"], lambda: log.marks.set(CELLS[0].digest, "ada", stars=3, pick=None, note=None)),
        (LOCKS["a table, to the last reader"], lambda: log.marks.latest()),
    ):
        finishing = threading.Thread(target=finish, args=(opened(place, *statements),))
        finishing.start()
        act()
        finishing.join()
    assert log.marks.latest()[CELLS[0].digest]["stars"] == 3


@pytest.mark.parametrize(
    ("place", "statements"),
    [("sqlite", HOLDS["reads"]), ("postgres", ("LOCK TABLE runs IN EXCLUSIVE MODE",))],
    indirect=["place"],
)
def test_while_a_write_waits_other_threads_read(log, place, statements):
    """The event loop reads, and must not stand still for as long as another program reads."""
    other = opened(place, *statements)
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


def test_a_lock_that_stays_is_an_error_that_names_the_log_and_says_what_to_do(log, place):
    other = place.hold()
    with log.waiting_at_most(0.0), pytest.raises(LogLocked) as caught:
        log.runs.move(row(log), State.SUBMITTING)
    assert (place.address or str(log.path)) in str(caught.value)
    assert "Another program" in str(caught.value)
    assert re.search("(?i)run again", str(caught.value))
    assert row(log).state == "planned"
    other.close()
    assert log.runs.move(row(log), State.SUBMITTING) is not None, "the lock has left nothing behind"


@pytest.mark.parametrize(
    ("place", "statements"),
    [("sqlite", HOLDS["has it for itself"]), ("postgres", ("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE",))],
    indirect=["place"],
)
def test_a_log_that_another_program_has_for_itself_cannot_be_read_and_says_so(log, place, statements):
    if place.kind == "sqlite":
        log._database.connection.execute("PRAGMA busy_timeout = 1")
    other = opened(place, *statements)
    with log.waiting_at_most(0.0), pytest.raises(LogLocked, match="Another program"):
        row(log)
    other.close()
    assert issubclass(LogLocked, WorkspaceError)


def test_a_workspace_opens_while_another_process_is_stopped_in_a_write(log, place):
    other = place.hold()
    again = place.journal(ManualClock())
    assert set(again.of("simulator").runs.all()) == {cell.digest for cell in CELLS}
    again.close()
    other.close()


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_file_that_cannot_be_opened_because_it_is_locked_says_so(log, place, monkeypatch):
    monkeypatch.setattr(opening, "READ_SECONDS", 0.01)
    other = opened(place, "PRAGMA journal_mode = TRUNCATE", "BEGIN EXCLUSIVE")
    with pytest.raises(LogLocked, match="stopped"):
        place.journal(ManualClock())
    other.close()


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_database_whose_tables_cannot_be_made_because_it_is_locked_says_so(place, monkeypatch):
    monkeypatch.setattr(postgres_database, "READ_SECONDS", 0.0)
    monkeypatch.setattr(connections, "_SESSION", "SELECT set_config('lock_timeout', '1ms', false)")
    other = opened(place, *LOCKS["the turn"])
    with pytest.raises(LogLocked, match="Another program"):
        place.journal(ManualClock())
    other.close()
    place.journal(ManualClock()).close()
