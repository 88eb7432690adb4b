"""The gallery in other front ends than JupyterLab: Notebook 7 and marimo."""

import socket
import subprocess
import sys

from tests.support.gallery_notebook import CELLS, tile
from tests.support.lab import Notebook, wait_until_served, write_notebook

APP = """
import marimo

app = marimo.App()


@app.cell
def _():
    import marimo as mo
    import segflux_nb as sf

    ws = sf.Workspace({folder!r}, service=sf.Simulator(time_scale=0.001))
    sweep = sf.Sweep(prompt="TOK", finetune_id="a", seed=[1, 2], lora_strength=[0.5, 1.0], steps=4)
    runs = ws.run(sweep)
    gallery = mo.ui.anywidget(runs.gallery(cols="lora_strength", rows="seed"))
    gallery
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


def test_in_marimo_marks_reach_the_log(browser, tmp_path):
    import segflux_nb as sf

    (tmp_path / "app.py").write_text(APP.format(folder=str(tmp_path / "study")))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "marimo", "-q", "run", "--headless", "--no-token", "--port", str(port), "app.py"]
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log)
        try:
            wait_until_served(f"http://127.0.0.1:{port}/", server, tmp_path / "log")
            with browser.new_context(viewport={"width": 1000, "height": 760}) as context:
                page = context.new_page()  # marimo's scripts look for their server while it ends
                page.goto(f"http://127.0.0.1:{port}/")
                page.locator(".sfx-tile img[src]").nth(3).wait_for(timeout=60_000)
                tile(page, 0).click()
                for key in ("ArrowRight", "5"):
                    page.keyboard.press(key)
                page.locator(".sfx-marks", has_text="★★★★★").wait_for()
        finally:
            server.terminate()
            server.wait(15)
    with sf.Workspace(tmp_path / "study", service="simulator") as ws:
        assert ws.runs().df["stars"].dropna().tolist() == [5]
