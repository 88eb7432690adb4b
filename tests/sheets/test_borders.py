"""Borders keep their distance: they cover no label, no caption, no other border, and are not cut at the edges."""

import itertools

import pytest

from segflux_nb.sheets.geometry import geometry_of
from segflux_nb.sheets.sheet import contact_sheet
from tests.support.frames import coloured, layout_of, overlap

SHAPES = {
    "a grid": ({"seed": [1, 2, 3], "lora_strength": [0.4, 0.8]}, {}),
    "groups": ({"seed": [1, 2], "lora_strength": [0.4, 0.8], "sampler_name": ["euler", "heun", "lcm"]}, {}),
    "columns alone": ({"seed": [1, 2, 3]}, {}),
    "rows alone": ({"seed": [1, 2, 3]}, {"cols": None, "rows": "seed", "by": []}),
    "differences": ({"seed": [1, 2], "lora_strength": [0.0, 0.8]}, {"relative_to": {"lora_strength": 0.0}}),
    "one": ({"seed": [1]}, {}),
    "wrapped": ({"seed": range(14)}, {}),
    "beside": ({"seed": [1, 2], "odd": [1, 2, 3]}, {"cols": "seed", "by": []}),
}


def table_of(axes):
    table = coloured(**axes)
    table["score"] = [0.5 * number for number in range(len(table))]
    return table


@pytest.mark.parametrize("title", ["", "A title"])
@pytest.mark.parametrize("side", [8, 20, 32, 64, 120, 320, 512])
@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_else_is_where_a_border_is(shape, side, title):
    axes, options = SHAPES[shape]
    geometry = geometry_of(layout_of(table_of(axes), border="score", title=title, **options), side)
    width = geometry.border
    assert width > 0
    bordered = [
        (left - width, top - width, right + width, bottom + width) for _, (left, top, right, bottom) in geometry.cells
    ]
    for text, box in itertools.product(geometry.texts, bordered):
        assert not overlap(_grown(text.box), _grown(box)), f"{text.lines} touches a border"
    for one, other in itertools.combinations(bordered, 2):
        assert not overlap(_grown(one), _grown(other))
    for _, below in geometry.differences:
        assert not any(overlap(_grown(below), _grown(box)) for box in bordered)
    for left, top, right, bottom in bordered:
        assert left >= geometry.margin
        assert top >= geometry.margin
        assert right <= geometry.width - geometry.margin
        assert bottom < geometry.height


def _grown(box):
    """`overlap` ignores edges that are shared; these boxes must not even touch."""
    return box[0], box[1], box[2] + 2, box[3] + 2


def test_sheets_without_borders_are_as_they_were():
    assert geometry_of(layout_of(coloured(seed=[1, 2])), 64).border == 0
    assert geometry_of(layout_of(table_of({"seed": [1, 2]}), heat="score"), 64).border == 0


def test_the_border_is_as_wide_as_it_is_said():
    table = table_of({"seed": [1, 2, 3]})
    sheet = contact_sheet(table, border="score")
    image = sheet.image
    geometry = geometry_of(layout_of(table, border="score"), 320)
    background = image.getpixel((0, 0))
    for _, (left, top, right, bottom) in geometry.cells:
        y = (top + bottom) // 2
        assert image.getpixel((left - geometry.border, y)) != background
        assert image.getpixel((left - geometry.border - 1, y)) == background
        assert image.getpixel((right + geometry.border - 1, y)) != background
        assert image.getpixel((right + geometry.border, y)) == background
