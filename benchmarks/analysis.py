"""What effects and metrics cost: CPU seconds and memory, on logs that are filled without a service.

``python benchmarks/analysis.py`` prints, for pictures of 512² whose thumbnails are on disk:

- `Runs.effects` of 2,000 runs, from thumbnails. Goal: under 2 s.
- All built-in metrics of the pictures of four seeds, against the decode of their thumbnails. Goal: at most 5 times.
- `Runs.measure` of 1,000 and of 10,000 runs: CPU, and peak memory. Goal: flat.
- The same in a pool of two processes.
"""

from __future__ import annotations

import io
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

import segflux_nb as sf
from segflux_nb.analysis.comparing import drift, overcooking, spreads
from segflux_nb.analysis.metrics import measured
from segflux_nb.clock import SystemClock
from segflux_nb.lifecycle import State
from segflux_nb.pictures.appearance import read
from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.thumbnails import thumbnail
from segflux_nb.runlog.journal import Journal

DIFFERENT = 500
"""Different pictures on disk. Each is measured once, so the log has other digests for the runs that share one."""

SEEDS = 4
"""Seeds of a cell, whose pictures are compared with each other."""

STATES = (State.SUBMITTING, State.SUBMITTED, State.DOWNLOADING, State.COMPLETED)


def picture(number: int) -> Image.Image:
    """A picture with soft shapes and fine grain, different for each number."""
    random = np.random.default_rng(number)
    soft = Image.fromarray(random.integers(0, 256, (12, 12, 3)).astype(np.uint8)).resize((512, 512), Image.BICUBIC)
    grain = random.integers(-12, 13, (512, 512, 1))
    return Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8))


def sweep(runs: int) -> sf.Sweep:
    """A grid of seeds, ten strengths and two samplers."""
    return sf.Sweep(
        prompt="TOK",
        finetune_id="a",
        seed=sf.seeds(runs // 20),
        lora_strength="0-0.9 (+0.1)",
        sampler_name=["euler", "dpmpp_2m"],
    )


def fill(folder: Path, runs: int) -> None:
    """Enter runs as completed, with picture files of their own: copies, each with other bytes behind the picture."""
    journal = Journal(folder / "log.sqlite", SystemClock(), durable=False)
    store = PictureStore(folder, durable=False)
    log = journal.of("simulator")
    cells = list(sweep(runs))
    log.runs.plan(cells)
    log.sweeps.enter(sweep(runs).identity, sweep(runs).name, "", sweep(runs).axes, cells)
    files = []
    for number in range(min(DIFFERENT, runs)):
        buffer = io.BytesIO()
        picture(number).save(buffer, "JPEG", quality=88)
        files.append(buffer.getvalue())
    logged = log.runs.read([cell.digest for cell in cells])
    with log.together():
        for number, cell in enumerate(cells):
            data = files[number % len(files)] + number.to_bytes(4, "big")  # behind the end of the picture
            stored = store.put(data)
            run = logged[cell.digest]
            for state in STATES:
                result = (
                    {}
                    if state is not State.COMPLETED
                    else {"picture": stored.path, "sha256": stored.sha256, "width": 512, "height": 512}
                )
                run = log.runs.move(run, state, **result)
    journal.close()


def timed(action) -> tuple[float, float]:
    """CPU seconds of this process and its children, and wall seconds."""
    before, start = os.times(), time.perf_counter()
    action()
    after = os.times()
    return sum(after[:4]) - sum(before[:4]), time.perf_counter() - start


def peak_megabytes(whose: int = resource.RUSAGE_SELF) -> float:
    return resource.getrusage(whose).ru_maxrss / 1024


def in_process(folder: Path, what: str) -> str:
    """Run one measurement in a process of its own, so that its peak of memory is its own."""
    done = subprocess.run(
        [sys.executable, __file__, what, str(folder)], capture_output=True, text=True, check=False, env=os.environ
    )
    return done.stdout.strip() or done.stderr.strip()


def one(what: str, folder: Path) -> None:
    with sf.Workspace(folder, service="simulator") as ws:
        runs = ws.runs()
        base = peak_megabytes()
        if what == "effects":
            cpu, wall = timed(runs.effects)
        elif what == "pool":
            with ProcessPoolExecutor(2) as pool:
                cpu, wall = timed(lambda: runs.measure(executor=pool))
        else:
            cpu, wall = timed(runs.measure)
        pool_too = f", a process of the pool {peak_megabytes(resource.RUSAGE_CHILDREN):.0f}" if what == "pool" else ""
        print(f"{cpu:.2f} s CPU, {wall:.2f} s wall, peak {peak_megabytes():.0f} MB ({base:.0f} before){pool_too}")


def of_one_picture() -> None:
    """Print what all built-in metrics of a picture cost, in multiples of the decode of its thumbnail."""
    thumbnails = [thumbnail(picture(number)) for number in range(SEEDS)]
    assert None not in thumbnails

    def decode() -> None:
        for data in thumbnails:
            with Image.open(io.BytesIO(data)) as image:
                image.load()

    def one_pass() -> None:
        for data in thumbnails:
            measured(read(data))

    def everything() -> None:
        """As a cell of a sweep has them: the pictures of all seeds, compared with each other and with strength 0."""
        found = [measured(read(data)) for data in thumbnails]
        base, spread = found[0], spreads([one.lab for one in found])
        for one, own in zip(found, spread, strict=True):
            drift(one.lab, base.lab)
            overcooking(
                *(one.values["saturation"], base.values["saturation"]),
                *(one.values["clipping"], base.values["clipping"]),
                *(own, spread[0]),
            )

    def cpu(work) -> float:
        start = time.process_time()  # finer than os.times
        for _ in range(25):
            work()
        return (time.process_time() - start) / 25 / SEEDS

    best = np.min([[cpu(work) for work in (decode, one_pass, everything)] for _ in range(15)], axis=0)
    print(
        f"decode of a thumbnail {best[0] * 1e3:.2f} ms CPU; with the numbers of one picture {best[1] / best[0]:.1f}",
        end="",
    )
    print(
        f" times; with drift, spread and overcooking too {best[2] / best[0]:.1f} times (goal: at most 5)", flush=True
    )


def main() -> None:
    of_one_picture()
    with tempfile.TemporaryDirectory() as place:
        for number, (runs, what) in enumerate(
            [
                (2_000, "effects"),
                (1_000, "measure"),
                (10_000, "measure"),
                (1_000, "pool"),
                (10_000, "pool"),
            ]
        ):
            folder = Path(place, str(number))
            folder.mkdir()
            fill(folder, runs)
            print(f"{runs:,} runs, {what}: {in_process(folder, what)}", flush=True)
            shutil.rmtree(folder)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        one(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
