"""Writes of the log that wait at the same time, and what each of them is told."""

import asyncio
import sqlite3
import threading

import pytest

import segflux_nb as sf
from segflux_nb.clock import SystemClock
from segflux_nb.daemon_executor import DaemonExecutor
from segflux_nb.errors import WorkspaceError
from segflux_nb.lifecycle import State
from segflux_nb.running.async_journal import AsyncJournal
from segflux_nb.running.group_commit import GroupCommit

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(10)))


class Log:
    """A log, and what another process reads whenever a write is told its outcome."""

    def __init__(self, place):
        self.place = place
        self.journal = place.journal(SystemClock())
        self.log = self.journal.of("simulator")
        self.log.runs.plan(CELLS)
        self.groups = 0
        self.seen = []

    def together(self, writes):
        self.groups += 1
        return self.log.write_group(writes)

    def write(self, *writes, while_written=()):
        """What each write is told; some of them come while the first ones are written."""
        return asyncio.run(self._write(writes, while_written))

    async def _write(self, writes, later):
        loop, began, goes_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
        thread = DaemonExecutor(1, "journal")
        group = GroupCommit(thread, self.together)

        def first():
            loop.call_soon_threadsafe(began.set)
            goes_on.wait(10)
            return writes[0]()

        tasks = [asyncio.ensure_future(group.write(write)) for write in (first, *writes[1:])]
        await began.wait()
        tasks += [asyncio.ensure_future(group.write(write)) for write in later]
        for task in tasks:
            task.add_done_callback(lambda task: self.seen.append(self.states()))
        await asyncio.sleep(0)
        goes_on.set()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        await group.flush()
        thread.shutdown(wait=True)
        return told

    def intents(self):
        runs = self.log.runs.read([cell.digest for cell in CELLS])
        return [lambda run=run: self.log.runs.move(run, State.SUBMITTING) for run in runs.values()]

    def states(self):
        """As another process reads them."""
        return [state for (state,) in self.place.execute("SELECT state FROM runs ORDER BY digest")]


@pytest.fixture
def log(place):
    log = Log(place)
    yield log
    log.journal.close()


def test_writes_that_wait_are_committed_once_and_told_then(log):
    told = log.write(*log.intents())
    assert [run.state for run in told] == [State.SUBMITTING] * 10
    assert log.seen == [["submitting"] * 10] * 10, "what another process reads when the first is told"
    assert log.groups == 1


def test_what_comes_while_the_disk_is_written_goes_together_next(log):
    first, *others = log.intents()
    told = log.write(first, while_written=others)
    assert [run.state for run in told] == [State.SUBMITTING] * 10
    assert log.seen[1:] == [["submitting"] * 10] * 9
    assert log.groups == 1, "the first went alone"


def test_a_write_that_fails_undoes_no_other(log):
    def wrong():
        with log.journal._database.writing() as cursor:
            cursor.execute("UPDATE runs SET state = 'lost'")
            raise ValueError("no")

    *first, last = log.intents()
    *told, error, at_last = log.write(*first, wrong, last)
    assert (type(error), str(error)) == (ValueError, "no")
    assert [run.state for run in (*told, at_last)] == [State.SUBMITTING] * 10
    assert log.states() == ["submitting"] * 10
    assert log.groups == 1


