"""The sweep builder without a browser. Tests with a browser are in tests/browser."""

from types import SimpleNamespace

import pytest

import segflux_nb as sf
from segflux_nb.model import MODEL
from segflux_nb.sweep.form import format_field, parse_field
from segflux_nb.widgets.builder import Builder
from tests.support.corpus import PAYLOADS


class Launcher:
    """Plans everything, and remembers what was started."""

    price = 0.034

    def __init__(self):
        self.started = []

    def plan(self, sweep, *, first=None):
        number = min(first or len(sweep), len(sweep))
        cost = number * self.price
        return SimpleNamespace(
            lines=[f"{number} runs", "Cost: some"], cells=number, to_submit=number, cost=cost, hosted_cost=None
        )

    def model_of(self, slug):
        return MODEL

    def finetunes(self):
        return ["newest-1200", "older-400"]

    def cap(self, max_cost):
        return 10.0

    def start(self, sweep, *, first, has_stop_button, display):
        self.started.append((sweep, first, display, self))
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
        tell(builder, kind="write", values={name: value}, number=1)


def tell(builder, **message):
    builder._hear(builder, message, [])


def says(builder, name):
    return builder.said.get(name, {"text": ""})["text"]


def test_it_has_a_field_for_each_parameter_of_the_model(build):
    builder = build()
    assert [field["name"] for field in builder.fields] == list(MODEL.parameters)
    assert builder.buttons == []
    assert "Fill in a prompt" in builder.summary[0]
    assert repr(builder) == "Builder()"
    data = builder._repr_mimebundle_()
    assert data["text/plain"] == "Builder()"
    assert "application/vnd.jupyter.widget-view+json" in data


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
    assert builder.size == "6 lora_strength × 4 seed × 2 sampler_name × 2 animal = 96 runs"
    names = {"sf": sf}
    exec(builder.code, names)
    assert names["sweep"] == builder.sweep
    assert "sf.seeds(4)" in builder.code


def test_a_placeholder_that_goes_takes_its_field_along(build):
    builder = build()
    write_in(builder, prompt="TOK {animal} {place}", finetune_id="a")
    write_in(builder, animal="fox", place="lake")
    write_in(builder, prompt="TOK {place}")
    assert builder.fields[-1]["name"] == "place"
    assert builder.written["place"] == "lake", "what was written stays"
    write_in(builder, animal="late")
    assert "animal" not in builder.written, "a field that is gone is not written in"
    assert [cell.prompt for cell in builder.sweep] == ["TOK lake"]


