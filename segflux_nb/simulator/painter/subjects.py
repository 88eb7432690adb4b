"""The subjects that fine-tunes bring: where each stands, how large it is, and its colour."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ..flow.painting import Painting
from .canvas import Canvas, soft, step
from .colour import Tone
from .light import Light
from .pen import Subject
from .sky import Sun
from .things import balloon, blossom, boat, torii
from .towers import castle, lighthouse, pagoda, windmill

DRAWN: dict[str, Callable[[Canvas, Subject], None]] = {
    "pagoda": pagoda,
    "lighthouse": lighthouse,
    "boat": boat,
    "balloon": balloon,
    "windmill": windmill,
    "castle": castle,
    "torii": torii,
    "blossom": blossom,
}
"""How each kind of subject is painted. Each function takes the canvas and the subject."""

ACCENTS = {
    "pagoda": Tone(0.585, 0.185, 30),
    "lighthouse": Tone(0.56, 0.195, 27),
    "boat": Tone(0.58, 0.18, 32),
    "balloon": Tone(0.62, 0.195, 30),
    "windmill": Tone(0.52, 0.13, 38),
    "castle": Tone(0.46, 0.10, 262),
    "torii": Tone(0.60, 0.20, 35),
    "blossom": Tone(0.80, 0.105, 358),
}
"""The colour of each kind when it is complete."""

SIZES = {"castle": 0.86, "torii": 0.86, "windmill": 0.94, "blossom": 0.88}
"""Factor of the usual size."""

FIRST = 0.18
"""How far a subject has formed when the first of it can be seen."""

REACH = 0.56
"""Half of the hill's width, in sizes of the subject."""

AFLOAT = ("boat", "balloon", "torii")
"""Kinds that need no ground."""


def subject_of(canvas: Canvas, light: Light, sun: Sun, painting: Painting, shore: float) -> Subject | None:
    """Where and how a picture's subject is; None if there is none.

    Parameters
    ----------
    canvas:
        Where to paint.
    light:
        The light.
    sun:
        Where the sun is.
    painting:
        What is painted.
    shore:
        Height of the horizon, in units from the top.
    """
    z, kind, formed = [float(value) for value in painting.z], painting.kind, painting.formed
    if kind is None or formed < FIRST:
        return None
    grown = 0.10 + 0.90 * step(FIRST - 0.08, 0.75, formed)
    size = 0.46 * grown * (1 + 0.16 * math.tanh(z[51] / 2) + 0.12 * max(0.0, min(1.0, formed - 1)))
    # It fills as much of a tall picture as of a square one, but never reaches the top.
    size = min(size * (1 + 0.35 * (canvas.tall - 1)), 0.80 * shore) * SIZES.get(kind, 1.0)
    accent = ACCENTS[kind].but(hue=12 * math.tanh(z[53]))
    pose = painting.variety  # an over-cooked subject always stands at the same place
    centre = canvas.wide * (0.5 + 0.27 * pose * math.tanh(z[52] / 1.5))
    return Subject(
        centre=centre,
        foot=shore + (0.004 if kind in AFLOAT else -0.85 * _rise(size)),
        size=size,
        formed=formed,
        accent=light.shown(accent, 0.25).rgb,
        rock=light.forest.mixed(light.rock, 0.3).rgb,
        parts=4 + int(2 * soft(z[54])),
        sun_side=1.0 if sun.x > centre else -1.0,
        light=light,
    )


def _rise(size: float) -> float:
    """Height of the hill under a subject of a size."""
    return 0.006 + 0.055 * size


def ground(canvas: Canvas, s: Subject, kind: str, shore: float) -> None:
    """Paint the hill on the shore on which a subject stands. The water mirrors it.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    kind:
        Its kind.
    shore:
        Height of the horizon, in units from the top.
    """
    if kind in AFLOAT:
        return
    reach, high = REACH * s.size, _rise(s.size)
    box = canvas.box(shore - 1.3 * high, shore, s.centre - reach, s.centre + reach)
    x, y = (canvas.x[box[1]] - np.float32(s.centre))[None], canvas.y[box[0]][:, None]
    part = np.clip(1 - np.abs(x) / np.float32(reach), 0, 1)
    top = shore - high * np.minimum(1, 2.1 * part) ** 0.75 - high * 0.10 * np.sin(x * (9 / s.size)) * part
    hill = canvas.edge(y - top)
    grass = s.light.ground.mixed(s.light.forest, 0.45 * (1 - s.light.snow)).rgb
    lit = 1 + np.float32(0.18 * s.sun_side) * np.clip(x / np.float32(reach), -1, 1)
    canvas.blend(*box, hill, s.rock * np.float32(0.80))
    canvas.blend(
        *box,
        hill * canvas.edge(top + (0.30 + 0.35 * s.light.snow) * high + 0.12 * high * np.sin(x * (31 / s.size)) - y),
        grass,
        lit,
    )


def rim(canvas: Canvas, s: Subject, kind: str, shore: float) -> None:
    """Paint the edge of the hill over the water, so that the subject stands on ground and not on its mirror image.

    Parameters
    ----------
    canvas:
        Where to paint.
    s:
        The subject.
    kind:
        Its kind.
    shore:
        Height of the horizon, in units from the top.
    """
    if kind in AFLOAT:
        return
    reach, deep = REACH * s.size, 0.30 * _rise(s.size)
    box = canvas.box(shore - 0.004, shore + 1.4 * deep, s.centre - reach, s.centre + reach)
    x, y = (canvas.x[box[1]] - np.float32(s.centre))[None], canvas.y[box[0]][:, None]
    part = np.clip(1 - np.abs(x) / np.float32(reach), 0, 1)
    low = shore + deep * np.minimum(1, 2.0 * part) * (0.8 + 0.2 * np.sin(x * (23 / s.size)))
    canvas.blend(
        *box,
        canvas.edge(low - y) * np.clip(8 * part, 0, 1) * (y > shore - 1.5 / canvas.unit),
        s.rock * np.float32(0.62),
    )
