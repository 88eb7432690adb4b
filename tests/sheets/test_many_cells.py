"""Sheets of many cells: what is in memory at once, how often a picture is decoded, the bytes of an inline sheet."""

import base64
import io
import weakref
from pathlib import Path

import pytest
from PIL import Image, ImageFile
from PIL.PdfParser import PdfParser

from segflux_nb.checking.sheet_prints import compare_prints, read_prints
from segflux_nb.pictures.appearance import read
from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.thumbnails import thumbnail_of
from segflux_nb.sheets import drawing, html, inline, prints, reading, sheet
from segflux_nb.sheets.colours import THEMES
from segflux_nb.sheets.geometry import geometry_of, size_of
from segflux_nb.sheets.html import standalone, standalone_parts
from segflux_nb.sheets.inline import inline_jpeg
from segflux_nb.sheets.prints import METADATA, prints_of, prints_of_pictures
from segflux_nb.sheets.reading import Reader
from segflux_nb.sheets.sheet import ContactSheet, contact_sheet
from tests.support.frames import coloured, frame, layout_of, noise


class Alive:
    """Counts how many of the objects that passed are still there."""

    def __init__(self):
        self.now = self.most = 0

    def passed(self, one):
        self.now += 1
        self.most = max(self.most, self.now)
        weakref.finalize(one, self._gone)
        return one

    def _gone(self):
        self.now -= 1


