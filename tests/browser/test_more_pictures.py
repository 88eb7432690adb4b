"""Outputs with several pictures in the browser: the gallery steps through them, the live view says how many."""

import pytest

from segflux_nb.widgets.gallery import Gallery
from tests.support.frames import with_more
from tests.support.gallery_notebook import tile

FIRST, SECOND = "lora_strength 0.4, seed 1", "lora_strength 0.4, seed 2"


@pytest.fixture
def table(tmp_path):
    return with_more(tmp_path)


@pytest.fixture(params=["page", "report"])
def opened(request, page, table, tmp_path):
    """The gallery in a page of its own, and in the report of an export."""
    if request.param == "page":
        path = Gallery(table).save(tmp_path / "gallery.html")
    else:
        path = table.pictures.export(tmp_path / "out") / "report.html"
    page.goto(path.as_uri())
    page.locator(".sfx-tile img[src]").nth(3).wait_for()
    return page


# The policy of a report permits no text as JavaScript, which `wait_for_function` would need.
HAS_WIDTH = """(image, pixels) => new Promise((done, failed) => {
    let looks = 0;
    const look = () => {
        if (image.naturalWidth === pixels) done();
        else if (++looks > 250) failed(new Error(`it is ${image.naturalWidth} pixels wide, not ${pixels}`));
        else setTimeout(look, 20);
    };
    look();
})"""


def width(page, pixels):
    page.locator(".sfx-large").evaluate(HAS_WIDTH, pixels)


def open_item(page, words):
    page.locator(f".sfx-tile[aria-label^='{words}']").dblclick()


def test_a_tile_says_how_many_pictures_its_output_has(opened):
    assert sorted(opened.locator(".sfx-plus").all_inner_texts()) == ["+1, 1 not served", "+2"]
    assert opened.locator(f".sfx-tile[aria-label='{FIRST}, +2']").count() == 1


def test_the_large_view_steps_through_them_by_key_and_by_button(opened):
    open_item(opened, FIRST)
    width(opened, 100)
    for pixels, place in ((104, "2 of 3"), (105, "3 of 3"), (100, "1 of 3")):
        opened.keyboard.press("m")
        width(opened, pixels)
        assert opened.locator(".sfx-outputs span").inner_text() == f"picture {place}"
    opened.keyboard.press("M")
    width(opened, 105)
    following = opened.get_by_role("button", name="Next picture")
    following.click()
    width(opened, 100)
    assert following.evaluate("one => one === document.activeElement"), "a second press steps on"
    opened.keyboard.press("5")
    opened.locator(".sfx-stars button[aria-checked=true]", has_text="★").wait_for()
    opened.keyboard.press("m")
    width(opened, 104)


def test_the_next_item_begins_with_its_first_picture(opened):
    open_item(opened, FIRST)
    opened.keyboard.press("m")
    width(opened, 104)
    opened.keyboard.press("ArrowDown")
    opened.keyboard.press("ArrowUp")
    width(opened, 100)


def test_a_picture_that_is_not_served_is_named(opened):
    open_item(opened, SECOND)
    assert opened.locator(".sfx-outputs span").inner_text() == "picture 1 of 1, 1 not served"
    assert opened.get_by_role("button", name="Next picture").is_disabled()


def test_an_output_with_one_picture_has_no_steps(opened):
    open_item(opened, "lora_strength 0.8, seed 1")
    width(opened, 102)
    assert opened.locator(".sfx-outputs").count() == 0
    opened.keyboard.press("m")
    width(opened, 102)


def test_the_static_sheet_opens_them(page, table, tmp_path):
    page.goto(table.pictures.sheet().save(tmp_path / "sheet.html").as_uri())
    page.locator("summary", has_text="+2").click()
    assert page.locator("details[open] img").evaluate_all("all => all.map(one => one.naturalWidth)") == [104, 105]
    assert tile(page, 0).count() == 0
