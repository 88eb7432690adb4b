"""The live view in a real browser: its JavaScript with a fake model, and in JupyterLab."""

import base64
import io
import json
import re
import time

import pytest
from PIL import Image

from segflux_nb.widgets.live_view import LiveView
from tests.support.corpus import PAYLOADS
from tests.support.frames import frame

TRAITS = (
    *(
        "total",
        "counts",
        "line",
        "times",
        "waits",
        "errors",
        "can_stop",
        "over",
        "grid",
        "statuses",
        "more",
        "thumbs",
    ),
    *("offsets", "note"),
)


def picture(colour):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(buffer, "PNG")
    return list(buffer.getvalue())


@pytest.fixture
def shown(mount):
    def shown(table=None, total=4, on_stop=print):
        if table is None:
            table = frame(lora_strength=[0.5, 1.0], seed=[1, 2])
            table["status"], table["image"] = "planned", None
            table.attrs["segflux_axes"] = ["lora_strength", "seed"]
        live = LiveView(table if total <= 600 else None, total, on_stop)
        state = {name: getattr(live, name) for name in TRAITS}
        state["thumbs"] = base64.b64encode(live.thumbs).decode()
        return mount("live", json.loads(json.dumps(state)), bytes_=["thumbs"])

    return shown


def tell(page, line="", **traits):
    page.evaluate(
        "traits => { for (const [name, value] of Object.entries(traits)) model.set(name, value); }",
        {"line": line, **traits},
    )


def send_tiles(page, *places):
    page.evaluate(
        "([at, data]) => model.tell('msg:custom', {kind: 'tiles', at}, at.map(() => new DataView(new Uint8Array(data).buffer)))",
        [list(places), picture((200, 90, 40))],
    )


def test_the_sheet_fills_in_and_counts_show(shown):
    page = shown()
    assert page.locator("thead th").all_inner_texts() == ["0.5", "1.0"]
    tell(
        page,
        "1 of 4 pictures",
        counts={"completed": 1, "planned": 3},
        statuses=["completed", "planned", "planned", "failed"],
    )
    send_tiles(page, 0)
    page.locator(".sfx-cell img").first.wait_for()
    assert page.locator(".sfx-words").inner_text() == "1 of 4 pictures"
    assert page.locator(".sfx-cell").last.inner_text() == "✘"
    label = page.locator(".sfx-cell").first.get_attribute("aria-label")
    assert label.endswith(": completed")
    assert page.get_by_role("progressbar").get_attribute("aria-valuenow") == "1"
    assert page.locator(".sfx-progress .sfx-completed").evaluate("one => one.style.width") == "25%"


def test_what_is_in_other_hands_is_no_failure_and_a_legend_names_the_signs(shown, complaints):
    page = shown()
    counts = {"completed": 1, "by another notebook": 2, "by another sweep": 1}
    there = ["by another notebook", "by another sweep", "by another notebook", "completed"]
    tell(page, "1 of 4 pictures · 2 by another notebook", counts=counts, statuses=there)
    send_tiles(page, 3)
    page.locator(".sfx-cell img").wait_for()
    assert page.locator(".sfx-cell").all_inner_texts() == ["⇄", "⇄", "⇄", ""]
    assert page.locator(".sfx-cell").first.get_attribute("aria-label").endswith(": by another notebook")
    assert page.locator(".sfx-legend").inner_text() == "⇄ by another notebook, by another sweep"
    width = "one => one.style.width"
    assert page.locator(".sfx-progress .sfx-elsewhere").evaluate(width) == "75%"
    assert page.locator(".sfx-progress .sfx-failed").evaluate(width) == "0%"
    assert complaints() == []
    tell(
        page,
        statuses=["completed", "unknown", "failed", "completed"],
        counts={"completed": 2, "unknown": 1, "failed": 1},
    )
    page.locator(".sfx-legend", has_text="✘ failed · ? unknown").wait_for()
    send_tiles(page, 0, 1, 2)
    tell(page, "4 of 4 pictures", statuses=["completed"] * 4, counts={"completed": 4})
    page.locator(".sfx-legend").wait_for(state="hidden")


