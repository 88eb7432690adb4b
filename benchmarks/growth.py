"""How the cost of each operation grows with the log: CPU seconds and peak memory at 100 to 100,000 runs.

Every figure is of a process of its own: user and system time of the operation and of the processes that it starts,
and the most memory that the process held in all. A frame's library is loaded before the clock starts, and has a line
of its own; what opens a workspace or runs a command counts its imports. Folders are filled by `grown`, each once; the
system has them in its cache. Beside the figures stand the goals, which are about 100,000 runs unless a number is
said. Wall time is not printed: it says more about what else the machine does.

    python benchmarks/growth.py                       100, 1,000, 10,000 and 100,000 runs: half an hour
    python benchmarks/growth.py 1000 10000            these sizes only
    python benchmarks/growth.py --only where,one      these operations only
    python benchmarks/growth.py --beside ../before    another checkout, measured in turn with this one
    python benchmarks/growth.py --folder /tmp/grown   keep the filled workspaces there, and use them again
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
ROOT = HERE.parents[1]
SIZES = (100, 1_000, 10_000, 100_000)

Work = Callable[[], object]
"""What is measured."""

Prepare = Callable[[Any, int, Path], Work]
"""Prepares the work, outside the measure: it gets a workspace, the number of runs and an empty folder."""


@dataclass(frozen=True)
class Operation:
    """One line of the table.

    Attributes
    ----------
    name:
        What it is called there.
    prepare:
        Prepares it; None for what is a process of its own.
    goal:
        The most CPU seconds that it may take, or None.
    goal_mb:
        The most memory, or None.
    goal_at:
        The number of runs of the goal.
    most:
        The largest workspace that it is measured on: what makes a page of all pictures takes minutes there.
    command:
        Arguments of Python, for a process of its own.
    """

    name: str
    prepare: Prepare | None = None
    goal: float | None = None
    goal_mb: float | None = None
    goal_at: int = 100_000
    most: int = 100_000
    command: tuple[str, ...] = ()


def of_runs(work: Callable[[Any], object], first: Callable[[Any], object] | None = None) -> Prepare:
    """Work on the runs of the sweep, after something else was done with them.

    Parameters
    ----------
    work:
        What is measured.
    first:
        What is done before.
    """

    def prepare(ws: Any, number: int, folder: Path) -> Work:
        runs = ws.runs(grown().NAME)
        if first is not None:
            first(runs)
        return lambda: work(runs)

    return prepare


def of_two(work: Callable[[Any, Any, Any], object]) -> Prepare:
    """Work on two runs that differ in their strength alone."""

    def prepare(ws: Any, number: int, folder: Path) -> Work:
        runs = ws.runs(grown().NAME)
        one, other = runs[0], runs[1]
        assert one.seed == other.seed
        return lambda: work(runs, one, other)

    return prepare


def of_files(work: Callable[[Any, Path], object]) -> Prepare:
    """Work on the runs of the sweep that writes to a folder."""

    def prepare(ws: Any, number: int, folder: Path) -> Work:
        runs = ws.runs(grown().NAME)
        return lambda: work(runs, folder)

    return prepare


def marked(runs: Any) -> None:
    """A frame that was read, and one mark after it."""
    assert len(runs.df)
    runs.mark(runs[0], stars=4)


def shown(runs: Any) -> object:
    """The sheet of all runs, as a notebook's output."""
    return runs.sheet()._repr_mimebundle_()


def queried(runs: Any) -> object:
    """The sheet of 25 runs of the frame."""
    return runs.df.query("seed < 5 and 0.3 < lora_strength < 0.56").pictures.sheet()._repr_mimebundle_()


def exported(runs: Any, folder: Path) -> object:
    """The folder of all pictures, with tables, the sheet and the report."""
    return runs.export(folder / "out")


def grown() -> Any:
    import grown

    return grown


def of_sweep(work: Callable[[Any, Any], object]) -> Prepare:
    """Work on the sweep, as a cell of a notebook makes it."""

    def prepare(ws: Any, number: int, folder: Path) -> Work:
        sweep = grown().grown_sweep(number)
        return lambda: work(ws, sweep)

    return prepare


def tables(name: str) -> Prepare:
    """Writing the frame as a table."""

    def prepare(ws: Any, number: int, folder: Path) -> Work:
        from segflux_nb.exporting import tables

        frame = ws.runs(grown().NAME).log
        if name == "to_parquet":
            return lambda: tables.to_parquet(frame, folder / "runs.parquet")
        return lambda: getattr(tables, name)(frame)

    return prepare


OPEN = "import sys; from segflux_nb import Workspace; Workspace(sys.argv[1], service='simulator')"

