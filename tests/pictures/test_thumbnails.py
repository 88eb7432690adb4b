"""Thumbnails, and the tiny copies in them."""

import io

import pytest
from PIL import Image

from segflux_nb.pictures.thumbnails import TINY_SIDE, thumbnail, thumbnail_of, tiny
from tests.support.frames import noise

NAME = "ab" + 62 * "c"


@pytest.mark.parametrize(
    ("size", "expected"), [((1024, 1024), (16, 16)), ((1024, 576), (16, 9)), ((40, 900), (1, 16))]
)
def test_a_thumbnail_holds_a_tiny_copy_of_itself(tmp_path, size, expected):
    picture = noise(1, (4, 4)).resize(size, Image.Resampling.BICUBIC)
    small = thumbnail(picture)
    (tmp_path / "small.jpg").write_bytes(small)
    copy = tiny(tmp_path / "small.jpg")
    assert copy.size == expected
    with Image.open(io.BytesIO(small)) as whole:
        whole.load()
        means = whole.resize(expected, Image.Resampling.BOX)
    pairs = zip(copy.tobytes(), means.tobytes(), strict=True)
    assert max(abs(own - mean) for own, mean in pairs) <= 12, "a JPEG is not exact"


def test_a_file_without_a_whole_tiny_copy_has_none(tmp_path):
    picture = noise(1, (8, 8)).resize((512, 512))
    small = thumbnail(picture)
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG")
    torn = (small[:300], small[:21], b"", small.replace(b"segflux tiny", b"another text"), buffer.getvalue())
    sizes = [bytes(at) for at in ([0, 16], [16, 17], [255, 255])]
    wrong = [small[:36] + size + small[38:] for size in sizes]
    for data in (*torn, *wrong):
        (tmp_path / "small.jpg").write_bytes(data)
        assert tiny(tmp_path / "small.jpg") is None
    assert TINY_SIDE == 16


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        (f"study/pictures/ab/{NAME}.png", f"study/thumbnails/ab/{NAME}.jpg"),
        (f"pictures/ab/{NAME}.jpg", f"thumbnails/ab/{NAME}.jpg"),
        (f"/a/pictures/ab/{NAME}.webp", f"/a/thumbnails/ab/{NAME}.jpg"),
        (f"study/photos/ab/{NAME}.png", None),
        ("study/pictures/ab/7.png", None),
        ("7.png", None),
        ("", None),
    ],
)
def test_pictures_of_a_workspace_have_a_place_for_a_thumbnail(picture, expected):
    place = thumbnail_of(picture)
    assert (None if place is None else place.as_posix()) == expected
