"""CPU of a run, and what waits for the disk: us, an old commit, the official SDK, and a script with our durability.

Each client is a process of its own, in turns (A B C D, A B C D), against one simulator in another process. A small
library that is put between a client and its disk counts ``fsync`` and ``fdatasync``; in the second table each of them
takes 5 ms longer. It is compiled by ``cc``; without one there is one table, without counts.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator

ROOT = Path(__file__).parents[1]
OLD = "fcc6836"
"""The commit before requests had connections of their own."""

RUNS, SLOTS, MEAN, SYNC_MS = 300, 64, 0.25, 5


def serve(pipe: Connection, mean: float) -> None:
    with Simulator(time_scale=mean / MODEL.seconds, workers=1000, paint=False) as simulator:
        pipe.send(simulator.url)
        pipe.recv()


@contextmanager
def served(mean: float) -> Iterator[str]:
    """A simulator in another process: its address."""
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    server = context.Process(target=serve, args=(far, mean))
    server.start()
    try:
        yield pipe.recv()
    finally:
        pipe.send("end")
        server.join()


def checkout(commit: str, folder: Path) -> Path | None:
    """The package as it was at a commit; None where this is no clone that has it."""
    found = subprocess.run(["git", "archive", commit, "segflux_nb"], cwd=ROOT, capture_output=True)
    if found.returncode:
        return None
    with tarfile.open(fileobj=io.BytesIO(found.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def shim(folder: Path) -> Path | None:
    """The library that counts and slows what waits for the disk; None without a compiler, or on another system."""
    compiler, library = shutil.which("cc"), folder / "slow_sync.so"
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    source = Path(__file__).with_name("slow_sync.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True)
    return library


Figures = tuple[float, float, float]


def measured(kind: str, root: Path, url: str, first: int, number: int, library: Path | None, sync_ms: int) -> Figures:
    """CPU ms a run, pictures a second, and syncs a run (with those of the four runs before) of a client."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "SEGMIND_API_KEY": "", "PYTHONPATH": ""}
        count = Path(folder, "syncs")
        if library is not None:
            environment |= {"LD_PRELOAD": str(library), "SLOW_SYNC_MS": str(sync_ms), "SLOW_SYNC_COUNT": str(count)}
        arguments = [kind, root, url, first, number, SLOTS, folder]
        client = Path(__file__).with_name("clients.py")
        done = subprocess.run(
            [sys.executable, "-P", client, *map(str, arguments)], env=environment, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        found = json.loads(done.stdout.splitlines()[-1])
        syncs = int(count.read_text()) / (number + 4) if count.exists() else float("nan")
    return 1000 * found["cpu"], number / found["wall"], syncs


def beside(commit: str = OLD, takes: int = 2, number: int = RUNS) -> None:
    """Print both tables.

    Parameters
    ----------
    commit:
        The old commit.
    takes:
        Rounds; medians are printed.
    number:
        Runs of each client in a round.
    """
    with tempfile.TemporaryDirectory() as name:
        library, old = shim(Path(name)), checkout(commit, Path(name, "old"))
        clients = {"ours": ("ours", ROOT), **({f"at {commit}": ("ours", old)} if old else {})}
        clients |= {"a script with our durability": ("script", ROOT), "SDK in threads, no log": ("sdk", ROOT)}
        for sync_ms in (0, SYNC_MS) if library else (0,):
            text = f"each fsync {sync_ms} ms longer" if sync_ms else "this disk"
            heading = (
                f"CPU of a run: {number} runs of {MEAN:g} s, {SLOTS} slots, {text}; medians of {takes}, in turns"
            )
            print(f"\n{heading}\n{'-' * len(heading)}")
            print(f"{'':30} {'CPU ms/run':>11} {'ratio':>6} {'pictures/s':>11} {'ratio':>6} {'syncs/run':>10}")
            rows: dict[str, list[Figures]] = {client: [] for client in clients}
            with served(MEAN) as url:
                for take in range(takes):
                    for place, (client, (kind, root)) in enumerate(clients.items()):
                        first = 10_000 * (1 + take * len(clients) + place)
                        rows[client].append(measured(kind, root, url, first, number, library, sync_ms))
            own = [statistics.median(column) for column in zip(*rows["ours"], strict=True)]
            for client, found in rows.items():
                used, pace, syncs = (statistics.median(column) for column in zip(*found, strict=True))
                print(
                    f"{client:30} {used:11.2f} {own[0] / used:6.2f} {pace:11.1f} {own[1] / pace:6.2f} {syncs:10.1f}"
                )
    print("ratio: ours relative to that row")