def test_the_legend_names_each_sign_once(shown):
    page = shown()
    tell(page, "0 of 4 pictures", statuses=["submitted", "processing", "failed", "refused"], counts={"submitted": 1})
    page.locator(".sfx-legend", has_text="✘ failed, refused · … submitted · ◐ processing").wait_for()
    assert sorted(page.locator(".sfx-cell").all_inner_texts()) == ["…", "◐", "✘", "✘"]


def test_what_came_before_the_view_is_asked_for(shown):
    page = shown()
    tell(page, statuses=["completed", "planned", "planned", "completed"], over=True)
    page.wait_for_function("model.sent.length > 0")
    assert page.evaluate("model.sent[0]") == {"kind": "missing", "at": [0, 3]}
    send_tiles(page, 0, 3)
    assert page.locator(".sfx-cell img").count() == 2


def test_a_large_sweep_shows_what_came_last(shown):
    page = shown(total=5000)
    for at in range(70):
        send_tiles(page, at)
    assert page.locator(".sfx-cell img").count() == 60
    assert page.locator(".sfx-cell").first.get_attribute("aria-label") == "picture 70"


def test_stop_is_said_once_and_goes_when_it_is_over(shown):
    page = shown()
    button = page.get_by_role("button", name="Stop")
    button.click()
    assert button.inner_text() == "Stopping"
    assert button.is_disabled()
    assert page.evaluate("model.sent") == [{"kind": "stop"}]
    tell(page, over=True)
    button.wait_for(state="hidden")
    page = shown(on_stop=None)
    assert page.get_by_text("interrupt the kernel to stop").is_visible()


def test_what_is_waited_for_is_said_until_it_is_over(shown):
    page = shown()
    said = page.locator(".sfx-waits")
    assert said.is_hidden()
    wait = "Submits wait for the reset of the service's rate limit until 08:00:30 UTC"
    tell(page, "1 of 4 pictures", waits=wait)
    page.get_by_text(wait).wait_for()
    assert said.get_attribute("aria-live") == "polite"
    tell(page, "2 of 4 pictures", waits="")
    said.wait_for(state="hidden")
    end = "The service takes submits again at 9:00, by its rate limit. ws.run(sweep) continues"
    tell(page, "2 of 4 pictures · stopped", waits=end, over=True)
    page.get_by_text(end).wait_for()


@pytest.mark.parametrize("total", [4, 5000])
def test_outputs_with_several_pictures_say_how_many(shown, total):
    page = shown(total=total)
    tell(page, statuses=["completed"] * 4, more={"1": "+2, 1 not served"})
    send_tiles(page, 0, 1)
    page.locator(".sfx-cell[data-more]").wait_for()
    assert page.locator(".sfx-cell[data-more]").count() == 1
    plate = "one => getComputedStyle(one, '::after').content"
    assert page.locator(".sfx-cell[data-more]").evaluate(plate) == '"+2, 1 not served"'
    assert page.locator(".sfx-cell[data-more]").get_attribute("aria-label").endswith(", +2, 1 not served")


def test_hostile_words_are_text_and_reasons_are_counted(shown):
    table = frame(prompt=PAYLOADS)
    table["status"], table["image"] = "planned", None
    page = shown(table, total=len(PAYLOADS))
    tell(page, PAYLOADS[0], errors=[{"reason": PAYLOADS[1], "count": 3}])
    page.get_by_text(f"3 × {PAYLOADS[1]}").wait_for()
    assert page.locator("#root script, #root img").count() == 0


def test_it_is_accessible_and_leaves_nothing_behind(shown, complaints):
    page = shown()
    tell(
        page,
        "1 of 4 pictures",
        statuses=["completed", "failed", "planned", "processing"],
        counts={"completed": 1},
        errors=[{"reason": "moderated: no", "count": 1}],
        waits="Submits wait for the reset of the service's rate limit until 08:00:30 UTC",
        more={"0": "+2"},
    )
    send_tiles(page, 0)
    assert complaints() == []
    page.evaluate("cleanup()")
    assert page.evaluate("model.listening()") == 0


