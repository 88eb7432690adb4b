"""The widgets in other front ends than JupyterLab: Notebook 7, marimo, and a page with a strict policy."""

import json
import os
import socket
import sys

import pytest

from segflux_nb.notebook import _words
from segflux_nb.widgets.assets import module, style
from segflux_nb.widgets.gallery import Gallery
from tests.browser.conftest import FAKE_MODEL
from tests.browser.conftest import state_of as gallery_state
from tests.browser.test_builder import state_of
from tests.support.frames import coloured
from tests.support.gallery_notebook import CELLS, tile
from tests.support.lab import Notebook, served, write_notebook

APP = """
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import segflux_nb as sf

    ws = sf.Workspace({folder!r}, service=sf.Simulator(time_scale=0.001, credits=5))
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], lora_strength=[0.5, 1.0], steps=4)
    return mo, sf, sweep, ws


@app.cell
def _(sweep, ws):
    ws.plan(sweep)
    return


@app.cell
def _(sweep, ws):
    runs = ws.run(sweep)
    return (runs,)


@app.cell
def _(mo, runs):
    gallery = mo.ui.anywidget(runs.gallery(cols="lora_strength", rows="seed"))
    gallery
    return


@app.cell
def _(runs, sweep, ws):
    builder = ws.builder(sweep if len(runs) else None)
    builder
    return


if __name__ == "__main__":
    app.run()
"""


def test_in_notebook_7_marks_reach_the_log(lab, browser):
    _, _, root = lab
    write_notebook(CELLS, root / "seven.ipynb")
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()  # errors of Notebook's own scripts do not fail the test
    notebook = Notebook.opened(page, lab, "seven.ipynb", under="notebooks")
    notebook.says(0, "ready", timeout=60_000)
    notebook.run(1)
    page.locator(".sfx-tile img[src]").nth(3).wait_for(timeout=30_000)
    assert not notebook.cell(1).locator(".jp-RenderedImage").first.is_visible()
    tile(page, 0).click()
    for key in ("d", "d", "ArrowRight", "4"):
        page.keyboard.press(key)
    page.locator(".sfx-marks", has_text="★★★★").wait_for()
    assert page.locator(".jp-Notebook .jp-Cell").count() == 3
    notebook.says(2, "stars [4]")
    context.close()


BUILDING = [
    """import segflux_nb as sf
ws = sf.Workspace("seven-built", service=sf.Simulator(time_scale=0.005))
builder = ws.builder(sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], steps=4))
print("ready")""",
    "builder",
    "ws.plan(builder.sweep)",
]


def test_in_notebook_7_the_builder_runs_a_sweep_and_its_progress_and_plan_are_shown(lab, browser):
    _, _, root = lab
    write_notebook(BUILDING, root / "seven-built.ipynb")
    with browser.new_context(viewport={"width": 1280, "height": 1400}) as context:
        page = context.new_page()  # errors of Notebook's own scripts do not fail the test
        notebook = Notebook.opened(page, lab, "seven-built.ipynb", under="notebooks")
        notebook.says(0, "ready", timeout=60_000)
        notebook.run(1)
        page.get_by_role("button", name="Run all 2 free here").click(timeout=30_000)
        page.locator(".sfx-live .sfx-cell img").nth(1).wait_for(timeout=30_000)
        page.locator(".sfx-words", has_text="2 of 2 pictures").wait_for()
        notebook.run(2)
        notebook.cell(2).get_by_text("2 runs: 2 logged, 0 to submit").wait_for(timeout=30_000)


def test_in_marimo_all_widgets_work_and_marks_reach_the_log(browser, tmp_path):
    import segflux_nb as sf

    (tmp_path / "app.py").write_text(APP.format(folder=str(tmp_path / "study")))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # In its mode for developers it says when it listens.
    command = [sys.executable, "-m", "marimo", "-d", "run", "--headless", "--no-token", "--port", str(port), "app.py"]
    with (
        served(command, r"running on (http://\S+)", cwd=tmp_path) as base,
        browser.new_context(viewport={"width": 1000, "height": 2600}) as context,
    ):
        page = context.new_page()  # marimo's scripts look for their server while it ends
        page.goto(base)
        page.locator(".sfx-tile img[src]").nth(3).wait_for(timeout=60_000)
        tile(page, 0).click()
        for key in ("ArrowRight", "5"):
            page.keyboard.press(key)
        page.locator(".sfx-marks", has_text="★★★★★").wait_for()
        page.get_by_text("the simulated account has $5.00").wait_for()
        assert page.locator(".sfx-live .sfx-cell img").count() == 4, "the progress of ws.run"
        page.locator(".sfx-words", has_text="4 of 4 pictures").wait_for()
        page.get_by_label("seed", exact=True).fill("1-3")
        page.get_by_text("3 values: 1, 2, 3").wait_for()
        page.get_by_role("button", name="Run all 6 free here").click()
        page.locator(".sfx-builder .sfx-live .sfx-cell img").nth(5).wait_for(timeout=30_000)
        page.get_by_role("button", name="Open the gallery").click()
        page.get_by_text("write ws.runs(builder.sweep).gallery() in one").wait_for()
        assert page.get_by_text("not supported in marimo").count() == 0
        if folder := os.environ.get("SCREENSHOTS"):
            page.screenshot(path=f"{folder}/marimo.jpg", type="jpeg", quality=80, full_page=True)
    with sf.Workspace(tmp_path / "study", service="simulator") as ws:
        assert ws.runs().df["stars"].dropna().tolist() == [5]
        assert ws.runs().counts == {"completed": 6}


