"""A service that is far away: handshakes before the intent, and as many submits at a time as the round trip needs."""

import asyncio
from itertools import accumulate

import pytest

import segflux_nb as sf
from segflux_nb.lifecycle import State
from segflux_nb.running.policy.rate_control import most_submits
from segflux_nb.running.turns import Turns
from tests.support.virtual import Bench


def sweep(number):
    return sf.Sweep(prompt="TOK", finetune_id="a", seed=range(number))


class Far:
    """A bench whose service is 150 ms away and answers at once; jobs take 8 s."""

    def __init__(self, folder, max_in_flight, *, handshake=0.3):
        self.bench = Bench(folder, durable=False, time_scale=8 / 22, workers=1000)
        self.bench.transport.latency, self.bench.transport.handshake = 0.075, handshake
        self.max_in_flight = max_in_flight
        self.in_doubt = []
        runs = self.bench.log.runs
        self.move, self.accept = runs.move, runs.accept
        runs.move, runs.accept = self.noting_move, self.noting_accept

    def noting_move(self, run, to, **changes):
        self.in_doubt.append((to is State.SUBMITTING) - (run.state is State.SUBMITTING))
        return self.move(run, to, **changes)

    def noting_accept(self, job):
        self.in_doubt.append(-1)
        return self.accept(job)

    def run(self, number):
        self.bench.drive(sweep(number), max_in_flight=self.max_in_flight)
        assert self.bench.states(sweep(number)) == ["completed"] * number

    @property
    def most_in_doubt(self):
        return max(accumulate(self.in_doubt))

    @property
    def most_in_flight(self):
        entries = self.bench.ledger.entries()
        steps = sorted([(e.submitted_at, 1) for e in entries] + [(e.finished_at, -1) for e in entries])
        return max(accumulate(step for _, step in steps))


def test_two_hundred_jobs_are_in_flight_and_few_are_in_doubt(tmp_path):
    far = Far(tmp_path, 256)
    far.run(600)
    assert far.most_in_flight >= 200
    assert 4 < far.most_in_doubt <= most_submits(256) == 32
    assert far.most_in_doubt <= 12, "60 a second need nine at 150 ms"


def test_at_the_usual_number_four_are_in_doubt(tmp_path):
    far = Far(tmp_path, 32)
    far.run(100)
    assert far.most_in_doubt == most_submits(32) == 4


def test_a_service_with_a_very_long_round_trip_leaves_no_more_in_doubt_than_documented(tmp_path):
    far = Far(tmp_path, 64)
    far.bench.transport.latency = 2.0
    far.run(120)
    assert far.most_in_doubt == most_submits(64) == 8


def test_a_submit_on_the_wire_has_its_handshakes_behind_it(tmp_path):
    """While a run is in doubt, one round trip passes, and no handshake."""
    far = Far(tmp_path, 32, handshake=30.0)
    far.run(8)
    for digest in (cell.digest for cell in sweep(8)):
        at = {after: when for when, before, after, _ in far.bench.log.runs.events(digest) if before != after}
        assert at["submitted"] - at["submitting"] < 1


def test_what_is_stopped_while_it_shakes_hands_is_not_sent(tmp_path):
    far = Far(tmp_path, 32, handshake=30.0)

    async def during(work):
        await asyncio.sleep(20)
        far.bench.stop.set("enough")

    far.bench.drive(sweep(20), max_in_flight=32, during=during)
    assert far.bench.ledger.submits == 0
    assert far.bench.states(sweep(20)) == ["planned"] * 20


def test_turns_go_to_those_that_wait_longest_and_are_not_lost_with_a_task():
    order, limit = [], 2

    async def main():
        nonlocal limit
        turns = Turns(lambda: limit)

        async def work(name, held):
            async with turns.taken():
                order.append(name)
                await held.wait()

        held = [asyncio.Event() for _ in range(6)]
        tasks = [asyncio.create_task(work(number, held[number])) for number in range(6)]
        await asyncio.sleep(0)
        assert order == [0, 1]
        tasks[2].cancel()
        held[0].set()
        await asyncio.sleep(0.01)
        assert order == [0, 1, 3]
        limit = 3
        held[1].set()
        await asyncio.sleep(0.01)
        assert order == [0, 1, 3, 4, 5]
        for event in held:
            event.set()
        with pytest.raises(asyncio.CancelledError):
            await tasks[2]
        await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(main())
