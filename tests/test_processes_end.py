"""Forks, interrupts and ends of a process: nothing hangs, and nothing stays locked."""

import asyncio
import functools
import gc
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import Future

import pytest

import segflux_nb as sf
from segflux_nb import launcher, loopthread
from segflux_nb.clock import SystemClock
from segflux_nb.interrupts import Uninterrupted
from segflux_nb.live import LiveRun
from segflux_nb.runlog.journal import Journal


def script(folder, code, *arguments, seconds=60):
    """Run a script in a folder; what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


FORK = """
import asyncio, os, sys
import segflux_nb as sf

def sweep(*seeds):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=list(seeds), steps=2)

def refused(action):
    try:
        action()
    except sf.SegfluxError as error:
        return "forked" in str(error) and "Workspace(path)" in str(error)
    return False

simulator = sf.Simulator(time_scale=0.001, paint=False)
ws = sf.Workspace("study", service=simulator.url)
runs = ws.run(sweep(1))
live = ws.start(sweep(*range(100, 140)))
child = os.fork()
if child == 0:
    wrong = [name for name, action in {
        "run": lambda: ws.run(sweep(2)), "plan": lambda: ws.plan(sweep(2)), "start": lambda: ws.start(sweep(2)),
        "wait": live.wait, "stop": live.stop, "interrupt": live.interrupt,
        "result": lambda: asyncio.run(live.result()), "df": lambda: runs.df,
        "mark": lambda: runs.mark(runs.cells[0][0], stars=1), "done": lambda: live.done,
        "when_done": lambda: live.when_done(print),
    }.items() if not refused(action)]
    ws.close()
    with sf.Workspace("study", service=simulator.url) as own:
        if own.run(sweep(3)).counts != {"completed": 1}:
            wrong.append("an own workspace")
    print(",".join(wrong) or "fine", flush=True)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
assert live.wait().counts == {"completed": 40}
assert ws.run(sweep(2)).counts == {"completed": 1}
assert simulator.ledger.submits == 43
ws.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_is_forked_while_another_thread_asks_for_the_service_does_not_hang(tmp_path):
    code = """
import os, threading
import segflux_nb as sf
ws = sf.Workspace("study", service="simulator")
held, done = threading.Event(), threading.Event()

def hold():
    with ws._connection._lock:
        held.set()
        done.wait()

threading.Thread(target=hold).start()
held.wait()
child = os.fork()
if child == 0:
    try:
        ws.plan(sf.Sweep(prompt="TOK", finetune_id="a"))
    except sf.SegfluxError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
done.set()
ws.close()
"""
    assert "forked" in script(tmp_path, code, seconds=30)[0]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_workspace_is_refused_in_a_forked_child_which_can_open_its_own(tmp_path):
    assert script(tmp_path, FORK)[0].splitlines() == ["fine"]


EXIT = """
import sys, time
import segflux_nb as sf
ws = sf.Workspace("study", service=sys.argv[1])
live = ws.start(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(40), steps=25))
while not live.runs.counts.get("submitted"):
    time.sleep(0.005)
"""


def test_a_script_that_ends_lets_submits_finish_where_names_are_resolved(tmp_path):
    with sf.Simulator(time_scale=0.02, paint=False, history_complete=None) as simulator:
        url = simulator.url.replace("127.0.0.1", "localhost")
        assert script(tmp_path, EXIT, url) == ("", "")
        with sf.Workspace(tmp_path / "study", service=url) as ws:
            counts = ws.runs().counts
        assert not {"unknown", "submitting"} & set(counts)
        assert counts["submitted"] == simulator.ledger.submits


TRACED = {
    "sqlite": ("contextlib.py", "segflux_nb/interrupts.py", "segflux_nb/runlog/database.py", "test_processes_end.py"),
    "postgres": ("segflux_nb/runlog/postgres/database.py", "segflux_nb/runlog/postgres/transaction.py"),
}
"""Files whose steps are interrupted: in PostgreSQL each costs a connection."""


