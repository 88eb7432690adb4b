"""Takes the pictures of docs/gallery.md: the gallery in Chromium, light and dark, wide and narrow.

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
from playwright.sync_api import Page, sync_playwright

from segflux_nb.viewing.gallery import Gallery
from tools.draw_sheets import frame

TARGET = Path(__file__).parents[1] / "docs" / "gallery"


def shoot(page: Page, name: str) -> None:
    page.wait_for_timeout(400)
    page.screenshot(path=TARGET / f"{name}.png")
    with Image.open(TARGET / f"{name}.png") as image:
        image.convert("RGB").save(TARGET / f"{name}.jpg", quality=85, optimize=True)
    (TARGET / f"{name}.png").unlink()


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
        browser.close()


if __name__ == "__main__":
    main()
