"""Loops along an axis: what each picture shows, for how long, in how many bytes, and what a notebook gets."""

import base64
import io
import re
from itertools import pairwise

import pandas as pd
import pytest
from PIL import Image, ImageChops, ImageSequence

from segflux_nb.checking.outputs import compare_outputs, divided
from segflux_nb.checking.verdicts import Verdict
from segflux_nb.errors import LayoutError
from segflux_nb.sheets import travel as travel_module
from segflux_nb.sheets.colours import THEMES
from segflux_nb.sheets.geometry import geometry_of
from segflux_nb.sheets.reading import Reader
from segflux_nb.sheets.travel_frames import Frames, grid_alone
from segflux_nb.sheets.way import places_of, steps_of
from tests.support.frames import colour_of, coloured, layout_of, noise

STRENGTHS = [0.0, 0.5, 1.0]


@pytest.fixture
def table():
    return coloured(lora_strength=STRENGTHS, seed=[1, 2])


def frames_in(path):
    """The pictures of a file, and how long each is shown."""
    with Image.open(path) as file:
        assert file.info["loop"] == 0, "for ever"
        found = []
        for number in range(file.n_frames):
            file.seek(number)
            file.load()
            found.append((file.convert("RGB"), round(file.info["duration"])))
        return found


def near(one, other, most=12):
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= most


@pytest.mark.parametrize("ending", ["webp", "gif"])
def test_there_and_back_with_a_rest_at_both_ends(table, tmp_path, ending):
    found = frames_in(table.pictures.travel("lora_strength").save(tmp_path / "new" / f"a.{ending}"))
    rows = [0, 2, 4, 2]  # of the first seed, by strength
    assert [milliseconds for _, milliseconds in found] == [1500, 600, 1500, 600]
    assert len({image.size for image, _ in found}) == 1
    for (image, _), row in zip(found, rows, strict=True):
        left, right = (
            image.getpixel((round(image.width * share), round(image.height * 0.6))) for share in (0.25, 0.75)
        )
        assert near(left, colour_of(row)), "the seeds stand side by side"
        assert near(right, colour_of(row + 1))
        assert near(image.getpixel((2, 2)), (255, 255, 255), most=1), "light"


def test_only_value_and_point_move_above_the_pictures(table):
    layout = layout_of(table, by="lora_strength", title="study")
    frames = Frames(layout, [0.0, 0.5, 1.0], THEMES["light"], Reader(), 200)
    top = frames.size[1] - geometry_of(grid_alone(layout, 0), 200, like=layout).height
    bands = [frames.frame(at).crop((0, 0, frames.size[0], top)) for at in range(3)]
    for before, after in pairwise(bands):
        assert ImageChops.difference(before, after).getbbox()[1] > 30, "title and name of the axis stay"
    values = [band.crop((0, 55, band.width, frames.size[1] - top)) for band in bands]
    starts = {value.convert("L").point(lambda level: 255 * (level < 100)).getbbox()[:2] for value in values}
    assert len(starts) == 1


def test_a_fade_shows_both_and_the_nearer_value(table, tmp_path):
    steps = steps_of(3, crossfade=True)
    assert [step.at for step in steps[:5]] == [0, 0.25, 0.5, 0.75, 1]
    assert [step.at for step in steps] == [step.at for step in (steps[0], *steps[:0:-1])], "the same way back"
    frames = Frames(layout_of(table, by="lora_strength"), [0, 0.5, 1], THEMES["light"], Reader(), 100)
    x, y = frames.size[0] // 4, round(frames.size[1] * 0.6)
    expected = [round((a + b) / 2) for a, b in zip(colour_of(0), colour_of(2), strict=True)]
    assert near(frames.frame(0.5).getpixel((x, y)), expected, most=2)
    assert len(frames_in(table.pictures.travel("lora_strength", crossfade=True).save(tmp_path / "a.webp"))) == 16


def test_what_no_run_fills_says_so(table):
    layout = layout_of(table.drop(index=2), by="lora_strength")
    assert [[cell.status for cell in grid_alone(layout, n).cells] for n in range(3)] == [
        ["completed", "completed"],
        ["no picture", "completed"],
        ["completed", "completed"],
    ]
    assert (
        table.drop(index=2)
        .pictures.travel("lora_strength")
        .text.startswith("Travel along lora_strength: 5 pictures, 1 empty [")
    )


def test_all_pictures_have_one_size_whatever_the_values_have(tmp_path):
    table = coloured(lora_strength=STRENGTHS, steps=[6, 25])
    table["seed"] = [1, 2, 3, 4, 5, 123456]
    table["width"] = [512, 512, 1024, 1024, 1024, 1024]
    doubled = pd.concat([table, table.iloc[4:].assign(seed=[7, 8])], ignore_index=True)
    doubled.attrs["segflux_axes"] = ["lora_strength", "steps"]
    layout = layout_of(doubled, by="lora_strength")
    sizes = {
        (one.width, one.height) for one in (geometry_of(grid_alone(layout, n), 90, like=layout) for n in range(3))
    }
    assert len(sizes) == 1
    assert len(frames_in(doubled.pictures.travel("lora_strength").save(tmp_path / "a.gif"))) == 4


@pytest.mark.parametrize("ending", [".webp", ".gif"])
def test_pictures_that_compress_badly_become_smaller(tmp_path, monkeypatch, ending):
    table = coloured(lora_strength=STRENGTHS, seed=[1, 2])
    table["image"] = [noise(seed, (128, 128)) for seed in range(6)]
    sizes = []
    monkeypatch.setattr(travel_module, "LARGEST_SIDE", 64)
    for most in (200_000, 8_000, 4_000):
        monkeypatch.setitem(travel_module.MOST_BYTES, ending, most)
        path = table.pictures.travel("lora_strength").save(tmp_path / f"a{ending}")
        assert path.stat().st_size <= most
        sizes.append(frames_in(path)[0][0].size)
    assert sizes[0] > sizes[1] > sizes[2]


