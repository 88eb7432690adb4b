"""The README's example runs as printed, and its links exist."""

import re
from pathlib import Path

import pytest

import segflux_nb as sf

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_runs_as_printed(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    names: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 4
    for block in blocks[:3]:
        exec(compile(block, "README.md", "exec"), names)
    assert len(names["runs"].df) == 48
    assert (tmp_path / "tok-study-1" / "contact-sheet.png").exists()
    names["ws"].close()
    exec(compile(blocks[3], "README.md", "exec"), names)
    assert "48 runs: 48 to submit\nCost: about $1.63" in capsys.readouterr().out
    with pytest.raises(sf.SegfluxError, match="SEGMIND_API_KEY"):
        names["ws"].run(names["sweep"])
    names["ws"].close()


@pytest.mark.parametrize(
    "page", ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_links_exist(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert ((ROOT / page).parent / target).exists(), target


def test_the_readme_is_at_most_two_screens():
    assert len(README.splitlines()) <= 80
