"""Captions, marks, borders, heat maps, differences, pages, comparison: what else a sheet can show."""

import base64
import io

import pandas as pd
import pytest
from PIL import Image
from PIL.PdfParser import PdfParser

import segflux_nb as sf
from segflux_nb.errors import LayoutError
from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.thumbnails import thumbnail_of
from segflux_nb.sheets.colours import on_scale
from segflux_nb.sheets.comparison import compare
from segflux_nb.sheets.geometry import geometry_of
from segflux_nb.sheets.sheet import LONGEST, contact_sheet
from tests.support.corpus import PAYLOADS
from tests.support.frames import colour_of, coloured, frame, layout_of, noise, overlap

GREY, RED = Image.new("RGB", (64, 64), (90, 90, 90)), Image.new("RGB", (64, 64), (200, 0, 0))


def middle(image, box):
    return image.getpixel(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2))


def test_captions_of_chosen_columns():
    table = coloured(seed=[1, 2], lora_strength=[0.5, 1.0]).assign(score=[1.5, 2.0, 3.25, 4.0])
    layout = layout_of(table, captions=["score", "seed"])
    assert [cell.caption for cell in layout.cells][:2] == ["score 1.50 · seed 1", "score 3.25 · seed 2"]
    assert (layout.columns, layout.rows) == ("seed", "lora_strength"), "a caption takes no axis of a sweep away"
    wrapped = layout_of(frame(seed=list(range(12))).assign(score=1.0), captions=["score"])
    assert wrapped.cells[3].caption == "3 · score 1.0"


def test_marks_and_duplicates_are_on_the_picture_and_in_the_text():
    table = frame(seed=[1, 2, 3], lora_strength=[0.5, 1.0])
    table["stars"] = pd.array([5, None, 0, None, None, None], dtype="Int64")
    table["pick"] = pd.array([True, False, None, None, None, None], dtype="boolean")
    table["note"] = pd.array(["sharp", None, None, None, None, None], dtype="string")
    table.loc[5, "image"] = table.loc[0, "image"]
    layout = layout_of(table)
    tags = {cell.run: cell.tags for cell in layout.cells}
    assert tags["run0"] == ("★★★★★", "✔ picked")
    assert tags["run1"] == ("✘ rejected",)
    assert tags["run2"] == ("☆",)
    assert tags["run5"] == ("= 1, 0.5",), "says which cell has the same picture"
    assert "1 the same as another" in layout.text
    assert layout.cells[0].text == "seed 1 · lora_strength 0.5 · ★★★★★ · ✔ picked · sharp"
    assert layout_of(table).text != layout_of(table.assign(stars=4)).text


def test_a_border_has_the_colour_of_its_value_and_says_it():
    table = coloured(seed=[1, 2, 3]).assign(score=[1.0, 2.0, 3.0])
    layout = layout_of(table, border="score")
    geometry = geometry_of(layout, 200)
    image = contact_sheet(table, border="score").pages[0]
    geometry = geometry_of(layout, 320)
    for (cell, box), share in zip(geometry.cells, (0.0, 0.5, 1.0), strict=True):
        assert cell.share == share
        assert image.getpixel((box[0] - 2, box[1] + 40)) == on_scale(share)
    assert [cell.caption for cell in layout.cells] == ["score 1.0", "score 2.0", "score 3.0"]
    assert geometry.scale_bar is not None


def test_a_heat_map_shows_values_where_there_are_some():
    table = coloured(seed=[1, 2, 3]).assign(score=pd.array([4, None, 9], dtype="Int64"))
    sheet = contact_sheet(table, heat="score")
    boxes = [box for _, box in geometry_of(layout_of(table, heat="score"), 320).cells]
    corner = [sheet.image.getpixel((box[0] + 3, box[1] + 3)) for box in boxes]
    assert corner[0] == on_scale(0)
    assert corner[2] == on_scale(1)
    assert corner[1] == colour_of(1), "the picture, where there is no value"
    for column, says in (("status", "not a column of numbers"), ("nothing", "no column 'nothing'")):
        with pytest.raises(sf.SegfluxError, match=says):
            contact_sheet(table, heat=column)
    with pytest.raises(sf.SegfluxError, match="Choose one"):
        contact_sheet(table, heat="score", border="score")
    with pytest.raises(sf.SegfluxError, match="no value"):
        contact_sheet(table.assign(score=pd.array([None] * 3, dtype="Int64")), heat="score")


