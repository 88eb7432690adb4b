"""How long it takes until 2,000 pictures show in JupyterLab: in the gallery, and in ipywidgets' GridBox.

The time goes from running the cell until the visible pictures are decoded. The packages of both are imported before.
The size of each saved notebook is printed too.

Run with: python benchmarks/gallery.py     (needs Chromium)
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, TimeoutError, sync_playwright

from tests.support.lab import CHROMIUM, OPTIONS, Notebook, jupyterlab, write_notebook

NUMBER = 2000
SETUP = f"""
import io, ipywidgets, pandas as pd
from pathlib import Path
from random import Random
from PIL import Image
import segflux_nb.widgets.gallery
folder = Path("pictures")
folder.mkdir(exist_ok=True)
paths = []
for number in range({NUMBER}):
    image = Image.frombytes("RGB", (8, 8), Random(number).randbytes(192)).resize((256, 256))
    paths.append(folder / f"{{number}}.jpg")
    image.save(paths[-1], quality=80)
frame = pd.DataFrame({{"seed": range({NUMBER}), "image": [str(path) for path in paths]}})
thumbnails = [path.read_bytes() for path in paths]
print("ready")
"""
GALLERY = "frame.pictures.gallery()"
GRIDBOX = """ipywidgets.GridBox(
    [ipywidgets.Image(value=data, format="jpeg", width=128) for data in thumbnails],
    layout=ipywidgets.Layout(grid_template_columns="repeat(auto-fill, 132px)"),
)"""
DECODED = """(selector) => { const all = [...document.querySelectorAll(selector)].filter((image) => {
    const box = image.getBoundingClientRect(); return box.width && box.top < innerHeight && box.bottom > 0; });
  return all.length > 5 && all.every((image) => image.complete && image.naturalWidth); }"""

ATTEMPTS = 5
LONGEST = 40  # seconds


def seconds(browser: Browser, lab: Any, path: Path, cell: str, selector: str) -> float:
    """The time from running a cell until its visible pictures are decoded. The notebook is saved afterwards.

    Parameters
    ----------
    browser:
        The browser.
    lab:
        Address, token and folder of a JupyterLab.
    path:
        The notebook's file.
    cell:
        The code that shows the pictures.
    selector:
        Finds the pictures in the page.
    """
    write_notebook([SETUP, cell], path)
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = context.new_page()
        notebook = Notebook.opened(page, lab, path.name)
        notebook.says(0, "ready", timeout=120_000)
        page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCell.node.scrollIntoView()")
        began = time.perf_counter()
        notebook.run(1)
        try:
            page.wait_for_function(DECODED, arg=selector, timeout=LONGEST * 1000)
            taken = time.perf_counter() - began
            page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
            page.wait_for_timeout(2000)  # there is no event for the end of saving
        finally:
            page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    return taken


def main() -> None:
    if CHROMIUM is None:
        sys.exit("There is no Chromium: apt install chromium")
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        root, home = Path(name, "lab"), Path(name, "home")
        root.mkdir()
        home.mkdir()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        # Jupyter drops messages beyond 1,000 in a second, and a GridBox of 2,000 pictures sends 6,000: the limit is
        # lifted here. Some messages are lost all the same; then the GridBox never shows, and is tried again.
        with jupyterlab(root, home, "--ZMQChannelsWebsocketConnection.limit_rate=False") as lab:
            found = {}
            for title, cell, selector in (
                ("gallery", GALLERY, ".sfx-tile img"),
                ("GridBox", GRIDBOX, ".widget-gridbox img"),
            ):
                for attempt in range(1, ATTEMPTS + 1):
                    path = root / f"{title}-{attempt}.ipynb"
                    try:
                        found[title] = seconds(browser, lab, path, cell, selector)
                        break
                    except TimeoutError:
                        print(f"{title} did not show within {LONGEST} s")
                else:
                    sys.exit(f"{title} did not show {ATTEMPTS} times")
                size = path.stat().st_size
                print(f"{title:10} {found[title]:6.2f} s until visible, {size / 1000:8.1f} kB saved")
            print(f"GridBox takes {found['GridBox'] / found['gallery']:.1f} x as long")
        browser.close()


if __name__ == "__main__":
    main()
