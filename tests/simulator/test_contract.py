"""The contract as a table: what a client can observe of each rule. Sources are named as in docs/simulator.md."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from segflux_nb.model import MODEL
from segflux_nb.service.contract import CALLS
from segflux_nb.simulator.render import painted
from tests.support.service import BASE, BODY, InProcessClient, call_at, deviations_of

KEY = "SG_0123456789abcdef"
V1, V2 = f"/v1/{MODEL.slug}", f"/v2/{MODEL.slug}"
FILES, ASSET = {"data_urls": ["data:image/png;base64,YWJj"]}, "ba7816bf8f01cfea414140de5dae2223.png"
HISTORY = "/inference-request/request-history"
JSON, HTML, JPEG = "application/json", "text/html", "image/jpeg"


@dataclass
class Row:
    """A call, after `jobs` were submitted and `later` seconds passed; `{0}` in the path is the first job's id."""

    rule: str
    method: str
    path: str
    status: int
    type: str
    body: Any = None
    headers: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    jobs: list = field(default_factory=list)
    later: float = 0.0
    shows: dict = field(default_factory=dict)
    says: str = ""
    has_headers: tuple = ()


def queued(seconds=0.0):
    return {"jobs": [{}], "later": seconds}


TABLE = [
    # v1: one blocking call
    Row("v1 answers with the picture", "POST", V1, 200, JPEG, BODY,
        has_headers=("x-cost", "x-remaining-credits", "x-request-id", "x-generation-time", "x-seed-value",
                     "x-rate-limit-reset-at-utc")),
    Row("v1 draws a random seed for -1", "POST", V1, 200, JPEG, {**BODY, "seed": -1}, has_headers=("x-seed-value",)),
    Row("v1 without credits is 406 naming balance and need", "POST", V1, 406, JSON, BODY,
        settings={"credits": 0.01}, says="You have 0.0100 credits. This call needs 0.0340."),
    Row("v1 that takes over a minute is cut off by the gateway", "POST", V1, 504, HTML, {**BODY, "steps": 100}),
    Row("v1 with a bad value fails", "POST", V1, 500, JSON, {**BODY, "steps": 0}, says="steps"),
    # v2 submit
    Row("a submit is always QUEUED", "POST", V2, 200, JSON, BODY, shows={"status": "QUEUED"}),
    Row("a submit with a bad value too", "POST", V2, 200, JSON, {**BODY, "steps": 0}, shows={"status": "QUEUED"}),
    Row("a submit with unknown fields too", "POST", V2, 200, JSON, {**BODY, "guidance": 3}, shows={"status": "QUEUED"}),
    Row("a submit without finetune_id runs the base model", "POST", V2, 200, JSON, {"prompt": "TOK TOK"}),
    # v2 status and result, by state
    Row("a queued job's status", "GET", "/v2/requests/{1}/status", 200, JSON, settings={"workers": 1},
        jobs=[{}, {"seed": 2}], shows={"status": "QUEUED", "metrics": {}}),
    Row("a queued job's result", "GET", "/v2/requests/{1}", 200, JSON, settings={"workers": 1},
        jobs=[{}, {"seed": 2}], shows={"status": "QUEUED"}),
    Row("a running job's status", "GET", "/v2/requests/{0}/status", 200, JSON, **queued(), shows={"status": "PROCESSING"}),
    Row("a completed job's status", "GET", "/v2/requests/{0}/status", 200, JSON, **queued(60),
        shows={"status": "COMPLETED"}),
    Row("a completed job's result", "GET", "/v2/requests/{0}", 200, JSON, **queued(60),
        shows={"status": "COMPLETED", "error": None, "seed": "1", "prompt": BODY["prompt"]}),
    Row("a failed job's status", "GET", "/v2/requests/{0}/status", 422, JSON, jobs=[{"steps": 0}], later=60,
        shows={"status": "FAILED"}, says="steps"),
    Row("a failed job's result", "GET", "/v2/requests/{0}", 422, JSON, jobs=[{"steps": 0}], later=60,
        shows={"status": "FAILED"}, says="steps"),
    Row("an unknown job", "GET", "/v2/requests/0123/status", 404, JSON, shows={"error": "Request 0123 not found"}),
    Row("the legacy poll", "GET", "/v1/requests/{0}", 200, JSON, **queued(60), shows={"status": "COMPLETED"}),
    Row("the legacy poll of a failed job", "GET", "/v1/requests/{0}", 422, JSON, jobs=[{"steps": 0}], later=60,
        shows={"status": "FAILED"}),
    Row("ids with dashes", "GET", "/v2/requests/{0:dashed}", 200, JSON, **queued(60), shows={"status": "COMPLETED"}),
    # errors
    Row("400 for what is no object", "POST", V2, 400, JSON, b"[1]"),
    Row("400 for what is no JSON", "POST", V2, 400, JSON, b"{"),
    Row("401 without a key", "POST", V2, 401, JSON, BODY, settings={"key": KEY},
        shows={"error": "Missing Authorization or x-api-key in header"}),
    Row("401 with a wrong key", "POST", V2, 401, JSON, BODY, {"x_api_key": "SG_ffffffffffffffff"},
        settings={"key": KEY}, says="API key is invalid"),
    Row("401 for a Bearer token", "POST", V2, 401, JSON, BODY, {"authorization": f"Bearer {KEY}"}, settings={"key": KEY}),
    Row("200 with the key", "POST", V2, 200, JSON, BODY, {"x_api_key": KEY}, settings={"key": KEY}),
    Row("402 without credits on v2", "POST", V2, 402, JSON, BODY, settings={"credits": 0.0},
        shows={"error": "Insufficient credits. You have 0.0000 credits."}),
    Row("403 for somebody else's model", "POST", V2, 403, JSON, BODY, settings={"faults": {"submit:403": 1.0}}, says="private"),
    Row("406 over the team's spend limit", "POST", V2, 406, JSON, BODY, settings={"faults": {"submit:406": 1.0}}, says="limit"),
    Row("410 for a retired model", "POST", V2, 410, JSON, BODY, settings={"faults": {"submit:410": 1.0}}, says="retired"),
    Row("500 in an envelope", "POST", V2, 500, JSON, BODY, settings={"faults": {"submit:500": 1.0}}, says="Internal"),
    Row("502 as HTML", "POST", V2, 502, HTML, BODY, settings={"faults": {"submit:502": 1.0}}),
    Row("404 for another model", "POST", "/v2/flux-schnell", 404, JSON, BODY),
    Row("404 for another model on v1", "POST", "/v1/flux-schnell", 404, JSON, BODY),
    Row("404 for another path", "GET", "/v9/x", 404, JSON),
    Row("405 as HTML", "GET", V2, 405, HTML),
    Row("405 as HTML on v1", "DELETE", V1, 405, HTML),
    Row("406 for another content type", "POST", V2, 406, JSON, BODY, {"content_type": "text/plain"},
        shows={"error": "Invalid content type"}),
    Row("429 with the moment of reset and no Retry-After", "POST", V2, 429, JSON, BODY, settings={"rpm": 1}, jobs=[{}],
        shows={"error": "rate_limit_exceeded"}, has_headers=("x-rate-limit-reset-at-utc", "!retry-after")),
    Row("the window of the rate limit passes", "POST", V2, 200, JSON, BODY, settings={"rpm": 1}, jobs=[{}], later=61),
    Row("GETs do not count", "GET", "/v1/get-user-credits", 200, JSON, settings={"rpm": 1}, jobs=[{}]),
    Row("or they do", "GET", "/v1/get-user-credits", 429, JSON, settings={"rpm": 1, "count_gets": True}, jobs=[{}]),
    Row("429 over the in-flight cap, without a moment", "POST", V2, 429, JSON, BODY, settings={"max_in_flight": 1},
        jobs=[{}], has_headers=("!x-rate-limit-reset-at-utc",)),
    Row("the cap frees as jobs end", "POST", V2, 200, JSON, BODY, settings={"max_in_flight": 1}, jobs=[{}], later=60),
    Row("503 when the queue is full", "POST", V2, 503, JSON, BODY, settings={"workers": 1, "queue_limit": 1},
        jobs=[{}, {}]),
    # lifetimes
    Row("a record lives an hour", "GET", "/v2/requests/{0}", 200, JSON, **queued(3600)),
    Row("and no longer", "GET", "/v2/requests/{0}", 404, JSON, **queued(3601)),
    Row("nor its status", "GET", "/v2/requests/{0}/status", 404, JSON, **queued(3601)),
    Row("a picture has no key and lives a week", "GET", "/generations/simulated-{0}.jpeg", 200, JPEG,
        settings={"key": None}, **queued(7 * 86400)),
    Row("and no longer", "GET", "/generations/simulated-{0}.jpeg", 404, HTML, **queued(7 * 86400 + 60)),
    Row("there is none before the job is done", "GET", "/generations/simulated-{0}.jpeg", 404, HTML, **queued()),
    Row("nor for a failed job", "GET", "/generations/simulated-{0}.jpeg", 404, HTML, jobs=[{"steps": 0}], later=60),
    Row("the history knows requests of any age", "GET", HISTORY + "/{0}", 200, JSON, **queued(400 * 86400),
        shows={"model_status": "COMPLETED", "request_body": BODY}),
    Row("a pending row", "GET", HISTORY + "/{0}", 200, JSON, **queued(),
        shows={"model_status": "PENDING", "generation_url": None, "credits_deduction": None}),
    Row("a failed row", "GET", HISTORY + "/{0}", 200, JSON, jobs=[{"steps": 0}], later=60,
        shows={"model_status": "FAILED", "credits_deduction": 0.0}),
    Row("an unknown row", "GET", HISTORY + "/0123", 404, JSON),
    Row("rows can land late", "GET", HISTORY + "/{0}", 404, JSON, settings={"history_delay": 30}, **queued(29)),
    Row("but they land", "GET", HISTORY + "/{0}", 200, JSON, settings={"history_delay": 30}, **queued(30)),
    Row("the list goes back a week", "GET", HISTORY, 200, JSON, **queued(8 * 86400), shows={"total": 0}),
    Row("unless asked for more", "GET", HISTORY + "?from_date=2027-01-10", 200, JSON, **queued(8 * 86400),
        shows={"total": 1}),
    Row("but a month at most", "GET", HISTORY + "?from_date=2026-01-01", 400, JSON),
    Row("and a hundred rows", "GET", HISTORY + "?per_page=101", 400, JSON),
    Row("filtered by model", "GET", HISTORY + "?model_name=other", 200, JSON, **queued(), shows={"data": []}),
    Row("filtered by state", "GET", HISTORY + "?status=FAILED", 200, JSON, **queued(), shows={"data": []}),
    Row("filters that are no dates", "GET", HISTORY + "?from_date=yesterday", 400, JSON),
    # money and catalogue
    Row("credits", "GET", "/v1/get-user-credits", 200, JSON, settings={"credits": 5}, shows={"credits": 5, "free-credits": 0}),
    Row("a running job's estimate is reserved", "GET", "/v1/get-user-credits", 200, JSON, settings={"credits": 5},
        **queued(), shows={"credits": 5 - MODEL.price}),
    Row("a failed job costs nothing", "GET", "/v1/get-user-credits", 200, JSON, settings={"credits": 5},
        jobs=[{"steps": 0}], later=60, shows={"credits": 5}),
    # the storage
    Row("a file is stored, and gets an address", "POST", "/upload-asset", 200, JSON, FILES,
        shows={"file_urls": [f"{BASE}/assets/{ASSET}"], "message": "Files uploaded successfully"}),
    Row("the storage is another host, which no limit counts", "POST", "/upload-asset", 200, JSON, FILES,
        settings={"rpm": 1}, jobs=[{}]),
    Row("the storage needs the key", "POST", "/upload-asset", 401, JSON, FILES, settings={"key": KEY}),
    Row("a file is a data: URL", "POST", "/upload-asset", 400, JSON, {"data_urls": ["https://example.com/a.png"]}),
    Row("and there is one at least", "POST", "/upload-asset", 400, JSON, {"data_urls": []}),
    Row("the storage takes JSON", "POST", "/upload-asset", 406, JSON, FILES, {"content_type": "text/plain"}),
    Row("a file that was never stored", "GET", f"/assets/{ASSET}", 404, HTML),
    Row("the catalogue needs no key", "GET", "/inference-model-information/list", 200, JSON, settings={"key": KEY}),
    Row("the ledger holds prompts and is behind the key", "GET", "/simulator/ledger", 401, JSON, settings={"key": KEY}),
    Row("and no limit counts it", "GET", "/simulator/ledger", 200, JSON, settings={"rpm": 1, "count_gets": True}, jobs=[{}]),
    Row("the ledger stands apart", "GET", "/simulator/ledger", 200, JSON, **queued(60), shows={"submits": 1}),
]  # fmt: skip


