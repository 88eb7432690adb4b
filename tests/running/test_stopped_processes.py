"""A process that is stopped for minutes and goes on: nothing is paid twice, and nobody waits for it for ever."""

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.running.fence import FENCE_SECONDS
from segflux_nb.running.ownership import LEASE_SECONDS, SUBMIT_LEASE_SECONDS
from tests.support.two_processes import Process, name_processes
from tests.support.virtual import Bench

CELL = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=1))
GRID = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(6)))


@pytest.fixture
def names(monkeypatch):
    return name_processes(monkeypatch)


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path, durable=False)


def stop_before_its_first_byte(process):
    """Stop a process between the intent of its first submit and the request."""
    send = process.transport.send

    async def stopping(request):
        if request.purpose == "submit":
            process.transport.send = send
            process.clock.stop()
        return await send(request)

    process.transport.send = stopping


def submits_on_the_wire(bench):
    return [row for row in bench.rows(CELL) if row.state is State.SUBMITTING]


async def until(bench, condition, seconds=2000):
    for _ in range(10 * seconds):
        if condition():
            return
        await bench.clock.sleep(0.1)
    raise AssertionError("it does not come")


@pytest.mark.parametrize("other", ["same_machine", "other_container"])
@pytest.mark.parametrize(
    "moment", ["all is done", "the other connects", "the other waits for its answer", "it was given up"]
)
@pytest.mark.parametrize("clocks", ["go on", "stand still"])
def test_a_submit_that_others_have_given_up_is_not_sent(bench, names, other, moment, clocks):
    """The clocks stand still where a virtual machine is paused: then only the log tells."""

    async def main():
        stopped, follower = Process(bench, names.first), Process(bench, getattr(names, other))
        follower.transport.latency = 1.0
        stop_before_its_first_byte(stopped)
        first = stopped.start(CELL)
        await until(bench, lambda: submits_on_the_wire(bench))
        stopped_at = bench.clock.now()
        second = follower.start(CELL)
        match moment:
            case "all is done":
                await second
            case "the other connects":
                await until(bench, lambda: [row for row in submits_on_the_wire(bench) if row.attempts == 2])
            case "the other waits for its answer":
                await until(bench, lambda: bench.ledger.submits == 1)
                assert submits_on_the_wire(bench)
            case "it was given up":
                await until(bench, lambda: bench.states(CELL) == ["unknown"])
        assert bench.clock.now() - stopped_at > SUBMIT_LEASE_SECONDS - 10
        stopped.clock.behind = bench.clock.now() - stopped_at if clocks == "stand still" else 0.0
        stopped.clock.go_on()
        await second
        await first
        return stopped

    stopped = bench.clock.run(main())
    assert bench.states(CELL) == ["completed"]
    assert bench.ledger.submits == 1
    assert stopped.changes[-1] == (CELL[0].digest, "completed"), "it follows the run to its end"


@pytest.mark.parametrize("wrong", ["now", "monotonic", "uptime"])
def test_a_submit_that_is_late_by_any_clock_is_not_sent_and_made_again(bench, names, wrong):
    """A clock may stand still while the machine sleeps, or be set meanwhile. Nobody else works on the run."""

    async def main():
        process = Process(bench, names.first)
        for name in {"now", "monotonic", "uptime"} - {wrong}:
            setattr(process.clock, name, lambda: 1_800_000_000.0)
        stop_before_its_first_byte(process)
        work = process.start(CELL)
        await until(bench, lambda: submits_on_the_wire(bench))
        intent = bench.rows(CELL)[0]
        await bench.clock.sleep(FENCE_SECONDS + 5)
        assert bench.ledger.submits == 0
        for name in {"now", "monotonic", "uptime"} - {wrong}:
            delattr(process.clock, name)
            setattr(process.clock, name, getattr(bench.clock, name))
        process.clock.go_on()
        assert await work == ""
        return intent

    intent = bench.clock.run(main())
    (row,) = bench.rows(CELL)
    assert row.state is State.COMPLETED
    assert row.attempts == intent.attempts + 1
    assert row.submitted_at > intent.submitted_at + FENCE_SECONDS
    assert bench.ledger.submits == 1


def test_a_short_stop_changes_nothing(bench, names):
    async def main():
        process = Process(bench, names.first)
        stop_before_its_first_byte(process)
        work = process.start(CELL)
        await until(bench, lambda: submits_on_the_wire(bench))
        await bench.clock.sleep(FENCE_SECONDS - 5)
        process.clock.go_on()
        await work

    bench.clock.run(main())
    (row,) = bench.rows(CELL)
    assert (row.state, row.attempts, bench.ledger.submits) == ("completed", 1, 1)


def test_a_submit_whose_log_cannot_be_read_is_not_sent(bench, names, monkeypatch):
    async def main():
        process = Process(bench, names.first)
        stop_before_its_first_byte(process)
        work = process.start(CELL)
        await until(bench, lambda: submits_on_the_wire(bench))
        read = type(bench.log.runs).read
        broken = []

        def read_once_more(self, digests):
            if not broken:
                broken.append(True)
                raise sf.errors.WorkspaceError("The run log cannot be used: locked")
            return read(self, digests)

        monkeypatch.setattr(type(bench.log.runs), "read", read_once_more)
        process.clock.go_on()
        await work

    bench.clock.run(main())
    (row,) = bench.rows(CELL)
    assert (row.state, row.attempts, bench.ledger.submits) == ("completed", 2, 1)


@pytest.mark.parametrize("other", ["same_machine", "other_container"])
def test_jobs_of_a_stopped_process_are_collected_by_another_after_the_lease(bench, names, other):
    async def main():
        stopped, follower = Process(bench, names.first), Process(bench, getattr(names, other))
        first = stopped.start(GRID)
        await until(bench, lambda: set(bench.states(GRID)) <= {"submitted", "processing"})
        stopped.clock.stop()
        stopped_at = bench.clock.now()
        await follower.start(GRID)
        waited = bench.clock.now() - stopped_at
        assert set(bench.states(GRID)) == {"completed"}
        assert LEASE_SECONDS - 10 < waited < LEASE_SECONDS + 60
        await bench.clock.sleep(3600)
        stopped.clock.go_on()
        assert await first == ""
        return stopped, follower

    stopped, follower = bench.clock.run(main())
    assert bench.ledger.submits == 6
    assert {row.state for row in bench.rows(GRID)} == {"completed"}
    for process in (stopped, follower):
        last = dict(process.changes)
        assert [last[cell.digest] for cell in GRID] == ["completed"] * 6
    assert {change for _, change in follower.changes} >= {True, "completed"}, "they were held by another process"


def test_a_run_that_another_has_submitted_again_keeps_its_job(bench, names):
    """An outcome that comes late belongs to an earlier submit of the run."""
    bench.log.runs.plan(CELL)
    (planned,) = bench.rows(CELL)
    move = bench.log.runs.move
    intent = move(planned, State.SUBMITTING, owner=names.first, attempts=1, submitted_at=1.0)
    abandoned = move(move(intent, State.UNKNOWN, owner=None), State.PLANNED)
    again = move(abandoned, State.SUBMITTING, owner=names.same_machine, attempts=2, submitted_at=2.0)
    assert move(intent, State.PLANNED, owner=None) is None
    assert bench.rows(CELL)[0].owner == names.same_machine
    job = move(again, State.SUBMITTED, request_id="b")
    assert move(intent._replace(state=State.SUBMITTED), State.FAILED, error="of the first job") is None
    assert bench.rows(CELL)[0] == job
