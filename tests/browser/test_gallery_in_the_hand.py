"""What one does in the gallery: every axis in reach, search and filters, rating, comparing, copies and files.

Its Python answers what the page asks, without Jupyter.
"""

import io
import json
import re

import pandas as pd
import pytest
from PIL import Image

from segflux_nb.sheets.reading import Reader
from segflux_nb.widgets.gallery import Gallery, LogColumns
from tests.support.frames import coloured
from tests.support.gallery_notebook import painted, row, scroll, tile


def study():
    """Three strengths, two seeds, two samplers and two schedulers: of each cell, the gallery shows one of two."""
    table = coloured(
        lora_strength=[0.4, 0.8, 1.2], seed=[1, 2], sampler_name=["euler", "heun"], scheduler=["simple", "beta"]
    )
    table["run"] = [f"{number:012x}" for number in range(len(table))]
    table["prompt"] = ["TOK fox", "TOK owl"] * 12
    table["clip_score"] = [round(0.011 * (number * 7 % 24), 4) for number in range(24)]
    return table


@pytest.fixture
def shown(living):
    def shown(table=None, **options):
        table = study() if table is None else table
        options.setdefault("rater", "anna")
        return living(Gallery(table, **options))

    return shown


def status(page):
    return page.locator(".sfx-status").inner_text()


def focused(page):
    return int(page.evaluate("document.activeElement.dataset.index ?? -1"))


def rows_shown(page):
    return page.locator(".sfx-tile").evaluate_all("all => all.map(one => Number(one.dataset.index))")


def stub_clipboard(page):
    page.evaluate(
        """() => { window.copied = []; window.ClipboardItem = class { constructor(parts) { this.parts = parts; } };
        Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { copied.push(text); },
          write: async ([item]) => { copied.push((await item.parts['image/png']).type); } } }); }"""
    )


# ---------------------------------------------------------------- every axis in reach


def test_a_further_axis_is_a_chip_with_all_or_one_value_or_a_key_that_steps(shown):
    page = shown(by="sampler_name").page
    chip = page.get_by_label("Show scheduler")
    assert chip.evaluate("one => one.selectedOptions[0].text") == "all 2"
    assert "24 of 24 runs · 12 hidden: 12 behind others in their cells" in status(page)
    chip.select_option("beta")
    assert "12 of 24 runs · 12 hidden: 12 by filters" in status(page)
    assert page.locator(".sfx-enter").count() == 0, "each cell has one"
    tile(page, 0).click()
    page.keyboard.press("]")
    assert status(page).startswith("scheduler: all")
    page.keyboard.press("]")
    assert status(page).startswith("scheduler: simple")
    assert focused(page) == 0, "the other picture of the same cell has the focus now"
    page.keyboard.press("[")
    page.get_by_role("button", name="Previous scheduler").click()
    assert chip.evaluate("one => one.selectedOptions[0].text") == "beta"
    page.get_by_label("Groups").select_option("")
    assert page.get_by_label("Show sampler_name").count() == 1
    tile(page, 0).click()
    page.keyboard.press("}")
    page.keyboard.press("]")
    assert page.get_by_label("Show sampler_name").evaluate("one => one.selectedOptions[0].text") == "euler"


def test_one_steps_into_a_cell_and_out_again(shown):
    page = shown().page
    page.get_by_label("Groups").select_option("")
    assert page.locator(".sfx-enter").first.inner_text() == "+3"
    tile(page, 1).click()
    page.keyboard.press("Enter")
    assert rows_shown(page) == [8, 9, 10, 11]
    assert status(page).startswith("4 of 24 runs · 20 hidden: 20 outside this cell")
    assert page.locator(".sfx-caption").nth(1).inner_text() == "euler · beta"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert "2/4 in this cell" in page.get_by_role("dialog", name="Picture").inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    assert focused(page) == 9, "the cell shows what one looked at"
    assert page.locator(".sfx-tile").count() == 6
    page.locator(".sfx-enter").first.click()
    assert rows_shown(page) == [0, 1, 2, 3]
    page.get_by_role("button", name="Leave the cell").click()
    tile(page, 2).dblclick()
    assert rows_shown(page) == [16, 17, 18, 19]


# ---------------------------------------------------------------- search, filters, sorting


