"""Plots: what they show, in which colours, and what is said without matplotlib."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from segflux_nb.analysis.curves import curve_of
from segflux_nb.analysis.effects import effects_of
from segflux_nb.analysis.observations import Observations
from segflux_nb.analysis.settings import Cheapest, Setting
from segflux_nb.errors import PlotError, SegfluxError

REFERENCE = Setting({"steps": 50}, 3, 0, 0.0, 0.0, 50, 0.07, 44.0)


def results():
    settings = [{"seed": seed, "steps": steps} for seed in range(4) for steps in (5, 20)]
    vectors = np.random.default_rng(1).normal(size=(8, 12)).astype(np.float32)
    effects = effects_of(Observations.of(settings, ["seed", "steps"], vectors, list("abcdefgh")))
    rows = [
        {"line": line, "value": at / 10, "seed": seed, "drift": at, "drift_peak": min(at, 4), "overcooking": at / 20}
        for line in ("a", "b")
        for at in range(11)
        for seed in (1, 2)
    ]
    curve = curve_of(rows, "lora_strength", pictures={("a", 0.5): "not/there.jpg"})
    cheap = Setting({"steps": 10}, 3, 0, 2.0, 3.0, 10, 0.01, 9.0)
    cheapest = Cheapest({"steps": 50}, REFERENCE, [cheap, REFERENCE], 1.0, "as you gave it", 3)
    return {"effects": effects, "curve": curve, "cheapest": cheapest}


@pytest.mark.parametrize("name", ["effects", "curve", "cheapest"])
@pytest.mark.parametrize(("theme", "back"), [("light", (255, 255, 255)), ("dark", (22, 25, 29))])
def test_a_plot_shows_itself_as_a_picture_with_a_constant_text(name, theme, back, tmp_path):
    pytest.importorskip("matplotlib")
    plot = results()[name].plot(theme=theme)
    data, metadata = plot._repr_mimebundle_()
    assert data["text/plain"] == repr(plot) == repr(results()[name].plot(theme=theme))
    assert metadata["image/png"]["alt"] == repr(plot)
    with Image.open(plot.save(tmp_path / "plot.png")) as image:
        assert image.convert("RGB").getpixel((1, 1)) == back
        assert len(np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)) > 10


def effects_with(seeds):
    settings = [{"seed": seed, "steps": steps} for seed in range(seeds) for steps in (5, 20)]
    vectors = np.random.default_rng(1).normal(size=(2 * seeds, 12)).astype(np.float32)
    return effects_of(Observations.of(settings, ["seed", "steps"], vectors, [str(at) for at in range(2 * seeds)]))


@pytest.mark.parametrize(
    ("seeds", "says"),
    [
        (4, "% of the pictures' variance; lines are 90 % intervals for other seeds"),
        (2, "% of the pictures' variance; intervals need 3 or more seeds"),
    ],
)
def test_the_plot_of_effects_says_what_it_draws(seeds, says):
    pytest.importorskip("matplotlib")
    axes = effects_with(seeds).plot().figure.axes[0]
    assert axes.get_xlabel() == says
    assert bool(axes.lines) == ("lines are" in says)


def test_words_beside_bars_are_not_struck_through():
    pytest.importorskip("matplotlib")
    axes = effects_with(4).plot().figure.axes[0]
    assert not any(line.get_visible() for line in axes.get_ygridlines())
    assert axes.texts
    for text in axes.texts:
        assert text.get_bbox_patch() is not None, "what is behind it is hidden"
        assert text.get_bbox_patch().get_facecolor() == axes.get_facecolor()


def test_a_plot_leaves_the_users_settings_alone():
    matplotlib = pytest.importorskip("matplotlib")
    before = dict(matplotlib.rcParams)
    results()["curve"].plot()
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("name", ["effects", "curve", "cheapest"])
def test_without_matplotlib_the_error_says_how_to_get_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(PlotError, match=r'pip install "segflux-nb\[plot\]"'):
        results()[name].plot()


def test_a_theme_that_is_none_is_refused():
    with pytest.raises(PlotError, match="theme='pink'"):
        results()["effects"].plot(theme="pink")


def test_pictures_stand_under_the_axis(tmp_path):
    pytest.importorskip("matplotlib")
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), (250, 0, 0)).save(buffer, "PNG")
    (tmp_path / "red.png").write_bytes(buffer.getvalue())
    rows = [{"line": "", "value": at / 10, "seed": 1, "drift": at} for at in range(6)]
    curve = curve_of(rows, "lora_strength", pictures={("", 0.2): str(tmp_path / "red.png")})
    with Image.open(curve.plot().save(tmp_path / "plot.png")) as image:
        assert (np.asarray(image.convert("RGB")) == (250, 0, 0)).all(axis=-1).sum() > 500


@pytest.mark.parametrize("number", [3, 6, 9, 12])
def test_no_label_of_the_axis_is_covered_by_a_picture(number, tmp_path):
    pytest.importorskip("matplotlib")
    from matplotlib.offsetbox import AnnotationBbox

    path = tmp_path / "picture.png"
    Image.new("RGB", (256, 256), (250, 0, 0)).save(path)
    values = [at / 4 for at in range(number)]
    rows = [{"line": "a", "value": at, "seed": seed, "drift": at} for at in values for seed in (1, 2)]
    curve = curve_of(rows, "lora_strength", pictures={("a", at): str(path) for at in values})
    figure = curve.plot().figure
    figure.canvas.draw()
    boxes = [box.get_window_extent() for panel in figure.axes for box in panel.findobj(AnnotationBbox)]
    labels = [
        label.get_window_extent()
        for panel in figure.axes
        for label in [*panel.get_xticklabels(), panel.xaxis.label]
        if label.get_visible() and label.get_text()
    ]
    assert boxes
    assert labels
    assert not any(box.overlaps(label) for box in boxes for label in labels)


def settings(number, seed):
    """A reference and other settings; some of them stand near each other."""
    random = np.random.default_rng(seed)
    costs = np.sort(random.choice(np.linspace(0.01, 0.07, 12), number))
    apart = np.sort(random.choice(np.linspace(0.2, 9, 25), number))[::-1]
    return [
        Setting({"steps": 5 + at, "sampler_name": "dpmpp_2m"}, 3, 0, float(away), float(away), 9, float(cost), 9.0)
        for at, (cost, away) in enumerate(zip(costs, apart, strict=True))
    ]


@pytest.mark.parametrize("seed", range(6))
def test_names_of_settings_cover_no_other_name_and_no_point(seed):
    pytest.importorskip("matplotlib")
    found = [*settings(9, seed), REFERENCE]
    cheapest = Cheapest(
        {"steps": 50}, REFERENCE, sorted(found, key=lambda one: (one.cost_usd, one.difference)), 1, "", 3
    )
    figure = cheapest.plot().figure
    figure.canvas.draw()
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts]
    points = [axes.transData.transform((one.cost_usd, one.difference)) for one in found]
    assert len(boxes) >= len(cheapest.pareto) - 1
    assert not any(one.overlaps(other) for at, one in enumerate(boxes) for other in boxes[:at])
    assert not any(box.contains(*point) for box in boxes for point in points)
    assert all(axes.get_window_extent().containsx(edge) for box in boxes for edge in (box.x0, box.x1))


def test_the_lines_of_curves_are_explained():
    pytest.importorskip("matplotlib")
    (legend,) = results()["curve"].plot().figure.legends
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["a", "b", "the subject is there", "90 % interval for other seeds"]
    rows = [{"line": "", "value": at / 10, "seed": 1, "drift": at, "drift_peak": min(at, 4)} for at in range(11)]
    (legend,) = curve_of(rows, "lora_strength").plot().figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["the subject is there: 0.27"]


def test_a_plot_that_cannot_be_saved_says_why(tmp_path):
    pytest.importorskip("matplotlib")
    plot = results()["effects"].plot()
    assert plot.save(tmp_path / "new" / "plot.png").exists()
    (tmp_path / "file").write_text("")
    with pytest.raises(SegfluxError, match="cannot be written"):
        plot.save(tmp_path / "file" / "plot.png")
    with pytest.raises(PlotError, match=r"Give a file whose name ends in \.png"):
        plot.save(tmp_path / "plot.xyz")
