"""The gallery in a window of 480 pixels: one line of tools, and all of them in reach."""

import pytest

from segflux_nb.widgets.gallery import Gallery
from tests.support.frames import coloured
from tests.support.gallery_notebook import tile

WIDTH = 480


@pytest.fixture
def narrow(living, page):
    def narrow(width=WIDTH, **options):
        page.set_viewport_size({"width": width, "height": 700})
        table = coloured(lora_strength=[0.4, 0.8, 1.2], seed=[1, 2], sampler_name=["euler", "heun"])
        living(Gallery(table, cols="lora_strength", rows="seed", rater="anna", **options))
        page.locator(".sfx-tile img[src]").nth(1).wait_for()
        return page

    return narrow


def has_focus(locator):
    return locator.evaluate("one => one === document.activeElement")


@pytest.mark.parametrize("width", [340, 480, 640])
def test_the_tools_take_one_line(narrow, width):
    page = narrow(width)
    tools = page.get_by_role("toolbar")
    assert tools.bounding_box()["height"] < 46
    assert tools.evaluate("one => one.scrollWidth <= one.clientWidth")
    shown = [one.inner_text().split("\n")[0] for one in tools.get_by_role("button").all() if one.is_visible()]
    assert shown == ["Arrange", "Filter", "More"]
    assert page.get_by_role("searchbox", name="Search").bounding_box()["width"] > 60


def test_in_a_wide_window_nothing_is_folded(narrow):
    page = narrow(1000)
    assert not page.get_by_role("button", name="Arrange").is_visible()
    for name in ("Columns", "Groups", "Size"):
        assert page.get_by_label(name).first.is_visible()
    for name in ("Fit", "Compare", "Save", "Help"):
        assert page.get_by_role("button", name=name).is_visible()


def test_columns_and_rows_are_chosen_by_the_keyboard_in_a_part_that_unfolds(narrow):
    page = narrow()
    arrange = page.get_by_role("button", name="Arrange")
    arrange.focus()
    page.keyboard.press("Enter")
    assert arrange.get_attribute("aria-expanded") == "true"
    columns = page.get_by_label("Columns")
    assert has_focus(columns)
    page.keyboard.press("s")  # a select goes to the option that begins so
    assert page.locator(".sfx-top").first.inner_text() in ("1", "euler")
    page.keyboard.press("Escape")
    assert has_focus(arrange)
    assert not columns.is_visible()
    assert page.get_by_role("dialog").count() == 0


def test_a_part_folds_away_when_one_leaves_it(narrow):
    page = narrow()
    arrange, more = page.get_by_role("button", name="Arrange"), page.get_by_role("button", name="More")
    arrange.click()
    page.get_by_label("Sort").focus()
    page.keyboard.press("Tab")  # the direction cannot be chosen yet: to the search
    assert arrange.get_attribute("aria-expanded") == "false"
    more.click()
    tile(page, 0).click()
    assert more.get_attribute("aria-expanded") == "false"
    more.click()
    arrange.click()
    assert [one.get_attribute("aria-expanded") for one in (arrange, more)] == ["true", "false"]


def test_the_other_tools_do_their_work_and_give_the_focus_back(narrow):
    page = narrow()
    more = page.get_by_role("button", name="More")
    tile(page, 0).click()
    page.keyboard.press("4")
    more.click()
    page.get_by_role("button", name="Undo").click()
    assert page.locator(".sfx-marks", has_text="★").count() == 0
    page.get_by_role("button", name="Help").click()
    assert page.get_by_role("dialog", name="Help").is_visible()
    assert more.get_attribute("aria-expanded") == "false"
    page.keyboard.press("Escape")
    more.click()
    page.get_by_role("button", name="Save").focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("menu", name="Save")
    box = menu.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= WIDTH
    page.keyboard.press("Escape")
    assert has_focus(more)


def test_nothing_is_wrong_for_those_who_hear_it(narrow, complaints):
    page = narrow()
    for name in ("Arrange", "More"):
        page.get_by_role("button", name=name).click()
        assert complaints() == []


def test_the_corner_says_its_axes_in_one_line_that_is_not_cut_off(narrow):
    page = narrow()
    corner = page.locator(".sfx-corner").first
    assert corner.inner_text() == "seed ↓ lora_strength →"
    assert corner.evaluate("one => one.scrollWidth <= one.clientWidth && one.getBoundingClientRect().height < 24")
    below = page.locator(".sfx-top").first.bounding_box()["y"]
    assert corner.bounding_box()["y"] + corner.bounding_box()["height"] <= below + 1
