"""The reader of the catalogue: every envelope that was seen, and lists that nobody should send."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segflux_nb.errors import AnswerLost, ServerError
from segflux_nb.service import catalogue
from segflux_nb.service.addresses import HOSTED
from segflux_nb.service.api import Api
from segflux_nb.service.catalogue import LONG_NAME, MOST_SCHEMA, catalogue_of, entry_of, read_catalogue
from segflux_nb.service.transport import HttpResponse
from segflux_nb.simulator.service.offers import catalogue as simulated
from segflux_nb.simulator.service.offers import enveloped
from tests.support.service import ManualClock

NOW = 1_800_000_000.0
SDXL = {"slug": "sdxl", "title": "SDXL", "type": "textToImage", "parameters_schema": {"properties": {"seed": {}}}}


def read(value, status=200):
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    return read_catalogue(HttpResponse(status, {}, body), NOW)


@pytest.mark.parametrize(
    "envelope",
    [
        lambda listed: listed,
        lambda listed: {"models": listed},
        lambda listed: {LONG_NAME: listed},
        lambda listed: {"message": "ok", "errors": [], "a name of tomorrow": listed},
        lambda listed: {"tags": ["new", "old"], LONG_NAME: listed, "others": [{"slug": "other"}]},
        lambda listed: {"data": {"models": listed}},
    ],
)
def test_every_envelope(envelope):
    found = read(envelope([SDXL, {**SDXL, "slug": "other-1.0_b", "is_depreciated": True}]))
    assert list(found.entries) == ["sdxl", "other-1.0_b"]
    assert [one.deprecated for one in found.entries.values()] == [False, True]
    assert (found.read_at, found.left_out) == (NOW, ())
    one = found.entries["sdxl"]
    assert (one.title, one.kind, one.schema, one.known) == ("SDXL", "textToImage", SDXL["parameters_schema"], ())


def test_the_newer_schema_is_taken_before_the_older_parameters():
    older = {"metadata": [{"name": "prompt", "type": "str"}]}
    assert entry_of({**SDXL, "parameters": older}).schema == SDXL["parameters_schema"]
    assert entry_of({"slug": "a", "parameters": older}).schema == older
    assert entry_of({"slug": "a", "parameters_schema": {}, "parameters": older}).schema == older
    assert entry_of({"slug": "a", "parameters_schema": json.dumps({"properties": {}})}).schema == {"properties": {}}
    wrong = entry_of({"slug": "a", "parameters_schema": "See the page", "parameters": older})
    assert (wrong.schema, wrong.known) == (older, ("its parameters_schema is neither an object nor a list",))
    nothing = entry_of({"slug": "a"})
    assert (nothing.schema, nothing.title) == (None, "a")
    assert nothing.known == ("it says nothing of its request fields",)


@pytest.mark.parametrize(
    ("said", "deprecated", "is_understood"),
    [(True, True, True), ("True", True, True), (1, True, True), (False, False, True), ("no", False, True),
     (None, False, True), ([1], False, False), ("perhaps", False, False), (2, False, False)],
)  # fmt: skip
def test_deprecated(said, deprecated, is_understood):
    found = entry_of({**SDXL, "is_depreciated": said})
    assert (found.deprecated, found.known == ()) == (deprecated, is_understood)


@pytest.mark.parametrize(
    ("said", "price"),
    [(0.034, 0.034), ("0.034", 0.034), ("$0.034", 0.034), ("~ $0.034 USD", 0.034), (-1, None), (1e9, None),
     ({"per_call": 1}, None), ("cheap", None), (10**400, None)],
)  # fmt: skip
def test_prices(said, price):
    found = entry_of({**SDXL, "avg_cost": said})
    assert found.price == price
    assert found.known == (() if price else ("its price cannot be read",))


def test_an_unknown_price_is_none_and_no_complaint():
    assert (entry_of({**SDXL, "price": 0, "cost": ""}).price, entry_of({**SDXL, "price": 0}).known) == (None, ())
    assert entry_of({**SDXL, "avg_latency": "2.5 s"}).seconds == 2.5


@pytest.mark.parametrize(
    "slug",
    ["", " ", "../v1/get-user-credits", "a/b", "a?b", "a b", "a..b", "é", "x" * 300, 7, None, ["a"], "a\nb", "#"],
)
def test_what_no_address_can_have_ends_its_entry_alone(slug):
    found = read([{"slug": slug, "title": "x"}, SDXL, "text", None, 7, [], SDXL])
    assert list(found.entries) == ["sdxl"]
    counted = sum(int(text.split()[0]) for text in found.left_out)
    assert counted == 6
    assert any(text.endswith("whose name an earlier one has") for text in found.left_out)


def test_a_schema_beyond_the_limit_is_not_read():
    found = entry_of({**SDXL, "parameters_schema": {"properties": {"x": {"enum": ["y" * MOST_SCHEMA]}}}})
    assert found.schema is None
    assert "more than the 300,000 that are read" in found.known[0]
    assert found.slug == "sdxl"


def test_long_texts_are_cut_and_cleaned():
    found = entry_of({**SDXL, "title": "a\x1b[31mb\u202ec" + "x" * 10_000, "type": "y" * 500})
    assert found.title.startswith("abc")
    assert (len(found.title), len(found.kind)) == (200, 60)


def test_too_many_entries(monkeypatch):
    monkeypatch.setattr(catalogue, "MOST_ENTRIES", 2)
    found = catalogue_of([{"slug": f"m{n}"} for n in range(5)], NOW)
    assert list(found.entries) == ["m0", "m1"]
    assert found.left_out == ("3 of 5 entries beyond the first 2",)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"null", b"7", b'"x"', b"{}", b"[]", b'[{"x": 1}]', b'{"a": 1}']
)
def test_what_is_no_list_of_models_is_said(body):
    with pytest.raises(AnswerLost, match="catalogue"):
        read(body)


def test_errors_of_the_service():
    with pytest.raises(ServerError):
        read(b"oh", status=503)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    ["slug", "title", "type", "is_depreciated", "parameters", "parameters_schema", "price", "latency"]
)


@given(st.lists(st.dictionaries(NAMES, VALUES, max_size=8), max_size=4))
def test_whatever_an_entry_holds_the_next_one_is_read(entries):
    found = catalogue_of([*entries, {"slug": "the-last"}], NOW)
    assert "the-last" in found.entries
    for one in found.entries.values():
        assert one.price is None or one.price > 0
        assert isinstance(one.deprecated, bool)


@pytest.mark.parametrize("envelope", ["long", "models", "list"])
def test_the_simulators_list(envelope):
    found = read(enveloped(simulated(), envelope))
    assert len(found.entries) == 21
    assert found.left_out == ()
    assert found.entries["sd1.5-retired"].deprecated
    assert found.entries["fast-flux-schnell"].price == 0.0055
    assert found.entries["kandinsky2.2-txt2img"].schema["metadata"]
    assert found.entries["picture-without-seed"].known == ("its price cannot be read",)
    assert found.entries["schema-that-is-a-text"].schema is None


def test_it_is_asked_without_the_key_at_the_host_of_the_history():
    asked = []

    class Transport:
        async def send(self, request):
            asked.append(request)
            return HttpResponse(200, {}, json.dumps({"models": [SDXL]}).encode())

    found = asyncio.run(Api(HOSTED, Transport(), ManualClock(NOW), None).catalogue())
    assert list(found.entries) == ["sdxl"]
    (request,) = asked
    assert request.url == "https://api.spotprod.segmind.com/inference-model-information/list"
    assert (request.purpose, dict(request.query)) == ("catalogue", {"segmind_model": "True"})
