"""A worker runs what was submitted, says what ends early, and goes on. Its pauses pass in no time here."""

from queue import Empty, SimpleQueue
from types import SimpleNamespace

import pytest

import segflux_nb as sf
from segflux_nb.errors import MissingKey, WorkspaceError
from segflux_nb.ordering import Ordering
from segflux_nb.runlog.orders import OrderLog
from segflux_nb.simulator.app import Simulator
from segflux_nb.worker import LONGEST_PAUSE, STOP, Worker
from tests.support.service import ManualClock


class News:
    """What happens to a worker. While no sweep runs, a wait takes no time, and the test may do something."""

    def __init__(self, ws, clock, script):
        self._queue = SimpleQueue()
        self._ws, self._clock, self._script = ws, clock, iter(script)
        self.waited = 0.0

    def put(self, item):
        self._queue.put(item)

    def get(self, block=True, timeout=None):
        if any(not live.done for live in self._ws._launcher._live):
            return self._queue.get(timeout=timeout)
        try:
            return self._queue.get_nowait()
        except Empty:
            pass
        self._clock.time += timeout
        self.waited += timeout
        step = next(self._script, STOP)
        if step == STOP:
            return STOP
        if callable(step):
            step()
        raise Empty


class Bench:
    """A simulator, a workspace on it, and a worker whose lines are kept."""

    def __init__(self, folder, simulator):
        self.simulator, self.ledger = simulator, simulator.ledger
        self.ws = sf.Workspace(folder, service=simulator)
        self.lines = []
        self.clock = ManualClock()

    def work(self, *script, until_idle=False):
        news = News(self.ws, self.clock, script)
        self.worker = Worker(self.ws, self.clock, self.lines.append, news=news, until_idle=until_idle)
        self.news = news
        return self.worker.run()


@pytest.fixture
def bench(tmp_path):
    with Simulator(time_scale=0.0005, paint=False) as simulator:
        made = Bench(tmp_path / "study", simulator)
        with made.ws:
            yield made


def sweep(*seeds, prompt="TOK"):
    return sf.Sweep(prompt=prompt, finetune_id="a", seed=list(seeds) or [1, 2, 3])


def test_it_runs_what_was_submitted_in_its_order_and_nothing_else(bench):
    bench.ws._launcher.source.log.runs.plan(sweep(prompt="only planned"))
    bench.ws.submit(sweep(), name="one")
    bench.ws.submit(sweep(prompt="else"), name="two")
    assert bench.work(until_idle=True)
    assert bench.lines == [
        *("one: 3 runs to make, of 3", "one: 3 pictures made. Done"),
        *("two: 3 runs to make, of 3", "two: 3 pictures made. Done"),
    ]
    assert bench.ledger.submits == 6
    assert bench.ws.runs("one").counts == {"completed": 3}


def test_one_that_was_started_before_the_submit_finds_it(bench):
    def submit():
        with sf.Workspace(bench.ws.path, service=bench.simulator) as other:  # as another process does
            other.submit(sweep(), name="late")

    bench.work(None, submit, None, None)
    assert bench.lines == [
        "Waiting for sweeps",
        "late: 3 runs to make, of 3",
        "late: 3 pictures made. Done",
        "Waiting for sweeps",
    ]


def test_while_nothing_changes_the_log_is_not_read(bench, monkeypatch):
    looks = []
    monkeypatch.setattr(OrderLog, "unfinished", lambda self: looks.append(1) or set())
    bench.work(*[None] * 50)
    assert len(looks) == 1


def test_the_limit_of_the_submit_holds(bench):
    each = bench.ws.plan(sweep(1)).hosted_cost
    bench.ws.submit(sweep(), max_cost=2.2 * each)
    assert bench.work(until_idle=True)
    assert bench.ledger.submits == 2
    bench.ws.submit(sweep(), max_cost=3.3 * each)
    assert bench.work(until_idle=True)
    assert bench.ledger.submits == 3


def test_what_the_service_charges_counts_and_not_the_estimate(bench):
    """Prices may rise after the submit. What was paid is known from the log, and the rest of the limit is smaller."""
    each = bench.ws.plan(sweep(1)).hosted_cost
    first, second, third = bench.ws.submit(sweep(), max_cost=3.3 * each).digests
    with bench.ws._journal._database.writing() as cursor:
        cursor.execute("UPDATE runs SET state = 'completed', cost_usd = ? WHERE digest = ?", (2 * each, first))
        cursor.execute("UPDATE runs SET state = 'processing' WHERE digest = ?", (second,))
    orders = Ordering(bench.ws._launcher, bench.ws._connection)
    (found,) = orders.open(now=bench.clock.now())
    assert found.budget == pytest.approx(0.3 * each), "2 paid, 1 in flight"
    with bench.ws._journal._database.writing() as cursor:
        cursor.execute("UPDATE runs SET state = 'completed' WHERE digest = ?", (second,))
    (found,) = orders.open(now=bench.clock.now())
    live = orders.start(found)
    assert live.wait().stopped.startswith("This call may spend")
    assert bench.ledger.submits == 0
    assert [run.digest for run in found.runs] == [third]


def test_without_a_key_it_does_not_start(tmp_path, monkeypatch):
    monkeypatch.delenv("SEGMIND_API_KEY", raising=False)
    with sf.Workspace(tmp_path) as ws, pytest.raises(MissingKey):
        Worker(ws, ManualClock(), print).run()


