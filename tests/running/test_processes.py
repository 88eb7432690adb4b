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


def shares(study, url):
    """Who submitted how many of the runs, and how many polls there were."""
    with sf.Workspace(study, service=url) as ws:
        events = ws._journal.of(ws.service).runs.events
        submits = [data for cell in grid() for _, _, to, data in events(cell.digest) if to == "submitting"]
        return Counter(data["owner"] for data in submits), ws.runs().log["polls"].sum()


def test_four_processes_share_a_workspace_and_each_run_is_paid_once(study):
    """The history is declared complete. Jobs take long enough that no process can have all of them in flight."""
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(PROCESSES), context.Queue()
    with Simulator(time_scale=0.1, paint=False, workers=1000) as simulator:
        workers = [
            context.Process(target=run_all, args=(study, simulator.url, barrier, results)) for _ in range(PROCESSES)
        ]
        for worker in workers:
            worker.start()
        counts, began, ended = zip(*(results.get(timeout=300) for _ in workers), strict=True)
        for worker in workers:
            worker.join()
        assert list(counts) == [{"completed": RUNS}] * PROCESSES
        entries = simulator.ledger.entries()
        owners, polls = shares(study, simulator.url)
    assert Counter(entry.body["seed"] for entry in entries) == dict.fromkeys(range(RUNS), 1)
    overlap = [entry for entry in entries if max(began) <= entry.submitted_at <= min(ended)]
    assert overlap, "they ran at the same time"
    assert len(owners) == PROCESSES, "each of them did a part"
    assert polls < 10 * RUNS, "and each job is polled by one process only"
