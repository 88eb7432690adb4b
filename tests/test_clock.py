"""One module reads the system's clock; all others are handed a clock."""

import ast
from pathlib import Path

import segflux_nb

PACKAGE = Path(segflux_nb.__file__).parent


def reads_the_clock(path):
    """Whether a module imports `time`, or asks `datetime` for the present."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import) and any(alias.name == "time" for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and node.module == "time" and not node.level:
            return True
        if isinstance(node, ast.Attribute) and node.attr in ("now", "utcnow", "today"):
            owner = node.value
            if isinstance(owner, ast.Name) and owner.id in ("datetime", "date", "Timestamp"):
                return True
    return False


def test_one_module_reads_the_systems_clock():
    reading = [path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if reads_the_clock(path)]
    assert reading == ["clock.py"]


def test_a_module_that_reads_it_is_found(tmp_path):
    for text in ("import time\n", "from time import monotonic\n", "from datetime import date\ndate.today()\n"):
        (tmp_path / "module.py").write_text(text)
        assert reads_the_clock(tmp_path / "module.py"), text