@pytest.mark.parametrize(
    ("name", "written", "says_"),
    [
        ("lora_strength", "0.4-", "not a number and not a range"),
        ("lora_strength", "99", "from -10 to 10"),
        ("steps", "0, 5", "steps=0 is not allowed"),
        ("seed", "-1", "random seed"),
        ("seed", "seeds(0)", "seeds"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field_while_one_types(build, name, written, says_):
    builder = build()
    write_in(builder, prompt="TOK", finetune_id="a")
    assert builder.buttons
    write_in(builder, **{name: written})
    assert says_ in says(builder, name)
    assert builder.said[name]["is_wrong"]
    assert builder.buttons == []
    with pytest.raises(sf.SegfluxError):
        _ = builder.sweep
    write_in(builder, **{name: ""})
    assert name not in builder.said
    assert builder.buttons


def test_too_many_runs_are_counted_but_not_made(build):
    builder = build()
    write_in(builder, prompt="TOK", finetune_id="a", seed="0-9999", lora_strength="0-1 [101]")
    assert builder.summary == ["1,010,000 runs: the form makes at most 20,000."]
    assert builder.buttons == []


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
    assert builder.sweep == sweep
    assert builder.sweep[0].hardware == "fast"
    assert builder.written["seed"] == "seeds(3)"
    assert builder.written["lora_strength"] == "0.4-1.2 (+0.2)"
    assert builder.note == ""


BASE = sf.Sweep(prompt="TOK {animal}", animal=["fox", "owl"], finetune_id="a", steps=[10, 20], seed=[1, 2])
EXACT = {
    "linked": sf.Sweep(sf.linked(steps=[10, 20], seed=[1, 2]), prompt="TOK", finetune_id="a"),
    "labels": sf.Sweep(prompt="TOK", finetune_id={"400 steps": "a", "1,200 steps": "b"}, seed=[1, 2]),
    "baseline": BASE.replace(lora_strength=[0.5, 1.0]).with_baseline(),
    "filtered": BASE.where(lambda cell: cell.seed == 1 or cell.steps == 10),
    "sampled": BASE.sample(3),
    "sum": BASE + sf.Sweep(prompt="TOK", finetune_id="b", seed=9),
    "one value is an axis": sf.Sweep(prompt="TOK", finetune_id="a", seed=[7]),
    "seeds first": sf.Sweep(seed=[3, 1], prompt="TOK", steps=[20, 10], finetune_id="a"),
    "cells": sf.Sweep.of_cells(list(BASE.where(lambda cell: cell.seed == 1)), ["steps"]),
    "many": sf.Sweep.of_cells(
        [
            sf.Sweep(prompt=f"TOK {n}", finetune_id="a", seed=n, steps=n % 90 + 1, lora_strength=n / 100)[0]
            for n in range(200)
        ],
        ["prompt", "seed", "steps", "lora_strength"],
    ),
}


@pytest.mark.parametrize("name", EXACT)
def test_any_sweep_is_opened_exactly_and_its_python_makes_it(build, name, tmp_path, monkeypatch):
    sweep = EXACT[name]
    monkeypatch.chdir(tmp_path)
    builder = build(sweep)
    assert builder.sweep == sweep
    assert [cell.labels for cell in builder.sweep] == [cell.labels for cell in sweep]
    assert not any(said["is_wrong"] for said in builder.said.values())
    assert builder.buttons
    names = {"sf": sf, "builder": SimpleNamespace(sweep=builder.sweep)}
    exec(builder.code, names)
    assert names["sweep"] == sweep
    # A baseline of a grid is a strength of it, and stands in its field.
    assert bool(builder.note) == (name not in ("seeds first", "baseline"))


def test_a_field_that_is_changed_is_changed_in_all_cells_of_an_exact_sweep(build):
    builder = build(EXACT["filtered"])
    write_in(builder, finetune_id="z")
    assert builder.sweep == EXACT["filtered"].replace(finetune_id="z")
    assert len(builder.sweep) == 6, "the filter stays"
    write_in(builder, finetune_id="a")
    assert builder.sweep == EXACT["filtered"]
    linked = build(EXACT["linked"])
    write_in(linked, steps="30, 40")
    assert linked.buttons == []
    assert "moves together with seed" in linked.summary[0]


def test_run_starts_it_once_and_shows_what_it_is_given(build, launcher):
    builder = build(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2]))
    tell(builder, kind="run")
    tell(builder, kind="run")
    ((sweep, first, display, live_run),) = launcher.started
    assert sweep == builder.sweep
    assert first is None
    assert builder.is_running
    display(display.view)
    assert builder.shown == [f"anywidget:{display.view.model_id}#1"]
    display(display.view)
    assert builder.shown == [f"anywidget:{display.view.model_id}#2"], "a second sweep begins at its start"
    live_run.end()
    assert not builder.is_running
    assert builder.has_gallery


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["disk", "Ctrl-C"]
)
def test_a_start_that_fails_in_any_way_leaves_the_button_alive(build, launcher, monkeypatch, error):
    def fail(*arguments, **options):
        raise error

    builder = build(sf.Sweep(prompt="TOK", finetune_id="a"))
    with monkeypatch.context() as patched:
        patched.setattr(Launcher, "start", fail)
        with pytest.raises(type(error)):
            tell(builder, kind="run")
    assert not builder.is_running
    tell(builder, kind="run")
    assert len(launcher.started) == 1


def test_a_first_look_has_a_button_with_its_price(build, launcher):
    builder = build(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(20)))
    assert builder.buttons == [
        {"words": "Run the first 8", "price": "about $0.27", "first": True, "cells": 8},
        {"words": "Run all 20", "price": "about $0.68", "first": False, "cells": 20},
    ]
    tell(builder, kind="write", values={}, first=5, number=2)
    assert builder.answered == 2
    assert builder.buttons[0]["words"] == "Run the first 5"
    tell(builder, kind="run", first=True)
    assert launcher.started[0][1] == 5
    write_in(builder, seed="1-4")
    assert [button["words"] for button in builder.buttons] == ["Run all 4"]


