"""Sizes of files, what an import loads, and planted bugs. The layers are checked by import-linter."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHON = [path for folder in ("segflux_nb", "tests", "tools", "benchmarks") for path in (ROOT / folder).rglob("*.py")]
JAVASCRIPT = list((ROOT / "segflux_nb").rglob("*.js"))


def longer_than(most, paths):
    lengths = {path.relative_to(ROOT): len(path.read_text(encoding="utf-8").splitlines()) for path in paths}
    return {path.as_posix(): length for path, length in lengths.items() if length > most}


@pytest.mark.parametrize(
    ("most", "paths"),
    [
        (500, PYTHON),
        (300, JAVASCRIPT),
        (320, [ROOT / "segflux_nb" / "workspace.py", *(ROOT / "segflux_nb" / "runlog").glob("*.py")]),
        (250, [ROOT / "segflux_nb" / "runs.py"]),
    ],
    ids=["python", "javascript", "workspace and log", "runs"],
)
def test_a_file_does_one_thing_so_it_is_short(most, paths):
    assert paths
    assert longer_than(most, paths) == {}


def test_an_import_alone_loads_nothing_heavy():
    lazily = {**os.environ, "EAGER_IMPORT": ""}  # some environments ask lazy-loader for the contrary
    code = "import json, sys, segflux_nb; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    command = [sys.executable, "-c", code]
    loaded = set(json.loads(subprocess.run(command, env=lazily, capture_output=True, check=True).stdout))
    heavy = {
        "pandas",
        "numpy",
        "PIL",
        "ipywidgets",
        "anywidget",
        "scipy",
        "uvicorn",
        "starlette",
        "aiohttp",
        "certifi",
        "httptools",
        "truststore",
        "asyncio",
    }
    assert not loaded & heavy


PATCHES = sorted((ROOT / "tests" / "mutants").glob("*.patch"))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_planted_bugs_can_be_planted(patch):
    """`make mutants` shows that tests find each of them."""
    checked = subprocess.run(
        ["git", "apply", "--check", "--recount", "-"],
        cwd=ROOT,
        input=patch.read_text().split("\n", 2)[2],
        capture_output=True,
        text=True,
    )
    assert not checked.returncode, checked.stderr
