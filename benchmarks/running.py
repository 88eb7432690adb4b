"""How near a sweep comes to the best that its drawn service times allow.

200 runs of 2 s on average, 50 in flight, against the simulator in another process, nothing painted. The optimum is
the greedy schedule: each job starts the moment one of 50 slots is free, and nothing costs any time in between.

Run with: python benchmarks/running.py
"""

import heapq
import multiprocessing
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator

RUNS, MEAN, SLOTS = 200, 2.0, 50


def serve(pipe: Connection) -> None:
    with Simulator(time_scale=MEAN / MODEL.seconds, workers=1000, paint=False) as simulator:
        pipe.send(simulator.url)
        pipe.recv()
        pipe.send([entry.finished_at - entry.started_at for entry in simulator.ledger.entries()])


def greedy(times: list[float]) -> float:
    free = [0.0] * SLOTS
    for seconds in times:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def main() -> None:
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    server = context.Process(target=serve, args=(far,))
    server.start()
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(RUNS))
    with (
        tempfile.TemporaryDirectory() as folder,
        sf.Workspace(Path(folder) / "w", service=pipe.recv(), max_in_flight=SLOTS) as ws,
    ):
        print(f"{'':12} {'wall s':>8} {'optimum s':>10} {'ratio':>6} {'polls/run':>10} {'mean lag s':>11}")
        for name, grid in (("cold", sweep), ("warm", sweep.replace(seed=range(RUNS, 2 * RUNS)))):
            started = time.monotonic()
            runs = ws.run(grid)
            wall = time.monotonic() - started
            log = runs.log
            assert runs.counts == {"completed": RUNS}
            taken = (log["detected_at"] - log["accepted_at"]).dt.total_seconds()
            times = list(log.sort_values("accepted_at")["render_seconds"])
            lag = (taken - log["render_seconds"]).mean()
            best = greedy(times)
            print(f"{name:12} {wall:8.2f} {best:10.2f} {wall / best:6.3f} {log['polls'].mean():10.2f} {lag:11.3f}")
    pipe.send("done")
    assert len(pipe.recv()) == 2 * RUNS
    server.join()


if __name__ == "__main__":
    main()