def test_differences_are_from_the_chosen_cell_of_the_same_row(tmp_path):
    table = frame(lora_strength=[0.0, 0.5], seed=[1, 2])
    table["image"] = [GREY, RED, RED, RED]
    layout = layout_of(table, cols="lora_strength", rows="seed", relative_to={"lora_strength": 0.0})
    sheet = contact_sheet(table, cols="lora_strength", rows="seed", relative_to={"lora_strength": 0.0}).image
    geometry = geometry_of(layout, 320)
    differences = {cell.run: middle(sheet, box) for cell, box in geometry.differences}
    assert differences["run3"] == on_scale(0), "the same picture differs nowhere"
    assert differences["run2"] not in (on_scale(0), (255, 255, 255)), "grey and red differ"
    assert "its difference from lora_strength 0.0" in layout.text
    options = {"cols": "lora_strength", "rows": "seed", "relative_to": {"lora_strength": 0.0}}
    html = contact_sheet(table, **options).save(tmp_path / "a.html").read_text()
    assert html.count('alt="difference') == 2, "the page has them too"
    assert 'alt="difference ΔE 0.0"' in html
    for (_, one), (_, other) in zip(geometry.cells, geometry.differences, strict=True):
        assert not overlap(one, other)
    for wrong, says in (({"steps": 3}, "not an axis of this sheet"), ({"lora_strength": 0.7}, "does not have")):
        with pytest.raises(sf.SegfluxError, match=says):
            layout_of(table, relative_to=wrong)


def test_several_outer_axes_are_facets():
    layout = layout_of(
        frame(seed=[1], lora_strength=[0.5, 1.0], sampler_name=["heun", "euler"], scheduler=["simple", "beta"]),
        cols="seed",
        rows="lora_strength",
        by=["sampler_name", "scheduler"],
    )
    assert layout.outer == "sampler_name × scheduler"
    assert [group.label for group in layout.groups] == [
        "heun · simple",
        "heun · beta",
        "euler · simple",
        "euler · beta",
    ]
    assert layout.notes == ()


def test_a_sheet_too_large_for_its_format_is_cut_into_pages_with_their_labels(tmp_path):
    table = frame(seed=range(190), lora_strength=[0.5, 1.0])
    table["image"] = None
    sheet = contact_sheet(table, cols="lora_strength", rows="seed", title="Long")
    assert len(sheet.pages) == 2
    first = sheet.save(tmp_path / "long.webp")
    assert first.name == "long-1.webp"
    assert (tmp_path / "long-2.webp").exists()
    for page in tmp_path.glob("*.webp"):
        with Image.open(page) as image:
            assert max(image.size) <= LONGEST[".webp"]
    assert sheet.save(tmp_path / "long.png").name == "long.png", "PNG holds it in one"
    with PdfParser(sheet.save(tmp_path / "long.pdf")) as document:
        assert len(document.pages) == 2
    from segflux_nb.sheets.layout import pages

    layout = layout_of(table, cols="lora_strength", rows="seed", title="Long")
    parts = pages(layout, lambda part: len(part.cells) <= 100)
    assert [row for part in parts for row in part.row_labels] == list(layout.row_labels)
    assert parts[1].title == f"Long (page 2 of {len(parts)})"


def test_a_comparison_says_what_differs():
    table = coloured(seed=[1, 2], lora_strength=[0.5, 1.0]).assign(steps=25)
    text = table.pictures.compare(0, 3).text
    assert "seed: 1 → 2; lora_strength: 0.5 → 1.0" in text
    assert "columns seed, lora_strength: 1, 0.5; 2, 1.0" in text
    assert "steps 25" in text
    for wrong, says in (((0,), "two runs or more"), ((0, 9), "no row 9")):
        with pytest.raises(sf.SegfluxError, match=says):
            table.pictures.compare(*wrong)


