"""Which process holds a run, by the log and the process table."""

import os
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.running import ownership, process_table
from segflux_nb.running.heartbeats import WATCH_SECONDS, Heartbeats
from segflux_nb.running.ownership import LEASE_SECONDS, SUBMIT_LEASE_SECONDS, RunId, is_held, this_process
from tests.support.service import ManualClock
from tests.support.virtual import Bench

RUN_ID = RunId("log", "simulator", "digest")
TABLE = this_process().rsplit(":", 2)[0]


def silent(owner, within):
    return False


def loud(owner, within):
    return True


def held(owner, heartbeats=silent, state=State.SUBMITTED):
    return is_held(RUN_ID, owner, state, heartbeats)


def other_process(pid=1):
    """A process of this machine that runs: init."""
    return f"{TABLE}:{pid}:{process_table._started(pid)}"


def test_what_this_process_works_on_is_held_and_what_it_left_is_not():
    assert not held(this_process())
    assert not held(None)
    with ownership.holding(RUN_ID):
        with ownership.holding(RUN_ID):
            assert held(this_process())
        assert held(None)
    assert not held(this_process())


def test_a_process_that_the_table_does_not_have_is_gone_at_once():
    started = int(process_table._started(1))
    assert not held(f"{TABLE}:4194305:{started}", loud)
    assert not held(f"{TABLE}:1:{started - 1}", loud), "an earlier one of that number"
    assert held(other_process(), loud)


def test_a_process_that_the_table_has_holds_runs_while_it_sends_heartbeats():
    """It may be stopped, or may have ended its sweep and live on as an idle notebook."""
    asked = []
    assert held(other_process(), lambda owner, within: asked.append(within) or True)
    assert held(other_process(), lambda owner, within: asked.append(within) or True, State.SUBMITTING)
    assert asked == [LEASE_SECONDS, SUBMIT_LEASE_SECONDS]
    assert not held(other_process())


@pytest.mark.parametrize("namespace", ["1234", "4026531836", ""])
def test_processes_of_another_namespace_or_machine_are_judged_by_heartbeats(namespace):
    """Host name and boot are equal; their numbers mean nothing here."""
    table = f"{TABLE.rsplit('/', 1)[0]}/x{namespace}"
    for owner in (f"{table}:4194305:1", f"{table}:{os.getpid()}:{process_table._started(os.getpid())}"):
        assert held(owner, loud)
        assert not held(owner)
    assert held("name:1:1800000000.12", loud), "as earlier versions wrote it"


def table_name(
    monkeypatch, pid=77, namespace=4026531836, stat=(77, "S", "1"), boot="60a0d1c8-492b", platform="linux"
):
    monkeypatch.setattr(process_table, "_stat", lambda folder: stat)
    monkeypatch.setattr(process_table, "_boot_id", lambda: boot)
    monkeypatch.setattr(process_table.sys, "platform", platform)
    monkeypatch.setattr(process_table.platform, "node", lambda: "host")
    return process_table.table_name(pid, namespace)


def test_a_table_is_named_by_host_boot_and_namespace(monkeypatch):
    named = table_name(monkeypatch)
    assert named == table_name(monkeypatch) == "host/60a0d1c8-492b/4026531836"
    assert table_name(monkeypatch, namespace=4026532180) != named
    assert table_name(monkeypatch, boot="11111111-2222") != named


@pytest.mark.parametrize(
    "unsure",
    [{"boot": ""}, {"namespace": 0}, {"stat": (76, "S", "1")}, {"stat": None}],
    ids=lambda unsure: str(unsure),
)
def test_where_it_is_not_sure_which_table_it_is_no_other_process_has_its_name(monkeypatch, unsure):
    """Hosts of one name without a boot id; a /proc of another namespace."""
    assert table_name(monkeypatch, **unsure) != table_name(monkeypatch, **unsure)


def test_hosts_of_one_name_without_proc_are_told_apart_by_their_network_card(monkeypatch):
    monkeypatch.setattr(process_table.psutil, "boot_time", lambda: 1_800_000_000.0)
    monkeypatch.setattr(process_table.uuid, "getnode", lambda: 1)
    named = table_name(monkeypatch, platform="darwin")
    assert named == table_name(monkeypatch, platform="darwin")
    monkeypatch.setattr(process_table.uuid, "getnode", lambda: 2)
    assert named != table_name(monkeypatch, platform="darwin")


def test_a_process_that_comes_back_in_another_namespace_has_another_name(monkeypatch):
    """As one that was restored from a checkpoint in a new container."""
    before = this_process()
    monkeypatch.setattr(process_table, "pid_namespace", lambda: 1)
    assert this_process() != before


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_clock_that_is_set_renames_no_process(monkeypatch):
    before = process_table._started(os.getpid())
    monkeypatch.setattr(process_table.psutil, "Process", lambda pid: pytest.fail("its times follow the wall clock"))
    assert process_table._started(os.getpid()) == before


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
def test_a_killed_process_that_nobody_asked_for_is_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = process_table._started(child.pid)
    assert process_table.is_there(child.pid, started)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
    assert process_table.is_there(child.pid, started) is False
    child.stdin.close()
    child.wait()


