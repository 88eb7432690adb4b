"""Several real processes on one workspace: each run is paid for once."""

import multiprocessing
import time
from collections import Counter

import segflux_nb as sf
from segflux_nb.simulator.app import Simulator

RUNS, PROCESSES = 500, 4


def grid():
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(RUNS))


def run_all(folder, url, barrier, results):
    with sf.Workspace(folder, service=url) as ws:
        ws.plan(grid())
        barrier.wait()
        began = time.time()
        runs = ws.run(grid())
        results.put((runs.counts, began, time.time()))


def test_four_processes_share_a_workspace_and_each_run_is_paid_once(tmp_path):
    """The history is declared complete. Jobs take long enough that no process can have all of them in flight."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(PROCESSES), context.Queue()
    with Simulator(time_scale=0.1, paint=False, workers=1000) as simulator:
        workers = [
            context.Process(target=run_all, args=(tmp_path / "study", simulator.url, barrier, results))
            for _ in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        counts, began, ended = zip(*(results.get(timeout=300) for _ in workers), strict=True)
        for worker in workers:
            worker.join()
        assert list(counts) == [{"completed": RUNS}] * PROCESSES
        entries = simulator.ledger.entries()
    assert Counter(entry.body["seed"] for entry in entries) == dict.fromkeys(range(RUNS), 1)
    overlap = [entry for entry in entries if max(began) <= entry.submitted_at <= min(ended)]
    assert overlap, "they ran at the same time"
    with sf.Workspace(tmp_path / "study", service="simulator") as ws:
        owners = Counter(
            data["owner"]
            for cell in grid()
            for _, _, to, data in ws._journal.of(ws.service).runs.events(cell.digest)
            if to == "submitting"
        )
        polls = ws.runs().log["polls"].sum()
    assert len(owners) == PROCESSES, "each of them did a part"
    assert polls < 10 * RUNS, "and each job is polled by one process only"
