"""What is so of a log in PostgreSQL alone: round trips, lost answers, addresses, rights, news."""

import os
import queue
import signal
import threading
from functools import partial

import pytest

import segflux_nb as sf
from segflux_nb.errors import LogLocked, WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.runlog.journal import Journal
from segflux_nb.runlog.postgres import connections
from segflux_nb.runlog.postgres.address import local_folder, read
from segflux_nb.runlog.postgres.opening import LOCK
from segflux_nb.runlog.rows import AcceptedJob
from tests.support.relay import Relay
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(12)))


@pytest.fixture
def address(postgres):
    return postgres.new_database()


@pytest.fixture
def relay(postgres):
    made = Relay(postgres.port)
    yield made
    made.close()


@pytest.fixture
def opened(tmp_path, address, relay, postgres):
    """A log behind the relay."""
    journal = Journal(tmp_path / "log", ManualClock(), address=relay.address(address, postgres.port))
    log = journal.of("simulator")
    log.runs.plan(CELLS)
    yield log
    journal.close()


def row(log, number=0):
    return log.runs.read([CELLS[number].digest])[CELLS[number].digest]


def states(log):
    return [row(log, number).state.value for number in range(len(CELLS))]


def job(number=0, request_id="abc"):
    return AcceptedJob("simulator", CELLS[number].digest, request_id, "/s", "/r", 5.0, "ab12", "me:1:1")


CHANGES = {"owner": "me:1:1", "attempts": 1, "submitted_at": 1.5, "account": "ab"}


# ---------------------------------------------------------------------- round trips


def trips(relay, act):
    before = relay.turns
    act()
    return relay.turns - before


def test_each_transition_is_one_round_trip(opened, relay):
    run = row(opened)
    moves = {
        State.SUBMITTING: CHANGES,
        State.SUBMITTED: {"request_id": "abc", "status_url": "/s"},
        State.DOWNLOADING: {"picture_url": "/p", "more_urls": ["/q", "/r"], "cost_usd": 0.1},
        State.COMPLETED: {"picture": "pictures/ab/ab.jpg", "sha256": "ab", "width": 1, "owner": None},
    }
    found = {}

    def move(to, changes):
        found[to] = opened.runs.move(run, to, **changes)

    for to, changes in moves.items():
        assert trips(relay, partial(move, to, changes)) == 1, to
        assert found[to] == row(opened)
        run = found[to]
    assert [picture.url for picture in opened.pictures.more(run.digest)] == ["/q", "/r"]
    assert opened.runs.knows_request("abc")
    assert len(opened.runs.events(run.digest)) == 4


def test_what_processes_share_takes_one_round_trip_each(opened, relay):
    run = opened.runs.move(row(opened), State.SUBMITTING, **CHANGES)
    picture = {"path": "pictures/ab/ab.jpg", "sha256": "ab", "width": 1, "height": 1}
    acts = {
        "accept": lambda: opened.runs.accept(job()),
        "claim": lambda: opened.sharing.claim(row(opened, 1), "me:1:1"),
        "heartbeat": lambda: opened.sharing.heartbeat("me:1:1"),
        "take a turn": lambda: opened.sharing.take_turn(5),
        "add a picture": lambda: opened.pictures.add(run.digest, "/p", picture, 5),
    }
    more = {"claim": 1}  # which reads the run
    assert {name: trips(relay, act) - more.get(name, 0) for name, act in acts.items()} == dict.fromkeys(acts, 1)
    assert row(opened).state is State.SUBMITTED
    assert row(opened, 1).owner == "me:1:1"


def test_a_group_of_moves_is_one_round_trip_and_one_that_is_late_undoes_no_other(opened, relay):
    runs = [row(opened, number) for number in range(8)]
    opened.runs.move(runs[3], State.SUBMITTING, owner="them:1:1")
    writes = [partial(opened.runs.move, run, State.SUBMITTING, **CHANGES) for run in runs]
    writes.insert(2, partial(opened.runs.move, runs[0], State.COMPLETED))
    told = []
    assert trips(relay, lambda: told.extend(opened.write_group(writes))) == 1
    assert [type(error) for _, error in told if error is not None] == [ValueError]
    assert [found is None for found, error in told if error is None] == [number == 3 for number in range(8)]
    assert states(opened)[:9] == ["submitting"] * 8 + ["planned"]
    assert row(opened, 3).owner == "them:1:1"


