"""The mean difference of two pictures: against published colours, by hand, and as the table for both languages."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from segflux_nb.analysis.differences import (
    SIDE,
    difference_text,
    lab,
    lab_thumbnail,
    mean_difference,
    pairwise_differences,
)
from tests.support.formulas import pixels_of

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "differences.json").read_text(encoding="utf-8"))

# sRGB and its L*a*b*, D65 and two degrees, as Bruce Lindbloom's calculator gives them (www.brucelindbloom.com).
PUBLISHED = {
    (0, 0, 0): (0.0, 0.0, 0.0),
    (255, 255, 255): (100.0, 0.0, 0.0),
    (128, 128, 128): (53.5850, 0.0, 0.0),
    (255, 0, 0): (53.2408, 80.0925, 67.2032),
    (0, 255, 0): (87.7347, -86.1827, 83.1793),
    (0, 0, 255): (32.2970, 79.1875, -107.8602),
    (0, 255, 255): (91.1132, -48.0875, -14.1312),
    (255, 0, 255): (60.3242, 98.2343, -60.8249),
    (255, 255, 0): (97.1393, -21.5537, 94.4780),
    (100, 150, 200): (60.5072, -2.7871, -30.9306),
}


def flat(red, green, blue, width=SIDE, height=SIDE):
    return np.full((height, width, 3), (red, green, blue), dtype=np.uint8)


def difference(one, other):
    return mean_difference(lab_thumbnail(one), lab_thumbnail(other))


@pytest.mark.parametrize("rgb", PUBLISHED)
def test_colours_have_their_published_lab_values(rgb):
    assert lab(np.array(rgb, dtype=float)) == pytest.approx(PUBLISHED[rgb], abs=0.01)


def test_dark_colours_are_on_the_straight_part_of_the_curve():
    # There, L* is the CIE's kappa (903.3) times the luminance, which is the stored value over 12.92.
    assert lab(np.array([4.0, 4.0, 4.0]))[0] == pytest.approx(903.2963 * 4 / 255 / 12.92, abs=1e-3)


@pytest.mark.parametrize("one", PUBLISHED)
@pytest.mark.parametrize("other", PUBLISHED)
def test_pictures_of_one_colour_differ_as_the_colours(one, other):
    expected = math.dist(PUBLISHED[one], PUBLISHED[other])
    assert difference(flat(*one), flat(*other, width=30, height=20)) == pytest.approx(expected, abs=0.02)


def test_the_mean_is_of_the_stored_values():
    """Columns of black and white, one pixel wide, are the grey 127.5; in linear light they would be 188."""
    stripes = flat(0, 0, 0, 2 * SIDE, 2 * SIDE)
    stripes[:, 1::2] = 255
    assert lab_thumbnail(stripes)[..., 0] == pytest.approx(lab(np.array([127.5] * 3))[0], abs=1e-4)


def test_parts_of_a_picture_count_by_their_area():
    half = flat(0, 0, 0)
    half[:, SIDE // 2 :] = 255
    assert difference(half, flat(0, 0, 0)) == pytest.approx(50, abs=0.01)
    corner = flat(0, 0, 0, 200, 50)
    corner[:25, :100] = 255
    assert difference(corner, flat(0, 0, 0)) == pytest.approx(25, abs=0.01)


def test_size_and_shape_do_not_count():
    # 3 does not divide 64: edges of pixels fall within pixels of the thumbnail.
    small = np.arange(3 * 5 * 3, dtype=np.uint8).reshape(3, 5, 3) * 5
    large = small.repeat(90, axis=0).repeat(40, axis=1)
    assert difference(small, large) == pytest.approx(0, abs=1e-3)
    assert difference(small, small[:, ::-1]) > 1


@pytest.mark.parametrize("pair", GOLDEN["pairs"], ids=lambda pair: f"{pair['one']} - {pair['other']}")
def test_the_table_of_pairs(pair):
    one, other = (pixels_of(GOLDEN["pictures"][pair[name]]) for name in ("one", "other"))
    assert difference(one, other) == pytest.approx(pair["difference"], abs=0.001)
    assert difference(other, one) == pytest.approx(pair["difference"], abs=0.001)


def test_all_pairs_at_once():
    pictures = [lab_thumbnail(flat(level, level, level)) for level in (0, 128, 255)]
    assert pairwise_differences([]) == []
    table = pairwise_differences([pictures[0], None, *pictures[1:]])
    close = [
        [None if value is None else pytest.approx(value, abs=0.01) for value in row]
        for row in ([], [None], [53.585, None], [100, None, 46.415])
    ]
    assert table == close


def test_the_text():
    assert [difference_text(value) for value in (0, 0.04, 12.34, 100)] == ["ΔE 0.0", "ΔE 0.0", "ΔE 12.3", "ΔE 100.0"]
