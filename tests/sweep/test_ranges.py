from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.errors import SweepError
from segflux_nb.sweep.ranges import parse_range


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0-1 (+0.3)", [0, 0.3, 0.6, 0.9]),
        ("0.8-0.4 (-0.2)", [0.8, 0.6, 0.4]),
        ("-0.5-0.5 (+0.25)", [-0.5, -0.25, 0, 0.25, 0.5]),
        ("-1--0.5 (+0.25)", [-1, -0.75, -0.5]),
        ("0.4-1.4 (+0.2)", [0.4, 0.6, 0.8, 1.0, 1.2, 1.4]),
        ("0-1 [5]", [0, 0.25, 0.5, 0.75, 1]),
        ("0.2, 0.4, .., 1", [0.2, 0.4, 0.6, 0.8, 1]),
        ("0.5, 1-2 (+0.5),", [0.5, 1, 1.5, 2]),
        ("1", [1]),
        (" .5 - 1.5 ( + 0.5 ) ", [0.5, 1, 1.5]),
    ],
)
def test_number_ranges(text, values):
    assert [float(value) for value in parse_range(text, integer=False)] == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1-4", [1, 2, 3, 4]),
        ("4-1", [4, 3, 2, 1]),
        ("1, 2, .., 5", [1, 2, 3, 4, 5]),
        ("10-40 (+10)", [10, 20, 30, 40]),
    ],
)
def test_integer_ranges(text, values):
    assert parse_range(text, integer=True) == values


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.4-1.4", "no step"),
        ("0-1 (-0.2)", "(+0.2)"),
        ("1-0 (+0.2)", "(-0.2)"),
        ("0-1 (+0)", "step of zero"),
        ("0-1 [1]", "has 1 point."),
        ("0-10 (+0.00001)", "larger step"),
        ("", "has no value"),
        (",", "not a number"),
        ("a-b", "not a number"),
        ("nan", "not a number"),
        ("0-1 (0.1)", "not a number"),
        (".., 4", "between numbers"),
        ("1, ..", "between numbers"),
        ("0.5, .., 2", "two numbers before"),
    ],
)
def test_the_error_of_a_range_says_what_to_write(text, says):
    with pytest.raises(sf.SweepError) as error:
        parse_range(text, integer=False)
    assert says in str(error.value)


@given(
    start=st.decimals(-10, 10, places=2),
    step=st.decimals("0.01", 3, places=2),
    length=st.integers(0, 30),
    extra=st.decimals(0, "0.99", places=2),
)
def test_the_end_is_included_and_never_passed(start, step, length, extra):
    end = start + step * length + extra * step
    values = parse_range(f"{start}-{end} (+{step})", integer=False)
    assert values == [start + step * index for index in range(length + 1)]
    assert values[-1] <= end < values[-1] + step


def test_span():
    assert sf.span(0.4, 1.4, step=0.2) == [0.4, 0.6, 0.8, 1.0, 1.2, 1.4]
    assert sf.span(1.4, 0.4, step=0.5) == [1.4, 0.9, 0.4]
    assert sf.span(0, 1, num=3) == [0.0, 0.5, 1.0]
    for wrong in ({}, {"step": 0.1, "num": 3}, {"num": 1}, {"num": 2.5}, {"step": 0}, {"step": float("nan")}):
        with pytest.raises(sf.SweepError):
            sf.span(0, 1, **wrong)


def test_seeds_grow_without_changing():
    assert sf.seeds(4) == sf.seeds(400)[:4]
    assert len(set(sf.seeds(2000))) == 2000
    assert not set(sf.seeds(4)) & set(sf.seeds(4, root=1))
    assert sf.seeds(3) == [923396, 921365, 68885]
    with pytest.raises(sf.SweepError):
        sf.seeds(0)


def test_numpy_arange_makes_no_new_pictures():
    by_numpy = sf.Sweep(prompt="TOK", finetune_id="a", lora_strength=np.arange(0.1, 1.05, 0.1))
    by_text = sf.Sweep(prompt="TOK", finetune_id="a", lora_strength="0.1-1 (+0.1)")
    assert [cell.digest for cell in by_numpy] == [cell.digest for cell in by_text]
    assert by_numpy[2].lora_strength == 0.3
    assert Decimal(str(by_numpy[2].body["lora_strength"])) == Decimal("0.3")


@pytest.mark.parametrize("text", ["0,8", " 1,5 ", "-0,25"])
def test_a_decimal_comma_is_no_list(text):
    """It would be two pictures, and two that nobody asked for."""
    with pytest.raises(SweepError, match=r"decimal comma.*Write \"-?\d+\.\d+\", or \"-?\d+, \d+\""):
        parse_range(text, integer=False)
    assert [str(value) for value in parse_range("0, 8", integer=False)] == ["0", "8"]
    assert len(parse_range("1,5", integer=True)) == 2, "integers have no comma"


@pytest.mark.parametrize(
    ("text", "number", "numbers"),
    [
        ("1,000", "1000", "1, 000"),
        ("1,000,000", "1000000", "1, 000, 000"),
        ("12,045", "12045", "12, 045"),
        ("1,000-2,000", "1000-2000", "1, 000-2, 000"),
        ("5, 1,000", "5, 1000", "5, 1, 000"),
        ("1,234,067", "1234067", "1, 234, 067"),
    ],
)
def test_a_comma_between_thousands_is_no_list(text, number, numbers):
    for written in (text, f" {text} "):
        with pytest.raises(SweepError, match="comma between its thousands") as error:
            parse_range(written, integer=True)
        assert f'Write "{number}", or "{numbers}"' in str(error.value)
    with pytest.raises(SweepError, match=r"seed='1,000'.*Write \"1000\""):
        sf.Sweep(prompt="TOK", finetune_id="a", seed="1,000")


@pytest.mark.parametrize("text", ["1, 000", "1,2,3", "100,200,300", "64,128", "1,10,100", "10,20,0", "001,002"])
def test_a_list_of_integers_without_spaces_stays_one(text):
    assert parse_range(text, integer=True) == [int(part) for part in text.split(",")]


@pytest.mark.parametrize(
    ("text", "pointed"),
    [
        ("0,4-1,4 (+0,2)", "0.4-1.4 (+0.2)"),
        ("0,4 - 1,4 [5]", "0.4 - 1.4 [5]"),
        ("0-1 (+0,25)", "0-1 (+0.25)"),
        ("0,4, 0,8", "0.4, 0.8"),
        ("0, 0,5, 1", "0, 0.5, 1"),
        ("0,5, 0,6, .., 1,2", "0.5, 0.6, .., 1.2"),
        ("-0,5, 0,5", "-0.5, 0.5"),
        ("0,5,1,5", "0.5, 1.5"),
        ("0,4;0,8", "0.4, 0.8"),
        ("0,4; 0,8", "0.4, 0.8"),
    ],
)
def test_decimal_commas_in_lists_and_ranges_are_told(text, pointed):
    with pytest.raises(SweepError, match="decimal comma") as error:
        parse_range(text, integer=False)
    assert f'"{pointed}"' in str(error.value)


@pytest.mark.parametrize("text", ["0,1,2", "0.5,1, 2", "1, 2, 3", "0.4,0.8", "1,2, .., 10"])
def test_lists_that_can_be_read_in_one_way_are_read(text):
    assert parse_range(text, integer=False)
