"""Pictures as a sheet reads them: what they are compared by does not depend on caches and sizes."""

import io

import pytest
from PIL import Image

from segflux_nb.pictures.store import PictureStore
from segflux_nb.pictures.thumbnails import thumbnail_of
from segflux_nb.sheets.reading import Reader
from tests.support.frames import noise


def test_a_difference_is_the_same_from_path_bytes_and_image(tmp_path):
    # Pictures like painted ones: soft, so that a JPEG holds them well.
    pictures = [noise(seed, (16, 16)).resize((1024, 768), Image.Resampling.BICUBIC) for seed in (1, 2)]
    paths, contents = [], []
    for number, picture in enumerate(pictures):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=92)
        contents.append(buffer.getvalue())
        paths.append(tmp_path / PictureStore(tmp_path).put(buffer.getvalue()).path)
        assert thumbnail_of(str(paths[number])).exists()
    numbers = [
        Reader().difference(*pair)
        for pair in (pictures, contents, paths, list(map(str, paths)), [pictures[0], paths[1]])
    ]
    assert numbers[0] > 5
    assert numbers == pytest.approx([numbers[0]] * 5, abs=0.1)
    assert numbers[1] == numbers[2] == numbers[3]
    for path in paths:
        Image.new("RGB", (256, 192)).save(thumbnail_of(str(path)))
    assert Reader().difference(*paths) == numbers[2], "a thumbnail is a cache"


def test_a_picture_that_cannot_be_read_has_no_difference(tmp_path):
    (tmp_path / "torn.jpg").write_bytes(b"\xff\xd8\xff torn")
    square = Image.new("RGB", (8, 8))
    for other in (None, tmp_path / "missing.jpg", str(tmp_path / "torn.jpg"), b"no picture"):
        assert Reader().difference(square, other) is None
        assert Reader().difference(other, square) is None
    assert Reader().difference(square, square) == 0
