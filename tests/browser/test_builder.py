"""The sweep builder in a real browser: its JavaScript with a fake model, and in JupyterLab."""

import json

import pytest

import segflux_nb as sf
from segflux_nb.widgets.builder import Builder
from tests.support.corpus import PAYLOADS
from tests.widgets.test_builder import Launcher

TRAITS = (
    *("fields", "written", "said", "summary", "size", "note", "code", "first", "buttons", "is_running"),
    *("has_gallery", "error", "shown", "answered"),
)
SWEEP = sf.Sweep(prompt="TOK {animal}", animal=["fox", "owl"], finetune_id="a", seed=sf.seeds(6), steps=[10, 25])


@pytest.fixture
def shown(mount):
    """The builder's view; `answer` lets the Python side hear what the view sent, and tells the view what it says."""

    def shown(sweep=SWEEP):
        builder = Builder(Launcher(), sweep)
        page = mount("builder", json.loads(json.dumps(state_of(builder))))

        def answer():
            page.wait_for_function("model.sent.length > 0")
            for message in page.evaluate("model.sent.splice(0)"):
                builder._hear(builder, message, [])
            page.evaluate(
                "traits => { for (const [name, value] of Object.entries(traits)) model.set(name, value); }",
                json.loads(json.dumps(state_of(builder))),
            )

        page.answer, page.builder = answer, builder
        return page

    return shown


def state_of(builder):
    return {name: getattr(builder, name) for name in TRAITS}


def test_each_field_says_its_values_and_the_price_grows_while_one_types(shown):
    page = shown()
    field = page.get_by_label("lora_strength", exact=True)
    field.fill("0.4-1.4 (+0.2)")
    assert page.get_by_role("button", name="Run all").is_disabled(), "its price is not shown yet"
    page.answer()
    page.get_by_text("6 values: 0.4, 0.6, 0.8, 1.0, 1.2, 1.4").wait_for()
    page.get_by_text("= 144 runs").wait_for()
    page.get_by_role("button", name="Run all 144 about $4.90").wait_for()
    page.get_by_role("button", name="Run the first 8 about $0.27").wait_for()
    assert field.input_value() == "0.4-1.4 (+0.2)", "nothing is written over what somebody types"


def test_presets_and_choices_by_keyboard_alone(shown):
    page = shown()
    page.get_by_label("lora_strength", exact=True).focus()
    for key in ("Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    page.answer()
    assert page.get_by_label("lora_strength", exact=True).input_value() == "0.4-1.4 (+0.2)"
    page.get_by_role("checkbox", name="heun", exact=True).focus()
    page.keyboard.press("Space")
    page.answer()
    page.get_by_text("2 values: euler, heun").wait_for()
    page.get_by_role("button", name="sampler_name: all").press("Enter")
    page.answer()
    assert page.builder.written["sampler_name"] == page.builder.fields[5]["choices"]


def test_fields_come_and_go_with_the_names_in_the_prompt_and_keep_the_focus(shown):
    page = shown()
    prompt = page.get_by_label("prompt", exact=True)
    prompt.fill("TOK {animal} {light}")
    page.answer()
    page.get_by_text("Give at least one value").wait_for()
    assert page.get_by_label("light", exact=True).get_attribute("aria-invalid") == "true"
    assert prompt.evaluate("one => one === document.activeElement")
    page.get_by_label("light", exact=True).fill("dawn\ndusk")
    page.answer()
    page.get_by_text("2 values: dawn | dusk").wait_for()
    prompt.fill("TOK")
    page.answer()
    page.get_by_label("light", exact=True).wait_for(state="detached")


def test_what_is_clicked_is_run_once_and_only_with_its_price(shown):
    page = shown()
    page.get_by_label("Cells of the first look").fill("3")
    page.answer()
    page.get_by_role("button", name="Run the first 3 about $0.10").click()
    assert page.get_by_role("button", name="Run all").is_disabled()
    assert page.evaluate("model.sent") == [{"kind": "run", "first": True}]
    page.answer()
    ((sweep, first, _, _),) = page.builder._launcher.started
    assert (sweep, first) == (SWEEP, 3)
    page.get_by_label("steps", exact=True).fill("0-")
    page.answer()
    page.get_by_text("not a number and not a range").wait_for()
    assert page.get_by_role("button", name="Run").first.is_disabled()


def test_hostile_words_are_text_and_keys_stay_in_the_form(shown):
    page = shown(sf.Sweep(prompt=[sf.sweep.template.escape(one) for one in PAYLOADS if one.strip()], finetune_id="a"))
    assert page.locator("#root script, #root img").count() == 0
    page.evaluate("window.heard = []; document.addEventListener('keydown', (event) => heard.push(event.key))")
    page.get_by_role("button", name="Run all").focus()
    for key in ("d", "d", "x"):
        page.keyboard.press(key)
    assert page.evaluate("heard") == []


def test_it_is_accessible_narrow_and_leaves_nothing_behind(shown, complaints):
    page = shown(SWEEP.where(lambda cell: cell.seed != 1))
    page.get_by_label("steps", exact=True).fill("x")
    page.answer()
    page.locator(".sfx-wrong", has_text="not a number").wait_for()
    assert complaints() == []
    page.set_viewport_size({"width": 420, "height": 760})
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.evaluate("cleanup()")
    assert page.evaluate("model.listening()") == 0


CELLS = [
    """import segflux_nb as sf
ws = sf.Workspace("built", service=sf.Simulator(time_scale=0.005))
builder = ws.builder()
print("ready")""",
    "builder",
    "print('kept', sorted(ws.runs(builder.sweep).counts.items()), list(builder.sweep.axes))",
]


def test_the_builder_runs_a_sweep_and_opens_its_gallery(open_notebook):
    notebook = open_notebook(CELLS, "builder.ipynb")
    notebook.says(0, "ready", timeout=60_000)
    notebook.run(1)
    page = notebook.page
    page.get_by_label("prompt", exact=True).fill("TOK {animal} at dawn", timeout=30_000)
    page.get_by_label("finetune_id", exact=True).fill("a")
    page.get_by_label("animal", exact=True).fill("fox\nowl")
    page.get_by_label("seed", exact=True).fill("1, 2")
    page.get_by_label("steps", exact=True).fill("0-")
    page.get_by_text("not a number and not a range").wait_for()
    assert notebook.cell(1).get_by_role("button", name="Run").first.is_disabled()
    page.get_by_label("steps", exact=True).fill("4")
    page.get_by_text("4 runs: 4 to submit").wait_for()
    assert "animal=['fox', 'owl']" in notebook.cell(1).locator("pre").last.inner_text()
    page.get_by_label("Cells of the first look").fill("2")
    page.get_by_role("button", name="Run the first 2 free here").click()
    page.locator(".sfx-live .sfx-cell img").nth(1).wait_for(timeout=30_000)
    page.locator(".sfx-words", has_text="2 of 2 pictures, the first of 4").wait_for()
    page.get_by_role("button", name="Run all 4 free here").click()
    page.locator(".sfx-live .sfx-cell img").nth(3).wait_for(timeout=30_000)
    page.get_by_role("button", name="Open the gallery").click()
    page.locator(".sfx-gallery").scroll_into_view_if_needed()
    page.locator(".sfx-gallery .sfx-tile img[src]").nth(3).wait_for(timeout=20_000)
    assert page.locator(".jp-Notebook .jp-Cell").count() == 3, "typing and clicking changed no cell"
    notebook.says(2, "kept [('completed', 4)] ['seed', 'animal']")
