"""The sweep builder without a browser. Tests with a browser are in tests/browser."""

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.sweep.form import code, format_field, parse_field, sweep_arguments
from segflux_nb.widgets.builder import Builder
from tests.support.corpus import PAYLOADS


class Plan:
    lines = ("96 runs", "Cost: some", "Time: some")


class Launcher:
    """Plans everything, and remembers what was started."""

    def __init__(self):
        self.started = []

    def plan(self, sweep):
        return Plan()

    def start(self, sweep, *, has_stop_button, display):
        self.started.append((sweep, display, self))
        assert has_stop_button
        return self

    def when_done(self, action):
        self.end = action


@pytest.fixture
def launcher():
    return Launcher()


@pytest.fixture
def build(launcher):
    return lambda sweep=None: Builder(launcher, sweep)


def write_in(builder, **values):
    for name, value in values.items():
        builder._fields[name].value = value


def test_it_has_a_field_for_each_parameter_of_the_model(build):
    builder = build()
    assert list(builder._fields) == list(MODEL.parameters)
    assert builder._run_button.disabled
    assert "Fill in a prompt" in builder._summary.value
    assert repr(builder) == "Builder()"


def test_what_is_written_becomes_the_sweep_and_its_python(build):
    builder = build()
    write_in(
        builder,
        prompt="TOK {animal} at dawn",
        finetune_id="abc",
        seed="seeds(4)",
        lora_strength="0.4-1.4 (+0.2)",
        sampler_name=("euler", "heun"),
    )
    write_in(builder, animal="fox\nowl, grey\n")
    wanted = sf.Sweep(
        prompt="TOK {animal} at dawn",
        finetune_id="abc",
        animal=["fox", "owl, grey"],
        seed=sf.seeds(4),
        lora_strength="0.4-1.4 (+0.2)",
        sampler_name=["euler", "heun"],
    )
    assert len(builder.sweep) == len(wanted) == 96
    assert {cell.digest for cell in builder.sweep} == {cell.digest for cell in wanted}
    assert not builder._run_button.disabled
    assert "96 runs" in builder._summary.value
    names = {"sf": sf}
    exec(code(builder._arguments()), names)
    assert names["sweep"] == builder.sweep
    assert "sf.seeds(4)" in builder._code.value


def test_a_placeholder_that_goes_takes_its_field_along(build):
    builder = build()
    write_in(builder, prompt="TOK {animal} {place}", finetune_id="a")
    write_in(builder, animal="fox", place="lake")
    write_in(builder, prompt="TOK {place}")
    assert list(builder._fields)[-1] == "place"
    assert builder._fields["place"].value == "lake", "what was written stays"
    assert [cell.prompt for cell in builder.sweep] == ["TOK lake"]


