"""The pictures of docs/gallery.md: each widget light and dark, wide and narrow, without a label that is cut off.

SCREENSHOTS=FOLDER keeps them (`make screenshots`).
"""

import io
import os
import re
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.widgets.gallery import Gallery
from segflux_nb.widgets.live_view import LiveView
from tests.browser.test_live import TRAITS, tell
from tools.draw_sheets import frame

PAGE = Path(__file__).parents[2] / "docs" / "gallery.md"
STATES = ("gallery", "cell", "filters", "search", "compare", "run")
NAMES = {
    *("wide", "dark", "narrow", "picture", "slider", "loupe"),
    *(f"{state}{kind}" for state in STATES for kind in ("", "-dark", "-narrow")),
    *("live", "live-start", "live-end", "live-narrow", "tuner-slider", "tuner-votes", "tuner-ranking", "tuner-dark"),
    *("builder", "builder-dark", "builder-narrow", "marimo"),
}
CUT_OFF = """root => [...root.querySelectorAll('button, label, td, th, figcaption, .sfx-status, .sfx-value, p, pre')]
  .filter(one => one.offsetParent && getComputedStyle(one).textOverflow !== 'ellipsis'
    && one.scrollWidth > one.clientWidth + 1 && one.clientWidth && getComputedStyle(one).display !== 'inline'
    && !/auto|scroll/.test(getComputedStyle(one).overflowX))
  .map(one => one.outerHTML.slice(0, 200))"""
DECODED = """[...document.images].filter(one => (one.src || one.closest('.sfx-tile')) && one.offsetParent)
  .every(one => one.complete && one.naturalWidth)"""
AT_FULL_SIZE = """part => { const all = [...document.querySelectorAll(part)].filter(one => one.offsetParent);
  return all.length && all.every(one => one.naturalWidth === 1024); }"""
LABELS_UNDER_ROWS = """[...document.querySelectorAll('.sfx-top .sfx-label span')].filter(one => {
  const box = one.getBoundingClientRect(), edge = document.querySelector('.sfx-side').getBoundingClientRect().right;
  const seen = document.elementFromPoint(Math.max(1, box.left + 1), (box.top + box.bottom) / 2);
  return box.right > 0 && box.left < edge - 1 && one.contains(seen); }).map(one => one.textContent)"""
PAINTED = "async () => { for (let n = 0; n < 2; n++) await new Promise(requestAnimationFrame); }"


def test_the_docs_show_what_is_taken_here():
    assert set(re.findall(r"\(gallery/([\w-]+)\.jpg\)", PAGE.read_text(encoding="utf-8"))) == NAMES


@pytest.fixture
def shoot():
    folder = os.environ.get("SCREENSHOTS")

    def shoot(page, name, part=None):
        assert name in NAMES
        page.wait_for_function(DECODED)  # a picture may be exchanged for a larger one meanwhile
        page.evaluate(PAINTED)
        part = part or page.locator("body")
        assert part.evaluate(CUT_OFF) == []
        box = part.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= page.viewport_size["width"] + 1, "it fits the width of the window"
        data = part.screenshot(animations="disabled")
        with Image.open(io.BytesIO(data)) as image:
            colours = image.convert("RGB").quantize(32).getcolors()
            assert len(colours) > 4
            assert max(number for number, _ in colours) < 0.97 * image.width * image.height, "it is not blank"
            if folder:
                image.convert("RGB").save(Path(folder) / f"{name}.jpg", quality=85, optimize=True)

    return shoot


def test_the_gallery(browser, shoot, tmp_path):
    table = frame(640, lora_strength=[0.4, 0.8, 1.2, 1.6], seed=[1, 2, 3], sampler_name=["euler", "dpmpp_2m"])
    table["run"] = [f"{number:012x}" for number in range(len(table))]
    table["stars"] = pd.array([None, 3, None, None, 5, 4, None, 4, *[None] * 16], dtype="Int64")
    table["pick"] = pd.array([False, None, None, None, True, *[None] * 19], dtype="boolean")
    table.loc[9, ["status", "error_kind", "error"]] = ["failed", "moderated", "Content policy"]
    table.at[9, "image"] = None
    gallery = Gallery(table, cols="lora_strength", rows="seed", by="sampler_name", title="tok-study", rater="anna")
    context = browser.new_context(viewport={"width": 1100, "height": 760})
    page = context.new_page()
    for name, theme in (("dark", "dark"), ("wide", "light")):
        page.goto(gallery.save(tmp_path / f"{theme}.html", theme=theme).as_uri())
        page.locator(".sfx-tile img[src]").first.wait_for()
        shoot(page, name)
    page.locator(".sfx-tile img[src]").nth(2).click()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.sfx-large').naturalWidth === 640")
    shoot(page, "picture")
    page.keyboard.press("Escape")
    for key in (" ", "ArrowRight", " ", "c", "s"):
        page.keyboard.press(key)
    page.wait_for_function("[...document.querySelectorAll('.sfx-over img')].every(one => one.naturalWidth === 640)")
    shoot(page, "slider")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    page.locator(".sfx-tile").nth(1).hover(position={"x": 70, "y": 80})
    page.wait_for_function(
        "[...document.querySelectorAll('.sfx-tile img')].every((one) => one.complete && one.naturalWidth === 640)"
    )
    shoot(page, "loupe")
    page.set_viewport_size({"width": 420, "height": 760})
    page.keyboard.press("z")
    assert page.evaluate(LABELS_UNDER_ROWS) == [], "they are hidden there, as their pictures are"
    shoot(page, "narrow")
    context.close()


