"""A shared log: what a run costs on SQLite and on PostgreSQL, near and far; a large frame; measuring in a cluster.

Each figure is of a process of its own, in turns with those beside it. CPU is user and system time; that of PostgreSQL
is of the server and all its processes. What is far stands behind a relay of TCP that delivers each piece later, and
counts how often the client waits for the server. Wall time says also what else the machine does: compare ratios.

    python benchmarks/team.py                          all: ten minutes
    python benchmarks/team.py --only runs,frame        these parts: runs, frame, pictures
    python benchmarks/team.py --folder /tmp/grown      keep the filled workspaces there, and use them again
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import psutil
from beside import served
from grown import fill
from relays import Change, relay

RUNS, SLOTS, MEAN, TAKES = 300, 64, 0.25, 2
ROUND_TRIPS = (0.005, 0.01)
FRAME_RUNS, PICTURES, WORKERS = 100_000, 10_000, 2
GOAL_RUNS, GOAL_FRAME = 30, 2.5
CLIENT = Path(__file__).with_name("team_client.py")


@dataclass
class Figures:
    """What one process measured.

    Attributes
    ----------
    wall, cpu:
        Seconds.
    server:
        CPU seconds of the server.
    turns:
        How often the client waited for the server.
    """

    wall: float
    cpu: float
    server: float = 0.0
    turns: float = float("nan")


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def nothing() -> float:
    return 0.0


def measured(
    arguments: list[object],
    pictures: Path,
    server: Callable[[], float] = nothing,
    turns: Callable[[], float] = nothing,
) -> Figures:
    """Let a process of its own do something.

    Parameters
    ----------
    arguments:
        What `team_client.py` gets.
    pictures:
        Where a workspace in a database keeps pictures.
    server:
        The CPU seconds of the server so far.
    turns:
        How often clients have waited so far.
    """
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "SEGMIND_API_KEY": "", "PYTHONPATH": ""}
        environment |= {"TEAM_PICTURES": str(pictures), "SEGFLUX_CACHE": cache}
        client = subprocess.Popen(
            [sys.executable, str(CLIENT), *map(str, arguments)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        if client.stdout.readline() != "begin\n":
            raise SystemExit("the client ended before it began: see above")
        used, waited = server(), turns()
        client.stdin.write("go\n")
        client.stdin.flush()
        line = client.stdout.readline()
        time.sleep(0.5 * (server is not nothing))  # processes of the server that have ended count when it has noticed
        used, waited = server() - used, turns() - waited
        client.communicate()
        if client.returncode:
            raise SystemExit("the client failed: see above")
    return Figures(**json.loads(line), server=used, turns=waited)


# ---------------------------------------------------------------------- the relay


async def _relay(pipe: Connection, port: int, seconds: float) -> None:
    """Pass connections on to a port, and count how often one of them waits for an answer."""
    turns = 0

    def watching() -> tuple[Change, Change]:
        is_waiting = False

        def asked(piece: bytes) -> bytes:
            nonlocal turns, is_waiting
            turns += not is_waiting
            is_waiting = True
            return piece

        def answered(piece: bytes) -> bytes:
            nonlocal is_waiting
            is_waiting = False
            return piece

        return asked, answered

    handle = relay("127.0.0.1", port, seconds, watching)
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    pipe.send(server.sockets[0].getsockname()[1])
    while await asyncio.to_thread(pipe.recv) == "turns":
        pipe.send(turns)
    os._exit(0)  # clients that are still connected have tasks that nobody waits for


def _serve_relay(pipe: Connection, port: int, seconds: float) -> None:
    asyncio.run(_relay(pipe, port, seconds))


@contextmanager
def relayed(address: str, round_trip: float) -> Iterator[tuple[str, Callable[[], float]]]:
    """The address of a database at a distance, and what counts how often clients have waited for it.

    Parameters
    ----------
    address:
        The address of the database.
    round_trip:
        Seconds from a question to its answer; 0 only counts.
    """
    parts = urlsplit(address)
    context = multiprocessing.get_context("spawn")
    pipe, far = context.Pipe()
    relay = context.Process(target=_serve_relay, args=(far, parts.port, round_trip / 2))
    relay.start()
    port = pipe.recv()

    def turns() -> float:
        pipe.send("turns")
        return float(pipe.recv())

    try:
        yield parts._replace(netloc=f"{parts.username}@127.0.0.1:{port}").geturl(), turns
    finally:
        pipe.send("end")
        relay.join()


def cpu_of(server: Any) -> Callable[[], float]:
    """The CPU seconds of a PostgreSQL and of all its processes, those that have ended included."""
    process = psutil.Process(server._process.pid)

    def used() -> float:
        own = process.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for child in process.children():
            with suppress(psutil.NoSuchProcess):
                times = child.cpu_times()
                total += times.user + times.system
        return total

    return used


@contextmanager
def postgres() -> Iterator[Any]:
    """A PostgreSQL for this benchmark alone, as durable as it is by default."""
    from tests.postgres_server import missing, running_server

    if reason := missing():
        raise SystemExit(reason)
    with running_server() as server:
        yield server


# ---------------------------------------------------------------------- runs


@dataclass
class Place:
    """Where a log is.

    Attributes
    ----------
    name:
        What it is called in the table.
    round_trip:
        Seconds from a question to the answer; None for a folder.
    found:
        What was measured.
    """

    name: str
    round_trip: float | None
    found: list[Figures] = field(default_factory=list)


def runs(number: int = RUNS, takes: int = TAKES) -> None:
    """Print what a run costs in each place.

    Parameters
    ----------
    number:
        Runs of each client in a round.
    takes:
        Rounds; medians are printed.
    """
    heading(f"What a run costs: {number} runs of {MEAN:g} s, {SLOTS} in flight; medians of {takes}, in turns")
    places = [Place("SQLite", None), Place("PostgreSQL, this machine", 0.0)]
    places += [Place(f"PostgreSQL, {1000 * far:g} ms away", far) for far in ROUND_TRIPS]
    with postgres() as server, served(MEAN) as url, tempfile.TemporaryDirectory() as name:
        for take in range(takes):
            for place in places:
                first = 10_000 * (1 + take)
                folder = Path(name, f"{len(os.listdir(name))}")
                folder.mkdir()
                arguments = [url, first, number, SLOTS]
                if place.round_trip is None:
                    place.found.append(measured(["paid", folder / "study", *arguments], folder))
                    continue
                with relayed(server.new_database(), place.round_trip) as (address, turns):
                    place.found.append(measured(["paid", address, *arguments], folder, cpu_of(server), turns))
        size = rows_bytes(server, address.rpartition("/")[2])
    print(f"{'':26} {'CPU ms/run':>11} {'ratio':>6} {'server':>7} {'runs/s':>7} {'ratio':>6} {'waits/run':>10}")
    own: list[float] | None = None
    for place in places:
        columns = [
            (1000 * one.cpu / number, number / one.wall, 1000 * one.server / number, one.turns / number)
            for one in place.found
        ]
        cpu, pace, of_server, turns_a_run = (statistics.median(column) for column in zip(*columns, strict=True))
        own = own or [cpu, pace]
        waits = "" if place.round_trip is None else f"{turns_a_run:.1f}"
        goal = f"   goal: at least {GOAL_RUNS}" if place.round_trip == ROUND_TRIPS[0] else ""
        print(
            f"{place.name:26} {cpu:11.2f} {cpu / own[0]:6.2f} {of_server:7.2f} {pace:7.1f} {pace / own[1]:6.2f}"
            f" {waits:>10}{goal}"
        )
    print(f"Of a run, the database keeps {size:,.0f} bytes, indexes included")


def rows_bytes(server: Any, database: str) -> float:
    """Bytes that a database has for each run, with its indexes."""
    address = server.address(database)
    server.execute(address, "VACUUM FULL")
    ((total, number),) = server.execute(
        address,
        "SELECT (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r'"
        " AND relname IN ('runs', 'pictures', 'jobs', 'events', 'cells')), (SELECT count(*) FROM runs)",
    )
    return float(total) / number


# ---------------------------------------------------------------------- a large frame


def grown_folder(root: Path, number: int) -> Path:
    """A workspace of this many runs; made where it is not there yet."""
    folder = root / str(number)
    if not (folder / "log.sqlite").exists():
        print(f"filling a workspace with {number:,} runs", file=sys.stderr)
        fill(folder, number)
    return folder


def copy_rows(folder: Path, server: Any, address: str) -> None:
    """Copy the rows of a folder's log into the tables of a database, which are there and empty."""
    import psycopg

    log = sqlite3.connect(folder / "log.sqlite")
    with psycopg.connect(address) as connection:
        for table in ("runs", "pictures", "jobs", "events", "sweeps", "cells"):
            types = dict(
                connection.execute(
                    "SELECT column_name, data_type FROM information_schema.columns"
                    " WHERE table_name = %s AND table_schema = current_schema()",
                    [table],
                ).fetchall()
            )
            there = [row[1] for row in log.execute(f"PRAGMA table_info({table})")]
            names = [name for name in there if name in types]
            quoted = ", ".join(f'"{name}"' for name in names)
            as_bool = [types[name] == "boolean" for name in names]
            with connection.cursor().copy(f"COPY {table} ({quoted}) FROM STDIN") as copy:
                for row in log.execute(f"SELECT {quoted} FROM {table}"):
                    copy.write_row(
                        [
                            bool(value) if is_bool and value is not None else value
                            for value, is_bool in zip(row, as_bool, strict=True)
                        ]
                    )
        connection.commit()
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    log.close()


