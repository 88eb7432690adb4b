"""How near we come to the best possible: polls, limits, and the wall clock, beside the official SDK.

- polls and lag a run, in virtual time, for four distributions of service times;
- pictures a minute under a limit of requests per minute, all counted, in virtual time;
- limits that the service does not publish, in virtual time (`benchmarks/policies.py`);
- 500 runs over real loopback, the simulator in another process, against the greedy schedule of the drawn times.
- CPU of a run and syncs of the disk, beside an old commit, the official SDK and a script with the same durability, on
  this disk and on one that takes 5 ms for each sync (`benchmarks/beside.py`);
- a service that is 150 ms away (`benchmarks/far.py`).

Everything stands side by side, taken in one run. `--cpu` and `--far` print the last two alone. Two more tables come
by themselves alone: `--faults`, a script of faults for us and for the official SDK (four minutes), and `--memory`, a
sweep of 100,000 runs (a quarter of an hour).

Run with: python benchmarks/running.py
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx2
import numpy as np
import psutil
import segmind
from beside import OLD, beside
from far import far
from faults import MEAN as FAULTS_MEAN
from faults import TAKES, faults
from plots import bars, scatter
from policies import POLICIES, fixed, limit_rows, lognormal, polling_rows

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.pictures.store import PictureStore
from segflux_nb.simulator.app import Simulator
from segflux_nb.simulator.service.responses import ServiceRequest
from tests.support.lower_bound import greedy_seconds
from tests.support.service import BODY
from tests.support.virtual import BASE, Bench

DOCS = Path(__file__).parents[1] / "docs"
RUNS, MEAN, SLOTS = 500, 4.0, 50
SDK_THREADS = 6
"""Threads of Python's own pool on two cores: the SDK has none of its own."""


def grid(number: int, first: int = 0) -> sf.Sweep:
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(first, first + number))


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


# ---------------------------------------------------------------------- polls and lag


def polling() -> None:
    heading("Polls and mean lag (s) a run; mean 22 s, 50 in flight, virtual time")
    print(f"{'':26} {'ours':>14} {'SDK, every 1 s':>16} {'optimum':>14} {'cost: ours / optimum':>22}")
    rows = polling_rows()
    for name, ours, sdk, best, ratio in rows:
        cells = [f"{polls:6.2f} / {lag:5.2f}" for polls, lag in (ours, sdk, best)]
        print(f"{name:26} {cells[0]:>14} {cells[1]:>16} {cells[2]:>14} {ratio:22.3f}")
    times = lognormal(np.random.default_rng(1), 22, 0.15, 5000)
    every = [(f"every {seconds:g} s", *fixed(times, seconds)) for seconds in (0.5, 1.0, 2.0, 5.0, 10.0)]
    points = [*every, ("ours", *rows[0][1]), ("optimum", *rows[0][3])]
    (DOCS / "polling.svg").write_text(
        scatter(points, "status polls a run", "mean lag, seconds", "Jobs of 22 s ± 15 %: what polls cost and bring")
    )


# ---------------------------------------------------------------------- a limit of requests per minute


async def like_the_sdk(bench: Bench, bodies: list[dict[str, Any]]) -> tuple[int, int]:
    """The SDK's calls in a thread pool, in virtual time: submit, poll each second, result. An error ends the call."""
    waiting = list(reversed(bodies))
    done = lost = 0

    def call(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"content-type": "application/json"} if body is not None else {}
        content = json.dumps(body).encode() if body is not None else b""
        reply, data = bench.simulator.reply(ServiceRequest(method, path, BASE, {}, headers, content))
        return reply.status, data

    async def work() -> None:
        nonlocal done, lost
        while waiting:
            status, data = call("POST", f"/v2/{MODEL.slug}", waiting.pop())
            await asyncio.sleep(0.1)
            if status != 200:
                lost += 1
                continue
            request_id = json.loads(data)["request_id"]
            while True:
                status, data = call("GET", f"/v2/requests/{request_id}/status")
                await asyncio.sleep(0.1)
                if status != 200 or json.loads(data)["status"] == "COMPLETED":
                    break
                await asyncio.sleep(1.0)
            if status == 200:
                status, data = call("GET", f"/v2/requests/{request_id}")
                await asyncio.sleep(0.1)
            done += status == 200
            lost += status != 200

    await asyncio.gather(*[work() for _ in range(SDK_THREADS)])
    return done, lost