def test_the_time_is_counted_from_the_first_second_with_a_spinner_until_the_first_picture(shown, page):
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    shown()
    tell(page, "0 of 4 pictures · 4 submitted", times={"elapsed": 0.4, "left": 44, "first": 22})
    page.clock.run_for(100)
    page.get_by_text("0 s, first picture after about 22 s").wait_for()
    assert page.locator(".sfx-spinner").is_visible()
    page.clock.run_for(3000)
    page.get_by_text("3 s, first picture after about 22 s").wait_for()
    page.clock.run_for(30_000)
    page.get_by_text("33 s, longer than the usual 22 s").wait_for()
    send_tiles(page, 0)
    tell(page, "1 of 4 pictures", times={"elapsed": 34, "left": 10, "first": None})
    page.clock.run_for(2000)
    page.get_by_text(re.compile(r"^3[56] s · about [89] s left$")).wait_for()
    assert page.locator(".sfx-spinner").is_hidden()
    tell(page, "4 of 4 pictures · 41.0 s", over=True)
    page.clock.run_for(1000)
    assert page.locator(".sfx-times").is_hidden()


@pytest.mark.parametrize("event", ["comm_live_update", ""])
def test_a_view_whose_kernel_is_gone_says_so_and_takes_it_back(shown, page, event, complaints):
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    shown(on_stop=None)
    tell(page, "1 of 4 pictures", times={"elapsed": 10, "left": 30, "first": None})
    page.clock.run_for(1000)
    assert page.get_by_text("interrupt the kernel to stop").is_visible()
    if event:
        page.evaluate("event => model.tell(event)", event)
    else:
        page.clock.run_for(60_000)
    page.get_by_role("alert").get_by_text("The kernel was restarted, or does not answer").wait_for()
    assert page.get_by_text("ws.run(sweep) continues it, and pays for nothing twice").is_visible()
    assert page.get_by_text("interrupt the kernel to stop").is_hidden()
    assert page.locator(".sfx-times").is_hidden()
    page.clock.resume()
    assert complaints() == []
    tell(page, "1 of 4 pictures", times={"elapsed": 100, "left": 30, "first": None})
    page.get_by_text("interrupt the kernel to stop").wait_for()
    assert page.get_by_text("The kernel was restarted").count() == 0


HIDE = """hidden => {
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event('visibilitychange'));
}"""
NOTIFICATIONS = """() => {
    window.told = [];
    window.Notification = class {
        constructor(title, options) { told.push([title, options.body]); }
        static permission = 'default';
        static async requestPermission() { return (Notification.permission = 'granted'); }
    };
}"""


def test_the_end_of_a_long_sweep_is_told_by_the_title_and_by_a_notification(shown, page):
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    page.add_init_script(f"({NOTIFICATIONS})()")
    shown()
    page.evaluate(NOTIFICATIONS)
    page.evaluate("document.title = 'study'")
    tell(page, "1 of 4 pictures", times={"elapsed": 31, "left": 90, "first": None})
    page.clock.run_for(1000)
    page.get_by_role("button", name="Tell me at the end").click()
    page.get_by_text("You will be told").wait_for()
    page.evaluate(HIDE, True)
    tell(page, "4 of 4 pictures · 121.0 s", over=True)
    page.clock.run_for(100)
    page.wait_for_function("document.title === '✔ 4 of 4 pictures · 121.0 s'")
    assert page.evaluate("told") == [["The sweep has ended", "4 of 4 pictures · 121.0 s"]]
    page.evaluate(HIDE, False)
    assert page.title() == "study"