def test_a_notebook_gets_a_still_sheet_first_and_words(table):
    loop = table.pictures.travel("lora_strength", title='a "study" <b>')
    data, metadata = loop._repr_mimebundle_()
    html = data["text/html"]
    assert re.findall(r"<(\w+)", html) == ["picture", "source", "img"]
    assert 'media="(prefers-reduced-motion: no-preference)" srcset="data:image/webp;base64,' in html
    assert '<img src="data:image/jpeg;base64,' in html
    alt = re.search(r'alt="([^"]*)"', html)[1]
    assert alt.startswith("Travel along lora_strength: 6 pictures [")
    assert "a &#34;study&#34; &lt;b&gt;" in alt
    assert "values lora_strength: 0.0, 0.5, 1.0" in alt
    assert data["text/plain"] == repr(loop) == loop.text
    assert len(metadata["segflux"]["pictures"]) == 6
    assert (
        loop._repr_mimebundle_() == table.pictures.travel("lora_strength", title='a "study" <b>')._repr_mimebundle_()
    )
    most = travel_module.MOST_BYTES[".webp"] * 4 / 3 + travel_module.STILL_BYTES
    assert most < 3_000_000


def test_a_changed_picture_of_a_saved_loop_is_named(table):
    def outputs(frame):
        data, metadata = frame.pictures.travel("lora_strength")._repr_mimebundle_()
        return divided([{"output_type": "display_data", "data": data, "metadata": metadata}])

    saved = outputs(table)
    assert [one.verdict for one in compare_outputs(saved, outputs(table))] == [Verdict.SAME_BYTES] * 7
    other = table.copy()
    other.at[3, "image"] = Image.new("RGB", (64, 64), "white")
    changed = [one for one in compare_outputs(saved, outputs(other)) if one.verdict is Verdict.CHANGED]
    assert [one.what for one in changed] == ["run run3 (seed 2 · lora_strength 0.5)"]
    larger = outputs(table.assign(image=[image.resize((200, 200)) for image in table["image"]]))
    assert saved.texts[0]["data"] == larger.texts[0]["data"], "the size is not in the text"


def test_other_frames_and_other_axes(table, tmp_path):
    own = table.rename(columns={"lora_strength": "guidance"})[["guidance", "seed", "image"]]
    own["who"] = ["Ann", "Ben"] * 3
    assert "values who: Ann, Ben" in own.pictures.travel("who", cols="guidance").text
    assert "columns seed: 1, 2" in own.pictures.travel("guidance").text
    rows = own.pictures.travel("guidance", rows="seed", theme="dark")
    assert "rows seed: 1, 2" in rows.text
    assert near(frames_in(rows.save(tmp_path / "a.gif"))[0][0].getpixel((2, 2)), (17, 20, 24), most=1)


def test_a_loop_in_a_notebook_has_the_theme_of_the_environment(table, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGFLUX_THEME", "dark")
    loop = table.pictures.travel("lora_strength")
    found = re.findall(r'base64,([^"]+)"', loop._repr_mimebundle_()[0]["text/html"])
    shown = [Image.open(io.BytesIO(base64.b64decode(one))).convert("RGB").getpixel((2, 2)) for one in found]
    assert len(shown) == 2
    assert all(near(pixel, (17, 20, 24), most=4) for pixel in shown), "the loop, and its still sheet"
    assert near(frames_in(loop.save(tmp_path / "a.webp"))[0][0].getpixel((2, 2)), (255, 255, 255), most=2)


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda one: one.travel("lora"), "lora_strength"),
        (lambda one: one.travel(["lora_strength"]), "lora_strength"),
        (lambda one: one.travel("lora_strength", cols="lora_strength"), "cannot be the way"),
        (lambda one: one.travel("steps"), "steps has one value here: 25"),
        (lambda one: one.travel("number"), "at most 100"),
        (lambda one: one.travel("lora_strength", theme="grey"), "The themes are light, dark"),
        (lambda one: one.travel("lora_strength").save("a.mp4"), "a.mp4"),
    ],
)
def test_errors(ask, what):
    table = coloured(lora_strength=STRENGTHS, seed=range(40)).assign(steps=25)
    table["number"] = range(len(table))
    with pytest.raises(LayoutError) as error:
        ask(table.pictures)
    assert what in str(error.value)
    assert error.value.remedy


def test_numbers_stand_where_they_are_unless_they_would_cover_each_other():
    assert places_of([0.0, 0.25, 1.0]) == [0.0, 0.25, 1.0]
    assert places_of([10, 5, 0]) == [0.0, 0.5, 1.0]
    assert places_of([1, 2, 1000]) == [0.0, 0.5, 1.0]
    assert places_of([3, 1, 2]) == [0.0, 0.5, 1.0]
    assert places_of(["a", None, True]) == [0.0, 0.5, 1.0]


def test_many_values_are_shown_for_a_shorter_time():
    assert {step.milliseconds for step in steps_of(60, crossfade=False)} == {1500, 150}
    assert [step.at for step in steps_of(2, crossfade=False)] == [0, 1]
    assert [len(steps_of(number, crossfade=True)) for number in (11, 30, 50, 100)] == [80, 232, 196, 396]


def test_a_file_is_read_by_others_frame_by_frame(table, tmp_path):
    data = table.pictures.travel("lora_strength").save(tmp_path / "a.gif").read_bytes()
    with Image.open(io.BytesIO(data)) as file:
        assert [frame.size for frame in ImageSequence.Iterator(file)] == [file.size] * 4