def requests_a_minute() -> None:
    heading("Pictures a minute under a limit of requests a minute, all counted; virtual time")
    print(
        f"{'':10} {'ours':>8} {'bound R/3':>10} {'share':>7} {'429s':>6}"
        "   SDK in 6 threads: pictures a minute, calls lost"
    )
    for rpm, number in ((5, 40), (50, 300), (500, 2000)):
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(Path(folder), durable=False, rpm=rpm, count_gets=True, workers=5000)
            rows = bench.run(grid(number), max_in_flight=500, max_rpm=rpm)
            ended = sorted(row.detected_at for row in rows)
            # In the middle, so that neither the first wave nor the last drain counts.
            first, last = len(ended) // 5, len(ended) * 4 // 5
            ours = 60 * (last - first) / (ended[last] - ended[first])
            refused = sum(reply == 429 for reply in bench.transport.statuses)
        with tempfile.TemporaryDirectory() as folder:
            other = Bench(Path(folder), durable=False, rpm=rpm, count_gets=True, workers=5000)
            bodies = [{**BODY, "seed": seed} for seed in range(number)]
            done, lost = other.clock.run(like_the_sdk(other, bodies))
            theirs = 60 * done / other.clock.monotonic()
        print(
            f"{rpm:4} a min {ours:8.2f} {rpm / 3:10.2f} {ours / (rpm / 3):7.1%} {refused:6}"
            f"   {theirs:8.2f}, {lost} of {number}"
        )


def unknown_limits() -> None:
    heading("Limits that are not published, halved midway: share of the ideal time, 429s a job; simulated")
    rows = limit_rows()
    print(f"{'':12}" + "".join(f"{name:>22}" for name in POLICIES))
    for name, found in rows:
        print(f"{name:12}" + "".join(f"{found[policy][0]:13.1%} {found[policy][1]:8.2f}" for policy in POLICIES))
    (DOCS / "limits.svg").write_text(
        bars(
            {name: {policy: found[policy][0] for policy in POLICIES} for name, found in rows},
            "Share of the ideal speed, against limits that are not published",
        )
    )


# ---------------------------------------------------------------------- the wall clock


def serve(pipe: Connection) -> None:
    with Simulator(time_scale=MEAN / MODEL.seconds, workers=1000, paint=False) as simulator:
        pipe.send(simulator.url)
        while pipe.recv() != "end":
            entries = simulator.ledger.entries()
            pipe.send([entry.finished_at - entry.started_at for entry in entries])


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def with_the_sdk(url: str, folder: Path) -> None:
    """The same job by the official SDK in a pool of as many threads: picture downloaded, decoded, on disk."""
    client = segmind.SegmindClient(api_key="any", base_url=f"{url}/v1")
    store = PictureStore(folder)
    pictures = httpx2.Client()

    def one(seed: int) -> None:
        result = client.run(MODEL.slug, **{**BODY, "seed": seed})
        store.put(pictures.get(result["output"]).content)

    with ThreadPoolExecutor(SLOTS) as pool:
        list(pool.map(one, range(10_000, 10_000 + RUNS)))
    client._client.close()
    pictures.close()


