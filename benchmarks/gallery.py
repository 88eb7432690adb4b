"""How fast the gallery is at 2,000 and 10,000 pictures, beside a plain page of `<img loading=lazy>` and a GridBox.

First in a page, where a stub answers in the place of a kernel after 5 ms: how long each act takes until the next
frame, and how many frames a second scrolling and the loupe have. The plain page scrolls the same pictures in the same
browser. Then in JupyterLab: how long it takes from running a cell until the visible pictures are decoded, beside
plain HTML and ipywidgets' GridBox, and how large the saved notebook is. What is not visible after a minute is cut
off, and the output says so: a GridBox of 10,000 pictures.

Run with: python benchmarks/gallery.py [--no-lab]     (needs Chromium; software drawing on a machine without a GPU)
"""

from __future__ import annotations

import base64
import io
import json
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd
from PIL import Image
from playwright.sync_api import Browser, Page, TimeoutError, sync_playwright

from segflux_nb.widgets import picture_widget
from segflux_nb.widgets.assets import module, style
from segflux_nb.widgets.gallery import TRAITS, Gallery
from tests.support.lab import CHROMIUM, OPTIONS, Notebook, jupyterlab, write_notebook

NUMBERS = (2000, 10_000)
PICTURES = 60
"""Different pictures; the rows show them again and again."""

STUB = """([source, state, small, large]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const actions = {}, thumbs = small.map(bytes), full = bytes(large);
  state.codes = bytes(state.codes); state.thumbs = bytes(state.thumbs);
  const tell = (name, ...rest) => (actions[name] || []).forEach((one) => one(...rest));
  window.counted = { thumbs: 0, mark: 0 };
  window.model = { state, tell, get: (name) => state[name], save_changes() {},
    set: (name, value) => { state[name] = value; tell('change:' + name); },
    on: (name, one) => { (actions[name] ??= []).push(one); }, off() {},
    send: (message) => setTimeout(() => {
      window.counted[message.kind] = (window.counted[message.kind] ?? 0) + 1;
      if (message.kind === 'thumbs') tell('msg:custom', { kind: 'thumbs', at: message.at },
        message.at.map((at) => new DataView(thumbs[at % thumbs.length].buffer)));
      if (message.kind === 'full') tell('msg:custom', { kind: 'full', index: message.index, mime: 'image/jpeg' },
        [new DataView(full.buffer.slice(0))]);
      if (message.kind === 'mark') tell('msg:custom', { ...message, kind: 'marked', rater: state.rater }, []);
    }, 5) };
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const el = document.getElementById('root');
  return import(url).then((all) => { window.start = () => all.default.render({ model, el }); });
}"""
HELPERS = """
window.painted = () => new Promise((done) => requestAnimationFrame(() => {
  const channel = new MessageChannel(); channel.port1.onmessage = done; channel.port2.postMessage(0); }));
window.timed = async (act) => { await painted(); const began = performance.now(); act(); await painted();
  return performance.now() - began; };
window.frames = async (number, act) => { await painted(); const began = performance.now();
  for (let n = 0; n < number; n++) { act(n); await new Promise(requestAnimationFrame); }
  return 1000 * number / (performance.now() - began); };
window.scrolled = async (area, step) => { area.scrollTop = 0; await painted();
  return await frames(90, (n) => { area.scrollTop = step * n; }); };
window.select = (label, value) => { const one = [...document.querySelectorAll('label')]
  .find((each) => each.textContent.includes(label)).querySelector('select');
  one.value = value; one.dispatchEvent(new Event('change', { bubbles: true })); };
window.press = (key) => (document.querySelector('.sfx-tile[tabindex="0"]') ?? document.querySelector('.sfx-area'))
  .dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
"""
ACTS = {
    "sort by a column": ("select('Sort', 'score')", 200),
    "filter: a search": (
        "(() => { const one = document.querySelector('.sfx-search'); one.value = '7';"
        " one.dispatchEvent(new Event('input')); })()",
        200,
    ),
    "no filter": (
        "(() => { const one = document.querySelector('.sfx-search'); one.value = '';"
        " one.dispatchEvent(new Event('input')); })()",
        200,
    ),
    "pivot: strengths as columns": ("select('Columns', 'strength')", 200),
    "pivot: a row for each seed": ("select('Rows', 'seed')", 200),
    "pivot: no columns": ("select('Columns', '')", 200),
    "pivot: no rows": ("select('Rows', '')", 200),
    "arrow key": ("press('ArrowRight')", 100),
}
AREA, PLAIN = "document.querySelector('.sfx-area')", "document.getElementById('plain')"