def test_search_finds_in_prompts_notes_and_all_columns_of_the_log(shown):
    table = study()
    log = table[["run"]].assign(request_id=[f"req-{number}" for number in range(24)], cost_usd=0.02)
    asked = []
    log_columns = LogColumns(["request_id", "cost_usd"], lambda: asked.append(1) or log)
    connection = shown(table, log=log_columns)
    page = connection.page
    tile(page, 0).click()
    page.keyboard.press("n")
    page.keyboard.type("bad hands")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    assert asked == [], "what is not needed is not sent"
    page.keyboard.press("/")
    page.keyboard.type("OWL 0.4")
    assert "4 of 24 runs" in status(page)
    page.keyboard.press("Control+a")
    page.keyboard.type("hands")
    assert "1 of 24 runs" in status(page)
    page.keyboard.press("Control+a")
    page.keyboard.type("req-17")
    page.wait_for_function("document.querySelector('.sfx-status').textContent.startsWith('1 of 24')")
    assert len(connection.kinds("columns")) == len(asked) == 1
    page.keyboard.press("Enter")
    assert focused(page) == 17, "the keys are at what was found"
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    assert "24 of 24 runs" in status(page)
    assert focused(page) == 17


def test_any_column_filters_numbers_by_a_range(shown):
    page = shown().page
    tile(page, 0).click()
    page.keyboard.press("v")
    panel = page.get_by_label("Filters", exact=True)
    panel.locator("summary", has_text="clip_score").click()
    panel.get_by_label("Least of clip_score").fill("0.1")
    page.keyboard.press("Tab")
    panel.get_by_label("Most of clip_score").fill("0.2")
    page.keyboard.press("Tab")
    scores = study()["clip_score"]
    expected = int(((scores >= 0.1) & (scores <= 0.2)).sum())
    assert f"{expected} of 24 runs" in status(page)
    panel.locator("summary", has_text="prompt").click()
    panel.get_by_label("TOK fox").uncheck()
    both = int(((scores >= 0.1) & (scores <= 0.2) & (study()["prompt"] == "TOK owl")).sum())
    assert f"{both} of 24 runs" in status(page)
    page.get_by_role("button", name="Show prompt TOK fox again").click()
    assert panel.get_by_label("TOK fox").is_checked()
    assert page.locator(".sfx-badge").inner_text() == "1"
    panel.get_by_role("button", name="Clear all").click()
    assert panel.get_by_label("Least of clip_score").input_value() == ""
    page.keyboard.press("Escape")
    assert panel.is_hidden()
    assert page.evaluate("document.activeElement.matches('.sfx-tile')"), "back where one was"


def test_rows_are_sorted_by_any_column_of_frame_and_log_both_ways(shown):
    table = study()
    log = table[["run"]].assign(cost_usd=[(number * 5 % 24) / 1000 for number in range(24)])
    page = shown(table, log=LogColumns(["cost_usd"], lambda: log)).page
    page.get_by_label("Columns").select_option("")
    page.get_by_label("Rows").select_option("")
    page.get_by_label("Groups").select_option("")
    page.get_by_label("Sort").select_option("clip_score")
    best = [int(at) for at in table["clip_score"].sort_values(kind="stable").index]
    assert rows_shown(page)[:10] == best[:10]
    page.get_by_role("button", name="Smallest first").click()
    assert rows_shown(page)[:10] == best[::-1][:10]
    page.get_by_label("Sort").select_option("cost_usd")
    dearest = [int(at) for at in log["cost_usd"].sort_values(ascending=False).index]
    page.wait_for_function(f"document.querySelector('.sfx-tile').dataset.index === '{dearest[0]}'")
    assert rows_shown(page)[:10] == dearest[:10]


# ---------------------------------------------------------------- size and keys


def test_w_fits_all_columns_to_the_width(shown):
    page = shown(coloured(lora_strength=[number / 10 for number in range(14)], seed=[1, 2])).page
    area = page.locator(".sfx-area")
    overflows = "one => one.scrollWidth > one.clientWidth"
    assert area.evaluate(overflows)
    tile(page, 0).click()
    page.keyboard.press("w")
    assert not area.evaluate(overflows)
    assert page.locator(".sfx-tile").count() == 28
    page.set_viewport_size({"width": 700, "height": 760})
    page.wait_for_function("document.querySelector('.sfx-area').clientWidth < 700")
    page.wait_for_function("(one => one.scrollWidth <= one.clientWidth)(document.querySelector('.sfx-area'))")
    page.keyboard.press("w")
    assert area.evaluate(overflows)


