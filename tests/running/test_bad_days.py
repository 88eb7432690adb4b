"""Long sweeps on bad days, in virtual time: faults of all kinds and deaths of the process, judged by the ledger."""

import os
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.running import engine
from tests.support.mortal import Mortal
from tests.support.virtual import Bench

CALL_FAULTS = (
    *(
        "drop_unread",
        "drop_before",
        "429",
        "500",
        "502",
        "504",
        "drop_after",
        "drop_middle",
        "502_after",
        "504_after",
    ),
    *("stale", "delay", "truncated", "not_json"),
)


def bad_day(share):
    """Faults that strike so large a share of calls, spread over all kinds that a service may recover from."""
    each = share / len(CALL_FAULTS)
    faults = {f"{where}:{kind}": each for where in ("submit", "status", "result", "history") for kind in CALL_FAULTS}
    faults |= {f"picture:{kind}": share / 5 for kind in ("500", "drop_before", "drop_middle", "truncated", "delay")}
    return faults | {"submit:no_id": each, "job:failed": share / 6}


MEMORY = Path("/dev/shm")
MEMORY_BYTES = 512 << 20


@pytest.fixture
def folder(tmp_path):
    """A folder in memory, where the system has room for one.

    Nothing of these sweeps has to survive the machine, and a disk takes ten times as long to make 10,000 files.
    """
    if not os.access(MEMORY, os.W_OK) or shutil.disk_usage(MEMORY).free < MEMORY_BYTES:
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=MEMORY) as made:
        yield Path(made)


def die_and_go_on(folder, monkeypatch, seed, **settings):
    """A sweep of 10,000 runs on a bad day, with 20 deaths: the bench and the rows that are left at last."""
    print(f"seed {seed}")
    random_ = random.Random(seed)
    # Heartbeats tell processes on other machines, of which there is none here, and a day has 17,000 of them.
    monkeypatch.setattr(engine, "BEAT_SECONDS", 3600.0)
    b = Bench(folder, durable=False, faults=bad_day(0.30), seed=seed, workers=2000, **settings)
    mortal = Mortal(b, monkeypatch)
    grid = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(10_000)))
    deaths = 0
    while deaths < 20:
        assert mortal.run_until_death(grid, random_.randrange(1000, 5000), max_in_flight=500), "it ended too early"
        deaths += 1
    for _ in range(12):
        rows = b.run(grid, max_in_flight=500)
        if {row.state for row in rows} <= {"completed", "unknown"}:
            break
    paid = Counter(entry.body["seed"] for entry in b.ledger.entries() if entry.billed)
    assert max(paid.values()) == 1, "paid twice"
    return rows, set(paid)


@pytest.mark.parametrize("seed", [1])
def test_ten_thousand_runs_with_faults_and_deaths(folder, monkeypatch, seed):
    """The history is declared complete: nothing is lost, paid twice, or left unknown."""
    rows, paid = die_and_go_on(folder, monkeypatch, seed)
    assert Counter((row.state.value, row.error_kind) for row in rows) == {("completed", ""): 10_000}
    assert len(paid) == 10_000


@pytest.mark.parametrize("seed", [2])
def test_ten_thousand_runs_with_an_undeclared_history(folder, monkeypatch, seed):
    """Nothing is paid twice, and every unknown is reported: nobody can tell submits that never arrived."""
    rows, paid = die_and_go_on(folder, monkeypatch, seed, history_complete=None)
    unknown = {row.parameters["seed"] for row in rows if row.state == "unknown"}
    assert unknown, "some submits never arrived, which nobody can tell"
    assert not unknown & paid, "and those that did arrive were found"
    assert unknown | paid == set(range(10_000))
    assert all(row.error and row.submitted_at for row in rows if row.state == "unknown")
