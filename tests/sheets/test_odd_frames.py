"""Frames of other people: values, names and pictures that a frame of runs never has."""

import base64
import io
import json
import math
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.analysis.differences import lab_thumbnail, mean_difference
from segflux_nb.sheets.reading import Reader


def file_of(image, kind="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


PICTURES = [file_of(Image.new("RGB", (30 + at, 40), (at * 40, 10, 90))) for at in range(4)]


def frame(**columns):
    return pd.DataFrame({"a": [1, 1, 2, 2], "b": ["x", "y", "x", "y"], "image": PICTURES, **columns})


ODD = {
    "lists": [[1], [2], [1], [3]],
    "dicts": [{"k": 1}, {"k": 2}, {"k": 1}, {}],
    "arrays": [np.arange(2), np.arange(3), np.arange(2), np.arange(1)],
    "sets": [{1}, {2}, {1}, set()],
    "infinite": [math.inf, -math.inf, 1.0, math.nan],
    "surrogates": pd.Series(["a\ud800", "b", "c", "d"], dtype=object),
    "mixed": [1, "a", 2.5, None],
}


@pytest.mark.parametrize("kind", ODD)
def test_a_column_of_any_values_can_be_shown(kind, tmp_path):
    pictures = frame(odd=ODD[kind]).pictures
    pictures.sheet(captions=["odd"]).save(tmp_path / "sheet.png")
    pictures.sheet(cols="odd").save(tmp_path / "sheet.html")
    pictures.compare(0, 3)
    pictures.gallery().save(tmp_path / "gallery.html")
    page = (tmp_path / "gallery.html").read_text(encoding="utf-8")
    state = re.search(r'id="state">(.*?)</script>', page, re.DOTALL)[1]

    def refused(constant):
        raise AssertionError(f"browsers do not read {constant}")

    json.loads(state, parse_constant=refused)
    if kind != "surrogates":  # no file of text can hold them
        pictures.export(tmp_path / "export")


def test_infinite_numbers_are_at_the_ends_of_the_scale(tmp_path):
    for name in ("border", "heat"):
        frame(odd=ODD["infinite"]).pictures.sheet(**{name: "odd"}).save(tmp_path / "sheet.html")


@pytest.mark.parametrize(
    ("stars", "shown"),
    [(["x", None, "3", "4"], "stars x"), ([math.inf, 1, 2, 3], "stars inf"), (["★★", 1, 2, 3], "★★")],
)
def test_stars_of_another_kind_are_shown_as_they_are(stars, shown, tmp_path):
    odd = frame(stars=stars, width=["wide", 1, 2, None], height=[1, 2, 3, 4])
    assert shown in odd.pictures.sheet().save(tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert odd.pictures.gallery()._repr_mimebundle_()


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        (frame().assign(image=[1, 2, 3, 4]), "'image' holds 1, which is not a picture"),
    ],
)
@pytest.mark.parametrize("verb", ["sheet", "gallery"])
def test_what_is_wrong_with_a_frame_is_said_in_a_sentence(odd, says, verb):
    with pytest.raises(sf.SegfluxError, match=says):
        getattr(odd.pictures, verb)()


def test_complex_numbers_are_no_scale():
    with pytest.raises(sf.SegfluxError, match="not a column of numbers"):
        frame(odd=[1j, 2, 3, 4]).pictures.sheet(border="odd")


def test_relative_to_without_any_axis():
    with pytest.raises(sf.SegfluxError, match=r"not an axis of this sheet\. It has no axis\."):
        frame().iloc[:1].pictures.sheet(relative_to={"a": 1})


def test_an_export_names_the_picture_that_it_cannot_read(tmp_path):
    missing = str(tmp_path / "missing.png")
    folder = frame().assign(image=missing).pictures.export(tmp_path / "export")
    assert (folder / "left-out.txt").read_text().count(f"The picture's file is missing ({missing})") == 4
    frame().assign(image=[b"junk"] * 4).pictures.export(folder)
    assert (folder / "left-out.txt").read_text().count("not a picture") == 4


def test_a_picture_is_turned_as_its_exif_says_as_browsers_do():
    picture = Image.fromarray(np.indices((60, 90, 3)).sum(axis=0).astype(np.uint8))
    turned = Image.Exif()
    turned[0x0112] = 6
    data = file_of(picture, "JPEG", exif=turned, quality=95)
    upright = np.asarray(picture.transpose(Image.Transpose.ROTATE_270))
    assert Reader().fitted(data, (90, 90)).size == (60, 90)
    assert mean_difference(Reader().lab(data), lab_thumbnail(upright)) < 1