def test_the_table_has_each_call_and_each_kind_of_answer_of_the_contract():
    asked = {
        (call.name, row.status) for row in TABLE if (call := call_at(row.method, re.sub(r"{.*?}", "0", row.path)))
    }
    missing = {
        (call.name, code)
        for call in CALLS.values()
        for answer in call.answers
        for code in answer.codes[:1]
        if (call.name, code) not in asked
    }
    assert missing == set()


def dashed(request_id):
    return "-".join([request_id[:8], request_id[8:12], request_id[12:16], request_id[16:20], request_id[20:]])


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.rule)
def test_contract(row):
    client = InProcessClient(**row.settings)
    ids = [client.submit(**changes)["request_id"] for changes in row.jobs]
    client.clock.time += row.later
    path = row.path.replace("{0:dashed}", dashed(ids[0]) if ids else "")
    for number, request_id in enumerate(ids):
        path = path.replace(f"{{{number}}}", request_id)
    status, data, response = client.call(row.method, path, row.body, raw=True, **row.headers)
    body = json.loads(data) if response.headers["content-type"] == JSON else data
    assert status == row.status, body
    assert deviations_of(row.method, path, status, response.headers, data) == []
    assert response.headers["content-type"] == row.type
    for name, value in row.shows.items():
        assert body[name] == (pytest.approx(value) if isinstance(value, float) else value)
    if row.says:
        assert row.says in body["error"]
    for name in row.has_headers:
        assert (name.lstrip("!") in response.headers) is not name.startswith("!")


