"""Kills a real sweep over loopback HTTP, with SIGKILL and full durability, and asks the service's ledger.

A fork server that has everything imported forks a child for each life. A child runs the sweep of its folder until it
dies: at a crash point that it was told (it stops there, says so, and is killed: the handshake), or after a random
time. The next child goes on. When a sweep is whole, the ledger is read and a new sweep begins in a new folder.

Crash points are the gaps of the table in docs/reliability.md, each before or after one commit or one request.

Run with: python tests/soak/kill9.py --kills 1000, and with --postgres for a log in PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import segflux_nb as sf
import segflux_nb.workspace
from segflux_nb.lifecycle import State
from segflux_nb.pictures.object_store import ObjectStore
from segflux_nb.pictures.store import PictureStore
from segflux_nb.place import place_of
from segflux_nb.runlog.database import Database
from segflux_nb.runlog.postgres.database import PostgresDatabase
from segflux_nb.runlog.runs import RunLog
from segflux_nb.service.certificates import tls_context
from segflux_nb.service.transport import HttpTransport
from segflux_nb.simulator.app import Simulator
from tests.postgres_server import running_server

POINTS = (
    "planned, before the intent",
    "intent, before the first byte",
    "first byte, before the answer",
    "answer, before its commit",
    "accepted, before the first poll",
    "completion seen, before its commit",
    "completion, before the picture's file",
    "picture's file, before its commit",
    "moves of a group, before their commit",
    "commit of a group, before its runs are told",
)
STORE_POINTS = (
    "picture's file, before its upload",
    "upload, before its commit",
    "download, before its rename",
)
"""The points that are there where an object store keeps the pictures."""

CELLS = 30
RANDOM = "at a random time"


class CrashPoint:
    """Stops this process at a point, after it was passed a number of times, and tells the parent."""

    def __init__(self, name: str, passes: int, pipe: int) -> None:
        self.name, self.left, self.pipe = name, passes, pipe

    def reached(self, name: str) -> None:
        if name == self.name:
            self.left -= 1
            if self.left == 0:
                os.write(self.pipe, b"!")
                time.sleep(60)  # killed here


def arm(point: CrashPoint) -> None:
    """Put the points into the seams of this process: journal, transport, picture store."""
    move, accept, send, put = RunLog.move, RunLog.accept, HttpTransport.send, PictureStore.put
    together, send_together = Database.together, PostgresDatabase._send

    def dying_move(self: RunLog, run: Any, to: State, **changes: Any) -> Any:
        if to is State.SUBMITTING:
            point.reached("planned, before the intent")
        if to is State.DOWNLOADING:
            point.reached("completion seen, before its commit")
        if to is State.COMPLETED:
            point.reached("picture's file, before its commit")
        moved = move(self, run, to, **changes)
        if to is State.SUBMITTING and moved is not None:
            point.reached("intent, before the first byte")
        return moved

    def dying_accept(self: RunLog, job: Any) -> Any:
        point.reached("answer, before its commit")
        run = accept(self, job)
        point.reached("accepted, before the first poll")
        return run

    async def dying_send(self: HttpTransport, request: Any) -> Any:
        if request.purpose != "submit" or point.name != "first byte, before the answer":
            return await send(self, request)
        sending = asyncio.ensure_future(send(self, request))
        await asyncio.sleep(0.004 * random.random())  # somewhere between first byte and answer
        point.reached("first byte, before the answer")
        return await sending

    @contextmanager
    def dying_together(self: Database) -> Iterator[None]:
        with together(self):
            yield
            point.reached("moves of a group, before their commit")
        point.reached("commit of a group, before its runs are told")

    def dying_send_together(self: PostgresDatabase, writes: Any) -> Any:
        if len(writes) > 1:
            point.reached("moves of a group, before their commit")
        rows = send_together(self, writes)
        if len(writes) > 1:
            point.reached("commit of a group, before its runs are told")
        return rows

    def dying_put(self: PictureStore, data: bytes) -> Any:
        point.reached("completion, before the picture's file")
        return put(self, data)

    create, replace = ObjectStore.create, os.replace

    def dying_create(self: ObjectStore, name: str, data: bytes) -> bool:
        if not name.startswith("pictures/"):
            return create(self, name, data)
        point.reached("picture's file, before its upload")
        created = create(self, name, data)
        point.reached("upload, before its commit")
        return created

    def dying_replace(source: Any, target: Any) -> None:
        if is_reading and f"{os.sep}pictures{os.sep}" in str(target):
            point.reached("download, before its rename")
        replace(source, target)

    ObjectStore.create, os.replace = dying_create, dying_replace  # type: ignore[method-assign]
    RunLog.move, RunLog.accept = dying_move, dying_accept  # type: ignore[method-assign]
    HttpTransport.send, PictureStore.put = dying_send, dying_put  # type: ignore[method-assign]
    Database.together = dying_together  # type: ignore[method-assign]
    PostgresDatabase._send = dying_send_together  # type: ignore[method-assign]


is_reading = False
"""Whether this process has run its sweep, and reads its pictures from the object store."""


def live(study: str, name: str, url: str, store: str | None, point: str, passes: int, pipe: int, seed: int) -> None:
    """A child's life: run the sweep to its end, or to the crash point; with a store, read all pictures from it."""
    global is_reading
    random.seed(seed)
    arm(CrashPoint(point, passes, pipe))
    with sf.Workspace(study, service=url, pictures=store) as ws:
        runs = ws.run(sweep(name))
        if store is not None:
            is_reading = True
            shutil.rmtree(ws.path / "pictures")
            for run in runs:
                run.image.load()
    os.write(pipe, b".")


