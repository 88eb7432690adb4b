"""Logs of other versions in PostgreSQL: older ones are led on, whole or not at all; newer ones are only read.

Version 10 was the first, so the next one is made up here.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest

import segflux_nb as sf
from segflux_nb.errors import WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.runlog.journal import Journal
from segflux_nb.runlog.postgres import opening
from segflux_nb.runlog.schema import VERSION
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)))
NEXT = "CREATE TABLE later (x BIGINT); ALTER TABLE marks RENAME COLUMN note TO words;\n"
SENTENCE = r"was written by a newer version of segflux_nb and can only be read.*pip install --upgrade"


@pytest.fixture
def address(postgres):
    address = postgres.new_database()
    name = address.rpartition("/")[2]
    postgres.execute(address, f"ALTER DATABASE {name} SET default_transaction_isolation = 'repeatable read'")
    return address


@pytest.fixture
def opened(tmp_path, address):
    """Opens the log, as a process of its own would."""
    journals = []

    def made():
        journals.append(Journal(tmp_path / "log", ManualClock(), address=address))
        return journals[-1].of("simulator")

    yield made
    for journal in journals:
        journal.close()


@pytest.fixture
def older(opened):
    """A log of the present version, which is older than the next one, and still open."""
    log = opened()
    log.runs.plan(CELLS)
    log.marks.set(CELLS[0].digest, "ada", stars=3, pick=None, note="sharp")
    return log


@pytest.fixture
def newer(monkeypatch):
    """Makes this program the next version."""

    def become():
        monkeypatch.setattr(opening, "VERSION", VERSION + 1)
        monkeypatch.setattr(opening, "MIGRATIONS", {VERSION: NEXT})

    return become


def waiting(postgres, address):
    """How many wait for a lock."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    return postgres.execute(postgres.address("postgres"), count, address.rpartition("/")[2])[0][0]


def both(act):
    """Threads of two processes that do the same."""
    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    return threads


def test_a_process_that_has_the_log_open_while_a_newer_one_updates_it_says_so(older, opened, newer, monkeypatch):
    newer()
    assert opened().runs.all().keys() == {cell.digest for cell in CELLS}
    monkeypatch.undo()
    run = older.runs.read([CELLS[0].digest])[CELLS[0].digest]
    assert older.runs.move(run, State.SUBMITTING) is not None, "what is as it was goes on, as on SQLite"
    assert older.refusal == ""
    with pytest.raises(WorkspaceError, match=SENTENCE):
        older.marks.latest()
    with pytest.raises(WorkspaceError, match=SENTENCE):
        older.runs.move(run, State.SUBMITTING)
    with pytest.warns(UserWarning, match="newer version"):
        again = opened()
    assert len(again.runs.all()) == len(CELLS)
    with pytest.raises(WorkspaceError, match=SENTENCE):
        again.marks.latest()


@pytest.mark.parametrize("use", [lambda log: log.marks.latest(), lambda log: log.runs.all()])
def test_tables_that_are_gone_are_damage(use, older, postgres, address):
    postgres.execute(address, "DROP TABLE pictures, marks")
    with pytest.raises(WorkspaceError, match=r"is damaged: relation .* does not exist.*backup"):
        use(older)


def test_two_processes_that_make_the_log_at_once_make_one(opened, postgres, address):
    logs = []
    with psycopg.connect(address) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [opening.LOCK])
        threads = both(lambda: logs.append(opened()))
        while waiting(postgres, address) < 2:
            pass
    for thread in threads:
        thread.join()
    assert len({log.runs.salt() for log in logs}) == 1


def test_two_processes_that_update_the_log_at_once_update_it_once(older, opened, newer, postgres, address):
    newer()
    logs = []
    with psycopg.connect(address) as other:
        other.execute("SELECT note FROM marks")  # a reader keeps the first of them from going on
        threads = both(lambda: logs.append(opened()))
        while waiting(postgres, address) < 2:
            pass
    for thread in threads:
        thread.join()
    assert [len(log.runs.all()) for log in logs] == [len(CELLS)] * 2
    assert postgres.execute(address, "SELECT words FROM marks") == [("sharp",)]


UPDATES = """
import sys
from pathlib import Path
from segflux_nb.runlog.postgres import opening
from segflux_nb.runlog.journal import Journal
from segflux_nb.clock import SystemClock
opening.VERSION, opening.MIGRATIONS = int(sys.argv[1]) + 1, {int(sys.argv[1]): sys.argv[2]}
Journal(Path(sys.argv[3]), SystemClock(), address=sys.argv[4])
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_an_update_that_is_killed_half_way_leaves_the_log_as_it_was(
    older, opened, newer, postgres, address, tmp_path
):
    command = [sys.executable, "-c", UPDATES, str(VERSION), NEXT, str(tmp_path / "log"), address]
    with psycopg.connect(address) as other:
        other.execute("SELECT note FROM marks")
        updating = subprocess.Popen(command, cwd=Path(sf.__file__).parents[1])
        while not waiting(postgres, address):  # its first statement is done then
            assert updating.poll() is None
        updating.send_signal(signal.SIGKILL)
        updating.wait()
    assert older.marks.latest()[CELLS[0].digest]["note"] == "sharp", "the older version goes on"
    newer()
    assert len(opened().runs.all()) == len(CELLS)
    assert postgres.execute(address, "SELECT value, words FROM properties, marks WHERE name = 'version'") == [
        (str(VERSION + 1), "sharp")
    ]