def test_a_stored_file_is_served_without_a_key_and_a_job_that_names_one_that_is_not_there_fails():
    client = InProcessClient()
    address = client.call("POST", "/upload-asset", FILES)[1]["file_urls"][0]
    for method in ("GET", "HEAD"):
        status, data, response = client.call(method, address, raw=True)
        assert (status, data, response.headers["content-type"]) == (200, b"abc", "image/png")
    seen = []
    for name in (address, address.replace("ba78", "ba79"), "https://example.com/a.png"):
        body = {"prompt": "a", "image_urls": [name]}
        job = client.call("POST", "/v2/kontext-edit", body)[1]
        client.clock.time += 60
        seen.append(client.call("GET", f"/v2/requests/{job['request_id']}")[0])
    assert seen == [200, 422, 200]


def test_addresses_are_absolute_as_the_caller_sees_the_service():
    job = InProcessClient().submit()
    for name, tail in (
        ("poll_url", "/v1/requests/{}"),
        ("status_url", "/v2/requests/{}/status"),
        ("response_url", "/v2/requests/{}"),
    ):
        assert job[name] == BASE + tail.format(job["request_id"])


def test_only_what_completes_is_billed_and_the_ledger_knows_what_was_served():
    client = InProcessClient(credits=1.0)
    done, failed = client.submit(), client.submit(steps=0)
    client.clock.time += 60
    result = client.call("GET", done["response_url"])[1]
    assert result["metrics"]["remaining_credits"] == pytest.approx(1 - MODEL.price)
    client.call("GET", result["output"])
    client.call("GET", result["output"])
    entries = {entry.request_id: entry for entry in client.ledger.entries()}
    assert entries[done["request_id"]].billed == pytest.approx(MODEL.price)
    assert entries[failed["request_id"]].billed == 0
    assert (entries[done["request_id"]].results_served, entries[done["request_id"]].pictures_served) == (1, 2)
    over_http = client.call("GET", "/simulator/ledger")[1]
    assert over_http["billed"] == pytest.approx(client.ledger.billed)
    assert [entry["request_id"] for entry in over_http["entries"]] == list(entries)


