"""One table of columns: what follows from it, and that a new column needs nothing else."""

import ast
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from segflux_nb.runlog import columns
from segflux_nb.runlog.columns import CHANGEABLE, COLUMNS, DF_COLUMNS, LOG_COLUMNS, NEVER_AXES, Role
from segflux_nb.runlog.rows import LoggedRun


def test_columns_are_declared_once():
    names = [column.name for column in COLUMNS]
    assert len(names) == len(set(names))
    assert LOG_COLUMNS[: len(DF_COLUMNS)] == DF_COLUMNS
    assert all(column.stable for column in DF_COLUMNS)
    assert all(column.meaning.endswith(".") for column in COLUMNS)
    assert all(column.source in names for column in COLUMNS if column.table is None)
    assert set(LoggedRun._fields) <= {column.name for column in COLUMNS if column.table in ("runs", "pictures")}


def test_what_may_change_and_what_is_an_axis_follow_from_the_roles():
    assert {"owner", "picture", "cost_usd", "completed_at", "error"} <= CHANGEABLE
    assert not CHANGEABLE & {"service", "digest", "first_digest", "take", "parameters", "state", "stars", "status"}
    assert {
        *("run", "status", "image", "width", "height", "stars", "pick", "note", "error_kind", "error", "digest"),
        *("sha256", "bytes", "request_id", "attempts", "polls", "cost_usd", "queue_seconds", "render_seconds"),
        *("submitted_at", "accepted_at", "detected_at", "completed_at", "service", "simulator_version"),
        *("picture_count", "more_images"),
    } == NEVER_AXES
    assert {column.role for column in COLUMNS} == set(Role)


NEW_COLUMNS = """\
    Column("tip_usd", "number", "What was given on top.", Role.RESULT, frame="df", since=10),
    Column("faces", "integer", "Faces in the picture.", Role.RESULT, frame="log", table="pictures", since=10),
)
"""

ADDED = """
import sys
from pathlib import Path

folder = Path(sys.argv[1])
sys.path[:0] = [str(folder), str(folder / "tools")]

import segflux_nb as sf
from segflux_nb.clock import SystemClock
from segflux_nb.lifecycle import State
from segflux_nb.runlog.journal import Journal
from segflux_nb.runlog.schema import VERSION
from segflux_nb.runlog.columns import NEVER_AXES

assert Path(sf.__file__).is_relative_to(folder)
assert VERSION == 10
cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3, 4]))
for path in (folder / "old" / "log.sqlite", folder / "new" / "log.sqlite"):
    log = Journal(path, SystemClock()).of("simulator")
    log.runs.plan(cells)
    run = log.runs.read([cells[2].digest])[cells[2].digest]
    while run.state is not State.COMPLETED:
        states = [State.PLANNED, State.SUBMITTING, State.SUBMITTED, State.DOWNLOADING, State.COMPLETED]
        following = states[states.index(run.state) + 1]
        run = log.runs.move(run, following, tip_usd=0.25, faces=2, picture="p.jpg")
    with sf.Workspace(path.parent, service="simulator") as ws:
        frame = ws.runs(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3, 4])).log
    assert (frame.tip_usd[2], frame.faces[2], frame.tip_usd.isna().sum()) == (0.25, 2, 3), frame
    assert str(frame.faces.dtype) == "Int64"
    assert {"tip_usd", "faces"} <= NEVER_AXES

from document_frame import page

assert "| `tip_usd` | `Float64` | result | What was given on top. | yes |" in page()
print("added")
"""


def test_a_column_is_added_in_one_place(tmp_path, request):
    """A new log and an older one get it; it can be written; frame and documentation show it; it is no axis."""
    root = request.config.rootpath
    golden = root / "tests" / "golden" / "log-v3.sql"
    for package in ("segflux_nb", "tools"):
        shutil.copytree(root / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    table = tmp_path / "segflux_nb" / "runlog" / "columns.py"
    source = table.read_text(encoding="utf-8")
    assert source.count("\n_MARKS = (\n") == 1
    table.write_text(source.replace("\n)\n_MARKS = (\n", f"\n{NEW_COLUMNS}_MARKS = (\n"), encoding="utf-8")
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
    with sqlite3.connect(tmp_path / "old" / "log.sqlite") as old:
        old.executescript(golden.read_text(encoding="utf-8"))
    old.close()
    done = subprocess.run([sys.executable, "-c", ADDED, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "added\n", done.stderr


ONLY_SQLITE = r"\b(INSERT OR|REPLACE INTO|PRAGMA|iif|json_\w+|group_concat|total|rowid|ifnull|IMMEDIATE|GLOB)\b"


@pytest.mark.parametrize(
    "module", ["runs", "picture_files", "sweeps", "marks", "metrics", "trigger_words", "sharing", "journal"]
)
def test_statements_are_those_that_both_databases_know(module):
    """See "One journal, two databases" in docs/architecture.md."""
    source = (Path(columns.__file__).parent / f"{module}.py").read_text(encoding="utf-8")
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    texts = [node.value for node in nodes if isinstance(node.value, str)]
    statements = [text for text in texts if re.search(r"\b(SELECT|INSERT|UPDATE|DELETE)\b", text)]
    assert statements
    for text in statements:
        assert not re.search(ONLY_SQLITE, text), text
        assert re.search(r"ON CONFLICT (\(|DO NOTHING)", text) or "ON CONFLICT" not in text, (
            "PostgreSQL wants its target"
        )