OPERATIONS = (
    Operation("import segflux_nb", command=("-c", "import segflux_nb")),
    Operation("segflux --help", command=("-m", "segflux_nb", "--help"), goal=0.2),
    Operation("open Workspace, with imports", command=("-c", OPEN, "FOLDER"), goal=0.5),
    Operation("segflux status", command=("-m", "segflux_nb", "status", "FOLDER"), goal=1.0),
    Operation("import pandas", command=("-c", "import pandas")),
    Operation("Sweep(...)", lambda ws, number, folder: lambda: grown().grown_sweep(number)),
    Operation(
        "digests of all cells",
        of_sweep(lambda ws, sweep: [cell.digest for cell in sweep]),
    ),
    Operation(
        "axes and identity",
        of_sweep(lambda ws, sweep: (sweep.axes, sweep.identity)),
    ),
    Operation(
        "ws.plan",
        of_sweep(lambda ws, sweep: ws.plan(sweep)),
    ),
    Operation(
        "ws.run of what is all logged",
        of_sweep(lambda ws, sweep: ws.run(sweep)),
        goal=2.0,
    ),
    Operation("ws.sweeps", lambda ws, number, folder: lambda: ws.sweeps, goal=0.3),
    Operation("ws.report", lambda ws, number, folder: ws.report, goal=0.6),
    Operation(
        "ws.runs(sweep)",
        of_sweep(lambda ws, sweep: ws.runs(sweep)),
    ),
    Operation("ws.runs(name)", lambda ws, number, folder: lambda: ws.runs(grown().NAME)),
    Operation("ws.runs()", lambda ws, number, folder: lambda: ws.runs()),
    Operation("df, cold", of_runs(lambda runs: runs.df), goal=1.2),
    Operation("df, warm", of_runs(lambda runs: runs.df, lambda runs: runs.df)),
    Operation("df after one mark", of_runs(lambda runs: runs.df, marked), goal=0.1),
    Operation("log, cold", of_runs(lambda runs: runs.log)),
    Operation("counts", of_runs(lambda runs: runs.counts), goal=0.1),
    Operation("summary()", of_runs(lambda runs: runs.summary()), goal=1.5, goal_mb=400),
    Operation("where(lora_strength=0.5)", of_runs(lambda runs: runs.where(lora_strength=0.5)), goal=0.5),
    Operation("where(function)", of_runs(lambda runs: runs.where(lambda run: run.lora_strength > 0.9))),
    Operation("one(seed=2, lora_strength=0.5)", of_runs(lambda runs: runs.one(seed=2, lora_strength=0.5)), goal=0.5),
    Operation("runs[0]", of_runs(lambda runs: runs[0])),
    Operation("mark", of_two(lambda runs, one, other: runs.mark(one, stars=3))),
    Operation("vote", of_two(lambda runs, one, other: runs.vote(one, other, "left")), goal=0.1),
    Operation("ranking()", of_runs(lambda runs: runs.ranking())),
    Operation("compare(two)", of_two(lambda runs, one, other: runs.compare(one, other)), goal=0.1),
    Operation("sheet of 48, inline", of_runs(lambda runs: runs[:48].sheet()._repr_mimebundle_())),
    Operation("df.query(...).pictures.sheet of 25", of_runs(queried)),
    Operation("inline sheet of all", of_runs(shown), goal=2.5, goal_at=10_000, most=10_000),
    Operation(
        "sheet of 1,000 as HTML",
        of_files(lambda runs, folder: runs[:1000].sheet().save(folder / "sheet.html")),
        goal=5,
        goal_at=1_000,
        most=10_000,
    ),
    Operation("gallery()", of_runs(lambda runs: runs.gallery()), most=10_000),
    Operation("tuner()", of_runs(lambda runs: runs.tuner()), most=10_000),
    Operation("export", of_files(exported), goal=60, goal_mb=500, goal_at=10_000, most=10_000),
    Operation("to_csv", tables("to_csv")),
    Operation("to_jsonl", tables("to_jsonl")),
    Operation("to_parquet", tables("to_parquet")),
    Operation("open Workspace after a crash", command=("-c", OPEN, "CRASHED")),
)  # fmt: skip


# ---------------------------------------------------------------------- in the process that is measured


