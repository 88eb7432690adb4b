"""Every row of a frame is on its sheet, or counted: repeats, guessed axes, means, indices, odd names and values."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.sheets.captions import caption_form
from segflux_nb.sheets.frame_view import FrameView
from segflux_nb.sheets.geometry import geometry_of
from segflux_nb.sheets.layout import Cell
from segflux_nb.sheets.sheet import contact_sheet
from tests.support.frames import colour_of, coloured, layout_of, overlap
from tests.support.gallery_rows import code_of, names_of


def pictures(number):
    return [Image.new("RGB", (64, 64), colour_of(at)) for at in range(number)]


def tracked():
    """A table out of a tracker: two runs a cell, and a score."""
    return pd.DataFrame(
        {
            "file": pictures(12),
            "cfg": [3, 5, 7] * 4,
            "model": ["a"] * 6 + ["b"] * 6,
            "clip_score": [at / 12 for at in range(12)],
        }
    )


def colours_of(sheet, layout):
    """The colours in the middle of the pictures of a sheet that is drawn with cells of 320 pixels."""
    boxes = [box for cell, box in geometry_of(layout, 320).cells if cell.picture is not None]
    return [sheet.image.getpixel(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)) for box in boxes]


@pytest.mark.parametrize("options", [{}, {"cols": "cfg", "rows": "model"}, {"captions": ["clip_score"]}, {"by": []}])
def test_rows_that_share_a_cell_stand_beside_each_other(options):
    layout = layout_of(tracked(), **options)
    assert layout.text.startswith("ContactSheet: 12 pictures [")
    assert (layout.columns, layout.rows, layout.outer) == ("cfg", "model", "")
    assert layout.left_out == 0
    shown = colours_of(contact_sheet(tracked(), **options), layout)
    assert sorted(shown) == sorted(colour_of(at) for at in range(12)), "each of them is drawn"
    first = layout.places[0]
    assert [cell.run for cell in first.beside] == ["0", "3"]
    assert [cell.label for cell in first.beside] == ["cfg 3 · model a · 1/2", "cfg 3 · model a · 2/2"]
    assert [cell.captions for cell in first.beside] == [
        (("0.0000", "clip_score"),),
        (("0.2500", "clip_score"),),
    ], "what tells them apart"


def test_boxes_of_repeats_are_disjoint_and_those_of_a_cell_are_nearer():
    geometry = geometry_of(layout_of(tracked(), relative_to={"cfg": 3}, border="clip_score"), 120)
    boxes = [box for _, box in (*geometry.cells, *geometry.differences)]
    boxes += [text.box for text in geometry.texts if text.lines]
    for at, one in enumerate(boxes):
        assert 0 <= one[0] <= one[2] <= geometry.width
        assert 0 <= one[1] <= one[3] <= geometry.height
        assert not any(overlap(one, other) for other in boxes[at + 1 :])


def test_a_cell_with_far_more_rows_than_others_says_how_many_it_shows():
    table = pd.DataFrame({"image": pictures(40), "seed": [1] * 31 + list(range(2, 11))})
    layout = layout_of(table)
    assert layout.left_out == 40 - len(layout.cells) == 22
    assert "22 rows not shown" in layout.heading
    assert layout.notes == ("22 rows of 40 not shown: a cell has room for 9 pictures",)
    assert layout.places[0].beside[-1].tags == ("9/31",), "on the picture too"
    html = contact_sheet(table).text
    assert "22 rows of 40 not shown" in html


def test_cells_that_are_filled_alike_show_all_their_rows():
    table = pd.DataFrame({"image": [None] * 100, "model": ["x"] * 50 + ["y"] * 50})
    assert len(layout_of(table, image="image").cells) == 100


FLOWING = {
    "only pictures": {},
    "the same settings": {"seed": [1] * 4, "lora_strength": [0.5] * 4},
    "notes": {"note": list("abcd")},
    "lists": {"tags": [["a"], ["b"], [], ["a"]]},
}


@pytest.mark.parametrize("kind", FLOWING)
def test_rows_that_no_column_tells_apart_stand_one_after_the_other(kind):
    layout = layout_of(pd.DataFrame({"image": pictures(4), **FLOWING[kind]}))
    assert len(layout.places) == len(layout.cells) == 4
    assert (layout.columns, layout.rows, layout.column_labels) == ("", "", ())


def test_files_that_no_column_tells_apart_are_named(tmp_path):
    for at, picture in enumerate(pictures(3)):
        picture.save(tmp_path / f"{at}.png")
    layout = layout_of(pd.DataFrame({"image": sorted(tmp_path.iterdir())}))
    assert [cell.caption for cell in layout.cells] == ["0.png", "1.png", "2.png"]


def test_what_is_no_axis():
    base = tracked().drop(columns="clip_score")
    for name, values in {
        "loss": np.linspace(0.9, 0.1, 12),
        "embedding": [[at] for at in range(12)],
        "file_hash": [f"{at:x}" * 8 for at in range(12)],
        "constant": 5,
    }.items():
        layout = layout_of(base.assign(**{name: values}))
        assert layout.outer == "", name
    layout = layout_of(base.assign(mood=["calm", "wild"] * 6), border=None, captions="mood")
    assert layout.outer == "", "a column that is a caption"
    assert layout_of(base.assign(mood=["calm", "wild"] * 6)).outer == "mood"
    assert layout_of(base.assign(mood=["calm", "wild"] * 6), by=[]).outer == ""


def test_floats_are_an_axis_where_they_are_settings():
    assert (
        layout_of(pd.DataFrame({"image": pictures(3), "lora_strength": [0.4, 0.81, 1.3]})).columns == "lora_strength"
    )
    assert layout_of(pd.DataFrame({"image": pictures(3), "guidance": [3.5, 7.0, 10.5]})).columns == "guidance"
    assert layout_of(pd.DataFrame({"image": pictures(4), "guidance": [3.5, 7.0] * 2})).columns == "guidance"
    assert layout_of(pd.DataFrame({"image": pictures(3), "psnr": [30.5, 28.25, 31.0]})).columns == ""


def test_a_heat_map_shows_means_and_of_how_many():
    layout = layout_of(tracked(), heat="clip_score")
    assert layout.heading == "6 means of 12 rows"
    assert [cell.value for cell in layout.cells][:2] == ["0.1250", "0.2083"]
    assert layout.cells[0].mean_of == 2
    assert "mean clip_score of the rows of its cell, of 2 rows" in layout.notes[0]
    assert (layout.scale.low, layout.scale.high) == ("0.1250", "0.7917")
    assert "0.1250, mean of 2" in layout.cells[0].text
    stars = tracked().assign(stars=pd.array([1, 2, None] * 4, dtype="Int64"))
    notes = layout_of(stars, heat="stars").notes
    assert "Rows without stars: 4" in notes


def test_a_heat_map_averages_over_axes_that_have_no_direction():
    table = coloured(lora_strength=[0.5, 1.0], finetune_id=["a", "b"], sampler_name=["x", "y"], seed=[1, 2])
    table["stars"] = pd.array([5, 1] * 8, dtype="Int64")
    layout = layout_of(table, cols="lora_strength", rows="finetune_id", by=[], heat="stars")
    assert {(cell.value, cell.mean_of) for cell in layout.cells} == {("3.0", 4)}
    assert layout.left_out == 0
    border = layout_of(table, cols="lora_strength", rows="finetune_id", by=[], border="stars")
    assert border.cells[0].caption == "stars 3.0 (mean of 4)"
    assert border.left_out == 12, "of the pictures those of the first values are shown"


def test_captions_have_names_and_names_that_do_not_fit_move_below():
    table = tracked().assign(a_score_with_a_long_name=[f"{at}.25" for at in range(12)], cost_in_us_dollars="0.034")
    layout = layout_of(table, captions=["a_score_with_a_long_name", "cost_in_us_dollars"])
    small = [line for text in geometry_of(layout, 100).texts for line in text.lines]
    assert "0.25" in small or "0.25 · 0.034" in small
    assert "Below each picture: a_score_with_a_long_name · cost_in_us_dollars" in " ".join(small)
    assert not any("…" in line for line in small if line[:1].isdigit())
    large = [line for text in geometry_of(layout, 600).texts for line in text.lines]
    assert "a_score_with_a_long_name 0.25" in large, "with their names where there is room"


def test_settings_in_the_index_are_columns():
    table = pd.DataFrame({"image": pictures(4), "seed": [1, 2, 1, 2], "steps": [10, 10, 20, 20]})
    for indexed in (
        table.set_index("seed"),
        table.set_index(["seed", "steps"]),
        table.groupby(["seed", "steps"]).first(),
    ):
        layout = layout_of(indexed)
        assert {layout.columns, layout.rows} == {"seed", "steps"}
        assert len(layout.cells) == 4
    keyed = pd.concat({"first": table[["image"]][:2], "second": table[["image"]][2:]})
    assert layout_of(keyed).column_labels == ("first", "second")


def test_odd_names_stand_for_their_columns():
    for columns, named in (
        (["image", "seed", "seed"], "seed"),
        ([0, 1, 2], 1),
        (pd.MultiIndex.from_tuples([("image", ""), ("set", "seed"), ("set", "steps")]), ("set", "seed")),
        ([None, float("nan"), ""], None),
    ):
        table = pd.DataFrame([[one, at % 2, at] for at, one in enumerate(pictures(4))], columns=columns)
        layout = layout_of(table, cols=named)
        assert len(layout.cells) == 4
        assert table.pictures.gallery().table["number"] == 4
    twice = pd.DataFrame([[pictures(1)[0], 1, 1, 2]], columns=["image", "seed", "seed", "seed"])
    assert FrameView.of(twice).names == ["image", "seed", "seed (2)"], "equal columns are one"


@pytest.mark.parametrize(
    "values",
    [
        [1e-7, 5e-7, 0.5, 1.0],
        [1.0, 1.0 + 1e-9, 1.0 + 2e-9, 2.0],
        [1e300, 2e300, -1e300, 0.0],
        [1, "1", True, 1.5],
        ["a\nb", "a b", "a\tb", "a  b"],
        [pd.Timestamp("2026-01-01"), "2026-01-01 00:00:00", None, 3],
    ],
)
def test_labels_of_different_values_are_different(values):
    table = pd.DataFrame({"image": pictures(4), "x": pd.Series(values, dtype=object)})
    layout = layout_of(table, cols="x")
    assert len(set(layout.column_labels)) == 4


def test_an_ordered_category_keeps_its_order():
    sizes = pd.Categorical(["small", "large", "medium"], categories=["small", "medium", "large"], ordered=True)
    assert layout_of(pd.DataFrame({"image": pictures(3), "size": sizes})).column_labels == (
        "small",
        "medium",
        "large",
    )


def test_integers_that_pandas_made_floats_are_shown_as_integers():
    table = pd.DataFrame({"image": pictures(3), "level": [1.0, 2.0, np.nan]})
    assert layout_of(table, cols="level").column_labels == ("1", "2", "–")


def test_a_foreign_status_says_nothing_of_pictures():
    table = pd.DataFrame({"image": pictures(2), "step": [1, 2], "status": ["failed", "running"], "error": [0.1, 0.2]})
    layout = layout_of(table)
    assert layout.heading == "2 pictures"
    assert table.pictures.gallery().table["troubles"] == {}


def test_the_pictures_are_where_pictures_are(tmp_path):
    for at, picture in enumerate(pictures(2)):
        picture.save(tmp_path / f"{at}.png")
    there = [str(tmp_path / f"{at}.png") for at in range(2)]
    for other in (
        {"path": [str(tmp_path)] * 2},
        {"image": ["gone/0.png", "gone/1.png"]},
        {"file": ["notes.txt", "log.txt"]},
        {"image": [3, 4]},
    ):
        table = pd.DataFrame({**other, "render": there})
        assert FrameView.of(table).image == "render", other
    assert FrameView.of(pd.DataFrame({"image": ["gone/0.png"], "render": [there[0]]}), image="image").image == "image"
    assert FrameView.of(pd.DataFrame({"image": ["gone/0.png"], "seed": [1]})).image == "image"


PIXELS = np.full((16, 16, 3), (200, 40, 40), np.uint8)


def test_pictures_come_in_all_their_forms(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    forms = [
        *(
            str(tmp_path / "a.png"),
            tmp_path / "a.png",
            data,
            bytearray(data),
            memoryview(data),
            Image.fromarray(PIXELS),
        ),
        *({"bytes": data, "path": None}, {"bytes": None, "path": str(tmp_path / "a.png")}),
        *(PIXELS, PIXELS / 255, PIXELS.astype(np.uint16) * 257, np.moveaxis(PIXELS, -1, 0), PIXELS.astype(float)),
    ]
    table = pd.DataFrame({"render": pd.Series(forms, dtype=object), "seed": range(len(forms))})
    sheet, layout = table.pictures.sheet(cols="seed"), layout_of(table, cols="seed")
    assert layout.heading.startswith(f"{len(forms)} pictures")
    for colour in colours_of(sheet, layout):
        assert np.abs(np.array(colour) - (200, 40, 40)).max() <= 2
    assert all(status == "completed" for status in FrameView.of(table).statuses)


def test_a_value_that_is_no_picture_makes_one_cell_that_says_so(tmp_path):
    table = pd.DataFrame({"image": pd.Series([*pictures(2), 7, "a\0b.png", ["x"]], dtype=object), "seed": range(5)})
    layout = layout_of(table)
    assert [cell.status for cell in layout.cells] == ["completed"] * 2 + ["not a picture"] * 3
    assert [cell.reason for cell in layout.cells][2:] == ["int 7", "no file can have this name", "list ['x']"]
    assert layout.heading == "2 pictures, 3 not a picture"
    assert table.pictures.gallery().table["troubles"]["2"] == ["not a picture", "int 7"]
    table.pictures.sheet().save(tmp_path / "sheet.html")


def test_rows_of_one_run_have_names_and_marks_of_their_own():
    table = pd.DataFrame(
        {"image": pictures(4), "run": ["a", "a", "b", None], "step": [1, 2, 1, 2]}, index=list("wxyz")
    )
    gallery = table.pictures.gallery(cols="step")
    assert names_of(gallery.table) == ["a #1", "a #2", "b", "z"]
    gallery._answer(gallery, {"kind": "mark", "id": 1, "changes": [{"at": [1], "mark": {"stars": 4}}]}, [])
    assert gallery.marked.index.tolist() == ["x"]
    assert gallery.marked["run"].tolist() == ["a"]
    joined = table.join(gallery.marked[["stars"]])
    assert joined["stars"].tolist() == [pd.NA, 4, pd.NA, pd.NA]
    page = gallery.page()
    assert "a #2" in page


def test_the_code_of_a_foreign_row_finds_it():
    for index, code in ((list("wx"), "frame.loc['w']"), ([5, 5], "frame.iloc[0]"), (None, "frame.loc[0]")):
        frame = pd.DataFrame({"image": pictures(2), "cfg": [1, 2]}, index=index)
        shown = code_of(frame.pictures.gallery().table, 0)
        assert shown == code
        assert eval(shown, {"frame": frame})["cfg"] in (1, frame["cfg"].iloc[0])


def test_an_empty_frame_is_refused_in_a_sentence():
    for empty in (pd.DataFrame(), pd.DataFrame({"image": []}), pd.DataFrame({"seed": [1]})):
        with pytest.raises(sf.SegfluxError):
            empty.pictures.sheet()


def test_a_name_stands_behind_a_number_and_below_the_sheet_for_a_word():
    """ "at dawn words" would read as one."""

    def form(values):
        cells = [Cell(captions=((value, "words"),)) for value in values]
        return caption_form(SimpleNamespace(cells=cells), 400, 12)

    assert form(["3.5", "-2"]).has_names
    assert not form(["at dawn", "3"]).has_names
    assert form(["at dawn", "3"]).note == ("Below each picture: words",)
