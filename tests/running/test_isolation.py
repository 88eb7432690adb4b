"""An error that nothing foresees ends the work on one run, moves no run to failed, and is reported."""

import logging
from collections import Counter

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.running.collector import Collector
from segflux_nb.running.recovery import Recovery
from segflux_nb.service.api import Api
from tests.support.virtual import Bench

KEY = "SG_0123456789abcdef"
SWEEP = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)))


def failing(monkeypatch, owner, name, *, times=1):
    """The first calls of a method end with a programming error."""
    works = getattr(owner, name)
    left = [times]

    async def planted(self, *arguments, **options):
        if left[0]:
            left[0] -= 1
            raise ZeroDivisionError(f"planted, {KEY}")
        return await works(self, *arguments, **options)

    monkeypatch.setattr(owner, name, planted)


@pytest.mark.parametrize(
    ("owner", "name", "state"),
    [(Collector, "poll", State.SUBMITTED), (Collector, "collect", State.DOWNLOADING), (Api, "submit", State.UNKNOWN)],
)
def test_a_run_stays_what_it_is_and_the_others_go_on(tmp_path, monkeypatch, caplog, owner, name, state):
    failing(monkeypatch, owner, name)
    bench = Bench(tmp_path, history_complete=None, faults={"history:500": set(range(1, 20))})
    with caplog.at_level(logging.WARNING):
        rows = bench.run(SWEEP)
    assert Counter(row.state for row in rows) == {State.COMPLETED: 3, state: 1}
    (left,) = [row for row in rows if row.state is state]
    assert left.error == "ZeroDivisionError: planted, [key]"
    assert "1 run left: it met an unexpected error (ZeroDivisionError" in bench.stop.reason
    traceback = bench.journal.of(left.service).runs.events(left.digest)[-1][3]["traceback"]
    assert "test_isolation.py" in traceback
    assert "Traceback" in caplog.text
    assert KEY not in traceback + caplog.text + bench.stop.reason
    assert {row.state for row in bench.run(SWEEP)} >= {State.COMPLETED}
    assert bench.ledger.submits <= 4


def test_before_its_submit_a_run_stays_planned(tmp_path, monkeypatch):
    monkeypatch.setattr("segflux_nb.running.submitter.canonical_json", lambda parameters: 1 / 0)
    bench = Bench(tmp_path)
    assert {(row.state, row.error) for row in bench.run(SWEEP)} == {
        (State.PLANNED, "ZeroDivisionError: division by zero")
    }
    monkeypatch.undo()
    assert {row.state for row in bench.run(SWEEP)} == {State.COMPLETED}
    assert bench.ledger.submits == 4


def test_an_error_in_the_look_up_leaves_unknown_runs_unknown(tmp_path, monkeypatch):
    bench = Bench(tmp_path, faults={"submit:drop_after": {1}})
    failing(monkeypatch, Recovery, "_read")
    assert {row.state for row in bench.run(SWEEP)} == {State.COMPLETED}
    assert "ZeroDivisionError" in bench.stop.reason
    assert bench.ledger.submits == 4


def test_a_history_that_fails_delays_nothing_else(tmp_path):
    """One submit is unknown, and the history answers an error for minutes: the other cells are done first."""
    bench = Bench(tmp_path, faults={"submit:drop_after": {1}, "history:500": set(range(1, 50))})
    bench.run(SWEEP[:1])
    before = bench.clock.now()
    rows = bench.run(SWEEP)
    assert [row.state for row in rows] == [State.UNKNOWN, *[State.COMPLETED] * 3]
    assert max(row.completed_at for row in rows[1:]) - before < 40