@pytest.fixture
def files(tmp_path):
    """Makes a frame of pictures that are all different files."""

    def make(**axes):
        table = frame(**axes)
        for number in range(len(table)):
            Image.new("RGB", (24, 24), (number % 256, number // 256, 9)).save(tmp_path / f"{number}.png")
        table["image"] = [str(tmp_path / f"{number}.png") for number in range(len(table))]
        table["width"] = table["height"] = 24
        return table

    return make


@pytest.fixture
def decoded(monkeypatch):
    """The pictures that were decoded, one entry for each time."""
    found, load = [], ImageFile.ImageFile.load

    def counted(image):
        if image.tile:
            found.append(image)
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", counted)
    return found


def test_few_pictures_of_a_sheet_are_in_memory_at_once(files, monkeypatch):
    alive, read = Alive(), reading._read
    monkeypatch.setattr(reading, "_read", lambda *asked: alive.passed(read(*asked)))
    monkeypatch.setattr(reading, "KEPT_BYTES", 20 * 12 * 12 * 3)
    layout = layout_of(files(seed=range(40), lora_strength=[0.1 * n for n in range(20)]))
    drawing.draw(geometry_of(layout, 12), THEMES["light"], reading.Reader())
    # Two parts are being read, some are ready, one is drawn.
    assert 20 < alive.most <= 20 + (drawing.PARTS_AHEAD + 3) * drawing.AT_A_TIME < 800


def test_a_picture_in_several_cells_is_decoded_once(files, decoded):
    table = files(seed=[1, 2, 3, 4], lora_strength=[0.5, 1.0])
    table["image"] = [table["image"][0]] * 8
    assert contact_sheet(table).image
    assert len(decoded) <= 2, "two threads may begin with it at once"


@pytest.mark.parametrize("ending", [".png", ".jpg", ".webp", ".pdf"])
def test_a_page_is_gone_before_the_next_one_is_drawn(ending, tmp_path, monkeypatch):
    alive, draw = Alive(), drawing.draw
    monkeypatch.setattr(sheet, "draw", lambda *asked, **how: alive.passed(draw(*asked, **how)))
    monkeypatch.setattr(sheet, "MOST_PIXELS", 110_000)
    table = coloured(seed=range(8), lora_strength=[0.5, 1.0])
    saved = contact_sheet(table, title="Pages").save(tmp_path / f"sheet{ending}")
    assert alive.most == 1
    if ending == ".pdf":
        with PdfParser(saved) as document:
            assert len(document.pages) > 2
    else:
        assert saved.name == f"sheet-1{ending}"
        assert len(list(tmp_path.iterdir())) > 2


@pytest.mark.parametrize("most_bytes", [html.MOST_BYTES, 0])
def test_a_document_decodes_each_picture_at_most_once(most_bytes, files, decoded, monkeypatch):
    monkeypatch.setattr(html, "MOST_BYTES", most_bytes)
    page = standalone([layout_of(files(seed=[1, 2, 3], lora_strength=[0.5, 1.0]))])
    assert page.count("<img ") == 6
    assert len(decoded) <= 6


def test_a_document_is_made_picture_by_picture(files, decoded, monkeypatch):
    monkeypatch.setattr(html, "MOST_BYTES", 0)
    parts = standalone_parts([layout_of(files(seed=[1, 2, 3], lora_strength=[0.5, 1.0]))])
    seen = []
    for part in parts:
        seen += [len(decoded)] * part.count("<img ")
    assert seen == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("number", [40, 3000])
def test_an_inline_sheet_of_any_number_of_cells_is_within_its_limit(number, monkeypatch):
    table = frame(seed=range(number // 20), lora_strength=[0.1 * n for n in range(20)])
    pictures = [noise(n, (40, 40)) for n in range(5)]
    table["image"] = [pictures[at % 5] for at in range(number)]
    whole = []
    draw = drawing.draw

    def counted(geometry, *rest, **how):
        whole.append(len(geometry.cells) == number)
        return draw(geometry, *rest, **how)

    monkeypatch.setattr(sheet, "draw", counted)
    jpeg = ContactSheet(layout_of(table)).inline(sheet.INLINE_BYTES)
    assert len(jpeg) <= sheet.INLINE_BYTES
    assert Image.open(io.BytesIO(base64.b64decode(jpeg))).format == "JPEG"
    if number > inline.FEW:
        assert sum(whole) <= 2, "bands tell how large it will be"
        assert len(jpeg) > sheet.INLINE_BYTES / 2


def test_a_limit_that_no_quality_meets_takes_pixels():
    table = coloured(seed=range(10), lora_strength=[0.5, 1.0])
    table["image"] = [noise(n, (64, 64)) for n in range(20)]
    reader = reading.Reader()
    data = inline_jpeg(layout_of(table), 2000, lambda one: drawing.draw(one, THEMES["light"], reader))
    assert len(data) <= 2000
    assert Image.open(io.BytesIO(data)).width > 50


@pytest.mark.parametrize("side", [8, 33, 96, 320])
def test_the_size_of_a_sheet_is_known_without_its_cells(side):
    table = coloured(seed=[1, 2, 3], lora_strength=[0.5, 1.0], sampler_name=["euler", "heun"])
    table["score"], table["words"] = range(12), [f"a fairly long text number {n}" for n in range(12)]
    for options in (
        {},
        {"captions": ["words", "score"]},
        {"border": "score"},
        {"heat": "score", "title": "A title that is much longer than a sheet of small cells is wide"},
        {"relative_to": {"lora_strength": 0.5}},
        {"cols": "seed", "by": []},
    ):
        layout = layout_of(table, **options)
        geometry = geometry_of(layout, side)
        assert size_of(layout, side) == (geometry.width, geometry.height), options


def test_prints_of_very_many_pictures_are_those_of_their_files(files, decoded, tmp_path):
    layout = layout_of(files(seed=range(30), lora_strength=[0.1 * n for n in range(10)]))
    saved = prints_of(layout)
    assert not decoded
    (tmp_path / "7.png").write_bytes((tmp_path / "8.png").read_bytes())
    (tmp_path / "9.png").unlink()
    new = prints_of(layout)
    findings = [
        (one.verdict.value, one.why)
        for one in compare_prints(*(read_prints({METADATA: one}) for one in (saved, new)), exact=False)
        if one.verdict.value != "same bytes"
    ]
    assert len(findings) == 2
    assert "files are not the same" in findings[0][1]
    assert "new picture could not be read" in findings[1][1]


def test_files_of_a_workspace_are_named_by_their_sha256_and_not_read(files, tmp_path, monkeypatch):
    store = PictureStore(tmp_path / "study", durable=False)
    table = files(seed=range(30), lora_strength=[0.1 * n for n in range(10)])
    stored = [tmp_path / "study" / store.put(Path(path).read_bytes()).path for path in table["image"]]
    other = tmp_path / "pictures" / "ab" / f"{'no hexadecimal number'.ljust(64, '.')}.png"
    other.parent.mkdir(parents=True)
    other.write_bytes(stored[1].read_bytes())
    pictures = [("run", "", path) for path in (*stored, other)]
    as_bytes = [("run", "", path.read_bytes()) for *_, path in pictures]
    expected = prints_of_pictures(as_bytes)["pictures"]
    read = []
    monkeypatch.setattr(prints, "read_file", lambda path: (read.append(path), Path(path).read_bytes())[1])
    assert prints_of_pictures(pictures)["pictures"] == expected
    assert read == [other]
    stored[5].unlink()
    assert prints_of_pictures(pictures)["pictures"][5] == ["run", "", "", ""]


def test_tiny_cells_are_drawn_from_the_tiny_copies_in_thumbnails(tmp_path, monkeypatch):
    store = PictureStore(tmp_path, durable=False)
    buffer = io.BytesIO()
    Image.new("RGB", (600, 450), "#336699").save(buffer, "JPEG", quality=95)
    path = tmp_path / store.put(buffer.getvalue()).path
    decoded = []
    monkeypatch.setattr(reading, "read", lambda data, within=None: (decoded.append(within), read(data, within))[1])
    drawn = Reader().fitted(path, (8, 8))
    assert (drawn.size, decoded) == ((8, 6), [])
    larger = Reader().fitted(path, (24, 24))
    assert (larger.size, decoded) == ((24, 18), [(24, 24)])
    assert all(
        abs(one - other) <= 4 for one, other in zip(drawn.getpixel((4, 2)), larger.getpixel((12, 8)), strict=True)
    )
    small = thumbnail_of(str(path))
    small.write_bytes(small.read_bytes().replace(b"segflux tiny", b"of long ago!"))
    assert Reader().fitted(path, (8, 8)).size == (8, 6), "a thumbnail of an earlier version"
    path.unlink()
    assert Reader().fitted(path, (8, 8)) is None, "the picture is gone, whatever the thumbnail says"


def test_a_print_of_pixels_beside_one_of_a_file_says_what_to_do(files):
    table = files(seed=range(30), lora_strength=[0.1 * n for n in range(10)])
    many, few = prints_of(layout_of(table)), prints_of(layout_of(table.head(20)))
    many["pictures"] = [[*one[:2], *two[2:]] for one, two in zip(few["pictures"], many["pictures"], strict=False)]
    findings = compare_prints(*(read_prints({METADATA: one}) for one in (few, many)), exact=False)
    assert "execute and save the notebook again" in findings[0].why
