"""The painter: from the end of a flow to a landscape.

It paints a sky, ranges of mountains in haze, water that mirrors them, and the fine-tune's subject on the shore. Each
number of the latent means something (the hue, the height of the sun, one wave of one ridge), so that similar latents
give similar pictures. The latent's deviation from the data decides how sharp the picture is.

To be fast, it works on planes of float32, keeps factors one-dimensional if possible, and touches only the rows and
columns that a layer covers. A soft picture is painted small and enlarged.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..flow.mixture import PLACES
from ..flow.painting import Painting
from . import water
from .canvas import Canvas
from .finish import drawn_lines, finished
from .land import ranges
from .light import Light
from .places import HOME, land_of
from .sky import fog, rain, sky, sun_of, without_disc
from .subjects import DRAWN, ground, rim, subject_of

NAMES = tuple(PLACES)


def paint(painting: Painting, width: int, height: int) -> NDArray[np.uint8]:
    """The picture of a latent as height × width × 3 bytes.

    Parameters
    ----------
    painting:
        The latent, and what it says.
    width:
        Width in pixels.
    height:
        Height in pixels.
    """
    smaller = max(1.0, min(width, height) / drawn_lines(painting.q))
    canvas = Canvas(max(1, round(width / smaller)), max(1, round(height / smaller)))
    z = [float(value) for value in painting.z]
    light, name = Light(painting), NAMES[painting.place]
    place = land_of(name, painting.variety)
    shore = (place.horizon + 0.05 * math.tanh(z[7] / 2)) * canvas.tall
    sun = sun_of(z, light, canvas, shore)
    disc = sky(canvas, light, sun, z, shore)
    ranges(canvas, light, sun, z, place, shore)
    fog(canvas, light, z, shore, 0.75)
    water.far_lights(canvas, light, z, shore)
    # A broken latent has blotches in place of a subject.
    subject = subject_of(canvas, light, sun, painting, shore) if painting.q < 3 else None
    if subject is not None and painting.kind is not None:
        ground(canvas, subject, painting.kind, shore)
        DRAWN[painting.kind](canvas, subject)
    kept = without_disc(canvas, disc)
    water.water(canvas, light, sun, z, shore)
    canvas.planes[:, disc.box[0], disc.box[1]] = kept
    water.banks(canvas, light, z, name if painting.variety > 0.5 else HOME, shore)
    if subject is not None and painting.kind is not None:
        rim(canvas, subject, painting.kind, shore)
    fog(canvas, light, z, shore, 0.25)
    rain(canvas, light, z)
    return finished(canvas, painting, width, height)
