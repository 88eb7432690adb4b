"""docs/architecture.md shows the imports as they are, and names files that exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def test_the_diagram_shows_the_imports_of_today():
    code = "import sys; sys.path.insert(0, 'tools'); import draw_architecture; print(draw_architecture.diagram())"
    made = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.strip() in PAGE, "run python tools/draw_architecture.py"


def test_every_module_that_it_names_exists():
    named = re.findall(r"`((?:[a-z_]+/)*[a-z_]+(?:\.py|/))(?: |`)", PAGE.split("**The folder.**")[0])
    there = [
        f"/{path.relative_to(ROOT).as_posix()}{'/' * path.is_dir()}"
        for path in [*ROOT.glob("*.py"), *ROOT.glob("t*/**/*"), *ROOT.glob("segflux_nb/**/*")]
    ]
    missing = [name for name in named if not any(path.endswith(f"/{name}") for path in there)]
    assert len(named) > 40
    assert missing == []


def test_every_package_is_described():
    for path in (ROOT / "segflux_nb").iterdir():
        name = f"{path.name}/" if (path / "__init__.py").exists() else path.name
        if path.suffix == ".py" or name.endswith("/"):
            assert f"`{name}`" in PAGE or path.stem in ("__main__", "version"), name


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=lambda page: page.stem)
def test_no_part_of_a_page_is_there_twice(page):
    headings = re.findall(r"^##+ .+$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(set(headings)) == len(headings)
