"""One script of faults for the official SDK in threads and for ours, side by side, judged by an independent server.

The server is the scripted one of the tests (`tests/hostile/server.py`): it is written from the contract alone, runs
in a process of its own on a real socket, keeps a ledger of what it accepted, and declares nothing about its history,
like the hosted service. Which call fails, and how, is drawn from the take, the kind of call, the seed of the cell and
the number of the attempt, and so is the time of each job: neither timing nor the client changes a draw.

The SDK polls each second and ends a call at its first error. So it gives up more jobs the longer they take, and is
done before all the jobs could be: of jobs of 22 s it keeps a quarter. Here they take 4 s, as in the table of the wall
clock, and a pass takes half a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import multiprocessing
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import segmind
from PIL import Image

import segflux_nb as sf
from tests.hostile.fault_script import SPREAD, script_of
from tests.hostile.loopback import Loopback
from tests.hostile.server import MODEL, ScriptedService
from tests.support.lower_bound import greedy_seconds
from tests.support.service import BODY

JOBS, SLOTS, MEAN, TAKES = 300, 50, 4.0, 3

# ---------------------------------------------------------------------- the server, in a process of its own


@dataclass(frozen=True)
class Accepted:
    """A line of the ledger."""

    seed: int
    seconds: float
    sha256: str


def serve(pipe: Connection, take: int, mean: float) -> None:
    asyncio.run(_serve(pipe, take, mean))


async def _serve(pipe: Connection, take: int, mean: float) -> None:
    service = ScriptedService(time.time, script_of(take, mean))
    loopback = Loopback(service)
    await loopback.start()
    pipe.send(service.origin)
    loop = asyncio.get_running_loop()
    while await loop.run_in_executor(None, pipe.recv) != "end":
        pipe.send(
            [Accepted(job.seed, job.seconds, hashlib.sha256(job.picture).hexdigest()) for job in service.ledger]
        )
    await loopback.stop()


class Server:
    """The server: its address and its ledger."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.url: str = pipe.recv()

    def ledger(self) -> list[Accepted]:
        self._pipe.send("ledger")
        found: list[Accepted] = self._pipe.recv()
        return found


@contextlib.contextmanager
def server(take: int, mean: float) -> Iterator[Server]:
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=serve, args=(far, take, mean))
    process.start()
    try:
        yield Server(near)
    finally:
        near.send("end")
        process.join()


# ---------------------------------------------------------------------- the two clients


@dataclass(frozen=True)
class Pass:
    """What one pass came to, by the ledger and by the pictures in hand."""

    name: str
    wall: float
    paid: int
    kept: int
    twice: int
    unknown: int
    refused: int
    best: float
    """Seconds of the greedy schedule of the accepted jobs."""


def judged(name: str, wall: float, ledger: list[Accepted], hands: Mapping[int, bytes], unknown: int) -> Pass:
    """Compare what was paid for with the pictures in hand."""
    paid = Counter(job.seed for job in ledger)
    pictures = {(job.seed, job.sha256) for job in ledger}
    kept = [seed for seed, data in hands.items() if (seed, hashlib.sha256(data).hexdigest()) in pictures]
    twice = sum(number - 1 for number in paid.values())
    best = greedy_seconds([job.seconds for job in ledger], SLOTS)
    return Pass(name, wall, len(ledger), len(kept), twice, unknown, JOBS - len(paid), best)


def with_the_sdk(take: int, mean: float) -> Pass:
    """The SDK's own example in a pool of threads: `run`, then the picture behind `output`. An error ends its cell."""
    hands: dict[int, bytes] = {}
    unknown = 0
    with server(take, mean) as service, httpx.Client() as pictures:
        client = segmind.SegmindClient(api_key="any", base_url=f"{service.url}/v1")

        def one(seed: int) -> Exception | None:
            try:
                result = client.run(MODEL, **{**BODY, "seed": seed})
                response = pictures.get(result["output"])
                response.raise_for_status()
                Image.open(io.BytesIO(response.content)).load()
            except Exception as error:  # noqa: BLE001 - the loop goes on with the next cell, as a user's does
                return error
            hands[seed] = response.content
            return None

        began = time.monotonic()
        with ThreadPoolExecutor(SLOTS) as pool:
            errors = list(pool.map(one, range(1, JOBS + 1)))
        wall = time.monotonic() - began
        # 429 and 503 come from submits alone, or from pictures whose address is known. Of the other errors, none says
        # whether a job was accepted, and none names one.
        unknown = sum(error is not None and not _is_refusal(error) for error in errors)
        client._client.close()
        return judged(f"SDK in {SLOTS} threads", wall, service.ledger(), hands, unknown)


def _is_refusal(error: Exception) -> bool:
    if isinstance(error, segmind.SegmindError):
        return error.status in (429, 503)
    return isinstance(error, httpx.HTTPStatusError)


def with_ours(take: int, mean: float) -> list[Pass]:
    """`ws.run`, then again while something is open, and at last what was never accepted once more."""
    passes = []
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(1, JOBS + 1))
    with (
        server(take, mean) as service,
        tempfile.TemporaryDirectory() as folder,
        sf.Workspace(
            Path(folder) / "w", service=service.url, api_key="SG_0123456789abcdef", max_in_flight=SLOTS
        ) as ws,
    ):
        for name, options in (
            ("ours, ws.run", {}),
            ("ours, again", {}),
            ("ours, resubmit_unknown", {"resubmit_unknown": True}),
        ):
            began = time.monotonic()
            runs = ws.run(sweep, max_cost=1000, **options)
            wall = time.monotonic() - began
            hands = {run.parameters["seed"]: run.path.read_bytes() for run in runs if run.status == "completed"}
            unknown = runs.counts.get("unknown", 0)
            passes.append(judged(name, wall, service.ledger(), hands, unknown))
            if runs.stopped:
                print(f"    {name} stopped: {runs.stopped}")
            if len(hands) == JOBS:
                break
    return passes


def faults(mean: float = MEAN, takes: int = TAKES) -> None:
    """Print what both come to under one script of faults; who goes first alternates."""
    title = (
        f"{JOBS} jobs of {mean:g} s ± {SPREAD:.0%}, {SLOTS} in flight, one script of faults for both, real loopback"
    )
    print(f"\n{title}\n{'-' * len(title)}")
    names = ("paid", "kept", "paid twice", "unknown", "wall s", "greedy s", "/ SDK")
    widths = (5, 5, 11, 8, 8, 9, 6)
    print(" " * 26, *(f"{name:>{width}}" for name, width in zip(names, widths, strict=True)))
    ratios = []
    for take in range(1, takes + 1):
        if take % 2:
            theirs, ours = with_the_sdk(take, mean), with_ours(take, mean)
        else:
            ours, theirs = with_ours(take, mean), with_the_sdk(take, mean)
        ratios.append(ours[0].wall / theirs.wall)
        for one in (theirs, *ours):
            print(
                f"{f'{take}: {one.name}':26} {one.paid:5} {one.kept:5} {one.twice:11} {one.unknown:8} {one.wall:8.2f}"
                f" {one.best:9.2f} {one.wall / theirs.wall:6.2f}"
            )
    print(f"first pass of ours, median: {statistics.median(ratios):.2f} x the SDK's wall time")