def take(page, shoot, state):
    """Takes the gallery in the light and the dark, and 480 pixels wide.

    Parameters
    ----------
    page:
        The page.
    shoot:
        Takes one.
    state:
        What is seen.
    """
    for kind, scheme, width in (("-dark", "dark", 1100), ("-narrow", "light", 480), ("", "light", 1100)):
        page.set_viewport_size({"width": width, "height": 760})
        page.emulate_media(color_scheme=scheme)
        page.evaluate(PAINTED)
        shoot(page, f"{state}{kind}", page.locator("#root"))


def test_what_one_does_in_the_gallery(living, page, shoot, tmp_path):
    sweep = sf.Sweep(
        prompt="TOK pagoda by a lake, {time}",
        time=["at dawn", "at night"],
        finetune_id={"1200 steps": "my-finetune-id"},
        lora_strength=[0.4, 0.8, 1.2, 1.6],
        seed=[1, 2],
        sampler_name=["euler", "dpmpp_2m"],
        steps=12,
    )
    with sf.Simulator(time_scale=0.001) as simulator, sf.Workspace(tmp_path / "tok-study", service=simulator) as ws:
        runs = ws.run(sweep)
        for number, run in enumerate(runs):
            if number % 3 == 0:
                runs.mark(run, stars=2 + number % 4, note="calm water" if number % 6 == 0 else None)
        connection = living(runs.gallery(cols="lora_strength", rows="seed", by="time", rater="anna"))
        page.add_style_tag(content="html { color-scheme: light dark } body { margin: 0; background: Canvas }")
        page.set_viewport_size({"width": 1100, "height": 760})
        page.locator(".sfx-tile img[src]").nth(5).wait_for()
        take(page, shoot, "gallery")
        page.locator(".sfx-tile").nth(1).click()
        page.keyboard.press("Enter")
        take(page, shoot, "cell")
        page.keyboard.press("Escape")
        page.keyboard.press("v")
        for name in ("lora_strength", "seed", "sampler_name"):
            page.locator("summary", has_text=name).click()
        page.locator(".sfx-boxes").get_by_label("0.4").uncheck()
        page.get_by_label("Stars from").select_option("3")
        take(page, shoot, "filters")
        page.get_by_role("button", name="Clear all").click()
        page.keyboard.press("Escape")
        page.locator(".sfx-tile").nth(1).click()
        page.keyboard.press("/")
        page.keyboard.type("night water")
        take(page, shoot, "search")
        page.keyboard.press("Escape")
        page.locator(".sfx-tile").nth(1).click()
        page.keyboard.press("c")
        page.get_by_role("row", name=re.compile("difference from A – ΔE")).wait_for()
        page.wait_for_function("[...document.querySelectorAll('figure img')].every(one => one.naturalWidth === 1024)")
        take(page, shoot, "compare")
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        page.get_by_label("lora_strength", exact=False).last.fill("1.0")
        page.get_by_role("button", name="Make 1 run").click()
        page.get_by_text("1 run started").wait_for()
        connection.ended()
        page.locator("figure img").nth(1).wait_for()
        page.locator(".sfx-fields input").nth(0).fill("1.1")
        page.get_by_role("button", name="Make 1 run").wait_for()
        page.wait_for_function("[...document.querySelectorAll('figure img')].every(one => one.naturalWidth === 1024)")
        take(page, shoot, "run")


