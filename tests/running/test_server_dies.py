"""The server of a log dies under a running sweep, or cannot be reached for a while: nothing is lost or paid twice.

The history is declared complete.
"""

import hashlib
import random
import threading
from collections import Counter
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.errors import LogLocked, WorkspaceError
from segflux_nb.running.ownership import LEASE_SECONDS
from segflux_nb.simulator.app import Simulator
from tests.postgres_server import PostgresServer, running_server, running_standby, skip_without_postgres
from tests.support.relay import Relay


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    skip_without_postgres()
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))


def sweep(runs):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(runs))


def submits_reach(simulator, live, number):
    """Wait until the service has this many submits, or the sweep has ended."""
    while simulator.ledger.submits < number and not live.done:
        threading.Event().wait(0.005)  # the simulator tells nobody


def judge(runs, simulator):
    """By the ledger of the service, the log, and each picture's bytes."""
    paid = Counter(entry.body["seed"] for entry in simulator.ledger.entries() if not entry.error)
    assert paid == dict.fromkeys(range(len(runs)), 1), "paid twice, or paid and not in the log"
    assert runs.counts == {"completed": len(runs)}, runs.stopped
    log = runs.log
    for picture, sha256 in zip(log.image, log.sha256, strict=True):
        assert hashlib.sha256(Path(picture).read_bytes()).hexdigest() == sha256, picture


@pytest.mark.parametrize("end", [PostgresServer.kill, PostgresServer.stop], ids=["killed", "restarted"])
@pytest.mark.parametrize(("kills", "runs"), [(3, 60), pytest.param(20, 600, marks=pytest.mark.long)], ids=["3", "20"])
def test_a_server_that_ends_under_a_sweep_loses_nothing(kills, runs, end):
    chance = random.Random(kills)
    with (
        running_server() as server,
        Simulator(time_scale=0.02, paint=False, workers=1000, history_complete=0.05) as simulator,
        sf.Workspace(server.new_database(), service=simulator.url, max_in_flight=8) as ws,
    ):
        live = ws.start(sweep(runs))
        step = runs // (kills + 2)
        for number in range(1, kills + 1):
            submits_reach(simulator, live, step * number + chance.randrange(step))
            assert not live.done, "it is killed under the sweep"
            end(server)
            server.start()
        judge(live.wait(), simulator)


def test_a_network_that_is_cut_under_a_sweep_loses_nothing(postgres):
    """Answers are lost in the middle of commits, and no connection can be made for a while."""
    relay = Relay(postgres.port)
    address = relay.address(postgres.new_database(), postgres.port)
    with (
        Simulator(time_scale=0.02, paint=False, workers=1000, history_complete=0.05) as simulator,
        sf.Workspace(address, service=simulator.url, max_in_flight=8) as ws,
    ):
        live = ws.start(sweep(40))
        for number, text in enumerate([b"UPDATE runs", b"COMMIT", b"UPDATE runs", b"COMMIT"], 1):
            submits_reach(simulator, live, 8 * number)
            relay.cut_after = text
            if number % 2 == 0:
                relay.stays_cut = True
                threading.Event().wait(0.5)  # the network is down for a while
                relay.mend()
        judge(live.wait(), simulator)
        assert relay.cuts >= 2
    relay.close()


def test_an_owner_who_ends_our_connections_ends_no_sweep(postgres):
    address = postgres.new_database()
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with (
        Simulator(time_scale=0.02, paint=False, workers=1000, history_complete=0.05) as simulator,
        sf.Workspace(address, service=simulator.url, max_in_flight=8) as ws,
    ):
        live = ws.start(sweep(30))
        for number in range(2, 30, 2):
            submits_reach(simulator, live, number)
            postgres.execute(postgres.address("postgres"), ended, address.rpartition("/")[2])
        judge(live.wait(), simulator)


@pytest.mark.long
def test_a_server_that_hangs_for_longer_than_a_lease_loses_nothing():
    """Who looks is told that it hangs, and the sweep goes on when the server does."""
    with (
        running_server() as server,
        Simulator(time_scale=0.02, paint=False, workers=1000, history_complete=0.05) as simulator,
        sf.Workspace(server.new_database(), service=simulator.url, max_in_flight=8) as ws,
    ):
        live = ws.start(sweep(60))
        submits_reach(simulator, live, 20)
        with server.stopped():
            with pytest.raises(LogLocked, match="cannot be reached"):
                len(ws.sweeps)
            threading.Event().wait(LEASE_SECONDS)
            assert not live.done
        judge(live.wait(), simulator)


@pytest.mark.long
def test_a_standby_that_takes_over_under_a_sweep_loses_nothing():
    with (
        running_server() as primary,
        running_standby(primary) as standby,
        Simulator(time_scale=0.02, paint=False, workers=1000, history_complete=0.05) as simulator,
    ):
        database = primary.new_database()
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        both = database.replace(f"127.0.0.1:{primary.port}", hosts) + "?target_session_attrs=read-write"
        with sf.Workspace(both, service=simulator.url, max_in_flight=8) as ws:
            live = ws.start(sweep(60))
            submits_reach(simulator, live, 20)
            with sf.Workspace(standby.address(database.rpartition("/")[2]), service=simulator.url) as looking:
                assert len(looking.sweeps) == 1
                with pytest.raises(WorkspaceError, match=r"standby server.*Give the address of the primary server"):
                    looking.run(sweep(70))  # what is not done yet
            primary.stop()
            standby.execute(standby.address("postgres"), "SELECT pg_promote()")
            judge(live.wait(), simulator)