def test_evaluations_and_hardware_decide_time_and_price():
    client = InProcessClient(spread=0.0, mean_seconds=10, price=0.05)
    for changes in ({}, {"sampler_name": "heun"}, {"steps": 50}, {"hardware": "fast"}):
        client.submit(**changes)
    seconds = [entry.finished_at - entry.started_at for entry in client.ledger.entries()]
    prices = [entry.price for entry in client.ledger.entries()]
    assert seconds == pytest.approx([10, 19.6, 20, 6])
    assert prices == pytest.approx([0.05, 0.098, 0.1, 0.05 * 0.6 * 0.00310 / 0.00162])


def test_numbers_may_be_written_as_floats():
    client = InProcessClient()
    for number in (int, float):
        client.submit(steps=number(2), seed=number(7), lora_strength=number(1), aspect_ratio="9:21")
    one, other = map(painted, client.ledger.entries())
    assert one == other


def test_hardware_does_not_change_the_picture():
    client = InProcessClient()
    for hardware in ("cost", "fast"):
        client.submit(hardware=hardware, steps=1, aspect_ratio="9:21")
    cost, fast = map(painted, client.ledger.entries())
    assert cost == fast


def test_a_sampler_that_decides_its_evaluations_itself_is_billed_for_what_it_makes():
    client = InProcessClient(spread=0.0, mean_seconds=25, price=0.25)
    for steps, scheduler in ((1, "simple"), (25, "simple"), (25, "karras"), (100, "karras")):
        client.submit(sampler_name="dpm_adaptive", steps=steps, scheduler=scheduler)
    one, simple, karras, more = (round(100 * entry.price) for entry in client.ledger.entries())
    assert one == 1, "it makes none, and is billed as one"
    assert simple < karras
    assert karras == more, "it ignores the number of steps"
    assert simple % 3 == karras % 3 == 0