def test_the_live_view_from_its_first_seconds_to_its_end(mount, page, shoot, tmp_path):
    table = frame(256, lora_strength=[0.4, 0.8, 1.2, 1.6], seed=[1, 2, 3], sampler_name=["euler", "dpmpp_2m"])
    table["run"] = [f"{number:012x}" for number in range(len(table))]
    pictures, table["image"] = list(table["image"]), None
    table["status"] = "submitted"
    table.attrs["segflux_axes"] = ["sampler_name", "lora_strength", "seed"]
    live = LiveView(table, len(table), print)
    data = []
    for number, picture in enumerate(pictures):
        picture.convert("RGB").save(tmp_path / f"{number}.jpg")
        data.append(list((tmp_path / f"{number}.jpg").read_bytes()))
    mount(
        "live",
        {**{name: getattr(live, name) for name in TRAITS if name != "thumbs"}, "thumbs": ""},
        bytes_=["thumbs"],
    )
    page.add_style_tag(content="html { color-scheme: light dark } body { margin: 8px }")
    tell(
        page,
        "0 of 24 pictures · 24 submitted · hosted $0.00 of about $0.82",
        counts={"submitted": 24},
        statuses=["submitted"] * 24,
        times={"elapsed": 3.0, "left": 41, "first": 22},
    )
    page.locator(".sfx-times", has_text="first picture after about 22 s").wait_for()
    shoot(page, "live-start", page.locator(".sfx-live"))
    done = [number for number in range(24) if number not in (5, 9)]
    page.evaluate(
        "([at, data]) => model.tell('msg:custom', {kind: 'tiles', at}, data.map((one) => new DataView(new Uint8Array(one).buffer)))",
        [done, [data[number] for number in done]],
    )
    tell(
        page,
        "22 of 24 pictures · 2 failed · 44.1 s · hosted $0.75 of about $0.82",
        counts={"completed": 22, "failed": 2},
        statuses=["completed" if number in done else "failed" for number in range(24)],
        errors=[{"reason": "moderated: The prompt was rejected by the content policy (NSFW)", "count": 2}],
        over=True,
    )
    page.locator(".sfx-cell img").nth(21).wait_for()
    page.emulate_media(color_scheme="dark")
    shoot(page, "live-end", page.locator(".sfx-live"))
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 480, "height": 560})
    shoot(page, "live-narrow")


CELLS = [
    """import segflux_nb as sf
too_strong = {"job:failed": lambda body: body["seed"] == 3 and body["lora_strength"] == 1.6}
ws = sf.Workspace("tok-study", service=sf.Simulator(time_scale=0.06, faults=too_strong), max_in_flight=5)
sweep = sf.Sweep(
    prompt="TOK at dawn",
    finetune_id="my-finetune-id",
    seed=[1, 2, 3, 4],
    lora_strength="0.4-1.6 (+0.3)",
    steps=25,
)
print("ready")""",
    "live = ws.start(sweep)",
    """runs = live.wait()
best = sf.Simulator.truth("my-finetune-id").best
for seed in (1, 2, 3, 4):
    liked = best + (seed - 2.5) / 20
    for left in runs.where(seed=seed):
        for right in runs.where(seed=seed):
            if left.path and right.path and left.lora_strength < right.lora_strength:
                nearer = abs(left.lora_strength - liked) - abs(right.lora_strength - liked)
                runs.vote(left, right, "left" if nearer < 0 else "right", rater="demo")
print("done")""",
    "runs.tuner(rater='demo')",
    "ws.builder(sweep)",
]


def test_the_widgets_of_a_study_in_jupyterlab(open_notebook, shoot):
    notebook = open_notebook(CELLS, "study.ipynb")
    page = notebook.page
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
    notebook.says(0, "ready", timeout=60_000)
    notebook.run(1)
    page.locator(".sfx-live .sfx-cell img").nth(9).wait_for()
    shoot(page, "live", page.locator(".sfx-live"))
    notebook.says(2, "done", timeout=60_000)
    notebook.run(3)
    tuner = page.locator(".sfx-tuner")
    tuner.locator("img[src]").first.wait_for()
    page.wait_for_function(AT_FULL_SIZE, arg=".sfx-tuner img")
    shoot(page, "tuner-slider", tuner)
    page.get_by_role("tab", name="Blind votes").click()
    page.wait_for_function(
        AT_FULL_SIZE, arg=".sfx-pick img"
    )  # the thumbnails stand there until the pictures have come
    shoot(page, "tuner-votes", tuner)
    page.get_by_role("tab", name="Ranking").click()
    page.get_by_role("button", name="Propose a finer sweep").click()
    tuner.get_by_text("finer = tuner.next_sweep()").wait_for()
    for page_of_docs in (PAGE, PAGE.parents[1] / "README.md"):
        quoted = re.findall(r"best [\d.]+, [\d.]+ to [\d.]+, \d+ seeds, \d+ votes", page_of_docs.read_text("utf-8"))
        assert quoted, page_of_docs.name
        assert {tuner.get_by_text(quote, exact=True).count() for quote in quoted} == {1}, "as in the picture"
    shoot(page, "tuner-ranking", tuner)
    notebook.run(4)
    builder = notebook.cell(4).locator(".jp-OutputArea-output").first
    builder.get_by_label("finetune_id", exact=True).wait_for()
    shoot(page, "builder", builder)
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    page.wait_for_function(
        "getComputedStyle(document.querySelector('.jp-Notebook')).getPropertyValue('--jp-layout-color0').trim() !== 'white'"
    )
    shoot(page, "builder-dark", builder)
    page.set_viewport_size({"width": 480, "height": 1700})
    shoot(page, "builder-narrow", builder)
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.get_by_role("tab", name="Blind votes").click()
    page.wait_for_function(
        AT_FULL_SIZE, arg=".sfx-pick img"
    )  # the thumbnails stand there until the pictures have come
    shoot(page, "tuner-dark", tuner)
