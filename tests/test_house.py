"""The house of docs/architecture.md: imports run one way, downward, and nothing heavy loads with the package."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "segflux_nb"

# From the top down. A room may import from rooms below its own line, and from within itself.
FLOORS = [
    ["__main__"],
    ["cli"],
    ["__init__"],
    ["workspace"],
    ["workspace_verbs"],
    ["session"],
    ["launcher"],
    ["accessor", "connection", "live"],
    ["runs"],
    ["runs_verbs"],
    ["selection"],
    ["run"],
    ["exporting"],
    ["widgets"],
    ["sheets"],
    ["voting"],
    ["analysis"],
    ["launching"],
    ["running"],
    ["runlog"],
    ["client"],
    ["service"],
    ["pictures"],
    ["sweep"],
    ["lifecycle"],
    ["simulator"],
    ["nesting"],
    ["model", "errors", "notebook"],
    ["backoff", "clock", "loopthread", "markup", "version"],
]
LEVEL = {room: level for level, floor in enumerate(FLOORS) for room in floor}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room_of(parts):
    return parts[0].removesuffix(".py")


def imports(path):
    parts = path.relative_to(PACKAGE).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = list(parts[: len(parts) - node.level])
            target = base + (node.module.split(".") if node.module else [])
            if target:
                yield target[0]
            else:
                yield from (alias.name if alias.name in LEVEL else "__init__" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("segflux_nb"):
            yield [*node.module.split("."), "__init__"][1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downward(path):
    room = room_of(path.relative_to(PACKAGE).parts)
    for target in imports(path):
        if target == room:
            continue
        assert LEVEL[target] > LEVEL[room], f"{room} imports {target}, which does not stand below it"
        if target == "simulator":
            assert room in ("workspace", "cli", "__init__"), f"{room} knows the simulator"
        if room == "simulator":
            assert target in ("model", "clock"), f"the simulator inherits {target}"
        if room in ("sheets", "widgets"):
            assert target not in ("runlog", "running", "service"), f"{room} knows {target}"


def test_only_the_transport_imports_the_http_library():
    users = [
        path.relative_to(PACKAGE).as_posix() for path in MODULES if "import httpx" in path.read_text(encoding="utf-8")
    ]
    assert users == ["service/transport.py"]


def test_no_file_is_two_rooms():
    assert {path.name: n for path in MODULES if (n := len(path.read_text(encoding="utf-8").splitlines())) > 500} == {}


def test_an_import_alone_loads_nothing_heavy():
    code = "import json, sys, segflux_nb; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    loaded = set(json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout))
    heavy = {
        "pandas",
        "numpy",
        "PIL",
        "ipywidgets",
        "anywidget",
        "scipy",
        "uvicorn",
        "starlette",
        "httpx2",
        "certifi",
        "httptools",
        "asyncio",
    }
    assert not loaded & heavy


PATCHES = sorted((PACKAGE.parent / "tests" / "mutants").glob("*.patch"))


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_planted_bugs_can_be_planted(patch):
    """Whether each is found says `make mutants`."""
    checked = subprocess.run(
        ["git", "apply", "--check", "--recount", "-"],
        cwd=PACKAGE.parent,
        input=patch.read_text().split("\n", 2)[2],
        capture_output=True,
        text=True,
    )
    assert not checked.returncode, checked.stderr
