"""The id of a job that was accepted is in the log in the end, whatever happens to log, disk or process."""

import re
from collections import Counter
from functools import partial

import pytest

import segflux_nb as sf
from segflux_nb.errors import WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.runlog import database, side_file
from segflux_nb.runlog.postgres import connections
from segflux_nb.running import async_journal, ownership
from tests.support.virtual import Bench

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)))


@pytest.fixture
def bench(tmp_path, place):
    """Makes a bench whose log is in that place."""
    return partial(Bench, tmp_path, address=place.address)


class ProcessDied(BaseException):
    """Stands for a kill."""


def side_files_of(b):
    return sorted(b.folder.glob("log*-accepted-*"))


def next_process(b, monkeypatch):
    """As a process that starts after another one has gone."""
    monkeypatch.setattr(ownership, "_held", Counter())
    monkeypatch.setattr(async_journal, "is_alive", lambda *_: False)
    monkeypatch.setattr(side_file, "_open", set())
    b.journal = b.open_journal()


def failing(write, error, times):
    """A write that fails a number of times."""
    left = [times]

    def write_or_fail(*arguments, **changes):
        if left[0] > 0:
            left[0] -= 1
            raise error
        return write(*arguments, **changes)

    return write_or_fail


@pytest.mark.parametrize("times", [1, 5, 30])
def test_a_disk_that_is_full_for_a_moment(bench, times):
    b = bench(history_delay=9e9, declares_history=False)
    error = WorkspaceError("The run log cannot be used: database or disk is full")
    b.log.runs.accept = failing(b.log.runs.accept, error, times)
    assert {row.state for row in b.run(CELLS)} == {"completed"}
    assert b.ledger.submits == 4
    assert side_files_of(b) == []


def test_a_process_that_dies_with_an_id_that_the_log_does_not_take(bench, monkeypatch):
    b = bench(history_delay=9e9, declares_history=False)
    error = WorkspaceError("The run log cannot be used: database or disk is full")
    deaths = failing(failing(b.log.runs.accept, ProcessDied(), 1), error, 2)
    b.log.runs.accept = deaths
    with pytest.raises(ProcessDied):
        b.run(CELLS[:1])
    assert b.states(CELLS[:1]) == ["submitting"]
    assert len(side_files_of(b)) == 1
    next_process(b, monkeypatch)
    assert {row.state for row in b.run(CELLS)} == {"completed"}
    assert b.ledger.submits == 4
    assert side_files_of(b) == []


def test_an_id_waits_through_a_call_that_ends_before_the_log_can_be_written(bench, place, monkeypatch):
    """A log that is locked for longer than a call waits: the call says so, and the next one goes on."""
    monkeypatch.setattr(database, "ATTEMPT_SECONDS", 0.001)  # of real time, hundreds of times
    monkeypatch.setattr(connections, "_SESSION", "SELECT set_config('lock_timeout', '1ms', false)")
    b = bench(history_delay=9e9, declares_history=False)
    held = []

    async def lock(work):
        while not b.ledger.submits:
            await b.clock.sleep(0.01)
        held.append(place.hold())

    b.drive(CELLS[:1], during=lock)
    assert re.search("Another program (reads or writes|keeps) the run log", b.stop.reason)
    held[0].close()
    assert {row.state for row in b.run(CELLS[:1])} == {"completed"}
    assert b.ledger.submits == 1
    assert side_files_of(b) == []


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END
$$;
CREATE TRIGGER full_disk BEFORE UPDATE ON runs EXECUTE FUNCTION full_disk();
"""


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_server_whose_disk_is_full_ends_the_call_and_the_next_goes_on(bench, place, monkeypatch):
    """What `test_files` shows for the disk of a file."""
    b = bench(history_delay=9e9, declares_history=False)

    async def fill(work):
        while b.ledger.submits < 2:
            await b.clock.sleep(0.01)
        place.execute(FULL)

    with pytest.raises(WorkspaceError, match=r"No space left on device. Look at the server's own log"):
        b.drive(CELLS, during=fill, max_in_flight=2)
    place.execute("DROP TRIGGER full_disk ON runs")
    next_process(b, monkeypatch)
    assert {row.state for row in b.run(CELLS)} == {"completed"}
    assert b.ledger.submits == 4
    assert side_files_of(b) == []


def test_a_side_file_of_a_process_that_lives_is_its_own_to_remove(bench, monkeypatch):
    b = bench(history_delay=9e9, declares_history=False)
    error = WorkspaceError("The run log cannot be used: database or disk is full")
    b.log.runs.accept = failing(failing(b.log.runs.accept, ProcessDied(), 1), error, 2)
    with pytest.raises(ProcessDied):
        b.run(CELLS[:1])
    (found,) = side_file.side_files(b.log.path, "simulator")
    found.path.unlink()
    theirs = side_file.SideFile(b.log.path, "simulator", "another-machine/0:1:0.00")
    theirs.reserve(4)
    theirs.add(found.jobs[0])
    next_process(b, monkeypatch)
    monkeypatch.setattr(async_journal, "is_alive", lambda *_: True)
    assert {row.state for row in b.run(CELLS)} == {"completed"}, "its ids are entered all the same"
    assert b.ledger.submits == 4
    assert side_files_of(b) == [theirs.path]


def test_two_equal_takes_adopt_two_jobs(bench):
    """Both have one body, so that the history shows two rows for each of them."""
    b = bench(faults={"submit:drop_after": {1, 2}})
    (cell,) = CELLS[:1]
    takes = [cell, cell.again(1)]
    assert [row.state for row in b.run(takes)] == ["completed", "completed"]
    assert b.ledger.submits == 2
    assert len({row.request_id for row in b.rows(takes)}) == 2


def test_a_job_that_another_process_has_just_adopted_is_not_adopted_again(bench):
    """The other process adopts it between the look in the log and the write."""
    b = bench(faults={"submit:drop_after": {1, 2}})
    (cell,) = CELLS[:1]
    takes = [cell, cell.again(1)]
    accept, first = b.log.runs.accept, []

    def late(job):
        if not first:
            first.append(job)
            accept(job._replace(digest=next(take.digest for take in takes if take.digest != job.digest)))
        return accept(job)

    b.log.runs.accept = late
    assert [row.state for row in b.run(takes)] == ["completed", "completed"]
    assert b.ledger.submits == 2
    assert len({row.request_id for row in b.rows(takes)}) == 2


def test_what_another_key_submitted_is_not_paid_again_though_the_history_is_complete(bench):
    """The history of this account cannot show what another one has."""
    b = bench(key="SG_0123456789abcdef", faults={"submit:drop_after": {1}})
    b.log.runs.plan(CELLS[:1])
    (planned,) = b.rows(CELLS[:1])
    submitting = b.log.runs.move(planned, State.SUBMITTING, account="aabbccddeeff", submitted_at=b.clock.now())
    b.log.runs.move(submitting, State.UNKNOWN)
    b.run(CELLS[:1])
    assert b.states(CELLS[:1]) == ["unknown"]
    assert b.ledger.submits == 0
    assert "1 run left: this key does not know their jobs" in b.stop.reason
    assert "again=True" in b.stop.reason
    assert [row.state for row in b.run(CELLS[:1], resubmit_unknown=True)] == ["completed"], "the user asked for it"