def test_small_cells_are_read_from_thumbnails(tmp_path):
    store = PictureStore(tmp_path)
    import io

    buffer = io.BytesIO()
    noise(1, (512, 256)).save(buffer, "JPEG")
    stored = store.put(buffer.getvalue())
    thumbnail = thumbnail_of(str(tmp_path / stored.path))
    with Image.open(thumbnail) as image:
        assert image.size == (256, 128)
    Image.new("RGB", (256, 128), "red").save(thumbnail)
    table = frame(seed=[1]).assign(image=str(tmp_path / stored.path), width=512, height=256)
    layout = layout_of(table)
    from segflux_nb.sheets.colours import THEMES
    from segflux_nb.sheets.drawing import draw
    from segflux_nb.sheets.reading import Reader

    geometry = geometry_of(layout, 200)
    red = middle(draw(geometry, THEMES["light"], Reader()), geometry.cells[0][1])
    assert red[0] > 200
    assert red[1] < 60
    thumbnail.unlink()
    assert middle(draw(geometry, THEMES["light"], Reader()), geometry.cells[0][1]) != red, "the picture itself"
    assert len(PictureStore(tmp_path).put(buffer.getvalue()).sha256) == 64
    assert thumbnail.exists()


def test_the_column_of_pictures_is_found_by_what_it_holds(tmp_path):
    GREY.save(tmp_path / "a.png")
    for pictures in (
        [GREY, RED],
        [None, RED],
        [str(tmp_path / "a.png"), None],
        [tmp_path / "a.png", tmp_path / "b.png"],
    ):
        table = pd.DataFrame({"style": ["ink", "oil"], "render": pd.Series(pictures, dtype=object)})
        assert "columns style: ink, oil" in table.pictures.sheet().text
    with pytest.raises(sf.SegfluxError, match="no column of pictures"):
        pd.DataFrame({"style": ["ink"], "score": [2.0]}).pictures.sheet()