def test_times_and_prices_are_the_published_averages():
    client = InProcessClient()
    for seed in range(300):
        client.submit(seed=seed)
    entries = client.ledger.entries()
    seconds = [entry.finished_at - entry.started_at for entry in entries]
    assert sum(seconds) / 300 == pytest.approx(22.17, rel=0.03)
    assert {entry.price for entry in entries} == {0.03397461959219858}


def test_a_cold_model_starts_late_once():
    client = InProcessClient(cold_start=120)
    first = client.submit()
    client.clock.time += 100
    second = client.submit(seed=2)
    for job in (first, second):
        assert client.call("GET", job["status_url"])[1]["status"] == "QUEUED", "both wait until it is loaded"
    client.clock.time += 20.5
    third = client.submit(seed=4)
    for job in (first, second, third):
        assert client.call("GET", job["status_url"])[1]["status"] == "PROCESSING", "it is loaded for all"
    measured = [entry.started_at - entry.submitted_at for entry in client.ledger.entries()]
    assert measured == pytest.approx([120, 20, 0], abs=0.01)
    client.clock.time += 3000
    third = client.submit(seed=3)
    assert client.call("GET", third["status_url"])[1]["status"] == "QUEUED"


def test_it_says_that_it_is_the_simulator_and_when_its_history_is_complete():
    assert InProcessClient().call("GET", "/v9")[2].headers["x-segflux-history-complete-after"] == "1"
    undeclared = InProcessClient(history_complete=None).call("GET", "/v9")[2].headers
    assert "x-segflux-history-complete-after" not in undeclared
    assert undeclared["x-segflux-simulator"] == "1"


def test_ten_thousand_jobs_play_in_seconds():
    client = InProcessClient(workers=500)
    jobs = []
    for seed in range(10_000):
        jobs.append(client.submit(seed=seed))
        client.clock.time += 0.05
    client.clock.time += 60
    for job in jobs[::10]:
        assert client.call("GET", job["status_url"])[1]["status"] == "COMPLETED"
    assert client.ledger.submits == 10_000
    assert client.ledger.billed == pytest.approx(10_000 * MODEL.price)