@pytest.mark.parametrize(
    ("name", "written", "says"),
    [
        ("lora_strength", "0.4-", "not a number and not a range"),
        ("lora_strength", "99", "from -10 to 10"),
        ("steps", "0, 5", "steps=0 is not allowed"),
        ("seed", "-1", "random seed"),
        ("seed", "seeds(0)", "seeds"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_while_one_types(build, name, written, says):
    builder = build()
    write_in(builder, prompt="TOK", finetune_id="a")
    assert not builder._run_button.disabled
    write_in(builder, **{name: written})
    assert says in builder._messages[name].value
    assert "✘" in builder._messages[name].value
    assert builder._run_button.disabled
    with pytest.raises(sf.SegfluxError):
        _ = builder.sweep
    write_in(builder, **{name: ""})
    assert builder._messages[name].value == ""
    assert not builder._run_button.disabled


def test_too_many_runs_are_counted_but_not_made(build):
    builder = build()
    write_in(builder, prompt="TOK", finetune_id="a", seed="0-9999", lora_strength="0-1 [101]")
    assert "1,010,000 runs" in builder._summary.value
    assert builder._run_button.disabled


def test_it_begins_with_a_sweep(build):
    sweep = sf.Sweep(
        prompt="TOK {animal}",
        animal=["fox", "owl"],
        finetune_id="a",
        seed=sf.seeds(3),
        lora_strength="0.4-1.2 (+0.2)",
        steps=30,
        hardware="fast",
    )
    builder = build(sweep)
    assert {cell.digest for cell in builder.sweep} == {cell.digest for cell in sweep}
    assert builder.sweep[0].hardware == "fast"
    assert builder._fields["seed"].value == "seeds(3)"
    assert builder._fields["lora_strength"].value == "0.4-1.2 (+0.2)"
    linked = build(sf.Sweep(sf.linked(steps=[10, 20], seed=[1, 2]), prompt="TOK", finetune_id="a"))
    assert "moves together" in linked._summary.value


def test_run_starts_it_once_and_shows_what_it_is_given(build, launcher):
    import ipywidgets

    builder = build(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
    builder._run_button.click()
    ((sweep, display, live_run),) = launcher.started
    assert sweep == builder.sweep
    assert builder._run_button.disabled
    live = ipywidgets.HTML("live")
    display(live)
    assert builder._output.children == (live,)
    live_run.end()
    assert not builder._run_button.disabled
    assert not builder._gallery_button.disabled


def test_what_cannot_start_says_why(build, launcher, monkeypatch):
    def start(sweep, **options):
        raise sf.SegfluxError("No key is configured")

    monkeypatch.setattr(launcher, "start", start)
    builder = build()
    write_in(builder, prompt="TOK", finetune_id="a")
    builder._run_button.click()
    assert "No key is configured" in builder._output.children[0].value
    assert not builder._run_button.disabled


def test_hostile_words_are_escaped(build):
    builder = build()
    for payload in PAYLOADS:
        write_in(builder, prompt=payload, finetune_id=payload.splitlines()[0] if payload.strip() else "a")
        write_in(builder, steps=payload)
        for shown in (builder._summary, builder._code, *builder._messages.values()):
            assert "<script" not in shown.value
            assert "<img" not in shown.value
        write_in(builder, steps="")


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("lora_strength", [0.4, 0.6, 0.8]),
        ("lora_strength", [1.4, 1.2, 1.0]),
        ("lora_strength", [-1.0, -0.5, 0.0]),
        ("lora_strength", [0.1, 0.2, 0.4]),
        ("steps", [1, 2, 3, 4]),
        ("steps", [30, 20, 10]),
        ("seed", [5]),
        ("seed", [0, 2**32 - 1]),
    ],
)
def test_what_is_written_is_read_back(name, values):
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", **{name: values})
    again = parse_field(name, format_field(name, values))
    assert sf.Sweep(prompt="TOK", finetune_id="a", **{name: again}) == sweep or len(values) == 1


def test_a_sweep_as_what_it_was_given():
    sweep = sf.Sweep(prompt=["a", "b"], finetune_id="x", steps=[1, 2])
    given, whole = sweep_arguments(sweep)
    assert whole
    assert sf.Sweep(**given) == sweep
    assert not sweep_arguments(sweep.where(lambda cell: cell.steps == 1 or cell.prompt == "a"))[1]


@pytest.mark.parametrize(
    "prompt",
    [
        "TOK on a bridge,\nfog, early light",
        "TOK {{word}}",
        '{"scene": {"subject": "TOK"}}',
        '"in quotes"',
        '"',
        "  with spaces ",
        "a\r\nb\tc",
        "back\\slash \\(x\\)",
        "line\u2028separator\x85",
        "{{{{x}}}}",
        *(payload for payload in PAYLOADS if payload.strip()),
    ],
)
def test_it_holds_every_prompt_exactly(build, prompt):
    for given in (prompt, [prompt, "another"]):
        texts = [given] if isinstance(given, str) else given
        final = [sf.sweep.template.escape(text) if text != "TOK {{word}}" else text for text in texts]
        sweep = sf.Sweep(prompt=final if len(final) > 1 else final[0], finetune_id="a", seed=[1, 2])
        builder = build(sweep)
        assert builder.sweep == sweep
        names = {"sf": sf}
        exec(code(builder._arguments()), names)
        assert names["sweep"] == sweep
        assert "left out" not in builder._summary.value


@pytest.mark.parametrize(
    ("prompt", "values"),
    [
        ("TOK {animal}", {"animal": ["fox", "owl, grey", "two\nlines", '"q"', " x "]}),
        ("TOK {n}", {"n": [1, 2.5, "3", "007"]}),
        (["a {animal}", "b {animal}\n{light}"], {"animal": ["fox", "owl"], "light": "at dawn"}),
        ("{{no}} {animal}", {"animal": "fox"}),
    ],
)
def test_it_holds_placeholders_exactly(build, prompt, values):
    sweep = sf.Sweep(prompt=prompt, finetune_id="a", seed=[1, 2], **values)
    assert build(sweep).sweep == sweep


def test_it_holds_several_fine_tunes(build):
    sweep = sf.Sweep(prompt="TOK", finetune_id=["a", "b, c"])
    builder = build(sweep)
    assert builder.sweep == sweep
    assert "2 values" in builder._messages["finetune_id"].value


def test_it_says_how_many_values_a_field_has_before_one_pays(build):
    builder = build()
    write_in(builder, prompt="TOK {animal} on a hill", finetune_id="a")
    write_in(builder, animal="fox, owl")
    assert "1 value: fox, owl" in builder._messages["animal"].value
    assert "one a line" in builder._messages["animal"].value
    assert not builder._run_button.disabled
    write_in(builder, animal="fox\nowl")
    assert "2 values: fox | owl" in builder._messages["animal"].value
    assert builder._messages["prompt"].value == ""
    write_in(builder, prompt="TOK {animal}\n{animal}, TOK")
    assert "2 values" in builder._messages["prompt"].value


def test_a_name_that_is_taken_is_said(build):
    builder = build()
    write_in(builder, prompt="TOK {image}", finetune_id="a")
    write_in(builder, image="x")
    assert "column of runs.df" in builder._summary.value
    assert builder._run_button.disabled
