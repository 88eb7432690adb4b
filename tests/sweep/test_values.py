"""Values as notebooks have them: scalars of numpy, pandas and enums, iterators, and what is no value."""

import decimal
import enum
import fractions
import itertools

import numpy as np
import pandas as pd
import pytest

import segflux_nb as sf
from segflux_nb.widgets.builder_form import Form


class Sampler(str, enum.Enum):  # noqa: UP042 - as people write it
    EULER = "euler"
    HEUN = "heun"


class Steps(enum.IntEnum):
    FEW = 10


class Plain(enum.Enum):
    EULER = "euler"


def sweep(**parameters):
    return sf.Sweep(**{"prompt": "TOK", "finetune_id": "a", **parameters})


@pytest.mark.parametrize(
    ("name", "given", "plain"),
    [
        ("steps", np.int64(10), 10),
        ("steps", np.array(10), 10),
        ("steps", decimal.Decimal("10.0"), 10),
        ("steps", fractions.Fraction(20, 2), 10),
        ("steps", Steps.FEW, 10),
        ("lora_strength", np.float32(0.3), 0.3),
        ("lora_strength", decimal.Decimal("0.3"), 0.3),
        ("lora_strength", fractions.Fraction(3, 10), 0.3),
        ("sampler_name", Sampler.HEUN, "heun"),
        ("sampler_name", np.str_("heun"), "heun"),
        ("prompt", np.str_("TOK"), "TOK"),
    ],
)
def test_a_scalar_of_a_notebook_is_the_plain_value(name, given, plain):
    for made in (sweep(**{name: given}), sweep(**{name: [given]}), sweep(**{name: {"label": given}})):
        (cell,) = made
        assert type(cell.parameters[name]) is type(plain)
        assert cell.digest == sweep(**{name: plain})[0].digest


def test_a_placeholder_is_filled_with_the_value_not_the_name_of_an_enum():
    filled = sweep(prompt="TOK {how} {much}", how=[Sampler.EULER], much=decimal.Decimal("0.5"))
    assert filled[0].prompt == "TOK euler 0.5"
    assert "Sampler" not in filled._repr_html_()


def test_an_enum_class_is_an_axis_of_its_values():
    assert sweep(sampler_name=Sampler).axes == {"sampler_name": ["euler", "heun"]}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("seed", {1, 2}),
        ("seed", frozenset([1])),
        ("seed", np.array([[1, 2], [3, 4]])),
        ("prompt", pd.DataFrame({"a": [1]})),
        ("seed", [1, None]),
        ("seed", pd.Series([1, None, 3], dtype="Int64")),
        ("seed", [np.ma.masked]),
        ("seed", pd.NaT),
        ("seed", itertools.count()),
        ("seed", 10**400),
        ("seed", decimal.Decimal("sNaN")),
        ("seed", decimal.Decimal("1e400")),
        ("seed", fractions.Fraction(10**400, 3)),
        ("seed", np.bool_(True)),
        ("seed", "0-1 [99999999999999999999]"),
        ("lora_strength", float("nan")),
        ("lora_strength", "1e999999, .., 2"),
        ("prompt", "TOK \ud83d"),
        ("prompt", b"TOK"),
        ("sampler_name", Plain.EULER),
        ("sampler_name", ["euler", "\ud83d"]),
        ("finetune_id", {"\ud83d": "a"}),
        ("animal", float("inf")),
        ("animal", float("nan")),
        ("animal", 10**400),
        ("animal", "\udc00"),
    ],
)
def test_what_cannot_be_a_value_is_refused_by_its_name(name, value):
    parameters = {"prompt": "TOK {animal}", "animal": "fox"} if name == "animal" else {}
    with pytest.raises(sf.SweepError, match=name) as error:
        sweep(**{**parameters, name: value})
    assert len(str(error.value)) < 600


def test_an_iterator_is_an_axis_more_than_once():
    made = sweep(seed=(number for number in range(3)))
    assert len(made.replace(steps=3)) == len(made.where(lambda cell: True)) == 3
    group = sf.linked(seed=iter([1, 2]), steps=map(int, "34"))
    assert len(sf.Sweep(group, prompt="a", finetune_id="a")) == len(sf.Sweep(group, prompt="b", finetune_id="a")) == 2