def test_home_end_and_pages_stay_inside(shown):
    page = shown(coloured(seed=range(400))).page
    page.evaluate("document.body.style.height = '4000px'")
    page.evaluate("window.leaked = []; document.addEventListener('keydown', (event) => leaked.push(event.key))")
    tile(page, 2).click()
    seen = []
    for key in ("End", "Home", "Home", "PageDown", "PageUp", "End", "End", "PageDown"):
        page.keyboard.press(key)
        seen.append(focused(page))
    assert seen[1:3] == [0, 0]
    assert seen[0] > 2
    assert seen[3] > 2 * seen[0], "several lines"
    assert seen[4] == 0
    assert seen[6:] == [399, 399]
    assert page.evaluate("[leaked.length, scrollY]") == [0, 0]
    page.get_by_role("button", name="Fit").focus()
    page.keyboard.press("Home")
    assert page.evaluate("scrollY") == 0


def test_the_focus_stays_when_its_picture_is_scrolled_out_of_view(shown):
    page = shown(coloured(seed=range(400))).page
    tile(page, 3).click()
    scroll(page, 1e6)
    row(page, 399).wait_for()
    assert focused(page) == 3
    page.evaluate("window.leaked = []; document.addEventListener('keydown', (event) => leaked.push(event.key))")
    page.keyboard.press("d")
    assert page.evaluate("leaked") == [], "d d would delete the notebook's cell"
    page.keyboard.press("ArrowRight")
    assert focused(page) == 4
    assert page.locator(".sfx-area").evaluate("area => area.scrollTop") == 0, "one sees it again"


def test_nothing_shows_beside_the_labels_that_stay(shown):
    page = shown(coloured(lora_strength=[number / 10 for number in range(14)], seed=range(8))).page
    page.locator(".sfx-area").evaluate("area => { area.scrollLeft = 90; area.scrollTop = 70; }")
    row(page, 8).wait_for()
    covered = """() => { const box = document.querySelector('.sfx-area').getBoundingClientRect(), found = new Set();
      for (let y = box.top + 2; y < box.bottom - 20; y += 7) for (let x = box.left + 1; x < box.left + 12; x += 3)
        if (document.elementFromPoint(x, y).closest('.sfx-tile, .sfx-top')) found.add(`${x},${y}`);
      return [...found]; }"""
    assert page.evaluate(covered) == []
    corner = page.locator(".sfx-corner").first
    assert corner.inner_text() == "seed ↓ lora_strength →"
    assert corner.evaluate("one => one.scrollWidth <= one.clientWidth && one.scrollHeight <= 32"), "in one line"


# ---------------------------------------------------------------- rating


def test_marks_and_notes_are_undone_and_done_again(shown):
    connection = shown()
    page = connection.page
    own = connection.gallery.marks
    tile(page, 0).click()
    for key in ("3", "5", "p"):
        page.keyboard.press(key)
    page.keyboard.press("n")
    page.keyboard.type("crisp")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.locator(".sfx-marks", has_text="✔ ★★★★★ ✎").wait_for()
    for text in ("✔ ★★★★★", "★★★★★", "★★★", ""):
        page.keyboard.press("u")
        page.wait_for_function("text => document.querySelector('.sfx-marks').textContent === text", arg=text)
    assert own["anna"] == {"stars": {}, "pick": {}, "note": {}}
    page.keyboard.press("u")
    assert "There is nothing to undo" in status(page)
    for _ in range(4):
        page.keyboard.press("U")
    page.locator(".sfx-marks", has_text="✔ ★★★★★ ✎").wait_for()
    assert own["anna"] == {"stars": {"0": 5}, "pick": {"0": True}, "note": {"0": "crisp"}}
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelector('.sfx-marks').textContent === '✔ ★★★★★'")


