"""Workspaces of any number of runs, filled in seconds as the engine would have filled them.

The first runs (400, or all of a smaller workspace) are made by the real engine, on the simulator in virtual time:
what it writes of a run is in the log. Every further run is a copy of the rows of one of these, with a digest,
parameters, a job and addresses of its own and its times moved on. So a run has as many events, and each row as many
bytes, as one of the engine's; `bytes_a_run` says how many, for the engine's part and for the whole, and
``benchmarks/growth.py`` prints both. What is not as the engine leaves it: rows were inserted in their final size, not
grown by updates, and the log has no retries, limits and failures.

Pictures: 200 different JPEGs of 1024 x 1024 and about 66 kB. Each run has a file and a thumbnail of its own, which
are hard links to these: folders are as full as they would be, and what is read comes from the cache of the system. A
file is not named by the digest of its bytes, so `Workspace.verify` would find them all damaged.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from PIL import Image

from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.thumbnails import FOLDER
from segflux_nb.sweep.request import Request
from segflux_nb.sweep.sweep import Sweep
from tests.support.virtual import Bench

MADE = 400
"""Runs that the engine makes; the others are copies of their rows."""

PICTURES = 200
STRENGTHS = 20
NAME = "grown"
TABLES = ("runs", "pictures", "jobs", "events")


def grown_sweep(runs: int) -> Sweep:
    """A grid of twenty strengths and as many seeds as are needed."""
    return Sweep(
        prompt="TOK at dawn on the shore of a mountain lake",
        finetune_id="my-finetune-id",
        seed=range(runs // STRENGTHS),
        lora_strength=[round(0.05 * number, 2) for number in range(1, STRENGTHS + 1)],
    )


def fill(folder: Path, runs: int) -> tuple[float, float]:
    """Fill a workspace with a sweep of this many runs, all of them completed.

    Returns
    -------
    Bytes that the rows of a run have: as the engine wrote them, and in the whole log.
    """
    sweep = grown_sweep(runs)
    cells = list(sweep)
    made = cells[:MADE]
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(Path(temporary), durable=False)
        bench.drive(made, max_in_flight=32)
        bench.log.sweeps.enter(sweep.identity, sweep.name, NAME, sweep.axes, cells)
        bench.journal.close()
        shutil.move(Path(temporary, "log.sqlite"), folder / "log.sqlite")
    log = sqlite3.connect(folder / "log.sqlite")
    log.row_factory = sqlite3.Row
    with log:
        engine = bytes_a_run(log)
        _copy(log, [cell.digest for cell in made], cells[MADE:])
        _link_pictures(log, folder)
        whole = bytes_a_run(log)
    log.close()
    return engine, whole


def bytes_a_run(log: sqlite3.Connection) -> float:
    """Bytes that the rows of a run have, on average: those of its state, its picture, its job and its events."""
    total = 0
    for table in TABLES:
        names = [row[1] for row in log.execute(f"PRAGMA table_info({table})")]
        lengths = " + ".join(f"coalesce(length({name}), 0)" for name in names)
        total += log.execute(f"SELECT sum({lengths}) FROM {table}").fetchone()[0]
    return float(total / log.execute("SELECT count(*) FROM runs").fetchone()[0])


def picture(number: int) -> bytes:
    """A JPEG of about 66 kB with soft shapes and fine grain, different for each number."""
    random = np.random.default_rng(number)
    soft = Image.fromarray(random.integers(0, 256, (12, 12, 3)).astype(np.uint8)).resize((1024, 1024), Image.BICUBIC)
    grain = random.integers(-2, 3, (1024, 1024, 1))
    file = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)
    return file.getvalue()


def _link_pictures(log: sqlite3.Connection, folder: Path) -> None:
    """Give each run a picture file of its own, a link to one of the pictures that are different."""
    store = PictureStore(folder, durable=False)
    data = [picture(number) for number in range(PICTURES)]
    stored = [(store.put(one), len(one)) for one in data]
    for number in range(256):
        for name in ("pictures", FOLDER):
            Path(folder, name, f"{number:02x}").mkdir(exist_ok=True)
    changed = []
    for number, (digest,) in enumerate(log.execute("SELECT digest FROM pictures WHERE number = 0").fetchall()):
        one, size = stored[number % len(stored)]
        sha256 = hashlib.sha256(digest.encode()).hexdigest()
        name = f"{sha256[:2]}/{sha256}.jpg"
        os.link(folder / one.path, folder / "pictures" / name)
        os.link(folder / FOLDER / one.sha256[:2] / f"{one.sha256}.jpg", folder / FOLDER / name)
        changed.append((f"pictures/{name}", sha256, one.width, one.height, size, digest))
    log.executemany(
        "UPDATE pictures SET path = ?, sha256 = ?, width = ?, height = ?, size = ?"
        " WHERE service = 'simulator' AND digest = ? AND number = 0",
        changed,
    )


def _copy(log: sqlite3.Connection, made: list[str], cells: list[Request]) -> None:
    """Enter the runs of these cells, each with copies of the rows of one that was made."""
    sources = {
        table: {
            digest: log.execute(f"SELECT * FROM {table} WHERE digest = ?", (digest,)).fetchall() for digest in made
        }
        for table in TABLES
    }
    span = 1 + max(row["completed_at"] - row["submitted_at"] for (row,) in sources["runs"].values())
    for first in range(0, len(cells), len(made)):
        copies: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
        for number, (cell, digest) in enumerate(zip(cells[first:], made, strict=False), first):
            job, own = sources["runs"][digest][0]["request_id"], f"{number:032x}"[::-1]
            for table, rows in sources.items():
                for row in rows[digest]:
                    copy = {
                        name: _moved(name, value, job, own, (1 + first // len(made)) * span)
                        for name, value in zip(row.keys(), row, strict=True)
                    }
                    identity = {
                        "digest": cell.digest,
                        "first_digest": cell.digest,
                        "parameters": json.dumps(cell.body),
                    }
                    copies[table].append(copy | {name: value for name, value in identity.items() if name in copy})
        for table, rows_of_table in copies.items():
            names = [name for name in rows_of_table[0] if (table, name) != ("events", "number")]
            columns, values = (", ".join(f"{sign}{name}" for name in names) for sign in ("", ":"))
            log.executemany(f"INSERT INTO {table} ({columns}) VALUES ({values})", rows_of_table)


def _moved(name: str, value: Any, job: str, own: str, later: float) -> Any:
    """A value of a copy: its own job in place of the other's, and times that are later."""
    if isinstance(value, str):
        return value.replace(job, own)
    return value + later if isinstance(value, float) and (name == "at" or name.endswith("_at")) else value
