"""Takes the pictures of docs/gallery.md: the widgets in Chromium, light and dark, wide and narrow.

Run with: python tools/take_screenshots.py
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from segflux_nb.viewing.gallery import Gallery
from tests.support.lab import Notebook, jupyterlab, write_notebook
from tools.draw_sheets import frame

TARGET = Path(__file__).parents[1] / "docs" / "gallery"


CELLS = [
    """import segflux_nb as sf
too_strong = {"job:failed": lambda body: body["seed"] == 3 and body["lora_strength"] == 1.6}
ws = sf.Workspace("tok-study", service=sf.Simulator(time_scale=0.06, faults=too_strong), max_in_flight=5)
sweep = sf.Sweep(
    prompt="TOK at dawn",
    finetune_id="my-finetune-id",
    seed=[1, 2, 3, 4],
    lora_strength="0.4-2.0 (+0.4)",
    steps=12,
)
print("ready")""",
    "live = ws.start(sweep)",
    """runs = live.wait()
for seed in (1, 2, 3, 4):
    for left in runs.where(seed=seed):
        for right in runs.where(seed=seed):
            if left.path and right.path and left.lora_strength < right.lora_strength:
                nearer = abs(left.lora_strength - 1.1 - seed / 30) - abs(right.lora_strength - 1.1)
                runs.vote(left, right, "left" if nearer < 0 else "right", rater="demo")
print("done")""",
    "runs.tuner(rater='demo')",
    "ws.builder(sweep)",
]


def shoot(page: Page, name: str, part: Locator | None = None) -> None:
    page.wait_for_timeout(400)
    (part or page).screenshot(path=TARGET / f"{name}.png")
    with Image.open(TARGET / f"{name}.png") as image:
        image.convert("RGB").save(TARGET / f"{name}.jpg", quality=85, optimize=True)
    (TARGET / f"{name}.png").unlink()


def shoot_in_lab(browser: Browser, folder: Path) -> None:
    (folder / "lab").mkdir()
    with jupyterlab(folder / "lab", folder) as lab:
        write_notebook(CELLS, folder / "lab" / "widgets.ipynb")
        page = browser.new_context(viewport={"width": 1280, "height": 1400}).new_page()
        notebook = Notebook.opened(page, lab, "widgets.ipynb")
        page.evaluate("window.jupyterapp.commands.execute('application:toggle-left-area')")
        notebook.says(0, "ready", timeout=60_000)
        notebook.run(1)
        page.locator(".sfx-live .sfx-cell img").nth(9).wait_for()
        shoot(page, "live", page.locator(".sfx-live"))
        notebook.says(2, "done", timeout=60_000)
        notebook.run(3)
        tuner = page.locator(".sfx-tuner")
        tuner.wait_for()
        page.wait_for_timeout(600)
        shoot(page, "tuner-slider", tuner)
        page.get_by_role("tab", name="Blind votes").click()
        shoot(page, "tuner-votes", tuner)
        page.get_by_role("tab", name="Ranking").click()
        page.get_by_role("button", name="Propose a finer sweep").click()
        shoot(page, "tuner-ranking", tuner)
        notebook.run(4)
        page.get_by_label("finetune_id").wait_for()
        shoot(page, "builder", notebook.cell(4).locator(".jp-OutputArea-output").first)
        page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
        page.wait_for_timeout(1500)
        shoot(page, "builder-dark", notebook.cell(4).locator(".jp-OutputArea-output").first)
        page.get_by_role("tab", name="Blind votes").click()
        shoot(page, "tuner-dark", tuner)


def main() -> None:
    TARGET.mkdir(exist_ok=True)
    table = frame(640, lora_strength=[0.4, 0.8, 1.2, 1.6], seed=[1, 2, 3], sampler_name=["euler", "dpmpp_2m"])
    table["run"] = [f"{number:012x}" for number in range(len(table))]
    table["stars"] = pd.array([None, 3, None, None, 5, 4, None, 4, *[None] * 16], dtype="Int64")
    table["pick"] = pd.array([False, None, None, None, True, *[None] * 19], dtype="boolean")
    table.loc[9, ["status", "error_kind", "error"]] = ["failed", "moderated", "Content policy"]
    table.at[9, "image"] = None
    table.attrs["segflux_axes"] = ["lora_strength", "seed", "sampler_name"]
    gallery = Gallery(table, cols="lora_strength", rows="seed", by="sampler_name", title="tok-study")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = gallery.save(Path(folder) / "gallery.html", theme="light")
        dark = gallery.save(Path(folder) / "dark.html", theme="dark")
        chromium = shutil.which("chromium") or ""
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 1100, "height": 760}).new_page()
        for name, address in (("wide", path), ("dark", dark)):
            page.goto(address.as_uri())
            page.locator(".sfx-tile img[src]").first.wait_for()
            shoot(page, name)
        page.goto(path.as_uri())
        page.locator(".sfx-tile img[src]").nth(2).click()
        page.keyboard.press("Enter")
        shoot(page, "picture")
        page.keyboard.press("Escape")
        for key in (" ", "ArrowRight", " ", "c", "s"):
            page.keyboard.press(key)
        shoot(page, "slider")
        page.keyboard.press("Escape")
        page.keyboard.press("z")
        page.locator(".sfx-tile").nth(1).hover(position={"x": 70, "y": 80})
        shoot(page, "loupe")
        page.set_viewport_size({"width": 420, "height": 760})
        page.keyboard.press("z")
        shoot(page, "narrow")
        shoot_in_lab(browser, Path(folder))
        browser.close()


if __name__ == "__main__":
    main()