def test_marks_that_are_made_and_undone_faster_than_the_answers_come(shown):
    connection = shown()
    page = connection.page
    page.evaluate(
        """() => { const send = model.send; window.held = [];
        model.send = (message) => held.push(() => send(message));
        window.release = async () => { while (held.length) await held.shift()(); }; }"""
    )
    tile(page, 0).click()
    for key in ("3", "5", "p", "n"):
        page.keyboard.press(key)
    page.keyboard.type("cri")
    page.evaluate("release()")
    page.keyboard.type("sp")
    page.keyboard.press("Enter")
    for key in ("Escape", "u", "u", "u"):
        page.keyboard.press(key)
    page.evaluate("release()")
    page.wait_for_function("document.querySelector('.sfx-marks').textContent === '★★★'")
    for _ in range(3):
        page.keyboard.press("U")
    page.evaluate("release()")
    page.locator(".sfx-marks", has_text="✔ ★★★★★ ✎").wait_for()
    assert connection.gallery.marks["anna"] == {"stars": {"0": 5}, "pick": {"0": True}, "note": {"0": "crisp"}}


def test_a_whole_row_or_column_is_rated_and_undone_in_one_step(shown):
    connection = shown(by="sampler_name")
    page, marks = connection.page, connection.gallery.marks
    tile(page, 0).click()
    page.keyboard.press("r")
    assert "for all pictures that this row shows" in status(page)
    page.keyboard.press("4")
    page.get_by_text("3 pictures marked").wait_for()
    assert marks["anna"]["stars"] == {"0": 4, "8": 4, "16": 4}, "the pictures that one sees, and no other"
    page.keyboard.press("R")
    page.keyboard.press("x")
    page.get_by_text("2 pictures marked").wait_for()
    assert marks["anna"]["pick"] == {"0": False, "4": False}
    page.keyboard.press("u")
    page.get_by_text("Undone: 2 pictures").wait_for()
    page.keyboard.press("r")
    page.keyboard.press("Escape")
    page.keyboard.press("1")
    page.wait_for_function("model.sent.length === 4")
    assert connection.kinds("mark")[-1]["changes"] == [{"at": [0], "mark": {"stars": 1}}]
    page.get_by_role("button", name="lora_strength 0.8: menu").first.click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_text("4 pictures marked").wait_for()
    assert {row: stars for row, stars in marks["anna"]["stars"].items() if stars == 5} == dict.fromkeys(
        ("8", "10", "12", "14"), 5
    )


def test_stars_of_several_raters_are_kept_apart_and_their_mean_is_shown(shown):
    connection = shown()
    page = connection.page
    tile(page, 0).click()
    page.keyboard.press("4")
    page.get_by_label("Rater").fill("ben")
    page.keyboard.press("Enter")
    page.locator(".sfx-marks", has_text="Ø 4 (1)").wait_for()
    assert focused(page) == 0
    page.keyboard.press("1")
    page.locator(".sfx-marks", has_text="★ Ø 2.5 (2)").wait_for()
    assert {rater: one["stars"] for rater, one in connection.gallery.marks.items()} == {
        "anna": {"0": 4},
        "ben": {"0": 1},
    }
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Picture")
    assert "All raters: Ø 2.5 (2)\nanna ★★★★" in dialog.inner_text()
    page.keyboard.press("Escape")


def test_one_star_is_one_message_and_draws_one_tile(shown):
    connection = shown(coloured(seed=range(300)).assign(stars=[number % 6 for number in range(300)]))
    page = connection.page
    tile(page, 1).click()
    page.evaluate(
        """() => { window.changed = new Set(); new MutationObserver((all) => all.forEach(({ target }) => {
        const tile = (target.closest ? target : target.parentElement).closest('.sfx-tile');
        if (tile) changed.add(tile.dataset.index); })).observe(document.querySelector('.sfx-area'),
          { subtree: true, childList: true, characterData: true, attributes: true }); }"""
    )
    page.keyboard.press("5")
    page.wait_for_function("document.querySelectorAll('.sfx-marks')[1].textContent === '★★★★★'")
    assert page.evaluate("[...changed]") == ["1"]
    assert [message["kind"] for message in connection.asked if message["kind"] != "view"] == ["mark"]


# ---------------------------------------------------------------- comparing, copying, saving


def test_a_comparison_has_the_sheets_number_a_table_of_what_differs_and_flips(shown, tmp_path):
    table = painted(tmp_path)
    page = shown(table).page
    tile(page, 0).click()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Comparison")
    expected = f"ΔE {Reader().difference(*table['image']):.1f}"
    dialog.get_by_role("row", name=f"difference from A – {expected}").wait_for()
    assert dialog.get_by_role("row", name="lora_strength 0.4 1.6").count() == 1
    assert dialog.get_by_role("row", name="seed").count() == 0, "what is the same is not in the table"
    title = dialog.locator("h3")
    assert title.inner_text() == "2 pictures compared"
    assert title.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") < 18, "in proportion"
    seen = []
    for _ in range(3):
        page.keyboard.press(" ")
        seen.append(dialog.locator("figcaption").inner_text()[:1])
    assert seen == ["B", "A", "B"], "one key flips, from any view"


