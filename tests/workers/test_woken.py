"""A worker on a server is told what was submitted, and need not look for it."""

import threading

import segflux_nb as sf
from segflux_nb import worker as worker_module
from segflux_nb.clock import SystemClock
from segflux_nb.simulator.app import Simulator
from segflux_nb.worker import Worker


def test_a_submit_wakes_a_worker_that_does_not_look(postgres, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(worker_module, "LOOK_SECONDS", 3600.0)
    monkeypatch.setattr(worker_module, "HEARD_SECONDS", 3600.0)
    address, waits, is_done = postgres.new_database(), threading.Event(), threading.Event()

    def tell(line):
        if line == "Waiting for sweeps":
            waits.set()
        if line.endswith("Done"):
            is_done.set()

    with Simulator(time_scale=0, paint=False) as simulator:
        places = {"service": simulator.url, "pictures": tmp_path / "shared"}
        with sf.Workspace(address, **places) as ws, sf.Workspace(address, **places) as other:
            worker = Worker(ws, SystemClock(), tell)
            thread = threading.Thread(target=worker.run, daemon=True)
            thread.start()
            assert waits.wait(60)
            for seed in (1, 2):
                is_done.clear()
                other.submit(sf.Sweep(prompt="TOK", finetune_id="a", seed=seed))
                assert is_done.wait(60)
            worker.stop()
            thread.join(60)
            assert not thread.is_alive()