POLICY = "default-src 'none'; script-src 'nonce-ours' blob:; style-src 'nonce-ours'; img-src blob:; base-uri 'none'"
PAGE = """<!doctype html><title>strict</title><style nonce=ours>{css}</style><div id=root></div>
<script nonce=ours>{model}</script><script nonce=ours type=module>
document.addEventListener('securitypolicyviolation', (event) => (window.refused ??= []).push(event.violatedDirective));
const url = URL.createObjectURL(new Blob([{source}], {{ type: 'text/javascript' }}));
const {{ default: widget }} = await import(url);
const state = {state};
for (const name of ['thumbs', 'codes'])
  if (typeof state[name] === 'string') state[name] = Uint8Array.from(atob(state[name]), (char) => char.charCodeAt(0));
window.model = makeModel(state);
widget.render({{ model, el: document.getElementById('root') }});
window.isShown = true;
</script>"""


def widgets():
    import segflux_nb as sf
    from segflux_nb.widgets.builder import Builder
    from segflux_nb.widgets.live_view import LiveView
    from tests.browser.test_tuner import made, state_of_tuner
    from tests.support.frames import frame
    from tests.widgets.test_builder import Launcher

    table = frame(seed=[1, 2], lora_strength=[0.5, 1.0], steps=[10, 20])
    table["image"] = None
    live = LiveView(table, 8, print)
    names = [name for name in live.trait_names(sync=True) if not name.startswith("_")]
    names = [name for name in names if name not in ("layout", "tabbable", "tooltip", "thumbs", "comm")]
    plan = _words()(html=plan_as_html())
    builder = Builder(Launcher(), sf.Sweep(prompt="TOK", finetune_id="a", seed=range(20)))
    gallery = gallery_state(Gallery(coloured(lora_strength=[0.4, 0.8], seed=[1, 2])))
    return {
        "gallery": (module("gallery"), style("gallery"), gallery),
        "live": (module("live"), style("live"), {**{name: getattr(live, name) for name in names}, "thumbs": []}),
        "builder": (module("builder"), style("builder"), state_of(builder)),
        "tuner": (module("tuner"), style("tuner"), state_of_tuner(made())),
        "plan": (plan._esm, "", {"html": plan.html}),
    }


def plan_as_html():
    from segflux_nb.sweep.plan import PUBLISHED, make_plan
    from tests.browser.test_builder import SWEEP

    return make_plan(list(SWEEP), {}, service="segmind", rates=PUBLISHED, max_in_flight=4).html()


@pytest.mark.parametrize("name", ["gallery", "live", "builder", "tuner", "plan"])
def test_under_a_strict_content_security_policy_nothing_is_refused(page, name):
    source, css, state = widgets()[name]
    text = PAGE.format(
        css=css, model=FAKE_MODEL, source=json.dumps(source).replace("</", "<\\/"), state=json.dumps(state)
    )
    headers = {"content-security-policy": POLICY, "content-type": "text/html; charset=utf-8"}
    page.route("**/*", lambda route: route.fulfill(body=text, headers=headers))
    page.goto("http://strict.test/")
    page.wait_for_function("window.isShown")
    assert page.locator("#root > *").count()
    if name == "gallery":
        page.locator(".sfx-tile img[src]").nth(3).wait_for()
        tile(page, 0).click()
        for key in ("Enter", "Escape", " ", "ArrowRight", " ", "c", "s", "Escape", "?", "Escape", "v"):
            page.keyboard.press(key)
        page.get_by_text("Stars from").wait_for()
        assert page.locator(".sfx-tile").nth(1).bounding_box()["width"] > 100, "where things stand is not refused"
    if name == "tuner":
        page.locator("figure img[src]").first.wait_for()
        page.get_by_role("slider", name="lora_strength").press("ArrowRight")
    assert page.evaluate("window.refused ?? []") == []


STYLES = """() => [...document.querySelectorAll('#root, #root *')].map((one) => {
  const { x, y, width, height } = one.getBoundingClientRect();
  const style = getComputedStyle(one);
  const names = ['display', 'position', 'top', 'gap', 'padding', 'margin', 'overflow', 'color', 'font', 'opacity'];
  return [one.className, x, y, width, height, ...names.map((name) => style[name])].join(' | ');
})"""


@pytest.mark.parametrize("name", ["gallery", "live", "builder", "tuner"])
def test_the_style_sheets_of_other_widgets_in_the_page_change_nothing(mount, name):
    state = widgets()[name][2]
    page = mount(name, state, [one for one in ("thumbs", "codes") if isinstance(state.get(one), str)])
    if name == "gallery":
        page.locator(".sfx-tile img[src]").nth(3).wait_for()
    page.emulate_media(reduced_motion="reduce")
    page.evaluate("document.activeElement.blur()")
    alone = page.evaluate(STYLES)
    assert len(alone) > 10
    for other in ("gallery", "live", "builder", "tuner"):
        page.add_style_tag(content=style(other))
    assert page.evaluate(STYLES) == alone
