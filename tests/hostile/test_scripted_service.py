"""The scripted service itself: it follows the contract, and the official SDK works against it."""

import asyncio
import json
import threading
import time

import pytest
from segmind import SegmindClient

from .loopback import Loopback
from .scripts import accepting, dump, edited, on
from .server import MODEL, PRICE, Message, ScriptedService, json_answer

BODY = {"prompt": "TOK", "finetune_id": "a", "seed": 1, "steps": 25}


class Desk:
    """Calls of a scripted service, under a clock that the test moves."""

    def __init__(self, script=None, **settings):
        self.time = 1_800_000_000.0
        self.service = ScriptedService(lambda: self.time, script, **settings)

    def call(self, method, path, body=None, key="SG_0123456789abcdef", **query):
        headers = {"x-api-key": key} | ({"content-type": "application/json"} if body is not None else {})
        data = json.dumps(body).encode() if body is not None else b""
        answer = self.service.answer(Message(method, path, query, headers, data))
        kind = answer.headers.get("content-type", "")
        return answer.status, json.loads(answer.body) if kind == "application/json" else answer.body

    def submit(self, **changes):
        status, answer = self.call("POST", f"/v2/{MODEL}", {**BODY, **changes})
        assert status == 200
        return answer["request_id"]


def test_a_job_from_its_submit_to_its_picture():
    desk = Desk(seconds=20)
    name = desk.submit()
    assert desk.call("GET", f"/v2/requests/{name}/status")[1]["status"] == "PROCESSING"
    desk.time += 20
    assert desk.call("GET", f"/v2/requests/{name}/status")[1]["status"] == "COMPLETED"
    result = desk.call("GET", f"/v2/requests/{name}")[1]
    assert result["metrics"]["cost"] == PRICE
    path = result["output"].removeprefix(desk.service.origin)
    assert desk.call("GET", path) == (200, desk.service.ledger[0].picture)
    desk.time += 3600
    assert desk.call("GET", f"/v2/requests/{name}/status") == (404, {"error": f"Request {name} not found"})
    assert desk.call("GET", f"/inference-request/request-history/{name}")[1]["model_status"] == "COMPLETED"
    desk.time += 7 * 86_400
    assert desk.call("GET", path)[0] == 404


def test_a_failed_job_answers_422_and_is_not_paid():
    desk = Desk(on("submit", accepting(error="worker lost")))
    name = desk.submit()
    desk.time += 20
    status, body = desk.call("GET", f"/v2/requests/{name}")
    assert (status, body["status"], body["error"]) == (422, "FAILED", "worker lost")
    assert "cost" not in body["metrics"]


def test_the_history_has_pages_and_the_jobs_of_the_account_alone():
    desk = Desk(accounts={"SG_one": "one", "SG_two": "two"})
    for seed in range(25):
        desk.call("POST", f"/v2/{MODEL}", {**BODY, "seed": seed}, key="SG_one")
    pages = [desk.call("GET", "/inference-request/request-history", key="SG_one", page=str(n))[1] for n in (1, 2)]
    assert [len(page["data"]) for page in pages] == [20, 5]
    assert pages[0]["data"][0]["request_body"]["seed"] == 24
    assert desk.call("GET", "/inference-request/request-history", key="SG_two")[1]["data"] == []
    assert desk.call("GET", "/v1/get-user-credits", key="SG_three")[0] == 401


def test_a_script_changes_one_answer_of_one_cell():
    desk = Desk(on("status", json_answer(500, {"error": "x"}), times=1))
    bad, other = desk.submit(seed=1), desk.submit(seed=2)
    codes = [desk.call("GET", f"/v2/requests/{name}/status")[0] for name in (bad, other, bad)]
    assert codes == [500, 200, 200]


def test_an_edited_answer_may_hold_any_json_text():
    desk = Desk(on("submit", edited(status_url="half \ud83d", poll_url=None)))
    _, answer = desk.call("POST", f"/v2/{MODEL}", BODY)
    assert answer["status_url"] == "half \ud83d"
    assert json.loads(dump([(), {"a": 1}])) == [[], {"a": 1}]
    assert len(desk.service.ledger) == 1


@pytest.fixture
def served():
    """A scripted service on a socket, in real time."""
    service = ScriptedService(time.time, seconds=0.02)
    loop, began = asyncio.new_event_loop(), threading.Event()
    loopback = Loopback(service)

    def run():
        asyncio.set_event_loop(loop)
        loop.run_until_complete(loopback.start())
        began.set()
        loop.run_forever()
        loop.run_until_complete(loopback.stop())
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    began.wait()
    yield service
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def test_the_official_sdk_works_against_it(served):
    client = SegmindClient(api_key="SG_0123456789abcdef", base_url=f"{served.origin}/v1")
    job = client.submit_async(MODEL, **BODY)
    result = job.wait(timeout=30, interval=0.01)
    client._client.close()
    assert result["output"] == served.picture_url(served.ledger[0])
    assert [job.body["seed"] for job in served.ledger] == [1]