def sweep(name: str) -> sf.Sweep:
    return sf.Sweep(prompt=f"TOK {name}", finetune_id="a", seed=range(CELLS))


def serve(pipe: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with Simulator(time_scale=0.002, paint=False, workers=1000, history_complete=0.05) as simulator:
        pipe.send(simulator.url)
        pipe.recv()


LOGGED = "SELECT state, path, sha256 FROM runs LEFT JOIN pictures USING (service, digest)"


def check(study: str, server: Any, store: Path | None, submits: Counter[str]) -> None:
    """Judge a finished sweep: by the ledger, the log, and every picture's bytes."""
    folder = place_of(study).folder
    twice = {digest: number for digest, number in submits.items() if number > 1}
    assert not twice, f"paid twice: {twice}"
    if server is not None:
        rows = server.execute(study, LOGGED)
    else:
        with sqlite3.connect(folder / "log.sqlite") as log:
            assert log.execute("PRAGMA integrity_check").fetchone() == ("ok",), "corrupt"
            rows = log.execute(LOGGED).fetchall()
        log.close()
    assert [row[0] for row in rows] == ["completed"] * CELLS, f"lost: {Counter(row[0] for row in rows)}"
    assert len(submits) == CELLS, "paid and not in the log"
    for _, picture, sha256 in rows:
        for place in (folder, store):
            if place is not None:
                data = (place / picture).read_bytes()
                assert hashlib.sha256(data).hexdigest() == sha256, f"missing or corrupt: {picture}"


def ledger(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/simulator/ledger") as answer:
        return list(json.load(answer)["entries"])


def soak(
    kills: int, seed: int, folder: Path, report: Any = print, database: Any = None, *, with_store: bool = False
) -> Counter[str]:
    """Kill this many times: how often at each point. Raises AssertionError where a promise was broken.

    With a server of PostgreSQL, each sweep has a database of its own; else a folder.
    """
    points = (*POINTS, *STORE_POINTS) if with_store else POINTS
    store = folder / "bucket" if with_store else None
    rng = random.Random(seed)
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(theirs,))
    server.start()
    url = ours.recv()
    tls_context()  # what every life needs is there before the first one
    fork = multiprocessing.get_context("fork")
    counts: Counter[str] = Counter()
    number, seen = 0, 0

    def next_study() -> str:
        return str(folder / str(number)) if database is None else str(database.new_database())

    os.environ["SEGFLUX_CACHE"] = str(folder / "cache")
    current = next_study()
    try:
        while sum(counts.values()) < kills:
            # Every other kill at a random time; else at the point that came least often.
            point = RANDOM if rng.random() < 0.3 else min(points, key=lambda name: (counts[name], rng.random()))
            reader, writer = os.pipe()
            child = fork.Process(
                target=live,
                args=(
                    *(current, str(number), url, None if store is None else str(store)),
                    *(point, rng.randint(1, 3), writer, rng.getrandbits(32)),
                ),
            )
            child.start()
            os.close(writer)
            if point == RANDOM:
                time.sleep(rng.random() * 0.2)
                if child.is_alive():
                    os.kill(child.pid or 0, signal.SIGKILL)
            said = os.read(reader, 1) if point != RANDOM else b""
            if said == b"!":
                os.kill(child.pid or 0, signal.SIGKILL)
            child.join()
            os.close(reader)
            if child.exitcode == -signal.SIGKILL:
                counts[point] += 1
                continue
            assert child.exitcode == 0, f"a life ended by itself with {child.exitcode}"
            # It reached the end of the sweep: judge it, and begin another.
            entries = ledger(url)
            submits = Counter(json.dumps(entry["body"], sort_keys=True) for entry in entries[seen:])
            check(current, database, store, submits)
            seen = len(entries)
            number += 1
            current = next_study()
            if number % 25 == 0:
                report(f"{sum(counts.values()):,} kills, {number} sweeps whole")
    finally:
        ours.send("end")
        server.join()
    report(f"{number} sweeps of {CELLS} runs whole; 0 paid twice, 0 lost, 0 pictures missing, 0 corrupt")
    for name in (*points, RANDOM):
        report(f"{counts[name]:6,}  {name}")
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill a real sweep many times, and ask the ledger.")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--with-store", action="store_true", help="an object store keeps the pictures")
    parser.add_argument("--postgres", action="store_true", help="the log is in a PostgreSQL database")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, running_server() if options.postgres else nullcontext() as database:
        counts = soak(
            options.kills,
            options.seed,
            Path(folder),
            lambda text: print(text, flush=True),
            database,
            with_store=options.with_store,
        )
    points = (*POINTS, *STORE_POINTS) if options.with_store else POINTS
    rare = [name for name in (*points, RANDOM) if counts[name] < options.kills / 100]
    print(f"{time.monotonic() - began:.0f} s")
    if rare and options.kills >= 50:
        sys.exit(f"points that came in less than 1 %: {rare}")


if __name__ == "__main__":
    main()