# ---------------------------------------------------------------------- answers that are lost


def test_a_move_whose_answer_is_lost_is_found_and_not_made_twice(opened, relay):
    run = row(opened)
    relay.cut_after = b"UPDATE runs"
    move = partial(opened.runs.move, run, State.SUBMITTING, **CHANGES)
    assert move() == row(opened)
    assert relay.cuts == 1
    assert len(opened.runs.events(run.digest)) == 1
    assert move() is None, "the same once more is another process's"


def lose(log, relay, text, act):
    """Do something whose answer is lost, with the network for a while."""
    relay.cut_after, relay.stays_cut = text, True
    with log.waiting_at_most(0.0), pytest.raises(LogLocked, match="cannot be reached"):
        act()
    relay.mend()


def test_a_move_whose_answer_is_lost_is_found_when_the_network_is_back(opened, relay):
    run = row(opened)
    move = partial(opened.runs.move, run, State.SUBMITTING, **CHANGES)
    lose(opened, relay, b"UPDATE runs", move)
    assert row(opened).state is State.SUBMITTING, "it was made"
    assert move() == row(opened), "and is told to be its own"
    assert len(opened.runs.events(run.digest)) == 1


def test_a_move_that_another_process_made_meanwhile_is_not_taken_for_our_own(opened, relay, address, tmp_path):
    run = row(opened)
    relay.cut()
    move = partial(opened.runs.move, run, State.SUBMITTING, **CHANGES)
    with opened.waiting_at_most(0.0), pytest.raises(LogLocked):
        move()
    other = Journal(tmp_path / "log", ManualClock(), address=address)
    assert other.of("simulator").runs.move(run, State.SUBMITTING, **{**CHANGES, "owner": "them:1:1"})
    other.close()
    relay.mend()
    assert move() is None
    assert row(opened).owner == "them:1:1"


def test_a_group_whose_answer_is_lost_is_found_move_by_move(opened, relay):
    runs = [row(opened, number) for number in range(6)]
    writes = [partial(opened.runs.move, run, State.SUBMITTING, **CHANGES) for run in runs]
    lose(opened, relay, b"COMMIT", lambda: opened.write_group(writes))
    told = opened.write_group(writes)
    assert [found for found, _ in told] == [row(opened, number) for number in range(6)]
    assert {len(opened.runs.events(run.digest)) for run in runs} == {1}


def test_an_accepted_job_whose_answer_is_lost_is_entered_once(opened, relay):
    opened.runs.move(row(opened), State.SUBMITTING, **CHANGES)
    lose(opened, relay, b"COMMIT", lambda: opened.runs.accept(job()))
    assert opened.runs.accept(job()) == row(opened)
    assert [after for _, _, after, _ in opened.runs.events(CELLS[0].digest)] == ["submitting", "submitted"]


def test_a_transaction_whose_commit_is_lost_is_asked_for(opened, relay):
    relay.cut_after = b"COMMIT"
    opened.marks.set(CELLS[0].digest, "ada", stars=3, pick=True, note="sharp")
    assert relay.cuts == 1
    assert opened.marks.latest() == {CELLS[0].digest: {"stars": 3, "pick": 1, "note": "sharp"}}


def test_a_server_that_ended_idle_connections_is_not_noticed(opened, postgres, address):
    name = address.rpartition("/")[2]
    for act in (lambda: row(opened), lambda: opened.sharing.heartbeat("me:1:1"), lambda: opened.runs.plan(CELLS)):
        postgres.execute(
            postgres.address("postgres"),
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            name,
        )
        act()


# ---------------------------------------------------------------------- versions, news, turns