def test_a_value_that_the_user_changes_later_changes_no_sweep():
    given, array, labelled = [1, 2], np.array([0.1, 0.2]), {"low": 1}
    group = sf.linked(seed=given, lora_strength=array)
    made, labels = sf.Sweep(group, prompt="a", finetune_id="a"), sweep(seed=labelled)
    given.append(3)
    array *= 10
    labelled["high"] = 2
    for other in (made.replace(steps=9), sf.Sweep(group, prompt="a", finetune_id="a"), made.with_baseline()):
        assert {cell.seed for cell in other} == {1, 2}
        assert {cell.lora_strength for cell in other} <= {0.0, 0.1, 0.2}
    assert len(labels.replace(steps=9)) == 1


def test_ranges_do_not_depend_on_the_decimal_context_of_the_notebook():
    def ranges():
        return (
            list(sweep(seed="100001-100004").axes["seed"]),
            list(sweep(lora_strength="0-1 [4]").axes["lora_strength"]),
            sf.span(0.1234567, 1, num=4),
            [cell.lora_strength for cell in sweep(lora_strength=[decimal.Decimal("0.123456"), 0.3])],
        )

    expected = ranges()
    with decimal.localcontext() as context:
        context.prec, context.Emax, context.Emin = 2, 1, -1
        context.rounding = decimal.ROUND_UP
        for trap in context.traps:
            context.traps[trap] = True
        assert ranges() == expected


@pytest.mark.parametrize("number", [np.int64(3), 3.0, decimal.Decimal(3), Steps.FEW - 7])
def test_counts_may_be_numbers_of_a_frame(number):
    assert sf.seeds(number) == sf.seeds(3)
    assert sf.seeds(2, root=number) == sf.seeds(2, root=3)
    assert sf.span(0, 1, num=number) == [0.0, 0.5, 1.0]
    assert sf.span(number, 5, step=decimal.Decimal(1)) == [3.0, 4.0, 5.0]
    made = sweep(seed=range(9))
    assert made.sample(number, seed=np.int64(1)) == made.sample(3, seed=1)


@pytest.mark.parametrize(
    "call",
    [
        lambda: sf.seeds(2.5),
        lambda: sf.seeds(None),
        lambda: sf.seeds(2, root="a"),
        lambda: sf.span(0, 1, num=True),
        lambda: sf.span(0, float("nan"), num=3),
        lambda: sf.span("a", 1, num=3),
        lambda: sf.span(decimal.Decimal("sNaN"), 1, num=3),
        lambda: sweep(seed=[1, 2]).sample("1"),
        lambda: sweep(seed=[1, 2]).sample(1, seed=None),
    ],
)
def test_what_is_no_count_is_a_sweep_error(call):
    with pytest.raises(sf.SweepError):
        call()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("seed", "7", 7),
        ("seed", " 7 ", 7),
        ("lora_strength", "0.80", 0.8),
        ("steps", "25-25", 25),
    ],
)
def test_a_text_with_one_value_is_a_constant(name, text, value, tmp_path):
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", **{name: text})
    assert sweep == sf.Sweep(prompt="TOK", finetune_id="a", **{name: value})
    assert sweep.axes == {}
    file = tmp_path / "sweep.toml"
    file.write_text(f'[sweep]\nprompt = "TOK"\nfinetune_id = "a"\n{name} = "{text}"\n')
    assert sf.Sweep.from_toml(file) == sweep == sf.Sweep.from_toml(sweep.to_toml(tmp_path / "again.toml"))
    assert Form(sweep).sweep == sweep
    form = Form(sf.Sweep(prompt="TOK", finetune_id="a"))
    form.write(name, text)
    assert form.sweep == sweep
    assert list(sf.Sweep(prompt="TOK", finetune_id="a", **{name: [value]}).axes) == [name], "a list is an axis"
    assert sweep.replace(**{name: "1, 2"}).axes != {}


@pytest.mark.parametrize(
    ("text", "nearest"), [("16:10", "8:5"), ("16x10", "8:5"), ("1000:1001", "1:1"), ("5:1", "21:9")]
)
def test_another_ratio_names_the_nearest_one(text, nearest):
    with pytest.raises(sf.SegfluxError, match=rf"The nearest one is '{nearest}'. Use one of 1:1"):
        sf.Sweep(prompt="TOK", finetune_id="a", aspect_ratio=text)