@pytest.mark.parametrize(
    ("answer", "there"), [(PermissionError, None), (ProcessLookupError, False), (OverflowError, False), (None, None)]
)
def test_a_process_that_is_not_shown_to_this_user_is_not_gone(monkeypatch, answer, there):
    """As with `hidepid`, where /proc shows the own processes only."""

    def kill(pid, number):
        assert number == 0
        if answer is not None:
            raise answer

    monkeypatch.setattr(process_table.os, "kill", kill)
    monkeypatch.setattr(process_table, "_stat", lambda folder: None)
    assert process_table.is_there(4194305, "1") is there


def test_a_process_that_may_not_be_looked_at_is_not_gone(monkeypatch):
    def denied(pid):
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(process_table, "_stat", lambda folder: None)
    monkeypatch.setattr(process_table.psutil, "Process", denied)
    assert process_table.is_there(1, "1") is None


# ---------------------------------------------------------------------- heartbeats


@pytest.fixture
def watch():
    clock, log = ManualClock(), {}
    heartbeats = Heartbeats(SimpleNamespace(last_heartbeat=log.get), clock)

    def alive(seconds=0.0, within=LEASE_SECONDS):
        clock.time += seconds
        return heartbeats.come_from("other", within)

    return SimpleNamespace(clock=clock, log=log, alive=alive)


def test_a_process_is_alive_until_its_lease_ends(watch):
    watch.log["other"] = watch.clock.time - 10
    assert watch.alive()
    assert watch.alive(LEASE_SECONDS - 11)
    assert not watch.alive(2)
    assert watch.alive(within=SUBMIT_LEASE_SECONDS), "a run that it was submitting is its own for longer"
    watch.log["other"] += 30
    assert watch.alive(), "it was slow"


@pytest.mark.parametrize("offset", [None, -86_400.0 * 3, -700.0, 700.0, 86_400.0 * 3])
def test_a_clock_that_is_wrong_makes_no_process_dead_or_immortal(watch, offset):
    """Its clock, or ours, is off; or a clock far ahead of it has just deleted its heartbeat."""
    if offset is not None:
        watch.log["other"] = watch.clock.time + offset
    assert watch.alive()
    assert watch.alive(WATCH_SECONDS - 1)
    for _ in range(100):
        watch.log["other"] = watch.log.get("other", watch.clock.time - 86_400 * 3) + 5
        assert watch.alive(5)
    del watch.log["other"]
    assert watch.alive(LEASE_SECONDS - 6)
    assert not watch.alive(7)


def test_a_process_that_was_silent_for_long_is_looked_at_for_a_moment(watch):
    watch.log["other"] = watch.clock.time - 3600
    assert watch.alive()
    assert not watch.alive(WATCH_SECONDS)


def test_a_wall_clock_that_is_set_ends_no_lease(watch):
    watch.log["other"] = watch.clock.time
    assert watch.alive()
    watch.clock.now = lambda: watch.clock.time + 1e6
    assert watch.alive(LEASE_SECONDS - 1)


# ---------------------------------------------------------------------- the engine


def rows_held_elsewhere(tmp_path, state, owner, number=2):
    b = Bench(tmp_path)
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(number)))
    b.run(cells[:0])
    b.log.runs.plan(cells)
    row = b.rows(cells)[0]
    row = b.log.runs.move(row, State.SUBMITTING, owner=owner, submitted_at=b.clock.now())
    if state is not State.SUBMITTING:
        b.log.runs.move(row, state, request_id="0123", accepted_at=b.clock.now())
    return b, cells


OTHERS = {"this machine": other_process(), "another container": f"{TABLE}0:4194305:1", "another machine": "b/2/3:4:5"}


@pytest.mark.parametrize("state", [State.SUBMITTING, State.SUBMITTED])
@pytest.mark.parametrize("owner", OTHERS.values(), ids=OTHERS)
def test_a_run_that_is_held_elsewhere_is_left_alone_and_waited_for(tmp_path, state, owner):
    b, cells = rows_held_elsewhere(tmp_path, state, owner)

    async def during(work):
        for _ in range(40):
            b.log.sharing.heartbeat(owner)
            await b.clock.sleep(5)
        assert not work.done(), "it waits for the other process"
        asked = [url for purpose, url in b.transport.sent if "0123" in url]
        assert not asked, "and does not ask for its job"
        row = b.rows(cells)[0]
        assert row.owner == owner
        if row.state is State.SUBMITTING:
            row = b.log.runs.move(row, State.SUBMITTED, request_id="0123")
        row = b.log.runs.move(row, State.DOWNLOADING)
        b.log.runs.move(row, State.COMPLETED, owner=None)

    assert [row.state for row in b.run(cells, during=during)] == ["completed", "completed"]
    assert b.ledger.submits == 1