def test_a_version_tells_changes_by_others_from_own_ones(opened, address, tmp_path):
    other = Journal(tmp_path / "log", ManualClock(), address=address)
    versions = [opened.version(), opened.version()]
    assert versions[0] == versions[1]
    opened.marks.set(CELLS[0].digest, "ada", stars=3, pick=None, note=None)
    assert opened.version()[0] == versions[0][0]
    assert opened.version()[1] > versions[0][1]
    assert opened.version_without_marks() == versions[0]
    other.of("simulator").runs.move(row(opened), State.SUBMITTING)
    assert opened.version()[0] > versions[0][0]
    now = opened.version()
    other.of("simulator").sharing.heartbeat("them:1:1")
    assert opened.version() == now, "who is alive is in no frame"
    other.close()


def test_who_follows_a_run_is_told_when_it_is_not_in_flight_any_more(opened):
    heard = queue.Queue()
    stop = opened.listen(lambda digest, hears: heard.put((digest, hears)))
    assert heard.get(timeout=20) == ("", True)
    run = opened.runs.move(row(opened), State.SUBMITTING, **CHANGES)
    opened.runs.move(run, State.UNKNOWN)
    assert heard.get(timeout=20) == (CELLS[0].digest, True)
    stop()


def test_who_listens_is_told_when_news_may_have_been_missed(opened, relay):
    heard = queue.Queue()
    stop = opened.listen(lambda digest, hears: heard.put((digest, hears)))
    assert heard.get(timeout=20) == ("", True)
    relay.cut()
    assert heard.get(timeout=20) == ("", False)
    relay.mend()
    while heard.get(timeout=20) != ("", True):
        pass
    stop()


def test_two_processes_share_the_requests_of_a_minute(opened, address, tmp_path):
    other = Journal(tmp_path / "log", ManualClock(), address=address)
    taken = []

    def take(log):
        taken.extend(log.sharing.take_turn(10) for _ in range(10))

    threads = [threading.Thread(target=take, args=(log,)) for log in (opened, other.of("simulator"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(0.0) == 10
    assert all(50 < seconds <= 60.5 for seconds in taken if seconds)
    other.close()


def test_heartbeats_are_by_the_servers_clock(opened):
    opened.sharing._clock.time = 5.0  # decades off
    opened.sharing.heartbeat("me:1:1")
    assert opened.sharing.silence("me:1:1") < 60
    assert opened.sharing.last_heartbeat("me:1:1") > 1.7e9


# ---------------------------------------------------------------------- addresses and rights


def test_a_password_is_never_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path))
    address = "postgresql://ada:geheim%21@127.0.0.1:1/study?sslpassword=secret&connect_timeout=2"
    assert read(address).shown == "postgresql://ada@127.0.0.1:1/study"
    assert local_folder(address) == local_folder(address.replace("geheim%21", "other").replace("secret", "x"))
    with pytest.raises(WorkspaceError) as caught:
        sf.Workspace(address, service="https://api.example.org")
    assert "127.0.0.1:1/study cannot be reached" in str(caught.value)
    assert "geheim" not in repr(caught.getrepr(showlocals=False, style="short"))


def test_a_workspace_in_a_database_says_what_it_is(address, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SEGFLUX_WORKSPACE", address)
    with sf.Simulator(time_scale=0, paint=False) as simulator, sf.Workspace(service=simulator.url) as ws:
        assert repr(ws) == f"Workspace({address!r})"
        assert ws.path.is_relative_to(tmp_path / "cache")
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
        assert runs.counts == {"completed": 2}
        assert runs.df.seed.tolist() == [1, 2]
        assert ws.sweeps.done.tolist() == [2]
        assert ws._launcher.finetunes() == ["a"]
        assert "PostgreSQL" in str(ws.doctor())
    with pytest.raises(WorkspaceError, match=r"starts a simulator for one machine alone.*give it on each"):
        sf.Workspace(service="simulator")


def test_without_psycopg_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path))
    with pytest.raises(WorkspaceError, match=r'pip install "segflux-nb\[postgres\]"'):
        sf.Workspace("postgresql://ada@127.0.0.1:1/study", service="https://api.example.org")


def test_a_database_of_another_program_is_left_alone(postgres, address, tmp_path):
    postgres.execute(address, "CREATE TABLE runs (x INTEGER)")
    with pytest.raises(WorkspaceError, match="another program"):
        Journal(tmp_path / "log", ManualClock(), address=address)


