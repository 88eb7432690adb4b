import json

import pytest

from segflux_nb import errors
from segflux_nb.lifecycle import (
    Accepted,
    Broken,
    Finished,
    Gone,
    NoPicture,
    NotSent,
    Refused,
    Rendered,
    Unclear,
    Unknown,
    Waiting,
)
from segflux_nb.service.history import read_history
from segflux_nb.service.transport import HttpResponse
from segflux_nb.service.wire import read_result, read_status, read_submit, service_error

NOW = 1_800_000_000.0
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"


def response(status, body, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


@pytest.mark.parametrize(
    ("status", "body", "kind", "stops"),
    [
        (400, {"error": "bad"}, errors.BadRequest, False),
        (401, {"error": "invalid_api_key", "status_code": 401}, errors.AuthenticationError, True),
        (402, {"error": "Insufficient credits. You have 0.0 credits."}, errors.InsufficientCredits, True),
        (403, {"error": "private"}, errors.PermissionDenied, False),
        (403, {"error": "Team spend limit reached"}, errors.InsufficientCredits, True),
        (401, b"<html>401</html>", errors.AuthenticationError, False),
        (404, {"error": "Model not found"}, errors.NotFound, False),
        (405, b"<html>405</html>", errors.BadRequest, False),
        (406, {"error": "Invalid content type"}, errors.NotAcceptable, False),
        (406, {"error": "Your balance of 0.01 credits does not cover 0.03"}, errors.InsufficientCredits, True),
        (406, {"error": "Team spend limit reached"}, errors.InsufficientCredits, True),
        (410, {"error": "retired"}, errors.ModelRetired, False),
        (422, {"error": "Validation Error"}, errors.BadRequest, False),
        (418, {"error": "teapot"}, errors.ServiceError, False),
    ],
)
def test_refusals_of_a_submit_are_typed(status, body, kind, stops):
    outcome = read_submit(response(status, body), NOW)
    assert isinstance(outcome, Refused)
    assert type(outcome.error) is kind
    assert outcome.stops is stops
    assert outcome.error.status == status
    assert "Nothing was billed" in str(outcome.error)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, {"error": "rate_limit_exceeded"}, NotSent),
        (500, {"error": "Internal"}, NotSent),
        (503, {"error": "Busy"}, NotSent),
        (500, b"oops", Unknown),
        (502, HTML, Unknown),
        (504, HTML, Unknown),
        (503, HTML, Unknown),
        (200, b"not json", Unknown),
        (200, {"status": "QUEUED"}, Unknown),
        (200, {"request_id": 7}, Accepted),
        (202, {"request_id": "a"}, Accepted),
        (303, {"request_id": "a"}, Accepted),
        (502, {"request_id": "a", "status": "QUEUED"}, Accepted),
        (429, {"request_id": "a", "status": "queued"}, Accepted),
        (200, {"data": {"request_id": "a", "status": "QUEUED"}}, Accepted),
        (429, {"request_id": "a", "status": "QUEUED", "error": "slow down"}, Unknown),
        (500, {"request_id": "a", "error": "Internal"}, NotSent),
        (408, HTML, Unknown),
        (409, {"error": "conflict"}, Refused),
        (409, HTML, Unknown),
        (499, b"", Unknown),
        (403, HTML, Refused),
        (200, [1], Unknown),
        (302, b"", Unknown),
    ],
)
def test_what_else_a_submit_can_come_to(status, body, expected):
    assert isinstance(read_submit(response(status, body), NOW), expected)


