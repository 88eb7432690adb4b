"""Long sweeps on bad days, in virtual time: faults of all kinds and deaths of the process, judged by the ledger."""

import random
from collections import Counter

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


@pytest.mark.parametrize("seed", [1])
def test_ten_thousand_runs_with_faults_and_deaths(tmp_path, monkeypatch, seed):
    """The history is declared complete: nothing is lost, paid twice, or left unknown."""
    print(f"seed {seed}")
    random_ = random.Random(seed)
    # Heartbeats tell processes on other machines, of which there is none here, and a day has 17,000 of them.
    monkeypatch.setattr(engine, "BEAT_SECONDS", 3600.0)
    b = Bench(tmp_path, durable=False, faults=bad_day(0.30), seed=seed, workers=2000)
    mortal = Mortal(b, monkeypatch)
    grid = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(10_000)))
    deaths = 0
    while deaths < 20:
        assert mortal.run_until_death(grid, random_.randrange(1000, 5000), max_in_flight=500), "it ended too early"
        deaths += 1
    for _ in range(12):
        rows = b.run(grid, max_in_flight=500)
        if {row.state for row in rows} == {"completed"}:
            break
    outcomes = Counter((row.state.value, row.error_kind) for row in rows)
    paid = Counter(entry.body["seed"] for entry in b.ledger.entries() if entry.billed)
    assert max(paid.values()) == 1, "paid twice"
    assert outcomes == {("completed", ""): 10_000}
    assert len(paid) == 10_000


def test_with_an_undeclared_history_nothing_is_paid_twice_and_every_unknown_is_reported(tmp_path, monkeypatch):
    b = Bench(tmp_path, durable=False, faults=bad_day(0.30), seed=2, workers=2000, history_complete=None)
    mortal = Mortal(b, monkeypatch)
    grid = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(600)))
    for steps in (150, 900, 400, 1500, 700):
        mortal.run_until_death(grid, steps, max_in_flight=100)
    for _ in range(12):
        rows = b.run(grid, max_in_flight=100)
    outcomes = Counter(row.state.value for row in rows)
    paid = Counter(entry.body["seed"] for entry in b.ledger.entries() if entry.billed)
    assert max(paid.values()) == 1
    assert set(outcomes) <= {"completed", "unknown"}
    unknown = {row.parameters["seed"] for row in rows if row.state == "unknown"}
    assert unknown, "some submits never arrived, which nobody can tell"
    assert not unknown & set(paid), "and those that did arrive were found"
    assert all(row.error and row.submitted_at for row in rows if row.state == "unknown")
