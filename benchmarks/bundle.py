"""How long 1,000 runs take to be bundled, opened and replayed, and how much memory.

The pictures are real pictures of the simulator, of 1024 × 1024. Each step runs in a process of its own: the memory is
what that process needed at most beyond what it had after its imports.

Run with: python benchmarks/bundle.py [RUNS]
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import segflux_nb as sf

STEPS = ("write", "open", "replay", "replay again")
PAINTED = 40
"""Pictures that are painted; the others are the same with a comment of their own, which makes them other files."""


def sweep(number: int) -> sf.Sweep:
    return sf.Sweep(
        prompt="TOK on the shore of a mountain lake at dawn",
        finetune_id="my-finetune-id",
        seed=range(number // 10),
        lora_strength="0.4-1.3 (+0.1)",
    )


def make(folder: Path, number: int) -> None:
    """A workspace of completed runs, entered as the collector enters them."""
    from segflux_nb.clock import SystemClock
    from segflux_nb.lifecycle import State
    from segflux_nb.pictures.store import PictureStore
    from segflux_nb.runlog.journal import Journal
    from segflux_nb.runlog.records import RunRecord
    from segflux_nb.runlog.rows import LoggedRun

    pictures = painted(folder)
    store, clock = PictureStore(folder, durable=False), SystemClock()
    journal = Journal(folder / "log.sqlite", clock, durable=False)
    log, grid, records = journal.of("simulator"), sweep(number), []
    for at, cell in enumerate(grid):
        data = commented(pictures[at % len(pictures)], at)
        stored = store.put(data)
        records.append(
            RunRecord(
                LoggedRun(
                    *("simulator", cell.digest, cell.digest, 0, cell.body, State.COMPLETED),
                    *(None, None, 1, None, None, None, None, stored.path, stored.sha256),
                    *(stored.width, stored.height, len(data), 2, 0.034, 0.1, 0.5),
                    *(1.8e9 + at, 1.8e9 + at + 0.2, 1.8e9 + at + 22.1, 1.8e9 + at + 22.4, 3),
                )
            )
        )
    log.records.enter_runs(records, "the benchmark")
    log.sweeps.enter(grid.identity, grid.name, "benchmark", grid.axes, list(grid))
    journal.close()


def painted(folder: Path) -> list[bytes]:
    with sf.Workspace(folder / "painting", service="simulator") as ws:
        return [run.path.read_bytes() for run in ws.run(sweep(PAINTED)) if run.path is not None]


def commented(data: bytes, number: int) -> bytes:
    comment = f"run {number}".encode()
    return data[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + data[2:]


def step(name: str, folder: Path, number: int) -> dict[str, Any]:
    """One step, in this process: seconds, memory, and what it gave."""
    # What every process imports once is not a part of the step.
    for module in ("bundle.opened", "bundle.write", "exporting.folder"):
        import_module(f"segflux_nb.{module}")

    grid, before = sweep(number), peak()
    began = time.perf_counter()
    said = ""
    if name == "write":
        with sf.Workspace(folder, service="simulator") as ws:
            runs = ws.runs(grid)
            began = time.perf_counter()
            runs.bundle(folder / "study.sfx")
            return {"seconds": time.perf_counter() - began, "memory": peak() - before}
    with sf.Workspace(folder / "study.sfx") as ws:
        if name == "replay":
            began = time.perf_counter()
            runs = ws.run(grid)
            files = [run.path for run in runs if run.path is not None]
            found = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
            said = f"{sum(map(str.__eq__, found, runs.log['sha256'])):,} equal pictures"
        elif name == "replay again":
            ws.run(grid)
            began = time.perf_counter()
            said = str(ws.run(grid).counts)
        return {"seconds": time.perf_counter() - began, "memory": peak() - before, "said": said}


def peak() -> float:
    """The most memory that this process had so far, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1000
    return float("nan")


def main(number: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, number)
        for what in STEPS:
            command = [sys.executable, __file__, "--step", what, str(folder), str(number)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
            found = json.loads(done.stdout.splitlines()[-1])
            print(f"{what:14}{found['seconds']:8.2f} s  {found['memory']:7.1f} MB  {found.get('said', '')}")
        size = (folder / "study.sfx").stat().st_size
        held = sum(path.stat().st_size for path in folder.glob("pictures/*/*"))
        print(f"{number:,} runs, {size / 1e6:,.1f} MB; {(size - held) / number:,.0f} bytes a run are not pictures")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        print(json.dumps(step(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
