"""A corpus of odd pictures: every face reads each of them in the same, right way, or says why it cannot."""

import contextlib
import io
import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import segflux_nb as sf
from segflux_nb.pictures.appearance import FILE_MISSING
from segflux_nb.pictures.store import PictureStore
from segflux_nb.sheets.reading import Reader, file_of, shown_file, size_of
from segflux_nb.widgets.assets import thumbnail
from tests.support.odd_pictures import NOT_SHOWN, ODD, SHOWN, Odd, turned

MISSING = "missing.png"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    for odd in ODD:
        (folder / odd.name).write_bytes(odd.data)
    return folder


@pytest.fixture
def table(folder):
    names = [*(odd.name for odd in ODD), MISSING]
    return pd.DataFrame({"image": [str(folder / name) for name in names], "number": range(len(names))})


def colours(picture):
    """The colours in the middle of the left and of the right half."""
    picture = picture.convert("RGB")
    return [picture.getpixel((picture.width * at // 8, picture.height // 2)) for at in (1, 7)]


def assert_reads(picture, odd):
    assert picture.width / picture.height == pytest.approx(odd.size[0] / odd.size[1], rel=0.01)
    for found, right in zip(colours(picture), (odd.left, odd.right), strict=True):
        assert np.abs(np.subtract(found, right)).max() <= odd.near, (odd.name, found, right)


def test_there_are_many():
    assert len(ODD) >= 60
    assert len({odd.name for odd in ODD}) == len(ODD)


@pytest.mark.parametrize("odd", SHOWN, ids=lambda odd: odd.name)
def test_every_face_shows_it_alike(odd, folder):
    path = folder / odd.name
    for picture in (path, str(path), odd.data):
        assert_reads(Reader().fitted(picture, odd.size), odd)
    data, why = thumbnail(path)
    assert why == ""
    assert_reads(Reader().fitted(data, odd.size), odd)
    large, mime = shown_file(path)
    assert mime in ("image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/avif")
    assert_reads(Reader().fitted(large, odd.size), odd)
    assert size_of(path) == odd.size
    assert Reader().difference(path, Reader().fitted(path, odd.size)) < 3


@pytest.mark.parametrize("odd", SHOWN, ids=lambda odd: odd.name)
def test_a_pillow_image_is_shown_as_its_file_is(odd):
    try:
        image = Image.open(io.BytesIO(odd.data))
        image.load()
    except Exception:  # noqa: BLE001 - Pillow itself does not open some of them
        pytest.skip("Pillow does not open it")
    assert_reads(Reader().fitted(image, odd.size), odd)
    data, _ = file_of(image)
    assert_reads(Reader().fitted(data, odd.size), odd)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(2, 9))
def test_what_a_service_sends_turned_has_an_upright_thumbnail(kind, orientation, tmp_path):
    odd = Odd("turned", turned(kind, orientation, size=(1024, 512)), size=(1024, 512))
    stored = PictureStore(tmp_path).put(odd.data)
    assert (stored.width, stored.height) == odd.size
    assert_reads(Image.open(tmp_path / "thumbnails" / stored.sha256[:2] / f"{stored.sha256}.jpg"), odd)
    assert_reads(Reader().fitted(tmp_path / stored.path, (256, 256)), odd)
    assert_reads(Reader().fitted(tmp_path / stored.path, odd.size), odd)


@pytest.mark.parametrize("odd", NOT_SHOWN, ids=lambda odd: odd.name)
def test_what_cannot_be_shown_says_why(odd, folder):
    reader = Reader()
    assert reader.fitted(folder / odd.name, (64, 32)) is None
    reason = reader.reason(folder / odd.name)
    assert odd.why in reason
    assert " at 0x" not in reason, "it is the same on each execution"
    assert thumbnail(folder / odd.name) == (b"", reason)
    assert Reader().lab(folder / odd.name) is None
    with pytest.raises(sf.SegfluxError):
        shown_file(folder / odd.name)


def test_a_sheet_shows_all_of_them(table, tmp_path):
    sheet = table.pictures.sheet(cols="number")
    assert sheet.image.width > 400
    page = sheet.save(tmp_path / "sheet.html").read_text(encoding="utf-8")
    assert page.count("<img ") == len(SHOWN)
    assert page.count("cannot be shown") == len(NOT_SHOWN)
    assert page.count("picture file missing") == 1
    assert page.count("more than 50,000,000") == 2


def test_two_of_them_are_compared(table, folder):
    names = [odd.name for odd in ODD]
    same = names.index("plain.png"), names.index("turned-6.jpg")
    page = table.pictures.compare(*same)
    assert Reader().difference(*(folder / names[at] for at in same)) < 2
    assert page.image.width
    assert table.pictures.compare(names.index("plain.png"), names.index("huge.png")).image.width


def test_an_export_has_all_that_can_be_read_and_names_the_others(table, folder, tmp_path, capsys):
    out = table.pictures.export(tmp_path / "out", names="{number}")
    files = sorted((out / "pictures").iterdir())
    assert len(files) == len(SHOWN)
    for odd, number in zip(SHOWN, range(len(SHOWN)), strict=True):
        (file,) = (out / "pictures").glob(f"{number}.*")
        assert_reads(Reader().fitted(file, odd.size), odd)
        assert file.read_bytes() == odd.data, "a copy as it is: the frame has no parameters"
        assert file.suffix != ".mpo"
    left_out = (out / "left-out.txt").read_text(encoding="utf-8").splitlines()
    assert len(left_out) == len(NOT_SHOWN) + 1
    for odd in NOT_SHOWN:
        assert any(odd.name in line and odd.why in line for line in left_out)
    assert f"{len(NOT_SHOWN) + 1} pictures left out" in capsys.readouterr().out
    rows = [json.loads(line) for line in (out / "runs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["image"] is None for row in rows] == [False] * len(SHOWN) + [True] * (len(NOT_SHOWN) + 1)
    assert FILE_MISSING in left_out[-1]


def test_parameters_go_into_each_of_them_and_no_pixel_changes(table, tmp_path):
    with_parameters = table.assign(prompt="TOK", finetune_id="a", lora_strength=1.0, seed=table["number"], steps=8)
    with_parameters = with_parameters.assign(sampler_name="euler", scheduler="simple", aspect_ratio="1:1")
    out = with_parameters.pictures.export(tmp_path / "out", names="{seed}")
    for number, odd in enumerate(SHOWN):
        (file,) = [path for path in (out / "pictures").glob(f"{number}.*") if path.suffix not in (".json", ".xmp")]
        assert_reads(Reader().fitted(file, odd.size), odd)


def test_an_image_folder_has_all_that_can_be_read(table, tmp_path):
    from segflux_nb.exporting.imagefolder import export_imagefolder

    out = export_imagefolder(table.assign(prompt="a flag", text="mine", file_name="his"), tmp_path / "data")
    rows = [json.loads(line) for line in (out / "train" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == len(SHOWN)
    assert {(row["text"], row["text_"], row["file_name_"]) for row in rows} == {("a flag", "mine", "his")}
    assert {row["file_name"] for row in rows} == {path.name for path in (out / "train").iterdir()} - {
        "metadata.jsonl"
    }


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_metadata_is_read_or_refused_by_name(odd, folder):
    with contextlib.nullcontext() if odd.is_shown else contextlib.suppress(sf.SegfluxError):
        assert isinstance(sf.read_metadata(folder / odd.name).texts, dict)


def test_what_has_no_metadata_is_named(folder):
    with pytest.raises(sf.SegfluxError, match=r"empty\.png"):
        sf.read_metadata(folder / "empty.png")
