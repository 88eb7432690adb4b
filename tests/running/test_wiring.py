"""The engine as it is built for users."""

import asyncio
import json

import pytest

import segflux_nb as sf
from segflux_nb import connection
from segflux_nb.clock import SystemClock
from segflux_nb.connection import build_engine
from segflux_nb.pictures.store import PictureStore
from segflux_nb.runlog.journal import Journal
from segflux_nb.running.context import StopToken
from segflux_nb.running.policy.budget import Budget
from segflux_nb.service.addresses import Service
from segflux_nb.service.transport import HttpResponse
from segflux_nb.simulator.app import Simulator
from segflux_nb.sweep.plan import PUBLISHED
from tests.support.virtual import BASE, Bench, SeamTransport


def sweep(number=3):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(number))


def test_a_sweep_under_the_users_limit_needs_no_thread_that_python_ends_early(tmp_path):
    """At the interpreter's end, Python's own executors take no work any more while submits still finish."""
    clock = SystemClock()
    simulator = Simulator(time_scale=0.001, paint=False)
    log = Journal(tmp_path / "log.sqlite", clock).of("simulator")
    cells = list(sweep())
    log.runs.plan(cells)

    async def main():
        await asyncio.get_running_loop().shutdown_default_executor()
        engine = build_engine(
            Service("simulator", BASE, BASE),
            SeamTransport(simulator, clock, latency=0.0),
            log=log,
            store=PictureStore(tmp_path),
            clock=clock,
            max_in_flight=3,
            max_rpm=6000,
            rates=PUBLISHED,
        )
        await engine.run(cells, stop=StopToken(), budget=Budget(None), on_change=lambda digest, state: None)
        await engine.close()

    asyncio.run(main())
    assert {state.state for state in log.runs.states([cell.digest for cell in cells]).values()} == {"completed"}


def test_a_429_of_the_last_hour_makes_the_next_engine_begin_slowly(tmp_path):
    def seconds_of_a_burst(bench):
        """How long 40 free slots take to be filled with submits."""
        before = bench.clock.monotonic()
        rows = bench.run([cell.again(round(before)) for cell in sweep(40)], max_in_flight=40)
        return max(row.submitted_at for row in rows) - min(row.submitted_at for row in rows)

    b = Bench(tmp_path, workers=1000)
    assert seconds_of_a_burst(b) < 2
    b.log.sharing.note_limit("calls a minute", 30.0, "429")
    assert seconds_of_a_burst(b) > 3
    b.clock.before += 3700
    assert seconds_of_a_burst(b) < 2


def test_the_question_for_the_balance_is_one_of_the_users_requests_a_minute(tmp_path, monkeypatch):
    asked = []

    class Account:
        """A service that is not the simulator, and that keeps an account."""

        def __init__(self, *arguments):
            pass

        async def prepare_submit(self, url):
            pass

        async def send(self, request):
            asked.append(request.url)
            return HttpResponse(200, {}, json.dumps({"credits": 12.5}).encode())

        async def close(self):
            pass

    monkeypatch.setattr(connection, "HttpTransport", Account)
    monkeypatch.setattr(connection, "QUESTION_SECONDS", 0.2)
    with sf.Workspace(tmp_path, service="https://api.example.org", api_key="SG_0123456789abcdef", max_rpm=1) as ws:
        assert ws.plan(sweep()).balance == pytest.approx(12.5)
        first = len(asked)
        assert ws.plan(sweep()).balance is None, "the minute has no request left"
        assert len(asked) == first
