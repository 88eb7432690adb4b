"""A model of everything that can go wrong between journal and service, explored by Hypothesis.

Two notebooks share a workspace. Submits meet each fault, processes die at any step, clocks are wrong, records expire,
credits run out. The history is declared complete. Whatever happens, in whatever order: nothing is paid twice, and in
the end every picture is there.
"""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import segflux_nb as sf
from segflux_nb.model import MODEL
from tests.support.mortal import Mortal
from tests.support.virtual import Bench

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(6)))
FAULTS = (
    *("drop_before", "429", "500", "502", "504", "drop_after", "drop_middle", "502_after"),
    *("504_after", "stale", "delay", "truncated", "not_json", "no_id"),
)
cells = st.integers(1, len(CELLS)).map(lambda number: CELLS[:number])


class Patch:
    """What pytest's monkeypatch does, for a machine that has no fixtures."""

    def setattr(self, target, name, value):
        setattr(target, name, value)


class Sweeping(RuleBasedStateMachine):
    server = None

    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.struck = set()
        faults = {f"submit:{kind}": self.strikes(kind) for kind in FAULTS}
        faults |= {f"picture:{kind}": self.strikes(f"picture {kind}") for kind in ("truncated", "500", "drop_middle")}
        faults |= {f"job:{kind}": self.strikes(f"job {kind}") for kind in ("failed", "late_history")}
        address = self.server.new_database() if self.server is not None else ""
        self.bench = Bench(self.folder, durable=False, address=address, faults=faults, history_complete=700.0)
        self.mortal = Mortal(self.bench, Patch())

    def strikes(self, kind):
        """Strikes the next one only: a fault of everything for ever would leave nothing to judge."""

        def now(body):
            if kind in self.struck:
                self.struck.discard(kind)
                return True
            return False

        return now

    @rule(grid=cells, kinds=st.lists(st.sampled_from(FAULTS), max_size=3))
    def submit_with_faults(self, grid, kinds):
        self.struck |= set(kinds)
        self.bench.run(grid, max_in_flight=3)

    @rule(grid=cells, kinds=st.lists(st.sampled_from(["truncated", "500", "drop_middle"]), max_size=2))
    def collect_with_faults(self, grid, kinds):
        self.struck |= {f"picture {kind}" for kind in kinds}
        self.bench.run(grid, max_in_flight=3)

    @rule(grid=cells, kind=st.sampled_from(["failed", "late_history"]))
    def a_job_goes_wrong(self, grid, kind):
        self.struck.add(f"job {kind}")
        self.bench.run(grid, max_in_flight=3)

    @rule(grid=cells, steps=st.integers(1, 60), kinds=st.lists(st.sampled_from(FAULTS), max_size=2))
    def crash(self, grid, steps, kinds):
        self.struck |= set(kinds)
        self.mortal.run_until_death(grid, steps, max_in_flight=3)

    @rule(grid=cells)
    def second_notebook(self, grid):
        """Another opening of the same log, whose process is another one."""
        first, self.bench.journal = self.bench.journal, self.bench.open_journal()
        self.bench.run(grid, max_in_flight=2)
        self.bench.journal.close()
        self.bench.journal = first

    @rule(hours=st.sampled_from([-1.0, 0.0, 1.0]))
    def clock_jumps(self, hours):
        self.bench.client_clock.skew = hours * 3600

    @rule(seconds=st.sampled_from([30.0, 1800.0, 3700.0]))
    def time_passes(self, seconds):
        self.bench.clock.before += seconds

    @rule(grid=cells)
    def credits_run_out(self, grid):
        protocol = self.bench.simulator.protocol
        before = protocol.settings
        protocol.settings = type(before)(**{**vars(before), "credits": self.bench.ledger.billed + 1.5 * MODEL.price})
        self.bench.run(grid, max_in_flight=2)
        protocol.settings = before

    @invariant()
    def nothing_is_paid_twice(self):
        paid = Counter(entry.body["seed"] for entry in self.bench.ledger.entries() if not entry.error)
        assert not [seed for seed, number in paid.items() if number > 1], "paid twice"

    def teardown(self):
        if not hasattr(self, "bench"):
            return
        self.struck.clear()
        self.bench.clock.before += 700
        for _ in range(4):
            rows = self.bench.run(CELLS, max_in_flight=3)
        assert {row.state.value for row in rows} == {"completed"}, Counter((r.state.value, r.error) for r in rows)
        self.nothing_is_paid_twice()
        self.bench.journal.close()
        self.bench.simulator.close()
        shutil.rmtree(self.folder)
        if self.server is not None:
            self.server.drop(self.bench.address)


TestSweeping = Sweeping.TestCase
TestSweeping.settings = settings(
    max_examples=40, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


class SweepingInDatabase(Sweeping):
    """The same with a log in PostgreSQL."""


@pytest.fixture(scope="class")
def server(postgres):
    SweepingInDatabase.server = postgres


@pytest.mark.usefixtures("server")
class TestSweepingInDatabase(SweepingInDatabase.TestCase):
    settings = settings(
        max_examples=8, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
    )
