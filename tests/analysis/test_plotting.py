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
from segflux_nb.errors import PlotError

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
