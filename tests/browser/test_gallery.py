"""The gallery's JavaScript in a real browser, with a fake model in the place of a kernel."""

import base64
from pathlib import Path

import pytest

from segflux_nb.sheets.reading import Reader
from segflux_nb.widgets.gallery import AHEAD, Gallery
from tests.browser.conftest import state_of
from tests.support.corpus import PAYLOADS
from tests.support.frames import coloured
from tests.support.gallery_notebook import compare_first_two, painted, row, scroll, tile


@pytest.fixture
def shown(mount):
    def shown(table=None, **options):
        table = coloured(lora_strength=[0.4, 0.8, 1.2], seed=[1, 2]) if table is None else table
        return mount("gallery", state_of(Gallery(table, **options)), bytes_=["thumbs", "codes"])

    return shown


def sent(page):
    return page.evaluate("model.sent")


def labels(page):
    return page.locator(".sfx-tile").evaluate_all("tiles => tiles.map(tile => tile.getAttribute('aria-label'))")


def test_it_shows_the_grid_with_thumbnails(shown):
    page = shown()
    page.locator(".sfx-tile img[src^='blob:']").nth(5).wait_for()
    assert page.locator(".sfx-top").all_inner_texts() == ["0.4", "0.8", "1.2"]
    assert page.locator(".sfx-side").all_inner_texts() == ["1", "2"]
    assert labels(page)[1] == "lora_strength 0.8, seed 1"
    assert "6 of 6 runs" in page.locator(".sfx-status").inner_text()


def test_thousands_are_drawn_lazily(shown):
    page = shown(coloured(seed=range(2000)))
    page.locator(".sfx-tile img[src]").first.wait_for()
    assert page.locator("table").count() == 0, "one long axis flows over many rows, with captions"
    assert page.locator(".sfx-caption").nth(3).inner_text() == "3"
    assert 0 < page.locator(".sfx-tile").count() < 120, "only what is in view exists"
    assert page.locator(".sfx-status").inner_text() == "2,000 of 2,000 runs · 0 hidden"


def test_columns_rows_and_groups_can_be_changed(shown):
    page = shown(coloured(lora_strength=[0.4, 0.8], seed=[1, 2], sampler_name=["euler", "heun"]))
    page.set_viewport_size({"width": 1000, "height": 1200})
    page.get_by_label("Groups").select_option("seed")
    page.get_by_label("Rows").select_option("sampler_name")
    assert page.locator("h3.sfx-title").all_inner_texts() == ["seed: 1", "seed: 2"]
    assert page.locator(".sfx-side").all_inner_texts() == ["euler", "heun"] * 2
    page.get_by_label("Columns").select_option("")
    assert page.get_by_role("table").count() == 0
    assert page.locator(".sfx-tile").count() == 8
    assert page.evaluate("model.state.view.by") == "seed", "the kernel knows"


def test_values_are_hidden_and_shown_again(shown):
    page = shown()
    page.get_by_role("button", name="lora_strength 0.8: menu").click()
    page.get_by_role("menuitem", name="Hide 0.8").click()
    assert page.locator(".sfx-top").all_inner_texts() == ["0.4", "1.2"]
    page.get_by_role("button", name="Show lora_strength 0.8 again").click()
    assert page.locator(".sfx-top").count() == 3