def frame(root: Path, number: int = FRAME_RUNS, takes: int = TAKES) -> None:
    """Print what the frame of many runs costs.

    Parameters
    ----------
    root:
        Where filled workspaces are.
    number:
        Runs.
    takes:
        Rounds; medians are printed.
    """
    folder = grown_folder(root, number)
    with postgres() as server, served(MEAN) as url:
        address = server.new_database()
        measured(["empty", address], folder)  # its tables
        copy_rows(folder, server, address)
        for kind, text, goal in (
            ("listed", f"All {number:,} runs: ws.runs()", ""),
            ("frame", f"Their frame, cold: runs.df of {number:,} runs", f"   goal: {GOAL_FRAME} s"),
        ):
            heading(f"{text}; medians of {takes}, in turns")
            found: dict[str, list[Figures]] = {"SQLite": [], "PostgreSQL": []}
            for _ in range(takes):
                found["SQLite"].append(measured([kind, folder, url], folder))
                found["PostgreSQL"].append(measured([kind, address, url], folder, cpu_of(server)))
            compared(found, goal)


def compared(found: dict[str, list[Figures]], goal: str) -> None:
    """Print a table of both databases.

    Parameters
    ----------
    found:
        The figures by database.
    goal:
        What stands after the line of PostgreSQL.
    """
    print(f"{'':12} {'CPU s':>7} {'ratio':>6} {'server':>7} {'wall s':>7} {'ratio':>6}")
    own: list[float] | None = None
    for name, figures in found.items():
        cpu, of_server, wall = (
            statistics.median(column)
            for column in zip(*((one.cpu, one.server, one.wall) for one in figures), strict=True)
        )
        own = own or [cpu, wall]
        rest = goal if name == "PostgreSQL" else ""
        print(f"{name:12} {cpu:7.2f} {cpu / own[0]:6.2f} {of_server:7.2f} {wall:7.2f} {wall / own[1]:6.2f}{rest}")


