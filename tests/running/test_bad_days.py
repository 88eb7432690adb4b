"""Long sweeps on bad days, in virtual time: faults of all kinds and deaths of the process, judged by the ledger."""

import os
import random
import shutil
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

import segflux_nb as sf
from segflux_nb.running import heartbeats
from tests.support.mortal import Mortal
from tests.support.virtual import Bench

pytestmark = pytest.mark.alone  # two processes at work

MEMORY = Path("/dev/shm")
MEMORY_BYTES = 512 << 20

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
    """Faults that strike this share of calls, spread over all kinds that a service may recover from."""
    each = share / len(CALL_FAULTS)
    faults = {f"{where}:{kind}": each for where in ("submit", "status", "result", "history") for kind in CALL_FAULTS}
    faults |= {f"picture:{kind}": share / 5 for kind in ("500", "drop_before", "drop_middle", "truncated", "delay")}
    return faults | {"submit:no_id": each, "job:failed": share / 6}


def quick_folder():
    """A folder that is removed again; in memory, if the system has enough of it.

    These sweeps need not survive the machine, and a disk takes ten times as long to make 10,000 files.
    """
    fits = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES
    return tempfile.TemporaryDirectory(dir=MEMORY if fits else None)


def die_and_go_on(seed, settings):
    """A sweep of 10,000 runs on a bad day, with 20 deaths: the rows that are left at last, and the seeds paid for."""
    print(f"seed {seed}", flush=True)
    random_ = random.Random(seed)
    with quick_folder() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        # Heartbeats tell processes on other machines, of which there is none here, and a day has 17,000 of them.
        monkeypatch.setattr(heartbeats, "HEARTBEAT_SECONDS", 3600.0)
        b = Bench(Path(folder), durable=False, faults=bad_day(0.30), seed=seed, workers=2000, **settings)
        mortal = Mortal(b, monkeypatch)
        grid = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(10_000)))
        for _ in range(20):
            steps = random_.randrange(1000, 5000)
            assert mortal.run_until_death(grid, steps, max_in_flight=500), "it ended before its 20th death"
        for _ in range(12):
            rows = b.run(grid, max_in_flight=500)
            if {row.state for row in rows} <= {"completed", "unknown"}:
                break
        paid = Counter(entry.body["seed"] for entry in b.ledger.entries() if entry.billed)
        assert max(paid.values()) == 1, "paid twice"
        return rows, set(paid)


@pytest.fixture(scope="module")
def bad_days():
    """Both sweeps at a time, each in a process of its own: a core each, they take as long as one."""
    days = {"declared": (1, {}), "undeclared": (2, {"history_complete": None})}
    with ProcessPoolExecutor(len(days), mp_context=get_context("spawn")) as pool:
        yield {history: pool.submit(die_and_go_on, seed, settings) for history, (seed, settings) in days.items()}


def test_ten_thousand_runs_with_faults_and_deaths(bad_days):
    """The history is declared complete: nothing is lost, paid twice, or left unknown."""
    rows, paid = bad_days["declared"].result()
    assert Counter((row.state.value, row.error_kind) for row in rows) == {("completed", ""): 10_000}
    assert len(paid) == 10_000


def test_ten_thousand_runs_with_an_undeclared_history(bad_days):
    """Nothing is paid twice, and every unknown run is reported: no one can tell which submits never arrived."""
    rows, paid = bad_days["undeclared"].result()
    unknown = {row.parameters["seed"] for row in rows if row.state == "unknown"}
    assert unknown, "some submits never arrived, and cannot be told from lost answers"
    assert not unknown & paid, "and those that did arrive were found"
    assert unknown | paid == set(range(10_000))
    assert all(row.error and row.submitted_at for row in rows if row.state == "unknown")