@pytest.mark.parametrize("request_id", ["47411f110c6fa4fe05dcb9ffed2c1962", "47411f11-0c6f-a4fe-05dc-b9ffed2c1962"])
def test_ids_are_opaque(request_id):
    outcome = read_submit(response(200, {"request_id": request_id, "status": "QUEUED"}), NOW)
    assert outcome == Accepted(request_id, "", "")


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"status": "QUEUED"}, Waiting(processing=False)),
        (200, {"status": "PROCESSING"}, Waiting(processing=True)),
        (200, {"status": "SOMETHING_NEW"}, Waiting(processing=False, word="SOMETHING_NEW")),
        (410, {"error": "gone"}, Gone("gone")),
        (200, {"status": "COMPLETED"}, Finished()),
        (422, {"status": "FAILED", "error": "boom"}, Broken("boom", "server")),
        (200, {"status": "FAILED", "error": "NSFW content"}, Broken("NSFW content", "moderated")),
        (422, {"status": "FAILED"}, Broken("the service gives no reason", "server")),
        (404, {"error": "Request x not found"}, Gone("Request x not found")),
    ],
)
def test_statuses(status, body, expected):
    assert read_status(response(status, body), NOW) == expected


@pytest.mark.parametrize(
    ("status", "body"), [(500, {"error": "x"}), (502, HTML), (429, {"error": "x"}), (200, b""), (200, {})]
)
def test_errors_of_a_poll_are_no_outcome(status, body):
    assert isinstance(read_status(response(status, body), NOW), Unclear)
    assert isinstance(read_result(response(status, body), NOW), Unclear)


def test_a_poll_that_is_not_allowed_raises():
    with pytest.raises(errors.AuthenticationError):
        read_status(response(401, {"error": "no"}), NOW)


URL = "https://images.segmind.com/generations/x.jpeg"


@pytest.mark.parametrize(
    "result",
    [
        {"output": URL},
        {"output": [URL]},
        {"output": [{"url": URL}]},
        {"output": {"url": URL}},
        {"output": None, "images": [{"url": URL}]},
        {"images": [{"url": URL, "file_size": "187342"}]},
        {"output": "not an address", "images": [{"url": URL}]},
    ],
)
def test_output_in_every_shape(result):
    outcome = read_result(response(200, {"status": "COMPLETED", "metrics": {"cost": 0.03}, **result}), NOW)
    assert outcome == Rendered((URL,), {"cost": 0.03})


@pytest.mark.parametrize(
    "result", [{}, {"output": ""}, {"output": []}, {"output": {"text": "x"}}, {"output": 7, "images": "x"}]
)
def test_a_result_without_a_picture(result):
    assert isinstance(read_result(response(200, {"status": "COMPLETED", **result}), NOW), NoPicture)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "12"}, 12),
        ({"x_rate_limit_reset_at_utc": "2027-01-15T08:00:30+00:00"}, 30),
        ({"x_rate_limit_reset_at_utc": "2027-01-15T08:00:30"}, 30),
        ({"x_rate_limit_reset_at_utc": "2027-01-15 08:00:30Z"}, 30),
        ({"x_rate_limit_reset_at_utc": "1800000030"}, 30),
        ({"x_rate_limit_reset_at_utc": "1799999000"}, 0),
        ({"x_rate_limit_reset_at_utc": "soon"}, None),
        ({}, None),
    ],
)
def test_the_moment_of_reset_in_any_format(headers, seconds):
    assert service_error(response(429, {"error": "x"}, **headers), NOW).retry_after == seconds


def test_texts_of_the_service_are_made_plain_and_short():
    error = service_error(response(502, HTML), NOW)
    assert error.detail == "502 Bad Gateway nginx"
    hostile = service_error(response(400, {"error": "\x1b[31mred\n" + "x" * 5000}), NOW)
    assert "\x1b" not in str(hostile)
    assert len(str(hostile)) < 800


def test_histories_in_several_envelopes():
    row = {
        "request_id": "a",
        "request_body": {"seed": 1},
        "model_status": "COMPLETED",
        "generation_url": URL,
        "credits_deduction": 0.03,
    }
    for body in (
        {"data": [row]},
        {"requests": [row], "page": 1},
        [row],
        row,
        {"data": [{**row, "request_body": '{"seed": 1}'}]},
    ):
        (found,) = read_history(response(200, body), NOW)
        assert (found.request_id, dict(found.body), found.status, found.picture_urls, found.cost) == (
            "a",
            {"seed": 1},
            "COMPLETED",
            (URL,),
            0.03,
        )
    with pytest.raises(errors.ServerError):
        read_history(response(500, {"error": "x"}), NOW)