def interrupted_at(step, action, traced):
    """Whether an action was interrupted, where an interrupt comes at this step of the interpreter."""
    steps = 0

    def trace(frame, event, argument):
        nonlocal steps
        if not frame.f_code.co_filename.endswith(traced):
            return None  # a finalizer, or a callback of the garbage collector: Python drops what is raised there
        frame.f_trace_opcodes = True
        if event == "opcode":
            steps += 1
            if steps == step:
                signal.raise_signal(signal.SIGINT)
        return trace

    # An event loop of an earlier test may have left its handler, and the descriptor that wakes it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler), signal.set_wakeup_fd(-1)
    sys._getframe().f_trace_opcodes = True  # Python 3.12 reports opcodes only if a frame asked before settrace
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt as error:
        return error  # its traceback keeps the frames, as IPython does
    finally:
        sys.settrace(None)
        signal.signal(signal.SIGINT, before[0])
        signal.set_wakeup_fd(before[1])
    return steps >= step


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("kind", ["writing", "reading"])
def test_an_interrupt_at_any_step_leaves_no_transaction_and_no_lock(place, kind):
    journal = place.journal(SystemClock(), durable=False)
    database = journal._database

    def action():
        with getattr(database, kind)() as cursor:
            cursor.execute("SELECT 1")

    def other_thread():
        with database.writing() as cursor:
            cursor.execute("SELECT 1")

    action()
    kept, step = [], 0
    while True:
        step += 1
        outcome = interrupted_at(step, action, TRACED[place.kind])
        if outcome is False:
            break
        kept.append(outcome)
        if place.kind == "sqlite":
            assert not database.connection.in_transaction
        thread = threading.Thread(target=other_thread, daemon=True)
        thread.start()
        thread.join(20)  # less than it takes the server to end a transaction that nobody goes on with
        assert not thread.is_alive(), f"the lock is held after an interrupt at step {step}"
    assert sum(isinstance(outcome, KeyboardInterrupt) for outcome in kept) > 50
    kept.clear()
    gc.collect()  # connections that nobody uses end here, with a warning, and not within another test
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    journal.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::RuntimeWarning")
@pytest.mark.parametrize("moment", ["asyncio.new_event_loop", "DaemonExecutor", "threading.Thread"])
def test_an_interrupt_while_the_event_loop_is_made_leaves_one_that_runs(monkeypatch, moment):
    made = resolved(loopthread, moment)

    def interrupted(*arguments, **named):
        signal.raise_signal(signal.SIGINT)
        return made(*arguments, **named)

    monkeypatch.setattr(loopthread, "_loop", None)
    with monkeypatch.context() as patched:
        patched.setattr(f"segflux_nb.loopthread.{moment}", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loopthread.submit(asyncio.sleep(0))
    loop = loopthread._loop
    try:
        assert loopthread.submit(asyncio.sleep(0, "runs")).result(timeout=10) == "runs"
    finally:
        if loop is not None and not loop.is_running():
            loop.close()  # or the warning of its end would hide the failure


def resolved(module, name):
    return functools.reduce(getattr, name.split("."), module)


CALLBACK = """
import sys
import segflux_nb as sf

def leave():
    raise {"SystemExit": SystemExit, "KeyboardInterrupt": KeyboardInterrupt}[sys.argv[1]]

def sweep(*seeds):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=list(seeds), steps=2)

with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace("study", service=simulator) as ws:
    live = ws.start(sweep(1, 2))
    live.when_done(leave)
    live.wait()
    print(ws.run(sweep(3)).counts, flush=True)
"""


@pytest.mark.parametrize("error", ["SystemExit", "KeyboardInterrupt"])
def test_a_callback_that_ends_the_program_ends_no_other_sweep(tmp_path, error):
    printed, warned = script(tmp_path, CALLBACK, error, seconds=30)
    assert printed == "{'completed': 1}\n"
    assert "asked for the end of the program" in warned


def test_an_interrupt_while_a_sweep_is_started_ends_it(tmp_path, monkeypatch):
    started = []

    class Interrupted(LiveRun):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            started.append(self)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(launcher, "LiveRun", Interrupted)
    with sf.Simulator(time_scale=1, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        with pytest.raises(KeyboardInterrupt):
            ws.run(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], steps=2))
        assert started[0].done


