"""A look before one pays: the first cells of a sweep, what another take costs, and who is told the end."""

import threading

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator

SWEEP = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3, 4], lora_strength="0.4-1.4 (+0.2)")


@pytest.fixture
def simulator():
    with Simulator(time_scale=0.0005, paint=False) as simulator:
        yield simulator


@pytest.fixture
def ws(tmp_path, simulator):
    with sf.Workspace(tmp_path, service=simulator) as ws:
        yield ws


def test_first_pays_for_corners_and_middles_and_the_next_call_for_the_others(ws, simulator):
    look = ws.run(SWEEP, first=6, name="look")
    assert simulator.ledger.submits == 6
    assert len(look) == 6
    assert sorted({run.lora_strength for run in look}) == [0.4, 0.8, 1.4]
    assert sorted({run.seed for run in look}) == [1, 2]
    assert look.counts == {"completed": 6}
    assert look.title == "look"
    assert ws.runs("look").counts == {"completed": 6, "planned": 18}, "the log knows the whole sweep"
    assert ws.run(SWEEP, first=6) == look
    assert simulator.ledger.submits == 6, "the same look is not paid for again"
    assert len(ws.run(SWEEP, first=8)) == 8
    assert simulator.ledger.submits == 8
    assert ws.run(SWEEP).counts == {"completed": 24}
    assert simulator.ledger.submits == 24


def test_the_cap_and_the_price_are_those_of_what_is_paid(tmp_path, simulator):
    ws = sf.Workspace(tmp_path, service=simulator.url, api_key="k")
    assert "6 runs, the first of 24: 6 to submit" in str(ws.plan(SWEEP, first=6))
    assert "for the first 6, by" in str(ws.plan(SWEEP, first=6))
    assert ws.plan(SWEEP, first=6).hosted_cost == pytest.approx(6 * MODEL.price)
    assert ws.plan(SWEEP, first=99).lines[0] == ws.plan(SWEEP).lines[0]
    capped = ws.run(SWEEP, first=6, max_cost=2.5 * MODEL.price)
    assert capped.counts["completed"] == 2
    assert "may spend" in capped.stopped
    ws.close()


def test_first_takes_another_take_of_the_first_cells(ws, simulator):
    ws.run(SWEEP, first=2)
    look = ws.run(SWEEP, first=2, again=True)
    assert simulator.ledger.submits == 4
    assert look.counts == {"completed": 4}, "both takes"
    assert ws.plan(SWEEP, first=2, again=True).to_submit == 2


def test_a_plan_says_what_another_take_costs(ws):
    ws.run(SWEEP, first=4)
    assert ws.plan(SWEEP).to_submit == 20
    again = ws.plan(SWEEP, again=True)
    assert (again.to_submit, again.logged) == (24, 0)
    assert again.hosted_cost == pytest.approx(24 * MODEL.price)


@pytest.mark.parametrize("first", [0, -1, 1.5, "8", True, float("nan")])
def test_what_is_no_number_of_cells_is_said_and_nothing_is_sent(ws, simulator, first):
    for call in (ws.run, ws.plan):
        with pytest.raises(sf.SegfluxError, match=r"first=.* is not a number of cells. Write first=8"):
            call(SWEEP, first=first)
    assert simulator.ledger.submits == 0


def test_equal_cells_are_one_and_filters_and_sums_have_first_cells_too(ws, simulator):
    doubled = sf.Sweep(prompt="TOK", finetune_id="a", seed=1, steps={"few": 5, "also few": 5})
    assert len(ws.run(doubled + sf.Sweep(prompt="TOK", finetune_id="a", seed=[7, 8, 9]), first=2).counts) == 1
    assert simulator.ledger.submits == 2


def test_the_end_is_told_with_the_runs_before_wait_returns(ws):
    told = []
    runs = ws.run(SWEEP, first=2, on_done=lambda runs: told.append((runs, threading.current_thread().name)))
    assert told == [(runs, "segflux-on-done")]
    live = ws.start(SWEEP, first=4, on_done=lambda runs: told.append(runs.counts))
    assert live.wait().counts == told[1] == {"completed": 4}


def test_an_early_end_is_told_too_and_may_use_the_sweep(tmp_path):
    told = []
    with Simulator(time_scale=1, paint=False) as slow, sf.Workspace(tmp_path, service=slow) as ws:
        live = ws.start(SWEEP, on_done=lambda runs: told.append((runs.stopped, live.wait().stopped)))
        live.interrupt()
        live.wait()
    assert told == [("Interrupted as you asked. ws.run(sweep) continues",) * 2]


def test_what_cannot_be_called_is_said_before_anything_is_sent(ws, simulator):
    with pytest.raises(sf.SegfluxError, match="on_done='mail me' is not a function"):
        ws.run(SWEEP, on_done="mail me")
    assert simulator.ledger.submits == 0


def test_nothing_to_try_again_is_said(ws, capsys):
    runs = ws.run(SWEEP, first=2)
    assert runs.retry_failed() == runs
    assert capsys.readouterr().out == "Nothing to try again: none of these runs has failed or was refused.\n"
    assert runs.retry_lost() == runs
    assert "Nothing to ask for again" in capsys.readouterr().out


def test_credits_of_the_simulator_are_the_balance(tmp_path):
    with Simulator(time_scale=0.0005, paint=False, credits=0.05) as poor, sf.Workspace(tmp_path, service=poor) as ws:
        plan = ws.plan(SWEEP)
        assert plan.balance == pytest.approx(0.05)
        assert "the simulated account has $0.05, which does not cover it" in str(plan)
        assert "cover" not in str(ws.plan(SWEEP, first=1))
        ws.run(SWEEP)
        assert ws.plan(SWEEP).balance < 0.05 - MODEL.price / 2
    with Simulator(paint=False) as rich, sf.Workspace(tmp_path / "rich", service=rich) as ws:
        assert ws.plan(SWEEP).balance is None
        assert "account" not in str(ws.plan(SWEEP))


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ({"mean_seconds": 2}, 2.0),
        ({"mean_seconds": 100}, 100.0),
        ({"mean_seconds": 10, "workers": 4}, 60.0),
        ({"mean_seconds": 10, "cold_start": 30}, 40.0),
        ({"mean_seconds": 10, "time_scale": 0.1}, 1.0),
    ],
)
def test_a_plan_has_the_service_times_of_the_simulator(tmp_path, settings, seconds):
    simulator = Simulator(**{"time_scale": 1, "paint": False, **settings})
    with simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        plan = ws.plan(SWEEP)
        assert plan.seconds == pytest.approx(seconds)
        assert "by the simulator's own times" in str(plan)


def test_painting_is_counted_and_the_text_stays_the_same(tmp_path):
    with Simulator(time_scale=0) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        before = ws.plan(SWEEP)
        assert before.seconds == pytest.approx(24 * simulator.pace.painting)
        ws.run(SWEEP, first=6)
        assert ws.plan(SWEEP, again=True).lines[-1] == before.lines[-1], "notebooks hold it as text"
        assert ws.plan(SWEEP).seconds == pytest.approx(18 * simulator.pace.painting)


def test_the_simulator_of_a_workspace_has_the_same_times_before_and_after_its_start(tmp_path):
    with sf.Workspace(tmp_path, service="simulator") as ws:
        before = ws.plan(SWEEP)
        ws._connection.engine()
        assert ws.plan(SWEEP) == before
        assert before.seconds > 2