FAILED = {"status": "FAILED", "error": "Internal Server Error"}


@pytest.mark.parametrize("status", [202, 206, 301, 400, 401, 403, 404, 410, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("read", [read_status, read_result])
def test_failed_is_not_believed_where_the_contract_does_not_put_it(read, status):
    assert isinstance(read(response(status, FAILED), NOW), Unclear)


@pytest.mark.parametrize("status", [200, 422])
def test_failed_is_believed_where_the_contract_puts_it(status):
    assert isinstance(read_status(response(status, FAILED), NOW), Broken)


def test_completed_without_a_picture_counts_in_a_200_only():
    assert isinstance(read_result(response(429, {"status": "COMPLETED"}), NOW), Unclear)


@pytest.mark.parametrize("request_id", [None, "", "  ", True, 1.5, "a\x00b", "\ud83d", ["a"], "x" * 100_000])
def test_an_id_that_cannot_be_stored_is_none(request_id):
    assert isinstance(read_submit(response(200, {"request_id": request_id}), NOW), Unknown)


@pytest.mark.parametrize("url", [17, "http://[::1/x", "https://images.example:port/x", "\ud83d", "a b", "x" * 9000])
def test_an_address_of_a_job_that_cannot_be_sent_is_left_out(url):
    body = {"request_id": "a", "status_url": url, "response_url": url}
    assert read_submit(response(200, body), NOW) == Accepted("a", "", "")


@pytest.mark.parametrize(
    ("metrics", "kept"),
    [
        (
            {"inference_time": 19.5, "queue_time": 0, "cost": 0.03},
            {"inference_time": 19.5, "queue_time": 0, "cost": 0.03},
        ),
        ({"inference_time": 1e308, "queue_time": -1, "cost": 1e308}, {}),
        ({"inference_time": 0, "cost": "0.03"}, {"cost": 0.03}),
        ({"inference_time": 19_500}, {}),
        ({"inference_time": [19.5], "cost": True}, {}),
        ([1], {}),
        ("fast", {}),
    ],
)
def test_figures_that_cannot_be_true_are_left_out(metrics, kept):
    outcome = read_result(response(200, {"status": "COMPLETED", "output": URL, "metrics": metrics}), NOW)
    assert outcome == Rendered((URL,), kept)


ROW = {"request_id": "a", "request_body": {"seed": 1}, "model_status": "COMPLETED"}


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [], "data": [ROW]},
        {"columns": ["request_id"], "rows": [ROW]},
        {"data": {"items": [ROW], "total": 1}},
        {"result": {"page": {"rows": [ROW]}}},
        {"data": [None, ROW, 7, "x"]},
        {"data": {"a": ROW}},
        {"data": {"edges": [{"cursor": "x", "node": ROW}]}},
    ],
)
def test_the_rows_of_a_history_are_found(body):
    assert [row.request_id for row in read_history(response(200, body), NOW)] == ["a"]


def test_a_row_without_an_id_counts_as_a_row():
    rows = read_history(response(200, {"data": [ROW, {**ROW, "request_id": None}, {**ROW, "request_id": 7}]}), NOW)
    assert [row.request_id for row in rows] == ["a", "", "7"]


def test_a_page_without_rows_is_empty_and_a_body_without_lists_is_lost():
    assert read_history(response(200, {"data": [], "total": 0}), NOW) == []
    for body in (
        {"data": [], "error": "timeout"},
        {"success": False, "data": []},
        {"errors": [], "message": "later"},
        {"error": "try again"},
        None,
        "x",
        [1, 2],
    ):
        with pytest.raises(errors.AnswerLost):
            read_history(response(200, body), NOW)


def test_an_error_text_alone_is_no_failure():
    def error(**changes):
        (row,) = read_history(response(200, {**ROW, "error": "slow worker", **changes}), NOW)
        return row.error

    assert error(model_status="failed") == "slow worker"
    assert error(model_status="PENDING") is None
    assert error(model_status="COMPLETED") is None
    assert error(model_status="FAILED", generation_url=URL) is None
