"""The gallery in JupyterLab: its kernel, its notebook's keys, and the static sheet."""

import json

import pytest

from tests.support.gallery_notebook import CELLS, row, scroll, tile


@pytest.fixture(scope="module")
def in_lab(open_notebook_once):
    """A notebook with a live gallery of four runs."""
    notebook = open_notebook_once(CELLS, "marks.ipynb")
    notebook.says(0, "ready", timeout=60_000)
    notebook.run(1)
    notebook.page.locator(".sfx-tile img[src]").nth(3).wait_for(timeout=30_000)
    return notebook


def test_in_jupyterlab_thumbnails_come_when_they_are_scrolled_to(open_notebook):
    many = """import pandas as pd
from PIL import Image
import segflux_nb
pictures = [Image.new("RGB", (64, 64), (n % 256, 90, 90)) for n in range(400)]
pd.DataFrame({"seed": range(400), "image": pictures}).pictures.gallery()"""
    page = open_notebook([many], "many.ipynb").page
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
    page.locator(".sfx-tile img[src]").first.wait_for(timeout=60_000)
    assert row(page, 399).count() == 0, "it is not in view"
    scroll(page, 1e6)
    page.wait_for_function("document.querySelector('.sfx-tile[data-index=\"399\"] img')?.naturalWidth > 0")


def test_in_jupyterlab_the_static_sheet_is_hidden_while_the_gallery_lives(in_lab):
    assert not in_lab.cell(1).locator(".jp-RenderedImage").first.is_visible()


def test_in_jupyterlab_marks_reach_the_log(in_lab):
    page = in_lab.page
    tile(page, 0).click()
    for key in ("ArrowRight", "4"):
        page.keyboard.press(key)
    page.locator(".sfx-marks", has_text="★★★★").wait_for()
    in_lab.says(2, "stars [4]")


def test_in_jupyterlab_keys_do_not_reach_the_notebook(in_lab):
    page = in_lab.page
    tile(page, 0).click()
    for key in ("d", "d", "x", "m", "a", "b", "z", "z", "Enter", "Escape", "ArrowDown"):
        page.keyboard.press(key)
    assert page.locator(".jp-Notebook .jp-Cell").count() == 3, "no key cut, deleted, added or changed a cell"
    assert page.locator(".jp-MarkdownCell").count() == 0
    assert page.evaluate("document.activeElement.closest('.sfx-gallery') !== null")


def test_in_jupyterlab_it_is_pivoted(in_lab):
    page = in_lab.page
    bar = page.get_by_role("toolbar", name="Gallery")
    bar.get_by_label("Columns").select_option("seed")
    bar.get_by_label("Rows").select_option("lora_strength")
    assert page.locator(".sfx-top").all_inner_texts() == ["1", "2"]
    assert page.locator(".sfx-side").all_inner_texts() == ["0.5", "1.0"]
    page.locator(".sfx-tile img[src]").nth(3).wait_for()


def test_in_jupyterlab_two_pictures_are_compared_at_full_size(in_lab):
    page = in_lab.page
    tile(page, 0).click()
    for key in (" ", "ArrowRight", " ", "c", "s"):
        page.keyboard.press(key)
    dialog = page.get_by_role("dialog", name="Comparison")
    page.wait_for_function(
        "[...document.querySelectorAll('.sfx-over img')].map((image) => image.naturalWidth).join() === '1024,1024'",
        timeout=10_000,
    )
    slider = dialog.get_by_label("Where the pictures meet")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    style = dialog.locator(".sfx-over img").nth(1).evaluate("image => image.style.clipPath")
    assert "55%" in style
    page.keyboard.press("Escape")
    assert dialog.count() == 0


def test_an_untrusted_notebook_shows_the_static_sheet(open_notebook, lab):
    _, _, root = lab
    import nbformat
    from nbclient import NotebookClient

    source = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS[:2]])
    NotebookClient(source, resources={"metadata": {"path": str(root)}}, store_widget_state=False).execute()
    assert sum(len(json.dumps(output)) for output in source.cells[1].outputs) < 60_000
    nbformat.write(source, root / "executed.ipynb")
    notebook = open_notebook.reopen("executed.ipynb")
    notebook.cell(1).locator(".jp-RenderedImage img").first.wait_for(timeout=20_000)
    assert notebook.cell(1).locator(".jp-RenderedImage img").first.is_visible()