def frame(number: int) -> pd.DataFrame:
    """A frame of as many pictures, of a sweep of strengths and seeds, all rated."""
    random = Random(1)
    table = pd.DataFrame(
        {"seed": [row // 10 for row in range(number)], "strength": [row % 10 for row in range(number)]}
    )
    table["score"] = [round(random.random(), 4) for _ in range(number)]
    table["stars"] = [row % 6 for row in range(number)]
    table["image"] = [f"{row}.jpg" for row in range(number)]
    return table


def jpeg(seed: int, side: int) -> str:
    """A picture in base64."""
    image = Image.frombytes("RGB", (8, 8), Random(seed).randbytes(192)).resize((side, side))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=80)
    return base64.b64encode(buffer.getvalue()).decode()


def stated(number: int) -> tuple[dict[str, Any], float]:
    """What a gallery of as many pictures sends, and how many bytes of it each row takes."""
    small = base64.b64decode(jpeg(0, 256))
    given = picture_widget.thumbnails
    picture_widget.thumbnails = lambda some: (small * len(some), [len(small) * at for at in range(len(some) + 1)], {})
    try:
        gallery = Gallery(frame(number), rater="somebody")
    finally:
        picture_widget.thumbnails = given
    names = (*TRAITS, "offsets", "later", "unreadable", "form")
    state = {name: getattr(gallery, name) for name in names if name != "codes"}
    size = (len(json.dumps(state)) + len(gallery.codes)) / number
    coded = {name: base64.b64encode(getattr(gallery, name)).decode() for name in ("codes", "thumbs")}
    return {**state, **coded, "view": {"cols": "", "rows": "", "by": ""}, "can_save": True}, size


def in_a_page(page: Page, number: int) -> None:
    """Measure the gallery and a plain page of the same pictures."""
    state, size = stated(number)
    small = [jpeg(at, 256) for at in range(PICTURES)]
    page.set_content(f"<style>body {{ margin: 0 }} {style('gallery')}</style><div id=root></div>")
    page.add_script_tag(content=HELPERS)
    page.evaluate(STUB, [module("gallery"), state, small, jpeg(0, 1024)])
    print(f"\n{number:,} pictures, in a page")
    line("message, bytes a cell", size, 60)
    line("render, to the next frame, ms", page.evaluate("timed(() => start())"))
    page.locator(".sfx-tile img[src]").nth(10).wait_for()
    page.locator(".sfx-tile").first.click()
    change = "{kind: 'marked', id: 0, rater: 'somebody', changes: [{at: [0], mark: {stars: 5}}]}"
    star = f"timed(() => model.tell('msg:custom', {change}, []))"
    line("a star, all rated, ms", page.evaluate(star), 100)
    for name, (act, most) in ACTS.items():
        line(f"{name}, ms", page.evaluate(f"timed(() => {act})"), most)
    line("elements", page.evaluate("document.querySelectorAll('#root *').length"))
    height = page.evaluate(f"{AREA}.clientHeight")
    ours = [page.evaluate(f"scrolled({AREA}, {step})") for step in (60, 900)]
    page.evaluate(f"{AREA}.scrollTop = 0")
    page.evaluate(
        """() => { const size = document.querySelector('.sfx-size input'); size.value = 128;
        size.dispatchEvent(new Event('change')); press('z'); }"""
    )
    page.wait_for_function(
        "[...document.querySelectorAll('.sfx-tile img')].filter(one => one.naturalWidth === 1024).length >= 40",
        timeout=60_000,
    )
    loupe = page.evaluate(
        """() => { const frame = document.querySelector('.sfx-tile .sfx-frame');
        const box = frame.getBoundingClientRect();
        const at = (n, size) => (n % 60) / 60 * size;
        return frames(60, (n) => frame.dispatchEvent(new PointerEvent('pointermove', { bubbles: true,
          clientX: box.left + at(n, box.width), clientY: box.top + at(n * 7, box.height) }))); }"""
    )
    tiles = page.evaluate(
        """() => { const { top, bottom } = document.querySelector('.sfx-area').getBoundingClientRect();
        return [...document.querySelectorAll('.sfx-tile')].map((one) => one.getBoundingClientRect())
          .filter((box) => box.bottom > top && box.top < bottom).length; }"""
    )
    rules = f"#plain {{ height: {height}px; overflow: auto; display: flex; flex-wrap: wrap; gap: 6px }}"
    page.set_content(
        f"<style>body {{ margin: 0 }} img {{ width: 160px; height: 160px }} {rules}</style><div id=plain></div>"
    )
    page.add_script_tag(content=HELPERS)
    page.evaluate(
        """([number, small]) => { const bytes = (text) => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
          const urls = Array.from({ length: number }, (_, at) => URL.createObjectURL(new Blob(
            [bytes(small[at % small.length])], { type: 'image/jpeg' })));
          const box = document.getElementById('plain');
          const made = { loading: 'lazy', decoding: 'async' };
          box.append(...urls.map((src) => Object.assign(new Image(), { ...made, src }))); }""",
        [number, small],
    )
    page.wait_for_function("document.querySelector('img').naturalWidth")
    theirs = [page.evaluate(f"scrolled({PLAIN}, {step})") for step in (60, 900)]
    for step, own, plain in zip((60, 900), ours, theirs, strict=True):
        line(f"scrolling {step} px a frame, frames a second", own)
        line("  the same on the plain page", plain)
        line("  ratio", own / plain, -0.9)
    line(f"loupe over {tiles} tiles in view, frames a second", loupe, -20)


def line(name: str, value: float, goal: float | None = None) -> None:
    """Print a number, and whether it is within its goal.

    Parameters
    ----------
    name:
        What it is.
    value:
        The number.
    goal:
        The most that it may be; negative for the least. None for no goal.
    """
    words = ""
    if goal is not None:
        is_reached = value <= goal if goal > 0 else value >= -goal
        words = f"{'at most' if goal > 0 else 'at least'} {abs(goal):g}: {'yes' if is_reached else 'NO'}"
    print(f"{name:48} {value:10.1f}  {words}" if value >= 3 else f"{name:48} {value:10.2f}  {words}")


# ---------------------------------------------------------------- in JupyterLab

SETUP = """
import io, ipywidgets, pandas as pd
from pathlib import Path
from random import Random
from IPython.display import HTML
from PIL import Image
import segflux_nb.widgets.gallery
folder = Path("pictures")
folder.mkdir(exist_ok=True)
paths = []
for number in range({number}):
    image = Image.frombytes("RGB", (8, 8), Random(number).randbytes(192)).resize((256, 256))
    paths.append(folder / f"{{number}}.jpg")
    image.save(paths[-1], quality=80)
frame = pd.DataFrame({{"seed": range({number}), "image": [str(path) for path in paths]}})
thumbnails = [path.read_bytes() for path in paths]
print("ready")
"""
CELLS = {
    "gallery": ("frame.pictures.gallery()", ".sfx-tile img"),
    "plain HTML": (
        "HTML('<p class=plain>' + ''.join(f'<img loading=lazy width=128 src=\"{one}\">' for one in paths))",
        ".plain img",
    ),
    "GridBox": (
        """ipywidgets.GridBox(
    [ipywidgets.Image(value=data, format="jpeg", width=128) for data in thumbnails],
    layout=ipywidgets.Layout(grid_template_columns="repeat(auto-fill, 132px)"),
)""",
        ".widget-gridbox img",
    ),
}
DECODED = """(selector) => { const all = [...document.querySelectorAll(selector)].filter((image) => {
    const box = image.getBoundingClientRect(); return box.width && box.top < innerHeight && box.bottom > 0; });
  return all.length > 5 && all.every((image) => image.complete && image.naturalWidth); }"""

ATTEMPTS = 3
"""How often 2,000 pictures are tried. Of more, each way has one try."""

LONGEST = 60
"""A try is cut off after this many seconds."""

RUN = """() => { const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
  notebook.activeCellIndex = 1; app.commands.execute('notebook:run-cell'); }"""
"""Runs the second cell, and does not wait for its end."""


def seconds(browser: Browser, lab: Any, path: Path, number: int, cell: str, selector: str) -> float:
    """The time from running a cell until its visible pictures are decoded. The notebook is saved afterwards.

    Parameters
    ----------
    browser:
        The browser.
    lab:
        Address, token and folder of a JupyterLab.
    path:
        The notebook's file.
    number:
        How many pictures there are.
    cell:
        The code that shows the pictures.
    selector:
        Finds the pictures in the page.
    """
    write_notebook([SETUP.format(number=number), cell], path)
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = context.new_page()
        notebook = Notebook.opened(page, lab, path.name)
        notebook.says(0, "ready", timeout=240_000)
        page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.node.scrollIntoView()")
        began = time.perf_counter()
        page.evaluate(RUN)
        try:
            page.wait_for_function(DECODED, arg=selector, timeout=LONGEST * 1000)
            taken = time.perf_counter() - began
            page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
            page.wait_for_timeout(2000)  # there is no event for the end of saving
        finally:
            end_kernels(*lab[:2])  # by the server: a page that draws 10,000 widgets does not answer
    return taken


def end_kernels(base: str, token: str) -> None:
    """End all kernels of a JupyterLab.

    Parameters
    ----------
    base:
        Its address.
    token:
        Its token.
    """

    def asked(path: str, method: str) -> bytes:
        headers = {"Authorization": f"token {token}"}
        with urllib.request.urlopen(urllib.request.Request(base + path, method=method, headers=headers)) as answer:
            return bytes(answer.read())

    for kernel in json.loads(asked("/api/kernels", "GET")):
        asked(f"/api/kernels/{kernel['id']}", "DELETE")


def in_jupyterlab(browser: Browser, root: Path, home: Path) -> None:
    """Measure all three in JupyterLab, and print what was found."""
    # Jupyter drops messages beyond 1,000 in a second, and a GridBox of 2,000 pictures sends 6,000: the limit is
    # lifted here. Some messages are lost all the same; then the GridBox never shows, and is tried again.
    with jupyterlab(root, home, "--ZMQChannelsWebsocketConnection.limit_rate=False") as lab:
        for number in NUMBERS:
            print(f"\n{number:,} pictures, in JupyterLab")
            for title, (cell, selector) in CELLS.items():
                attempts = ATTEMPTS if number == NUMBERS[0] else 1
                for attempt in range(1, attempts + 1):
                    path = root / f"{title.split()[0]}-{number}-{attempt}.ipynb"
                    try:
                        taken = seconds(browser, lab, path, number, cell, selector)
                    except TimeoutError:
                        continue
                    size = path.stat().st_size / 1000
                    print(f"{title:10} {taken:6.2f} s until visible, {size:8.1f} kB saved", flush=True)
                    break
                else:
                    tries = "once" if attempts == 1 else f"{attempts} times"
                    print(
                        f"{title:10} not visible after {LONGEST} s, where it is cut off (tried {tries})", flush=True
                    )


def main() -> None:
    if CHROMIUM is None:
        sys.exit("There is no Chromium: apt install chromium")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        root, home = Path(name, "lab"), Path(name, "home")
        root.mkdir()
        home.mkdir()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        for number in NUMBERS:
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            in_a_page(page, number)
            page.close()
        if "--no-lab" not in sys.argv[1:]:
            in_jupyterlab(browser, root, home)
        browser.close()


if __name__ == "__main__":
    main()
