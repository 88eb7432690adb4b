"""Real processes on one workspace that are stopped, or in PID namespaces of their own: each cell is paid for once."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest

import segflux_nb as sf
from segflux_nb.running import fence, heartbeats, ownership
from segflux_nb.simulator.app import Simulator

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc and SIGSTOP")

SHORT = {
    (heartbeats, "HEARTBEAT_SECONDS"): 0.2,
    (heartbeats, "FRESH_SECONDS"): 0.4,
    (heartbeats, "WATCH_SECONDS"): 0.6,
    (ownership, "LEASE_SECONDS"): 1.0,
    (ownership, "SUBMIT_LEASE_SECONDS"): 2.0,
    (fence, "FENCE_SECONDS"): 1.0,
}
"""Leases short enough to wait for. Their order is that of the real ones."""

CHILD = """
import importlib, json, os, signal, sys
import segflux_nb as sf
from segflux_nb.runlog import forks
from segflux_nb.running.fence import Fence
from segflux_nb.service.api import Api
settings = json.loads(sys.argv[1])
for module, name, value in settings["short"]:
    setattr(importlib.import_module(module), name, value)

def stopping_once(kind, name):
    # Stop before this method, but in no transaction: that would keep the log locked.
    method = getattr(kind, name)
    def stopping(self, *arguments, **options):
        setattr(kind, name, method)
        forks._before_fork()
        signal.raise_signal(signal.SIGSTOP)  # to this thread: another one would take it later
        forks._after_fork()
        return method(self, *arguments, **options)
    setattr(kind, name, stopping)

if settings["stops"] == "before its first byte":
    stopping_once(Fence, "_reason_from_afar" if "://" in settings["study"] else "_reason")
if settings["stops"] == "before it polls":
    stopping_once(Api, "status")
grid = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(settings["cells"]))
with sf.Workspace(settings["study"], service=settings["url"]) as ws:
    print(json.dumps(ws.run(grid).counts), flush=True)
"""


def grid(cells):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(cells))


@contextlib.contextmanager
def child(folder, url, *, cells, stops="", short=True, prefix=(), study="study"):
    settings = {
        "study": str(study),
        "url": url,
        "cells": cells,
        "stops": stops,
        "short": [[module.__name__, name, value] for (module, name), value in SHORT.items()] if short else [],
    }
    process = subprocess.Popen(
        [*prefix, sys.executable, "-c", CHILD, json.dumps(settings)], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        process.kill()
        process.wait()
        process.stdout.close()


def counts_of(process):
    return json.loads(process.stdout.readline())


def wait_until(condition):
    """Look until something is so: there is no event for the state of another process."""
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it does not come")


def is_stopped(process):
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


def paid(simulator):
    return Counter(entry.body["seed"] for entry in simulator.ledger.entries())


@pytest.fixture
def short(monkeypatch):
    for (module, name), value in SHORT.items():
        monkeypatch.setattr(module, name, value)


def test_a_process_that_is_stopped_before_its_first_byte_does_not_send_it_later(tmp_path, short, study):
    with Simulator(time_scale=0.001, paint=False) as simulator:
        with child(tmp_path, simulator.url, cells=1, stops="before its first byte", study=study) as stopped:
            wait_until(lambda: is_stopped(stopped))
            assert simulator.ledger.submits == 0
            with sf.Workspace(study, service=simulator.url) as ws:
                assert ws.run(grid(1)).counts == {"completed": 1}
            assert simulator.ledger.submits == 1
            stopped.send_signal(signal.SIGCONT)
            assert counts_of(stopped) == {"completed": 1}
        assert simulator.ledger.submits == 1


def test_jobs_of_a_stopped_process_are_collected_by_another(tmp_path, short):
    with Simulator(time_scale=0.05, paint=False, workers=100) as simulator:
        with child(tmp_path, simulator.url, cells=12, stops="before it polls") as stopped:
            wait_until(lambda: is_stopped(stopped))
            assert simulator.ledger.submits
            with sf.Workspace(tmp_path / "study", service=simulator.url) as ws:
                assert ws.run(grid(12)).counts == {"completed": 12}
            stopped.send_signal(signal.SIGCONT)
            assert counts_of(stopped) == {"completed": 12}
        assert paid(simulator) == dict.fromkeys(range(12), 1)


NAMESPACE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def cannot_make_namespaces():
    """Why not; empty if they can be made."""
    try:
        tried = subprocess.run([*NAMESPACE, "true"], capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    return tried.stderr.strip() or ("" if tried.returncode == 0 else "unshare fails")


@pytest.fixture(scope="module")
def namespaces():
    if reason := cannot_make_namespaces():
        pytest.skip(f"PID namespaces cannot be made here: {reason}")


@pytest.mark.parametrize("prefix", [NAMESPACE, NAMESPACE[:-1]], ids=["own proc", "proc of the host"])
@pytest.mark.parametrize("second", ["container", "host"])
def test_two_containers_with_one_host_name_wait_for_each_other(tmp_path, namespaces, prefix, second):
    """Both have the number 1, or one of them is not seen by the other. The history is never complete."""
    with Simulator(time_scale=0.02, paint=False, workers=100, history_complete=None) as simulator:
        with child(tmp_path, simulator.url, cells=40, short=False, prefix=prefix) as first:
            wait_until(lambda: simulator.ledger.submits >= 4)
            with child(
                tmp_path, simulator.url, cells=40, short=False, prefix=prefix if second == "container" else ()
            ) as other:
                assert [counts_of(process) for process in (first, other)] == [{"completed": 40}] * 2
        assert paid(simulator) == dict.fromkeys(range(40), 1)
