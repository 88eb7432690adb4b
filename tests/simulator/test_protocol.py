import io

import pytest
from PIL import Image

from segflux_nb.model import MODEL
from tests.support.service import BASE, BODY, Desk


def test_a_job_is_queued_processed_and_completed_as_time_passes():
    desk = Desk(workers=1)
    first, second = desk.submit(), desk.submit(seed=2)
    assert first["status"] == "QUEUED"
    assert first["status_url"] == f"{BASE}/v2/requests/{first['request_id']}/status"
    assert desk.call("GET", first["status_url"])[:2][1]["status"] == "PROCESSING"
    assert desk.call("GET", second["status_url"])[1]["status"] == "QUEUED"
    assert desk.ledger.billed == 0
    desk.clock.time = desk.ledger.entries()[0].finished_at
    status, body, _ = desk.call("GET", first["response_url"])
    assert (status, body["status"]) == (200, "COMPLETED")
    assert body["seed"] == "1"
    assert body["metrics"]["cost"] == pytest.approx(MODEL.price)
    assert 15 < body["metrics"]["inference_time"] < 35
    assert desk.call("GET", second["status_url"])[1]["status"] == "PROCESSING"
    assert desk.ledger.billed == pytest.approx(MODEL.price)
    status, data, reply = desk.call("GET", body["output"])
    assert status == 200
    assert reply.headers["content-type"] == "image/jpeg"
    Image.open(io.BytesIO(data)).load()


def test_records_last_an_hour_files_a_week_and_the_history_for_ever():
    desk = Desk()
    job = desk.submit()
    desk.clock.time += 60
    picture = desk.call("GET", job["response_url"])[1]["output"]
    desk.clock.time += 3600
    assert desk.call("GET", job["status_url"])[:2] == (404, {"error": f"Request {job['request_id']} not found"})
    assert desk.call("GET", job["response_url"])[0] == 404
    assert desk.call("GET", picture)[0] == 200
    desk.clock.time += 7 * 86400
    assert desk.call("GET", picture)[0] == 404
    row = desk.call("GET", f"/inference-request/request-history/{job['request_id']}")[1]
    assert row["request_body"] == BODY
    assert row["generation_url"] == picture
    assert row["credits_deduction"] == pytest.approx(MODEL.price)


def test_ids_and_service_times_depend_on_the_request_and_its_repetition_not_on_the_order():
    def ids(desk, seeds):
        return {seed: desk.submit(seed=seed)["request_id"] for seed in seeds}

    one, other = Desk(), Desk()
    assert ids(one, [1, 2, 3]) == ids(other, [3, 1, 2])
    again = [one.submit(seed=1)["request_id"], other.submit(seed=1)["request_id"]]
    assert again[0] == again[1] not in ids(Desk(), [1]).values()
    times = [{e.request_id: e.finished_at - e.started_at for e in desk.ledger.entries()} for desk in (one, other)]
    assert times[0] == pytest.approx(times[1])
    assert {len(request_id) for request_id in times[0]} == {32}


def test_what_is_wrong_with_a_body_shows_only_after_queueing():
    desk = Desk()
    for changes, says in (
        ({"steps": 1000}, "steps"),
        ({"sampler_name": "nonsense"}, "sampler_name"),
        ({"lora_strength": "strong"}, "lora_strength"),
    ):
        job = desk.submit(**changes)
        desk.clock.time += 60
        for url in (job["status_url"], job["response_url"]):
            status, body, _ = desk.call("GET", url)
            assert (status, body["status"]) == (422, "FAILED")
            assert says in body["error"]
    assert desk.ledger.billed == 0
    assert desk.ledger.submits == 3


def test_a_body_may_lack_fields_and_have_unknown_ones():
    desk = Desk()
    status, job, _ = desk.call("POST", "/v2/flux-dev-finetuned", {"prompt": "a lake", "negative": "x"})
    assert status == 200
    desk.clock.time += 60
    assert desk.call("GET", job["status_url"])[1]["status"] == "COMPLETED"


