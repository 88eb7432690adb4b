"""A sweep under a script of faults, beside the way in which the official SDK works."""

import asyncio
import json
import statistics

import pytest

from tests.support.lower_bound import greedy_seconds
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


def played(take, mean, folder):
    """How long a first call takes, and the greedy schedule of its jobs. Nothing paid is given up, or paid twice."""
    row = Misbehaviour("faults", "all", script_of(take, mean), Expected(), (RunCall(cells=JOBS), RunCall(cells=JOBS)))
    stage, found = Stage(folder, row, SLOTS), Found()
    try:
        first = stage.play(row.calls[0], 900.0)
        stage.judge(found)
        assert not first.hung
        assert max(found.paid.values()) == 1, "paid twice"
        assert found.kept == set(found.paid), "paid and not kept"
        unknown = {seed for seed, status in first.statuses.items() if status == "unknown"}
        assert unknown == set(first.statuses) - found.kept
        again = stage.play(row.calls[1], 900.0)
        assert again.seconds < 10
        assert len(stage.service.ledger) == len(found.kept), "the second call pays for nothing"
        return first.seconds, greedy_seconds([job.seconds for job in stage.service.ledger], SLOTS)
    finally:
        stage.close()


@pytest.mark.parametrize("mean", [2.0, 4.0])
def test_no_care_is_only_a_little_faster(tmp_path, mean):
    ratios = []
    for take in (1, 2, 3):
        (tmp_path / str(take)).mkdir()
        ours, _ = played(take, mean, tmp_path / str(take))
        ratios.append(ours / seconds_of_the_sdk(take, mean))
    assert statistics.median(ratios) <= 1.3


def test_jobs_of_the_usual_time_take_hardly_longer_than_the_greedy_schedule(tmp_path):
    """Of these the SDK gives up most: it is done before all of them could be."""
    ours, greedy = played(1, 22.0, tmp_path)
    assert ours <= 1.1 * greedy
