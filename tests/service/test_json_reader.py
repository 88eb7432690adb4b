"""Whatever the bytes of an answer are, reading them gives a value that can be followed, or says there is none."""

import json
import math

import pytest

from segflux_nb.service.json_reader import MOST_LEVELS, UNREADABLE, number, read_json, read_object, text


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        b"[" * (MOST_LEVELS + 10) + b"]" * (MOST_LEVELS + 10),
        b"",
        b"{",
        b"\x00",
        b'{"a": 1} tail',
        b"<html>",
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_no_program_should_follow_is_unreadable(data):
    assert read_json(data) is UNREADABLE
    assert read_object(data) == {}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'{"a": "\xff"}', {"a": "\ufffd"}),
        (b'{"a": "cut \xf0\x9f", "b": 1}', {"a": "cut \ufffd", "b": 1}),
        (b'{"a": "two\nlines\tand \x00"}', {"a": "two\nlines\tand \x00"}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ('\ufeff{"a": 1}', {"a": 1}),
        (b'{"a": 1, "a": 1}', {"a": 1}),
        (b'{"a": 1, "a": 2}', {"a": None}),
        (b'{"a": null, "a": 2}', {"a": 2}),
        (b'{"a": "x", "a": ""}', {"a": "x"}),
    ],
    ids=repr,
)
def test_what_can_be_understood_is_read(data, found):
    assert read_json(data) == found


def test_levels_that_services_use_are_read():
    deep = b"[" * (MOST_LEVELS - 10) + b"7" + b"]" * (MOST_LEVELS - 10)
    assert read_json(deep) is not UNREADABLE


@pytest.mark.parametrize("digits", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400, "9" * 5000])
def test_numbers_that_are_none_become_none(digits):
    found = read_json(f'{{"cost": {digits}, "steps": 25}}')
    assert found == {"cost": None, "steps": 25}


def test_large_whole_numbers_stay_exact_while_they_count_something():
    assert read_json(b'{"seed": 18446744073709551615}') == {"seed": 2**64 - 1}
    assert read_json(b"9" * 60) == pytest.approx(1e60)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_half_a_surrogate_pair_can_be_stored_afterwards(encoding):
    body = json.dumps({"half \ud83d": ["\udc00", {"whole": "\U0001f600"}]})
    found = read_json(body.encode(encoding))
    assert found == {"half \ufffd": ["\ufffd", {"whole": "\U0001f600"}]}
    json.dumps(found, ensure_ascii=False).encode("utf-8")


def test_a_text_that_was_decoded_already_is_cleaned_too():
    assert read_json('{"a": "\ud83d"}') == {"a": "\ufffd"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (1, 1.0),
        ("0.034", 0.034),
        (-5, -5.0),
        (True, None),
        (None, None),
        ([1], None),
        ("soon", None),
        ("nan", None),
        ("9" * 10_000, None),
        (math.inf, None),
        (10**400, None),
    ],
)
def test_numbers(value, found):
    assert number(value) == found


def test_texts_of_megabytes_are_cut():
    assert len(text("x" * 5_000_000)) < 10_000
    assert text(["x"]) == ""