def followed_through(tmp_path, monkeypatch, error, times):
    """A sweep with a run that another machine holds and ends. The looks at that machine fail for a while."""
    owner = OTHERS["another machine"]
    b, cells = rows_held_elsewhere(tmp_path, State.SUBMITTED, owner)
    left, as_it_is = [], type(b.log.sharing).last_heartbeat

    def failing(self, owner):
        if left:
            raise left.pop()
        return as_it_is(self, owner)

    async def during(work):
        for beat in range(10):
            b.log.sharing.heartbeat(owner)
            await b.clock.sleep(5)
            left.extend([error] * (times if beat == 5 else 0))
        row = b.log.runs.move(b.rows(cells)[0], State.DOWNLOADING)
        b.log.runs.move(row, State.COMPLETED, owner=None)
        await b.clock.sleep(60)
        assert work.done(), "it waits for ever"

    monkeypatch.setattr(type(b.log.sharing), "last_heartbeat", failing)
    b.run(cells, during=during)
    assert not left
    assert b.ledger.submits == 1
    return b, cells


def test_a_look_at_the_others_that_finds_the_log_locked_is_repeated(tmp_path, monkeypatch):
    b, cells = followed_through(tmp_path, monkeypatch, sf.errors.LogLocked("The log is locked"), times=5)
    assert b.states(cells) == ["completed"] * 2


def test_a_look_at_the_others_that_fails_ends_the_sweep_with_its_error(tmp_path, monkeypatch):
    """It ended alone, without a word, and the sweep waited for ever."""
    with pytest.raises(ZeroDivisionError, match="planted"):
        followed_through(tmp_path, monkeypatch, ZeroDivisionError("planted"), times=1)


@pytest.mark.parametrize("owner", OTHERS.values(), ids=OTHERS)
@pytest.mark.parametrize("beats", [0, 20])
def test_a_submit_of_a_process_that_fell_silent_is_looked_up_after_its_lease(tmp_path, owner, beats):
    """It is stopped, its machine is gone, or it has ended its sweep: nobody waits for ever."""
    b, cells = rows_held_elsewhere(tmp_path, State.SUBMITTING, owner)
    if beats:
        b.log.sharing.heartbeat(owner)
    silent_since = b.clock.now()

    async def during(work):
        nonlocal silent_since
        for _ in range(beats):
            await b.clock.sleep(5)
            b.log.sharing.heartbeat(owner)
            silent_since = b.clock.now()

    rows = b.run(cells, during=during)
    assert [row.state for row in rows] == ["completed", "completed"]
    waited = rows[0].submitted_at - silent_since
    lease = SUBMIT_LEASE_SECONDS if beats else WATCH_SECONDS
    # One that never sent a heartbeat is watched for a moment. Look-ups come when the other cell has ended.
    assert lease - 1 < waited < lease + 30
    assert b.ledger.submits == 2, "the history is complete, and knows no job of the other"


def test_a_heartbeat_is_there_before_the_first_submit(tmp_path):
    b = Bench(tmp_path)
    ages = []
    send = b.transport.send

    async def noting(request):
        if request.purpose == "submit":
            (row,) = [row for row in b.rows(cells) if row.state is State.SUBMITTING][:1]
            ages.append(b.clock.now() - b.log.sharing.last_heartbeat(row.owner))
        return await send(request)

    b.transport.send = noting
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(60)))
    b.run(cells)
    assert len(ages) == 60
    assert max(ages) <= 10


def test_no_submit_leaves_while_heartbeats_cannot_be_written(tmp_path, monkeypatch):
    b = Bench(tmp_path)
    cells = list(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(3)))
    b.log.runs.plan(cells)

    def full(self, owner):
        raise sf.errors.WorkspaceError("The disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(b.log.sharing), "heartbeat", full)
        with pytest.raises(sf.errors.WorkspaceError, match="full"):
            b.run(cells)
    assert b.ledger.submits == 0
    assert b.states(cells) == ["planned"] * 3
    assert {row.state for row in b.run(cells)} == {"completed"}


def test_polling_is_taken_over_at_once_from_a_process_that_is_gone(tmp_path):
    b, cells = rows_held_elsewhere(tmp_path, State.SUBMITTING, f"{TABLE}:4194305:1")
    began = b.clock.now()
    rows = b.run(cells)
    assert [row.state for row in rows] == ["completed", "completed"]
    assert rows[0].submitted_at - began < 10
