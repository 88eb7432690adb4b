"""A job that was accepted for a run is entered whatever happened to the run meanwhile, once, and for no other run."""

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.runlog.journal import Journal
from segflux_nb.runlog.rows import AcceptedJob
from tests.support.service import ManualClock

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
STEPS = {
    State.PLANNED: [],
    State.SUBMITTING: [State.SUBMITTING],
    State.UNKNOWN: [State.SUBMITTING, State.UNKNOWN],
    State.REFUSED: [State.SUBMITTING, State.REFUSED],
}


@pytest.fixture
def runs(place):
    journal = place.journal(ManualClock())
    log = journal.of("simulator").runs
    log.plan(CELLS)
    yield log
    journal.close()


def row(runs, number=0):
    return runs.read([CELLS[number].digest])[CELLS[number].digest]


def brought(runs, states, number=0):
    for state in states:
        runs.move(row(runs, number), state, owner="someone:1:0")
    return row(runs, number)


def job(request_id, number=0):
    return AcceptedJob("simulator", CELLS[number].digest, request_id, "/status", "/result", 5.0, "ab12")


@pytest.mark.parametrize("state", STEPS)
def test_whatever_state_another_process_gave_the_run_the_job_is_entered(runs, state):
    assert brought(runs, STEPS[state]).state is state
    run = runs.accept(job("one"))
    assert run == row(runs)
    assert (run.state, run.request_id, run.status_url, run.owner, run.account) == (
        "submitted",
        "one",
        "/status",
        None,
        "ab12",
    )
    assert runs.knows_request("one")


def test_a_job_is_entered_once(runs):
    runs.accept(job("one"))
    processing = runs.move(row(runs), State.PROCESSING)
    events = runs.events(CELLS[0].digest)
    assert runs.accept(job("one")) == processing
    assert runs.events(CELLS[0].digest) == events


def test_a_job_that_failed_is_not_taken_up_again_by_its_own_id_that_comes_late(runs):
    runs.accept(job("one"))
    failed = runs.move(row(runs), State.FAILED, error="out of memory")
    assert runs.accept(job("one")) == failed


def test_the_id_of_another_run_is_refused_and_nothing_changes(runs):
    runs.accept(job("one"))
    submitting = brought(runs, [State.SUBMITTING], number=1)
    assert runs.accept(job("one", number=1)) is None
    assert row(runs, 1) == submitting


def test_a_second_job_of_a_run_is_noted_and_is_nobody_elses(runs):
    """Another process had given up the submit, and made one of its own."""
    runs.accept(job("one"))
    assert runs.accept(job("two")).request_id == "one"
    assert runs.knows_request("two")
    assert runs.events(CELLS[0].digest)[-1][3] == {"request_id": "two", "also_accepted": 5.0}


def test_the_salt_is_the_logs_own_and_stays(runs, place, tmp_path):
    again = place.journal(ManualClock())
    assert again.of("segmind").runs.salt() == runs.salt()
    again.close()
    other = Journal(tmp_path / "other.sqlite", ManualClock())
    assert other.of("simulator").runs.salt() != runs.salt()
    assert len(runs.salt()) == 32
    other.close()