def test_arrows_move_and_keys_rate(shown):
    page = shown()
    tile(page, 0).click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    for key in ("4", "p", "x", "0"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.dataset.index") == "3", "seed 2, strength 0.8"
    marks = ({"stars": 4}, {"pick": True}, {"pick": False}, {"stars": 0})
    assert sent(page) == [
        {"kind": "mark", "id": number, "changes": [{"at": [3], "mark": mark}]} for number, mark in enumerate(marks, 1)
    ]
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.dataset.index") == "3", "the edge holds"


def test_marks_show_when_the_kernel_has_them_and_filter(living):
    page = living(Gallery(coloured(lora_strength=[0.4, 0.8, 1.2], seed=[1, 2]))).page
    tile(page, 0).click()
    for key in ("5", "p"):
        page.keyboard.press(key)
    page.keyboard.press("n")
    page.keyboard.type("crisp")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.locator(".sfx-marks", has_text="✔ ★★★★★ ✎").wait_for()
    assert "5 of 5 stars, picked, note: crisp" in labels(page)[0]
    page.keyboard.press("v")
    page.get_by_label("Stars from").select_option("3")
    assert page.locator(".sfx-tile").count() == 1
    page.get_by_label("Stars from").select_option("")
    page.locator(".sfx-marks-filter").get_by_label("Show").select_option("unrated")
    assert page.locator(".sfx-tile").count() == 5
    page.locator(".sfx-marks-filter").get_by_label("Show").select_option("with a note")
    assert page.locator(".sfx-tile").count() == 1
    page.get_by_role("button", name="Clear all").click()
    page.get_by_label("Sort").select_option("stars")
    assert page.locator(".sfx-tile").count() == 6


def test_a_picture_opens_large_and_the_full_one_is_fetched_once(shown):
    page = shown()
    tile(page, 0).click()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Picture")
    dialog.wait_for()
    assert "runs.one(lora_strength=0.4, seed=1)" in dialog.inner_text()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert [m["index"] for m in sent(page) if m["kind"] == "full"] == [0, 2]
    page.evaluate(
        "model.tell('msg:custom', {kind: 'full', index: 0, mime: 'image/jpeg'}, [new DataView(new ArrayBuffer(8), 2, 4)])"
    )
    page.wait_for_function("document.querySelector('.sfx-large').src.startsWith('blob:')")
    page.keyboard.press("n")
    page.keyboard.type("nice 5x")
    page.keyboard.press("Enter")
    assert sent(page)[-1]["changes"][0]["mark"] == {"note": "nice 5x"}, "keys in a field are its own"
    page.keyboard.press("3")
    assert sent(page)[-1]["changes"][0]["mark"] == {"stars": 3}
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert page.evaluate("document.activeElement.dataset.index") == "0", "the focus comes back"


def test_comparing(shown):
    page = shown()
    tile(page, 0).click()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    assert "2 chosen" in page.locator(".sfx-status").inner_text()
    page.keyboard.press("c")
    dialog = page.get_by_role("dialog", name="Comparison")
    assert dialog.locator("figure").count() == 2
    page.keyboard.press("s")
    slider = dialog.get_by_label("Where the pictures meet")
    slider.fill("20")
    assert dialog.locator(".sfx-over img").nth(1).evaluate("image => image.style.clipPath").startswith("inset(0")
    assert "20%" in dialog.locator(".sfx-over img").nth(1).evaluate("image => image.style.clipPath")
    page.keyboard.press("f")
    before = dialog.locator("figcaption").inner_text()
    page.keyboard.press(" ")
    assert dialog.locator("figcaption").inner_text() != before
    page.keyboard.press("d")
    for message in sent(page):
        if message["kind"] == "full":
            page.evaluate(
                """index => { const o = model.state.offsets, t = model.state.thumbs.slice(o[index], o[index + 1]);
                model.tell('msg:custom', {kind: 'full', index, mime: 'image/jpeg'}, [new DataView(t.buffer)]); }""",
                message["index"],
            )
    dialog.get_by_text("mean difference").wait_for()


def give_pictures(page, paths):
    """Answers what is asked of pictures with the bytes of their files."""
    for message in sent(page):
        if message["kind"] == "full":
            page.evaluate(
                """([index, data]) => model.tell('msg:custom', {kind: 'full', index, mime: 'image/jpeg'},
                [new DataView(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)).buffer)])""",
                [message["index"], base64.b64encode(Path(paths[message["index"]]).read_bytes()).decode()],
            )


def test_the_browsers_difference_is_close_to_pythons_which_takes_its_place(shown, tmp_path):
    table = painted(tmp_path)
    paths = table["image"].tolist()
    python = Reader().difference(*paths)
    assert python > 2, "they differ"
    page = shown(table)
    caption = compare_first_two(page, "d")
    assert {"kind": "difference", "pair": [0, 1]} in sent(page)
    give_pictures(page, paths)
    caption.get_by_text("mean difference ΔE").wait_for()
    assert float(caption.inner_text().removeprefix("mean difference ΔE ")) == pytest.approx(python, abs=0.3)
    page.evaluate("model.set('differences', { '0-1': 99.94 })")
    assert caption.inner_text() == "mean difference ΔE 99.9"


def test_a_difference_that_python_sent_is_not_asked_for(shown, tmp_path):
    table = painted(tmp_path)
    page = shown(table)
    page.evaluate("model.set('differences', { '0-1': 12.34 })")
    caption = compare_first_two(page, "d")
    assert caption.inner_text() == "mean difference ΔE 12.3", "before the pictures are there"
    give_pictures(page, table["image"])
    page.wait_for_function("document.querySelector('.sfx-comparison canvas').width === 640")
    assert caption.inner_text() == "mean difference ΔE 12.3"
    assert [message for message in sent(page) if message["kind"] == "difference"] == []


def test_the_loupe_shows_the_same_place_everywhere(shown):
    page = shown()
    tile(page, 0).hover()
    page.keyboard.press("Tab")
    tile(page, 0).click()
    page.keyboard.press("z")
    assert page.locator(".sfx-gallery").evaluate("root => root.classList.contains('sfx-zoomed')")
    box = tile(page, 0).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    origins = page.locator(".sfx-tile img").evaluate_all(
        "all => all.map(one => getComputedStyle(one).transformOrigin)"
    )
    assert len(set(origins)) == 1
    zoom = float(page.locator(".sfx-gallery").evaluate("root => root.style.getPropertyValue('--zoom')"))
    page.mouse.wheel(0, -100)
    page.wait_for_function(
        f"Number(document.querySelector('.sfx-gallery').style.getPropertyValue('--zoom')) > {zoom}"
    )
    page.keyboard.press("z")
    assert page.get_by_role("button", name="1:1").get_attribute("aria-pressed") == "false"


def test_help_is_on_a_key_and_the_dialog_keeps_the_focus(shown):
    page = shown()
    tile(page, 0).click()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Help")
    assert "pick, reject" in dialog.inner_text()
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.closest('[role=dialog]') !== null")


def test_what_is_handled_stays_and_what_is_not_goes_on(shown):
    page = shown()
    page.evaluate("window.leaked = []; document.addEventListener('keydown', (event) => leaked.push(event.key))")
    tile(page, 0).click()
    for key in ("ArrowRight", "x", "p", "3", "z", "z", "q", "Tab", "Control+c"):
        page.keyboard.press(key)
    assert page.evaluate("leaked") == ["Tab", "Control", "c"]
    assert page.locator("#root[data-lm-suppress-shortcuts='true']").count() == 1


def test_hostile_words_are_text(shown):
    table = coloured(prompt=PAYLOADS).assign(note=PAYLOADS, error=PAYLOADS, title=PAYLOADS)
    table.loc[0, ["image", "status"]] = [None, "failed"]
    page = shown(table)
    page.evaluate("() => { window.alert = () => { throw new Error('a script ran'); }; }")
    tile(page, 1).click()
    page.keyboard.press("Enter")
    page.get_by_role("dialog", name="Picture").wait_for()
    assert page.locator("#root script, #root img[onerror]").count() == 0
    assert "<script>" in page.locator(".sfx-area").inner_text() + " ".join(labels(page))


def test_it_leaves_nothing_behind(shown):
    page = shown()
    page.evaluate("cleanup()")
    assert page.evaluate("model.listening()") == 0


def answer_thumbnails(page, **instead):
    """Answers what is asked of thumbnails, each with the first one's bytes, or with others."""
    page.evaluate(
        """instead => { const first = model.state.thumbs.slice(0, model.state.offsets[1]);
        for (const { at } of model.sent.splice(0).filter(one => one.kind === 'thumbs'))
          model.tell('msg:custom', { kind: 'thumbs', at }, at.map(index => new DataView(index in instead ? new ArrayBuffer(0) : first.buffer))); }""",
        {index.removeprefix("at"): "" for index in instead},
    )


def test_thumbnails_out_of_sight_are_asked_for_when_they_come_in_view(shown):
    page = shown(coloured(seed=range(AHEAD + 40)))
    page.locator(".sfx-tile img[src]").first.wait_for()
    assert sent(page) == [], "what is in sight travelled with it"
    last = AHEAD + 39
    scroll(page, 1e6)
    page.wait_for_function("model.sent.some(message => message.kind === 'thumbs')")
    asked = [index for message in sent(page) for index in message["at"]]
    assert last in asked
    assert min(asked) >= AHEAD
    assert len(asked) == len(set(asked)), "each once"
    assert len(sent(page)) < len(asked) / 5, "many in one message"
    answer_thumbnails(page, **{f"at{last}": 0})
    row(page, last - 1).locator("img[src^='blob:']").wait_for()
    assert row(page, last).inner_text().startswith("missing\ncannot be read")
    scroll(page, 0)
    row(page, 0).wait_for()
    scroll(page, 1e6)
    row(page, last).wait_for()
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert sent(page) == [], "what came is not asked for again"


def test_a_picture_that_is_none_says_so(shown, tmp_path):
    table = coloured(seed=[1, 2])
    table.at[1, "image"] = tmp_path / "half.jpg"
    table.at[0, "image"].save(tmp_path / "whole.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:40])
    page = shown(table)
    page.locator(".sfx-absent").wait_for()
    assert tile(page, 1).inner_text().startswith("cannot be shown")
    assert tile(page, 0).locator("img").count() == 1


def test_a_picture_without_its_thumbnail_is_opened_and_compared(shown):
    page = shown(coloured(seed=range(AHEAD + 3)))
    page.get_by_label("Sort").select_option("seed")
    scroll(page, 1e6)
    row(page, AHEAD + 1).click()
    page.keyboard.press("Enter")
    large = page.locator(".sfx-large")
    assert large.get_attribute("src") is None, "nothing to show yet"
    page.evaluate(
        "index => model.tell('msg:custom', {kind: 'full', index, mime: 'image/jpeg'}, [new DataView(model.state.thumbs.slice(0, model.state.offsets[1]).buffer)])",
        AHEAD + 1,
    )
    page.locator(".sfx-large[src^='blob:']").wait_for()
    page.keyboard.press("ArrowRight")
    page.evaluate("index => model.tell('msg:custom', {kind: 'full', index, mime: ''}, [])", AHEAD + 2)
    page.locator(".sfx-large").wait_for(state="hidden")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.press("d")
    page.evaluate("index => model.tell('msg:custom', {kind: 'full', index, mime: ''}, [])", AHEAD + 2)
    page.get_by_text("One of them cannot be read").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_names_roles_and_contrast(shown, scheme):
    page = shown()
    page.emulate_media(color_scheme=scheme)
    page.add_style_tag(content="html { color-scheme: light dark }")
    unnamed = page.evaluate(
        """[...document.querySelectorAll('#root button, #root select, #root input, #root [role=button]')]
        .filter((one) => !(one.getAttribute('aria-label') || one.innerText?.trim() || one.closest('label')?.innerText.trim()))
        .map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    ratios = page.evaluate(
        """() => { const light = (text) => { const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((c) => { c /= 255;
          return c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
        const ground = (one) => { for (; one; one = one.parentElement) { const c = getComputedStyle(one).backgroundColor;
          if (!/rgba\\(.*, 0\\)|transparent/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
        return [...document.querySelectorAll('#root button, #root select, #root th span, #root .sfx-status, #root .sfx-bar label')]
          .map((one) => { const a = light(getComputedStyle(one).color), b = light(ground(one));
            return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), one.outerHTML]; }).filter(([ratio]) => ratio < 4.5); }"""
    )
    assert ratios == []
    assert page.locator('.sfx-tile[tabindex="0"]').count() == 1, "one stop for the tab key"


def test_it_is_accessible(shown, complaints):
    table = coloured(lora_strength=[0.4, 0.8], seed=[1, 2], sampler_name=["euler", "heun"]).assign(note="crisp")
    table.loc[0, ["image", "status", "error"]] = [None, "failed", "Content policy"]
    page = shown(table)
    found = complaints()
    tile(page, 1).click()
    for keys in (("Enter",), ("Escape", "c"), ("s",), ("f",), ("Escape", "?")):
        for key in keys:
            page.keyboard.press(key)
        found += complaints()
    page.keyboard.press("Escape")
    page.get_by_label("Columns").select_option("")
    assert found + complaints() == []
    page.locator("#root .sfx-status").evaluate(
        "one => { one.style.color = '#888'; one.append(document.createElement('button')); }"
    )
    assert {rule for _, rule, _, _ in complaints()} >= {"button-name", "color-contrast"}, "the checker sees it"


def repeated():
    """Three seeds at two strengths, of which the gallery shows the strengths alone: three pictures a cell."""
    return coloured(lora_strength=[0.4, 0.8], seed=[1, 2, 3])


def test_one_steps_through_the_pictures_of_a_cell_with_the_mouse(shown):
    page = shown(repeated())
    page.get_by_label("Rows").select_option("")
    assert page.locator(".sfx-place").all_inner_texts() == ["1/3", "1/3"]
    assert page.locator(".sfx-enter").all_inner_texts() == ["+2", "+2"]
    tile(page, 0).hover()
    page.get_by_title("Next in this cell").first.click()
    assert page.locator(".sfx-place").all_inner_texts() == ["2/3", "1/3"]
    assert page.locator(".sfx-caption").first.inner_text() == "seed 2", "what tells it apart"
    assert labels(page)[0] == "lora_strength 0.4, seed 2, 2/3"
    page.locator(".sfx-tile img[src^='blob:']").first.wait_for()
    page.keyboard.press("4")
    assert sent(page)[-1]["changes"][0]["at"] == [1], "the picture that is shown is rated"
    page.get_by_title("Previous in this cell").first.click()
    page.get_by_title("Previous in this cell").first.click()
    assert page.locator(".sfx-place").first.inner_text() == "3/3", "around the end"
    page.keyboard.press("f")
    assert "seed=3" in page.get_by_role("dialog", name="Picture").inner_text()


def test_every_picture_of_a_cell_is_reached_by_keys_also_in_the_large_view(shown):
    page = shown(repeated())
    page.get_by_label("Rows").select_option("")
    tile(page, 0).click()
    seen = []
    for key in (".", ".", ".", "ArrowRight", ",", "ArrowLeft"):
        page.keyboard.press(key)
        seen.append(page.evaluate("document.activeElement.dataset.index"))
    assert seen == ["1", "2", "0", "3", "5", "0"]
    page.keyboard.press("n")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Picture")
    assert "1/3 in this cell" in dialog.inner_text()
    page.keyboard.press(".")
    assert "2/3 in this cell" in dialog.inner_text()
    dialog.get_by_role("button", name="Next in this cell").click()
    assert "seed=3" in dialog.inner_text()
    page.keyboard.press("5")
    assert sent(page)[-1]["changes"] == [{"at": [2], "mark": {"stars": 5}}]
    page.keyboard.press("Escape")
    assert page.locator(".sfx-place").first.inner_text() == "3/3", "the tile shows what was looked at last"
    page.keyboard.press(" ")
    page.keyboard.press(",")
    page.keyboard.press(" ")
    page.keyboard.press("c")
    comparison = page.get_by_role("dialog", name="Comparison")
    assert "seed 3" in comparison.inner_text()
    assert "seed 2" in comparison.inner_text()


def test_cells_with_several_pictures_have_no_complaints(shown, complaints):
    page = shown(repeated())
    page.get_by_label("Rows").select_option("")
    tile(page, 0).click()
    assert complaints() == []


def test_rows_of_a_foreign_frame_are_named_by_their_place_in_it(shown):
    table = repeated()[["image", "seed"]]
    page = shown(table)
    tile(page, 0).click()
    page.keyboard.press("n")
    assert "frame.loc[0]" in page.get_by_role("dialog", name="Picture").inner_text()
