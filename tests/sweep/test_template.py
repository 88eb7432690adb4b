"""Braces in prompts: placeholders, doubled braces, and all others, which are text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.runlog.columns import COLUMNS as LOG_COLUMNS
from segflux_nb.sweep.names import COLUMNS, TEMPLATE
from segflux_nb.sweep.refine import refine
from segflux_nb.sweep.template import Verbatim, escape, fill, placeholders

braced = st.text(alphabet='{}a|," \n', max_size=40) | st.text()


@pytest.mark.parametrize(
    "prompt",
    [
        '{"scene": {"subject": "TOK"}}',
        '{"a": {"b": {"c": [1, {}]}}}',
        "TOK, {red|{small|large}} hat",
        "{{a|b}|{c|d}}",
        "{2$$red|blue|{x y}}",
        "{",
        "}}",
        "{{ open",
        "a } b { c",
        "{}",
        "{0.__class__} {1}",
        'TOK\n  {\n "k": "v"\n}\n',
        'say "hello" \\n',
    ],
)
def test_braces_that_are_no_placeholder_are_sent_as_they_are(prompt):
    (cell,) = sf.Sweep(prompt=prompt, finetune_id="a")
    assert cell.prompt == prompt


@pytest.mark.parametrize(
    ("template", "sent"),
    [
        ("{{x}}", "{x}"),
        ("{{ x }}", "{ x }"),
        ("{{red|blue}}", "{red|blue}"),
        ("{{{animal}}}", "{fox}"),
        ("{{{{animal}}}}", "{{animal}}"),
        ('{{"scene": {{"subject": "{animal}"}}}}', '{"scene": {"subject": "fox"}}'),
        ('{"scene": {"subject": "{animal}"}}', '{"scene": {"subject": "fox"}}'),
        ("{{}}", "{}"),
        ("{animal}}", "fox}"),
    ],
)
def test_doubled_braces_and_placeholders(template, sent):
    given = {"animal": "fox"} if "animal" in placeholders(template) else {}
    (cell,) = sf.Sweep(prompt=template, finetune_id="a", **given)
    assert cell.prompt == sent


@given(braced)
def test_an_escaped_text_is_the_text(text):
    assert placeholders(escape(text)) == []
    assert fill(escape(text), {}) == text


@given(st.text(alphabet="{}", max_size=4_000))
def test_many_braces_take_no_time_and_no_depth(text):
    assert fill(escape(text), {}) == text


@pytest.mark.parametrize("prompt", ["TOK {word}", "{{{word}}}", '{"a": {word}}', "{word} {word}"])
def test_a_placeholder_without_values_names_both_ways_out(prompt):
    with pytest.raises(sf.SweepError, match="has no values") as error:
        sf.Sweep(prompt=prompt, finetune_id="a")
    assert "word=[...]" in str(error.value)
    written = str(error.value).split("double them: ")[1].removesuffix(".")
    assert fill(written, {}) in prompt
    assert "{word}" in fill(written, {})


def test_a_final_prompt_has_no_placeholders():
    for prompt in ("TOK {word}", "{{x}}", "{word} {"):
        for final in (Verbatim(prompt), [Verbatim(prompt)], {"label": Verbatim(prompt)}):
            sweep = sf.Sweep(prompt=final, finetune_id="a", seed=[1, 2])
            assert {cell.prompt for cell in sweep} == {prompt}
            assert {cell.prompt for cell in sweep.replace(seed=3)} == {prompt}


def test_a_refined_sweep_keeps_a_prompt_with_braces():
    cells = [
        cell.parameters for cell in sf.Sweep(prompt="TOK {{word}}", finetune_id="a", lora_strength=[0.4, 0.8, 1.2])
    ]
    assert {cell.prompt for cell in refine(cells, "lora_strength", 0.4, 0.8)} == {"TOK {word}"}


def test_reserved_names_are_the_columns_of_the_frames():
    assert {column.name for column in LOG_COLUMNS if column.frame and column.name not in MODEL.parameters} == COLUMNS


@pytest.mark.parametrize("name", [*sorted(COLUMNS), TEMPLATE, "seed_label", "prompt", "seed", "hardware"])
def test_a_placeholder_named_like_a_column_is_refused(name):
    for values in [{}, *([{name: ["x", "y"]}] if name not in MODEL.parameters else [])]:
        with pytest.raises(sf.SweepError, match=f"{{{name}}} has the name of .*{{{{{name}}}}}"):
            sf.Sweep(prompt=f"TOK {{{name}}}", finetune_id="a", **values)
    (cell,) = sf.Sweep(prompt=f"TOK {{{{{name}}}}}", finetune_id="a")
    assert cell.prompt == f"TOK {{{name}}}"


def test_a_placeholder_named_like_the_labels_of_another_is_refused():
    with pytest.raises(sf.SweepError, match="labels of sign"):
        sf.Sweep(prompt="{sign} {sign_label}", finetune_id="a", sign=["x"], sign_label=["y"])
    sweep = sf.Sweep(prompt="{sign_label}", finetune_id="a", sign_label=["x", "y"])
    assert sweep.labels == {}
    assert sweep.axes == {"sign_label": ["x", "y"]}


@pytest.mark.parametrize(
    "name", ["text", "file_name", "caption", "index", "level_0", "self", "Image", "name", "pictures", "_x", "digests"]
)
def test_any_other_name_is_a_placeholder(name, tmp_path):
    sweep = sf.Sweep(prompt=f"TOK {{{name}}}", finetune_id="a", **{name: ["x", "y"]})
    assert [cell.prompt for cell in sweep] == ["TOK x", "TOK y"]
    assert sf.Sweep.from_toml(sweep.to_toml(tmp_path / "a.toml")) == sweep
    assert len(sweep.replace(**{name: "z"})) == 1


def test_prompts_with_and_without_placeholders_are_one_axis():
    sweep = sf.Sweep(prompt=["TOK {animal}", "a plain {{x}}"], animal=["fox", "owl"], finetune_id="a")
    assert sweep.axes == {"prompt_template": ["TOK {animal}", "a plain {x}"], "animal": ["fox", "owl"]}


@pytest.mark.parametrize("name", ["größe", "狐", "été", "e\u0301te\u0301", "_x", "x1"])
def test_a_placeholder_may_have_a_name_in_any_writing(name):
    with pytest.raises(sf.SweepError, match="has no values"):
        sf.Sweep(prompt=f"TOK {{{name}}}", finetune_id="a")
    given = unicodedata.normalize("NFKC", name)  # as Python writes the name of an argument
    assert [cell.prompt for cell in sf.Sweep(prompt=f"TOK {{{name}}}", finetune_id="a", **{given: ["x", "y"]})] == [
        "TOK x",
        "TOK y",
    ]
    assert sf.Sweep(prompt=f"TOK {{{{{name}}}}}", finetune_id="a")[0].prompt == f"TOK {{{name}}}"


@pytest.mark.parametrize("text", ["{½}", "{1}", "{a-b}", "{a b}", "{狐|a}", "{}", "{ a }", "{a:1}", "{🦊}", "{²}"])
def test_braces_around_other_texts_are_text(text):
    assert sf.Sweep(prompt=f"TOK {text}", finetune_id="a")[0].prompt == f"TOK {text}"


@pytest.mark.parametrize("empty", ["", " ", "\n"])
def test_a_prompt_that_is_empty_once_it_is_filled_is_refused(empty):
    with pytest.raises(sf.SweepError, match="is empty where animal="):
        sf.Sweep(prompt="{animal}", animal=["fox", empty], finetune_id="a")[0]
    assert len(sf.Sweep(prompt="TOK {animal}", animal=["fox", empty], finetune_id="a")) == 2
