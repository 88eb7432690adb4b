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
from segflux_nb.runlog.journal import Journal
from segflux_nb.running.async_journal import AsyncJournal
from segflux_nb.running.group_commit import GroupCommit

CELLS = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(10)))


class Log:
    """A log whose thread is held until all writes of a test wait."""

    def __init__(self, folder):
        self.journal = Journal(folder / "log.sqlite", SystemClock())
        self.log = self.journal.of("simulator")
        self.log.runs.plan(CELLS)
        self.thread = DaemonExecutor(1, "journal")
        self.groups = 0
        self.group = GroupCommit(self.thread, self.together)
        self.held = threading.Event()
        self.thread.submit(self.held.wait)
        self.seen = []

    def together(self):
        self.groups += 1
        return self.log.together()

    def write(self, *writes):
        futures = [self.group.submit(write) for write in writes]
        for future in futures:
            future.add_done_callback(lambda future: self.seen.append(self.states()))
        self.held.set()
        self.thread.shutdown(wait=True)
        return futures

    def intents(self):
        runs = self.log.runs.read([cell.digest for cell in CELLS])
        return [lambda run=run: self.log.runs.move(run, State.SUBMITTING) for run in runs.values()]

    def states(self):
        """As another process reads them."""
        with sqlite3.connect(self.journal._database.path) as other:
            return [state for (state,) in other.execute("SELECT state FROM runs ORDER BY digest")]


@pytest.fixture
def log(tmp_path):
    log = Log(tmp_path)
    yield log
    log.journal.close()


def test_writes_that_wait_are_committed_once_and_told_then(log):
    futures = log.write(*log.intents())
    assert [future.result().state for future in futures] == [State.SUBMITTING] * 10
    assert log.seen == [["submitting"] * 10] * 10, "what another process reads when the first is told"
    assert log.groups == 1


def test_a_write_that_fails_undoes_no_other(log):
    def wrong():
        with log.journal._database.writing() as cursor:
            cursor.execute("UPDATE runs SET state = 'lost'")
            raise ValueError("no")

    *first, last = log.intents()
    futures = log.write(*first, wrong, last)
    with pytest.raises(ValueError, match="no"):
        futures[-2].result()
    assert [future.result().state for future in (*futures[:-2], futures[-1])] == [State.SUBMITTING] * 10
    assert log.states() == ["submitting"] * 10
    assert log.groups == 1


def test_a_state_that_another_process_has_changed_fails_for_its_own_write_alone(log):
    intents = log.intents()
    with sqlite3.connect(log.journal._database.path) as other:
        other.execute("UPDATE runs SET state = 'refused' WHERE digest = (SELECT min(digest) FROM runs)")
    futures = log.write(*intents)
    assert [future.result() is None for future in futures] == [True] + [False] * 9


def test_a_transaction_that_ends_early_is_written_one_by_one(log):
    """Some errors of the disk roll back the whole transaction: what came after must not be committed by itself."""
    times = iter([True])

    def disk_full():
        with log.journal._database.writing() as cursor:
            if next(times, False):
                cursor.execute("ROLLBACK")
                raise sqlite3.OperationalError("disk I/O error")

    *first, last = log.intents()
    futures = log.write(*first, disk_full, last)
    assert futures[-2].result() is None, "it was tried alone"
    assert [future.result().state for future in (*futures[:-2], futures[-1])] == [State.SUBMITTING] * 10
    assert log.states() == ["submitting"] * 10


def test_a_log_that_cannot_be_written_tells_each_write(log):
    intents = log.intents()
    log.journal.close()
    for future in (log.group.submit(write) for write in intents):
        log.held.set()
        with pytest.raises(WorkspaceError, match="closed"):
            future.result()


def test_what_does_more_than_write_is_committed_alone(log, monkeypatch):
    """Side files are removed once their ids are in the log: not before they are."""
    monkeypatch.setattr(GroupCommit, "submit", None)

    async def enter():
        journal = AsyncJournal(log.log, SystemClock(), lambda: 0.0)
        await journal.enter_accepted()
        with pytest.raises(TypeError):
            await journal.heartbeat()
        await journal.close()

    asyncio.run(enter())