def used() -> float:
    """CPU seconds of this process and of those that it started."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def peak_mb(usage: resource.struct_rusage) -> float:
    """The most memory that a process held."""
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def measure(name: str, folder: Path, number: int) -> None:
    """Do one operation here, and print what it took as JSON."""
    import pandas as pd

    import segflux_nb as sf

    assert pd.__version__
    (operation,) = (one for one in OPERATIONS if one.name == name)
    assert operation.prepare is not None
    with tempfile.TemporaryDirectory() as written, sf.Workspace(folder, service="simulator") as ws:
        work = operation.prepare(ws, number, Path(written))
        before = used()
        result = work()
        seconds = used() - before
        assert result is not work  # it lives until here
        print(json.dumps([seconds, peak_mb(resource.getrusage(resource.RUSAGE_SELF))]))


def crash(folder: Path) -> None:
    """Be killed in the middle of a transaction that is larger than the cache, so that its journal stays."""
    log = sqlite3.connect(folder / "log.sqlite", isolation_level=None)
    log.execute("PRAGMA cache_size = 10")
    log.execute("BEGIN EXCLUSIVE")
    log.execute("UPDATE runs SET error = 'never committed'")
    os.kill(os.getpid(), signal.SIGKILL)


# ---------------------------------------------------------------------- in the process that prints


def process(arguments: list[str], package: Path) -> tuple[str, float, float]:
    """What a process printed, its CPU seconds with all that it started, and its peak memory."""
    paths = os.pathsep.join(map(str, (package, ROOT / "benchmarks", ROOT)))
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [sys.executable, *arguments],
            stdout=output,
            env={**os.environ, "PYTHONPATH": paths},
            cwd=tempfile.gettempdir(),
        )
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return output.read().decode(), usage.ru_utime + usage.ru_stime, peak_mb(usage)


@contextmanager
def crashed(folder: Path) -> Iterator[Path]:
    """A copy of the log of a workspace whose last process was killed while it wrote."""
    with tempfile.TemporaryDirectory() as copy:
        Path(copy, "log.sqlite").write_bytes((folder / "log.sqlite").read_bytes())
        subprocess.run([sys.executable, str(HERE), "--crash", copy], check=False)
        assert Path(copy, "log.sqlite-journal").exists()
        yield Path(copy)


def figure(operation: Operation, folder: Path, number: int, package: Path) -> tuple[float, float]:
    """CPU seconds and peak memory of one operation, in a process of its own."""
    if operation.prepare is not None:
        text, _, _ = process([str(HERE), "--measure", operation.name, str(folder), str(number)], package)
        seconds, peak = json.loads(text.splitlines()[-1])
        return seconds, peak
    if "CRASHED" in operation.command:
        with crashed(folder) as place:
            return process([str(place) if one == "CRASHED" else one for one in operation.command], package)[1:]
    return process([str(folder) if one == "FOLDER" else one for one in operation.command], package)[1:]


def growth(sizes: list[int], folders: dict[int, Path], packages: dict[str, Path], chosen: list[Operation]) -> None:
    """Print the table, a line for each operation and checkout."""
    for package in packages.values():  # the first process of a fresh checkout would compile it
        process(["-m", "compileall", "-q", str(package / "segflux_nb")], package)
    print(f"\n{'CPU s / peak MB':36}" + "".join(f"{number:>16,}" for number in sizes) + "   goal")
    for operation in chosen:
        rows: dict[str, list[str]] = {name: [] for name in packages}
        for number in sizes:
            for name, package in packages.items():
                found = "not measured"
                if number <= operation.most:
                    seconds, peak = figure(operation, folders[number], number, package)
                    found = f"{seconds:.3f} / {peak:,.0f}"
                rows[name].append(found)
        goals = [f"{operation.goal:g} s"] if operation.goal else []
        goals += [f"{operation.goal_mb:g} MB"] if operation.goal_mb else []
        at = f" at {operation.goal_at:,}" if goals and operation.goal_at != SIZES[-1] else ""
        for name, figures in rows.items():
            title = f"{operation.name}{f' ({name})' if name else ''}"
            print(f"{title:36}" + "".join(f"{one:>16}" for one in figures) + f"   {', '.join(goals)}{at}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU and memory of each operation as the log grows.")
    parser.add_argument("sizes", type=int, nargs="*", help="numbers of runs, multiples of 20")
    parser.add_argument("--only", default="", help="parts of names of operations, with commas between them")
    parser.add_argument("--beside", type=Path, help="another checkout, which is measured in turn with this one")
    parser.add_argument("--folder", type=Path, help="where filled workspaces are kept and used again")
    parser.add_argument("--measure", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--crash", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--fill", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.measure[0], Path(options.measure[1]), int(options.measure[2]))
        return
    if options.crash:
        crash(options.crash)
    if options.fill:
        engine, whole = grown().fill(Path(options.fill[0]), int(options.fill[1]))
        runs = int(options.fill[1])
        print(f"{runs:,} runs filled: {engine:,.0f} bytes a run by the engine, {whole:,.0f} in the log")
        return
    sizes = options.sizes or list(SIZES)
    wanted = options.only.split(",")
    chosen = [one for one in OPERATIONS if any(part.strip().lower() in one.name.lower() for part in wanted)]
    packages = {"": ROOT} if options.beside is None else {"before": options.beside.resolve(), "now": ROOT}
    with tempfile.TemporaryDirectory() as temporary:
        folders = {number: (options.folder or Path(temporary)) / f"{number}" for number in sizes}
        for number, folder in folders.items():
            if not folder.exists():  # in a process of its own: a process counts the memory of the one that starts it
                print(process([str(HERE), "--fill", str(folder.resolve()), str(number)], ROOT)[0], end="")
        growth(sizes, folders, packages, chosen)


if __name__ == "__main__":
    main()
