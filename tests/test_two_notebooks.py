"""Two notebooks on one workspace: what the second one shows while the first one works."""

import subprocess
import sys
import time

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.running.engine import Engine
from segflux_nb.running.in_hands import with_states_as_seen
from segflux_nb.simulator.app import Simulator
from segflux_nb.widgets import progress


class Display:
    every = 1000.0

    def tick(self, update):
        pass

    def __init__(self):
        self.shown = []

    def show(self, update):
        self.shown.append(update)

    def close(self):
        pass


@pytest.fixture
def display(monkeypatch):
    display = Display()
    monkeypatch.setattr(progress, "choose_display", lambda *source: display)
    return display


def sweep(number):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(number), steps=25)


FIRST = """
import sys
import segflux_nb as sf
sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(36), steps=25)
with sf.Workspace("study", service=sys.argv[1]) as ws:
    print(ws.run(sweep).counts, flush=True)
"""


def test_the_second_notebook_says_by_another_notebook_and_ends_at_all_pictures(tmp_path, display):
    with Simulator(time_scale=0.2, paint=False, workers=100) as simulator:
        first = subprocess.Popen(
            [sys.executable, "-c", FIRST, simulator.url], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        while not simulator.ledger.submits:
            time.sleep(0.005)
        with sf.Workspace(tmp_path / "study", service=simulator.url) as ws:
            assert ws.run(sweep(36)).counts == {"completed": 36}
        assert first.communicate(timeout=60)[0] == "{'completed': 36}\n"
        assert simulator.ledger.submits == 36
    lines = [update.line for update in display.shown]
    assert any("by another notebook" in line for line in lines)
    assert not any("unknown" in line for line in lines), "nothing is in doubt"
    assert lines[-1].startswith("36 of 36 pictures · ")
    assert "by another" not in lines[-1]
    statuses = {}
    for update in display.shown:
        statuses |= update.statuses
    there_before = display.shown[0].counts.get("completed", 0)
    assert list(statuses.values()) == ["completed"] * (36 - there_before)
    pictures = {run for update in display.shown for run, snapshot in update.ended.items() if snapshot.picture}
    assert pictures == set(statuses), "each picture comes to its cell"


NAME = "from segflux_nb.running.ownership import this_process; print(this_process(), flush=True); input()"


def test_a_submit_on_the_wire_is_submitted_while_its_process_lives_and_unknown_afterwards(tmp_path):
    with sf.Workspace(tmp_path, service="simulator") as ws:
        log = ws._journal.of("simulator")
        cells = list(sweep(3))
        log.runs.plan(cells)
        with subprocess.Popen(
            [sys.executable, "-c", NAME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            owner = other.stdout.readline().strip()
            log.sharing.heartbeat(owner)
            run = log.runs.read([cells[0].digest])[cells[0].digest]
            log.runs.move(run, State.SUBMITTING, owner=owner, submitted_at=time.time())
            runs = ws.runs(sweep(3))
            assert [*runs.df.status] == ["submitted", "planned", "planned"]
            assert runs.counts == {"submitted": 1, "planned": 2}
            assert runs[0].status == "submitted"
            assert not len(runs.failed)
            assert ws.plan(sweep(3)).lines[0] == "3 runs: 1 in flight, 2 to submit"
            other.communicate("\n", timeout=60)
        assert [*runs.df.status] == ["unknown", "planned", "planned"], "nothing is kept of an earlier look"
        assert runs.counts == {"unknown": 1, "planned": 2}
        assert len(runs.failed) == 1
        plan = ws.plan(sweep(3))
        assert plan.lines[0] == "3 runs: 2 to submit, 1 unknown (looked up first)"
        assert plan.lines[-1].startswith("Unknown: ws.run(sweep) looks them up first, without paying;")


def test_another_sweep_of_the_same_notebook_is_called_so(tmp_path, display):
    with Simulator(time_scale=0.05, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        live = ws.start(sweep(4))
        while not simulator.ledger.submits:
            time.sleep(0.005)
        ws.run(sweep(4))
        live.wait()
        assert simulator.ledger.submits == 4
    lines = [update.line for update in display.shown]
    assert any("by another sweep" in line for line in lines)
    assert not any("by another notebook" in line for line in lines)
    assert lines[-1].startswith("4 of 4 pictures")


def test_what_ends_elsewhere_before_the_engine_looks_is_shown(tmp_path, display, monkeypatch):
    """The first notebook completes a run when the second has read the log for its view, but not for its engine."""
    with Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        ws.run(sweep(3))
        runs = type(ws._journal.of("simulator").runs)
        states = runs.states

        def stale(self, digests):
            found = states(self, digests)
            first = next(iter(found))
            return found | {first: found[first]._replace(state=State.PROCESSING)}

        run = Engine.run

        def looks(self, *arguments, **options):
            monkeypatch.setattr(runs, "states", states)
            return run(self, *arguments, **options)

        monkeypatch.setattr(runs, "states", stale)
        monkeypatch.setattr(Engine, "run", looks)
        monkeypatch.setattr(progress.Progress, "close", lambda self, last="", reason="": self._refresh(last))
        ws.run(sweep(3))
    assert any(update.line.startswith("2 of 3 pictures · 1 processing") for update in display.shown)
    assert display.shown[-1].line.startswith("3 of 3 pictures")


def test_a_submit_that_is_answered_while_one_looks_is_never_unknown(tmp_path, monkeypatch):
    """A frame reads its rows, then who has the submits in hand. The answer may come between."""
    with sf.Workspace(tmp_path, service="simulator") as ws:
        log, cells = ws._journal.of("simulator"), list(sweep(1))
        log.runs.plan(cells)
        (planned,) = log.runs.read([cells[0].digest]).values()
        run = log.runs.move(planned, State.SUBMITTING, owner="gone/1:1:1.00", submitted_at=time.time())
        read = log.runs.read

        def answered_first(digests):
            log.runs.move(run, State.SUBMITTED, request_id="job")
            monkeypatch.setattr(log.runs, "read", read)
            return read(digests)

        monkeypatch.setattr(log.runs, "read", answered_first)
        shown = with_states_as_seen(log, {"digest": [run.digest], "state": [State.SUBMITTING.value]})[0]
        assert shown["state"] == [State.SUBMITTED.value]
