"""A server that hangs cuts no connection: who waits for it is told, may press Ctrl-C, and nothing is made twice."""

import os
import signal
import threading
from functools import partial

import psycopg
import pytest

import segflux_nb as sf
from segflux_nb.errors import LogLocked
from segflux_nb.lifecycle import State
from segflux_nb.runlog.journal import Journal
from segflux_nb.runlog.postgres import attentive, database
from segflux_nb.runlog.postgres.connections import Connections
from tests.support.relay import Relay
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(3)))
CHANGES = {"owner": "me:1:1", "attempts": 1, "submitted_at": 1.5, "account": "ab"}


@pytest.fixture
def relay(postgres):
    made = Relay(postgres.port)
    yield made
    made.close()


@pytest.fixture
def address(postgres):
    return postgres.new_database()


@pytest.fixture
def log(tmp_path, address, relay, postgres, monkeypatch):
    """A log behind the relay, whose user has little patience; no time goes by where the server is asked whether it
    lives."""
    behind = f"{relay.address(address, postgres.port)}?connect_timeout=2"
    journal = Journal(tmp_path / "log", ManualClock(), address=behind)
    found = journal.of("simulator")
    found.runs.plan(CELLS)
    monkeypatch.setattr(attentive, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(attentive, "HURRIED_SECONDS", 0.1)
    yield found
    relay.flows.set()
    journal.close()


@pytest.fixture
def hangs(log, relay, monkeypatch):
    """The server hangs, and is known to: nothing need wait for its sign of life."""
    monkeypatch.setattr(log._database._connections, "_lives", lambda: False)
    for connection in log._database._connections._kept:
        connection.lives = log._database._connections._lives
    relay.flows.clear()


def row(log):
    return log.runs.read([CELLS[0].digest])[CELLS[0].digest]


def test_a_read_of_a_server_that_hangs_ends_with_a_sentence(log, relay):
    relay.flows.clear()
    with log.waiting_at_most(0.0), pytest.raises(LogLocked, match=r"cannot be reached: .*not answered for \d+ s"):
        row(log)
    assert log._database._connections._kept == [], "the others hang too"
    relay.flows.set()
    assert row(log).state is State.PLANNED


def test_who_takes_long_and_lives_is_waited_for(log, postgres, address):
    asked = []
    connection = log._database._connections.take(1.0)
    connection.lives = lambda: not asked.append(1)
    connection.execute("SELECT pg_sleep(0.5)")
    log._database._connections.give(connection)
    assert asked
    assert row(log).state is State.PLANNED


def test_a_server_that_refuses_another_connection_lives(log, relay, monkeypatch):
    def refuse(self):
        raise psycopg.OperationalError("FATAL: sorry, too many clients already")

    monkeypatch.setattr(Connections, "connect", refuse)
    assert log._database._connections._lives()


def test_a_move_that_a_server_makes_when_it_goes_on_is_made_once(log, relay, hangs):
    with log.waiting_at_most(0.0):
        relay.flows.set()
        run = row(log)
        relay.flows.clear()
        move = partial(log.runs.move, run, State.SUBMITTING, **CHANGES)
        with pytest.raises(LogLocked):
            move()
    relay.flows.set()
    assert move() == row(log)
    assert len(log.runs.events(run.digest)) == 1


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize(
    "act",
    [
        row,
        lambda log: log.sharing.heartbeat("me:1:1"),
        lambda log: log.marks.set(CELLS[0].digest, "ada", stars=3, pick=None, note=None),
    ],
    ids=["read", "write", "transaction"],
)
def test_an_interrupt_ends_what_waits_for_a_server_that_hangs(act, log, relay, monkeypatch):
    monkeypatch.setattr(attentive, "PATIENCE_SECONDS", 1000.0)
    reached = threading.Event()
    waits = relay.flows.wait

    def note():
        reached.set()
        waits()

    monkeypatch.setattr(relay.flows, "wait", note)
    relay.flows.clear()

    def interrupt():
        reached.wait()
        os.kill(os.getpid(), signal.SIGINT)

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(KeyboardInterrupt):
        act(log)
    interrupting.join()
    relay.flows.set()
    assert row(log).state is State.PLANNED


def test_a_connection_that_is_left_in_the_middle_of_its_answers_is_lost(log, monkeypatch):
    """A server that ends all connections may end one between the answers of a group: it stays in its pipeline."""
    sent = []

    def leave(connection, writes, slot):
        sent.append(connection)
        if len(sent) > 1:
            return send(connection, writes, slot)
        connection.pgconn.enter_pipeline_mode()
        connection.pgconn.send_query_params(b"SELECT 1", None)
        raise psycopg.OperationalError("cannot exit pipeline mode while busy")

    send = database.send
    monkeypatch.setattr(database, "send", leave)
    log.sharing.heartbeat("me:1:1")
    assert len(set(sent)) == 2
    assert sent[0].closed
    assert log.sharing.owners() == ["me:1:1"]
