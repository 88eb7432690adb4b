"""The code of docs/team.md runs as printed, against a PostgreSQL, a folder as store, and a Dask cluster."""

import re
import shlex
import sqlite3
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

import segflux_nb as sf
from segflux_nb.cli import main
from tests.postgres_server import binaries

PAGE = Path(__file__).parents[2] / "docs" / "team.md"
ADDRESS = re.compile(r"postgresql://(?:\w+@)?db\.example\.org/study")
STORE = "s3://our-bucket/study"
OF_OTHERS = {"pip", "createdb", "export", "rclone"}
"""Commands that need a network, or whose effect the test has already."""


def blocks(language):
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def here(postgres, tmp_path, monkeypatch):
    """The current folder with a study and a sweep file; the address of an empty database; a simulator."""
    pytest.importorskip("distributed")
    monkeypatch.chdir(tmp_path)
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], lora_strength=[0.0, 1.0])
    sweep.to_toml(tmp_path / "sweep.toml")
    with sf.Simulator(time_scale=0.001, paint=False) as simulator:
        address = postgres.new_database()
        for name, value in {
            "SEGFLUX_CACHE": tmp_path / "cache",
            "SEGFLUX_WORKSPACE": address,
            "SEGFLUX_PICTURES": tmp_path / "store",
            "SEGFLUX_SERVICE": simulator.url,
        }.items():
            monkeypatch.setenv(name, str(value))
        with sf.Workspace("study", service=simulator, pictures=tmp_path / "store") as ws:
            ws.run(sweep.replace(seed=3))
        with sqlite3.connect("study/log.sqlite") as log:
            log.execute("DELETE FROM processes")  # as half a minute later: nobody works there
        log.close()
        yield address, simulator, sweep


def test_the_code_of_the_page_runs(here, tmp_path):
    address, simulator, sweep = here

    def as_here(code):
        return ADDRESS.sub(address, code).replace(STORE, str(tmp_path / "store"))

    lines = [line[2:].split("  #")[0] for block in blocks("console") for line in as_here(block).splitlines()]
    done = {call(shlex.split(line)) for line in lines if not line.startswith("segflux worker")}
    assert {"segflux run", "segflux copy", "pg_dump"} <= done
    assert (tmp_path / "study.dump").stat().st_size > 10_000
    names = {"sf": sf, "simulator": simulator, "sweep": sweep.replace(steps=30)}
    for block in blocks("python"):
        exec(compile(as_here(block), "team.md", "exec"), names)
        if "ws.submit" in block:
            assert call(["segflux", "worker", "--until-idle"]) == "segflux worker"
    assert names["frame"].red.notna().all()
    assert names["ws"].runs().counts == {"completed": 4 + 4 + 2}
    names["ws"].close()


def call(words):
    """Run a command of ours, or of PostgreSQL: its name."""
    if words[0] == "segflux":
        result = CliRunner().invoke(main, words[1:], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return " ".join(words[:2])
    if words[0] not in OF_OTHERS:
        subprocess.run([binaries() / words[0], *words[1:]], check=True, capture_output=True)
    return words[0]