def test_hostile_words_are_words(tmp_path):
    table = coloured(prompt=PAYLOADS).assign(note=PAYLOADS, error=PAYLOADS[::-1], seed_label=PAYLOADS, seed=1)
    table.loc[::2, "image"] = None
    table.loc[::2, "status"] = "failed"
    sheet = contact_sheet(table, cols="prompt", title=PAYLOADS[0], captions=["note"])
    assert sheet.image.width > 100
    page = sheet.save(tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "<img src=x" not in page
    assert page.count("<style>") == 1
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "default-src &#x27;none&#x27;" in page or "default-src 'none'" in page
    data, _ = sheet._repr_mimebundle_()
    assert not set(data["text/plain"]) & {"\x1b", "\x00", "\x07", "\u202e"}


def test_the_page_stands_alone(tmp_path):
    prompt = "a very long prompt about a mountain lake " * 10
    table = coloured(seed=[1, 2, 3], lora_strength=[0.5, 1.0]).assign(prompt=prompt, score=[1.0, 2, 3, 4, 5, 6])
    table.loc[1, ["image", "status", "error_kind", "error"]] = [None, "failed", "moderated", "flagged"]
    page = contact_sheet(table, border="score", theme="dark", title="Study").save(tmp_path / "a.html").read_text()
    assert prompt.strip() in page, "whole"
    assert '<html lang="en" style="color-scheme: dark">' in page
    follows = contact_sheet(table).save(tmp_path / "b.html").read_text()
    assert '<html lang="en">' in follows, "no theme was given: the reader's system decides, by CSS alone"
    assert ":root { color-scheme: light dark;" in follows
    assert page.count("<img ") == 5
    assert page.count('type="checkbox"') == 5
    assert "moderated: flagged" in page
    assert "http" not in page.replace("http-equiv", "")
    assert 'alt="seed 1 · lora_strength 0.5' in page


@pytest.mark.parametrize(
    ("scores", "shown"),
    [
        ([712.579828, 6.077281, 0.0], ["712.6", "6.1", "0.0"]),
        ([0.312345678, 0.28, 0.3], ["0.3123", "0.2800", "0.3000"]),
        ([0.25, 0.5, 1.125], ["0.250", "0.500", "1.125"]),
        ([123456.789123, 2.5, 3.5], ["123456.8", "2.5", "3.5"]),
        ([712.579828, 0.00012, 3.0], ["712.579828", "0.000120", "3.000000"]),
        ([1e-7, 5e-7, 2e-7], ["1e-07", "5e-07", "2e-07"]),
        ([712.579828, 712.579829, 3.0], ["712.579828", "712.579829", "3.000000"]),
        ([712.579828, None, float("inf")], ["712.6", "–", "inf"]),
    ],
    ids=str,
)
def test_measurements_are_shown_with_the_digits_that_can_be_read(scores, shown):
    table = coloured(seed=[1, 2, 3]).assign(score=scores)
    captions = [cell.captions[0][0] for cell in layout_of(table, captions=["score"]).cells]
    assert captions == shown
    values = [cell.value for cell in layout_of(table, heat="score").cells]
    assert values == ["" if label == "–" else label for label in shown]


def test_a_name_that_is_nearly_a_column_is_asked_about():
    with pytest.raises(sf.SegfluxError, match=r"no column 'sed'\. Did you mean 'seed'\? It has "):
        contact_sheet(coloured(seed=[1, 2, 3]), cols="sed")


def test_a_reference_that_a_baseline_would_give_says_how_to_get_one():
    table = coloured(lora_strength=[0.5, 1.0], seed=[1, 2])
    with pytest.raises(sf.SegfluxError, match=r"It has 0.5, 1.0. ws.run\(sweep.with_baseline\(\)\) adds strength 0"):
        layout_of(table, relative_to={"lora_strength": 0.0})
    with pytest.raises(sf.SegfluxError, match=r"It has 1, 2\.$"):
        layout_of(table, relative_to={"seed": 7})


def test_what_nobody_has_judged_has_no_caption():
    table = coloured(seed=[1, 2, 3])
    table["stars"] = pd.array([None, 4, None], dtype="Int64")
    table["clip"] = [0.5, None, None]
    cells = layout_of(table, captions=["stars", "clip"]).cells
    assert [cell.caption for cell in cells] == ["clip 0.5", "stars 4 · clip –", "clip –"]


def corner(jpeg):
    """The colour of the first pixel of a JPEG in base64."""
    return Image.open(io.BytesIO(base64.b64decode(jpeg))).getpixel((0, 0))


def test_a_setting_of_the_environment_is_the_theme_of_notebooks_alone(monkeypatch, tmp_path):
    table = coloured(seed=[1, 2])
    light = contact_sheet(table)._repr_mimebundle_()[0]
    assert min(corner(light["image/jpeg"])) > 250
    monkeypatch.setenv("SEGFLUX_THEME", "dark")
    sheet = contact_sheet(table)
    dark = sheet._repr_mimebundle_()[0]
    assert max(corner(dark["image/jpeg"])) < 30
    assert dark["text/plain"] == light["text/plain"]
    assert max(corner(compare(table, [0, 1])._repr_mimebundle_()[0]["image/jpeg"])) < 30
    assert min(Image.open(sheet.save(tmp_path / "a.png")).getpixel((0, 0))) == 255, "what is saved is light"
    assert '<html lang="en">' in sheet.save(tmp_path / "a.html").read_text(), "and HTML follows the reader's system"
    assert min(corner(contact_sheet(table, theme="light")._repr_mimebundle_()[0]["image/jpeg"])) > 250
    monkeypatch.setenv("SEGFLUX_THEME", "")
    assert contact_sheet(table)._repr_mimebundle_()[0] == light


def test_a_wrong_setting_of_the_environment_is_an_error_with_a_remedy(monkeypatch):
    monkeypatch.setenv("SEGFLUX_THEME", "Dracula")
    with pytest.raises(LayoutError, match=r"SEGFLUX_THEME is 'Dracula'.*[\s\S]*light or dark"):
        contact_sheet(coloured(seed=[1, 2]))
    contact_sheet(coloured(seed=[1, 2]), theme="dark")