def test_picture_parameters_python_and_toml_are_copied(shown, tmp_path):
    import segflux_nb as sf

    table = study().assign(finetune_id="my-id", steps=20)
    page = shown(table).page
    stub_clipboard(page)
    tile(page, 0).click()
    page.keyboard.press("y")
    dialog = page.get_by_role("dialog", name="Picture")
    page.wait_for_function("document.querySelector('.sfx-large').naturalWidth > 0")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Copy picture"
    for what in ("picture", "parameters", "Python", "TOML"):
        dialog.get_by_role("button", name=f"Copy {what}").click()
        dialog.get_by_role("button", name=f"Copy {what}").get_by_text("copied").wait_for()
    picture, parameters, python, toml = page.evaluate("copied")
    assert picture == "image/png"
    assert json.loads(parameters)["prompt"] == "TOK fox"
    assert python == "runs.one(lora_strength=0.4, seed=1, sampler_name='euler', scheduler='simple')"
    (tmp_path / "one.toml").write_text(toml)
    (cell,) = sf.Sweep.from_toml(tmp_path / "one.toml")
    assert (cell.prompt, cell.steps, cell.scheduler, cell.lora_strength) == ("TOK fox", 20, "simple", 0.4)


def test_the_code_fits_a_frame_that_is_not_ours(shown):
    table = pd.DataFrame({"cfg": [3, 5], "image": study()["image"][:2]}, index=["a", "b"])
    page = shown(table).page
    tile(page, 1).click()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Picture")
    assert dialog.locator("pre").inner_text() == "frame.loc['b']"
    assert dialog.get_by_role("button", name="Copy TOML").count() == 0
    assert dialog.get_by_role("button", name="Run with").count() == 0


def test_what_is_shown_is_saved_as_a_sheet_or_as_one_html_file(shown, page, tmp_path):
    shown(by="sampler_name")
    page.get_by_label("Show scheduler").select_option("beta")
    saved = {}
    for what in ("Contact sheet of 12 runs", "One HTML file of 12 runs"):
        page.get_by_role("button", name="Save").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=what).click()
        saved[download.value.suggested_filename] = download.value.path().read_bytes()
    assert list(saved) == ["sheet.png", "gallery.html"]
    with Image.open(io.BytesIO(saved["sheet.png"])) as image:
        assert image.width > 300
    (tmp_path / "gallery.html").write_bytes(saved["gallery.html"])
    page.goto((tmp_path / "gallery.html").as_uri())
    page.locator(".sfx-tile img[src]").first.wait_for()
    assert status(page).startswith("12 of 12 runs · 0 hidden")
    tile(page, 0).click()
    page.keyboard.press("e")
    assert "not in a saved page" in status(page)
    page.keyboard.press("5")
    page.get_by_role("button", name="Save").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="This page with its marks").click()
    (tmp_path / "again.html").write_bytes(download.value.path().read_bytes())
    page.goto((tmp_path / "again.html").as_uri())
    page.locator(".sfx-tile img[src]").first.wait_for()
    assert page.locator(".sfx-marks").first.inner_text() == "★★★★★"
    assert page.locator(".sfx-tools").count() == 1


# ---------------------------------------------------------------- for everybody


def test_panels_menus_and_cells_have_no_complaints_wide_and_narrow(shown, complaints):
    page = shown(by="sampler_name").page
    found = []
    tile(page, 0).click()
    page.keyboard.press("v")
    for name in ("clip_score", "prompt"):
        page.locator("summary", has_text=name).click()
    found += complaints()
    page.set_viewport_size({"width": 480, "height": 760})
    found += complaints()
    page.get_by_role("button", name="Close the filters").click()
    page.get_by_role("button", name=re.compile("seed 1: menu")).first.click()
    found += complaints()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "sfx-label", "the menu gives the focus back"
    tile(page, 0).click()
    page.keyboard.press("Enter")
    found += complaints()
    assert found == []
