"""The sweep builder in a real JupyterLab."""

CELLS = [
    """import segflux_nb as sf
ws = sf.Workspace("built", service=sf.Simulator(time_scale=0.005))
builder = ws.builder()
print("ready")""",
    "builder",
    "print('kept', sorted(ws.runs(builder.sweep).counts.items()), list(builder.sweep.axes))",
]


def test_the_builder_runs_a_sweep_and_opens_its_gallery(open_notebook):
    notebook = open_notebook(CELLS, "builder.ipynb")
    notebook.says(0, "ready", timeout=60_000)
    notebook.run(1)
    page = notebook.page
    page.get_by_label("prompt", exact=True).fill("TOK {animal} at dawn", timeout=30_000)
    page.get_by_label("finetune_id").fill("a")
    page.get_by_label("animal", exact=True).fill("fox\nowl")
    page.get_by_label("seed").fill("1, 2")
    page.get_by_label("steps").fill("0-")
    page.get_by_text("not a number and not a range").wait_for()
    run = notebook.cell(1).locator("button", has_text="Run")
    assert run.is_disabled()
    page.get_by_label("steps").fill("4")
    page.get_by_text("4 runs: 4 to submit").wait_for()
    assert "animal=['fox', 'owl']" in notebook.cell(1).locator("pre").last.inner_text()
    run.click()
    page.locator(".sfx-live .sfx-cell img").nth(3).wait_for(timeout=30_000)
    page.get_by_role("button", name="Open the gallery").click()
    page.locator(".sfx-gallery").scroll_into_view_if_needed()
    page.locator(".sfx-gallery .sfx-tile img[src]").nth(3).wait_for(timeout=20_000)
    assert page.locator(".jp-Notebook .jp-Cell").count() == 3, "typing and clicking changed no cell"
    notebook.says(2, "kept [('completed', 4)] ['seed', 'animal']")