def test_greys_of_sixteen_bits_are_those_of_eight():
    eight = np.indices((64, 64))[1].astype(np.uint8) * 4
    sixteen = Image.fromarray(eight.astype(np.uint16) * 257)
    assert Reader().difference(file_of(sixteen), file_of(Image.fromarray(eight))) < 0.01


def test_one_caption_may_be_given_as_text(tmp_path):
    saved = frame().pictures.sheet(cols="a", captions="b").save(tmp_path / "sheet.html")
    assert "b x" in saved.read_text(encoding="utf-8")


def test_files_in_an_index_without_a_name_are_the_pictures(tmp_path):
    files = [str(tmp_path / f"{n}.png") for n in range(3)]
    for file in files:
        Image.new("RGB", (8, 8)).save(file)
    assert "3 pictures" in pd.DataFrame({"seed": [1, 2, 3]}, index=files).pictures.sheet().text
    both = pd.DataFrame({"image": files, "seed": [1, 2, 3]}, index=files)
    assert "columns seed: 1, 2, 3" in both.pictures.sheet().text
    with pytest.raises(sf.SegfluxError, match="no column of pictures"):
        pd.DataFrame({"seed": [1, 2]}, index=["a", "b"]).pictures.sheet()


def test_rows_of_another_table_below_runs_of_ours_are_judged_by_their_pictures(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    ours = {"run": "r1", "status": "failed", "error_kind": "", "error": "", "image": None, "seed": 1}
    theirs = {"run": "r2", "status": "crashed", "image": str(tmp_path / "a.png"), "seed": 2}
    text = pd.DataFrame([ours, theirs]).pictures.sheet().text
    assert text.startswith("ContactSheet: 1 picture, 1 failed")


@pytest.mark.parametrize("option", ["heat", "border"])
def test_cells_whose_means_are_no_number_are_shown_without_one(option):
    """Infinities of both signs have no mean."""
    table = frame(odd=[math.inf, 1.0, -math.inf, 2.0]).drop(columns="b")
    table["a"] = 1
    sheet = table.pictures.sheet(cols="a", **{option: "odd"})
    assert "4 pictures" in sheet.text
    assert sheet.image.width


def picture_bytes():
    return file_of(Image.new("RGB", (12, 8), (200, 30, 30)))


@pytest.mark.parametrize("name", ["image", "render"])
@pytest.mark.parametrize("kind", ["numpy's text", "numpy's bytes", "in memory", "address of a file", "data address"])
def test_pictures_in_further_forms_are_shown(kind, name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ä b.png").write_bytes(picture_bytes())
    value = {
        "numpy's text": np.str_("ä b.png"),
        "numpy's bytes": np.bytes_(picture_bytes()),
        "in memory": io.BytesIO(picture_bytes()),
        "address of a file": (tmp_path / "ä b.png").as_uri(),
        "data address": f"data:image/png;base64,{base64.b64encode(picture_bytes()).decode()}",
    }[kind]
    table = pd.DataFrame({name: pd.Series([value, value], dtype=object), "seed": [1, 2]})
    assert "2 pictures" in table.pictures.sheet().text
    assert len(list((table.pictures.export(tmp_path / "out") / "pictures").iterdir())) == 2


def test_a_web_address_and_a_missing_file_say_what_they_are(tmp_path):
    (tmp_path / "a.png").write_bytes(picture_bytes())
    values = [
        str(tmp_path / "a.png"),
        "https://example.com/a.png",
        str(tmp_path / "gone.png"),
        "data:image/png;base64,!",
    ]
    table = pd.DataFrame({"image": values, "seed": range(4)})
    for sheet in (table.pictures.sheet(), table.pictures.compare(0, 1, 2, 3)):
        assert sheet.text.startswith("ContactSheet: 1 picture, 1 file missing, 2 not a picture")
        page = sheet.save(tmp_path / "sheet.html").read_text(encoding="utf-8")
        assert "not fetched" in page
        assert page.count("picture file missing") == 1
    with pytest.raises(sf.SegfluxError, match="not a picture"):
        table[1:2].pictures.sheet()


def test_labels_that_differ_for_one_value_are_a_column_of_their_own():
    """Such a column labels no values: its texts would stand above pictures that are something else."""
    table = frame(a_label=["w", "x", "w", "x"]).drop(columns="b")
    text = table.pictures.sheet().text
    assert "columns a: 1, 2" in text
    assert "rows a_label: w, x" in text
    labelled = frame(a_label=["one", "one", "two", "two"]).pictures.sheet().text
    assert "columns a: one, two" in labelled
    assert "a_label" not in labelled
