"""Each row of the table of misbehaviours, in virtual time."""

import ast
from collections import Counter
from pathlib import Path

import pytest

from segflux_nb.runlog import database

from .harness import differences, play
from .misbehaviours import TABLE

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def attempts_are_short(monkeypatch):
    """Each attempt at a locked log takes real time, and hundreds of them a virtual minute."""
    monkeypatch.setattr(database, "ATTEMPT_SECONDS", 0.001)
    monkeypatch.setattr(database, "PAUSE_SECONDS", 0.001)


@pytest.mark.parametrize("row", TABLE, ids=[row.id for row in TABLE])
def test_misbehaviour(row, tmp_path):
    if found := differences(row.expected, play(row, tmp_path)):
        pytest.fail("\n".join(found), pytrace=False)


def test_the_table():
    """The rows are many, and their names are unique."""
    names = Counter(row.id for row in TABLE)
    assert len(TABLE) >= 150
    assert not [name for name, number in names.items() if number > 1]


def test_the_scripted_service_does_not_know_the_product():
    """It is written from the contract alone: neither the product's nor the simulator's reading of it."""
    tree = ast.parse((HERE / "server.py").read_text(encoding="utf-8"))
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert not [name for name in names if not name or name.startswith(("segflux_nb", "tests"))]
