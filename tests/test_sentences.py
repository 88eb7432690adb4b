"""What sentences name exists, and their English is right: commands, extras, plurals, money."""

import ast
import functools
import re
import tomllib
from pathlib import Path

import click
import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.installing import how_to_install
from segflux_nb.running.policy.budget import Budget

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "pytest_segflux.py", *sorted((ROOT / "segflux_nb").rglob("*.py"))]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*") if path.suffix in (".md", "") and path.is_file()),
    *sorted((ROOT / "docs" / "team").iterdir()),
    *sorted((ROOT / "notebooks").glob("*.ipynb")),
]
EXTRAS = set(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"])


@functools.cache
def texts_of(path):
    """The texts of a Python file, with their lines. What stands in braces of an f-string is there as its code."""
    return list(found_in(path))


def found_in(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield node.lineno, "".join(map(part_of_text, node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def part_of_text(part):
    if isinstance(part, ast.Constant):
        return str(part.value)
    form = "".join(map(part_of_text, part.format_spec.values)) if part.format_spec else ""
    how = f"!{chr(part.conversion)}" if part.conversion > 0 else ""
    return f"{{{ast.unparse(part.value)}{how}{':' if form else ''}{form}}}"


def all_texts():
    for path in SOURCES:
        for line, text in texts_of(path):
            yield f"{path.relative_to(ROOT)}:{line}", text
    for path in PAGES:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


# ---------------------------------------------------------------------- commands

WORDS_AFTER = {"needs", "notebooks", "pictures", "tiny", "segflux", "segflux-worker", "report"}
"""What follows the word where it is no command: an option of pytest, a format, a user of a system."""


def commands_in(text):
    for found in re.finditer(r"\bsegflux ([a-z][a-z-]*)(?: ([a-z]+))?", text):
        if found[1] not in WORDS_AFTER:
            yield found[1], found[2]


def unknown(first, second):
    command = main.commands.get(first)
    is_group = isinstance(command, click.Group)
    return command is None or (is_group and second is not None and second not in command.commands)


def test_each_command_that_a_text_names_exists():
    named = [(place, command) for place, text in all_texts() for command in commands_in(text)]
    assert len(named) > 100
    assert [(place, command) for place, command in named if unknown(*command)] == []


def test_the_page_of_commands_has_all_of_them():
    page = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `segflux")]
    found = {command if second in ("", None) else (command, second) for row in rows for command, second in pairs(row)}
    for name, command in main.commands.items():
        parts = [(name, part) for part in command.commands] if isinstance(command, click.Group) else [name]
        assert set(parts) <= found, name


def pairs(row):
    for first, second in commands_in(row):
        yield first, second if isinstance(main.commands.get(first), click.Group) else None


# ---------------------------------------------------------------------- extras


@pytest.mark.parametrize("extra", sorted(EXTRAS))
def test_how_an_extra_is_installed(extra):
    assert f'pip install "segflux-nb[{extra}]"' in how_to_install(extra)
    assert f'in a clone of the repository: pip install ".[{extra}]"' in how_to_install(extra)
    assert f"`[{extra}]`" in (ROOT / "docs" / "install.md").read_text(encoding="utf-8")


def test_each_extra_that_a_text_names_exists_and_is_quoted():
    named = 0
    for place, text in all_texts():
        for found in re.finditer(r"(.?)(?:segflux-nb|\.)\[([a-z,]+)\](.?)", text):
            named += 1
            assert set(found[2].split(",")) <= EXTRAS, (place, found[0])
            assert found[1] + found[3] in ('""', '"='), (place, found[0])
    assert named > 15


def test_errors_say_it_from_one_place():
    """A remedy that names one way alone is wrong for half of the users."""
    for path in SOURCES:
        for line, text in texts_of(path):
            if path.stem != "installing" and re.match(r"(Run: )?pip install .*segflux", text):
                pytest.fail(f"{path.name}:{line}: {text}")


# ---------------------------------------------------------------------- English

NOUNS = (
    "run|picture|row|file|value|vote|seed|pair|setting|cell|name|photo|note|byte|frame|sweep|take|label|axis|axe|"
    "other|prompt|field|model|term|second|entry|step"
)
CONSTANT = re.compile(r"\b_?[A-Z][A-Z_]+\b")

ONLY_SEVERAL = {
    ("exporting/report.py", "{len(view):,} runs"),  # more than a report shows
    ("folders/folder.py", "{len(found):,} names"),
    ("folders/heads.py", "{size:,} bytes"),  # more than is read
    ("folders/report.py", "{len(files):,} files"),
    ("parameter.py", "{len(plain):,} values"),  # more than are sent
    ("pictures/object_store.py", "{found.meta['size']:,} bytes"),  # more than a picture has
    ("replaying.py", "{named!r} names"),  # a verb
    ("running/policy/failure_breaker.py", "{self._failures} runs"),
    ("running/more_pictures.py", "{number} pictures"),  # of an output that has more than one
    ("selection.py", "{len(self):,} runs"),
    ("sheets/grid.py", "{len(labels)} values"),
    ("sheets/numbers.py", "{of} rows"),
    ("sheets/pivot.py", "{most} pictures"),
    ("sheets/travel.py", "{number:,} values"),  # more than a loop shows
    ("voting/pairwise.py", "{len(made.scales)} axes"),  # more than can be judged
    ("widgets/builder.py", "{len(sweep):,} runs"),
    ("widgets/picture_runner.py", "{number:,} runs"),  # more than the form starts
    ("checking/commands.py", "{path.stat().st_size:,} bytes"),
    ("runlog/postgres/words.py", "{shown} takes"),  # an address
    ("sweep/points.py", "{cells:,} cells"),  # more than a sweep may have
    ("sweep/sweep.py", "{len(self):,} cells"),  # some of them are equal
    ("workspace_verbs/plan.py", "{len(sweep):,} cells"),  # more than memory holds
}
"""Texts that are never about one of them."""


def test_numbers_have_their_noun_by_count():
    wrong = []
    for path in SOURCES[1:]:
        for _, text in texts_of(path):
            for found in re.finditer(rf"\{{((?:len\()?[^{{}}]*)\}} (?:more |other |picture )?(?:{NOUNS})s\b", text):
                code = found[1]
                is_number = "len(" in code or ":," in code or code.isidentifier() or code.startswith("self.")
                if is_number and "count(" not in code and not CONSTANT.search(code):
                    wrong.append((path.relative_to(ROOT / "segflux_nb").as_posix(), found[0]))
    assert set(wrong) <= ONLY_SEVERAL, set(wrong) - ONLY_SEVERAL


def test_money_has_separators_of_thousands():
    wrong = [(place, found) for place, text in all_texts() for found in re.findall(r"\$\{[^{}]*:\.2f\}", text)]
    assert wrong == []
    budget = Budget(10_000)
    assert budget.reserve(9_999.5) is None
    assert "may spend $10,000.00, and $9,999.50 of it" in budget.reserve(1)


def test_one_run_reads_well(tmp_path):
    sweep = sf.Sweep(prompt="TOK", finetune_id="my-finetune-id", seed=1)
    with sf.Workspace(tmp_path, service=sf.Simulator(time_scale=0.001, paint=False)) as ws:
        plan = str(ws.plan(sweep))
        assert "1 run: 1 to submit" in plan
        assert "for all" not in plan
        with pytest.raises(sf.SegfluxError, match="no run to show: the only one was not started"):
            ws.runs(sweep).sheet()
        runs = ws.run(sweep)
        with pytest.raises(sf.SegfluxError, match="no run 7 in a selection of 1 run"):
            runs[7]
        with pytest.raises(sf.SegfluxError, match=r"^The table's row seed 9 is about none of these runs\. "):
            runs.annotate(pd.DataFrame({"seed": [9], "score": [1]}))
        with pytest.raises(sf.SegfluxError, match=r"^1 of 2 rows, the first of them seed 9, is about none of these"):
            runs.annotate(pd.DataFrame({"seed": [1, 9], "score": [1, 2]}))


def test_a_sentence_within_another_one_begins_small(tmp_path):
    sweep = sf.Sweep(prompt="TOK", finetune_id="my-finetune-id", seed=1, lora_strength=[0.5, 1])
    with sf.Workspace(tmp_path, service=sf.Simulator(time_scale=0.001, paint=False)) as ws:
        runs = ws.run(sweep)
        with pytest.raises(sf.SegfluxError) as caught:
            runs.best("lora_strength")
    assert re.fullmatch(
        r"Nothing says which lora_strength is best: there are no votes on it, and the log has no picture [^A-Z]*\. "
        r'Vote between pairs: runs\.tuner\("lora_strength"\)\. Or: make them: ws\.run\(.*\)\.',
        str(caught.value),
    )
