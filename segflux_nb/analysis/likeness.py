"""How much the face in a picture is like those in photos: an extra, ``pip install "segflux-nb[likeness]"``.

dlib finds the largest face (King, JMLR 10, 2009), places five points on it, and describes it by 128 numbers that are
near each other for one person (a ResNet; its weights are CC0). The likeness of a picture is 1 less the distance of
its
description from the mean of the photos' descriptions. dlib takes two faces for one person up to a distance of 0.6:
above a likeness of 0.4. Better is to read it against the photos themselves: the likeness of each to the mean of the
others. The model with 68 points is not used, because its training photos are not free for commercial use.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ..errors import PictureError, RunError
from ..installing import how_to_install
from ..markup import count
from ..pictures.appearance import read, readable

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".avif")
"""Files of a folder that are taken for photos."""

LARGEST = 1024
"""Larger pictures are reduced to this side first."""

VERSION = "dlib 1"


@dataclass(frozen=True)
class Likeness:
    """The metric: a picture in, its likeness out; None where no face is found.

    Attributes
    ----------
    mean:
        The mean of the photos' descriptions.
    version:
        Says which model and which photos.
    """

    mean: tuple[float, ...] = field(repr=False)
    version: str

    def __call__(self, image: Image.Image) -> float | None:  # noqa: D102 - see the class
        found = described(image)
        return None if found is None else _likeness(found, np.array(self.mean))


def likeness_to(folder: Path) -> tuple[Likeness, tuple[float, float] | None]:
    """The metric for a folder of photos, and the lowest and highest likeness of a photo to the others.

    Parameters
    ----------
    folder:
        A folder with photos of one person.

    Raises
    ------
    RunError
        Without dlib, without such a folder, or if no photo shows a face.
    """
    files = sorted(path for path in folder.glob("*") if path.suffix.lower() in ENDINGS) if folder.is_dir() else []
    if not files:
        raise RunError(f"{folder} is no folder with photos", remedy="Give a folder with photos of one person")
    digests, faces = [], []
    for path in files:
        try:
            data = readable(path.read_bytes)
            found = described(read(data))
        except PictureError:
            continue
        if found is not None:
            digests.append(hashlib.sha256(data).hexdigest())
            faces.append(found)
    if not faces:
        raise RunError(
            f"No face is found in {count(len(files), 'photo')} of {folder}",
            remedy="Give photos of one person, from the front",
        )
    mean = np.mean(faces, axis=0)
    photos = hashlib.sha256("\n".join(sorted(digests)).encode()).hexdigest()[:16]
    metric = Likeness(tuple(map(float, mean)), f"{VERSION}, photos {photos}")
    if len(faces) < 2:
        return metric, None
    own = [_likeness(face, np.mean(faces[:at] + faces[at + 1 :], axis=0)) for at, face in enumerate(faces)]
    return metric, (min(own), max(own))


def described(image: Image.Image) -> NDArray[np.float64] | None:
    """The description of the largest face in a picture; None where no face is found.

    Parameters
    ----------
    image:
        An RGB picture.

    Raises
    ------
    RunError
        Without dlib.
    """
    detector, points, network = _models()
    small = image.copy()
    small.thumbnail((LARGEST, LARGEST))
    pixels = np.ascontiguousarray(np.asarray(small.convert("RGB")))
    faces = detector(pixels, 0) or detector(pixels, 1)  # the second search finds smaller ones
    if not len(faces):
        return None
    largest = max(faces, key=lambda box: box.width() * box.height())
    return np.array(network.compute_face_descriptor(pixels, points(pixels, largest)), dtype=np.float64)


def _likeness(face: NDArray[np.float64], mean: NDArray[np.float64]) -> float:
    return 1 - float(np.linalg.norm(face - mean))


@cache
def _models() -> tuple[Any, Any, Any]:
    """The detector, the five points and the network."""
    try:
        import dlib
        import face_recognition_models as models
    except ImportError:
        raise RunError("Likeness needs dlib and its models", remedy=how_to_install("likeness")) from None
    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(models.pose_predictor_five_point_model_location()),
        dlib.face_recognition_model_v1(models.face_recognition_model_location()),
    )
