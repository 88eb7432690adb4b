"""A sweep that is running: its end is said once, whatever waits for it."""

import asyncio
import signal
import threading

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.simulator.app import Simulator
from segflux_nb.widgets.progress import Progress


@pytest.fixture
def live(tmp_path):
    with Simulator(time_scale=0.002, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4))
        yield ws.start(sweep, max_cost=2.5 * MODEL.price)


def test_why_it_stopped_is_printed_once(live, capsys):
    first = live.wait()
    said = capsys.readouterr().out
    assert said.count("ws.run(sweep) continues") == 1
    assert first.stopped
    assert first.stopped in said
    assert live.wait().stopped == first.stopped
    assert asyncio.run(live.result()).stopped == first.stopped
    assert live.wait_or_interrupt().stopped == first.stopped
    assert live.runs.stopped == first.stopped
    assert capsys.readouterr().out == ""


@pytest.fixture
def slow(tmp_path):
    with Simulator(time_scale=1, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        yield ws.start(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)))


def test_a_wait_for_a_sweep_that_was_interrupted_gives_the_runs_and_says_why(slow, capsys):
    slow.interrupt()
    assert slow.wait().stopped == "Interrupted as you asked. ws.run(sweep) continues"
    assert asyncio.run(slow.result()).stopped == slow.wait_or_interrupt().stopped == slow.runs.stopped
    assert capsys.readouterr().out.count("Interrupted as you asked") == 1


def test_a_cancelled_task_is_cancelled_even_if_the_sweep_ends_with_it(slow):
    async def cancelled():
        task = asyncio.ensure_future(slow.result())
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    assert slow.done


def ends(live):
    """Whether a wait for the sweep ends."""
    waiting = threading.Thread(target=live.wait, daemon=True)
    waiting.start()
    waiting.join(60)
    return not waiting.is_alive()


@pytest.fixture
def told(tmp_path):
    """A sweep of a minute, and the list of those who were told its end."""
    heard = []
    with Simulator(time_scale=1, paint=False) as simulator, sf.Workspace(tmp_path, service=simulator) as ws:
        live = ws.start(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(4)), on_done=lambda runs: heard.append(1))
        yield live, heard


def test_a_display_that_fails_at_the_end_keeps_nobody_waiting(told, monkeypatch):
    live, heard = told
    close = Progress.close

    def failing(self, *arguments):
        close(self, *arguments)
        raise BrokenPipeError("the output is gone")

    monkeypatch.setattr(Progress, "close", failing)
    live.interrupt()
    assert ends(live)
    assert heard == [1]


def test_a_second_interrupt_while_the_end_is_shown_keeps_nobody_waiting(told, monkeypatch):
    live, heard = told
    done, close = [], Progress.close

    def interrupted(self, *arguments):
        signal.raise_signal(signal.SIGINT)
        close(self, *arguments)

    live.when_done(lambda: done.append(1))
    monkeypatch.setattr(Progress, "close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        live.interrupt()
    assert ends(live)
    assert heard == done == [1]