def test_refusals():
    desk = Desk(key="SG_0123456789abcdef")
    key = {"x_api_key": "SG_0123456789abcdef"}
    submit = "/v2/flux-dev-finetuned"
    assert desk.call("POST", submit, BODY)[:2] == (401, {"error": "Missing Authorization or x-api-key in header"})
    assert desk.call("POST", submit, BODY, x_api_key="SG_ffffffffffffffff")[0] == 401
    assert desk.call("POST", submit, BODY, **key, content_type="text/plain")[:2] == (
        406,
        {"error": "Invalid content type"},
    )
    assert desk.call("POST", submit, b"[1]", **key)[0] == 400
    assert desk.call("POST", "/v2/flux-schnell", BODY, **key)[0] == 404
    assert desk.call("PUT", submit, BODY, **key)[0] == 405
    assert desk.call("PUT", submit, BODY, **key)[2].headers["content-type"] == "text/html"
    assert desk.call("GET", "/v2/requests/0123/status", **key)[0] == 404
    assert desk.ledger.submits == 0
    assert desk.call("GET", "/v1/get-user-credits", **key)[2].headers["x-segflux-simulator"] == "1"


def test_credits_and_rate_limits():
    desk = Desk(credits=3 * MODEL.price, rpm=2)
    desk.submit(seed=1)
    desk.submit(seed=2)
    status, body, reply = desk.call("POST", "/v2/flux-dev-finetuned", {**BODY, "seed": 3})
    assert (status, body) == (429, {"error": "rate_limit_exceeded"})
    assert "x-rate-limit-reset-at-utc" in reply.headers
    desk.clock.time += 61
    desk.submit(seed=3)
    status, body, _ = desk.call("POST", "/v2/flux-dev-finetuned", {**BODY, "seed": 4})
    assert status == 402
    assert "Insufficient credits" in body["error"]
    assert desk.call("GET", "/v1/get-user-credits")[1]["credits"] == pytest.approx(0, abs=1e-9)


def test_the_history_lists_and_pages():
    desk = Desk()
    ids = [desk.submit(seed=seed)["request_id"] for seed in range(1, 6)]
    page = desk.call("GET", "/inference-request/request-history?per_page=2&page=2&model_name=flux-dev-finetuned")[1]
    assert [row["request_id"] for row in page["data"]] == [ids[2], ids[1]]
    assert page["total"] == 5
    assert page["data"][0]["model_status"] == "PENDING"
    assert desk.call("GET", "/inference-request/request-history?from_date=2999-01-01")[1]["data"] == []


def test_another_process_goes_on_with_the_folder(tmp_path):
    desk = Desk(folder=tmp_path)
    job = desk.submit()
    desk.simulator.close()
    other = Desk(folder=tmp_path)
    assert other.ledger.submits == 1
    other.clock.time += 60
    assert other.call("GET", job["status_url"])[1]["status"] == "COMPLETED"


def test_a_fault_at_a_rate_strikes_about_as_often_and_the_same_again():
    desks = [Desk(faults={"job:failed": 0.3}, seed=5) for _ in range(2)]
    for desk in desks:
        for seed in range(200):
            desk.submit(seed=seed)
    failed = [[entry.error for entry in desk.ledger.entries()] for desk in desks]
    assert failed[0] == failed[1]
    assert 40 <= sum(error is not None for error in failed[0]) <= 80


def test_a_result_names_the_size_of_its_picture_as_a_string():
    d = Desk(time_scale=0)
    request_id = d.submit()["request_id"]
    _, result, _ = d.call("GET", f"/v2/requests/{request_id}")
    (image,) = result["images"]
    _, data, _ = d.call("GET", image["url"])
    assert image["file_size"] == str(len(data))
    assert image["url"] == result["output"]