@pytest.mark.parametrize(("elapsed", "hidden"), [(5, True), (300, False)])
def test_the_end_is_not_told_to_who_looks_nor_after_seconds(shown, page, elapsed, hidden):
    shown()
    page.evaluate(NOTIFICATIONS)
    page.evaluate("document.title = 'study'; Notification.permission = 'granted'")
    page.evaluate(HIDE, hidden)
    tell(page, "4 of 4 pictures", times={"elapsed": elapsed, "left": None, "first": None})
    tell(page, "4 of 4 pictures", over=True)
    assert page.title() == "study"
    assert page.evaluate("told") == []


def test_many_axes_are_one_table_whose_heads_name_all_of_them(shown, complaints):
    table = frame(finetune_id=["a", "b"], sampler_name=["euler", "heun"], lora_strength=[0.5, 1.0], seed=[1, 2, 3])
    table["status"], table["image"] = "planned", None
    table.attrs["segflux_axes"] = ["finetune_id", "sampler_name", "lora_strength", "seed"]
    page = shown(table, total=24)
    assert page.locator("table").count() == 1
    assert page.locator(".sfx-cell").count() == 24
    heads = page.locator("thead tr").first.locator("th")
    spans = heads.evaluate_all("all => all.map(one => one.colSpan)")
    assert sum(spans) == page.locator("tbody tr").first.locator("td").count()
    for text in ("a", "b", "euler", "heun", "0.5", "1.0", "1", "2", "3"):
        assert page.locator("th", has_text=re.compile(f"^{re.escape(text)}$")).count()
    label = page.locator(".sfx-cell").first.get_attribute("aria-label")
    assert all(name in label for name in ("finetune_id a", "sampler_name euler", "lora_strength 0.5", "seed 1"))
    assert complaints() == []


FILLING = [
    """import segflux_nb as sf
ws = sf.Workspace("filling", service=sf.Simulator(time_scale=0.02, faults={"job:failed": lambda body: body["seed"] == 3}))
sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2, 3], lora_strength=[0.5, 1.0], steps=4)
print("ready")""",
    "runs = ws.run(sweep)",
    "print('kept', sorted(runs.counts.items()))",
]


def test_in_jupyterlab_the_sheet_fills_in_while_the_cell_runs(open_notebook):
    notebook = open_notebook(FILLING, "filling.ipynb")
    notebook.says(0, "ready", timeout=60_000)
    notebook.run(1)
    page = notebook.page
    page.locator(".sfx-live .sfx-cell img").nth(3).wait_for(timeout=30_000)
    page.locator(".sfx-words", has_text="4 of 6 pictures · 2 failed").wait_for()
    assert "hosted $" in page.locator(".sfx-words").inner_text()
    page.locator(".sfx-errors li", has_text="2 × ").wait_for()
    notebook.says(2, "kept [('completed', 4), ('failed', 2)]")


CELLS = [
    """import segflux_nb as sf
simulator = sf.Simulator(time_scale=0.05, paint=False)
ws = sf.Workspace("stopped", service=simulator, max_in_flight=4)
live = ws.start(sf.Sweep(prompt="TOK", finetune_id="a", seed=range(200)))""",
    """runs = live.wait()
submits = simulator.ledger.submits
done = sum(run.status == "completed" for run in runs)
print("stopped" if "as you asked" in runs.stopped else runs.stopped, submits < 200, done == submits)
print("last", max(entry.submitted_at for entry in simulator.ledger.entries()))""",
]


def test_the_stop_button_works_while_a_sweep_runs(open_notebook):
    notebook = open_notebook(CELLS, "stop.ipynb")
    notebook.run(0)
    button = notebook.page.get_by_role("button", name="Stop", exact=True)
    button.wait_for(timeout=60_000)
    button.click()
    clicked = time.time()
    notebook.says(1, "stopped True True")
    last = re.search(r"last ([0-9.]+)", notebook.cell(1).locator(".jp-OutputArea-output").inner_text())
    assert float(last[1]) - clicked < 1, "a second after the click nothing more was submitted"
    assert notebook.page.get_by_role("button", name="Stopping").count() == 0, "it goes when the sweep has ended"
