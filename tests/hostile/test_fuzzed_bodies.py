"""Mutated bodies of each call: none ends more than its own cell, and nothing waits without end.

500 bodies are tried, always the same ones. The long form tries 20,000, and others each time.
"""

import json
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from .expected import TEN_MINUTES, Expected, Misbehaviour, RunCall
from .harness import Stage
from .scripts import BAD, LOST, Raw, dump
from .server import Answer, Call, json_answer

AT_A_TIME = {"submit": 10, "status": 10, "result": 10, "record": 10, "history": 1, "credits": 1}
"""The kinds of calls, and how many cells of one sweep get a mutated body each. One more cell gets none.

Of the calls that are about no single cell, there is one at a time.
"""

BODIES, MANY_BODIES = 500, 20_000

HOSTILE = st.sampled_from(
    (
        *(
            Raw("9" * 400),
            Raw("1e999"),
            Raw("1e308"),
            Raw("NaN"),
            Raw("-Infinity"),
            Raw("-0"),
            Raw("[" * 5000 + "]" * 5000),
        ),
        *(
            "",
            " ",
            "half \ud83d",
            "a\x00b",
            "COMPLETED",
            "QUEUED",
            "PROCESSING",
            "PENDING",
            "completed",
            "..",
            "/",
            "//",
        ),
        *("http://[::1/x", "https://xn--/", f"https://{'a' * 64}.example/x", "http://127.0.0.1:1/", "HTTPS://X/y"),
        *("https://images.example:99999/x", "data:,", "data:image/jpeg;base64,AAAA", "file:///etc/passwd"),
        *("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "2027-01-15", "not a date", "x" * 100_000),
        *(None, True, 0, -1, 10**12, (), {}),
    )
)
LEAVES = st.one_of(
    HOSTILE,
    st.integers(),
    st.floats().map(lambda number: Raw(json.dumps(number))),
    st.text(st.characters(exclude_categories=()), max_size=20),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CODES = [200] * 12 + [201, 204, 302, 400, 404, 410, 422, 500, 503]
SUBMIT_CODES = [200] * 12 + [201, 204, 302, 502, 504]
"""Codes of submits that were accepted: by the contract, the other codes say that none was."""


@st.composite
def mutations(draw):
    """Changes of a body: where, by numbers that choose among what is there, and what is put there."""
    return [
        (
            draw(st.sampled_from(["replace"] * 5 + ["remove", "wrap", "repeat", "rename"])),
            draw(st.integers(0, 10**6)),
            draw(st.one_of(HOSTILE, HOSTILE, HOSTILE, VALUES)),
        )
        for _ in range(draw(st.integers(1, 3)))
    ]


@st.composite
def corruptions(draw, codes):
    """One way to corrupt an answer: a changed body, or changed bytes."""
    return {
        "mutations": draw(mutations()),
        "status": draw(st.sampled_from(codes)),
        "bytes": draw(st.sampled_from([""] * 8 + ["cut", "insert", "mark", "utf-16"])),
        "at": draw(st.integers(0, 10**6)),
        "noise": draw(st.binary(max_size=8)),
        "times": draw(st.sampled_from([1, 1, 2, 10**9])),
    }


def places(body, path=()):
    """All places in a body, as paths."""
    yield path
    items = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for name, value in items:
        yield from places(value, (*path, name))


def mutated(body, changes):
    """A body with changes."""
    for what, where, value in changes:
        found = list(places(body))
        *parents, name = ("root", *found[where % len(found)])
        holder = {"root": body}
        target = holder
        for parent in parents:
            target = target[parent]
        if what == "remove" and isinstance(target, dict) and target is not holder:
            del target[name]
        elif what == "wrap":
            target[name] = [target[name]]
        elif what == "repeat":
            target[name] = [target[name], target[name]]
        elif what == "rename" and isinstance(target, dict) and target is not holder:
            target[f"{name}x"] = target.pop(name)
        else:
            target[name] = value
        body = holder["root"]
    return body


def corrupted(answer: Answer, how) -> Answer:
    """An answer as it was mutated. A failure of the service is never made up: it would rightly be paid for again."""
    body = dump(mutated(json.loads(answer.body), how["mutations"]))
    at = how["at"] % (len(body) + 1)
    match how["bytes"]:
        case "cut":
            body = body[:at]
        case "insert":
            body = body[:at] + how["noise"] + body[at:]
        case "mark":
            body = b"\xef\xbb\xbf" + body
        case "utf-16":
            body = body.decode().encode("utf-16")
    return Answer(
        how["status"] if answer.status == 200 else answer.status, answer.headers, body.replace(b"FAILED", b"F")
    )


def script(kind, ways):
    """Corrupt the answers of one kind for some cells; the last cell is left alone."""

    def corrupt(call: Call) -> Answer | None:
        cell = call.seed if call.seed is not None else BAD
        if call.kind != kind:
            return before(call, kind, len(ways))
        if cell > len(ways) or call.number > ways[cell - 1]["times"]:
            return None
        if kind == "submit":
            call.accept()
        return corrupted(call.contract(), ways[cell - 1])

    return corrupt


def before(call: Call, kind, cells) -> Answer | None:
    """What makes the client ask for a record or the history at all."""
    if call.seed is None or call.seed > cells:
        return None
    if kind == "record" and call.kind == "status":
        return json_answer(404, {"error": "Request not found"})
    if kind == "history" and call.kind == "submit" and call.number == 1:
        call.accept()
        return LOST
    return None


def check(kind, ways):
    """One sweep whose answers are corrupted, and a call later on a service that is well again."""
    clean = len(ways) + 1
    calls = (RunCall(cells=clean), RunCall(cells=clean, after=60))
    row = Misbehaviour("fuzzed", kind, script(kind, ways), Expected(), calls)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), row)
        try:
            for number, call in enumerate(calls, 1):
                found = stage.play(call, TEN_MINUTES)
                assert not found.raised, f"call {number} raised {found.raised}"
                assert not found.hung, f"call {number} did not end within {TEN_MINUTES:.0f} s"
                assert found.statuses[clean] == "completed", f"the clean cell is {found.statuses[clean]}"
                stage.service.script = None
            paid = [job.seed for job in stage.service.ledger]
            assert len(paid) == len(set(paid)), "paid twice"
            assert not [seed for seed, status in found.statuses.items() if status == "failed"], (
                "failed without FAILED"
            )
        finally:
            stage.close()


def try_bodies(kind, number, **options):
    """Try this number of bodies of one kind of call."""
    size = AT_A_TIME[kind]

    @settings(
        max_examples=math.ceil(number / len(AT_A_TIME) / size), suppress_health_check=list(HealthCheck), **options
    )
    @given(
        st.lists(corruptions(SUBMIT_CODES if kind == "submit" else CODES), min_size=size, max_size=size),
    )
    def run(ways):
        note(repr(ways)[:3000])
        check(kind, ways)

    run()


@pytest.mark.parametrize("kind", list(AT_A_TIME))
def test_fuzzed_bodies(kind):
    try_bodies(kind, BODIES, derandomize=True, database=None)


@pytest.mark.long
@pytest.mark.parametrize("kind", list(AT_A_TIME))
def test_many_fuzzed_bodies(kind):
    try_bodies(kind, MANY_BODIES)
