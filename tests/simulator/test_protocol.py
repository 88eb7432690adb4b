import io

import pytest
from PIL import Image

from segflux_nb.model import MODEL
from tests.support.service import BASE, BODY, InProcessClient


def test_a_job_is_queued_processed_and_completed_as_time_passes():
    client = InProcessClient(workers=1)
    first, second = client.submit(), client.submit(seed=2)
    assert first["status"] == "QUEUED"
    assert first["status_url"] == f"{BASE}/v2/requests/{first['request_id']}/status"
    assert client.call("GET", first["status_url"])[:2][1]["status"] == "PROCESSING"
    assert client.call("GET", second["status_url"])[1]["status"] == "QUEUED"
    assert client.ledger.billed == 0
    client.clock.time = client.ledger.entries()[0].finished_at
    status, body, _ = client.call("GET", first["response_url"])
    assert (status, body["status"]) == (200, "COMPLETED")
    assert body["seed"] == "1"
    assert body["metrics"]["cost"] == pytest.approx(MODEL.price)
    assert 15 < body["metrics"]["inference_time"] < 35
    assert client.call("GET", second["status_url"])[1]["status"] == "PROCESSING"
    assert client.ledger.billed == pytest.approx(MODEL.price)
    status, data, response = client.call("GET", body["output"])
    assert status == 200
    assert response.headers["content-type"] == "image/jpeg"
    Image.open(io.BytesIO(data)).load()


def test_records_last_an_hour_files_a_week_and_the_history_for_ever():
    client = InProcessClient()
    job = client.submit()
    client.clock.time += 60
    picture = client.call("GET", job["response_url"])[1]["output"]
    client.clock.time += 3600
    assert client.call("GET", job["status_url"])[:2] == (404, {"error": f"Request {job['request_id']} not found"})
    assert client.call("GET", job["response_url"])[0] == 404
    assert client.call("GET", picture)[0] == 200
    client.clock.time += 7 * 86400
    assert client.call("GET", picture)[0] == 404
    row = client.call("GET", f"/inference-request/request-history/{job['request_id']}")[1]
    assert row["request_body"] == BODY
    assert row["generation_url"] == picture
    assert row["credits_deduction"] == pytest.approx(MODEL.price)


def test_ids_and_service_times_depend_on_the_request_and_its_repetition_not_on_the_order():
    def ids(client, seeds):
        return {seed: client.submit(seed=seed)["request_id"] for seed in seeds}

    one, other = InProcessClient(), InProcessClient()
    assert ids(one, [1, 2, 3]) == ids(other, [3, 1, 2])
    again = [one.submit(seed=1)["request_id"], other.submit(seed=1)["request_id"]]
    assert again[0] == again[1] not in ids(InProcessClient(), [1]).values()
    times = [{e.request_id: e.finished_at - e.started_at for e in client.ledger.entries()} for client in (one, other)]
    assert times[0] == pytest.approx(times[1])
    assert {len(request_id) for request_id in times[0]} == {32}


def test_what_is_wrong_with_a_body_shows_only_after_queueing():
    client = InProcessClient()
    for changes, says in (
        ({"steps": 1000}, "steps"),
        ({"sampler_name": "nonsense"}, "sampler_name"),
        ({"lora_strength": "strong"}, "lora_strength"),
    ):
        job = client.submit(**changes)
        client.clock.time += 60
        for url in (job["status_url"], job["response_url"]):
            status, body, _ = client.call("GET", url)
            assert (status, body["status"]) == (422, "FAILED")
            assert says in body["error"]
    assert client.ledger.billed == 0
    assert client.ledger.submits == 3


def test_a_body_may_lack_fields_and_have_unknown_ones():
    client = InProcessClient()
    status, job, _ = client.call("POST", "/v2/flux-dev-finetuned", {"prompt": "a lake", "negative": "x"})
    assert status == 200
    client.clock.time += 60
    assert client.call("GET", job["status_url"])[1]["status"] == "COMPLETED"


def test_refusals():
    client = InProcessClient(key="SG_0123456789abcdef")
    key = {"x_api_key": "SG_0123456789abcdef"}
    submit = "/v2/flux-dev-finetuned"
    assert client.call("POST", submit, BODY)[:2] == (401, {"error": "Missing Authorization or x-api-key in header"})
    assert client.call("POST", submit, BODY, x_api_key="SG_ffffffffffffffff")[0] == 401
    assert client.call("POST", submit, BODY, **key, content_type="text/plain")[:2] == (
        406,
        {"error": "Invalid content type"},
    )
    assert client.call("POST", submit, b"[1]", **key)[0] == 400
    assert client.call("POST", "/v2/flux-schnell", BODY, **key)[0] == 404
    assert client.call("PUT", submit, BODY, **key)[0] == 405
    assert client.call("PUT", submit, BODY, **key)[2].headers["content-type"] == "text/html"
    assert client.call("GET", "/v2/requests/0123/status", **key)[0] == 404
    assert client.ledger.submits == 0
    assert client.call("GET", "/v1/get-user-credits", **key)[2].headers["x-segflux-simulator"] == "1"


def test_credits_and_rate_limits():
    client = InProcessClient(credits=3 * MODEL.price, rpm=2)
    client.submit(seed=1)
    client.submit(seed=2)
    status, body, response = client.call("POST", "/v2/flux-dev-finetuned", {**BODY, "seed": 3})
    assert (status, body) == (429, {"error": "rate_limit_exceeded"})
    assert "x-rate-limit-reset-at-utc" in response.headers
    client.clock.time += 61
    client.submit(seed=3)
    status, body, _ = client.call("POST", "/v2/flux-dev-finetuned", {**BODY, "seed": 4})
    assert status == 402
    assert "Insufficient credits" in body["error"]
    assert client.call("GET", "/v1/get-user-credits")[1]["credits"] == pytest.approx(0, abs=1e-9)


def test_the_history_lists_and_pages():
    client = InProcessClient()
    ids = [client.submit(seed=seed)["request_id"] for seed in range(1, 6)]
    page = client.call("GET", "/inference-request/request-history?per_page=2&page=2&model_name=flux-dev-finetuned")[1]
    assert [row["request_id"] for row in page["data"]] == [ids[2], ids[1]]
    assert page["total"] == 5
    assert page["data"][0]["model_status"] == "PENDING"
    assert client.call("GET", "/inference-request/request-history?from_date=2999-01-01")[1]["data"] == []


def test_another_process_goes_on_with_the_folder(tmp_path):
    client = InProcessClient(folder=tmp_path)
    job = client.submit()
    client.simulator.close()
    other = InProcessClient(folder=tmp_path)
    assert other.ledger.submits == 1
    other.clock.time += 60
    assert other.call("GET", job["status_url"])[1]["status"] == "COMPLETED"


def test_a_fault_at_a_rate_strikes_about_as_often_and_the_same_again():
    clients = [InProcessClient(faults={"job:failed": 0.3}, seed=5) for _ in range(2)]
    for client in clients:
        for seed in range(200):
            client.submit(seed=seed)
    failed = [[entry.error for entry in client.ledger.entries()] for client in clients]
    assert failed[0] == failed[1]
    assert 40 <= sum(error is not None for error in failed[0]) <= 80


def test_a_result_names_the_size_of_its_picture_as_a_string():
    d = InProcessClient(time_scale=0)
    request_id = d.submit()["request_id"]
    _, result, _ = d.call("GET", f"/v2/requests/{request_id}")
    (image,) = result["images"]
    _, data, _ = d.call("GET", image["url"])
    assert image["file_size"] == str(len(data))
    assert image["url"] == result["output"]
