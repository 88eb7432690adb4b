"""Several real processes on one workspace: each run is paid for once."""

import multiprocessing
from collections import Counter

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator

RUNS, PROCESSES = 500, 4


def run_all(folder, url, barrier, results):
    with sf.Workspace(folder, service=url) as ws:
        barrier.wait()
        runs = ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(RUNS)))
        results.put(runs.counts)


def test_four_processes_share_a_workspace_and_each_run_is_paid_once(tmp_path):
    """The history is declared complete. The runs overlap: every process submits some of them."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(PROCESSES), context.Queue()
    with Simulator(time_scale=0.002, paint=False, workers=1000) as simulator:
        workers = [
            context.Process(target=run_all, args=(tmp_path / "study", simulator.url, barrier, results))
            for _ in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        counts = [results.get(timeout=120) for _ in workers]
        for worker in workers:
            worker.join()
        assert counts == [{"completed": RUNS}] * PROCESSES
        seeds = Counter(entry.body["seed"] for entry in simulator.ledger.entries())
    assert len(seeds) == RUNS
    assert set(seeds.values()) == {1}
    with sf.Workspace(tmp_path / "study", service="simulator") as ws:
        cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(RUNS)))
        owners = Counter(
            data["owner"]
            for cell in cells
            for _, _, to, data in ws._journal.events("simulator", cell.digest)
            if to == "submitting"
        )
    assert len(owners) == PROCESSES, "each of them did a part"