def test_an_interrupt_comes_when_the_transaction_is_over(place):
    database, done = place.journal(SystemClock(), durable=False)._database, []
    with pytest.raises(KeyboardInterrupt), database.writing() as cursor:  # noqa: PT012 - it comes at the end
        cursor.execute("CREATE TABLE notes (text TEXT)")
        signal.raise_signal(signal.SIGINT)
        cursor.execute("INSERT INTO notes VALUES ('kept')")
        done.append(True)
    with database.reading() as cursor:
        assert cursor.execute("SELECT text FROM notes").fetchall() == [("kept",)]
    database.close()


def test_handlers_of_others_are_kept():
    def other_thread():
        with Uninterrupted():
            handlers.append(signal.getsignal(signal.SIGINT))

    handlers = []
    thread = threading.Thread(target=other_thread)
    thread.start()
    thread.join()
    assert handlers == [signal.default_int_handler]
    caught = []
    old = signal.signal(signal.SIGINT, lambda *arguments: caught.append(arguments))
    try:
        with Uninterrupted(), Uninterrupted():
            signal.raise_signal(signal.SIGINT)
            assert not caught
        assert len(caught) == 1
    finally:
        signal.signal(signal.SIGINT, old)


class Late(Future):
    """Completes just after a wait for it timed out."""

    def __init__(self, outcome):
        super().__init__()
        self.outcome = outcome

    def result(self, timeout=None):
        try:
            return super().result(0.001 if timeout else timeout)
        except TimeoutError:
            if not self.done():
                self.outcome(self)
            raise


def test_a_wait_that_times_out_when_the_work_completes_gives_its_result():
    assert loopthread.wait(Late(lambda future: future.set_result("runs"))) == "runs"
    with pytest.raises(TimeoutError, match="its own"):
        loopthread.wait(Late(lambda future: future.set_exception(TimeoutError("its own"))))


@pytest.fixture
def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def test_a_simulator_that_is_not_up_yet_is_the_same_service_later(tmp_path, free_port):
    url, sweep = f"http://127.0.0.1:{free_port}", sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], steps=2)
    with sf.Simulator(time_scale=0.001, paint=False, port=free_port) as simulator:
        pass
    simulator = sf.Simulator(time_scale=0.001, paint=False, port=free_port)
    with sf.Workspace(tmp_path / "study", service=url) as ws:
        assert ws.service == "simulator"
        timer = threading.Timer(0.5, lambda: simulator.url)
        timer.start()
        assert ws.run(sweep).counts == {"completed": 2}
        timer.join()
    simulator.close()
    with sf.Workspace(tmp_path / "study", service=url) as ws:
        assert ws.service == "simulator", "it is remembered, so that the log can be read without it"
        assert ws.plan(sweep).to_submit == 0
        assert len(ws.runs()) == 2


class Silent(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(404)

    def log_message(self, *arguments):
        pass


def test_another_service_on_this_machine_keeps_its_name(tmp_path, free_port):
    url, name = f"http://127.0.0.1:{free_port}", "http://127.0.0.1"
    with sf.Workspace(tmp_path / "study", service=url) as ws:
        assert ws.service == "simulator", "it is not up yet"
        server = http.server.ThreadingHTTPServer(("127.0.0.1", free_port), Silent)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        ws._connection.confirm_name()
        assert ws.service == name
        server.shutdown()
        server.server_close()
        thread.join()
    journal = Journal(tmp_path / "study" / "log.sqlite", SystemClock())
    journal.of(name).runs.plan(list(sf.Sweep(prompt="TOK", finetune_id="a", seed=1)))
    journal.close()
    with sf.Workspace(tmp_path / "study", service=url) as ws:
        assert ws.service == name, "the log knows it"
