"""Metrics against calculations by other ways."""

import colorsys

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from segflux_nb.analysis.comparing import PEAK, drift, overcooking, spreads
from segflux_nb.analysis.differences import area_means, lab_thumbnail, mean_difference
from segflux_nb.analysis.metrics import measured
from segflux_nb.analysis.vectors import vector_of

from .simulated import painted


def picture(seed=1, size=(256, 176)):
    values = np.random.default_rng(seed).integers(0, 256, (size[1] // 8, size[0] // 8, 3)).astype(np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC)


PICTURES = [picture(), picture(2, (64, 96)), Image.fromarray(painted(lora_strength=1.8, seed=3)), picture(3, (16, 9))]


@pytest.mark.parametrize("image", PICTURES, ids=["wide", "tall", "painted", "small"])
def test_each_metric_is_its_formula(image):
    pixels = np.asarray(image).astype(float)
    luma = np.asarray(image.convert("L")).astype(float)
    laplacian = -ndimage.laplace(luma)[1:-1, 1:-1]
    red, green, blue = np.moveaxis(pixels, -1, 0)
    rg, yb = red - green, (red + green) / 2 - blue
    places = lab_thumbnail(np.asarray(image)).astype(float)
    assert measured(image).values == pytest.approx(
        {
            "sharpness": laplacian.var(),
            "saturation": np.sqrt(places[..., 1] ** 2 + places[..., 2] ** 2).mean(),
            "clipping": ((pixels <= 2) | (pixels >= 253)).mean(),
            "contrast": luma.std() / 255,
            "colourfulness": np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean()),
        },
        rel=1e-4,
        abs=1e-6,
    )


def test_a_tiny_picture_has_no_sharpness():
    assert measured(Image.new("RGB", (2, 5), "red")).values["sharpness"] == 0


def test_a_grey_picture_has_no_saturation_and_a_black_one_is_clipped():
    grey, black = (measured(Image.new("RGB", (32, 32), colour)).values for colour in ("#808080", "black"))
    assert grey["saturation"] == pytest.approx(0, abs=1e-3)
    assert (grey["clipping"], black["clipping"]) == (0, 1)


def test_more_colour_and_contrast_are_more():
    pale = Image.blend(PICTURES[0], Image.new("RGB", PICTURES[0].size, "#808080"), 0.5)
    one, other = measured(pale).values, measured(PICTURES[0]).values
    assert all(one[name] < other[name] for name in ("saturation", "contrast", "colourfulness", "sharpness"))


def test_drift_is_the_mean_difference_of_sheets_and_its_peak_a_percentile():
    one, other = measured(PICTURES[0]).lab, measured(PICTURES[2]).lab
    mean, peak = drift(one, other)
    places = [np.linalg.norm(one[row, column] - other[row, column]) for row in range(64) for column in range(64)]
    assert mean == pytest.approx(mean_difference(one, other), rel=1e-6)
    assert peak == pytest.approx(np.percentile(places, PEAK), rel=1e-5)


def test_spread_is_the_mean_difference_from_the_others():
    pictures = [measured(one).lab for one in PICTURES]
    found = spreads(pictures)
    for at, one in enumerate(pictures):
        others = [mean_difference(one, other) for number, other in enumerate(pictures) if number != at]
        assert found[at] == pytest.approx(np.mean(others), rel=1e-6)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((30, 30, 0.1, 0.1, 20, 20), 0),
        ((20, 30, 0.0, 0.1, 30, 20), 0),
        ((33, 30, 0.1, 0.1, 20, 20), 0.1),
        ((30, 30, 0.12, 0.1, 20, 20), 0.1),
        ((30, 30, 0.1, 0.1, 16, 20), 0.1),
        ((6, 1, 0, 0, 0, 0), 0.2 + 0.5),
    ],
    ids=["the same", "paler", "more colour", "clipped", "collapsed", "from grey"],
)
def test_overcooking_is_its_formula(values, expected):
    assert overcooking(*values) == pytest.approx(expected)


def test_overcooking_is_low_at_the_best_strength_and_high_beyond_the_burning():
    found = {strength: measured(Image.fromarray(painted(lora_strength=strength, seed=8))) for strength in (0, 1, 2)}
    base = found[0].values
    burnt = {
        strength: overcooking(
            one.values["saturation"], base["saturation"], one.values["clipping"], base["clipping"], 10, 10
        )
        for strength, one in found.items()
    }
    assert burnt[0] == 0
    assert burnt[1] < 0.3 < 1 < burnt[2]


@pytest.mark.parametrize("size", [(256, 176), (256, 256), (70, 65), (20, 9), (1, 640), (1023, 64)])
@pytest.mark.parametrize("side", [32, 64])
def test_area_means_are_exact(size, side):
    """Each value repeated `side` times, then means of whole parts: the same without fractions."""
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)

    def reduced(values):
        return (
            np.repeat(values.astype(float), side, axis=0).reshape(side, len(values), *values.shape[1:]).mean(axis=1)
        )

    by_hand = reduced(reduced(pixels).swapaxes(0, 1)).swapaxes(0, 1)
    assert np.abs(area_means(pixels, side) - by_hand).max() < 1e-9


def test_a_vector_sees_colour_as_people_do():
    """Two greys one level of L* apart differ by 1."""
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(0, 0, 0.5))
    one, other = (
        vector_of(Image.new("RGB", (64, 64), (red, green, blue))),
        vector_of(Image.new("RGB", (64, 64), "white")),
    )
    assert np.linalg.norm((one - other).reshape(-1, 3), axis=1) == pytest.approx(46.4, abs=0.1)
