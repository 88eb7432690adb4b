"""A picture is run again from the gallery: its form, the price, the button, and the new picture beside the old one."""

from dataclasses import replace

import pytest

import segflux_nb as sf
from tests.support.gallery_notebook import tile


@pytest.fixture
def ws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with sf.Simulator(time_scale=0.001, paint=False) as simulator, sf.Workspace("ws", service=simulator) as ws:
        yield ws


SWEEP = sf.Sweep(
    prompt="TOK {animal}",
    animal=["fox", "owl"],
    finetune_id={"1200 steps": "my-id"},
    lora_strength=[0.5, 1.0],
    steps=10,
)


@pytest.fixture
def opened(ws, living):
    """The form of the first picture of a sweep; the options are those of `Runs.gallery`."""

    def opened(**options):
        connection = living(ws.run(SWEEP).gallery(cols="lora_strength", rows="animal", **options))
        page = connection.page
        tile(page, 0).click()
        page.keyboard.press("e")
        form = page.get_by_role("dialog", name="Run from this picture")
        form.locator("input:enabled").first.wait_for()
        return connection, form

    return opened


def button(form):
    return form.locator(".sfx-run")


def test_one_changes_a_parameter_sees_the_price_and_runs_it(ws, opened):
    connection, form = opened()
    page = connection.page
    assert form.get_by_label("lora_strength").input_value() == "0.5"
    assert form.get_by_label("prompt").input_value() == "TOK fox"
    assert button(form).is_disabled(), "nothing is changed"
    form.get_by_label("lora_strength").fill("0.7")
    form.get_by_role("button", name="Make 1 run, free on the simulator").wait_for()
    assert "1 run: 1 to submit" in form.inner_text()
    assert "hosted about $0.01" in form.inner_text()
    for key in ("Enter", "Enter", "Control+Enter"):
        page.keyboard.press(key)
    page.locator(".sfx-form h3").click()
    for key in ("Enter", " ", "r", "e", "1"):
        page.keyboard.press(key)
    assert connection.kinds("run") == [], "no stray key runs anything"
    assert len(ws.runs()) == 4
    button(form).click()
    form.get_by_text("1 run started").wait_for()
    assert button(form).is_disabled(), "a second click pays for nothing"
    connection.ended()
    form.get_by_text("1 of 1 picture").wait_for()
    assert form.locator("figure").count() == 2, "the new picture stands beside the old one"
    assert "lora_strength 0.7, animal fox" in form.locator("figcaption").nth(1).inner_text().replace(
        "finetune_id", ""
    )
    (new,) = [run for run in ws.runs() if run.lora_strength == 0.7]
    assert (new.status, new.prompt, new.steps) == ("completed", "TOK fox", 10)
    page.keyboard.press("Escape")
    assert page.locator(".sfx-top").all_inner_texts() == ["0.5", "0.7", "1.0"], "and in the grid"
    assert page.locator(".sfx-tile").count() == 5
    assert connection.gallery._frame["finetune_id_label"].tolist() == ["1200 steps"] * 5, "labels are kept"


def test_several_values_and_another_prompt_are_run_too(ws, opened):
    connection, form = opened()
    form.get_by_label("steps").fill("11, 12")
    form.get_by_label("prompt").fill("TOK {cat} at dawn")
    form.get_by_role("button", name="Make 2 runs, free on the simulator").click()
    form.get_by_text("2 runs started").wait_for()
    connection.ended()
    form.get_by_text("2 of 2 pictures").wait_for()
    assert {(run.prompt, run.steps) for run in ws.runs() if run.steps > 10} == {
        ("TOK {cat} at dawn", 11),
        ("TOK {cat} at dawn", 12),
    }


def test_what_is_wrong_stands_at_its_field_and_what_is_logged_costs_nothing(opened):
    connection, form = opened()
    form.get_by_label("steps").fill("0")
    wrong = form.locator(".sfx-wrong", has_text="steps")
    wrong.wait_for()
    assert form.get_by_label("steps").get_attribute("aria-invalid") == "true"
    assert button(form).is_disabled()
    form.get_by_label("steps").fill("10")
    form.get_by_text("Change a parameter to see the price").wait_for()
    form.get_by_label("lora_strength").fill("1.0")
    form.get_by_role("button", name="Show 1 run, nothing to pay").wait_for()
    form.get_by_label("steps").fill("1-100")
    form.get_by_label("seed").fill("1, 2")
    form.get_by_text("This form starts at most").or_(form.get_by_text("this form starts at most")).wait_for()
    assert button(form).is_disabled()
    assert connection.kinds("run") == []


