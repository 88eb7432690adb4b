"""How a sweep is started: it is planned in the log once, and reaches the engine once."""

import time

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.runlog.runs import RunLog
from segflux_nb.running.engine import Engine
from segflux_nb.simulator.app import Simulator


@pytest.fixture
def ws(tmp_path):
    with (
        Simulator(time_scale=0.002, paint=False) as simulator,
        sf.Workspace(tmp_path, service=simulator) as workspace,
    ):
        yield workspace


@pytest.fixture
def calls(monkeypatch):
    """Calls of the log's and of the engine's method, in order, with the number of requests of each."""
    calls = []

    def spy(cls, name):
        method = getattr(cls, name)

        def spied(self, requests, **options):
            requests = list(requests)
            calls.append((f"{cls.__name__}.{name}", len(requests)))
            return method(self, requests, **options)

        monkeypatch.setattr(cls, name, spied)

    spy(RunLog, "plan")
    spy(Engine, "run")
    return calls


def sweep(**parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", "seed": [1, 2, 3], **parameters})


def test_a_sweep_is_planned_once_and_then_run(ws, calls):
    assert ws.run(sweep()).counts == {"completed": 3}
    assert calls == [("RunLog.plan", 3), ("Engine.run", 3)]


def test_equal_cells_run_once(ws, calls):
    given = sweep(seed={"a": 1, "b": 1, "c": 2})
    runs = ws.run(given)
    assert calls[-1] == ("Engine.run", 2)
    assert [run.seed_label for run in runs] == ["a = b", "c"]
    assert ws.plan(given).notes == ("seed: 'a' and 'b' are labels of one value, 1, and share its runs",)
    assert ws.plan(given).notes[0] in str(ws.plan(given))
    ws.run(sf.Sweep(prompt="TOK {one}{two}", one=["x", "xy"], two=["yz", "z"], finetune_id="a"))
    assert calls[-1] == ("Engine.run", 3)


def test_what_is_refused_is_neither_planned_nor_run(ws, calls):
    with pytest.raises(sf.SweepError):
        ws.run(sweep(), max_cost=0)
    assert calls == []


def test_a_retry_forgets_why_an_earlier_call_stopped(tmp_path):
    tries = []

    def is_moderated(body):
        tries.append(body["seed"])
        return tries == [2]

    with (
        Simulator(time_scale=0.002, paint=False, faults={"job:moderated": is_moderated}) as simulator,
        sf.Workspace(tmp_path, service=simulator) as ws,
    ):
        stopped = ws.run(sweep(seed=[2, 3]), max_cost=0.04)
        assert stopped.stopped
        assert stopped.counts == {"failed": 1, "planned": 1}
        retried = stopped.retry_failed()
        assert retried.stopped is None
        assert retried.counts == {"completed": 1, "planned": 1}


def test_a_plan_with_another_key_counts_what_the_first_key_submitted(tmp_path):
    first, second = "SG_0123456789abcdef", "SG_fedcba9876543210"
    with Simulator(time_scale=0.002, paint=False) as simulator:
        with sf.Workspace(tmp_path, service=simulator.url, api_key=first) as ws:
            ws.run(sweep())
            log = ws._journal.of("simulator")
            account = ws._connection.account()
        assert account
        with sf.Workspace(tmp_path, service=simulator.url, api_key=second) as ws:
            log = ws._journal.of("simulator")
            (cell,) = sweep(seed=9)
            log.runs.plan([cell])
            planned = log.runs.read([cell.digest])[cell.digest]
            log.runs.move(planned, State.SUBMITTING, account=account)
            plan = ws.plan(sweep(seed=[1, 9]))
            assert (plan.logged, plan.of_another_key, plan.to_submit) == (1, 1, 0)
            assert first not in (tmp_path / "log.sqlite").read_bytes().decode("latin-1")
        with sf.Workspace(tmp_path, service=simulator.url, api_key=first) as ws:
            assert (ws.plan(sweep(seed=9)).held, ws.plan(sweep(seed=9)).of_another_key) == ({"unknown": 1}, 0)


@pytest.mark.parametrize(
    ("days", "says"),
    [(7.9, "1 in flight (1 lost, asked for again, free), 2 to submit"), (8.1, "2 to submit, 1 lost (held)")],
)
def test_the_plan_says_of_a_lost_run_what_the_next_run_does(ws, days, says):
    log, cells = ws._journal.of(ws.service).runs, list(sweep())
    log.plan(cells)
    run = log.read([cells[0].digest])[cells[0].digest]
    then = time.time() - 86_400 * days
    run = log.move(run, State.SUBMITTING, attempts=1, submitted_at=then)
    run = log.move(run, State.SUBMITTED, request_id="gone", accepted_at=then)
    log.move(run, State.LOST, error_kind="expired", error="Request gone not found")
    plan = ws.plan(sweep())
    assert plan.lines[0] == f"3 runs: {says}"
    assert plan.logged + plan.in_flight + plan.to_submit + sum(plan.held.values()) == plan.cells


def test_more_takes_of_a_sweep_that_began_with_more_takes(tmp_path):
    with sf.Workspace(tmp_path / "ws", service=sf.Simulator(time_scale=0, paint=False)) as ws:
        sweep = sf.Sweep(prompt="a", finetune_id="b", seed=[1, 2])
        for takes in (1, 2, 3):
            assert len(ws.run(sweep, again=True).df) == 2 * takes
