"""Outputs with several pictures: sheets show the first, and say how many more there are."""

import re

import numpy as np
import pytest

from segflux_nb.sheets.frame_view import FrameView
from segflux_nb.sheets.html import standalone
from tests.support.frames import coloured, layout_of, with_more


@pytest.fixture
def table(tmp_path):
    return with_more(tmp_path)


def test_a_sheet_says_how_many_pictures_it_does_not_show(table):
    layout = layout_of(table)
    assert sorted(cell.plus for cell in layout.cells) == ["", "", "+1, 1 not served", "+2"]
    assert layout.heading == "4 pictures, 3 further pictures not shown"
    assert "+n: the output has n more pictures" in layout.text
    assert "+2" in layout.cells[0].text
    assert "not shown" not in layout_of(table.drop(columns=["picture_count", "more_images"])).text


def test_the_count_alone_is_enough_and_odd_values_are_none(table):
    counted = FrameView.of(table.drop(columns="more_images"))
    assert [len(further) for further in counted.more] == [2, 1, 0, 0]
    odd = table.assign(picture_count="many", more_images=[7, 2.5, None, ""])
    assert FrameView.of(odd).more == ((),) * 4
    assert FrameView.of(table.assign(other=table["image"]), image="other").more == ((),) * 4


def test_the_picture_has_a_plate_with_the_number(table):
    def black(sheet):
        return int((np.asarray(sheet.image) == 0).all(axis=2).sum())

    assert black(table.drop(columns=["picture_count", "more_images"]).pictures.sheet()) == 0
    assert black(table.pictures.sheet()) > 200


def test_an_html_sheet_opens_them_without_a_script(table, tmp_path):
    page = table.pictures.sheet().save(tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert page.count('<details class="more">') == 2
    assert page.count("data:image/png") == 6
    assert "<script" not in page
    assert [int(number) for number in re.findall(r"data-number=\"(\d)\"", page)] == [1, 2]
    assert "picture 2 is not there" in page


def test_a_cell_without_its_first_picture_shows_the_others(table):
    table.loc[0, "image"], table.loc[0, "status"] = None, "processing"
    page = standalone([layout_of(table)])
    absent = page[page.index('class="absent"') :]
    assert "+2" in absent[: absent.index("</td>")]


def test_a_comparison_says_it_too(table):
    sheet = table.pictures.compare(0, 1)
    assert "+2" in sheet._layout.cells[0].text
    assert "+1, 1 not served" in sheet._layout.cells[1].text


def test_frames_of_others_are_as_they_were():
    assert not any(cell.more for cell in layout_of(coloured(seed=[1, 2])).cells)
