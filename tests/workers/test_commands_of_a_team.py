"""The commands on a workspace that machines share: how it is named, what is mistyped, a store that is away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import segflux_nb as sf
from segflux_nb.cli import main
from segflux_nb.errors import StoreError
from segflux_nb.pictures import mounted
from segflux_nb.pictures.object_store import ObjectStore
from segflux_nb.simulator.app import Simulator

MISTYPED = [
    "postgressql://db/study",
    "mysql://db/study",
    "postgres:/db/study",
    "postgresql//db/study",
    "postgresql:ada@db/study",
    "host=db dbname=study",
]


@pytest.fixture(scope="module")
def service():
    with Simulator(time_scale=0, paint=False) as simulator:
        yield simulator


@pytest.fixture
def call(tmp_path, monkeypatch, service):
    monkeypatch.chdir(tmp_path)
    for name in ("SEGMIND_API_KEY", "SEGFLUX_WORKSPACE", "SEGFLUX_PICTURES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SEGFLUX_SERVICE", service.url)
    sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]).to_toml("sweep.toml")
    runner = CliRunner()
    return lambda *arguments: runner.invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture
def shared(call, postgres, tmp_path, monkeypatch):
    """A workspace in a database, with a sweep that was run from the command line."""
    monkeypatch.setenv("SEGFLUX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("SEGFLUX_PICTURES", str(tmp_path / "store"))
    address = postgres.new_database()
    result = call("run", "sweep.toml", "--workspace", address, "--name", "first")
    assert result.exit_code == 0, result.output
    return address


@pytest.mark.parametrize("place", MISTYPED)
def test_a_mistyped_address_is_refused_by_each_command_and_makes_no_folder(
    call, service, tmp_path, monkeypatch, place
):
    before, paid = sorted(tmp_path.iterdir()), service.ledger.submits
    commands = [
        *((verb, "sweep.toml", "--workspace", place) for verb in ("plan", "run")),
        *((verb, "--workspace", place) for verb in ("worker", "doctor", "status", "verify", "follow")),
        *((verb, place) for verb in ("status", "verify", "follow")),
        ("sheet", place, "-o", "sheet.png"),
        ("export", place, "-o", "out"),
        ("bundle", place, "-o", "out.sfx"),
        ("copy", place, "target"),
    ]
    for command in commands:
        result = call(*command)
        assert result.exit_code == 1, command
        assert "Write postgresql://user@host/study" in result.output, command
    monkeypatch.setenv("SEGFLUX_WORKSPACE", place)
    for command in (("run", "sweep.toml"), ("worker",), ("doctor",), ("status",), ("sheet", "-o", "sheet.png")):
        assert call(*command).exit_code == 1, command
    assert sorted(tmp_path.iterdir()) == before
    assert service.ledger.submits == paid


def test_a_workspace_is_named_in_three_ways_and_a_sweep_with_each(call, shared, monkeypatch):
    ways = {"word": (shared,), "option": ("--workspace", shared), "variable": ()}
    for way, words in ways.items():
        if way == "variable":
            monkeypatch.setenv("SEGFLUX_WORKSPACE", shared)
        assert call("status", *words).output == "simulator: first: 2 completed\n"
        assert call("follow", *words, "first").output == "2 completed\n"
        assert call("verify", *words).output == "2 picture files: 2 fine\n"
        for sweep in ("first", "sweep.toml"):
            assert "2 pictures" in call("sheet", *words, sweep, "-o", f"{way}.png").output
        result = call("export", *words, "frist", "-o", way)
        assert (result.exit_code, "has no sweep 'frist'" in result.output) == (1, True)
    assert "none was met" in call("doctor").output, "it has read the log"
    assert "can be written, and keeps the pictures" in call("doctor").output


def test_two_workspaces_or_none_are_told_with_2(call, shared):
    assert "Two workspaces are named" in call("status", shared, "--workspace", shared).output
    assert call("sheet", "first", "first", "--workspace", shared, "-o", "a.png").exit_code == 2
    for command in (("status",), ("sheet", "-o", "a.png"), ("run", "sweep.toml"), ("worker",)):
        assert call(*command).exit_code == 2


def test_a_store_that_is_away_or_not_named_is_told_by_the_commands(call, shared, tmp_path, monkeypatch):
    def away(self, *arguments):
        raise StoreError(f"{self.address}: the store cannot be reached", is_passing=True)

    for path in (tmp_path / "cache").glob("**/pictures/*/*"):
        path.unlink()
    with monkeypatch.context() as patch:
        for name in ("read", "pages", "create"):
            patch.setattr(ObjectStore, name, away)
        patch.setattr(mounted, "_mounts", {})
        assert call("status", shared).output == "simulator: first: 2 completed\n"
        assert call("plan", "sweep.toml", "--workspace", shared).exit_code == 0
        assert "the store cannot be reached" in call("verify", shared).output
        assert "left out of the export" in call("export", shared, "-o", "out").output
        assert call("bundle", shared, "-o", "out.sfx").exit_code == 1
        assert call("copy", shared, "copy").exit_code == 1
        doctor = call("doctor", "--workspace", shared)
        assert (doctor.exit_code, "the store cannot be reached" in doctor.output) == (1, True)
        patch.setenv("SEGFLUX_PICTURES", "memory://other")
        told = call("status", shared).output
        assert "are kept in file://" in told
        assert "Name file://" in told
    monkeypatch.setattr(mounted, "_mounts", {})
    monkeypatch.delenv("SEGFLUX_PICTURES")
    told = call("verify", shared)
    assert (told.exit_code, "SEGFLUX_PICTURES" in told.output, "answers" in told.output) == (1, True, False)
    assert "which was not named" in call("doctor", "--workspace", shared).output


def test_completion_in_a_shell_opens_no_log(tmp_path):
    script = "import sys; from segflux_nb.cli import main\ntry: main(prog_name='segflux')\nfinally:\n"
    script += " print([name for name in ('sqlite3', 'psycopg', 'segflux_nb.workspace') if name in sys.modules])"
    words = "segflux status --work"
    own = {"COMP_WORDS": words, "COMP_CWORD": "2", "_SEGFLUX_COMPLETE": "bash_complete"}
    own |= {"SEGFLUX_WORKSPACE": "postgresql://127.0.0.1:1/study", "PYTHONPATH": str(Path(sf.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | own, capture_output=True, text=True, cwd=tmp_path
    )
    assert done.stdout.split("\n") == ["plain,--workspace", "[]", ""], done.stderr
