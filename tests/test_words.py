"""Names and phrases that we dropped do not come back: standard terms, plain English."""

import io
import keyword
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

NAMES = {
    "air": "requests in flight",
    "arranging": "pivot",
    "ballot": "pairing",
    "brake": "failure breaker",
    "braked": "failure breaker",
    "carrying": "holding",
    "finer": "refine",
    "flying": "in flight",
    "gate": "paused until",
    "house": "architecture",
    "jury": "pairwise comparison",
    "landing": "in flight",
    "law": "service times",
    "liveview": "live view",
    "lonely": "prior bandwidth",
    "offline": "gallery state, gallery page",
    "pacer": "rate limiter",
    "pacing": "rate control",
    "room": "package, layer, concurrency limit",
    "rooms": "packages, layers",
    "scout": "early probe",
    "settle": "drain, reconcile, move or reload, record the outcome",
    "spoilt": "corrupted",
    "standing": "run state",
    "walk": "run context",
    "watched": "progress source",
}
"""Parts of identifiers, and the standard term that took the place of each."""

WHOLE_NAMES = {"given_of", "take_back", "Watch", "Writer", "Seen", "_Face", "LONELY", "WORTH"}
"""Identifiers that are wrong as a whole; their parts are ordinary words."""

STANDARD_LIBRARY = {"walk", "walk_packages"}

MODULES = [
    "viewing", "running/law.py", "running/walk.py", "running/pacer.py", "running/pacing.py", "running/writer.py",
    "running/leases.py", "sweep/written.py", "sweep/finer.py", "jury.py", "analysis/ballot.py", "analysis/ranking.py",
    "exporting/copies.py", "exporting/chunks.py", "simulator/answers.py", "widgets/offline.py", "sheets/arranging.py",
]  # fmt: skip
"""Files under their old names."""

PHRASES = [
    r"\b[Aa]new\b",
    r"\b[Ww]hom\b",
    r"\b[Ss]o many\b",
    r"\bits like\b",
    r"\b[Ww]hatever (?:is|it)\b",
    r"\bnobody's hands",
    r"(?<!there )\bis none\b",
    r"\b[Ww]hoever\b",
    r"\bsay so\b",
    r"\bthe user's word\b",
    r"\bcannot be:",
    r"\bhereof\b|\bthereof\b|\bwherein\b|\bthereby\b",
    r"\btwo rooms\b|\bthe house\b",
]
"""What we do not write, in any text: a reader whose first language is not English would read it twice."""

HERE = Path(__file__)
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")]
TEXTS = PAGES + sorted(
    path
    for folder in ("segflux_nb", "tests", "docs", "notebooks", "tools", "benchmarks")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".py", ".pyi", ".js", ".css", ".md", ".ipynb", ".html") and path != HERE
    if folder != "notebooks" or path.parent == ROOT / folder  # notebooks write into folders below
)
PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def dropped_names(source):
    """The dropped names in a Python source: lines with what to write."""
    before = ""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_name = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
        if is_name and not (before == "." and token.string in STANDARD_LIBRARY):
            parts = {part.lower() for part in PART.findall(token.string)}
            for part in sorted(parts & set(NAMES)):
                yield f"{token.start[0]}: {token.string} (write: {NAMES[part]})"
            if token.string in WHOLE_NAMES:
                yield f"{token.start[0]}: {token.string}"
        before = token.string


def dropped_phrases(text):
    for number, line in enumerate(text.splitlines(), 1):
        for phrase in PHRASES:
            for found in re.findall(phrase, line):
                yield f"{number}: {found}"


def violations(find, suffixes):
    found = {
        path.relative_to(ROOT): list(find(path.read_text(encoding="utf-8")))
        for path in TEXTS
        if path.suffix in suffixes
    }
    return [f"{path}:{line}" for path, lines in found.items() for line in lines]


def test_dropped_names_do_not_come_back():
    assert violations(dropped_names, (".py", ".pyi")) == []


def test_dropped_phrases_do_not_come_back():
    assert violations(dropped_phrases, {path.suffix for path in TEXTS}) == []


@pytest.mark.parametrize("name", MODULES)
def test_files_are_not_back_under_their_old_names(name):
    assert not (ROOT / "segflux_nb" / name).exists()


def test_the_search_finds_what_it_searches_for():
    assert list(dropped_names("class Pacer:\n    law_of = Writer()\n")) == [
        "1: Pacer (write: rate limiter)",
        "2: law_of (write: service times)",
        "2: Writer",
    ]
    assert list(dropped_phrases("made\nAnew, by whom")) == ["2: Anew", "2: whom"]