def test_a_user_who_may_only_read_looks_at_everything_and_writes_nothing(postgres, opened, address, tmp_path):
    name = f"reader_{address.rpartition('_')[2]}"
    postgres.execute(address, f"CREATE ROLE {name} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    reading = Journal(tmp_path / "log", ManualClock(), address=address.replace("segflux@", f"{name}@"))
    log = reading.of("simulator")
    assert len(log.runs.all()) == len(CELLS)
    assert "can only be read" in log.refusal
    with pytest.raises(WorkspaceError, match="can only be read"):
        log.runs.move(row(opened), State.SUBMITTING)
    reading.close()


def test_columns_that_come_later_are_added(postgres, opened, address, tmp_path):
    postgres.execute(address, "ALTER TABLE runs DROP COLUMN model")
    postgres.execute(address, "UPDATE properties SET value = '8' WHERE name = 'version'")
    again = Journal(tmp_path / "log", ManualClock(), address=address)
    assert {run.model for run in again.of("simulator").runs.all().values()} == {CELLS[0].model}
    again.close()


def test_a_log_of_a_newer_version_is_only_read(postgres, opened, address, tmp_path):
    postgres.execute(address, "UPDATE properties SET value = '99' WHERE name = 'version'")
    with pytest.warns(UserWarning, match="newer version"):
        newer = Journal(tmp_path / "log", ManualClock(), address=address)
    assert len(newer.of("simulator").runs.all()) == len(CELLS)
    with pytest.raises(WorkspaceError, match="newer version"):
        newer.of("simulator").sharing.heartbeat("me:1:1")
    newer.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE properties SET value = 'ten' WHERE name = 'version'",
        "DELETE FROM properties WHERE name = 'version'",
        "UPDATE properties SET value = '3' WHERE name = 'version'",
    ],
)
def test_tables_that_are_not_of_their_version_are_left_as_they_are(damage, postgres, opened, address, tmp_path):
    postgres.execute(address, damage)
    before = postgres.execute(address, "SELECT name, value FROM properties")
    with pytest.raises(WorkspaceError, match=r"is damaged: .* Restore the database from a backup"):
        Journal(tmp_path / "log", ManualClock(), address=address)
    assert postgres.execute(address, "SELECT name, value FROM properties") == before


def test_a_pooler_that_changes_connections_is_named(opened):
    def read_on_another_connection():
        for _ in range(20):
            opened.runs.states([CELLS[0].digest])
            connection = opened._database._connections.take(1.0)
            connection.execute("DEALLOCATE ALL", prepare=False)  # what was prepared is not known on another one
            opened._database._connections.give(connection)

    with pytest.raises(WorkspaceError, match=r"reached by a pooler.*pool_mode = session"):
        read_on_another_connection()


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize("act", [lambda log: row(log), lambda log: log.sweeps.enter("i", "n", "", [], CELLS)])
def test_an_interrupt_ends_a_wait_for_the_server(act, monkeypatch, postgres, address, tmp_path):
    import psycopg

    monkeypatch.setattr(connections, "_SESSION", "SELECT set_config('lock_timeout', '0', false)")
    journal = Journal(tmp_path / "log", ManualClock(), address=address)
    log = journal.of("simulator")
    log.runs.plan(CELLS)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with (
        psycopg.connect(address) as other,
        psycopg.connect(postgres.address("postgres"), autocommit=True) as watching,
    ):
        other.execute("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
        other.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])

        def interrupt():
            while not watching.execute(waiting, [address.rpartition("/")[2]]).fetchone()[0]:
                pass
            os.kill(os.getpid(), signal.SIGINT)

        interrupting = threading.Thread(target=interrupt)
        interrupting.start()
        at_last = threading.Timer(30, other.close)  # without it, what does not heed the interrupt waits for ever
        at_last.start()
        with pytest.raises(KeyboardInterrupt):
            act(log)
        interrupting.join()
        at_last.cancel()
        assert not other.closed
        other.rollback()
    assert states(log) == ["planned"] * len(CELLS)
    act(log)
    journal.close()
