"""What answers have otherwise than the contract says: told by name, type and code, and never by value."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segflux_nb.errors import LogLocked
from segflux_nb.service import observed
from segflux_nb.service.contract import CALLS, SOURCES
from segflux_nb.service.deviations import Deviation, clean_name, deviations
from segflux_nb.service.observed import MOST_KINDS, OTHERS, PAUSE_SECONDS, Observed
from segflux_nb.service.transport import HttpRequest, HttpResponse
from tests.support.service import ManualClock

JSON = {"content-type": "application/json"}
ACCEPTED = {
    "request_id": "47411f11",
    "status": "QUEUED",
    "poll_url": "https://a.example/1",
    "status_url": "https://a.example/2",
    "response_url": "https://a.example/3",
}


def told(call, body, status=200, headers=JSON):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [deviation[1:] for deviation in deviations(CALLS[call], HttpResponse(status, headers, data))]


@pytest.mark.parametrize(
    ("call", "body", "status", "expected"),
    [
        ("submit", ACCEPTED, 200, []),
        ("submit", ACCEPTED, 202, [("other code", "", "200", "202")]),
        (
            "submit",
            {**ACCEPTED, "status": "ACCEPTED", "queue": 3},
            200,
            [("unknown field", "queue", "no such field", "integer"), ("other value", "status", "QUEUED", "ACCEPTED")],
        ),
        ("submit", {"error": "no"}, 402, []),
        ("submit", {"error": "no"}, 418, None),
        ("submit", {"message": "no"}, 400, [
            ("unknown field", "message", "no such field", "string"),
            ("missing field", "error", "string", "nothing")]),
        ("submit", [1], 200, [("other form", "", "JSON object", "array")]),
        ("status", {"status": "FAILED", "error": "x", "metrics": {}}, 422, []),
        ("status", {"status": "FAILED", "error": "x", "metrics": {}}, 200, [("other code", "", "422", "200")]),
        ("status", {"status": "FAILED", "error": {"message": "x"}, "metrics": {}}, 422,
         [("other type", "error", "string", "object")]),
        ("result", {"status": "completed", "output": "https://a", "metrics": None}, 200, None),
        ("account", {"credits": 1, "free-credits": 2.5}, 200, []),
        ("account", {"credits": True, "free-credits": "2"}, 200, [
            ("other type", "credits", "number", "boolean"), ("other type", "free-credits", "number", "string")]),
        ("history", {"data": [{"x": 1}] * 3, "page": "1"}, 200, None),
        ("catalogue", [{"slug": "a", "is_depreciated": False, "parameters_schema": {"x": 1}}], 200, []),
        ("catalogue", {"models": [{"slug": "a", "is_depreciated": 0}]}, 200,
         [("other type", "[].is_depreciated", "boolean", "integer")]),
        ("catalogue", {"Other Name": [{"slug": "a", "is_depreciated": False}]}, 200, []),
        ("catalogue", {"Other Name": 1}, 200, None),
    ],
)  # fmt: skip
def test_what_is_otherwise_is_told(call, body, status, expected):
    found = told(call, body, status)
    assert found if expected is None else found == expected


def test_other_models_have_fewer_fields():
    body = json.dumps({"status": "COMPLETED", "output": ["https://a.example/1"], "metrics": {}}).encode()
    answer = HttpResponse(200, JSON, body)
    missing = {deviation.field for deviation in deviations(CALLS["result"], answer)}
    assert missing == {"images", "seed", "prompt", "timings", "metrics.inference_time", "metrics.cost"}
    assert deviations(CALLS["result"], answer, of_any_model=True) == []


def test_pages_and_pictures():
    html = {"content-type": "text/html; charset=utf-8"}
    assert told("status", b"<html>", 502, html) == []
    assert told("status", b"<html>", 200, html) == [
        ("other form", "", "application/json", "text/html"),
        ("other form", "", "JSON object", "something else"),
    ]
    assert told("status", b"", 200, {}) == [
        ("other form", "", "application/json", "no content type"),
        ("other form", "", "JSON object", "an empty body"),
    ]
    assert told("picture", b"RIFF" + bytes(100), 200, {"content-type": "image/webp"}) == []
    assert told("picture", b"<html>", 200, html) == [("other form", "", "image", "text/html")]
    assert told("picture", b"<Error>", 403, {"content-type": "application/xml"}) == []
    assert told("status", b"", 302, {"location": "https://a.example"})[0] == ("other code", "", "200", "302")


def test_every_field_says_where_it_is_known_from():
    for call in CALLS.values():
        assert call.source in SOURCES
        for answer in call.answers:
            paths = [field.path for field in answer.fields]
            assert len(paths) == len(set(paths)), call.name
            assert all(field.source in SOURCES and field.types for field in answer.fields)


@pytest.mark.parametrize(
    "name", ["a\nb", "SG_0123456789abcdef", "0123456789abcdef", "ada@example.com", "user_123456", "x" * 61, "", "é"]
)
def test_names_that_may_be_private_are_not_repeated(name):
    assert clean_name(name) == f"(a name of {len(name)} characters)"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["status", "request_id", "metrics", "output", "images", "data", "error", "credits", "models"])


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(CALLS)),
    st.integers(100, 599),
    st.one_of(
        st.binary(max_size=30), st.dictionaries(NAMES, VALUES, max_size=4).map(lambda v: json.dumps(v).encode())
    ),
)
def test_nothing_that_a_service_sends_raises(call, code, body):
    for deviation in deviations(CALLS[call], HttpResponse(code, JSON, body)):
        assert all(isinstance(part, str) and part.isprintable() for part in deviation)


# ------------------------------------------------------------------ counting


class Kept:
    def __init__(self):
        self.writes, self.is_locked = [], False

    def __call__(self, counted):
        if self.is_locked:
            raise LogLocked("the log is locked")
        self.writes.append(dict(counted))


def answer_with(**more):
    return HttpResponse(200, JSON, json.dumps({**ACCEPTED, **more}).encode())


SUBMIT = HttpRequest("POST", "https://a.example/v2/x", "submit", b"{}")


def test_counts_are_written_at_once_for_what_is_new_and_in_between_for_the_rest():
    clock, kept = ManualClock(), Kept()
    observing = Observed(clock, kept)
    observing.see(SUBMIT, answer_with())
    assert kept.writes == []
    for _ in range(3):
        observing.see(SUBMIT, answer_with(extra=1))
    (extra,) = kept.writes[0]
    assert (extra.field, kept.writes) == ("extra", [{extra: 1}])
    clock.time += PAUSE_SECONDS
    observing.see(SUBMIT, answer_with(extra=1))
    assert kept.writes[1:] == [{extra: 3}]
    observing.see(SUBMIT, answer_with(extra=1))
    observing.write()
    assert sum(sum(write.values()) for write in kept.writes) == 5


def test_a_log_that_is_locked_ends_no_request_and_loses_no_count():
    kept = Kept()
    observing = Observed(ManualClock(), kept)
    kept.is_locked = True
    observing.see(SUBMIT, answer_with(extra=1))
    observing.see(SUBMIT, answer_with(extra=1))
    kept.is_locked = False
    observing.write()
    assert [list(write.values()) for write in kept.writes] == [[2]]


def test_a_service_with_other_names_each_time_fills_no_log():
    kept = Kept()
    observing = Observed(ManualClock(), kept)
    for number in range(MOST_KINDS + 50):
        observing.see(SUBMIT, answer_with(**{f"f{number}": 1}))
    observing.write()
    total = {}
    for write in kept.writes:
        for deviation, answers in write.items():
            total[deviation] = total.get(deviation, 0) + answers
    assert (len(total), total[OTHERS]) == (MOST_KINDS + 1, 50)


def test_large_answers_are_not_compared(monkeypatch):
    kept = Kept()
    monkeypatch.setattr(observed, "MOST_BYTES", 10)
    Observed(ManualClock(), kept).see(SUBMIT, answer_with(extra=1))
    assert kept.writes == []


def test_the_log_counts(place):
    from segflux_nb.clock import SystemClock
    from segflux_nb.runlog import deviations as table

    journal = place.journal(SystemClock())
    one, other = (Deviation("submit, accepted", "unknown field", name, "no such field", "string") for name in "ab")
    log = journal.of("segmind")
    log.deviations.add({one: 2})
    log.deviations.add({one: 3, other: 1})
    journal.of("simulator").deviations.add({one: 7})
    assert [(found.deviation, found.answers) for found in log.deviations.all()] == [(one, 5), (other, 1)]
    assert log.deviations.all()[0].last_at >= log.deviations.all()[0].first_at > 1.7e9
    assert table.MOST_ROWS >= MOST_KINDS
    journal.close()