# ---------------------------------------------------------------------- pictures


def pictures(root: Path, number: int = PICTURES, workers: int = WORKERS) -> None:
    """Print what it takes to measure many pictures, in each place.

    Parameters
    ----------
    root:
        Where filled workspaces are.
    number:
        Pictures.
    workers:
        Processes of the pool and of the cluster.
    """
    folder = grown_folder(root, number)
    for what, text in (
        ("built-in", "three built-in metrics, from thumbnails"),
        ("own", "an own metric of all pixels"),
    ):
        heading(f"{number:,} pictures, {text}; {workers} workers")
        print(f"{'':14} {'CPU ms/picture':>15} {'ratio':>6} {'wall s':>7} {'ratio':>6}")
        own: Figures | None = None
        for where in ("one process", "a pool", "Dask"):
            with sqlite3.connect(folder / "log.sqlite") as log:
                log.execute("DELETE FROM metrics")
            log.close()
            one = measured(["measured", folder, where, what, workers], folder)
            own = own or one
            print(
                f"{where:14} {1000 * one.cpu / number:15.2f} {one.cpu / own.cpu:6.2f} {one.wall:7.1f}"
                f" {one.wall / own.wall:6.2f}"
            )


PARTS = ("runs", "frame", "pictures")


def main() -> None:
    parser = argparse.ArgumentParser(description="A shared log, beside a folder; metrics in one process and in many.")
    parser.add_argument("--only", default=",".join(PARTS), help="these parts, separated by commas: %(default)s")
    parser.add_argument("--folder", type=Path, help="keep the filled workspaces there")
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each client, %(default)d")
    parser.add_argument("--frame", type=int, default=FRAME_RUNS, help="runs of the frame, %(default)d")
    parser.add_argument("--pictures", type=int, default=PICTURES, help="pictures that are measured, %(default)d")
    parser.add_argument("--takes", type=int, default=TAKES, help="rounds, %(default)d")
    options = parser.parse_args()
    wanted = options.only.split(",")
    if unknown := set(wanted) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    root = options.folder or Path(tempfile.mkdtemp(prefix="segflux-team-"))
    try:
        if "runs" in wanted:
            runs(options.runs, options.takes)
        if "frame" in wanted:
            frame(root, options.frame, options.takes)
        if "pictures" in wanted:
            pictures(root, options.pictures)
    finally:
        if options.folder is None:
            shutil.rmtree(root)


if __name__ == "__main__":
    main()
