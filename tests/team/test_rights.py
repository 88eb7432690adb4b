"""Roles as docs/team.md makes them: each can do its work through our API, and is refused the rest in words."""

import base64
import hashlib
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

import segflux_nb as sf
from segflux_nb.errors import SegfluxError, WorkspaceError
from tests.postgres_server import binaries

PAGE = Path(__file__).parents[2] / "docs" / "team.md"
SQL = re.findall("```sql\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
CANARY = "SG_ca9a51e5ca9a51e5"
SWEEP = sf.Sweep(prompt="TOK at dawn", finetune_id="a", seed=[1, 2], lora_strength=[0.5, 1.0])


@pytest.fixture(scope="module")
def shared(postgres, tmp_path_factory):
    """A study in a database, paid for by its owner, and the roles of the page."""
    folder = tmp_path_factory.mktemp("rights")
    with (
        sf.Simulator(time_scale=0.002, key=CANARY) as simulator,
        pytest.MonkeyPatch.context() as environment,
    ):
        environment.setenv("SEGFLUX_CACHE", str(folder / "cache"))
        address = postgres.new_database()

        def opened(user):
            parts = urlsplit(address)
            place = parts._replace(netloc=f"{user}@{parts.hostname}:{parts.port}").geturl()
            return sf.Workspace(place, pictures=folder / "pictures", service=simulator, api_key=CANARY)

        with opened("segflux") as ws:
            ws.run(SWEEP)
        for block in SQL:
            postgres.execute(address, block)
        opened.address, opened.simulator = address, simulator
        yield opened


MORE = SWEEP.replace(seed=3)


def test_a_reader_sees_everything_and_changes_nothing(shared, tmp_path):
    submits = shared.simulator.ledger.submits
    with shared("eve") as ws:
        runs = ws.runs(SWEEP)
        assert runs.counts == {"completed": 4}
        assert len(runs.df) == len(runs.log) == 4
        assert runs.sheet() is not None
        assert runs.gallery() is not None
        assert len(runs.marks) == len(runs.votes) == 0
        assert len(ws.sweeps) == 1
        assert ws.plan(MORE).to_submit == 2
        runs.export(tmp_path / "export")
        runs.bundle(tmp_path / "study.sfx")
        assert "4" in str(ws.report())
        refused(lambda: runs.vote(runs[0], runs[1], "left", rater="eve"))
        refused(lambda: runs.mark(runs[0], stars=5))
        refused(lambda: runs.annotate(runs.df[["run"]].assign(score=1)))
        refused(lambda: runs.measure("sharpness"))
        refused(lambda: ws.submit(MORE, max_cost=1))
        refused(lambda: ws.run(MORE))
    assert shared.simulator.ledger.submits == submits


def test_a_rater_votes_and_marks_and_pays_nothing(shared):
    submits = shared.simulator.ledger.submits
    with shared("bob") as ws:
        runs = ws.runs(SWEEP)
        runs.vote(runs[0], runs[1], "left", rater="bob")
        runs.mark(runs[0], stars=5)
        runs.mark(runs[0], stars=4)
        runs.annotate(runs.df[["run"]].assign(score=range(4)))
        assert runs.measure("sharpness").sharpness.notna().all()
        assert runs.marks.stars.tolist() == [4]
        assert len(runs.votes) == 1
        refused(lambda: ws.run(MORE))
        refused(lambda: ws.submit(MORE, max_cost=1))
        refused(lambda: runs.discard(pictures=True))
    assert shared.simulator.ledger.submits == submits
    with shared("eve") as ws:
        assert len(ws.runs(SWEEP).votes) == 1


def test_a_runner_pays(shared):
    with shared("ada") as ws:
        assert ws.run(MORE).counts == {"completed": 2}
        runs = ws.runs(MORE)
        runs.mark(runs[0], stars=1)
        with psycopg.connect(ws_address(shared, "ada")) as connection:
            for statement in ("UPDATE events SET to_state = 'x'", "DELETE FROM events"):
                with pytest.raises(psycopg.Error):
                    connection.execute(statement)
                connection.rollback()


def ws_address(shared, user):
    return shared.address.replace("segflux@", f"{user}@")


def refused(act):
    """What the user gets is one of our sentences, and it names the log."""
    try:
        text = str(act().stopped)  # a sweep says why it stopped
    except WorkspaceError as error:
        text = str(error)
    assert "run log" in text, text
    assert "Traceback" not in text


def test_the_key_is_nowhere_in_the_database(shared):
    with shared("ada") as ws:
        ws.run(SWEEP.replace(seed=[7, 8]))
        with pytest.raises(SegfluxError):
            ws.run(SWEEP.replace(seed=9), max_cost=0)
    dumped = subprocess.run(
        [binaries() / "pg_dump", "--inserts", "--dbname", shared.address],
        capture_output=True,
        check=True,
        env={**os.environ, "PGCLIENTENCODING": "UTF8"},
    ).stdout
    assert b"TOK at dawn" in dumped
    for form in forms(CANARY):
        assert form not in dumped


def forms(key):
    """The key as it might be hidden in a text."""
    plain = key.encode()
    yield plain
    yield plain.removeprefix(b"SG_")
    yield plain.hex().encode()
    for shift in range(3):  # base64 of a text that holds the key
        yield base64.b64encode(b"x" * shift + plain)[4:-4]
    yield key[::-1].encode()
    yield hashlib.sha256(plain).hexdigest().encode()  # a digest without salt can be tried out
    yield hashlib.md5(plain).hexdigest().encode()
    yield hashlib.sha1(plain).hexdigest().encode()
