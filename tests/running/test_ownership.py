"""Which process holds a run, by the log and the process table."""

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.running import ownership
from segflux_nb.running.ownership import LEASE_SECONDS, SUBMIT_LEASE_SECONDS, is_held, this_process
from tests.support.virtual import Bench

RUN_ID = ("log", "simulator", "digest")


def never(owner):
    return None


def other_process(pid=1):
    """A process of this machine that runs: init."""
    return ownership._name(pid)


def test_what_this_process_works_on_is_held_and_what_it_left_is_not():
    assert not is_held(RUN_ID, this_process(), never)
    assert not is_held(RUN_ID, None, never)
    with ownership.holding(RUN_ID):
        with ownership.holding(RUN_ID):
            assert is_held(RUN_ID, this_process(), never)
        assert is_held(RUN_ID, None, never)
    assert not is_held(RUN_ID, this_process(), never)


def test_a_process_of_this_machine_is_looked_up():
    machine, pid, created = other_process().rsplit(":", 2)
    assert is_held(RUN_ID, other_process(), never)
    assert not is_held(RUN_ID, f"{machine}:{pid}:{float(created) - 100:.2f}", never), "an earlier one of that number"
    assert not is_held(RUN_ID, f"{machine}:4194305:{created}", never)


@pytest.mark.parametrize(("heartbeat_age", "held"), [(None, False), (1.0, True), (LEASE_SECONDS + 1, False)])
def test_a_process_on_another_machine_holds_runs_while_it_sends_heartbeats(heartbeat_age, held):
    assert is_held(RUN_ID, "elsewhere/0000:1:0.00", lambda owner: heartbeat_age) is held
    assert is_held(RUN_ID, "elsewhere/0000:1:0.00", lambda owner: heartbeat_age, SUBMIT_LEASE_SECONDS) is (
        heartbeat_age is not None
    )


def rows_held_elsewhere(tmp_path, state, number=2):
    b = Bench(tmp_path)
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(number)))
    b.run(cells[:0])
    b.log.runs.plan(cells)
    row = b.rows(cells)[0]
    row = b.log.runs.move(row, State.SUBMITTING, owner=other_process(), submitted_at=b.clock.now())
    if state is not State.SUBMITTING:
        b.log.runs.move(row, state, request_id="0123", accepted_at=b.clock.now())
    return b, cells


@pytest.mark.parametrize("state", [State.SUBMITTING, State.SUBMITTED])
def test_a_run_that_is_held_elsewhere_is_left_alone_and_waited_for(tmp_path, state):
    b, cells = rows_held_elsewhere(tmp_path, state)

    async def during(work):
        await b.clock.sleep(100)
        assert not work.done(), "it waits for the other process"
        asked = [url for purpose, url in b.transport.sent if "0123" in url]
        assert not asked, "and does not ask for its job"
        row = b.rows(cells)[0]
        if row.state is State.SUBMITTING:
            row = b.log.runs.move(row, State.SUBMITTED, request_id="0123")
        row = b.log.runs.move(row, State.DOWNLOADING)
        b.log.runs.move(row, State.COMPLETED, owner=None)

    assert [row.state for row in b.run(cells, during=during)] == ["completed", "completed"]
    assert b.ledger.submits == 1


def test_polling_is_taken_over_from_a_process_that_is_gone(tmp_path, monkeypatch):
    b, cells = rows_held_elsewhere(tmp_path, State.SUBMITTING)
    # What the other process did: a job that the service has.
    answer = b.simulator.protocol
    assert answer.ledger.submits == 0
    alive = True
    monkeypatch.setattr(ownership, "is_alive", lambda *_: alive)

    async def during(work):
        nonlocal alive
        await b.clock.sleep(50)
        assert not work.done()
        alive = False

    assert [row.state for row in b.run(cells, during=during)] == ["completed", "completed"]
    assert b.ledger.submits == 2, "the history is complete, and knows no job of the one that died"
