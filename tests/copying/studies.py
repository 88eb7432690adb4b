"""Workspaces with something in every table of the log, made without a service."""

import io
import os

from PIL import Image

import segflux_nb as sf
from segflux_nb.clock import SystemClock
from segflux_nb.copying.copier import copy_workspace
from segflux_nb.pictures.store import PictureStore
from segflux_nb.runlog.copied_tables import LISTS, PICTURES, RUNS, SIMPLE, SWEEPS, names_of
from segflux_nb.runlog.metrics import MetricKey
from segflux_nb.runlog.postgres.address import is_address
from segflux_nb.service.deviations import Deviation
from segflux_nb.simulator.app import Simulator

MODEL = "simulator"
SERVICE = Simulator(time_scale=0, paint=False)


def sweep(number=6, **parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": list(range(1, number + 1)), **parameters})


def picture(number):
    """The bytes of a small picture; each number has another one."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), (number % 256, number // 256 % 256, 99)).save(buffer, "PNG")
    return buffer.getvalue()


def opened(place):
    """A workspace, of whatever kind, on a simulator that is never asked."""
    return sf.Workspace(place, service=SERVICE, pictures=store_of(place))


def store_of(place):
    """Where the pictures of a workspace are, if not in its folder."""
    return os.environ["SHARED_PICTURES"] if is_address(str(place)) else None


def copy(source, target):
    return copy_workspace(
        *(str(source), str(target), SystemClock(), print),
        source_pictures=store_of(source),
        pictures=store_of(target),
    )


def execute(place, statement, *values):
    """What another program does in a log: the rows."""
    with opened(place) as ws, ws._journal._database.writing() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall() if statement.startswith("SELECT") else []


def fill(place, number=6, *, pictures=None, title="Study", **parameters):
    """A workspace with completed runs of a sweep, and something in each table of its log."""
    with opened(place) as ws:
        cells = list(sweep(number, **parameters))
        ws.submit(sweep(number, **parameters), name=title)
        log = ws._launcher.source.log
        stored = [PictureStore(ws.path, durable=False).put(picture(i)) for i in range(pictures or number)]
        with ws._journal._database.writing() as cursor:
            for index, cell in enumerate(cells):
                made, job = stored[index % len(stored)], f"job-{title}-{index}"
                cursor.execute(
                    "UPDATE runs SET state = 'completed', request_id = ?, cost_usd = 0.01, account = 'acc',"
                    " owner = 'table/1:1:1', completed_at = ?, submitted_at = ? WHERE digest = ?",
                    (job, 1e9 + index, 1e9 + index, cell.digest),
                )
                rows = [(0, made)] + ([(1, stored[0])] if index == 3 else [])
                for place, one in rows:
                    cursor.execute(
                        "INSERT INTO pictures (service, digest, number, url, path, width, height, sha256, size)"
                        " VALUES (?, ?, ?, ?, ?, 8, 8, ?, 75)",
                        (MODEL, cell.digest, place, f"/{job}-{place}.png", one.path, one.sha256),
                    )
                cursor.execute(
                    "INSERT INTO events (at, service, digest, from_state, to_state, data) VALUES (?, ?, ?, ?, ?, ?)",
                    (1e9 + index, MODEL, cell.digest, "submitting", "submitted", f'{{"request_id":"{job}"}}'),
                )
                cursor.execute("INSERT INTO jobs VALUES (?, ?, ?)", (MODEL, job, cell.digest))
        judge(ws, log, cells)
        log.metrics.keep({MetricKey(stored[0].sha256, "sharpness", "1"): {"": 0.5, "b": None}})
        log.trigger_words.set("a", "TOK")
        log.sharing.note_limit("rpm", 60.0, "a 429")
        with ws._journal._database.writing() as cursor:
            cursor.execute("INSERT INTO processes VALUES ('table/1:1:1', 1e9)")  # it has gone long ago
        log.deviations.add({Deviation("poll", "missing", "status", "text", "nothing"): 3})
        (ws.path / "inputs" / "ab").mkdir(parents=True, exist_ok=True)
        (ws.path / "inputs" / "ab" / "input.png").write_bytes(picture(9999))


def judge(ws, log, cells):
    runs = ws.runs(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
    for rater, stars in (("ann", 4), ("bob", 2)):
        log.marks.set(cells[0].digest, rater, stars=stars, pick=rater == "ann", note=f"by {rater} ü")
    log.annotations.set({cells[1].digest: {"tag": "a", "score": 1.5}})
    assert runs is not None
    ws.runs().vote(ws.runs().one(seed=1), ws.runs().one(seed=2), "left", axis="seed", rater="ann")


def tables(place):
    """What a log holds that a copy must hold: the rows of each table, without owners of runs and numbers of rows."""
    found = {}
    with opened(place) as ws, ws._journal._database.reading() as cursor:
        for table in (RUNS, PICTURES, *SIMPLE, *LISTS, SWEEPS):
            left = ("owner",) if table is PICTURES else ("number", "owner")
            columns = [name for name in table.columns if name not in left]
            cursor.execute(f"SELECT {names_of(columns)} FROM {table.name}")
            found[table.name] = as_dicts(columns, cursor.fetchall())
        cursor.execute(
            "SELECT identity, position, digest, labels FROM cells JOIN sweeps ON sweeps.number = cells.sweep"
        )
        found["cells"] = as_dicts(("identity", "position", "digest", "labels"), cursor.fetchall())
        cursor.execute("SELECT name, value FROM properties")
        words = [row for row in cursor.fetchall() if row[0].startswith("trigger word")]
        found["properties"] = as_dicts(("name", "value"), words)
    return found


def as_dicts(columns, rows):
    return [dict(zip(columns, row, strict=True)) for row in sorted(rows, key=str)]