class Priced:
    """A launcher of the simulator that names the prices of the hosted service.

    Parameters
    ----------
    launcher:
        The launcher.
    """

    def __init__(self, launcher):
        self._launcher, self.max_costs = launcher, []
        self.submits, self.model_of = True, launcher.model_of

    def plan(self, sweep):
        return replace(self._launcher.plan(sweep), service="segmind", cost=0.02 * len(sweep))

    def start(self, sweep, **options):
        self.max_costs.append(options["max_cost"])
        return self._launcher.start(sweep, **options)


def test_the_button_names_the_price_and_max_cost_holds_for_all_runs_of_a_gallery(ws, opened):
    connection, form = opened(max_cost=0.05)
    launcher = connection.gallery._runner.launcher = Priced(ws._launcher)
    for steps, left in ((11, 0.05), (12, 0.03)):
        form.get_by_label("steps").fill(str(steps))
        form.get_by_role("button", name="Make 1 run for about $0.0200").click()
        form.get_by_text("1 run started").wait_for()
        connection.ended()
        form.get_by_text("1 of 1 picture").wait_for()
        assert launcher.max_costs[-1] == pytest.approx(left)
    form.get_by_label("steps").fill("13")
    form.get_by_text("This costs about $0.0200, and $0.0100 of max_cost is left").wait_for()
    assert button(form).is_disabled()
    connection.gallery._answer(connection.gallery, {"kind": "run", "offer": 2}, [])
    connection.deliver()
    assert "This price is not valid any more" in connection.page.locator(".sfx-status").inner_text()
    assert len(ws.runs()) == 6


def test_it_is_off_in_a_bundle(ws, living, tmp_path):
    ws.run(SWEEP).bundle(tmp_path / "study.sfx")
    with sf.Workspace(tmp_path / "study.sfx") as replayed:
        connection = living(replayed.runs().gallery())
        page = connection.page
        tile(page, 0).click()
        page.keyboard.press("e")
        assert "not in a saved page or a bundle" in page.locator(".sfx-status").inner_text()
        page.keyboard.press("n")
        assert page.get_by_role("button", name="Run with other parameters").count() == 0
        page.keyboard.press("Escape")
        connection.gallery._answer(
            connection.gallery, {"kind": "price", "id": 1, "at": 0, "fields": {"steps": "9"}}, []
        )
        assert connection._answers[-1][1]["text"] == "Nothing can be run from here"


def test_the_form_has_no_complaints_and_waits_without_motion_where_none_is_wanted(opened, complaints):
    connection, form = opened()
    page = connection.page
    form.get_by_label("lora_strength").fill("0.7")
    form.get_by_role("button", name="Make 1 run").wait_for()
    found = complaints()
    form.get_by_label("steps").fill("0")
    form.locator(".sfx-wrong", has_text="steps").wait_for()
    found += complaints()
    assert found == []
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("document.querySelector('.sfx-pair').lastElementChild.classList.add('sfx-waiting')")
    assert page.locator(".sfx-empty").evaluate("one => getComputedStyle(one).animationName") == "none"


def test_the_keyboard_alone_runs_a_picture(ws, opened):
    connection, form = opened()
    page = connection.page
    assert page.evaluate("document.activeElement.closest('label').textContent").startswith("lora_strength")
    page.keyboard.press("Control+a")
    page.keyboard.type("0.8")
    form.get_by_role("button", name="Make 1 run").wait_for()
    while page.evaluate("!document.activeElement.matches('.sfx-run')"):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    form.get_by_text("1 run started").wait_for()
    connection.ended()
    form.get_by_text("1 of 1 picture").wait_for()
    assert 0.8 in {run.lora_strength for run in ws.runs()}
