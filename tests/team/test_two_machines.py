"""Two machines share one PostgreSQL and no disk; one of them is cut off for a while.

The service is one simulator on this machine, which each of them reaches through a forwarder on its own loopback: the
rule that nothing goes to another machine without TLS stays.
"""

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from urllib.parse import urlsplit

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL
from tests.postgres_server import running_server, skip_without_postgres
from tests.support import s3_server

from .networks import machine, missing

RUNNER = """
import json, sys
import segflux_nb as sf
place, service, number = sys.argv[1:]
sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(int(number)))
with sf.Workspace(place, service=service, max_in_flight=16) as ws:
    print("ready", flush=True)
    sys.stdin.readline()
    runs = ws.run(sweep)
    print(json.dumps([runs.counts, sum(run.path is not None for run in runs)]), flush=True)
"""


@pytest.fixture(scope="module")
def reachable():
    """A PostgreSQL that other machines reach."""
    if reason := missing():
        pytest.skip(reason)
    skip_without_postgres()
    with running_server(listen_addresses="*") as server:
        with (server.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.231.0.0/16 trust\n")
        server.execute(server.address("postgres"), "SELECT pg_reload_conf()")
        yield server


def share(reachable, tmp_path, runs, seconds, job_seconds):
    """Let two machines run one sweep, of which one is cut off for some seconds when a third is submitted."""
    address = reachable.new_database()
    with (
        s3_server.moto(s3_server.need_moto()) as store,
        sf.Simulator(time_scale=job_seconds / MODEL.seconds, paint=False) as simulator,
        machine() as one,
        machine() as other,
    ):
        runners = []
        for here in (one, other):
            for url in (simulator.url, store):
                here.forward(urlsplit(url).port)
            place = address.replace("127.0.0.1", here.host)
            runners.append(
                subprocess.Popen(
                    here.command(sys.executable, "-c", RUNNER, place, simulator.url, runs),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    env={
                        **os.environ,
                        **s3_server.environment(store),
                        "SEGFLUX_PICTURES": f"s3://{s3_server.BUCKET}/study",
                        "SEGFLUX_CACHE": str(tmp_path / here.name),
                        "SEGMIND_API_KEY": "",
                    },
                )
            )
        for runner in runners:
            assert runner.stdout.readline() == "ready\n"
        for runner in runners:
            runner.stdin.write("go\n")
            runner.stdin.flush()
        wait_for(lambda: simulator.ledger.submits >= runs // 3)
        other.cut_off()
        threading.Event().wait(seconds)
        other.join()
        for runner in runners:
            found, _ = runner.communicate(timeout=900)
            assert runner.returncode == 0
            counts, pictures = json.loads(found)
            assert counts == {"completed": runs}
            assert pictures == runs, "each machine has the pictures of both"
        paid = Counter(entry.body["seed"] for entry in simulator.ledger.entries())
        assert paid == dict.fromkeys(range(runs), 1)
    owners = reachable.execute(
        address, "SELECT count(DISTINCT data::json ->> 'owner') FROM events WHERE data::json ->> 'owner' != ''"
    )
    assert owners == [(2,)], "both have worked"


def wait_for(condition):
    for _ in range(6000):
        if condition():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it did not come to this")


def test_two_machines_share_a_sweep_and_one_is_cut_off_for_a_moment(reachable, tmp_path):
    share(reachable, tmp_path, runs=60, seconds=2, job_seconds=0.2)


@pytest.mark.long
def test_two_machines_pay_each_of_a_thousand_runs_once_and_one_is_cut_off_for_a_minute(reachable, tmp_path):
    share(reachable, tmp_path, runs=1000, seconds=60, job_seconds=2)