def test_a_state_that_another_process_has_changed_fails_for_its_own_write_alone(log):
    intents = log.intents()
    log.place.execute("UPDATE runs SET state = 'refused' WHERE digest = (SELECT min(digest) FROM runs)")
    assert [run is None for run in log.write(*intents)] == [True] + [False] * 9


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_a_transaction_that_ends_early_is_written_one_by_one(log):
    """Some errors of the disk roll back the whole transaction: what came after must not be committed by itself.

    In PostgreSQL every error does; see `test_a_row_that_the_server_cannot_write_fails_alone`.
    """
    times = iter([True])

    def disk_full():
        with log.journal._database.writing() as cursor:
            if next(times, False):
                cursor.execute("ROLLBACK")
                raise sqlite3.OperationalError("disk I/O error")

    *first, last = log.intents()
    *told, alone, at_last = log.write(*first, disk_full, last)
    assert alone is None, "it was tried alone"
    assert [run.state for run in (*told, at_last)] == [State.SUBMITTING] * 10
    assert log.states() == ["submitting"] * 10


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END
$$;
CREATE TRIGGER full_disk BEFORE UPDATE ON runs FOR EACH ROW WHEN (NEW.digest = '{}') EXECUTE FUNCTION full_disk();
"""


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_row_that_the_server_cannot_write_fails_alone(log, capfd):
    log.place.execute(FULL.format(CELLS[3].digest))
    told = log.write(*log.intents())
    (refused,) = (one for one in told if isinstance(one, WorkspaceError))
    assert "No space left on device" in str(refused)
    assert {one.state for one in told if one is not refused} == {State.SUBMITTING}
    assert sorted(log.states()) == ["planned"] + ["submitting"] * 9
    assert capfd.readouterr() == ("", ""), "no library writes what it ignored"


def test_two_processes_that_write_the_same_group_share_it_and_none_waits_for_the_other_for_ever(place):
    """In opposite orders: PostgreSQL locks row by row, and ends what would wait for ever."""
    logs = [Log(place), Log(place)]
    writes = [logs[0].intents(), logs[1].intents()[::-1]]
    both, told = threading.Barrier(2), {}

    def write(number):
        both.wait()
        told[number] = [found for found, _ in logs[number].log.write_group(writes[number])]

    threads = [threading.Thread(target=write, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    moved = [one is not None for one in told[0]], [one is not None for one in told[1]][::-1]
    assert all(first != second for first, second in zip(*moved, strict=True)), "each run was moved once"
    assert {len(logs[0].log.runs.events(cell.digest)) for cell in CELLS} == {1}
    for log in logs:
        log.journal.close()


def test_a_log_that_cannot_be_written_tells_each_write(log):
    intents = log.intents()
    log.journal.close()
    assert ["closed" in str(error) for error in log.write(*intents, while_written=intents)] == [True] * 20


def test_a_process_that_dies_within_a_group_has_written_nothing_of_it(log):
    """A kill between the moves and their commit: no run of the group was told, and none has moved."""

    class ProcessDied(BaseException):
        pass

    def die():
        raise ProcessDied

    *first, last = log.intents()
    told = log.write(*first, die, last)
    assert {type(error) for error in told} == {ProcessDied}
    assert log.states() == ["planned"] * 10


def test_a_write_whose_caller_is_cancelled_before_its_turn_is_not_made(log):
    first, second, third = log.intents()[:3]

    async def main():
        began, goes_on = threading.Event(), threading.Event()
        thread = DaemonExecutor(1, "journal")
        group = GroupCommit(thread, log.together)

        def waits():
            began.set()
            goes_on.wait(10)
            return first()

        tasks = [asyncio.ensure_future(group.write(waits))]
        await asyncio.to_thread(began.wait, 10)
        tasks += [asyncio.ensure_future(group.write(write)) for write in (second, third)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        goes_on.set()
        told = await asyncio.gather(*tasks, return_exceptions=True)
        thread.shutdown(wait=True)
        return told

    told = asyncio.run(main())
    assert isinstance(told[1], asyncio.CancelledError)
    assert log.states().count("submitting") == 2


def test_what_does_more_than_write_is_committed_alone(log, monkeypatch):
    """Side files are removed once their ids are in the log: not before they are."""
    monkeypatch.setattr(GroupCommit, "write", None)

    async def enter():
        journal = AsyncJournal(log.log, SystemClock(), lambda: 0.0)
        await journal.enter_accepted()
        with pytest.raises(TypeError):
            await journal.heartbeat()
        await journal.close()

    asyncio.run(enter())