def wall_clock() -> None:
    heading(f"{RUNS} runs of {MEAN:g} s, {SLOTS} in flight, real loopback, simulator in another process")
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    server = context.Process(target=serve, args=(far,))
    server.start()
    url = pipe.recv()
    print(f"{'':22} {'wall s':>8} {'greedy s':>9} {'ratio':>6} {'polls/run':>10} {'lag s':>7} {'CPU ms/run':>11}")
    ratios, seen = [], 0

    def times() -> list[float]:
        nonlocal seen
        pipe.send("times")
        found = pipe.recv()
        fresh, seen = found[seen:], len(found)
        return list(fresh)

    for take in range(3):
        with (
            tempfile.TemporaryDirectory() as folder,
            sf.Workspace(Path(folder) / "w", service=url, max_in_flight=SLOTS) as ws,
        ):
            began, used = time.monotonic(), cpu()
            runs = ws.run(grid(RUNS, take * RUNS))
            wall, used = time.monotonic() - began, cpu() - used
            assert runs.counts == {"completed": RUNS}
            log = runs.log
            lag = (log["detected_at"] - log["accepted_at"]).dt.total_seconds() - log["render_seconds"]
            best = greedy_seconds(times(), SLOTS)
            ratios.append(wall / best)
            print(
                f"{f'ours, {take + 1}':22} {wall:8.2f} {best:9.2f} {wall / best:6.3f} {log['polls'].mean():10.2f}"
                f" {lag.mean():7.3f} {1000 * used / RUNS:11.2f}"
            )
    with tempfile.TemporaryDirectory() as folder:
        began, used = time.monotonic(), cpu()
        with_the_sdk(url, Path(folder))
        wall, used = time.monotonic() - began, cpu() - used
        best = greedy_seconds(times(), SLOTS)
        print(
            f"{f'SDK in {SLOTS} threads':22} {wall:8.2f} {best:9.2f} {wall / best:6.3f} {'':10} {'':7}"
            f" {1000 * used / RUNS:11.2f}"
        )
    print(f"ours, median: {statistics.median(ratios):.3f} x the greedy schedule")
    pipe.send("end")
    server.join()


def memory(number: int) -> None:
    heading(f"Memory: a sweep of {number:,} runs, 500 in flight, virtual time")
    process, peak, done = psutil.Process(), 0, threading.Event()
    marks: list[int] = []

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.5):
            now = process.memory_info().rss
            peak = max(peak, now)
            marks.append(now >> 20)

    with tempfile.TemporaryDirectory() as folder:
        # The simulator keeps its ledger on disk, and the test's transport keeps no list: what is left is ours.
        bench = Bench(Path(folder), durable=False, workers=5000, folder=Path(folder) / "simulator")
        bench.transport.sent = bench.transport.statuses = Forgetful()
        threading.Thread(target=watch, daemon=True).start()
        cells = list(grid(number))
        before = process.memory_info().rss >> 20
        bench.drive(cells, max_in_flight=500)
        done.set()
    parts = [marks[len(marks) * share // 10] for share in range(1, 10)]
    print(f"before {before} MB, peak {peak >> 20} MB; at each tenth of the time: {parts}")


class Forgetful(list[Any]):
    def append(self, item: Any) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description="Ours, the official SDK and the optimum, side by side.")
    parser.add_argument("--faults", action="store_true", help="only this: a script of faults, beside the SDK")
    parser.add_argument(
        "--mean", type=float, default=FAULTS_MEAN, help="seconds that a job takes on average there, %(default)g"
    )
    parser.add_argument("--takes", type=int, default=TAKES, help="how many scripts are played there, %(default)d")
    parser.add_argument("--memory", type=int, nargs="?", const=100_000, help="only this: a sweep of this many runs")
    parser.add_argument("--cpu", action="store_true", help="only this: CPU of a run, beside others")
    parser.add_argument("--far", action="store_true", help="only this: a service that is far away")
    parser.add_argument("--old", default=OLD, metavar="COMMIT", help="the commit that both compare with, %(default)s")
    options = parser.parse_args()
    if options.cpu or options.far:
        if options.cpu:
            beside(options.old)
        if options.far:
            far(options.old)
        return
    if options.faults:
        faults(options.mean, options.takes)
        return
    if options.memory:
        memory(options.memory)
        return
    polling()
    requests_a_minute()
    unknown_limits()
    wall_clock()
    beside(options.old)
    far(options.old)


if __name__ == "__main__":
    main()
