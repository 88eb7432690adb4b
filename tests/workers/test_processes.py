"""Real workers: killed, several at a time, on one log; and several processes that run one sweep file."""

import json
import os
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL and SIGTERM")

SEEDS = list(range(1, 31))


@pytest.fixture
def service(tmp_path):
    with Simulator(time_scale=0.01, paint=False, folder=tmp_path / "sim") as simulator:
        yield simulator


class Folder:
    """A workspace in a folder, of one machine."""

    def __init__(self, folder):
        self.name = str(folder / "study")
        self.environment = dict
        self.options = {}


class Database:
    """A workspace in a database. Each process is a machine with a folder of its own."""

    def __init__(self, folder, server):
        self.name = server.new_database()
        machines = (str(folder / f"machine-{number}") for number in count())
        self.environment = lambda: {
            **dict.fromkeys(("HOME", "XDG_CACHE_HOME"), next(machines)),
            **{"SEGFLUX_CACHE": "", "SEGFLUX_PICTURES": str(folder / "shared")},
        }
        self.options = {"pictures": folder / "shared"}


@pytest.fixture(params=["folder", "database"])
def place(request, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "own"))
    return Folder(tmp_path) if request.param == "folder" else Database(tmp_path, request.getfixturevalue("postgres"))


def command(place, verb, *arguments, behind=""):
    """A process of the command line on a workspace; behind a script that starts it, if one is given."""
    whole = [*arguments[:1], "--workspace", place.name, *arguments[1:]] if verb == "run" else None
    own = {"PYTHONPATH": str(Path(sf.__file__).parents[1]), "PYTHONUNBUFFERED": "1", **place.environment()}
    return subprocess.Popen(
        [
            sys.executable,
            *(["-c", behind] if behind else ["-m", "segflux_nb"]),
            verb,
            *map(str, whole or ["--workspace", place.name, *arguments]),
        ],
        env={**os.environ, **own},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def opened(place, service):
    return sf.Workspace(place.name, service=service.url, **place.options)


def sweep(**parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": SEEDS, **parameters})


def submit(place, service, **parameters):
    with opened(place, service) as ws:
        ws.submit(sweep(**parameters), name="study")


def until(condition, *processes):
    """Wait for something that processes do."""
    while not condition():  # it asks the simulator and the log, which tell nobody
        ended = [process for process in processes if process.poll() is not None]
        assert not ended or condition(), [process.communicate() for process in ended]
        time.sleep(0.05)


def status(place, service):
    with opened(place, service) as ws:
        return ws.runs("study").counts


def test_a_worker_that_is_killed_is_followed_by_another_which_pays_nothing_twice(place, service):
    submit(place, service)
    options = ("--service", service.url, "--max-in-flight", 4)
    for killed_at in (5, 15):
        process = command(place, "worker", *options)
        until(lambda at=killed_at: service.ledger.submits >= at, process)
        process.kill()
        process.communicate()
    process = command(place, "worker", *options, "--until-idle")
    said, errors = process.communicate()
    assert process.returncode == 0, said + errors
    assert status(place, service) == {"completed": len(SEEDS)}
    assert service.ledger.submits == len(SEEDS)
    assert "Done" in said


def test_two_workers_share_what_is_submitted_while_they_wait(place, service):
    workers = [command(place, "worker", "--service", service.url, "--max-in-flight", 4) for _ in range(2)]
    for one in workers:
        assert one.stdout.readline() == "Waiting for sweeps\n"
    submit(place, service)
    until(lambda: status(place, service).get("completed") == len(SEEDS), *workers)
    for one in workers:
        one.send_signal(signal.SIGTERM)
    for one in workers:
        said, errors = one.communicate()
        assert one.returncode == 0, said + errors
    assert service.ledger.submits == len(SEEDS)


def test_two_signals_end_a_worker_at_once(tmp_path):
    place = Folder(tmp_path)
    with Simulator(time_scale=20, paint=False) as slow:
        submit(place, slow, seed=[1])
        process = command(place, "worker", "--service", slow.url)
        until(lambda: set(status(place, slow)) & {"submitted", "processing"}, process)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate()
        assert process.returncode in (128 + signal.SIGTERM, 128 + signal.SIGINT), said + errors
        assert "Stopped; a worker continues" in said


BEHIND_A_BARRIER = """
import sys
from segflux_nb.cli import main
from segflux_nb.workspace import Workspace
print("ready", flush=True)
sys.stdin.readline()
main(sys.argv[1:])
"""


def test_four_machines_run_one_sweep_file_and_one_is_killed_half_way(place, service, tmp_path):
    whole = sweep(seed=list(range(1, 61)))
    whole.to_toml(tmp_path / "sweep.toml")
    options = ("run", tmp_path / "sweep.toml", "--service", service.url, "--json")
    starting = [command(place, *options, behind=BEHIND_A_BARRIER) for _ in range(4)]
    for process in starting:
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        process.stdin.write("go\n")
        process.stdin.flush()
    until(lambda: service.ledger.submits >= len(whole) // 2, *starting)
    starting[0].kill()
    starting[0].communicate()
    for process in starting[1:]:
        said, errors = process.communicate()
        assert process.returncode == 0, said + errors
        assert json.loads(said)["counts"] == {"completed": len(whole)}
    assert service.ledger.submits == len(whole)