def test_errors_of_one_sweep_are_told_once_and_end_no_other(tmp_path):
    with Simulator(time_scale=0.0005, paint=False, credits=0.05) as simulator:
        bench = Bench(tmp_path, simulator)
        with bench.ws:
            bench.ws.submit(sweep(), name="dear")
            bench.work(*[None] * 1000)
            assert len(bench.lines) == 2, bench.lines
            assert "dear: 1 picture made, 2 left: The service answered 402" in bench.lines[1]
            assert bench.news.waited == 2002


def test_pauses_grow_while_nothing_is_made_and_a_new_submit_ends_them(tmp_path):
    failing = {"job:failed": lambda body: True}
    with Simulator(time_scale=0.0005, paint=False, faults=failing) as simulator:
        bench = Bench(tmp_path, simulator)
        with bench.ws:
            bench.ws.submit(sweep(1), name="bad")
            bench.work(*[None] * 8000)
            tries = simulator.ledger.submits
            assert 9 <= tries <= 11, "60, 120, ... seconds, then each hour"
            assert bench.worker._tried.popitem()[1].pause == LONGEST_PAUSE
            assert len(bench.lines) == 2
            assert "bad: 0 pictures made, 1 left: " in bench.lines[1]
            bench.work(lambda: bench.ws.submit(sweep(1), price=0.01))
            assert simulator.ledger.submits == tries + 2, "one at its start, one when it was submitted again"


def test_a_mistake_in_one_sweep_is_told_and_the_next_one_runs(bench, monkeypatch, caplog):
    bench.ws.submit(sweep(), name="one")
    bench.ws.submit(sweep(prompt="else"), name="two")
    follow = type(bench.ws._launcher).follow

    def break_first(self, requests, *others, **options):
        if requests[0].parameters["prompt"] == "TOK":
            raise ZeroDivisionError("planted")
        return follow(self, requests, *others, **options)

    monkeypatch.setattr(type(bench.ws._launcher), "follow", break_first)
    assert not bench.work(until_idle=True)
    assert any("one: 0 pictures made, 3 left: ZeroDivisionError: planted" in line for line in bench.lines)
    assert bench.lines[-1] == "two: 3 pictures made. Done"
    assert "ended with an error" in caplog.text


def test_a_log_that_cannot_be_read_is_told_once_and_tried_again(bench, monkeypatch):
    bench.ws.submit(sweep(), name="one")
    broken = [WorkspaceError("The server is away")] * 20
    all_orders = OrderLog.all

    def sometimes(self):
        if broken:
            raise broken.pop()
        return all_orders(self)

    monkeypatch.setattr(OrderLog, "all", sometimes)
    bench.work(*[None] * 30)
    assert bench.lines == [
        "The log cannot be read, and is tried again: The server is away.",
        "one: 3 runs to make, of 3",
        "one: 3 pictures made. Done",
        "Waiting for sweeps",
    ]


def test_the_first_stop_collects_what_is_in_flight(tmp_path):
    with Simulator(time_scale=0.02, paint=False) as simulator:
        bench = Bench(tmp_path, simulator)
        with bench.ws:
            bench.ws.submit(sweep(*range(1, 200)), name="long")
            stop_at(bench, simulator, submits=10)
            bench.work()
            counts = bench.ws.runs("long").counts
            assert set(counts) == {"completed", "planned"}, "nothing stays in flight"
            assert counts["completed"] == simulator.ledger.submits
            assert "Stopped; a worker continues" in bench.lines[-1]
            assert not bench.worker.was_interrupted


def test_the_second_stop_ends_at_once_and_the_next_worker_pays_nothing_twice(tmp_path):
    with Simulator(time_scale=0.05, paint=False) as simulator:
        bench = Bench(tmp_path, simulator)
        with bench.ws:
            bench.ws.submit(sweep(*range(1, 8)), name="slow")
            stop_at(bench, simulator, submits=3, times=2)
            bench.work()
            assert bench.worker.was_interrupted
        with sf.Workspace(tmp_path, service=simulator) as ws:
            bench.ws = ws
            assert bench.work(until_idle=True)
            assert ws.runs("slow").counts == {"completed": 7}
        assert simulator.ledger.submits == 7


def stop_at(bench, simulator, *, submits, times=1):
    """Ask the worker to stop as soon as the service has accepted some jobs."""
    start = type(bench.ws._launcher).follow

    def follow(self, *arguments, **options):
        live = start(self, *arguments, **options)
        live._progress.update = spied_on(live._progress.update)
        return live

    def spied_on(update):
        left = [times]

        def spied(digest, status):
            update(digest, status)
            if left[0] and simulator.ledger.submits >= submits:
                while left[0]:
                    left[0] -= 1
                    bench.worker.stop()

        return spied

    bench.ws._launcher.follow = follow.__get__(bench.ws._launcher)


def test_an_order_that_is_taken_back_is_stopped_while_it_runs(bench):
    each = bench.ws.plan(sweep(1)).hosted_cost
    bench.ws.submit(sweep())
    worker = Worker(bench.ws, bench.clock, bench.lines.append)
    (order,) = bench.ws._launcher.source.log.orders.all()
    stopped = []
    live = SimpleNamespace(done=False, when_done=lambda action: None, stop=lambda: stopped.append(1))

    def get(block=True, timeout=None):
        live.done = bool(stopped)
        bench.ws.submit(sweep(), max_cost=each / 2)
        raise Empty

    worker._news = SimpleNamespace(get=get)
    worker._follow(live, order)
    assert stopped
