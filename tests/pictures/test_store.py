import io
import os
import threading
import warnings
import zlib

import pytest
from PIL import Image, ImageFile, PngImagePlugin, features

from segflux_nb.errors import PictureError, WorkspaceError
from segflux_nb.pictures.complete import bmp_ends, boxes_end, gif_ends, jpeg_ends, png_pixels, riff_ends
from segflux_nb.pictures.decode import decode, opened
from segflux_nb.pictures.store import PictureStore


def encoded(kind, size=(64, 48)):
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "ending"), [("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp")])
def test_a_picture_is_kept_under_what_it_contains(tmp_path, kind, ending):
    data = encoded(kind)
    stored = PictureStore(tmp_path).put(data)
    assert stored.path == f"pictures/{stored.sha256[:2]}/{stored.sha256}.{ending}"
    assert (tmp_path / stored.path).read_bytes() == data
    assert (stored.width, stored.height) == (64, 48)
    assert PictureStore(tmp_path).put(data) == stored
    assert len(list(tmp_path.rglob("*.*"))) == 1, "and nothing else lies about"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_picture_that_is_cut_off_does_not_count(tmp_path, kind, share):
    data = encoded(kind, (256, 256))
    with pytest.raises(PictureError):
        PictureStore(tmp_path).put(data[: int(len(data) * share)])
    assert not (tmp_path / "pictures").exists()


def bomb(width, height):
    """A small PNG of a huge picture."""

    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    row = bytes(1 + (width + 7) // 8)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(row * height, 9))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>404</html>",
        b"%PDF-1.4",
        b"\xff\xd8\xff\xe0",
        encoded("PPM"),
    ],
)
def test_what_is_no_picture_of_ours_does_not_count(data):
    with pytest.raises(PictureError):
        decode(data)


@pytest.mark.parametrize("side", [8000, 12_000, 30_000])
def test_bombs_are_refused_before_they_are_decoded(side):
    with pytest.raises(PictureError):
        decode(bomb(side, side))


def test_checking_in_threads_leaves_the_users_warnings_alone():
    before = list(warnings.filters)
    threads = [threading.Thread(target=lambda: [decode(encoded("JPEG")) for _ in range(20)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert warnings.filters == before


def test_a_disk_that_cannot_be_written_says_so_and_what_was_paid(tmp_path):
    (tmp_path / "pictures").write_text("a file where the folder should be")
    with pytest.raises(WorkspaceError, match="A picture was billed") as error:
        PictureStore(tmp_path).put(encoded("PNG"))
    assert "without paying" in str(error.value)


def test_a_write_that_fails_leaves_nothing_half_written(tmp_path, monkeypatch):
    def fail(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(WorkspaceError, match="No space left"):
        PictureStore(tmp_path).put(encoded("PNG"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_until_a_picture_is_whole_on_disk_its_name_does_not_exist(tmp_path, monkeypatch):
    """What a kill in the middle of the write would leave behind."""
    seen = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: seen.append(list(tmp_path.rglob("*.jpg"))))
    stored = PictureStore(tmp_path).put(encoded("JPEG"))
    assert seen == [[], [tmp_path / stored.path]], "the bytes first, then the folder that names them"


def test_what_a_killed_write_left_behind_is_removed_once_it_is_old(tmp_path):
    store = PictureStore(tmp_path)
    kept = tmp_path / store.put(encoded("JPEG")).path
    left = kept.with_name(".arriving-abc")
    left.write_bytes(b"half")
    now = left.stat().st_mtime
    store.tidy(now + 60)
    assert left.exists(), "its process may be at it still"
    store.tidy(now + 7200)
    assert not left.exists()
    assert kept.exists()


COATS = {
    "JPEG": {},
    "PNG": {},
    "WEBP": {},
    "GIF": {},
    "AVIF": {},
    "BMP": {},
    "TIFF": {},
    "progressive": {"format": "JPEG", "progressive": True},
    "animated": {"format": "GIF", "save_all": True, "append_images": [Image.new("RGB", (256, 256), "red")]},
}
COATS = {name: options for name, options in COATS.items() if name != "AVIF" or features.check("avif")}


def in_a_coat(name):
    options = {"format": name} | COATS[name]
    buffer = io.BytesIO()
    Image.effect_noise((256, 256), 60).convert("RGB").save(buffer, **options)
    return buffer.getvalue()


@pytest.fixture(params=["as imported", "LOAD_TRUNCATED_IMAGES", "MAX_IMAGE_PIXELS", "warnings"])
def switch(request, monkeypatch):
    """A global switch, as notebooks set it."""
    match request.param:
        case "LOAD_TRUNCATED_IMAGES":
            monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
        case "MAX_IMAGE_PIXELS":
            monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with warnings.catch_warnings():
        warnings.simplefilter("error" if request.param == "warnings" else "ignore")
        yield


@pytest.mark.parametrize("name", COATS)
def test_a_picture_in_any_coat_is_kept_as_served_and_half_of_it_never(name, tmp_path, switch):
    data = in_a_coat(name)
    stored = PictureStore(tmp_path).put(data)
    assert (tmp_path / stored.path).read_bytes() == data
    for share in (0.1, 0.5, 0.9, 0.99):
        with pytest.raises(PictureError):
            decode(data[: int(len(data) * share)])


@pytest.mark.parametrize("limit", [10, None])
def test_how_large_a_picture_may_be_is_not_for_a_switch_to_say(limit, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    decode(encoded("PNG"))
    with pytest.raises(PictureError, match="more than 50,000,000"):
        decode(bomb(20_000, 20_000))


def png_with(text_size):
    info = PngImagePlugin.PngInfo()
    info.add_text("workflow", "x" * text_size, zip=True)
    buffer = io.BytesIO()
    Image.effect_noise((64, 48), 60).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def test_a_png_with_a_text_that_pillow_refuses_is_kept_and_shown(tmp_path):
    data = png_with(3 << 20)
    stored = PictureStore(tmp_path).put(data)
    assert (tmp_path / stored.path).read_bytes() == data
    assert opened(data).size == (64, 48)


def test_a_switch_does_not_keep_a_picture_from_being_shown(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    assert opened(encoded("JPEG")).size == (64, 48)
    with pytest.raises(OSError, match="more than"):
        opened(bomb(20_000, 20_000))
    with pytest.raises(OSError, match="cannot identify"):
        opened(b"no picture")


def test_markers_in_metadata_are_not_the_end_of_a_jpeg():
    data = encoded("JPEG", (256, 256))
    comment = b"\xff\xfe\x00\x06\xff\xd9\xff\xd9"
    assert jpeg_ends(data[:2] + comment + data[2:])
    assert not jpeg_ends(data[:2] + comment + data[2:-2])


@pytest.mark.parametrize("ends", [jpeg_ends, gif_ends, riff_ends, boxes_end, bmp_ends, png_pixels])
@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8\xff", b"GIF89a", b"\x00" * 30, b"\xff" * 30])
def test_no_bytes_raise(ends, data):
    ends(data)