def test_more_than_one_call_may_spend_is_said(build):
    builder = build(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(400)))
    assert "a click pays for $10.00 at most" in builder.summary[-1]


def test_presets_are_values_that_the_fields_take(build):
    builder = build()
    write_in(builder, prompt="TOK", finetune_id="a")
    for field in builder.fields:
        for preset in field["presets"]:
            write_in(builder, **{field["name"]: preset["value"]})
            assert not builder.said.get(field["name"], {}).get("is_wrong"), preset
    presets = {field["name"]: [preset["name"] for preset in field["presets"]] for field in builder.fields}
    assert presets["finetune_id"] == ["all 2 of the log", "newest: newest-1200"]
    assert {"lora_strength", "sampler_name", "finetune_id"} <= {name for name, own in presets.items() if own}


def test_what_cannot_start_says_why(build, launcher, monkeypatch):
    def start(sweep, **options):
        raise sf.SegfluxError("No key is configured")

    monkeypatch.setattr(launcher, "start", start)
    builder = build()
    write_in(builder, prompt="TOK", finetune_id="a")
    tell(builder, kind="run")
    assert "No key is configured" in builder.error
    assert not builder.is_running


def test_messages_that_are_none_of_ours_change_nothing(build):
    builder = build(BASE)
    for message in (
        {},
        {"kind": "gallery"},
        {"kind": "write"},
        {"kind": "write", "values": {"seed": 7, "steps": [1], "x": "y"}},
        {"kind": "write", "values": [], "first": -1},
    ):
        tell(builder, **message)
    assert builder.sweep == BASE
    assert builder.shown == []
    assert builder.first == 8


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
        exec(builder.code, names)
        assert names["sweep"] == sweep
        assert builder.note == ""


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
    assert says(builder, "finetune_id") == "2 values: a | b, c"


def test_it_says_how_many_values_a_field_has_before_one_pays(build):
    builder = build()
    write_in(builder, prompt="TOK {animal} on a hill", finetune_id="a")
    write_in(builder, animal="fox, owl")
    assert "1 value: fox, owl" in says(builder, "animal")
    assert "one a line" in says(builder, "animal")
    assert builder.buttons
    write_in(builder, animal="fox\nowl")
    assert "2 values: fox | owl" in says(builder, "animal")
    assert says(builder, "prompt") == ""
    write_in(builder, prompt="TOK {animal}\n{animal}, TOK")
    assert "2 values" in says(builder, "prompt")


def test_a_name_that_is_taken_is_said(build):
    builder = build()
    write_in(builder, prompt="TOK {image}", finetune_id="a")
    write_in(builder, image="x")
    assert "column of runs.df" in builder.summary[0]
    assert builder.buttons == []


def test_it_says_how_many_values_each_field_has_and_which(build):
    builder = build()
    write_in(
        builder, prompt="TOK", finetune_id="a", lora_strength="0.4-1 (+0.2)", seed="7", sampler_name=["euler", "heun"]
    )
    assert says(builder, "lora_strength") == "4 values: 0.4, 0.6, 0.8, 1.0"
    assert says(builder, "sampler_name") == "2 values: euler, heun"
    assert says(builder, "seed") == "", "one value is a constant"
    assert "seed" not in builder.sweep.axes
    write_in(builder, seed="1-500")
    assert says(builder, "seed").startswith("500 values: 1, 2, 3, ")
    assert says(builder, "seed").endswith("…")


def test_a_saved_notebook_shows_its_python_where_no_widget_runs(build):
    """In VS Code, Colab or on GitHub, and in pages by nbconvert: the HTML in the notebook's file."""
    data = build(BASE)._repr_mimebundle_()
    assert "prompt=&#39;TOK {animal}&#39;" in data["text/html"]
    assert "run this cell again" in data["text/html"]
    assert data == {
        **build(BASE)._repr_mimebundle_(),
        **{"application/vnd.jupyter.widget-view+json": data["application/vnd.jupyter.widget-view+json"]},
    }
    hostile = build(sf.Sweep(prompt=sf.sweep.template.escape("</pre><script>alert(1)</script>"), finetune_id="a"))
    assert "<script" not in hostile._repr_mimebundle_()["text/html"]
