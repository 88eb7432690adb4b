"""A sweep under a script of faults, beside the way in which the official SDK works."""

import asyncio
import json

import pytest

from segflux_nb.running.policy.lower_bound import greedy_seconds
from tests.support.virtual import VirtualClock

from .expected import Expected, Misbehaviour, RunCall
from .fault_script import script_of
from .harness import LATENCY, Found, Stage
from .server import MODEL, Message, ScriptedService

JOBS, SLOTS = 300, 50


def seconds_of_the_sdk(take, mean):
    """How long threads with the SDK take: submit, a poll each second, result, picture. An error ends the cell."""
    clock = VirtualClock()
    service = ScriptedService(clock.now, script_of(take, mean))
    waiting = list(range(JOBS, 0, -1))

    async def call(method, path, body=b""):
        await clock.sleep(2 * LATENCY)
        answer = service.answer(Message(method, path, headers={"content-type": "application/json"}, body=body))
        if answer.cut or answer.status != 200:
            raise ConnectionError(answer.status)
        return answer.body

    async def one(seed):
        body = json.dumps({"prompt": "TOK", "seed": seed}).encode()
        name = json.loads(await call("POST", f"/v2/{MODEL}", body))["request_id"]
        while json.loads(await call("GET", f"/v2/requests/{name}/status"))["status"] != "COMPLETED":
            await clock.sleep(1.0)
        url = json.loads(await call("GET", f"/v2/requests/{name}"))["output"]
        await call("GET", url.removeprefix(service.origin))

    async def work():
        kept = 0
        while waiting:
            try:
                await one(waiting.pop())
                kept += 1
            except ConnectionError:
                pass
        return kept

    async def all_threads():
        return sum(await asyncio.gather(*[work() for _ in range(SLOTS)]))

    kept = clock.run(all_threads())
    assert kept < 0.9 * len(service.ledger), "without repeated questions, paid pictures are not fetched"
    return clock.monotonic()


@pytest.mark.parametrize("mean", [2.0, 4.0, 22.0])
def test_nothing_paid_is_given_up_and_it_takes_hardly_longer_than_without_care(tmp_path, mean):
    row = Misbehaviour("faults", "all", script_of(1, mean), Expected(), (RunCall(cells=JOBS), RunCall(cells=JOBS)))
    stage, found = Stage(tmp_path, row, SLOTS), Found()
    try:
        first = stage.play(row.calls[0], 900.0)
        stage.judge(found)
        assert not first.hung
        assert max(found.paid.values()) == 1, "paid twice"
        assert found.kept == set(found.paid), "paid and not kept"
        unknown = {seed for seed, status in first.statuses.items() if status == "unknown"}
        assert unknown == set(first.statuses) - found.kept
        best = greedy_seconds([job.seconds for job in stage.service.ledger], SLOTS)
        # Of long jobs the SDK gives up most: it is done before all of them could be.
        assert first.seconds <= max(1.3 * seconds_of_the_sdk(1, mean), 1.1 * best)
        again = stage.play(row.calls[1], 900.0)
        assert again.seconds < 10
        assert len(stage.service.ledger) == len(found.kept), "the second call pays for nothing"
    finally:
        stage.close()
